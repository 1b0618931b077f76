# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses that clash: one subnet on two links, or one address on two hosts."""

from __future__ import annotations

import ipaddress
import itertools
import typing as t

from ..model import Address, Evidence, Finding, Link, Query
from .base import rule
from .common import HostCheck, Network, is_link_local, several

_UNUSABLE = ("tentative", "dadfailed", "deprecated")
_PAIR = t.Tuple[Link, Address]


@rule(
    id="RC406",
    name="duplicate-subnet",
    severity="medium",
    title="Two links of one host are in the same subnet",
    rationale=(
        "With the same subnet on two links the kernel takes one of them for all packets to it, also for answers from the "
        "other link's address: replies leave by the wrong link, reverse-path filters drop them, and ARP answers for both "
        "addresses come from both links."
    ),
    proof=(
        "Two links that are up have addresses in the same prefix; asked for a neighbour there from each of these "
        "addresses, the kernel takes the other link for at least one."
    ),
    false_positives=(
        "Policy rules by source that keep them apart show in the kernel's answers. Links in different VRFs, a link and "
        "its bridge, bond, VLAN or macvlan, link-local prefixes, host addresses and point-to-point peers are left out, "
        "as are addresses that are deprecated or not usable yet."
    ),
    remedies=("address.del", "rule.add"),
)
class DuplicateSubnet(HostCheck):
    def conclude(self) -> t.Iterable[Finding]:
        subnets: t.Dict[Network, t.List[_PAIR]] = {}
        for item in self.index.snapshot.addresses:
            link = self.index.link(item.ifindex)
            if link is not None and link.up and not link.loopback and self._counts(item):
                net = ipaddress.ip_network("%s/%d" % (item.address, item.prefixlen), strict=False)
                subnets.setdefault(net, []).append((link, item))
        for net in sorted(subnets, key=str):
            pairs = _one_per_link(subnets[net])
            clash = [
                each for each in pairs if any(self._separate(each[0], other[0]) for other in pairs if other != each)
            ]
            if len(clash) > 1:
                finding = self._judge(net, clash[:16])
                if finding is not None:
                    yield finding

    def _counts(self, item: Address) -> bool:
        host = 32 if item.family == 4 else 128
        if item.prefixlen in (0, host) or item.peer is not None or is_link_local(item.address):
            return False
        return not set(_UNUSABLE) & set(item.flags)

    def _separate(self, one: Link, other: Link) -> bool:
        """Are they two links on their own, and in one routing domain?"""
        if one.ifindex == other.ifindex or self._vrf(one) != self._vrf(other):
            return False
        if self._lowest(one) == self._lowest(other):
            return False
        related = {one.master, other.master} & {one.ifindex, other.ifindex}
        return not related and not (one.master is not None and one.master == other.master and self._vrf(one) is None)

    def _lowest(self, link: Link) -> int:
        """The link that carries its packets in the end. The parent of a veth is its peer."""
        seen = {link.ifindex}
        while link.kind != "veth" and link.parent not in seen and link.peer_netns is None:
            lower = self.index.link(link.parent)
            if lower is None:
                break
            seen.add(lower.ifindex)
            link = lower
        return link.ifindex

    def _vrf(self, link: Link) -> int | None:
        seen: t.Set[int] = set()
        current: t.Optional[Link] = link
        while current is not None and current.ifindex not in seen:
            if current.vrf_table is not None:
                return current.ifindex
            seen.add(current.ifindex)
            current = self.index.link(current.master)
        return None

    def _judge(self, net: Network, pairs: t.Sequence[_PAIR]) -> Finding | None:
        target = self._neighbour(net)
        if target is None:
            return None
        asked = {item.address: Query(to=target, source=item.address) for _link, item in pairs}
        answers = self.answers(asked.values())
        strays = []
        for link, item in pairs:
            answer = answers.get(asked[item.address])
            hops = answer.route.hops if answer is not None and answer.route is not None else ()
            if hops and hops[0].ifindex != link.ifindex:
                strays.append((link, item, hops[0].ifindex))
        if not strays:
            return None  # policy rules keep them apart
        link, item, taken = strays[0]
        family = 6 if net.version == 6 else 4
        names = sorted(each.name for each, _item in pairs)
        evidence = [
            self.saw("%s/%d" % (held.address, held.prefixlen), "address", "show", "dev", each.name)
            for each, held in pairs[:4]
        ]
        words = ["route", "get", target, "from", item.address]
        evidence.append(
            self.saw(
                "from %s (on %s) it goes out on %s" % (item.address, self.name(link.ifindex), self.name(taken)), *words
            )
        )
        return self.finding(
            "address",
            {"prefix": str(net), "interfaces": names},
            "%s is the subnet of %s: what %s answers from %s leaves by %s."
            % (
                net,
                several([self.name(each.ifindex) for each, _item in pairs]),
                self.name(link.ifindex),
                item.address,
                self.name(taken),
            ),
            evidence,
            severity="medium" if family == 4 else "low",
            confidence="proven",
            advice=(
                "Take one of the two links out of the subnet, or keep them apart: a policy rule `from ADDRESS lookup "
                "TABLE` for each address with a table for each link, or a VRF, or a bond if both lead to one network."
            ),
            count=len(pairs),
            samples=tuple("%s/%d" % (held.address, held.prefixlen) for _link, held in pairs),
            details={"cause": "duplicate-subnet"},
        )

    def _neighbour(self, net: Network) -> str | None:
        """An address in the subnet that is not the host's own."""
        hosts = net.hosts() if net.num_addresses > 2 else iter(net)
        for host in itertools.islice(hosts, 64):
            if not self.index.is_local(str(host)) and not (net.version == 6 and host == net.network_address):
                return str(host)
        return None


