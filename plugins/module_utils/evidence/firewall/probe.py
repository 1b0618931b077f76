# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One packet of a flow, sent as the flow's own are: what the kernel says to it, and what a trace can tell it by."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
import struct
import typing as t

from ...kernel.namespace import entered
from .flow import Packet

_SO_MARK = 36
_PAYLOAD = b"netmend.reclaim"
_ECHO = {4: 8, 6: 128}
_LIBC = ctypes.CDLL(None, use_errno=True)


class Probe:
    """A socket that is ready to send one packet of a flow.

    The packet has the flow's addresses, port, mark and user, and its own source port where somebody has that of the flow.
    Raises OSError and ValueError where no such socket can be made.
    """

    def __init__(self, netns: str | int | None, flow: Packet, interface: str | None = None) -> None:
        self.flow = flow
        with entered(netns), _as_user(flow.uid):
            self._socket = _opened(flow)
        try:
            self._prepare(interface)
        except BaseException:
            self._socket.close()
            raise

    def _prepare(self, interface: str | None) -> None:
        flow, opened = self.flow, self._socket
        opened.setblocking(False)
        if flow.mark:
            opened.setsockopt(socket.SOL_SOCKET, _SO_MARK, struct.pack("=I", flow.mark))
        if interface is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, os.fsencode(interface))
        self.exact = True
        """Has it the flow's own source port?"""
        try:
            opened.bind(_address(flow.family, flow.source, 0 if flow.protocol == "icmp" else flow.sport or 0))
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE:
                raise
            self.exact = False
            opened.bind(_address(flow.family, flow.source, 0))
        self._target = _address(flow.family, flow.to, flow.port or 9)
        if flow.protocol != "tcp":  # which chooses the source, and sends nothing
            opened.connect(self._target)
        name = opened.getsockname()
        self.source: t.Optional[str] = None if name[0] in ("0.0.0.0", "::") else str(name[0]).partition("%")[0]
        self.sport = os.getpid() & 0xFFFF if flow.protocol == "icmp" else int(name[1])
        """Of an echo request: its identifier."""

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    def match(self) -> t.List[str]:
        """The words of nft that fit this packet and no other flow's."""
        flow = self.flow
        ip = "ip" if flow.family == 4 else "ip6"
        words = ["meta", "nfproto", "ipv4" if flow.family == 4 else "ipv6", ip, "daddr", flow.to.partition("%")[0]]
        words += [ip, "saddr", self.source] if self.source else []
        if flow.protocol == "icmp":
            name = "icmp" if flow.family == 4 else "icmpv6"
            return words + [name, "type", "echo-request", name, "id", str(self.sport)]
        return words + [str(flow.protocol), "sport", str(self.sport), str(flow.protocol), "dport", str(flow.port or 9)]

    def send(self) -> str | None:
        """Send the packet; the name of the errno, None where the kernel took it."""
        try:
            if self.flow.protocol == "tcp":
                self._socket.connect(self._target)
            elif self.flow.protocol == "icmp":
                self._socket.send(_echo_request(self.flow.family, self.sport))
            else:
                self._socket.send(_PAYLOAD)
        except BlockingIOError:
            return None
        except OSError as exc:
            return errno.errorcode.get(exc.errno or 0, str(exc.errno))
        return None


def _opened(flow: Packet) -> socket.socket:
    family = socket.AF_INET if flow.family == 4 else socket.AF_INET6
    if flow.protocol == "tcp":
        return socket.socket(family, socket.SOCK_STREAM)
    if flow.protocol == "udp":
        return socket.socket(family, socket.SOCK_DGRAM)
    if flow.protocol == "icmp":
        return socket.socket(
            family, socket.SOCK_RAW, socket.IPPROTO_ICMP if flow.family == 4 else socket.IPPROTO_ICMPV6
        )
    raise ValueError("no probe is known for the protocol %s; expected tcp, udp or icmp" % flow.protocol)


def _echo_request(family: int, number: int) -> bytes:
    """RFC 792, RFC 4443. The kernel itself fills in the checksum of ICMPv6."""

    def message(checksum: int) -> bytes:
        return struct.pack("!BBHHH", _ECHO[family], 0, checksum, number, 1) + _PAYLOAD

    data = message(0) + b"\0" * (len(_PAYLOAD) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xFFFF) + (total >> 16)
    return message(~(total + (total >> 16)) & 0xFFFF)


@contextlib.contextmanager
def _as_user(uid: int | None) -> t.Iterator[None]:
    """What a firewall calls the user of a socket is who opened it: this thread is that user while it does."""
    if not uid:
        yield
        return
    before = _LIBC.setfsuid(uid)
    try:
        yield
    finally:
        _LIBC.setfsuid(before)


def _address(family: int, address: str | None, port: int) -> t.Any:
    if address is None:
        return ("0.0.0.0" if family == 4 else "::", port)
    return socket.getaddrinfo(address, port, flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV)[0][4]
