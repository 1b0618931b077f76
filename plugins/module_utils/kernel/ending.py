# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flows and TCP connections: seen exactly, and ended from outside. Neither can be made again.

A flow is a connection tracking entry, known by the tuples of both directions, its zone and its id: an entry that was
made anew with the same tuple is another one. A TCP connection is known by its addresses, ports and cookie. Listeners
are refused, and UDP sockets too: the kernel does not end them, it harms them.
"""

from __future__ import annotations

import errno
import struct
import typing as t

from ..model import Seen, Session, Unseen
from . import conntrack
from .diag_filter import STATES
from .netlink import (
    DONE,
    LOST,
    NETLINK_NETFILTER,
    NETLINK_SOCK_DIAG,
    NLA_TYPE_MASK,
    Ack,
    Interrupted,
    Netlink,
    attributes,
    why,
)
from .normal import identity, packed, pairs
from .outcome import Changed, Verified
from .seen import Keep, text
from .sessions import REQUEST, SOCK_DIAG_BY_FAMILY, Decoder
from .units import Units

_DELETE = 1 << 8 | 2
"""NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE."""
_NFGENMSG_SIZE = 4
_TUPLE_ORIG, _TUPLE_REPLY, _ID, _ZONE = 1, 2, 12, 18
_KEPT = (_TUPLE_ORIG, _TUPLE_REPLY, _ID, _ZONE)

_SOCK_DESTROY = 21
_TCP = 6
_AF_INET, _AF_INET6 = 2, 10
_MESSAGE = struct.Struct("=BBxx48s12xII")  # inet_diag_msg: family, state, socket id, uid, inode
_DESTROY = struct.Struct("=BBxxI48s")  # inet_diag_req_v2: family, protocol, states, socket id
_CONNECTIONS = sum(1 << number for number, name in enumerate(STATES) if name not in ("LISTEN", "UNCONN", "UNKNOWN"))


def decode(kind: str, raw: bytes) -> t.Any:
    """A Flow or a Session. Raises ValueError."""
    unseen: t.List[Unseen] = []
    found: t.Any
    if kind == "flow":
        found = conntrack.decode(raw, 0, len(raw))
    else:
        found = Decoder("tcp", Units(unseen), unseen).decode(raw, 0, len(raw))
    if found is None:
        raise ValueError("%s is no %s" % (raw[:64].hex(), kind))
    return found


def flows(netns: str | int | None, keep: Keep | None, unseen: t.List[Unseen]) -> t.Iterator[Seen]:
    """``keep`` is asked with the flow as the kernel shows it now."""
    for data, start, end in conntrack.messages(netns, unseen):
        shown = conntrack.decode(data, start, end)
        if shown is not None and (keep is None or keep(shown)):
            found = [pair for pair in pairs(data, start + _NFGENMSG_SIZE, end) if pair[0] & NLA_TYPE_MASK in _KEPT]
            raw = data[start : start + 1] + bytes(_NFGENMSG_SIZE - 1) + packed(found)
            yield Seen("flow", decode("flow", raw), raw)


def connections(
    netns: str | int | None, keep: t.Callable[[Session], bool] | None, unseen: t.List[Unseen]
) -> t.Iterator[Seen]:
    """TCP only, and no listeners."""
    look = Decoder("tcp", Units(unseen), unseen)
    with Netlink(NETLINK_SOCK_DIAG, netns) as wire:
        for family in (_AF_INET, _AF_INET6):
            try:
                for data, start, end in wire.messages(SOCK_DIAG_BY_FAMILY, REQUEST.pack(family, _TCP, 0, _CONNECTIONS)):
                    shown = look.decode(data, start, end)
                    if shown is not None and (keep is None or keep(shown)):
                        raw = _MESSAGE.pack(*_MESSAGE.unpack_from(data, start))
                        yield Seen("session", decode("session", raw), raw)
            except Interrupted:
                pass  # inet_diag has no snapshot: what is acted on is known by its cookie
            except OSError as exc:
                if family == _AF_INET6 and exc.errno == errno.EAFNOSUPPORT:
                    continue  # a kernel without IPv6
                raise OSError(exc.errno, "reading the TCP connections: %s" % exc.strerror) from exc


def verify(netns: str | int | None, seens: t.Sequence[Seen]) -> t.List[Verified]:
    """Raises OSError where the table cannot be read: nothing is known then."""
    exact: t.Dict[bytes, Seen] = {}
    places: t.Set[bytes] = set()
    for kind in {seen.kind for seen in seens}:
        unseen: t.List[Unseen] = []
        for found in flows(netns, None, unseen) if kind == "flow" else connections(netns, None, unseen):
            exact[identity(kind, found.raw)] = found
            places.add(_place(found))
        if kind == "flow" and unseen:
            raise OSError(errno.EPERM, "%s: %s" % (unseen[0].what, unseen[0].why))
    answers = []
    for seen in seens:
        found_now = exact.get(identity(seen.kind, seen.raw))
        if found_now is not None:
            answers.append(Verified(found_now))
        elif _place(seen) in places:
            answers.append(Verified(None, (), (text(seen),)))
        else:
            answers.append(Verified(None, (text(seen),)))
    return answers


def _place(seen: Seen) -> bytes:
    """What another one may come to have: of a flow the original tuple and the zone, of a socket all but its cookie."""
    if seen.kind == "session":
        return seen.raw[:1] + seen.raw[4:44]
    found = attributes(seen.raw, _NFGENMSG_SIZE, len(seen.raw))
    return seen.raw[:1] + found.get(_TUPLE_ORIG, b"") + found.get(_ZONE, b"")


def end(netns: str | int | None, kind: str, seens: t.Sequence[Seen]) -> t.List[Changed]:
    """Raises ValueError for listeners and what is not TCP, OSError where the kernel cannot do it at all."""
    for seen in seens:
        if kind == "session" and (seen.object.protocol != "tcp" or seen.object.state == "LISTEN"):
            what = "listener" if seen.object.protocol == "tcp" else "%s socket" % seen.object.protocol
            raise ValueError("socket.destroy is for TCP connections only, %s is a %s" % (text(seen), what))
    if not seens:
        return []
    family, request = (NETLINK_NETFILTER, _DELETE) if kind == "flow" else (NETLINK_SOCK_DIAG, _SOCK_DESTROY)
    found = verify(netns, seens)
    with Netlink(family, netns) as wire:
        there = [seen for seen, verified in zip(seens, found) if verified.same]
        acks = iter(wire.acted(request, 0, [_body(seen) for seen in there]))
    answers = []
    for seen, verified in zip(seens, found):
        if verified.differs:
            answers.append(Changed(failed=((text(seen), "ESTALE: it is another one by now"),)))
        elif not verified.same:
            answers.append(Changed(already=(text(seen),)))
        else:
            answers.append(_changed(seen, next(acks)))
    return answers


def _body(seen: Seen) -> bytes:
    if seen.kind == "session":
        family, _state, socket_id, _uid, _inode = _MESSAGE.unpack(seen.raw)
        return _DESTROY.pack(family, _TCP, 0xFFFFFFFF, socket_id)
    found = pairs(seen.raw, _NFGENMSG_SIZE, len(seen.raw))
    return seen.raw[:_NFGENMSG_SIZE] + packed([pair for pair in found if pair[0] & NLA_TYPE_MASK != _TUPLE_REPLY])


def _changed(seen: Seen, ack: Ack) -> Changed:
    if ack is DONE or ack is LOST:
        return Changed(1)
    if ack.number == errno.ENOENT:
        return Changed(already=(text(seen),))
    if ack.number == errno.EOPNOTSUPP and seen.kind == "session":
        return Changed(failed=((text(seen), "EOPNOTSUPP: the kernel was built without CONFIG_INET_DIAG_DESTROY"),))
    return Changed(failed=((text(seen), why(ack)),))
