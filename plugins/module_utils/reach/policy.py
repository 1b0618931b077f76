# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which policy rule decided: inferred from the answer, for the explanation only.

The kernel names the table and the entry that matched, but not the rule that led there. This never decides whether
something is reachable. Sources: ip-rule(8); fib_rule_match() in net/core/fib_rules.c, fib4_rule_match() and
fib6_rule_match() beside it.
"""

from __future__ import annotations

import ipaddress
import typing as t

from ..model import Address, Query, Route, Rule
from ..text import clean
from .base import Case, is_link_local

REFUSALS = {"unreachable": "ENETUNREACH", "blackhole": "EINVAL", "prohibit": "EACCES"}
"""What a rule's action answers."""
ROUTE_REFUSALS = {"unreachable": "EHOSTUNREACH", "blackhole": "EINVAL", "prohibit": "EACCES"}
"""What a route's type answers."""

_PROTOCOLS = {"icmp": "1", "tcp": "6", "udp": "17", "ipv6-icmp": "58", "icmpv6": "58"}
_TABLES = {255: "local", 254: "main", 253: "default"}
_NAME_LIMIT = 64
_SOURCES = 32
"""Addresses of the host that are tried as the source that the kernel may have chosen."""


def selected(case: Case, source: str | None) -> t.Iterator[Rule]:
    """The rules that select this packet when it comes from this source, in the order in which the kernel tries them."""
    skip_to = -1
    for rule in case.index.rules(case.family):
        if rule.priority < skip_to or not _selects(case, rule, source):
            continue
        if rule.action == "goto":
            if rule.goto is not None and not rule.unresolved:
                skip_to = rule.goto
        elif rule.action != "nop":
            yield rule


def table_of(case: Case, rule: Rule) -> int | None:
    """The table that a rule looks up; None where its action is another."""
    return _vrf_table(case) if rule.l3mdev and rule.table is None else rule.table


def leading_to(case: Case, match: Route) -> Rule | None:
    """The rule that led to the entry that matched."""
    for source in _sources(case):
        for rule in selected(case, source):
            if rule.action == "lookup" and table_of(case, rule) == match.table and not _suppressed(rule, match):
                return rule
    return None


def refusing(case: Case, errno: str) -> t.Tuple[Rule | None, Route | None]:
    """What answers with this errno: a rule by its action, or a route and the rule that led to it."""
    for source in _sources(case):
        for rule in selected(case, source):
            if rule.action != "lookup":
                if REFUSALS.get(rule.action) == errno:
                    return rule, None
                break
            route = longest(case, table_of(case, rule))
            if route is not None and ROUTE_REFUSALS.get(route.type) == errno:
                return rule, route
    return None, None


def _sources(case: Case) -> t.List[str | None]:
    """The sources that the lookup may have been made with, the likeliest first.

    Where IPv6 finds no route without a source, it chooses one and looks again with that (ip6_dst_lookup_tail() in
    net/ipv6/ip6_output.c). An answer with a route shows the choice; else it is guessed much as RFC 6724 chooses:
    on the outgoing interface, then by the longest common prefix.
    """
    if case.family == 4 or case.source is not None or case.query.iif is not None:
        return [case.source]
    if case.answer.errno is None:
        route = case.answer.route
        return [None] if route is None or route.prefsrc is None else [None, route.prefsrc]
    to = int(ipaddress.ip_address(case.to))
    held = [item for item in case.index.snapshot.addresses if item.family == 6 and not is_link_local(item.address)]

    def rank(item: Address) -> t.Tuple[bool, bool, int]:
        common = 128 - (to ^ int(ipaddress.ip_address(item.address))).bit_length()
        return item.address != "::1", item.ifindex == case.query.interface, common

    chosen: t.List[str | None] = [item.address for item in sorted(held, key=rank, reverse=True)[:_SOURCES]]
    return [*chosen, None]


def longest(
    case: Case, table: int | None, kinds: t.Collection[str] = ("unreachable", "blackhole", "prohibit", "throw")
) -> Route | None:
    """Of the covering routes of these types in a table, the one with the longest prefix, and of those the best metric."""
    held = [route for route in case.covering if route.table == table and route.type in kinds and _serves(case, route)]
    return max(held, key=lambda route: (prefix_length(route.dst), -route.metric), default=None)


