# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wire: a netlink socket (opened by pyroute2), requests, dumps and attributes as bytes.

Decoding with pyroute2's own message classes costs eighty times what the kernel needs for a large table, so the port
reads bytes. Sources: RFC 3549, netlink(7), include/uapi/linux/netlink.h.
"""

from __future__ import annotations

import errno
import importlib
import importlib.util
import os
import socket
import struct
import sys
import time
import typing as t

from .namespace import entered

NETLINK_ROUTE = 0
NETLINK_SOCK_DIAG = 4
NETLINK_NETFILTER = 12

NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_DUMP_INTR = 0x10
NLM_F_DUMP = 0x300
NLM_F_CAPPED = 0x100
NLM_F_ACK_TLVS = 0x200

NLMSG_ERROR = 2
NLMSG_DONE = 3

HEADER = struct.Struct("=IHHII")
"""nlmsghdr: length, type, flags, sequence, port id."""
HEADER_SIZE = HEADER.size
HEAD = struct.Struct("=IHH")
"""The first three of them, which is what a walk over messages needs."""
_ACK = struct.Struct("=IHHIIi")
"""nlmsghdr and the errno of an NLMSG_ERROR."""
_ATTRIBUTE = struct.Struct("=HH")
_ERRNO = struct.Struct("=i")
_TIMEVAL = struct.Struct("@ll")
NLA_TYPE_MASK = 0x3FFF
_NLMSGERR_ATTR_MSG = 1
_SOL_NETLINK = 270
_NETLINK_EXT_ACK = 11
_NETLINK_GET_STRICT_CHK = 12

READ_SIZE = 1 << 16
"""Smaller reads lose IPv6 routes under churn (measured)."""
TIMEOUT = 30
"""Seconds without an answer after which the kernel is taken to be silent."""
IN_FLIGHT = 64
"""Requests without a reply: the socket's buffer overflows at about 400 small ones (measured)."""
TRIES = 5
"""How often a small table is read that changes while it is read."""
PAUSE = 0.01
"""Seconds before the second of these tries; each further one waits longer by as much."""

Message = t.Tuple[bytes, int, int]
"""A datagram, and where in it the body of one message starts and ends."""
Item = t.TypeVar("Item")


class Interrupted(Exception):
    """The table changed while it was read (NLM_F_DUMP_INTR). Raised behind the last message: nothing broke off."""


class Overrun(Interrupted):
    """The answer overran the socket, or the kernel had no memory for it (ENOBUFS): the rest of it is lost."""


class Malformed(ValueError):
    """Bytes that are no netlink message, or an attribute of another size than the kernel's headers say."""


class MissingPyroute2(Exception):
    """There is no pyroute2 that this collection can use; the message says what was found and what is wanted."""


def errno_name(number: int) -> str:
    return errno.errorcode.get(number, "E%d" % number)


def pack_attribute(kind: int, value: bytes) -> bytes:
    size = 4 + len(value)
    return _ATTRIBUTE.pack(size, kind) + value + b"\0" * (-size % 4)


def attributes(data: bytes, start: int, end: int) -> t.Dict[int, bytes]:
    """The attributes between two offsets by type; of a type that comes twice, the last."""
    found = {}
    while start + 4 <= end:
        size, kind = _ATTRIBUTE.unpack_from(data, start)
        if size < 4 or start + size > end:
            break
        found[kind & NLA_TYPE_MASK] = data[start + 4 : start + size]
        start += (size + 3) & ~3
    return found


class Ack(t.NamedTuple):
    """What the kernel said to a request that changes something."""

    number: int
    """errno; 0 is success."""
    complaint: str | None = None
    """Its words (extended ack), where it has any."""


LOST = Ack(-1)
"""The acknowledgement was lost: whether it was carried out is to be read."""
DONE = Ack(0)


def why(ack: Ack) -> str:
    """An errno's name, and the kernel's own words where it has any."""
    name = errno_name(ack.number)
    return name if ack.complaint is None else "%s: %s" % (name, ack.complaint)


