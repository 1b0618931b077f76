# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Next hops: routes that lead into nothing, gateways that are off their subnet, next-hop objects that nobody uses."""

from __future__ import annotations

import ipaddress
import typing as t

from ..model import Finding, Hop, Link, NextHop, Query, Route, RouteGroup, Step
from ..reach.policy import table_name
from .base import rule
from .common import OBJECTS, SAMPLES, family_of, in_table, is_foreign, is_link_local, plural, several, via
from .owned import OwnedCheck, owner_of
from .routes import samples_of, severity_of, templates_of, worst
from .tally import Tally

BUFFER = 256
"""Groups of routes that wait while their gateways are asked about together."""
GATEWAYS = 4096


def has_neighbours(link: Link | None) -> bool:
    """Does it ask for link-layer addresses? tun, GRE and WireGuard links have none: any gateway is as good there."""
    return link is not None and len(link.lladdr or "") == 17


def no_carrier(link: Link) -> bool:
    """Up, and nothing on the other end. UNKNOWN is healthy: such a link cannot tell."""
    return link.up and not link.carrier and link.operstate != "UNKNOWN"


class HopCheck(OwnedCheck):
    """A check that must know whether gateways are directly reachable: asked for many at once, remembered for each."""

    budget = 2 * GATEWAYS

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._known: t.Dict[t.Tuple[int, str], bool] = {}
        self._buffer: t.List[RouteGroup] = []
        self._direct: t.Dict[t.Tuple[int, int], t.Optional[t.Set[str]]] = {}

    def routes(self, group: RouteGroup) -> None:
        template = group.template
        if not is_foreign(template) and template.proto != "kernel" or template.type != "unicast":
            return
        self._note_direct(group)
        if is_foreign(template) and template.hops:
            self._buffer.append(group)
            if len(self._buffer) >= BUFFER:
                self._drain()

    def _note_direct(self, group: RouteGroup) -> None:
        """Prefixes that a table has directly on a link: there a gateway may be, also where no rule leads to it."""
        template = group.template
        for hop in template.hops:
            if hop.gateway is not None or hop.ifindex is None or template.table in (254, 255):
                continue
            key = (template.table, hop.ifindex)
            prefixes = self._direct.setdefault(key, set()) if len(self._direct) < GATEWAYS else None
            if prefixes is None or group.count > len(group.samples) or len(prefixes) >= 64:
                self._direct[key] = None  # too many to know
            else:
                prefixes.update(group.samples)

    def _drain(self) -> None:
        asked: t.Dict[t.Tuple[int, str], Query] = {}
        for group in self._buffer:
            for hop in group.template.hops:
                if hop.ifindex is None or hop.gateway is None or "onlink" in hop.flags:
                    continue
                pair = (hop.ifindex, hop.gateway)
                if pair not in self._known and pair not in asked and self._is_asked(hop):
                    asked[pair] = Query(to=hop.gateway, interface=hop.ifindex)
        answers = self.answers(asked.values())
        if len(self._known) + len(asked) > GATEWAYS:
            self._known.clear()
        for pair, query in asked.items():
            answer = answers.get(query)
            if answer is not None:
                match = answer.match
                self._known[pair] = match is not None and any(
                    each.gateway is None and each.ifindex == pair[0] for each in match.hops
                )
        for group in self._buffer:
            self.judge(group)
        self._buffer.clear()

    def _is_asked(self, hop: Hop) -> bool:
        """Only where the link has neighbours and no address on it has the gateway in its subnet."""
        if hop.ifindex is None or hop.gateway is None or not has_neighbours(self.index.link(hop.ifindex)):
            return False
        if is_link_local(hop.gateway) and ":" in hop.gateway:
            return False
        gateway = ipaddress.ip_address(hop.gateway)
        for item in self.index.addresses_on(hop.ifindex):
            near = item.peer or item.address
            if gateway in ipaddress.ip_network("%s/%d" % (near, item.prefixlen), strict=False):
                return False
        return True

    def judge(self, group: RouteGroup) -> None:
        """Called with each group once what is to know of its gateways is known."""
        raise NotImplementedError

    def is_off_link(self, group: RouteGroup, hop: Hop) -> bool:
        """Does the kernel say that the gateway is not directly on its link?"""
        if hop.ifindex is None or hop.gateway is None or "onlink" in hop.flags:
            return False
        if self._known.get((hop.ifindex, hop.gateway), True):
            return False
        direct = self._direct.get((group.template.table, hop.ifindex), set())
        if direct is None:
            return False
        gateway = ipaddress.ip_address(hop.gateway)
        return not any(gateway in ipaddress.ip_network(prefix, strict=False) for prefix in direct)

    def has_subnet(self, hop: Hop) -> bool:
        """Does the hop's link have an address of the gateway's family?"""
        if hop.ifindex is None or hop.gateway is None:
            return False
        family = family_of(hop.gateway)
        return any(
            item.family == family and not (family == 6 and is_link_local(item.address))
            for item in self.index.addresses_on(hop.ifindex)
        )


