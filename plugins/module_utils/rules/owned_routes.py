# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes that an owner left behind when it died, or that it holds no more though they are there."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Finding, OwnerState, Query, Route, RouteGroup, Rule, Step
from ..reach.policy import ROUTE_REFUSALS, table_name
from .base import rule
from .common import OBJECTS, in_table, inside, plural, several, via
from .owned import OwnedCheck, cause_of, of_whom, owner_of
from .owned_rules import REFUSING, LeftRules, selects_all
from .routes import delete_step, samples_of, severity_of, worst
from .tally import Group, Tally

TEMPLATES = 4096
"""Distinct kinds of routes that are remembered; what comes after is judged anew, or told without a step."""
ASKED = 4
"""Groups of a finding for whose first destinations the kernel is asked what carries them."""

_Hops = t.Tuple[t.Tuple[t.Optional[int], t.Optional[str]], ...]
_Kind = t.Tuple[int, int, str, str]
"""Family, table, protocol, type."""
_Key = t.Tuple[str, int, int, str]
"""Name of the owner, family, table, protocol."""


def _hops(route: Route) -> _Hops:
    return tuple((hop.ifindex, hop.gateway) for hop in route.hops)


def _kind(route: Route) -> _Kind:
    return route.family, route.table, route.proto, route.type