class Dump:
    """The answer to one dump request, as it comes in.

    ``for data in dump`` gives datagrams of whole messages; the reader walks each of them, hands what is no plain
    message to :meth:`control`, and so finds the end, wherever the kernel puts it (NLMSG_DONE comes alone or, since
    Linux 6.9, behind the last messages). Raises Overrun and OSError as :meth:`Netlink.recv` does.
    """

    def __init__(self, netlink: Netlink, sequence: int) -> None:
        self._netlink = netlink
        self._sequence = sequence
        self._ended = False
        self.changed = False
        """The kernel said that the table changed meanwhile."""

    def __iter__(self) -> t.Iterator[bytes]:
        while not self._ended:
            data = self._netlink.recv()
            if len(data) < HEADER_SIZE:
                raise Malformed("a netlink datagram of %d bytes" % len(data))
            if HEADER.unpack_from(data)[3] == self._sequence:  # else the rest of a dump that its reader gave up
                yield data

    def control(self, data: bytes, offset: int) -> bool:
        """Is the message at ``offset`` payload? Takes note of the end and of a flagged change.

        Raises OSError with what the kernel refused. ENOENT in NLMSG_DONE is an empty dump in rtnetlink (no such
        table); elsewhere it is not (sock_diag: the module for that protocol is missing).
        """
        kind, flags = HEAD.unpack_from(data, offset)[1:]
        if flags & NLM_F_DUMP_INTR:
            self.changed = True
        if kind > NLMSG_DONE:
            return True
        if kind in (NLMSG_ERROR, NLMSG_DONE):
            self._ended = self._netlink.idle = True
            number = error_of(data, offset)
            if number and not (kind == NLMSG_DONE and number == errno.ENOENT and self._netlink.family == NETLINK_ROUTE):
                raise OSError(number, os.strerror(number))
        return False