_WHY = {
    "link-down": "is down",
    "no-carrier": "has no carrier",
    "gateway-off-link": "has no subnet with that gateway any more",
    "neighbour-failed": "has no answer from that gateway",
    "dead": "is flagged dead by the kernel",
}


@rule(
    id="RC202",
    name="route-nexthop-dead",
    severity="high",
    title="Routes lead into nothing: none of their next hops works",
    rationale=(
        "A route stays in the table while the link that it uses has no carrier, while its gateway does not answer, or "
        "after the subnet of its gateway left the link. Packets are taken and go nowhere, or are refused."
    ),
    proof=(
        "The kernel flags the hop dead or linkdown, its link is down or has no carrier, the kernel knows the gateway on "
        "no subnet of that link, or the neighbour entry of the gateway is FAILED. Asked for a destination, the kernel "
        "says whether another route carries it."
    ),
    false_positives=(
        "A multipath route with one working hop works. operstate UNKNOWN is healthy; links without neighbours (tun, "
        "GRE, WireGuard) take any gateway; a hop that is flagged onlink was meant so. A gateway off a subnet that its "
        "link does have is RC407."
    ),
    remedies=("route.del", "link.up"),
)
class RouteNexthopDead(HopCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._tally: Tally[t.Tuple[t.Any, ...], RouteGroup] = Tally()

    def judge(self, group: RouteGroup) -> None:
        template = group.template
        reasons = tuple(self._reason(group, hop) for hop in template.hops)
        if all(reasons):
            hops = tuple((hop.ifindex, hop.gateway) for hop in template.hops)
            self._tally.add((template.family, template.table, template.proto, hops, reasons), group, group.count)

    def _reason(self, group: RouteGroup, hop: Hop) -> str | None:
        link = self.index.link(hop.ifindex)
        if link is not None and (link.loopback or link.kind == "vrf"):
            return None
        if link is not None and not link.up:
            return "link-down"
        if link is not None and no_carrier(link):
            return "no-carrier"
        if {"dead", "linkdown"} & set(hop.flags):
            return "dead"
        if self.is_off_link(group, hop) and not self.has_subnet(hop):
            return "gateway-off-link"
        if hop.gateway is not None and hop.ifindex is not None and has_neighbours(link):
            entry = self.index.neighbour(hop.ifindex, hop.gateway)
            if entry is not None and entry.state == "FAILED":
                return "neighbour-failed"
        return None

    def conclude(self) -> t.Iterable[Finding]:
        self._drain()
        for (family, table, proto, hops, reasons), group in self._tally:
            template = group.items[0].template
            carrier = worst(self.carrier_of(item.template, dst) for item in group.items[:4] for dst in item.samples[:2])
            dead = [
                "%s%s" % (self.name(ifindex), " (via %s) " % gateway if gateway else " ") + _WHY[reason]
                for (ifindex, gateway), reason in zip(hops, reasons)
            ]
            words: t.List[object] = ["dev", self.raw_name(hops[0][0])] if len(hops) == 1 else []
            words += ["via", hops[0][1]] if len(hops) == 1 and hops[0][1] else []
            yield self.finding(
                "route",
                {
                    "family": family,
                    "table": table,
                    "proto": proto,
                    "interfaces": [self.index.name_of(ifindex) for ifindex, _gateway in hops],
                    "gateways": [gateway for _ifindex, gateway in hops],
                },
                "%s in %s lead%s into nothing: %s; %s."
                % (
                    plural(group.count, "route"),
                    in_table(table),
                    "s" * (group.count == 1),
                    several(dead),
                    {
                        "this": "the kernel still sends packets there",
                        "nothing": "the kernel refuses packets to them",
                        "another": "another route carries their packets",
                    }.get(carrier, "packets that a policy rule sends to that table are lost"),
                ),
                [
                    self.saw(
                        "%s %s" % (several(samples_of(group), total=group.count), via(template, self.name)),
                        "route",
                        "show",
                        "table",
                        table_name(table),
                        *words,
                        family=family,
                    ),
                    *self._hop_evidence(hops, reasons),
                ],  # fmt: skip
                severity=severity_of(carrier),
                confidence="strong" if "neighbour-failed" in reasons else "proven",
                remedy=self._remedy(hops, reasons),
                advice=self._advice(reasons, proto),
                owner=owner_of(self.among(templates_of(group))),
                count=group.count,
                samples=samples_of(group),
                details={"cause": reasons[0], "carried_by": carrier},
            )
        yield from self.others("route", self._tally.others.count, samples_of(self._tally.others))

    def _hop_evidence(self, hops: t.Sequence[t.Any], reasons: t.Sequence[str]) -> t.Iterator[t.Any]:
        for (ifindex, gateway), reason in list(zip(hops, reasons))[:4]:
            name = self.raw_name(ifindex)
            if reason == "gateway-off-link":
                yield self.saw("no subnet on it has %s" % gateway, "route", "get", gateway, "oif", name)
                yield self.saw("its addresses", "address", "show", "dev", name)
            elif reason == "neighbour-failed":
                yield self.saw("%s is FAILED" % gateway, "neigh", "show", "to", gateway, "dev", name)
            else:
                yield self.saw("%s %s" % (self.name(ifindex), _WHY[reason]), "link", "show", "dev", name)

    def _remedy(self, hops: t.Sequence[t.Any], reasons: t.Sequence[str]) -> t.Iterator[Step]:
        for (ifindex, _gateway), reason in zip(hops, reasons):
            if reason == "link-down":
                name = self.raw_name(ifindex)
                yield self.step("link.up", {"interface": name}, "link", "set", "dev", name, "up")

    def _advice(self, reasons: t.Sequence[str], proto: str) -> str:
        said = {
            "link-down": "Set the link up; a route that was added anew would be as dead.",
            "no-carrier": "Mend what is on the other end of the link: its cable, its switch port, its peer.",
            "dead": "Mend the link that the route uses.",
            "gateway-off-link": "Bring back the address whose subnet the gateway is in, or remove the route.",
            "neighbour-failed": "See whether the gateway is there: it does not answer ARP or neighbour discovery.",
        }
        told = " ".join(said[reason] for reason in sorted(set(reasons)))
        return told + " If the routes are left over, their owner (proto %s) is to withdraw them." % proto


@rule(
    id="RC407",
    name="gateway-off-subnet",
    severity="medium",
    title="A gateway is outside of its link's subnets, or addresses on one link disagree on the subnet",
    rationale=(
        "The kernel checks a gateway when a route is added, not later. After an address was replaced by one with another "
        "prefix length the old route stays: it may work until the next reboot, when it is refused. Two addresses on one "
        "link whose subnets overlap with different lengths have the same origin: a typing error."
    ),
    proof=(
        "The kernel, asked for the gateway on the route's link, finds no connected route; or two addresses of one link "
        "are in overlapping subnets of different lengths."
    ),
    false_positives=(
        "A hop that is flagged onlink, a host route to the gateway and a link without neighbours (tun, GRE) are meant "
        "so. Host addresses (/32, /128) beside a subnet are VIPs. A link without any address of that family is RC202."
    ),
    remedies=(),
)
class GatewayOffSubnet(HopCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._tally: Tally[t.Tuple[int, str], RouteGroup] = Tally()

    def judge(self, group: RouteGroup) -> None:
        for hop in group.template.hops:
            if hop.ifindex is None or hop.gateway is None:
                continue
            if self.is_off_link(group, hop) and self.has_subnet(hop):
                self._tally.add((hop.ifindex, hop.gateway), group, group.count)

    def conclude(self) -> t.Iterable[Finding]:
        self._drain()
        for (ifindex, gateway), group in self._tally:
            yield self._off_subnet(ifindex, gateway, group.count, samples_of(group), group.items[0].template.table)
        yield from self.others("route", self._tally.others.count, samples_of(self._tally.others))
        yield from self._mismatches()

    def _off_subnet(self, ifindex: int, gateway: str, count: int, samples: t.Tuple[str, ...], table: int) -> Finding:
        name, raw = self.name(ifindex), self.raw_name(ifindex)
        family = family_of(gateway)
        subnets = sorted(
            {
                "%s/%d" % (item.address, item.prefixlen)
                for item in self.index.addresses_on(ifindex)
                if item.family == family
            }
        )
        near = _near_miss(gateway, subnets)
        return self.finding(
            "route",
            {"interface": raw, "gateway": gateway},
            "%s via %s on %s, but that gateway is in no subnet of the link (%s)%s."
            % (
                plural(count, "route leads", "routes lead"),
                gateway,
                name,
                several(subnets),
                ": with the prefix length %d of %s it would be" % near if near else "",
            ),
            [
                self.saw("no connected route to the gateway", "route", "get", gateway, "oif", raw),
                self.saw("the link's addresses", "-%d" % family, "address", "show", "dev", raw),
                self.saw(several(samples, total=count), "route", "show", "table", table_name(table), "via", gateway, family=family),
            ],
            severity="high" if any(item.endswith("/0") for item in samples) else "medium",
            confidence="proven",
            advice=(
                "The route works as long as the gateway answers on that link, and is refused when it is added again (at the "
                "next boot). Correct the prefix length or the gateway in the configuration."
            ),
            count=count,
            samples=samples,
            details={"cause": "gateway-off-subnet", "addresses": subnets[:8]},
        )  # fmt: skip

    def _mismatches(self) -> t.Iterator[Finding]:
        for link in self.index.links:
            nets: t.Dict[t.Any, str] = {}
            for item in self.index.addresses_on(link.ifindex)[:256]:
                if item.peer is None and item.prefixlen < (31 if item.family == 4 else 127) and item.prefixlen > 0:
                    text = "%s/%d" % (item.address, item.prefixlen)
                    nets.setdefault(ipaddress.ip_network(text, strict=False), text)
            if link.loopback or len(nets) < 2:
                continue
            for net in sorted(nets, key=str):
                wider = [
                    other for other in nets if other.version == net.version and other != net and net.subnet_of(other)
                ]
                if wider:
                    yield self._mismatch(link, nets[net], nets[max(wider, key=lambda other: other.prefixlen)])

    def _mismatch(self, link: Link, one: str, other: str) -> Finding:
        return self.finding(
            "address",
            {"interface": link.name, "address": one},
            "%s has %s and %s: two addresses in overlapping subnets of different lengths."
            % (self.name(link.ifindex), one, other),
            [self.saw("both are on it", "address", "show", "dev", link.name)],
            severity="low",
            advice="One of the two prefix lengths is a mistake, as a rule: hosts in the larger subnet see it otherwise.",
            details={"cause": "prefix-length-mismatch", "other": other},
        )


def _near_miss(gateway: str, subnets: t.Sequence[str]) -> t.Tuple[int, str] | None:
    """The prefix length, shorter by at most eight, with which one of the subnets would have the gateway."""
    address = ipaddress.ip_address(gateway)
    for text in subnets:
        net = ipaddress.ip_network(text, strict=False)
        for length in range(net.prefixlen - 1, max(net.prefixlen - 9, 0), -1):
            if address in net.supernet(new_prefix=length):
                return length, text
    return None


@rule(
    id="RC208",
    name="nexthop-unused",
    severity="info",
    title="Next-hop objects that no route and no group uses",
    rationale=(
        "Next-hop objects (ip nexthop) live on their own: a daemon that dies, or forgets them, leaves them behind. They "
        "carry nothing, and an object that comes to have the same id is refused."
    ),
    proof="All routes of all tables were read; none names the object, and no group has it as a member.",
    false_positives=(
        "Objects for bridge forwarding entries (fdb) are used by VXLAN, not by routes. A member of a group is in use by "
        "the group. Those of an owner that is alive are its own: FRR has one for each link that no route uses, and keeps "
        "others for three minutes after their last route (nexthop-group keep)."
    ),
    remedies=("nexthop.del",),
)
class NexthopUnused(OwnedCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._unused = {
            item.id: item for item in self.index.snapshot.nexthops if not item.fdb and item.proto != "kernel"
        }
        for item in self.index.snapshot.nexthops:
            for member, _weight in item.group:
                self._unused.pop(member, None)

    def routes(self, group: RouteGroup) -> None:
        if group.template.nhid is not None:
            self._unused.pop(group.template.nhid, None)

    def conclude(self) -> t.Iterable[Finding]:
        tally: Tally[t.Tuple[str, str], t.Any] = Tally(kept=OBJECTS)
        for number in sorted(self._unused):
            item = self._unused[number]
            tally.add((item.proto or "unspec", self.index.name_of(item.ifindex) or ""), item)
        for (proto, name), group in tally:
            texts = tuple(_object_text(item, name) for item in group.items[:SAMPLES])
            settled = self.settled(
                "route",
                [_route_of(item) for item in group.items],
                [self.step("nexthop.del", {"id": item.id}, "nexthop", "del", "id", item.id) for item in group.items],
                "They do no harm. A daemon that runs (proto %s) may still mean to use them." % proto,
            )
            if settled.kept_alive:
                continue
            yield self.finding(
                "nexthop",
                {"proto": proto, "interface": name or None},
                "%s (proto %s%s) %s used by no route and by no group."
                % (
                    plural(group.count, "next-hop object"),
                    proto,
                    ", on %s" % self.name(group.items[0].ifindex) if name else "",
                    "is" if group.count == 1 else "are",
                ),
                [
                    self.saw(several(texts, total=group.count), "nexthop", "show", *(["dev", name] if name else [])),
                    self.saw("no line has nhid %d" % group.items[0].id, "route", "show", "table", "all"),
                    *settled.evidence,
                ],
                remedy=[step for step in settled.remedy if step.op == "nexthop.del"],
                advice=settled.advice,
                owner=settled.owner,
                count=group.count,
                samples=texts,
                details={"cause": "nexthop-unused"},
            )
        yield from self.others("nexthop", tally.others.count, (_object_text(item, "") for item in tally.others.items))


def _route_of(item: NextHop) -> Route:
    """A route with that next hop: whoever makes such a route made the object for it."""
    return Route(item.family, None, proto=item.proto or "unspec", hops=(Hop(item.ifindex, item.gateway),))


def _object_text(item: t.Any, name: str) -> str:
    words = ["id %d" % item.id]
    words += ["group of %d" % len(item.group)] if item.group else []
    words += ["via %s" % item.gateway] if item.gateway else []
    words += ["blackhole"] if item.blackhole else []
    return " ".join(words)
