# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which cause an answer has: in the order in which the kernel checks (source, device, rules, routes, neighbour).

Sources: ip_route_output_key_hash_rcu() in net/ipv4/route.c, ip6_datagram_send_ctl() in net/ipv6/datagram.c,
udp_sendmsg() and udpv6_sendmsg(); measured by the tests.
"""

from __future__ import annotations

import dataclasses

from ..model import Route, Rule
from .base import Case, is_for_many, is_ipv4_loopback
from .policy import leading_to, longest, refusing, selected, table_of


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a case comes down to."""

    cause: str
    errno: str | None
    rule: Rule | None = None
    """The rule that led to the route, or that refuses by its own action."""
    route: Route | None = None
    """The table's entry that matched or refuses."""


def judge(case: Case) -> Verdict:
    if case.answer.errno is None:
        return _sent(case)
    return _refused(case, case.answer.errno)


def _sent(case: Case) -> Verdict:
    route, out = case.answer.route, case.out
    match = _match(case)
    # IPv6 tells the table in the plain answer too; IPv4 says main there, whatever it was.
    known = match or (route if case.family == 6 else None)
    rule = leading_to(case, known) if known is not None else None
    if out is not None and not out.up:
        cause = "link-down"
    elif out is not None and not out.carrier:
        cause = "link-no-carrier"
    elif _neighbour_state(case) == "FAILED":
        cause = "neighbour-failed"
    elif route is not None and route.type == "unicast" and assumed(case):
        cause = "on-link-assumed"
    else:
        cause = "ok"
    return Verdict(cause, None, rule, match)


def _refused(case: Case, errno: str) -> Verdict:
    state = case.source_state()
    # A source that IPv6 does not take gives no other errno; it takes anycast addresses, which no table here shows.
    if state is not None and (case.family == 4 or errno in ("EINVAL", "ENODEV")):
        return Verdict(state, errno)
    if case.query.interface is not None and case.link is None:
        return Verdict("device-gone", errno)
    if case.source is not None and errno == "EINVAL" and case.family == 4 and is_ipv4_loopback(case.source):
        return Verdict("source-loopback", errno)
    cause = _after_lookup(case, errno)
    if cause is not None:
        match = _match(case)
        return Verdict(cause, errno, leading_to(case, match) if match is not None else None, match)
    return _by_tables(case, errno)


def _after_lookup(case: Case, errno: str) -> str | None:
    """What a send meets although the lookup leads somewhere."""
    found = case.answer.match is not None
    if errno == "EADDRNOTAVAIL":
        return "no-source-address"
    if errno == "EACCES" and case.family == 4 and (found or case.to == "255.255.255.255"):
        return "broadcast-not-allowed"
    if errno == "ENETUNREACH" and case.query.protocol == "tcp" and (found or is_for_many(case.to)):
        return "not-unicast"
    return None


def _by_tables(case: Case, errno: str) -> Verdict:
    rule, route = refusing(case, errno)
    # With an interface given, IPv4 looks at no rule's refusal; ENETUNREACH is then the interface's own.
    own = case.link is not None and errno == "ENETUNREACH" and (case.family == 4 or rule is None)
    if own and case.link is not None and not case.link.up:
        return Verdict("link-down", errno)
    if own and case.family == 4:
        return Verdict("link-no-ipv4", errno)
    if route is not None:
        return Verdict("route-" + route.type, errno, rule, route)
    if rule is not None:
        return Verdict("rule-" + rule.action, errno, rule)
    if errno != "ENETUNREACH":
        guess = {"EHOSTUNREACH": "route-unreachable", "EACCES": "route-prohibit", "EINVAL": "route-blackhole"}
        return Verdict(guess.get(errno, "refused"), errno)
    return _routeless(case, errno)


def _routeless(case: Case, errno: str) -> Verdict:
    throw: Verdict | None = None
    for rule in selected(case, case.source):
        if rule.action != "lookup":
            continue
        dead, thrown = (
            longest(case, table_of(case, rule), ("unicast",)),
            longest(case, table_of(case, rule), ("throw",)),
        )
        if dead is not None:
            return Verdict("nexthop-dead", errno, rule, dead)
        if thrown is not None and throw is None:
            throw = Verdict("route-throw", errno, rule, thrown)
    return throw or Verdict("no-route", errno)


def assumed(case: Case) -> bool:
    """Does the kernel take the destination to be on the link that was given, for want of a route?"""
    return case.family == 4 and case.answer.match is None and case.answer.errno is None and case.link is not None


def _match(case: Case) -> Route | None:
    """The entry that matched, unless it is not the one that the packet takes.

    The IPv6 lookup for the matching entry has none of the flags of a send's own and may find another one.
    """
    match, hop = case.answer.match, case.hop
    if match is not None and case.family == 6 and hop is not None and match.hops:
        if hop.ifindex not in [each.ifindex for each in match.hops] and not case.own:
            return None
    return match


def _neighbour_state(case: Case) -> str | None:
    found = neighbour_of(case)
    entry = case.index.neighbour(*found) if found else None
    return entry.state if entry else None


def neighbour_of(case: Case) -> tuple[int, str] | None:
    """Whose link-layer address is needed, and on which link; None where none is."""
    hop, out = case.hop, case.out
    route = case.answer.route
    if hop is None or out is None or out.loopback or case.own or (route is not None and route.type != "unicast"):
        return None
    if len(out.lladdr or "") != 17:  # no Ethernet address, no ARP or ND: tun, GRE, WireGuard
        return None
    return out.ifindex, hop.gateway or case.to