class Netlink:
    """One netlink socket in one network namespace. It stays in the namespace that it was opened in."""

    def __init__(self, family: int, netns: str | int | None = None) -> None:
        self.family = family
        self.netns = netns
        self._sequence = 0
        self.idle = True
        """Nothing is left unread, and no dump is under way: the kernel would refuse another one (EBUSY)."""
        self._socket = self._open()

    def _open(self) -> socket.socket:
        with entered(self.netns):
            return opened_socket(self.family)

    def close(self) -> None:
        self._socket.close()

    def refresh(self) -> None:
        """Be ready for a question: where an answer broke off or was left unread, with a new socket."""
        if not self.idle:
            self.close()
            self._socket = self._open()
            self.idle = True

    def __enter__(self) -> Netlink:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def request(self, kind: int, flags: int, size: int) -> bytes:
        """The header of a request with a body of ``size`` bytes; each has its own sequence number."""
        self._sequence += 1
        return HEADER.pack(HEADER_SIZE + size, kind, flags | NLM_F_REQUEST, self._sequence, 0)

    def exchange(self, requests: t.Sequence[bytes]) -> t.List[bytes]:
        """The replies to requests (whole messages, padded) that get one each, in their order.

        At most IN_FLIGHT are on the way at once, in one system call. Raises Overrun and OSError.
        """
        replies: t.List[bytes] = []
        for start in range(0, len(requests), IN_FLIGHT):
            replies.extend(self._exchange(requests[start : start + IN_FLIGHT]))
        return replies

    def _exchange(self, requests: t.Sequence[bytes]) -> t.List[bytes]:
        self.refresh()
        self.idle = False
        try:
            self._socket.send(b"".join(requests))
            recv = self._socket.recv
            replies = [recv(READ_SIZE) for _request in requests]
        except OSError as exc:
            # Routes with very many hops: with fewer on the way all replies fit.
            if exc.errno != errno.ENOBUFS or len(requests) == 1:
                raise self._explained(exc) from exc
            half = len(requests) // 2
            return self._exchange(requests[:half]) + self._exchange(requests[half:])
        self.idle = True
        return replies

    def acted(self, kind: int, flags: int, bodies: t.Sequence[bytes]) -> t.List[Ack]:
        """Requests that change something, many in flight; what the kernel said to each, in their order.

        Each acknowledgement is matched to its request by its sequence number. Where the kernel had no room to
        acknowledge (ENOBUFS) the request was carried out or refused all the same: its Ack is ``LOST``.
        """
        acks: t.List[Ack] = []
        pack, flags = HEADER.pack, flags | NLM_F_REQUEST | NLM_F_ACK
        batch: t.List[bytes] = []
        room = READ_SIZE
        for body in bodies:
            size = HEADER_SIZE + len(body)
            if len(batch) == IN_FLIGHT or size > room and batch:
                acks.extend(self._acted(batch))
                batch, room = [], READ_SIZE
            self._sequence += 1
            batch.append(pack(size, kind, flags, self._sequence, 0) + body)
            room -= size
        return acks + self._acted(batch) if batch else acks

    def _acted(self, batch: t.Sequence[bytes]) -> t.List[Ack]:
        self.refresh()
        self.idle = False
        acks = [LOST] * len(batch)
        first, missing = self._sequence - len(batch) + 1, len(batch)
        self._socket.send(b"".join(batch))
        while missing:
            try:
                data = self.recv()
            except Overrun:
                return acks  # not idle: the next one gets a new socket
            _size, _kind, _flags, sequence, _port, number = _ACK.unpack_from(data)
            if first <= sequence < first + len(batch):
                acks[sequence - first] = Ack(-number, complaint_of(data, 0)) if number else DONE
                missing -= 1
        self.idle = True
        return acks

    def recv(self) -> bytes:
        """One datagram: one or more whole messages. Raises Overrun, and OSError (ETIMEDOUT) on silence."""
        try:
            return self._socket.recv(READ_SIZE)
        except OSError as exc:
            raise self._explained(exc) from exc

    def _explained(self, exc: OSError) -> Exception:
        self.idle = False
        if exc.errno == errno.ENOBUFS:
            return Overrun("the answer overran the socket's buffer")
        if isinstance(exc, BlockingIOError):
            return OSError(errno.ETIMEDOUT, "the kernel gave no answer within %d s" % TIMEOUT)
        return exc

    def dump(self, kind: int, body: bytes, flags: int = NLM_F_DUMP) -> Dump:
        """Ask for a table. What an earlier reader left unread is dropped."""
        self.refresh()
        self.idle = False
        self._socket.send(self.request(kind, flags, len(body)) + body)
        return Dump(self, self._sequence)

    def messages(self, kind: int, body: bytes, flags: int = NLM_F_DUMP) -> t.Iterator[Message]:
        """The messages of a dump. Raises Interrupted behind the last one where the table changed meanwhile, Overrun
        where the rest is lost, and OSError with what the kernel refused."""
        dump = self.dump(kind, body, flags)
        for data in dump:
            for offset, end in walk(data):
                if dump.control(data, offset):
                    yield data, offset + HEADER_SIZE, end
        if dump.changed:
            raise Interrupted("the table changed while it was read")


def walk(data: bytes) -> t.Iterator[t.Tuple[int, int]]:
    """Where each message of a datagram starts and ends. Raises Malformed."""
    offset, size = 0, len(data)
    while offset < size:
        if size - offset < HEADER_SIZE:
            raise Malformed("%d bytes behind the last netlink message" % (size - offset))
        length = HEAD.unpack_from(data, offset)[0]
        if length < HEADER_SIZE or length > size - offset:
            raise Malformed("a netlink message of %d bytes in the %d that are left" % (length, size - offset))
        yield offset, offset + length
        offset += (length + 3) & ~3


def error_of(data: bytes, offset: int) -> int:
    """The errno in an NLMSG_ERROR or NLMSG_DONE at ``offset``; 0 is success."""
    if len(data) < offset + HEADER_SIZE + 4:
        return 0
    number: int = _ERRNO.unpack_from(data, offset + HEADER_SIZE)[0]
    return -number


