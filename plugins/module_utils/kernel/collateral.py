# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change takes along: what the kernel removes with an object, and what its place among others depends on.

Kept before a step, it is what undoing needs; kept before a transaction (the checkpoint), it is what "as it was" means.
Routes that the kernel makes by itself for an address come back with it, and must not come back without it: they are no
collateral. Those of IPv6 in table local are not in a checkpoint either: they come and go in their own time.
"""

from __future__ import annotations

import collections
import dataclasses
import ipaddress
import typing as t

from ..model import TABLE_LOCAL, Address, Link, Neighbour, NextHop, Route, Seen
from .netlink import attributes
from .routes import Filter
from .seen import Key, Place, Slots, Wire, dst_of, keys_of, place_of, route_groups, route_seen, slots, small
from .tables import AF_INET6, IFADDR, unsigned
from .verify import Slot, slot_of

_IFA_RT_PRIORITY = 9
_IPV6_METRIC = 256
"""IP6_RT_PRIO_ADDRCONF."""
_FOLLOWING = ("vlan", "macvlan", "macvtap", "ipvlan")
"""Kinds that go with their parent."""


@dataclasses.dataclass
class Concern:
    """Which routes are at stake."""

    dsts: t.Dict[Place, t.Set[Key]] = dataclasses.field(default_factory=dict)
    slots: t.Dict[Place, t.Set[Slot]] = dataclasses.field(default_factory=dict)
    """Those of these destinations that count."""
    links: t.Dict[int, t.Set[int]] = dataclasses.field(default_factory=lambda: {4: set(), 6: set()})
    """Routes of a family over these."""
    sources: t.Set[str] = dataclasses.field(default_factory=set)
    """Routes that prefer these, over whatever link."""
    nexthops: t.Set[int] = dataclasses.field(default_factory=set)

    def __call__(self, route: Route) -> bool:
        if route.prefsrc in self.sources or route.nhid in self.nexthops:
            return True
        return any(hop.ifindex in self.links[route.family] for hop in route.hops)

    def add(self, seen: Seen) -> None:
        place = place_of(seen)
        self.dsts.setdefault(place, set()).update(keys_of(seen.dsts))
        self.slots.setdefault(place, set()).add(slot_of(seen.raw))


class Tables:
    """The small tables, each read once."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._read: t.Dict[str, t.Tuple[Seen, ...]] = {}

    def __getitem__(self, kind: str) -> t.Tuple[Seen, ...]:
        if kind not in self._read:
            self._read[kind] = small(self.wire, kind)
        return self._read[kind]

    def on(self, kind: str, links: t.Container[int]) -> t.List[Seen]:
        """Those on these links."""
        return [seen for seen in self[kind] if seen.object.ifindex in links]


def collateral(wire: Wire, op: str, seen: Seen) -> t.Tuple[Seen, ...]:
    """Of one step, as it is now. In the order in which it is to be there: see :mod:`.restore`."""
    tables, concern = Tables(wire), Concern()
    if op == "rule.del":
        return tuple(alike for alike in tables["rule"] if _rank(alike) == _rank(seen))
    if op == "route.del":
        return _slot_mates(wire, [seen])[0]
    found: t.List[Seen] = []
    if op == "address.del":
        found = subnet(tables["address"], seen.object) + _address(tables, concern, [seen.object])
    elif op in ("link.up", "link.down", "link.del"):
        found = _link(tables, concern, op, seen.object)
    elif op == "nexthop.del":
        found = _nexthop(tables, concern, seen.object)
    else:
        return ()
    return tuple(found + _of_their_own(tables["address"], routes_of(wire, concern)))


def collaterals(wire: Wire, op: str, seens: t.Sequence[Seen]) -> t.List[t.Tuple[Seen, ...]]:
    """Of steps of one op, each as it is before the first of them. The routes of all of them are read at once."""
    return _slot_mates(wire, seens) if op == "route.del" else [collateral(wire, op, seen) for seen in seens]


def _slot_mates(wire: Wire, seens: t.Sequence[Seen]) -> t.List[t.Tuple[Seen, ...]]:
    """With each of these routes, what shares its slots: their tables are read once."""
    concern = Concern()
    for seen in seens:
        concern.add(seen)
    crowded = _several(routes_of(wire, concern))
    return [tuple(_sharing(seen, crowded)) for seen in seens]


