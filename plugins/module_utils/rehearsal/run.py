# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rehearsal: what the kernel answers for each destination on the host, on its stand-in, and there after the plan.

What the stand-in answers otherwise than the host before anything was changed is told as not rehearsed: a VRF, IPsec or
a link of a kind that cannot be imitated decides there.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..child import Failed, in_child
from ..kernel import scratch
from ..kernel.port import Kernel
from ..model import TABLE_LOCAL, Answer, Hop, Query, Seen
from .cover import covering
from .standin import StandIn, World

SECONDS = 60
_SHOWN = 100
"""Destinations of which it is told one by one that nothing is said about them."""
_KINDS = ("link", "address", "rule", "nexthop", "route")
"""What a lookup depends on. Flows, neighbours, sockets and owners are nothing that a stand-in has."""
_UNASKED = {
    "firewall": "the firewall is not rehearsed: a stand-in has none, and a lookup does not ask it",
    "sysctl": "what comes in is not rehearsed: a lookup is about what is sent",
}
_Step = t.Tuple[str, t.Optional[Seen]]
_Told = t.List[t.Optional[str]]
"""errno, and the way in words."""


@dataclasses.dataclass(frozen=True)
class Changed:
    """A destination that is answered otherwise after the plan."""

    query: Query
    before: str
    after: str
    """The way in words, or the errno."""


@dataclasses.dataclass(frozen=True)
class Rehearsal:
    """What a plan would do to the destinations."""

    done: bool
    why_not: str = ""
    lost: t.Tuple[Changed, ...] = ()
    """Were reached before, and are refused after."""
    moved: t.Tuple[Changed, ...] = ()
    """Are reached another way."""
    looked_up: int = 0
    """Destinations for which the stand-in answers as the host does."""
    not_rehearsed: t.Tuple[str, ...] = ()
    """Steps and destinations that it says nothing about, in words."""


def rehearse(
    kernel: Kernel, steps: t.Sequence[_Step], destinations: t.Sequence[Query], seconds: float = SECONDS
) -> Rehearsal:
    """Play the steps through on a stand-in of the host. Nothing is changed on the host, and nothing is left behind."""
    world = _world(kernel, steps, destinations)
    told = _answers(kernel, destinations)
    try:
        before, after, unable = in_child(lambda: _play(world, steps, destinations), seconds)
    except Failed as exc:
        return Rehearsal(False, why_not=str(exc))
    lost, moved, unlike = [], [], []
    for query, host, one, other in zip(destinations, told, before, after):
        if host != one:
            unlike.append("%s: %s on the host, %s on its stand-in" % (shown(query), _way(host), _way(one)))
        elif one != other:
            changed = Changed(query, _way(one), _way(other))
            if other[0] is None:
                moved.append(changed)
            elif one[0] is None:
                lost.append(changed)
    return Rehearsal(
        True,
        lost=tuple(lost),
        moved=tuple(moved),
        looked_up=len(destinations) - len(unlike),
        not_rehearsed=(*unable, *unlike[:_SHOWN], *_more(len(unlike) - _SHOWN)),
    )


def _more(number: int) -> t.Tuple[str, ...]:
    return ("%d more destinations" % number,) if number > 0 else ()


def shown(query: Query) -> str:
    """A question in words: ``192.0.2.7 from 198.51.100.4 mark 0x10``."""
    words = [query.to]
    for name, value in (
        ("from", query.source),
        ("protocol", query.protocol),
        ("sport", query.sport),
        ("port", query.port),
    ):
        words += [] if value is None else ["%s %s" % (name, value)]
    words += ["mark 0x%x" % query.mark] if query.mark else []
    words += [] if query.interface is None else ["on link %d" % query.interface]
    return " ".join(words)


def _world(kernel: Kernel, steps: t.Sequence[_Step], destinations: t.Sequence[Query]) -> World:
    addresses = {query.to for query in destinations} | {query.source for query in destinations if query.source}
    added = [seen.object for op, seen in steps if seen is not None and op == "route.add"]
    addresses |= {hop.gateway for route in added for hop in route.hops if hop.gateway}
    concerned = covering(addresses)
    links = kernel.links()
    return World(
        links=links,
        switches=scratch.switches(kernel.netns, [link.name for link in links]),
        addresses=tuple(kernel.seen("address", lambda address: not {"tentative", "dadfailed"} & set(address.flags))),
        rules=tuple(kernel.seen("rule")),
        nexthops=tuple(kernel.seen("nexthop")),
        routes=(*kernel.seen_routes(table=TABLE_LOCAL, type="local"), *kernel.seen_routes(dsts=concerned)),
        concerned=concerned,
    )


def _play(
    world: World, steps: t.Sequence[_Step], destinations: t.Sequence[Query]
) -> t.Tuple[t.List[_Told], t.List[_Told], t.List[str]]:
    """In a child: the answers before and after, and the steps that cannot be played."""
    try:
        scratch.leave()
    except OSError as exc:
        raise Failed("no network namespace can be made here: %s" % exc.strerror) from exc
    with Kernel() as kernel:
        try:
            stand_in = StandIn(kernel, world)
        except OSError as exc:
            raise Failed("the host cannot be rebuilt: %s" % exc) from exc
        queries = [stand_in.asked(query) for query in destinations]
        before = _answers(kernel, queries)
        unable = []
        for op, seen in steps:
            if seen is None or seen.kind not in _KINDS:
                unable.append("%s: %s" % (op, _UNASKED.get(op.partition(".")[0], "a lookup does not depend on it")))
            else:
                unable += ["%s: %s" % (op, why) for why in stand_in.apply(op, seen)]
        return before, _answers(kernel, queries), unable


def _answers(kernel: Kernel, queries: t.Sequence[Query]) -> t.List[_Told]:
    """Links by their names: they are the same here and there, their numbers are not."""
    names = {link.ifindex: link.name for link in kernel.links()}
    return [[answer.errno, _words(answer, names)] for answer in kernel.lookup(queries)]


def _words(answer: Answer, names: t.Mapping[int, str]) -> str:
    route = answer.match or answer.route
    if route is None:
        return ""
    hops = " and ".join(sorted(_hop(hop, names) for hop in route.hops))
    entry = "" if answer.match is None else ", %s %s of table %d" % (route.type, route.dst, route.table)
    # With several hops the kernel takes one by a hash of its own, and the source with it.
    source = answer.route.prefsrc if answer.route is not None and len(route.hops) == 1 else None
    return hops + (" src %s" % source if source else "") + entry


def _hop(hop: Hop, names: t.Mapping[int, str]) -> str:
    words = [] if hop.gateway is None else ["via %s" % hop.gateway]
    words += [] if hop.ifindex is None else ["dev %s" % names.get(hop.ifindex, hop.ifindex)]
    words += ["weight %d" % hop.weight] if hop.weight != 1 else []
    return " ".join(words)


def _way(told: _Told) -> str:
    errno, way = told
    return errno or way or "sent"
