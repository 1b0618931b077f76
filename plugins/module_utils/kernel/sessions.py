# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TCP, UDP and raw sockets over inet_diag (sock_diag(7), include/uapi/linux/inet_diag.h), as a stream.

* An IPv6 socket with IPv4-mapped addresses is an IPv4 session (family 4, ``192.0.2.1``): its packets are IPv4, and it
  is the IPv4 FIB that decides on them.
* A raw socket has no ports: its ``local_port`` is its IP protocol number, as the kernel and ss show it.
* A socket that changes its state while the table is read may be missing or come twice: inet_diag has no snapshot.
* TCP sockets that are bound and neither listen nor connect are left out, as ss does by default.
"""

from __future__ import annotations

import errno
import socket
import struct
import sys
import typing as t

from ..model import Session, Unseen
from .diag_filter import STATES, Filter
from .netlink import (
    HEAD,
    HEADER_SIZE,
    NETLINK_SOCK_DIAG,
    NLM_F_DUMP_INTR,
    Dump,
    Interrupted,
    Malformed,
    Netlink,
    attributes,
    pack_attribute,
)
from .processes import holders, note
from .units import Units, unit_of

SOCK_DIAG_BY_FAMILY = 20
_PROTOCOLS = {"tcp": 6, "udp": 17, "raw": 255}
_AF_INET, _AF_INET6 = 2, 10

REQUEST = struct.Struct("=BBBxI48x")
"""inet_diag_req_v2: family, protocol, extensions, states; no socket id in a dump."""
_BYTECODE = 1
_INET_DIAG = struct.Struct("=BBxxHH16s16sI8x12xII")
"""inet_diag_msg: family, state, ports and addresses (these in network order), interface, uid, inode. Between the last
two and the interface are the cookie, timers and queues."""
_MESSAGE = _INET_DIAG.size

_MARK, _CGROUP_ID, _SOCKOPT = 15, 21, 22
_U32, _U64 = struct.Struct("=I"), struct.Struct("=Q")
# inet_diag_sockopt is made of bit fields: the lowest come first where the host is little-endian
_LITTLE = sys.byteorder == "little"
_FREEBIND = 0x04 if _LITTLE else 0x20
_TRANSPARENT = 0x20 if _LITTLE else 0x04

_MAPPED = b"\0" * 10 + b"\xff\xff"
_TIME_WAIT = 6

_CACHE = 4096
"""Distinct tails (mark, cgroup, options) and addresses that are kept decoded. Most sockets of a host share a few."""


_new, _set, _ntohs = object.__new__, object.__setattr__, socket.ntohs


def stream(
    netns: str | int | None,
    protocols: t.Sequence[str] = ("tcp", "udp", "raw"),
    families: t.Sequence[int] = (4, 6),
    processes: bool = False,
    unseen: t.List[Unseen] | None = None,
    wanted: Filter | None = None,
) -> t.Iterator[Session]:
    """The sockets of a namespace, one by one in the kernel's order.

    Without ``processes`` none is looked up (see ``processes.holders`` for a few of them). What cannot be read is added
    to ``unseen``. Raises ValueError for an unknown protocol, family, state, address or namespace, and PermissionError
    where the namespace may not be entered.
    """
    unseen = [] if unseen is None else unseen
    wanted = Filter() if wanted is None else wanted
    for protocol in protocols:
        if protocol not in _PROTOCOLS:
            raise ValueError("protocol %r is not one of %s" % (protocol, ", ".join(_PROTOCOLS)))
    if not set(families) <= {4, 6}:
        raise ValueError("families %r are not 4 and 6" % (tuple(families),))
    mask, program = wanted.mask(), wanted.bytecode()
    families = sorted(wanted.families() & set(families))
    return _sessions(netns, protocols, families, processes, unseen, mask, program)


def _sessions(
    netns: str | int | None,
    protocols: t.Sequence[str],
    families: t.Sequence[int],
    processes: bool,
    unseen: t.List[Unseen],
    mask: int,
    program: bytes,
) -> t.Iterator[Session]:
    if not families:
        return
    # IPv4-mapped sockets are in the IPv6 table: it is read for family 4 too.
    tables = (_AF_INET, _AF_INET6) if 4 in families else (_AF_INET6,)
    units = Units(unseen)
    join = _Joiner(unseen) if processes else None
    try:
        wire = Netlink(NETLINK_SOCK_DIAG, netns)
    except PermissionError:  # that was the namespace: opening a netlink socket takes no privilege
        raise
    except OSError as exc:
        note(unseen, "sockets", "the kernel has no socket diagnostics: %s" % exc.strerror)
        return
    with wire:
        for protocol in protocols:
            decode = Decoder(protocol, units, unseen)
            for table in tables:
                body = REQUEST.pack(table, _PROTOCOLS[protocol], 0, mask)
                if program:
                    body += pack_attribute(_BYTECODE, program)
                try:
                    for session in decode(wire.dump(SOCK_DIAG_BY_FAMILY, body)):
                        if session.family in families:
                            yield session if join is None else join(session)
                except Interrupted as exc:
                    note(unseen, "some %s sockets" % protocol, str(exc))
                except OSError as exc:
                    if table == _AF_INET6 and exc.errno == errno.EAFNOSUPPORT:
                        continue  # a kernel without IPv6 has no such sockets
                    note(unseen, "%s sockets" % protocol, _why(protocol, exc))
                    break


def _why(protocol: str, exc: OSError) -> str:
    if exc.errno == errno.ENOENT:
        module = {"tcp": "tcp_diag", "udp": "udp_diag", "raw": "raw_diag"}[protocol]
        return "the kernel has no module %s" % module
    return "the kernel refused the dump: %s" % exc.strerror


class _Joiner:
    """Adds to each session who holds it, and to those that their cgroup gave no unit the unit of who holds it."""

    def __init__(self, unseen: t.List[Unseen]) -> None:
        self._held = holders(None, unseen)
        self._units: t.Dict[int, t.Optional[str]] = {}

    def __call__(self, session: Session) -> Session:
        found = self._held.get(session.inode)
        if not found:
            return session
        unit = session.unit
        if unit is None:
            pid = found[0].pid
            if pid not in self._units:
                self._units[pid] = unit_of(pid)
            unit = self._units[pid]
        return _made(dict(vars(session), processes=found, unit=unit))


def _made(values: t.Dict[str, t.Any]) -> Session:
    """A session of all its fields. Its own __init__ sets them one by one, being frozen: that takes six times as long."""
    session = _new(Session)
    _set(session, "__dict__", values)
    return session


_Address = t.Tuple[bool, t.Optional[str], str]
"""Is it IPv4-mapped; its text or None where it is unspecified; its text."""


class Decoder:
    """From inet_diag_msg to Session. Fifty thousand sockets pass here: each line counts."""

    def __init__(self, protocol: str, units: Units, unseen: t.List[Unseen]) -> None:
        self._protocol = protocol
        self._units = units
        self._unseen = unseen
        self._templates: t.Dict[bytes, t.Dict[str, t.Any]] = {}
        self._addresses: t.Dict[int, t.Dict[bytes, _Address]] = {_AF_INET: {}, _AF_INET6: {}}

    def __call__(self, dump: Dump) -> t.Iterator[Session]:
        """The sessions of a dump. Raises as :class:`Dump` does, and Interrupted where it was flagged as changed."""
        for data in dump:
            offset, size = 0, len(data)
            while offset < size:
                if size - offset < HEADER_SIZE:
                    raise Malformed("%d bytes behind the last netlink message" % (size - offset))
                length, kind, flags = HEAD.unpack_from(data, offset)
                if length < HEADER_SIZE or length > size - offset:
                    raise Malformed("a netlink message of %d bytes in the %d that are left" % (length, size - offset))
                # What is plain does not take the way through control().
                if (kind == SOCK_DIAG_BY_FAMILY and not flags & NLM_F_DUMP_INTR) or dump.control(data, offset):
                    session = self.decode(data, offset + HEADER_SIZE, offset + length)
                    if session is not None:
                        yield session
                offset += (length + 3) & ~3
        if dump.changed:
            raise Interrupted("the table changed while it was read")

    def decode(self, data: bytes, start: int, end: int) -> Session | None:
        """The session in data[start:end]; None where it is cut short or of another family."""
        if end - start < _MESSAGE:
            return None
        table, state, sport, dport, source, target, ifindex, uid, inode = _INET_DIAG.unpack_from(data, start)
        known = self._addresses.get(table)
        if known is None:
            return None
        mapped, bound, local = known.get(source) or self._address(table, source)
        to_mapped, remote, _text = known.get(target) or self._address(table, target)
        if mapped or to_mapped:  # the other end may be "::"
            family = 4
            if not bound:
                local = "0.0.0.0"
        else:
            family = 4 if table == _AF_INET else 6
        tail = data[start + _MESSAGE : end]
        template = self._templates.get(tail) or self._template(tail, state)
        values = template.copy()
        values["family"] = family
        values["local"] = local
        values["local_port"] = _ntohs(sport)
        values["remote"] = remote
        values["remote_port"] = _ntohs(dport)
        values["state"] = STATES[state] if state < len(STATES) else str(state)
        values["ifindex"] = ifindex or None
        values["uid"] = uid
        values["inode"] = inode
        return _made(values)

    def _address(self, table: int, value: bytes) -> _Address:
        mapped = False
        if table == _AF_INET:
            text = socket.inet_ntoa(value[:4])
        elif value.startswith(_MAPPED):
            mapped = True
            text = socket.inet_ntoa(value[12:])
        else:
            text = socket.inet_ntop(socket.AF_INET6, value)
        address = (mapped, None if text in ("0.0.0.0", "::") else text, text)
        known = self._addresses[table]
        if len(known) < _CACHE:
            known[value] = address
        return address

    def _template(self, tail: bytes, state: int) -> t.Dict[str, t.Any]:
        """The fields of a session that come from its attributes, and room for the others."""
        found = attributes(tail, 0, len(tail))
        mark = _number(_U32, found.get(_MARK))
        if mark is None and state != _TIME_WAIT:
            note(self._unseen, "marks of sockets (SO_MARK)", "the kernel shows them with CAP_NET_ADMIN only")
        cgroup = _number(_U64, found.get(_CGROUP_ID))
        options = (found.get(_SOCKOPT) or b"\0")[0]
        session = Session(
            family=0,
            protocol=self._protocol,
            local="",
            local_port=0,
            mark=mark or 0,
            cgroup=cgroup,
            unit=self._units.of(cgroup),
            transparent=bool(options & _TRANSPARENT),
            freebind=bool(options & _FREEBIND),
        )
        template = dict(vars(session))
        if len(self._templates) < _CACHE:
            self._templates[tail] = template
        return template


def _number(layout: struct.Struct, value: bytes | None) -> int | None:
    return layout.unpack(value)[0] if value is not None and len(value) == layout.size else None
