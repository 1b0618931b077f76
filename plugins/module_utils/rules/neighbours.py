# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Neighbour entries that are left over, and next hops that do not answer."""

from __future__ import annotations

import typing as t

from ..model import Answer, Finding, Neighbour, Query, RouteGroup
from .base import rule
from .common import OBJECTS, SAMPLES, is_foreign, is_link_local, is_multicast, plural, several
from .nexthops import has_neighbours
from .owned import OwnedCheck
from .tally import Group, Tally

_OTHERS = ("proxy", "extern_learn", "managed", "self", "master")
"""Flags of entries that somebody else looks after: proxies, control planes (EVPN, Cilium), bridges."""


@rule(
    id="RC408",
    name="neighbour-stale",
    severity="low",
    title="Permanent neighbour entries of a subnet that is gone, or a next hop of several that does not answer",
    rationale=(
        "A permanent entry never times out: when the node behind it is gone, or its address is given to another, the "
        "entry stays and packets go to the old link-layer address. And of several next hops of one route the kernel goes "
        "on to use one that does not answer: a share of the traffic is lost."
    ),
    proof=(
        "The entry is PERMANENT, the kernel, asked for its address on its link, finds no connected route, and no route "
        "has it as a gateway. Or: the entry is FAILED and a route with other next hops uses it."
    ),
    false_positives=(
        "An entry in a connected subnet, and one that a route uses as its gateway (flannel), is in use. Proxy entries, "
        "those of a control plane (extern_learn, managed), link-local and multicast ones are left out. A route of which "
        "no next hop works is RC202."
    ),
    remedies=("neighbour.del",),
)
class NeighbourStale(OwnedCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._permanent: t.Dict[t.Tuple[int, str], Neighbour] = {}
        self._failed: t.Dict[t.Tuple[int, str], Neighbour] = {}
        for item in self.index.snapshot.neighbours:
            link = self.index.link(item.ifindex)
            if link is None or link.loopback or not link.up:
                continue
            if item.state == "FAILED" and has_neighbours(link):
                self._failed[item.ifindex, item.address] = item
            elif item.state == "PERMANENT" and self._counts(item):
                self._permanent[item.ifindex, item.address] = item
        self._using: Tally[t.Tuple[int, str], RouteGroup] = Tally()

    def _counts(self, item: Neighbour) -> bool:
        if set(item.flags) & set(_OTHERS) or item.proto == "kernel":
            return False
        return not is_link_local(item.address) and not is_multicast(item.address)

    def routes(self, group: RouteGroup) -> None:
        hops = group.template.hops
        if not self._permanent and not (self._failed and len(hops) > 1):
            return
        pairs = [(hop.ifindex, hop.gateway) for hop in hops if hop.ifindex is not None and hop.gateway is not None]
        failed = [pair for pair in pairs if pair in self._failed]
        for pair in pairs:
            self._permanent.pop(pair, None)
        if failed and len(hops) > len(failed) and is_foreign(group.template):
            for pair in failed:
                self._using.add(pair, group, group.count)

    def conclude(self) -> t.Iterable[Finding]:
        asked = {key: Query(to=item.address, interface=item.ifindex) for key, item in sorted(self._permanent.items())}
        answers = self.answers(asked.values())
        tally: Tally[t.Tuple[int, int], Neighbour] = Tally(kept=OBJECTS)
        for key, query in asked.items():
            item = self._permanent[key]
            if _is_off_link(answers.get(query), item.ifindex):
                tally.add((item.ifindex, item.family), item)
        for (ifindex, family), stale in tally:
            yield self._stale(ifindex, family, stale)
        yield from self.others("neighbour", tally.others.count, (item.address for item in tally.others.items))
        for (ifindex, gateway), users in self._using:
            yield self._silent(ifindex, gateway, users)

    def _stale(self, ifindex: int, family: int, group: Group[Neighbour]) -> Finding:
        name, raw = self.name(ifindex), self.raw_name(ifindex)
        addresses = tuple(item.address for item in group.items)
        link = self.index.link(ifindex)
        removal = [
            self.step(
                "neighbour.del",
                {"interface": raw, "address": address, "state": "PERMANENT"},
                "neigh",
                "del",
                address,
                "dev",
                raw,
            )
            for address in addresses
        ]
        settled = self.settled(
            "link",
            [link] if link is not None else [],
            removal,
            "They carry nothing now. If the subnet comes back, packets go to the old link-layer addresses.",
        )
        return self.finding(
            "neighbour",
            {"interface": raw, "family": family},
            "%s on %s for addresses that are on no subnet of that link any more: %s."
            % (
                plural(group.count, "permanent neighbour entry", "permanent neighbour entries"),
                name,
                several(addresses, total=group.count),
            ),
            [
                self.saw(several(addresses, total=group.count), "neigh", "show", "dev", raw, "nud", "permanent", family=family),
                self.saw("no connected route on that link", "route", "get", addresses[0], "oif", raw),
                *settled.evidence,
            ],
            confidence="proven",
            remedy=[step for step in settled.remedy if step.op == "neighbour.del"],
            advice=settled.advice,
            owner=settled.owner,
            count=group.count,
            samples=addresses[:SAMPLES],
            details={"cause": "neighbour-stale"},
        )  # fmt: skip

    def _silent(self, ifindex: int, gateway: str, group: Group[RouteGroup]) -> Finding:
        name, raw = self.name(ifindex), self.raw_name(ifindex)
        samples = tuple(dst for item in group.items for dst in item.samples)[:SAMPLES]
        return self.finding(
            "neighbour",
            {"interface": raw, "gateway": gateway},
            "%s on %s does not answer, and %s it as one of several next hops: their share of the traffic is lost."
            % (gateway, name, plural(group.count, "route uses", "routes use")),
            [
                self.saw("%s is FAILED" % gateway, "neigh", "show", "to", gateway, "dev", raw),
                self.saw(several(samples, total=group.count), "route", "show", "table", "all", "via", gateway),
            ],
            severity="medium",
            confidence="strong",
            advice=(
                "See whether the gateway is there. The kernel avoids a next hop that does not answer only with "
                "net.ipv4.fib_multipath_use_neigh=1."
            ),
            count=group.count,
            samples=samples,
            details={"cause": "neighbour-failed"},
        )


def _is_off_link(answer: Answer | None, ifindex: int) -> bool:
    if answer is None:
        return False
    if answer.errno is not None or answer.match is None:
        return True
    return not any(hop.gateway is None and hop.ifindex == ifindex for hop in answer.match.hops)