def complaint_of(data: bytes, offset: int) -> str | None:
    """What the kernel says is wrong with a request (extended ack); None where it only says no.

    A request that is malformed is complained of; a send that would fail is not.
    """
    length, _kind, flags = HEAD.unpack_from(data, offset)
    if not flags & NLM_F_ACK_TLVS:
        return None
    start = offset + HEADER_SIZE + 4
    if start + HEADER_SIZE > len(data):
        return None
    echoed = HEADER_SIZE if flags & NLM_F_CAPPED else max(HEAD.unpack_from(data, start)[0], HEADER_SIZE)
    told = attributes(data, start + ((echoed + 3) & ~3), min(offset + length, len(data)))
    if not told:
        return None
    return told.get(_NLMSGERR_ATTR_MSG, b"malformed request").rstrip(b"\0").decode("utf-8", "replace")


def steady(
    read: t.Callable[[], t.Iterator[Item]], name: str, unsteady: t.List[str], twice: bool = False
) -> t.Tuple[Item, ...]:
    """A small table, read until it held still: the one place where the port tries again.

    A read that the kernel flags as changed is repeated, at most TRIES times. ``twice`` is for tables that the kernel
    does not flag: they are read until two reads agree. What would not hold still is returned as it was last read,
    each entry once, and its name is added to ``unsteady``. Raises OSError (ENOBUFS) where no read came to its end.
    """
    last: t.Optional[t.List[Item]] = None
    free = 1 if twice else 0  # the second read of two is no retry
    for attempt in range(TRIES + free):
        if attempt > free:
            time.sleep(PAUSE * (attempt - free))
        items: t.List[Item] = []
        changed = False
        try:
            for item in read():
                items.append(item)
        except Overrun:
            continue
        except Interrupted:
            changed = True
        if not changed and (not twice or items == last):
            return tuple(items)
        last = items
    if last is None:
        raise OSError(errno.ENOBUFS, "reading the %s overran the socket %d times" % (name, TRIES))
    if name not in unsteady:
        unsteady.append(name)
    return tuple(dict.fromkeys(last))


def socket_class() -> t.Any:
    """pyroute2's NetlinkSocket, imported without the package's own ``__init__``: that imports all of pyroute2, which
    takes longer than auditing a host does. Raises ImportError and whatever else a pyroute2 raises that is too old for
    this Python."""
    name = "pyroute2.netlink.nlsocket"
    if name not in sys.modules and "pyroute2" not in sys.modules:
        spec = importlib.util.find_spec("pyroute2")
        if spec is None:
            raise ImportError("there is none")
        sys.modules["pyroute2"] = importlib.util.module_from_spec(spec)
        try:
            importlib.import_module(name)
        finally:
            del sys.modules["pyroute2"]  # whoever imports it later gets all of it
    return (sys.modules.get(name) or importlib.import_module(name)).NetlinkSocket


def opened_socket(family: int) -> socket.socket:
    """pyroute2 opens the socket; the descriptor is ours, because its own read path changed in each version."""
    try:
        opened = socket_class()(family=family)
    except Exception as exc:
        raise MissingPyroute2("pyroute2 0.7.2 or later is wanted, importing it failed: %s" % exc) from exc
    try:
        opened.bind(groups=0)  # no events: they would overrun
        ours = socket.socket(fileno=os.dup(opened.fileno()))
    finally:
        opened.close()
    ours.setblocking(True)  # pyroute2 0.9 leaves it non-blocking
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIMEVAL.pack(TIMEOUT, 0))
    if family == NETLINK_ROUTE:
        ours.setsockopt(_SOL_NETLINK, _NETLINK_EXT_ACK, 1)
        ours.setsockopt(_SOL_NETLINK, _NETLINK_GET_STRICT_CHK, 1)  # without it the kernel ignores every filter
    return ours
