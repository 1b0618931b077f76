# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packet socket (packet(7)) of a capture.

Its filter is in place before it is bound, so that nothing else ever gets into its buffer. It does not make the interface
promiscuous. Packets are received many at a time (recvmmsg), for each call costs more than a packet does.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import select
import socket
import struct
import time
import typing as t

from ..kernel.namespace import entered
from .assembler import RET, Instruction, Program, packed
from .packet import ETHERNET_TYPES, Counted, Packet

SOL_PACKET = 263
PACKET_STATISTICS, PACKET_AUXDATA = 6, 8
SO_ATTACH_FILTER, SO_RCVBUFFORCE, SO_TIMESTAMPNS = 26, 33, 35
ETH_P_ALL = 3
_VLAN_VALID, _VLAN_TYPE_VALID = 1 << 4, 1 << 6
_TAG = 0x8100
_SIOCGIFNAME, _SIOCGIFHWADDR, _SIOCGIFINDEX = 0x8910, 0x8927, 0x8933
_BUFFER = 16 << 20
"""Bytes of packets that wait to be read, as the kernel counts them, where this user may have so many."""
_PAUSE = 1.0
_BATCH = 64
_BATCH_BYTES = 4 << 20
_CONTROL = 256
_ADDRESS = 32
_LIBC = ctypes.CDLL(None, use_errno=True)
_LONGEST_NAME = 15
_REFUSE_ALL: Program = (Instruction(RET, 0, 0, 0),)


class Gone(Exception):
    """The interface went away."""


class _Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class _Head(ctypes.Structure):
    """struct msghdr."""

    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class _Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = [("head", _Head), ("received", ctypes.c_uint)]


