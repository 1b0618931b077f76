# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes that are left over: their source is gone, no rule reaches their table, or another route hides them."""

from __future__ import annotations

import typing as t

from ..model import Finding, Hop, OwnerState, Query, Route, RouteGroup, Step
from ..reach.policy import table_name
from .base import rule
from .common import SAMPLES, HostCheck, in_table, is_foreign, plural, several, shown, via
from .owned import OwnedCheck, Settled
from .tally import Group, Tally

NEVER_UNREFERENCED = (0, 253, 254, 255)
"""unspec, default, main, local."""
TABLES = 1024

_SEVERITY_BY_CARRIER = {"this": "high", "nothing": "high", "unknown": "medium", "elsewhere": "medium", "another": "low"}
"""A route that carries traffic now breaks it now; one that another route stands in for does not."""


def worst(carriers: t.Iterable[str]) -> str:
    return max(carriers, key=("another", "elsewhere", "unknown", "nothing", "this").index, default="unknown")


def severity_of(carrier: str) -> str:
    return _SEVERITY_BY_CARRIER[carrier]


def delete_step(check: HostCheck, group: Group[RouteGroup], *selector: object, **args: t.Any) -> Step:
    """The step that removes the routes of a group: the very one, or those that ``ip route flush`` selects.

    ``args`` say what all of them have in common beside family, table, type and protocol.
    """
    template = group.items[0].template
    words: t.List[object] = ["table", table_name(template.table), *selector, "proto", template.proto]
    if group.count == 1:
        dst = group.items[0].samples[0]
        words = ["route", "del", dst, *words] + (["metric", template.metric] if template.metric else [])
        args.update(dst=dst, metric=template.metric, tos=template.tos)
    else:
        words = ["route", "flush", *words, "type", template.type]
    args.update(family=template.family, table=template.table, type=template.type, proto=template.proto)
    return check.step("route.del", args, *words, family=template.family)


def samples_of(group: Group[RouteGroup]) -> t.Tuple[str, ...]:
    return tuple(dst for item in group.items for dst in item.samples)[:SAMPLES]


def templates_of(group: Group[RouteGroup]) -> t.List[Route]:
    return [item.template for item in group.items]