def _sharing(seen: Seen, crowded: t.Sequence[Seen]) -> t.Iterator[Seen]:
    """What stands in the slots of these routes."""
    dsts = set(seen.dsts) if crowded else set()
    for other in crowded:
        if place_of(other) == place_of(seen) and slot_of(other.raw) == slot_of(seen.raw):
            shared = tuple(dst for dst in other.dsts if dst in dsts)
            if shared:
                yield dataclasses.replace(other, dsts=shared)


def checkpoint(wire: Wire, seens: t.Sequence[Seen]) -> t.Tuple[Seen, ...]:
    """The small tables whole, of the neighbours the permanent ones, and the routes that are at stake where these objects
    change."""
    tables, concern = Tables(wire), Concern()
    for seen in seens:
        if seen.kind == "route":
            concern.add(seen)
        elif seen.kind == "link":
            _link(tables, concern, "link.del", seen.object)
        elif seen.kind == "nexthop":
            _nexthop(tables, concern, seen.object)
    _address(tables, concern, [seen.object for seen in seens if seen.kind == "address"])
    whole = [each for kind in ("link", "address", "rule", "nexthop") for each in tables[kind]]
    return (*whole, *_lasting(tables["neighbour"]), *routes_of(wire, concern))


def _rank(seen: Seen) -> t.Tuple[int, int]:
    return seen.object.family, seen.object.priority


# Addresses -----------------------------------------------------------------------------------------------------------


def subnet(addresses: t.Iterable[Seen], of: Address) -> t.List[Seen]:
    """The addresses of the same subnet on the same link: the first is the primary one; the kernel takes the others along
    with it, or promotes them. IPv6 knows no such thing."""
    if of.family == 6:
        return []
    return [seen for seen in addresses if subnet_of(seen.object) == subnet_of(of)]


def subnet_of(address: Address) -> t.Tuple[int, t.Any]:
    network = ipaddress.ip_network("%s/%d" % (address.peer or address.address, address.prefixlen), strict=False)
    return address.ifindex, network


def _address(tables: Tables, concern: Concern, going: t.Sequence[Address]) -> t.List[Seen]:
    """IPv4: with its last address a link loses all routes and neighbours. Routes that prefer an address go from table main (IPv4), or
    lose that preference (IPv6)."""
    for address in going:
        with_it = [seen.object for seen in subnet(tables["address"], address)] or [address]
        concern.sources.update(each.address for each in with_it)
        prefixes = [str(subnet_of(each)[1]) for each in with_it]
        for route in _connected(tables.wire, address, prefixes):
            concern.add(route)
    gone = {subnet_of(address) for address in going if address.family == 4}
    for ifindex in {address.ifindex for address in going if address.family == 4}:
        stay = [seen for seen in tables.on("address", (ifindex,)) if seen.object.family == 4]
        if all(subnet_of(seen.object) in gone for seen in stay):
            concern.links[4].add(ifindex)
    return [seen for seen in _lasting(tables.on("neighbour", concern.links[4])) if seen.object.family == 4]


def _connected(wire: Wire, address: Address, prefixes: t.Sequence[str]) -> t.List[Seen]:
    wanted = Filter(family=address.family, proto="kernel", oif=address.ifindex)
    return [seen for seen in route_groups(wire, wanted, None, prefixes) if seen.object.table != TABLE_LOCAL]


# Links and next-hop objects ------------------------------------------------------------------------------------------


def _link(tables: Tables, concern: Concern, op: str, link: Link) -> t.List[Seen]:
    """With a link go its routes, IPv6 addresses and permanent neighbours; with a link that is deleted its IPv4 addresses
    and the links that stand on it too, and what is enslaved to it is released."""
    going = {link.ifindex}
    while True:
        above = {
            seen.object.ifindex
            for seen in tables["link"]
            if seen.object.parent in going and seen.object.peer_netns is None and seen.object.kind in _FOLLOWING
        }
        if above <= going:
            break
        going |= above
    released = {seen.object.ifindex for seen in tables["link"] if op == "link.del" and seen.object.master in going}
    if link.kind == "vrf":
        going |= released  # they go down and up again
    families = (4, 6) if op == "link.del" else (6,)
    addresses = [seen for seen in tables.on("address", going) if seen.object.family in families]
    for family in concern.links:
        concern.links[family] |= going
    concern.sources.update(seen.object.address for seen in addresses)
    dark = _dark(tables["link"], going)
    nexthops = tables.on("nexthop", dark)
    for seen in nexthops:
        groups = _nexthop(tables, concern, seen.object)
        nexthops = nexthops + [group for group in groups if group not in nexthops]
    links = tables.on("link", (going | released) - {link.ifindex})
    return [*links, *addresses, *nexthops, *_lasting(tables.on("neighbour", dark))]


