# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way in: from the connections of whoever runs this to all that carries them, as the kernel says. Pure.

Each connection's peer is looked up as its packets are; what the answer names is protected, and so is the way to the
gateway, and the way of a tunnel's own packets where the connection goes through one. What would be added is held
against the same: a route, an address or a rule that would take the peer elsewhere is refused.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import typing as t

from ..index import Index
from ..model import Address, Answer, Link, Query, Route, Rule, WayIn
from ..owners.whose import whose
from ..reach.base import Case
from ..reach.policy import leading_to, prefix_length, rule_text, selected, table_name
from ..text import clean
from .guards import Change, Guard

Ask = t.Callable[[t.Sequence[Query]], t.Sequence[Answer]]
_DEEPEST = 8
"""Tunnels in tunnels."""
_NAME = 64
_TUNNELS = ("tun", "wireguard", "gre", "ip6gre", "ipip", "sit", "ip6tnl", "vti", "vti6", "xfrm", "ovpn-dco", "ppp")
"""Kinds of links that a daemon keeps up, as a rule."""


@dataclasses.dataclass(frozen=True)
class Path:
    """How the kernel gets to one address that the way in needs."""

    case: Case
    match: Route
    rule: t.Optional[Rule]
    """The rule that led to the match; None where that cannot be told."""

    @property
    def to(self) -> str:
        return self.case.to

    @property
    def dst(self) -> str:
        return self.match.dst or ""