@rule(
    id="RC201",
    name="route-source-gone",
    severity="high",
    title="Routes prescribe a source address that is not the host's any more",
    rationale=(
        "When an address leaves, the kernel removes the routes with that preferred source from table main only. In any "
        "other table they stay, and packets that they carry leave with a source that no answer can come back to."
    ),
    proof="The route's src is on no link and not in the local table; the kernel is asked which packets still take it.",
    false_positives=(
        "A source on another link or of type local in the local table is local. Kernel routes are left out. Routes of an "
        "owner that lives are not removed: it withdraws them when it is restarted, and would put back what is taken away."
    ),
    remedies=("owner.release", "owner.restart", "address.add", "route.del"),
)
class RouteSourceGone(OwnedCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._tally: Tally[t.Tuple[int, int, str, str], RouteGroup] = Tally()

    def routes(self, group: RouteGroup) -> None:
        template = group.template
        if template.prefsrc is None or not is_foreign(template) or self.index.is_local(template.prefsrc):
            return
        self._tally.add((template.family, template.table, template.prefsrc, template.proto), group, group.count)

    def conclude(self) -> t.Iterable[Finding]:
        for (family, table, source, proto), group in self._tally:
            if self._is_local_now(source):
                continue
            template = group.items[0].template
            samples = samples_of(group)
            carrier = worst(self.carrier_of(item.template, dst) for item in group.items[:4] for dst in item.samples[:2])
            words = ["route", "show", "table", table_name(table), "src", source]
            used = {
                "this": "packets that take them leave with that source, and no answer comes back",
                "nothing": "the kernel refuses packets to them",
                "another": "another route stands before them",
            }.get(carrier, "only packets that a policy rule sends to that table take them")
            back = tuple(self.declared_address(source))
            settled = self.settled(
                "route",
                templates_of(group),
                [delete_step(self, group, "src", source, source=source)],
                "If a daemon made them (proto %s) and runs, it is the one to withdraw them: it would put them back."
                % proto,
                restarts=True,
                table=table,
                interface=self.index.name_of(template.hops[0].ifindex) if template.hops else None,
            )
            yield self.finding(
                "route",
                {"family": family, "table": table, "source": source, "proto": proto},
                "%s in %s prescribe%s the source %s, which is not an address of this host any more: %s."
                % (plural(group.count, "route"), in_table(table), "s" * (group.count == 1), source, used),
                [
                    self.saw(
                        "%s, %s" % (several(samples, total=group.count), via(template, self.name)),
                        *words,
                        family=family,
                    ),
                    *self.holds_address(source),
                    *settled.evidence,
                ],
                severity=severity_of(carrier),
                confidence="proven",
                remedy=back or settled.remedy,
                advice="Intent declares the address: bring it back." if back else settled.advice,
                owner=settled.owner,
                count=group.count,
                samples=samples,
                details={"cause": "source-not-local", "carried_by": carrier},
            )
        yield from self.others("route", self._tally.others.count, samples_of(self._tally.others))

    def _is_local_now(self, address: str) -> bool:
        answer = self.answer(Query(to=address))
        return answer is not None and answer.route is not None and answer.route.type == "local"


@rule(
    id="RC204",
    name="table-unreferenced",
    severity="medium",
    title="A routing table has routes, and no policy rule leads to it",
    rationale=(
        "A table is looked at only where a policy rule says so. When the rules are gone, by an unfinished cleanup or "
        "because somebody else's cleanup took them, its routes do nothing: they are litter, or the traffic that they "
        "were made for silently takes another way."
    ),
    proof="The rules of that family, read whole, name the table nowhere; no VRF has it.",
    false_positives=(
        "main, local and default are always reached. A table that a rule names only with a mark, an interface or a user "
        "is reached. The table of a VRF is reached by the l3mdev rule. Where a route uses seg6local, which may look up "
        "a table by itself, the finding is a hint. Where an owner lives that makes rules to the table, its rules were taken "
        "away: nothing of it is removed."
    ),
    remedies=("owner.release", "owner.restart", "route.del", "rule.add"),
)
class TableUnreferenced(OwnedCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        rules = self.index.snapshot.rules
        self._reached = {(rule.family, rule.table) for rule in rules if rule.table is not None}
        self._vrf = {link.vrf_table for link in self.index.links if link.vrf_table is not None}
        self._tally: Tally[t.Tuple[int, int], RouteGroup] = Tally()
        self._useful: t.Set[t.Tuple[int, int]] = set()
        self._segments = False

    def routes(self, group: RouteGroup) -> None:
        template = group.template
        if any(hop.encap == "seg6local" for hop in template.hops):
            self._segments = True
        key = (template.family, template.table)
        if template.table in NEVER_UNREFERENCED or template.proto == "kernel":
            return
        if key in self._reached or template.table in self._vrf:
            return
        self._tally.add(key, group, group.count)
        works = template.type == "unicast" and any(self._works(hop) for hop in template.hops)
        if works and len(self._useful) < TABLES:
            self._useful.add(key)

    def _works(self, hop: Hop) -> bool:
        link = self.index.link(hop.ifindex)
        return link is not None and link.up and not {"dead", "linkdown"} & set(hop.flags)

    def conclude(self) -> t.Iterable[Finding]:
        for (family, table), group in self._tally:
            useful = (family, table) in self._useful
            declared = [item for item in self.intent.rules if item.get("table") == table and item["family"] == family]
            routes = self.step(
                "route.del", {"family": family, "table": table}, "route", "flush", "table", table, family=family
            )
            settled = self._settled(group, table, routes)
            robbed = settled.keeps and settled.state is not None and _has_rules(settled.state, table)
            yield self.finding(
                "route",
                {"family": family, "table": table},
                "Table %d has %s (IPv%d) and no policy rule leads to it: %s."
                % (
                    table,
                    plural(group.count, "route"),
                    family,
                    "%s, which is alive, made them, and the rules that are to lead there are gone"
                    % shown(settled.state.name if settled.state else "")
                    if robbed
                    else "they work and are not used, so what they were made for takes another way"
                    if useful
                    else "they are left over, and none of them could carry a packet",
                ),
                [
                    self.saw(
                        several(samples_of(group), total=group.count), "route", "show", "table", table, family=family
                    ),
                    self.saw("no rule looks up table %d" % table, "rule", "show", family=family),
                    *settled.evidence,
                ],
                severity="high" if robbed else "medium" if useful else "low",
                confidence="hint" if self._segments else "strong",
                remedy=self._remedy(settled, robbed, useful or bool(declared)),
                advice=(
                    "Somebody else removed the rules (a network manager that takes away what it does not know, a cleanup): "
                    "the owner puts them back when it is restarted. Keep the other one from doing it again."
                    if robbed
                    else settled.advice
                ),
                owner=settled.owner,
                count=group.count,
                samples=samples_of(group),
                details={"cause": "table-unreferenced", "useful": useful, "rules_gone": robbed},
            )
        yield from self.others("route", self._tally.others.count, samples_of(self._tally.others))

    def _settled(self, group: Group[RouteGroup], table: int, flush: Step) -> Settled:
        return self.settled(
            "route",
            templates_of(group),
            [flush],
            "Either the rules that led here were removed (put them back) or the routes are left over (%s). Which of the two "
            "only their owner knows; what made them is proto %s."
            % (flush.command, several(sorted({item.template.proto for item in group.items}))),
            restarts=True,
            table=table,
        )

    def _remedy(self, settled: Settled, robbed: bool, may_be_wanted: bool) -> t.Tuple[Step, ...]:
        """A restart is for an owner whose rules are gone: one that never has any would not make them."""
        if settled.keeps:
            return settled.remedy if robbed else ()
        return tuple(step for step in settled.remedy if step.op != "route.del" or not may_be_wanted)


def _has_rules(state: OwnerState, table: int) -> bool:
    """Is an owner known to make rules that lead to this table, or to have the table for itself?"""
    if any(low <= table <= high for mark in state.marks if mark.kind in ("rule", "route") for low, high in mark.tables):
        return state.alive is True
    wanted = [want.selector for want in state.wants or () if want.kind == "rule"]
    return state.alive is True and any(str(selector.get("table")) == str(table) for selector in wanted)


@rule(
    id="RC205",
    name="route-shadowed",
    severity="info",
    title="Routes are hidden by better ones to the same destination on the same link",
    rationale=(
        "Two managers that both install a route (a DHCP client and a network manager, an old and a new configuration) "
        "leave two entries for one destination. The kernel takes the better one; the other waits, and takes over on the "
        "day when the first is removed, with whatever gateway and source it has."
    ),
    proof="The dump shows both next to each other: same table, destination and TOS, the other one first.",
    false_positives=(
        "A route with a higher metric on another link is a backup, and left out. So are routes that the kernel made "
        "(connected ones, router advertisements, redirects), and the routes of a daemon that is alive to networks that "
        "are connected: routing daemons write what they learnt beside what the kernel has."
    ),
    remedies=("route.del",),
)
class RouteShadowed(OwnedCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._tally: Tally[t.Tuple[t.Any, ...], RouteGroup] = Tally()

    def routes(self, group: RouteGroup) -> None:
        template, before = group.template, group.beaten_by
        if before is None or not is_foreign(template) or template.proto == "ra" or before.type != "unicast":
            return
        links = [hop.ifindex for hop in template.hops]
        if not links or set(links) != {hop.ifindex for hop in before.hops}:
            return
        key = (
            template.family,
            template.table,
            template.proto,
            template.metric,
            tuple(self.index.name_of(number) for number in links),
            tuple(hop.gateway for hop in template.hops),
            before.proto,
            before.metric,
            tuple(hop.gateway for hop in before.hops),
        )
        self._tally.add(key, group, group.count)

    def conclude(self) -> t.Iterable[Finding]:
        for (family, table, proto, metric, links, gateways, other, its_metric, its_gateways), group in self._tally:
            twin = gateways == its_gateways
            item = group.items[0]
            words: t.List[object] = ["dev", links[0]] if len(links) == 1 else []
            words += ["via", gateways[0]] if len(gateways) == 1 and gateways[0] else []
            settled = self.settled(
                "route",
                templates_of(group),
                [delete_step(self, group, *words, interfaces=list(links), gateways=list(gateways))]
                if twin and group.count == 1
                else (),
                "Find out which of the two managers (proto %s, proto %s) is to have the route, and take it from the other "
                "one's configuration." % (proto, other),
                table=table,
            )
            if settled.kept_alive and other == "kernel":
                continue
            yield self.finding(
                "route",
                {
                    "family": family,
                    "table": table,
                    "proto": proto,
                    "metric": metric,
                    "interfaces": list(links),
                    "gateways": list(gateways),
                },
                "%s in %s (proto %s, metric %d, %s) %s never used: the same destination on the same link has a better "
                "route (proto %s, metric %d%s)."
                % (
                    plural(group.count, "route"),
                    in_table(table),
                    proto,
                    metric,
                    via(item.template, self.name),
                    "is" if group.count == 1 else "are",
                    other,
                    its_metric,
                    ", the same next hop" if twin else ", " + via(item.beaten_by or item.template, self.name),
                ),
                [
                    self.saw(
                        "two routes to %s" % item.samples[0],
                        "route",
                        "show",
                        "table",
                        table_name(table),
                        "exact",
                        item.samples[0],
                        family=family,
                    ),
                    *settled.evidence,
                ],  # fmt: skip
                severity="info" if twin else "low",
                remedy=tuple(step for step in settled.remedy if step.op == "route.del"),
                advice=settled.advice,
                owner=settled.owner,
                count=group.count,
                samples=samples_of(group),
                details={"cause": "route-shadowed"},
            )
        yield from self.others("route", self._tally.others.count, samples_of(self._tally.others))