class LeftRoutes(OwnedCheck):
    """A check for routes of some types that are left over: one finding for all of an owner in a table with a protocol."""

    types: t.ClassVar[t.Tuple[str, ...]] = ()

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._states: t.Dict[str, OwnerState] = {}
        self._lived_on = self.lived_on()
        self._known: t.Dict[t.Tuple[_Kind, _Hops], t.Optional[OwnerState]] = {}
        self._tally: Tally[_Key, RouteGroup] = Tally()
        self._all: t.Dict[_Kind, int] = {}
        self._all_ways: t.Dict[t.Tuple[_Kind, _Hops], int] = {}
        self._left: t.Dict[t.Tuple[str, _Kind], int] = {}
        self._left_ways: t.Dict[t.Tuple[str, _Kind], t.Dict[_Hops, int]] = {}
        self._uncounted = False
        """Were there more than could be counted one by one? Then no step selects routes by their next hops."""

    def routes(self, group: RouteGroup) -> None:
        template = group.template
        if template.type not in self.types or template.proto == "ra" or not self.index.owners:
            return  # the kernel itself makes routes of proto ra
        self._count(group)
        if any(hop.ifindex in self._lived_on for hop in template.hops):
            return
        state = self._left_by(template)
        if state is not None:
            self._take(state, group)
        elif group.count == len(group.samples):
            for dst in group.samples:
                state = self.left(dataclasses.replace(template, dst=dst))
                if state is not None:
                    self._take(state, RouteGroup(template, 1, (dst,)))

    def _count(self, group: RouteGroup) -> None:
        kind, way = _kind(group.template), (_kind(group.template), _hops(group.template))
        self._all[kind] = self._all.get(kind, 0) + group.count
        if way in self._all_ways or len(self._all_ways) < TEMPLATES:
            self._all_ways[way] = self._all_ways.get(way, 0) + group.count
        else:
            self._uncounted = True

    def _left_by(self, template: Route) -> OwnerState | None:
        """Whose the routes are, where that does not depend on their destination."""
        key = (_kind(template), _hops(template))
        if key not in self._known:
            if len(self._known) >= TEMPLATES:
                self._known.clear()
            self._known[key] = self.left(template)
        return self._known[key]

    def _take(self, state: OwnerState, group: RouteGroup) -> None:
        kind = _kind(group.template)
        self._states[state.name] = state
        self._tally.add((state.name, *kind[:3]), group, group.count)
        place = (state.name, kind)
        self._left[place] = self._left.get(place, 0) + group.count
        ways = self._left_ways.setdefault(place, {})
        hops = _hops(group.template)
        if hops in ways or len(ways) < TEMPLATES:
            ways[hops] = ways.get(hops, 0) + group.count

    def conclude(self) -> t.Iterable[Finding]:
        for key, group in self._tally:
            yield self._finding(self._states[key[0]], key, group)
        yield from self.others("route", self._tally.others.count, samples_of(self._tally.others))

    def _finding(self, state: OwnerState, key: _Key, group: Group[RouteGroup]) -> Finding:
        _owner, family, table, proto = key
        template, samples = group.items[0].template, samples_of(group)
        carrier, declared = self.carried(group), self._declared(family, table, proto)
        return self.finding(
            "route",
            {"owner": state.name, "family": family, "table": table, "proto": proto},
            "%s (proto %s) %s %s: %s."
            % (
                plural(group.count, "%s in %s" % (self.noun, in_table(table)), "%ss in %s" % (self.noun, in_table(table))),
                proto,
                "is" if group.count == 1 else "are",
                of_whom(state, "it" if group.count == 1 else "them"),
                self.words[carrier],
            ),
            [
                self.saw(
                    "%s %s" % (several(samples, total=group.count), self.shows(template)),
                    "route",
                    "show",
                    "table",
                    table_name(table),
                    "proto",
                    proto,
                    family=family,
                ),
                *self.witness(state, "route"),
            ],
            severity=severity_of(carrier),
            remedy=() if declared else self._remedy(state, key, group),
            advice="Intent declares %s: whoever is to make it now, let it." % declared
            if declared
            else self.said_of(state, "its routes"),
            owner=owner_of(state),
            count=group.count,
            samples=samples,
            details={"cause": cause_of(state), "carried_by": carrier},
        )  # fmt: skip

    def _declared(self, family: int, table: int, proto: str) -> str | None:
        """A route among these that intent declares; in a table that not all packets reach, any that it declares there."""
        for wanted in self.intent.routes:
            if (wanted["family"], wanted["table"]) == (family, table):
                answer = self.answer(Query(to=inside(wanted["dst"])))
                match = answer.match if answer is not None else None
                if match is None or match.table != table or (match.dst, match.proto) == (wanted["dst"], proto):
                    return "%s in %s" % (wanted["dst"], in_table(table))
        return None

    def _remedy(self, state: OwnerState, key: _Key, group: Group[RouteGroup]) -> t.Tuple[Step, ...]:
        dst = group.items[0].samples[0] if group.count == 1 else None
        return self.mend(state, self._steps(state, key, group), table=key[2], dst=dst)

    def _steps(self, state: OwnerState, key: _Key, group: Group[RouteGroup]) -> t.Iterator[Step]:
        """All routes of a kind at once where all of them are left over, else those over the same next hops, else one by
        one."""
        made = 0
        for type_ in self.types:
            kind: _Kind = (*key[1:], type_)
            here = [item for item in group.items if item.template.type == type_]
            if not here:
                continue
            if self._all[kind] == self._left[state.name, kind]:
                yield self._removal(here[0], self._all[kind])
                continue
            ways = {} if self._uncounted else self._left_ways[state.name, kind]
            whole = {hops for hops, count in ways.items() if self._all_ways.get((kind, hops)) == count}
            for hops in sorted(whole, key=repr):
                item = next((each for each in here if _hops(each.template) == hops), None)
                if item is not None and made < OBJECTS:
                    made += 1
                    yield self._removal(item, ways[hops], narrow=True)
            for item in here:
                if _hops(item.template) not in whole and item.count == len(item.samples):
                    for dst in item.samples:
                        made += 1
                        if made <= OBJECTS:
                            yield self._removal(RouteGroup(item.template, 1, (dst,)), 1, narrow=True)

    def _removal(self, item: RouteGroup, count: int, narrow: bool = False) -> Step:
        """``narrow``: only those over the next hops of this one."""
        alike: Group[RouteGroup] = Group()
        alike.count = count
        alike.items.append(item)
        if not narrow:
            return delete_step(self, alike)
        hops = item.template.hops
        names, gateways = [self.index.name_of(hop.ifindex) for hop in hops], [hop.gateway for hop in hops]
        words = ["dev", names[0]] if len(hops) == 1 and names[0] else []
        words += ["via", gateways[0]] if len(hops) == 1 and gateways[0] else []
        return delete_step(self, alike, *words, interfaces=names, gateways=gateways)

    noun = "route"
    words: t.ClassVar[t.Mapping[str, str]] = {}
    """What is told of them, by what carries their packets."""

    def shows(self, template: Route) -> str:
        return via(template, self.name)

    def carried(self, group: Group[RouteGroup]) -> str:
        """What carries a packet to them: see :meth:`carrier_of`."""
        return worst(self.carrier_of(item.template, dst) for item in group.items[:ASKED] for dst in item.samples[:2])