class WayInGuard(Guard):
    reason = "way-in"

    def __init__(self, index: Index, ways: t.Iterable[WayIn], ask: Ask) -> None:
        self._index = index
        self._ask = ask
        self._ways: t.List[WayIn] = []
        self._paths: t.Dict[Query, Path] = {}
        self._links: t.Set[int] = set()
        self._addresses: t.Set[str] = set()
        self._neighbours: t.Set[t.Tuple[int, str]] = set()
        self._nexthops: t.Set[int] = set()
        words: t.List[str] = []
        ways = tuple(ways)
        for way in ways:
            ends = "the connection of %s from %s to %s port %d" % (way.known_by, way.peer, way.local, way.local_port)
            if index.is_local(way.local):
                self._protect(way)
                words.append(ends)
            else:
                words.append("%s ends in another network namespace: nothing here carries it" % ends)
        if not ways:
            words.append("no way in: none is known to end in this network namespace, or it is not to be protected")
        self.words = tuple(clean(text, 4 * _NAME) for text in [*words, *self._in_words()])

    # What is protected ---------------------------------------------------------------------------

    def _protect(self, way: WayIn) -> None:
        self._ways.append(way)
        local = _bare(way.local)
        self._addresses.add(local)
        link = self._index.link_named(_zone(way.peer) or _zone(way.local))
        holders = [item.ifindex for item in self._index.snapshot.addresses if item.address == local]
        masters = [link.master for link in map(self._index.link, holders) if link is not None and link.master]
        # A server that lives in a VRF is found when the packet is bound to it.
        for interface in [link.ifindex if link else None, *masters, *holders]:
            query = Query(
                to=_bare(way.peer),
                source=local,
                interface=interface,
                protocol="tcp",
                sport=way.local_port,
                port=way.peer_port,
            )
            if self._follow(query, _DEEPEST):
                break
        for holder in holders:
            self._stand_on(holder, _DEEPEST)

    def _follow(self, query: Query, depth: int) -> bool:
        """Protect what carries packets like this; False where nothing does."""
        if query in self._paths or depth == 0:
            return True
        (answer,) = self._ask([query])
        match = answer.match
        if answer.errno is not None or match is None:
            return False
        case = Case(self._index, query, answer)
        self._paths[query] = Path(case, match, leading_to(case, match))
        self._take_nexthop(match.nhid)
        for hop in {*match.hops, *(answer.route.hops if answer.route else ())}:
            if hop.ifindex is None:
                continue
            self._stand_on(hop.ifindex, depth)
            self._neighbours.add((hop.ifindex, hop.gateway or query.to))
            if hop.gateway is not None:
                self._follow(Query(to=hop.gateway, interface=hop.ifindex), depth - 1)
        return True

    def _stand_on(self, ifindex: int, depth: int) -> None:
        """Protect a link and all that it stands on."""
        link = self._index.link(ifindex)
        if link is None or link.ifindex in self._links:
            return
        self._links.add(link.ifindex)
        below = [link.master, link.underlay, None if link.peer_netns is not None else link.parent]
        below += [each.ifindex for each in self._index.links if each.master == ifindex and link.vrf_table is None]
        for number in below:
            if number is not None:
                self._stand_on(number, depth)
        if link.remote is not None:
            self._addresses.update([link.local] if link.local else [])
            self._follow(Query(to=link.remote, source=link.local, interface=link.underlay), depth - 1)

    def _take_nexthop(self, number: int | None) -> None:
        nexthop = self._index.nexthop(number)
        if nexthop is not None and nexthop.id not in self._nexthops:
            self._nexthops.add(nexthop.id)
            for member, _weight in nexthop.group:
                self._take_nexthop(member)

    def _in_words(self) -> t.Iterator[str]:
        links = sorted(self._name(number) for number in self._links)
        if links:
            yield "its links: %s" % ", ".join(links)
            yield "its addresses: %s" % ", ".join(sorted(self._addresses))
        paths = self._paths.values()
        yield from dict.fromkeys(
            "the route %s in table %s" % (path.dst, table_name(path.match.table)) for path in paths
        )
        yield from dict.fromkeys("the policy rule %s" % rule_text(path.rule) for path in paths if path.rule is not None)

    def _name(self, ifindex: int) -> str:
        return clean(self._index.name_of(ifindex) or "?", _NAME)

    # What is refused -----------------------------------------------------------------------------

    def objection(self, change: Change) -> str:
        if not self._ways:
            return ""
        judge = getattr(self, "_" + change.op.replace(".", "_"), None)
        return judge(change) if judge is not None else ""

    def looks_at_destinations(self, change: Change) -> bool:
        item = change.item
        return change.op in ("route.del", "route.add") and any(
            item.family == path.match.family for path in self._paths.values()
        )

    def objection_to(self, change: Change, dst: str) -> str:
        for path in self._paths.values():
            if change.op == "route.add":
                if self._would_take(path, dst, change.item.table):
                    return "a route to %s would carry the way to %s" % (dst, path.to)
            elif _is_entry(path, change.item, dst):
                return "the way to %s is the route %s" % (path.to, dst)
        return ""

    def _address_del(self, change: Change) -> str:
        item = change.item
        if item.address in self._addresses:
            return "the way in ends at %s" % item.address
        for path in self._paths.values():
            if path.match.prefsrc == item.address:
                return "the kernel would take the route %s along, which prefers %s" % (path.dst, item.address)
        for held in self._index.addresses_on(item.ifindex):
            if held.address in self._addresses and "secondary" in held.flags and _subnet(held) == _subnet(item):
                return "the kernel would take %s along, which is secondary to it" % held.address
        others = [held for held in self._index.addresses_on(item.ifindex) if held.family == 4 and held != item]
        if item.family == 4 and item.ifindex in self._links and not others:
            return "with its last IPv4 address %s would lose all its routes, and the way in" % self._name(item.ifindex)
        return ""

    def _link_down(self, change: Change) -> str:
        link = change.item
        return "the way in goes through %s" % self._name(link.ifindex) if link.ifindex in self._links else ""

    _link_del = _link_set = _link_down

    def _rule_del(self, change: Change) -> str:
        for path in self._paths.values():
            if any(_same(rule, change.item) for rule in self._deciding(path)):
                return "the rule decides on the way to %s" % path.to
        return ""

    def _neighbour_del(self, change: Change) -> str:
        item = change.item
        return "the way in goes through %s" % item.address if (item.ifindex, item.address) in self._neighbours else ""

    def _nexthop_del(self, change: Change) -> str:
        return "the way in uses the next hop %d" % change.item.id if change.item.id in self._nexthops else ""

    def _socket_destroy(self, change: Change) -> str:
        local = _bare(change.item.local)
        return "%s is where the way in ends" % local if local in {_bare(way.local) for way in self._ways} else ""

    def _flow_del(self, change: Change) -> str:
        flow = change.item
        ends = {flow.src, flow.dst, flow.reply_src, flow.reply_dst}
        carried = any(_bare(way.peer) in ends for way in self._ways)
        return "the flow may be that of the way in" if carried else ""

    def _owner_restart(self, change: Change) -> str:
        selector = change.finding.selector
        owner = clean(str(change.args.get("owner")), _NAME)
        names = {self._index.name_of(number) for number in self._links}
        if selector.get("interface") in names or selector.get("local") in self._addresses:
            return "the way in goes through what %s looks after" % owner
        for state in filter(None, map(functools.partial(whose, self._index), self._owned())):
            if state.name == change.args.get("owner"):
                return "the way in goes through what is, as far as that can be told, of %s" % owner
        for link in map(self._index.link, sorted(self._links)):
            if link is not None and (link.kind in _TUNNELS or link.remote is not None):
                return "the way in goes through %s, and whether %s keeps it up is not known" % (
                    self._name(link.ifindex),
                    owner,
                )
        return ""

    _owner_release = _owner_restart

    def _owned(self) -> t.Iterator[t.Union[Link, Address, Route, Rule]]:
        """What of the way in somebody may have made."""
        for path in self._paths.values():
            yield path.match
            yield from self._deciding(path)
        yield from filter(None, map(self._index.link, sorted(self._links)))
        yield from (item for item in self._index.snapshot.addresses if item.address in self._addresses)

    def _rule_add(self, change: Change) -> str:
        for path in self._paths.values():
            if self._selects(path, change.item) and not self._comes_after(path, change.item):
                return "the rule would decide on the way to %s" % path.to
        return ""

    def _address_add(self, change: Change) -> str:
        return self._brings(change.item)

    def _link_up(self, change: Change) -> str:
        held = [self._brings(item) for item in self._index.addresses_on(change.item.ifindex)]
        return next(filter(None, held), "")

    def _brings(self, item: Address) -> str:
        """Would the connected route of an address carry the way in?"""
        if item.address in {path.to for path in self._paths.values()}:
            return "%s would be this host's own: the way in goes there" % item.address
        if "noprefixroute" in item.flags:
            return ""
        link = self._index.link(item.ifindex)
        vrf = self._index.link(link.master) if link is not None else None
        table = vrf.vrf_table if vrf is not None and vrf.vrf_table is not None else 254
        dst = _subnet(item)
        for path in self._paths.values():
            hops = path.match.hops
            alike = path.dst == dst and any(hop.gateway is None and hop.ifindex == item.ifindex for hop in hops)
            if not alike and self._would_take(path, dst, table):
                return "the subnet %s would carry the way to %s" % (dst, path.to)
        return ""

    def _would_take(self, path: Path, dst: str, table: int) -> bool:
        """Would a route to ``dst`` in this table be found before the one that is?"""
        if ipaddress.ip_address(path.to) not in ipaddress.ip_network(dst):
            return False
        if table == path.match.table:
            return prefix_length(dst) >= prefix_length(path.dst)
        return path.rule is None or any(
            rule.table == table or rule.l3mdev for rule in self._before(path) if rule.action == "lookup"
        )

    def _before(self, path: Path) -> t.Iterator[Rule]:
        """The rules that select the packet and are asked before the one that decides."""
        for source in (path.case.source, _source_of(path)):
            for rule in selected(path.case, source):
                if rule == path.rule:
                    break
                yield rule

    def _deciding(self, path: Path) -> t.Iterator[Rule]:
        """The rule that leads there, and those that jump over others before it. Every one, where it is not known."""
        if path.rule is not None:
            yield path.rule
        for rule in self._index.rules(path.case.family):
            if rule.action == "goto" or path.rule is None:
                yield rule

    def _selects(self, path: Path, rule: Rule) -> bool:
        family = 6 if ":" in path.to else 4
        if rule.family != family:
            return False
        alone = Case(_Only(self._index, rule), path.case.query, path.case.answer)
        return any(list(selected(alone, source)) for source in (path.case.source, _source_of(path)))

    def _comes_after(self, path: Path, rule: Rule) -> bool:
        return path.rule is not None and rule.priority > path.rule.priority