class _Batch:
    """Room for many packets of at most ``snaplen`` bytes."""

    def __init__(self, snaplen: int) -> None:
        self.count = max(1, min(_BATCH, _BATCH_BYTES // snaplen))
        self._snaplen = snaplen
        self._data = ctypes.create_string_buffer(self.count * snaplen)
        self._control = ctypes.create_string_buffer(self.count * _CONTROL)
        self._names = ctypes.create_string_buffer(self.count * _ADDRESS)
        self._vectors = (_Vector * self.count)()
        self.messages = (_Message * self.count)()
        for number in range(self.count):
            self._vectors[number].base = ctypes.addressof(self._data) + number * snaplen
            self._vectors[number].length = snaplen
            message = self.messages[number].head
            message.name = ctypes.addressof(self._names) + number * _ADDRESS
            message.vectors = ctypes.addressof(self._vectors) + number * ctypes.sizeof(_Vector)
            message.vector_count = 1
            message.control = ctypes.addressof(self._control) + number * _CONTROL
        self.ready(self.count)
        self._seen = memoryview(self._data)
        self._told = memoryview(self._control)
        self._from = memoryview(self._names)

    def ready(self, count: int) -> None:
        """The kernel wrote the lengths of what it gave over those of the room."""
        for number in range(count):
            self.messages[number].head.name_length = _ADDRESS
            self.messages[number].head.control_length = _CONTROL

    def packet(self, number: int) -> Packet:
        message = self.messages[number]
        at = number * _ADDRESS
        # struct sockaddr_ll
        protocol, ifindex, hardware, kind, size = struct.unpack_from("!2xH", self._from, at) + struct.unpack_from(
            "=iHBB", self._from, at + 4
        )
        data = bytes(self._seen[number * self._snaplen : number * self._snaplen + min(message.received, self._snaplen)])
        start = number * _CONTROL
        stamp, length, tag = _told(self._told[start : start + message.head.control_length])
        return Packet(
            time.time_ns() if stamp is None else stamp,
            ifindex,
            protocol,
            kind,
            hardware,
            bytes(self._from[at + 12 : at + 12 + min(size, 8)]),
            tag,
            data,
            message.received if length is None else length,
        )


_CONTROL_HEAD = struct.Struct("@Nii")
_STAMP = struct.Struct("@ll")
_AUXILIARY = struct.Struct("=IIIHHHH")
"""struct tpacket_auxdata."""


def _told(control: memoryview) -> t.Tuple[t.Optional[int], t.Optional[int], t.Optional[t.Tuple[int, int]]]:
    """Of the ancillary data (cmsg(3)): the time in nanoseconds, the length, the tag."""
    stamp = length = tag = None
    at = 0
    while at + _CONTROL_HEAD.size <= len(control):
        size, level, kind = _CONTROL_HEAD.unpack_from(control, at)
        body = at + _CONTROL_HEAD.size
        if size < _CONTROL_HEAD.size or at + size > len(control):
            break
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = _STAMP.unpack_from(control, body)
            stamp = seconds * 1000000000 + nanoseconds
        elif (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, length, _kept, _link, _network, value, ethertype = _AUXILIARY.unpack_from(control, body)
            if status & _VLAN_VALID:
                tag = (ethertype if status & _VLAN_TYPE_VALID else _TAG, value)
        at += -(-size // ctypes.sizeof(ctypes.c_long)) * ctypes.sizeof(ctypes.c_long)
    return stamp, length, tag


class Tap:
    """Opened, not listening yet: see :meth:`listen`.

    ``interface``: None listens on all of the namespace. Raises ValueError where there is no such interface or namespace,
    PermissionError without CAP_NET_RAW, OSError.
    """

    def __init__(self, interface: str | None, netns: str | int | None) -> None:
        self.interface = interface
        with entered(netns):
            with socket.socket(socket.AF_UNIX) as asked:  # any socket will do, and this one needs no rights
                self.hardware = None if interface is None else _hardware(asked, interface)
            self.is_cooked = self.hardware not in ETHERNET_TYPES
            kind = socket.SOCK_DGRAM if self.is_cooked else socket.SOCK_RAW
            # Of protocol 0: it hears nothing before it is bound.
            self._socket = _packet_socket(kind)
        self._socket.setblocking(False)
        self._names: t.Dict[int, str] = {}
        self.index = 0
        self.was_down = False
        self.ended: t.Optional[float] = None
        """When it stopped to listen, where time has ended it; what had come by then may be read later."""

    def __enter__(self) -> Tap:
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    def listen(self, program: Program, snaplen: int) -> None:
        """Take what the program lets through from now on."""
        self._batch = _Batch(snaplen)
        opened = self._socket
        self._attach(program)
        opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        opened.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        try:
            opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, _BUFFER)
        except PermissionError:  # needs CAP_NET_ADMIN
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        if self.interface is not None:
            self.index = _index(opened, self.interface)
        # By its index, which Python's own bind() does not take. 0 is all.
        address = struct.pack("@H", socket.AF_PACKET) + struct.pack("!H", ETH_P_ALL) + struct.pack("@i12x", self.index)
        if _LIBC.bind(opened.fileno(), address, len(address)) != 0:
            number = ctypes.get_errno()
            raise OSError(number, "listening on %s: %s" % (self.interface or "all interfaces", os.strerror(number)))

    def _attach(self, program: Program) -> None:
        array = ctypes.create_string_buffer(packed(program))
        self._socket.setsockopt(
            socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(program), ctypes.addressof(array))
        )

    def packets(self, until: float) -> t.Iterator[Packet | None]:
        """What comes until then (time.monotonic()), and what had come by then; None about every second.

        Raises Gone.
        """
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        pause = time.monotonic() + _PAUSE
        while True:
            now = time.monotonic()
            if now >= until:
                break
            if now >= pause:
                if self.was_down:  # of a link that went down first, the kernel does not say that it went away
                    self._must_be_there()
                yield None
                pause = now + _PAUSE
            if poll.poll(min(until - now, _PAUSE) * 1000 + 1):
                yield from self._received()
        self._attach(_REFUSE_ALL)
        self.ended = time.monotonic()
        while True:
            waited = list(self._received())
            yield from waited
            if not waited:
                return

    def _received(self) -> t.Iterator[Packet]:
        batch = self._batch
        count = _LIBC.recvmmsg(self._socket.fileno(), batch.messages, batch.count, socket.MSG_DONTWAIT, None)
        if count < 0:
            self._failed(ctypes.get_errno())
            return
        for number in range(count):
            yield batch.packet(number)
        batch.ready(count)

    def _failed(self, number: int) -> None:
        if number in (errno.EAGAIN, errno.EINTR):
            return
        if number != errno.ENETDOWN:
            raise OSError(number, "receiving packets: %s" % os.strerror(number))
        self._must_be_there()
        self.was_down = True

    def _must_be_there(self) -> None:
        if self.interface is not None and self._asked_name(self.index) is None:
            raise Gone(self.interface)

    def name(self, ifindex: int) -> str:
        """The name of an interface; that which it had when it was first asked for."""
        known = self._names.get(ifindex)
        if known is None:
            known = self._names[ifindex] = self._asked_name(ifindex) or "if%d" % ifindex
        return known

    def _asked_name(self, ifindex: int) -> str | None:
        request = struct.pack("@16si20x", b"", ifindex)
        with contextlib.suppress(OSError):
            return os.fsdecode(fcntl.ioctl(self._socket, _SIOCGIFNAME, request)[:16].partition(b"\0")[0])
        return None

    def counted(self) -> Counted:
        """What passed the filter, and what of it was lost, since it was asked last."""
        return Counted(*struct.unpack("=II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)))


def _packet_socket(kind: int) -> socket.socket:
    try:
        return socket.socket(socket.AF_PACKET, kind | socket.SOCK_CLOEXEC, 0)
    except PermissionError as exc:
        raise PermissionError(exc.errno, "a packet socket needs root, or CAP_NET_RAW in the network namespace") from exc


def _request(interface: str) -> bytes:
    name = os.fsencode(interface)
    if not 0 < len(name) <= _LONGEST_NAME or b"\0" in name:
        raise ValueError("interface: %r is no name of an interface; see 'ip link'" % interface)
    return struct.pack("@16s24x", name)


def _asked(opened: socket.socket, call: int, interface: str) -> bytes:
    try:
        return fcntl.ioctl(opened, call, _request(interface))
    except OSError as exc:
        if exc.errno != errno.ENODEV:
            raise
        raise ValueError("interface: there is no interface %r; see 'ip link'" % interface) from exc


def _hardware(opened: socket.socket, interface: str) -> int:
    return int(struct.unpack_from("@H", _asked(opened, _SIOCGIFHWADDR, interface), 16)[0])


def _index(opened: socket.socket, interface: str) -> int:
    return int(struct.unpack_from("@i", _asked(opened, _SIOCGIFINDEX, interface), 16)[0])
