# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put objects back where they were, in their order: what is there already stays, what is missing is made again.

The kernel adds at the end. So where something is missing in the middle, what stands behind it is taken out and added
again. What somebody else added meanwhile comes last, and is never lost.
"""

from __future__ import annotations

import errno
import functools
import time
import typing as t

from ..inverse import BY_KERNEL, REMAKABLE
from ..model import Seen
from . import tables
from .change import CREATE, EXCL, NEW, REPLACE, Tally, delete_body, settle
from .collateral import lasts, subnet_of
from .netlink import DONE, LOST, Ack
from .normal import IFLA_AF_SPEC, identity, normal, packed, pairs, without
from .picking import may_take
from .rebuild_routes import Taken, bring_back_routes, staying
from .seen import Wire, same, small, text

_IFF_UP = 0x1
_CARRIER, _PAUSE = 3.0, 0.05
"""Seconds that a link which was just set up is given to get its carrier: the kernel refuses next-hop objects before."""


def bring_back(wire: Wire, wanted: t.Sequence[Seen], taken: Taken, tally: Tally) -> None:
    """Everything, each kind when what it needs is there."""
    kinds = {kind: [seen for seen in wanted if seen.kind == kind] for kind in NEW}
    _links(wire, kinds["link"], tally)
    _addresses(wire, kinds["address"], tally)
    _neighbours(wire, kinds["neighbour"], tally)
    _nexthops(wire, kinds["nexthop"], tally)
    bring_back_routes(wire, kinds["route"], taken, tally)
    _rules(wire, kinds["rule"], taken, tally)


def _send(wire: Wire, seens: t.Sequence[Seen], flags: int, tally: Tally) -> None:
    if seens:
        acks = wire.netlink.acted(NEW[seens[0].kind], flags, [normal(seen.kind, seen.raw) for seen in seens])
        for seen, ack in zip(seens, acks):
            settle(tally, text(seen), ack, ())


def _remove(wire: Wire, seens: t.Sequence[Seen]) -> None:
    """What could not be removed shows when it is added again."""
    if seens:
        wire.netlink.acted(NEW[seens[0].kind] + 1, 0, [delete_body(seen) for seen in seens])


def _missing(wanted: t.Iterable[Seen], now: t.Collection[Seen], tally: Tally) -> t.List[Seen]:
    missing = []
    for seen in wanted:
        if any(same(seen, other) for other in now):
            tally.already.append(text(seen))
        else:
            missing.append(seen)
    return missing


# Links ---------------------------------------------------------------------------------------------------------------


def _links(wire: Wire, wanted: t.Sequence[Seen], tally: Tally) -> None:
    """Masters and parents first."""
    made = {seen.object.ifindex for seen in wanted}
    todo = list(wanted)
    while todo:
        needed = {seen.object.ifindex for seen in todo} & made
        ready = [seen for seen in todo if not {seen.object.master, seen.object.parent} & needed] or todo
        for seen in ready:
            _link(wire, seen, tally)
        todo = [seen for seen in todo if seen not in ready]


def _link(wire: Wire, seen: Seen, tally: Tally) -> None:
    found = [other for other in small(wire, "link") if other.object.ifindex == seen.object.ifindex]
    if any(same(seen, other) for other in found):
        tally.already.append(text(seen))
        return
    acks = []
    if not found:
        if seen.object.kind not in REMAKABLE:
            what = "its attributes alone do not make a link of kind %s" % seen.object.kind
            tally.failed.append((text(seen), "EOPNOTSUPP: %s" % what))
            return
        acks = wire.netlink.acted(NEW["link"], CREATE | EXCL, [_made(seen)])
    elif found[0].object.name != seen.object.name:
        tally.failed.append((text(seen), "ESTALE: its ifindex is that of %s now" % found[0].object.name))
        return
    acks += wire.netlink.acted(NEW["link"], 0, _placed(seen))
    refused: t.List[Ack] = [ack for ack in acks if ack not in (DONE, LOST)]
    settle(tally, text(seen), refused[0] if refused else DONE, ())


def _made(seen: Seen) -> bytes:
    """RTM_NEWLINK that makes it: with its own ifindex, and down."""
    size = tables.IFINFO.size
    later = (tables.IFLA_MASTER, tables.IFLA_IFALIAS, tables.IFLA_LINK_NETNSID, IFLA_AF_SPEC)
    head = tables.IFINFO.pack(0, 0, seen.object.ifindex, 0, 0)
    return head + packed(without(pairs(seen.raw, size, len(seen.raw)), later))


def _placed(seen: Seen) -> t.List[bytes]:
    """RTM_NEWLINK that says how a link gets its IPv6 address, then its master, its alias and its administrative state."""
    size, index = tables.IFINFO.size, seen.object.ifindex
    found = dict(pairs(seen.raw, size, len(seen.raw)))
    first = [(kind, found[kind]) for kind in (IFLA_AF_SPEC,) if kind in found]
    then = [(tables.IFLA_MASTER, found.get(tables.IFLA_MASTER, bytes(4)))]
    then += [(kind, found[kind]) for kind in (tables.IFLA_IFALIAS,) if kind in found]
    up = _IFF_UP if seen.object.up else 0
    heads = (tables.IFINFO.pack(0, 0, index, 0, 0), tables.IFINFO.pack(0, 0, index, up, _IFF_UP))
    return [heads[0] + packed(first), heads[1] + packed(then)] if first else [heads[1] + packed(then)]


def set_up(wire: Wire, seen: Seen, up: bool, tally: Tally) -> None:
    """Whatever else became of it: the same link is the one of that ifindex and name."""
    for other in small(wire, "link"):
        if (other.object.ifindex, other.object.name) == (seen.object.ifindex, seen.object.name):
            if other.object.up is up:
                tally.already.append(text(seen))
                return
            body = tables.IFINFO.pack(0, 0, seen.object.ifindex, _IFF_UP if up else 0, _IFF_UP)
            settle(tally, text(seen), wire.netlink.acted(NEW["link"], 0, [body])[0], ())
            return
    tally.failed.append((text(seen), "ENODEV: there is no such link"))


# Addresses, neighbours, next-hop objects -----------------------------------------------------------------------------


def _addresses(wire: Wire, wanted: t.Sequence[Seen], tally: Tally) -> None:
    """IPv4: the first of a subnet is its primary address, so their order counts."""
    if not wanted:
        return
    now = small(wire, "address")
    subnets: t.Dict[t.Any, t.List[Seen]] = {}
    for seen in wanted:
        subnets.setdefault(subnet_of(seen.object), []).append(seen)
    for subnet, mates in subnets.items():
        current = [seen for seen in now if subnet_of(seen.object) == subnet]
        missing = _missing(mates, current, tally)
        if mates[0].object.family == 6:
            by_kernel = [seen for seen in missing if BY_KERNEL & set(seen.object.flags)]
            tally.failed += [(text(seen), "EAGAIN: the kernel makes it, in its own time") for seen in by_kernel]
            # The kernel shows the newest first.
            _send(wire, [seen for seen in missing[::-1] if seen not in by_kernel], CREATE | EXCL, tally)
            continue
        final = mates + [seen for seen in current if not any(same(seen, other) for other in mates)]
        marks = [[identity("address", seen.raw) for seen in seens] for seens in (current, final)]
        stay = staying(marks[0], marks[1])
        _remove(wire, current[stay:][::-1])  # the primary last: it would take the others along
        _readd(wire, final[stay:], missing, CREATE | EXCL, tally)


def _readd(wire: Wire, seens: t.Sequence[Seen], missing: t.Sequence[Seen], flags: int, tally: Tally) -> None:
    """Add in order; those that were only taken out for the sake of the order count where they fail."""
    log = Tally()
    _send(wire, seens, flags, log)
    tally.failed += log.failed
    tally.done += min(log.done, len(missing)) if missing else log.done


def _neighbours(wire: Wire, wanted: t.Sequence[Seen], tally: Tally) -> None:
    """What the kernel learned meanwhile gives way; what somebody made does not."""
    if not wanted:
        return
    now = small(wire, "neighbour")
    for seen in _missing(wanted, now, tally):
        learned = not any(lasts(other.object) and _address(other) == _address(seen) for other in now)
        _send(wire, [seen], CREATE | (REPLACE if learned else EXCL), tally)


def _address(seen: Seen) -> t.Tuple[int, str]:
    return seen.object.ifindex, seen.object.address


def _nexthops(wire: Wire, wanted: t.Sequence[Seen], tally: Tally) -> None:
    """Members before their groups; a group that lost members gets them back."""
    if not wanted:
        return
    now = small(wire, "nexthop")
    groups = {seen.object.id: {number for number, _weight in seen.object.group} for seen in now if seen.object.group}
    missing = _missing(wanted, now, tally)
    single = [seen for seen in missing if not seen.object.group]
    deadline = time.monotonic() + _CARRIER
    while single:
        acks = wire.netlink.acted(NEW["nexthop"], CREATE | EXCL, [normal("nexthop", seen.raw) for seen in single])
        dark = []
        for seen, ack in zip(single, acks):
            if ack.number == errno.ENETDOWN and time.monotonic() < deadline:
                dark.append(seen)
            else:
                settle(tally, text(seen), ack, ())
        single = dark
        time.sleep(_PAUSE if dark else 0)
    for seen in missing:
        if seen.object.group:
            members = {number for number, _weight in seen.object.group}
            left = groups.get(seen.object.id)
            _send(wire, [seen], CREATE | (REPLACE if left is not None and left < members else EXCL), tally)


# Rules ---------------------------------------------------------------------------------------------------------------


def _rules(wire: Wire, wanted: t.Sequence[Seen], taken: Taken, tally: Tally) -> None:
    if not wanted:
        return
    now = small(wire, "rule")
    wanted = [seen for seen in wanted if taken(seen) or any(same(seen, other) for other in now)]
    ranks: t.Dict[t.Tuple[int, int], t.List[Seen]] = {}
    for seen in wanted:
        ranks.setdefault((seen.object.family, seen.object.priority), []).append(seen)
    for rank, mates in ranks.items():
        current = [seen for seen in now if (seen.object.family, seen.object.priority) == rank]
        missing = _missing(mates, current, tally)
        final = mates + [seen for seen in current if not any(same(seen, other) for other in mates)]
        marks = [[seen.raw for seen in current], [normal("rule", seen.raw) for seen in final]]
        stay = staying(marks[0], marks[1], functools.partial(may_take, "rule"))
        _remove(wire, current[stay:])
        _readd(wire, final[stay:], missing, CREATE, tally)