class _Only(Index):
    """A host with one policy rule."""

    def __init__(self, index: Index, rule: Rule) -> None:
        super().__init__(dataclasses.replace(index.snapshot, rules=(rule,)))


def _is_entry(path: Path, template: Route, dst: str) -> bool:
    match = path.match
    if template.type == "throw" and template.family == match.family:
        return ipaddress.ip_address(path.to) in ipaddress.ip_network(dst)
    entry = (match.family, match.table, match.dst, match.metric, match.tos)
    return entry == (template.family, template.table, dst, template.metric, template.tos)


def _subnet(item: Address) -> str:
    return str(ipaddress.ip_network("%s/%d" % (item.peer or item.address, item.prefixlen), strict=False))


def _same(one: Rule, other: Rule) -> bool:
    return dataclasses.replace(one, detached=(), unresolved=False) == dataclasses.replace(
        other, detached=(), unresolved=False
    )


def _source_of(path: Path) -> str | None:
    """The source that the kernel chose."""
    route = path.case.answer.route
    return route.prefsrc if route is not None else None


def _bare(address: str) -> str:
    """Without the link of a link-local one; IPv4 in IPv6 is IPv4."""
    bare = address.partition("%")[0]
    return bare[len("::ffff:") :] if bare.startswith("::ffff:") and "." in bare else bare


def _zone(address: str) -> str | None:
    return address.partition("%")[2] or None