def _one_per_link(pairs: t.Iterable[_PAIR]) -> t.List[_PAIR]:
    first: t.Dict[int, _PAIR] = {}
    for link, item in pairs:
        first.setdefault(link.ifindex, (link, item))
    return sorted(first.values(), key=lambda pair: pair[0].name)


@rule(
    id="RC409",
    name="address-duplicate",
    severity="high",
    title="An address is in use by another host: duplicate address detection failed",
    rationale=(
        "IPv6 asks the link whether an address is free before it uses it (RFC 4862). When somebody answers, the address "
        "stays configured and is never used: it shows in every listing, no program can bind to it, nothing arrives."
    ),
    proof="The kernel's own flag on the address: dadfailed.",
    false_positives="An address that is tentative only is still being asked about. IPv4 has no such flag.",
    remedies=(),
)
class AddressDuplicate(HostCheck):
    def conclude(self) -> t.Iterable[Finding]:
        failed = [item for item in self.index.snapshot.addresses if "dadfailed" in item.flags]
        for item in sorted(failed, key=lambda each: (self.raw_name(each.ifindex), each.address)):
            name, raw = self.name(item.ifindex), self.raw_name(item.ifindex)
            if raw == "lo":
                continue
            text = "%s/%d" % (item.address, item.prefixlen)
            yield self.finding(
                "address",
                {"interface": raw, "address": text},
                "%s on %s is not used: another host on that link has the same address." % (text, name),
                [
                    self.saw("%s is flagged dadfailed" % text, "-6", "address", "show", "dev", raw, "dadfailed"),
                    Evidence("kernel", "the kernel logged it", "journalctl -k --grep 'duplicate address'"),
                ],
                confidence="proven",
                advice=(
                    "Find the other host (its neighbour entry for %s on a third host shows its link-layer address) and "
                    "take the address from one of the two; then remove and add it here, for the kernel does not try "
                    "again. Two virtual machines with one MAC address get the same link-local one." % item.address
                ),
                details={"cause": "address-duplicate", "flags": list(item.flags)},
            )