def _dark(links: t.Sequence[Seen], going: t.AbstractSet[int]) -> t.Set[int]:
    """Those that may lose their carrier too: other ends, masters, what stands on them. With it go next-hop objects
    and the neighbours that are not PERMANENT."""
    dark = set(going)
    while True:
        more = {seen.object.master for seen in links if seen.object.ifindex in dark and seen.object.master}
        for link in (seen.object for seen in links if seen.object.peer_netns is None):
            if link.parent in dark and link.kind in (*_FOLLOWING, "veth"):
                more.add(link.ifindex)
        if more <= dark:
            return dark
        dark |= more


def _nexthop(tables: Tables, concern: Concern, nexthop: NextHop) -> t.List[Seen]:
    """The groups that it is in, which lose it, or go with their last member."""
    groups = [seen for seen in tables["nexthop"] if nexthop.id in [number for number, _weight in seen.object.group]]
    concern.nexthops.update([nexthop.id], (seen.object.id for seen in groups))
    return groups


def _lasting(neighbours: t.Iterable[Seen]) -> t.List[Seen]:
    return [seen for seen in neighbours if lasts(seen.object)]


def lasts(neighbour: Neighbour) -> bool:
    """Is it one that somebody made? The kernel maps multicast addresses by itself (NOARP)."""
    if neighbour.state == "PERMANENT":
        return True
    return neighbour.state == "NOARP" and not ipaddress.ip_address(neighbour.address).is_multicast


# Routes --------------------------------------------------------------------------------------------------------------


def routes_of(wire: Wire, concern: Concern) -> t.List[Seen]:
    """The routes at stake with all that share their slots, in order."""
    if any(concern.links.values()) or concern.sources or concern.nexthops:
        for seen in route_groups(wire, Filter(), concern, None):
            concern.add(seen)
    found = slots(wire, concern.dsts)
    return [seen for place, here in found.items() for seen in _grouped(place, here, concern.slots[place])]


def _grouped(place: Place, here: Slots, wanted: t.Container[Slot]) -> t.Iterator[Seen]:
    """Destinations whose slots hold the same are told of together."""
    alike: t.Dict[t.Tuple[bytes, ...], t.List[Key]] = {}
    for key, raws in here.items():
        alike.setdefault(raws, []).append(key)
    by_kernel = place == (AF_INET6, TABLE_LOCAL)
    for raws, keys in alike.items():
        dsts = tuple(map(dst_of, keys))
        for raw in raws:
            seen = route_seen(raw, dsts)
            if slot_of(raw) in wanted and not (by_kernel and seen.object.proto == "kernel"):
                yield seen


def _several(seens: t.Sequence[Seen]) -> t.Tuple[Seen, ...]:
    """Those that share a slot: alone in it, a route has no order."""
    count = _mates(seens)
    return tuple(seen for seen in seens if count[seen.dsts, slot_of(seen.raw)] > 1)


def _mates(seens: t.Iterable[Seen]) -> t.Counter[t.Tuple[t.Tuple[str, ...], Slot]]:
    return collections.Counter((seen.dsts, slot_of(seen.raw)) for seen in seens)


def _of_their_own(addresses: t.Iterable[Seen], seens: t.Sequence[Seen]) -> t.List[Seen]:
    """Without those that the kernel makes for addresses; of several in one slot the order is kept."""
    made = {_connected_to(seen) for seen in addresses if "noprefixroute" not in seen.object.flags}
    count = _mates(seens)
    kept = []
    for seen in seens:
        route, dsts = seen.object, seen.dsts
        if route.proto == "kernel" and route.type != "unicast":
            continue
        if route.proto == "kernel" and len(route.hops) == 1 and count[dsts, slot_of(seen.raw)] == 1:
            dsts = tuple(dst for dst in dsts if (route.hops[0].ifindex, dst, route.metric) not in made)
        if dsts:
            kept.append(seen if dsts == seen.dsts else dataclasses.replace(seen, dsts=dsts))
    return kept


def _connected_to(address: Seen) -> t.Tuple[int, str, int]:
    """Link, prefix and metric of the route that the kernel makes."""
    found = attributes(address.raw, IFADDR.size, len(address.raw))
    metric = unsigned(found[_IFA_RT_PRIORITY]) if _IFA_RT_PRIORITY in found else 0
    ifindex, network = subnet_of(address.object)
    return ifindex, str(network), metric or (_IPV6_METRIC if address.object.family == 6 else 0)
