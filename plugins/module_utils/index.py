# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The small tables of a snapshot, indexed for the questions that rules ask. Pure."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from .model import Address, Event, Hop, Link, Neighbour, NextHop, OwnerState, Route, Rule, Snapshot

FALLBACK_LINKS = frozenset(("gre0", "gretap0", "erspan0", "tunl0", "sit0", "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0"))
"""Links that the kernel makes by itself when a tunnel module loads: never a finding."""


class Index:
    """What one host looks like. Built once, never changed."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._links = {link.ifindex: link for link in snapshot.links}
        self._by_name = {link.name: link for link in snapshot.links}
        self._nexthops = {nexthop.id: nexthop for nexthop in snapshot.nexthops}
        self._neighbours = {(item.ifindex, item.address): item for item in snapshot.neighbours}
        self._addresses_on: t.Dict[int, t.List[Address]] = {}
        for address in snapshot.addresses:
            self._addresses_on.setdefault(address.ifindex, []).append(address)
        self._rules: t.Dict[Rule, t.Optional[Rule]] = {}
        for family in (4, 6):
            rules = self.rules(family)
            self._rules.update(zip(rules, (*rules[1:], None)))
        self._held = {address.address for address in snapshot.addresses}
        self._local_nets = []
        for prefix in snapshot.local:
            network = ipaddress.ip_network(prefix)
            if network.prefixlen == network.max_prefixlen:
                self._held.add(str(network.network_address))
            else:
                self._local_nets.append(network)

    @property
    def links(self) -> t.Sequence[Link]:
        return self.snapshot.links

    @property
    def events(self) -> t.Sequence[Event]:
        return self.snapshot.events

    @property
    def owners(self) -> t.Sequence[OwnerState]:
        return self.snapshot.owners

    def link(self, ifindex: int | None) -> Link | None:
        return None if ifindex is None else self._links.get(ifindex)

    def link_named(self, name: str | None) -> Link | None:
        return None if name is None else self._by_name.get(name)

    def name_of(self, ifindex: int | None) -> str | None:
        """A link's name, ``if7`` where the link is gone (the kernel's own notation), None for None."""
        if ifindex is None:
            return None
        link = self._links.get(ifindex)
        return link.name if link else "if%d" % ifindex

    def addresses_on(self, ifindex: int) -> t.Sequence[Address]:
        return self._addresses_on.get(ifindex, ())

    def nexthop(self, number: int | None) -> NextHop | None:
        return None if number is None else self._nexthops.get(number)

    def with_hops(self, item: t.Any) -> t.Any:
        """An object; a route with the next hops of its next-hop object, which the spelling that is sent to the kernel
        (``Seen``) leaves out."""
        if not isinstance(item, Route) or item.nhid is None or item.hops:
            return item
        nexthop = self.nexthop(item.nhid)
        members = () if nexthop is None else nexthop.group or ((nexthop.id, 1),)
        found = [(self.nexthop(number), weight) for number, weight in members]
        hops = [Hop(each.ifindex, each.gateway, weight) for each, weight in found if each is not None]
        return dataclasses.replace(item, hops=tuple(hops))

    def neighbour(self, ifindex: int, address: str) -> Neighbour | None:
        return self._neighbours.get((ifindex, address))

    def rules(self, family: int) -> t.Sequence[Rule]:
        """The policy rules of a family in the order in which the kernel tries them."""
        return [rule for rule in self.snapshot.rules if rule.family == family]

    def has_rule(self, rule: Rule) -> bool:
        return rule in self._rules

    def rule_after(self, rule: Rule) -> Rule | None:
        """The policy rule that the kernel tries right after another one of the same family."""
        return self._rules.get(rule)

    def is_local(self, address: str) -> bool:
        """Would the kernel accept this source? Host-wide: on whichever link, or of type local in the local table."""
        bare = address.partition("%")[0]
        if bare in self._held:
            return True
        parsed = ipaddress.ip_address(bare)
        return any(parsed in network for network in self._local_nets)


def is_unspecified(address: str) -> bool:
    return address in ("0.0.0.0", "::", "*")
