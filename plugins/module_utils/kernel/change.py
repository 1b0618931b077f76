# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes to the kernel's tables: compare, act, and say of each object what came of it.

A delete is sent for what is exactly there, and only where the kernel would not take another object in its place
(ENOTUNIQ); what was changed since it was seen is left alone (ESTALE). An add never replaces.
"""

from __future__ import annotations

import errno
import struct
import typing as t

from ..index import FALLBACK_LINKS
from ..model import OPS, Seen
from . import tables
from .netlink import DONE, LOST, Ack, pack_attribute, why
from .normal import normal
from .outcome import Changed
from .picking import may_take
from .routes import RTA_DST, RTMSG
from .seen import Key, Wire, decode, dst_of, keys_of, place_of, same, slots, small, text
from .verify import compared, holds, slot_of

CREATE, EXCL, APPEND, REPLACE = 0x400, 0x200, 0x800, 0x100
"""NLM_F_*."""
NEW = {"link": 16, "address": 20, "route": 24, "neighbour": 28, "rule": 32, "nexthop": 104}
"""RTM_NEW*; RTM_DEL* is the number after it."""
_IFF_UP = 0x1
_ABSENT = (errno.ENOENT, errno.ESRCH, errno.ENODEV, errno.EADDRNOTAVAIL)
_AMBIGUOUS = "ENOTUNIQ: the kernel would take another %s that stands before it"
_STALE = "ESTALE: it was changed since it was seen"
Failed = t.Tuple[str, str]


def change(wire: Wire, op: str, seens: t.Sequence[Seen]) -> t.List[Changed]:
    """Do one op to objects, in order. Raises ValueError for an op without an object, and for objects that it is not for
    (other kinds, the loopback, the kernel's fallback links, listeners and UDP sockets)."""
    kind, verb = _op(op)
    for seen in seens:
        if seen.kind != kind:
            raise ValueError("%s is not for a %s (%s)" % (op, seen.kind, text(seen)))
    if kind in ("flow", "session"):
        from . import ending

        return ending.end(wire.netns, kind, seens)
    if kind == "link":
        return _links(wire, op, seens)
    if kind == "route":
        return (_routes_del if verb == "del" else _routes_add)(wire, seens)
    return (_small_del if verb == "del" else _small_add)(wire, kind, seens)


def _op(op: str) -> t.Tuple[str, str]:
    kind, _dot, verb = op.partition(".")
    if op not in OPS or kind in ("owner", "sysctl", "firewall") or op in ("link.add", "link.set"):
        raise ValueError("op %r does not act on an object that the kernel showed" % op)
    return "session" if kind == "socket" else kind, verb


class Tally:
    """What came of one Seen so far."""

    def __init__(self) -> None:
        self.done = 0
        self.already: t.List[str] = []
        self.failed: t.List[Failed] = []

    def changed(self) -> Changed:
        return Changed(self.done, tuple(self.already), tuple(self.failed))


# The small tables ----------------------------------------------------------------------------------------------------


def delete_body(seen: Seen) -> bytes:
    if seen.kind == "nexthop":  # the kernel takes nothing but the id
        return tables.NEXTHOP.pack(0, 0, 0, 0, 0) + pack_attribute(tables.NHA_ID, tables.U32.pack(seen.object.id))
    return normal(seen.kind, seen.raw)


def _small_del(wire: Wire, kind: str, seens: t.Sequence[Seen]) -> t.List[Changed]:
    tallies = [Tally() for _seen in seens]
    todo = list(range(len(seens)))
    lost: t.Set[int] = set()
    while todo:
        now = small(wire, kind)
        sending, waiting = [], []
        for place in todo:
            seen = seens[place]
            found = [at for at, other in enumerate(now) if same(seen, other)]
            if not found:
                _absent(tallies[place], seen, now, place in lost)
            elif kind == "rule" and any(may_take(kind, now[found[0]].raw, now[at].raw) for at in range(found[0])):
                waiting.append(place)  # those before it may be among what goes first
            else:
                sending.append(place)
        if not sending:
            for place in waiting:
                tallies[place].failed.append((text(seens[place]), _AMBIGUOUS % kind))
            break
        acks = wire.netlink.acted(NEW[kind] + 1, 0, [delete_body(seens[place]) for place in sending])
        for place, ack in zip(sending, acks):
            if ack is LOST:
                lost.add(place)
                waiting.append(place)
            else:
                settle(tallies[place], text(seens[place]), ack, _ABSENT)
        todo = waiting
    return [tally.changed() for tally in tallies]


def _absent(tally: Tally, seen: Seen, now: t.Sequence[Seen], lost: bool) -> None:
    if lost:
        tally.done += 1
    elif compared(seen, now).differs:
        tally.failed.append((text(seen), _STALE))
    else:
        tally.already.append(text(seen))


def settle(tally: Tally, what: str, ack: Ack, already: t.Container[int]) -> None:
    if ack is DONE:
        tally.done += 1
    elif ack.number in already:
        tally.already.append(what)
    else:
        tally.failed.append((what, why(ack)))


def _small_add(wire: Wire, kind: str, seens: t.Sequence[Seen]) -> t.List[Changed]:
    tallies = [Tally() for _seen in seens]
    todo = list(range(len(seens)))
    sent: t.Dict[int, Ack] = {}
    flags = CREATE | EXCL
    while todo:
        now = small(wire, kind)
        sending = []
        for place in todo:
            seen, ack = seens[place], sent.get(place)
            if any(same(seen, other) for other in now):
                if ack is LOST:
                    tallies[place].done += 1
                else:
                    tallies[place].already.append(text(seen))
            elif ack is not None and ack is not LOST and not (kind == "rule" and flags & EXCL):
                tallies[place].failed.append((text(seen), why(ack)))
            else:
                sending.append(place)
        # The kernel takes a rule for one that is there where that has more to it: what it says exists, and what is not
        # there, is added without asking again.
        flags &= ~EXCL if any(sent.get(place) not in (None, LOST) for place in sending) else flags
        acks = wire.netlink.acted(NEW[kind], flags, [normal(kind, seens[place].raw) for place in sending])
        todo = []
        for place, ack in zip(sending, acks):
            if ack is LOST or (ack.number == errno.EEXIST and sent.get(place) in (None, LOST)):
                sent[place] = ack
                todo.append(place)
            else:
                settle(tallies[place], text(seens[place]), ack, ())
    return [tally.changed() for tally in tallies]


# Links ---------------------------------------------------------------------------------------------------------------


def _links(wire: Wire, op: str, seens: t.Sequence[Seen]) -> t.List[Changed]:
    for seen in seens:
        if op == "link.del" and (seen.object.loopback or seen.object.name in FALLBACK_LINKS | {"lo"}):
            raise ValueError("link %s is the kernel's own: it is never deleted" % seen.object.name)
    return [_link(wire, op, seen) for seen in seens]


def _link(wire: Wire, op: str, seen: Seen) -> Changed:
    now = [other for other in small(wire, "link") if other.object.name == seen.object.name]
    if not now:
        if op == "link.del":
            return Changed(already=(text(seen),))
        return Changed(failed=((text(seen), "ENODEV: there is no such link"),))
    (found,) = now
    if not same(with_up(seen, False), with_up(found, False)):
        return Changed(failed=((text(seen), _STALE),))
    index = found.object.ifindex
    if op == "link.del":
        body = tables.IFINFO.pack(0, 0, index, 0, 0)
        (ack,) = wire.netlink.acted(NEW["link"] + 1, 0, [body])
    else:
        wanted = op == "link.up"
        if found.object.up is wanted:
            return Changed(already=(text(seen),))
        body = tables.IFINFO.pack(0, 0, index, _IFF_UP if wanted else 0, _IFF_UP)
        (ack,) = wire.netlink.acted(NEW["link"], 0, [body])
    tally = Tally()
    settle(tally, text(seen), ack, _ABSENT if op == "link.del" else ())
    return tally.changed()


def with_up(seen: Seen, up: bool) -> Seen:
    """The same link, administratively up or not."""
    head = list(tables.IFINFO.unpack_from(seen.raw))
    head[3] = head[3] & ~_IFF_UP | (_IFF_UP if up else 0)
    raw = tables.IFINFO.pack(*head) + seen.raw[tables.IFINFO.size :]
    return Seen("link", decode("link", raw), raw)


# Routes --------------------------------------------------------------------------------------------------------------


def route_bodies(raw: bytes, keys: t.Iterable[Key]) -> t.List[bytes]:
    """The message for each destination."""
    raw = normal("route", raw)
    rest = raw[RTMSG.size :]
    heads: t.Dict[int, bytes] = {}
    bodies = []
    for key in keys:
        head = heads.get(key[0])
        if head is None:
            dst = struct.pack("=HH", 3 + len(key), RTA_DST)
            head = heads[key[0]] = raw[:1] + key[:1] + raw[2 : RTMSG.size] + dst
        bodies.append(head + key[1:] + rest)
    return bodies


def _routes_del(wire: Wire, seens: t.Sequence[Seen]) -> t.List[Changed]:
    tallies = [Tally() for _seen in seens]
    todo = [list(keys_of(seen.dsts)) for seen in seens]
    lost: t.Set[t.Tuple[int, Key]] = set()
    while any(todo):
        found = slots(wire, _wanted(seens, todo))
        sent = 0
        for place, seen in enumerate(seens):
            if not todo[place]:
                continue
            here = found[place_of(seen)]
            sending, waiting = [], []
            plain = (normal("route", seen.raw),)
            for key in todo[place]:
                there = here.get(key, ())
                if there == plain:
                    sending.append(key)
                elif not holds(there, seen.raw):
                    if (place, key) in lost:
                        tallies[place].done += 1
                    elif any(slot_of(other) == slot_of(seen.raw) for other in there):
                        tallies[place].failed.append((dst_of(key), _STALE))
                    else:
                        tallies[place].already.append(dst_of(key))
                elif _taken_first(seen.raw, there):
                    waiting.append(key)
                else:
                    sending.append(key)
            acks = wire.netlink.acted(NEW["route"] + 1, 0, route_bodies(seen.raw, sending))
            sent += len(acks)
            tallies[place].done += acks.count(DONE)
            for key, ack in zip(sending, acks):
                if ack is LOST:
                    lost.add((place, key))
                    waiting.append(key)
                elif ack is not DONE:
                    settle(tallies[place], dst_of(key), ack, _ABSENT)
            todo[place] = waiting
        if not sent:
            for place, keys in enumerate(todo):
                tallies[place].failed.extend((dst_of(key), _AMBIGUOUS % "route") for key in keys)
            break
    return [tally.changed() for tally in tallies]


def _taken_first(raw: bytes, there: t.Sequence[bytes]) -> bool:
    """Would the kernel take one that stands before it?"""
    for other in there:
        if holds((other,), raw):
            return False
        if may_take("route", raw, other):
            return True
    return False


def _routes_add(wire: Wire, seens: t.Sequence[Seen]) -> t.List[Changed]:
    tallies = [Tally() for _seen in seens]
    todo = [list(keys_of(seen.dsts)) for seen in seens]
    lost: t.Set[t.Tuple[int, Key]] = set()
    while any(todo):
        found = slots(wire, _wanted(seens, todo))
        for place, seen in enumerate(seens):
            here, sending = found.get(place_of(seen), {}), []
            for key in todo[place]:
                if not holds(here.get(key, ()), seen.raw):
                    sending.append(key)
                elif (place, key) in lost:
                    tallies[place].done += 1
                else:
                    tallies[place].already.append(dst_of(key))
            acks = wire.netlink.acted(NEW["route"], CREATE | EXCL, route_bodies(seen.raw, sending))
            todo[place] = []
            for key, ack in zip(sending, acks):
                if ack is LOST:
                    lost.add((place, key))
                    todo[place].append(key)
                else:
                    settle(tallies[place], dst_of(key), ack, ())
    return [tally.changed() for tally in tallies]


def _wanted(seens: t.Sequence[Seen], todo: t.Sequence[t.Sequence[Key]]) -> t.Dict[t.Tuple[int, int], t.Set[Key]]:
    """The destinations that are left, by their tables."""
    wanted: t.Dict[t.Tuple[int, int], t.Set[Key]] = {}
    for seen, keys in zip(seens, todo):
        if keys:
            wanted.setdefault(place_of(seen), set()).update(keys)
    return wanted