@rule(
    id="RC203",
    name="route-owner-gone",
    severity="high",
    title="Routes of a daemon that is gone, or that does not want them any more",
    rationale=(
        "The kernel keeps a route until somebody removes it. When a routing daemon or a VPN is killed, or is removed "
        "without a clean end, its routes stay and carry packets by what it knew last: nobody takes them back when the "
        "network changes."
    ),
    proof=(
        "The routes fit what the owner's profile says of its routes by more than a protocol that others use as well. No "
        "process of the owner runs; or it runs, was asked for all that it wants, and does not name them. The kernel is "
        "asked which packets take them."
    ),
    false_positives=(
        "A protocol alone proves nothing where another owner that is or was here writes the same. Where any owner that "
        "they fit is alive and did not disown them, or it is not known whether it lives, they stay. So do routes of an "
        "owner that was never on this host, those over a link of a dead owner that others live on (the veth of a container "
        "that runs on without its engine), and all of the kernel and of proto ra, which the kernel writes itself. "
        "Managers whose objects are meant to outlive them count as gone when their program is."
    ),
    remedies=("owner.release", "owner.restart", "route.del"),
)
class RouteOwnerGone(LeftRoutes):
    types = ("unicast",)
    words = {
        "this": "packets still take the way that it knew last",
        "nothing": "the kernel refuses packets to their destinations",
        "another": "another route stands before them",
        "elsewhere": "only packets that a policy rule sends to that table take them",
        "unknown": "what carries their packets was not asked",
    }


@rule(
    id="RC206",
    name="unreachable-leftover",
    severity="high",
    title="A daemon that is gone left routes or rules that refuse packets",
    rationale=(
        "Daemons write unreachable, blackhole, prohibit and throw routes, and rules with these actions, to keep traffic "
        "from leaving by the wrong way: null routes of an aggregate, the kill switch of a VPN. When the daemon is gone "
        "they go on refusing, and programs get 'network is unreachable', 'no route to host' or 'permission denied' "
        "although the way is there."
    ),
    proof=(
        "As for RC203, of routes and rules that refuse. The kernel, asked for such a destination, answers with the errno "
        "of that type."
    ),
    false_positives=(
        "Those of a person or of a distribution fit no owner. An owner that is alive, of which it is not known whether it "
        "lives, or that was never here keeps them: see RC203. The unreachable routes that the kernel makes for IPv6 "
        "are its own."
    ),
    remedies=("owner.release", "owner.restart", "route.del", "rule.del"),
)
class UnreachableLeftover(LeftRoutes, LeftRules):
    types = ("unreachable", "blackhole", "prohibit", "throw")
    noun = "refusing route"
    words = {
        "this": "the kernel refuses packets to their destinations because of them",
        "another": "another route stands before them",
        "elsewhere": "only packets that a policy rule sends to that table meet them",
        "unknown": "whether packets meet them was not asked",
    }

    def shows(self, template: Route) -> str:
        return "(%s)" % template.type

    def carried(self, group: Group[RouteGroup]) -> str:
        return worst(self._met(item.template, dst) for item in group.items[:ASKED] for dst in item.samples[:2])

    def _met(self, template: Route, dst: str) -> str:
        """Do packets meet it? A throw route only sends them on to the next rule."""
        answer = self.answer(Query(to=inside(dst)))
        if answer is None:
            return "unknown"
        if answer.errno is not None and answer.errno == ROUTE_REFUSALS.get(template.type):
            return "this"
        match = answer.match
        return "another" if match is not None and match.table == template.table else "elsewhere"

    def conclude(self) -> t.Iterable[Finding]:
        yield from super().conclude()
        yield from self.left_rules(item for item in self.candidates() if item.action in REFUSING)

    def harm(self, group: Group[Rule]) -> t.Tuple[str, str]:
        if any(selects_all(item) for item in group.items):
            return "high", "the kernel refuses all packets that come as far as there"
        return "medium", "the kernel refuses some packets, by what is selected there"