def _serves(case: Case, route: Route) -> bool:
    """Can the route be the one that decided?

    With an interface and no source, IPv6 passes over all routes that do not lead there, but for next-hop objects.
    """
    asked = case.query.interface
    if route.src is not None and case.source is not None and not _in_prefix(case.source, route.src, case.family):
        return False
    if case.family == 4 or asked is None or case.source is not None or (route.nhid and route.type == "blackhole"):
        return True
    return asked in [hop.ifindex for hop in route.hops]


def prefix_length(prefix: str | None) -> int:
    return int((prefix or "/0").partition("/")[2] or 128)


def table_name(table: int | None) -> str:
    return "?" if table is None else _TABLES.get(table, str(table))


def rule_text(rule: Rule) -> str:
    """A rule much as ``ip rule show`` prints it."""
    words = ["%d:" % rule.priority] + (["not"] if rule.invert else []) + ["from %s" % (rule.src or "all")]
    words += ["to %s" % rule.dst] if rule.dst else []
    words += ["tos 0x%02x" % rule.tos] if rule.tos else []
    if rule.mark is not None:
        mask = 0xFFFFFFFF if rule.mask is None else rule.mask
        words.append("fwmark 0x%x%s" % (rule.mark, "" if mask == 0xFFFFFFFF else "/0x%x" % mask))
    words += ["iif %s" % clean(rule.iif, _NAME_LIMIT)] if rule.iif else []
    words += ["oif %s" % clean(rule.oif, _NAME_LIMIT)] if rule.oif else []
    words += ["uidrange %d-%d" % rule.uid_range] if rule.uid_range else []
    words += ["ipproto %s" % rule.ip_proto] if rule.ip_proto else []
    words += ["sport %d-%d" % rule.sport] if rule.sport else []
    words += ["dport %d-%d" % rule.dport] if rule.dport else []
    if rule.action == "lookup":
        words.append("lookup [l3mdev-table]" if rule.table is None else "lookup %s" % table_name(rule.table))
        words += [] if rule.suppress_prefixlen is None else ["suppress_prefixlength %d" % rule.suppress_prefixlen]
        words += [] if rule.suppress_ifgroup is None else ["suppress_ifgroup %d" % rule.suppress_ifgroup]
    else:
        words.append(rule.action)
    return " ".join(words)


def _selects(case: Case, rule: Rule, source: str | None) -> bool:
    query = case.query
    hits = (
        not rule.detached
        and _in_prefix(source, rule.src, case.family)
        and _in_prefix(case.to, rule.dst, case.family)
        and (rule.iif is None or rule.iif == (case.index.name_of(query.iif) if query.iif is not None else "lo"))
        and (rule.oif is None or (query.interface is not None and rule.oif == case.index.name_of(query.interface)))
        and (rule.mark is None or not (rule.mark ^ query.mark) & (0xFFFFFFFF if rule.mask is None else rule.mask))
        and (not rule.tos or rule.tos == query.tos)
        # A question that names no user is asked as the one who runs this: root, as a rule.
        and (rule.uid_range is None or rule.uid_range[0] <= (query.uid or 0) <= rule.uid_range[1])
        and (not rule.ip_proto or _number(rule.ip_proto, case.family) == _protocol(query, case.family))
        and (rule.sport is None or rule.sport[0] <= (query.sport or 0) <= rule.sport[1])
        and (rule.dport is None or rule.dport[0] <= (query.port or 0) <= rule.dport[1])
        and not rule.tunnel_id
        and (not rule.l3mdev or _vrf_table(case) is not None)
    )
    return hits != rule.invert


def _in_prefix(address: str | None, prefix: str | None, family: int) -> bool:
    if prefix is None or prefix_length(prefix) == 0:
        return True
    if address is None:
        if family == 6:  # an IPv6 rule with a source never selects a packet that has none yet
            return False
        address = "0.0.0.0"
    return ipaddress.ip_address(address) in ipaddress.ip_network(prefix, strict=False)


def _number(protocol: str, family: int) -> str:
    return "58" if family == 6 and protocol == "icmp" else _PROTOCOLS.get(protocol, protocol)


def _protocol(query: Query, family: int) -> str | None:
    # IPv4 takes a question without a protocol to be about UDP.
    return _number(query.protocol or "udp", family) if query.protocol or family == 4 else None


def _vrf_table(case: Case) -> int | None:
    for link in (case.link, case.index.link(case.query.iif)):
        for candidate in (link, case.index.link(link.master) if link else None):
            if candidate is not None and candidate.vrf_table is not None:
                return candidate.vrf_table
    return None


def _suppressed(rule: Rule, match: Route) -> bool:
    return rule.suppress_prefixlen is not None and prefix_length(match.dst) <= rule.suppress_prefixlen
