# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentence for a person."""

from __future__ import annotations

import typing as t

from ..index import Index
from ..model import Answer, Query, Route
from .base import Case, Reach
from .chain import chain, route_text
from .judge import Verdict, judge
from .policy import rule_text, table_name


def explain(
    index: Index, query: Query, answer: Answer, covering: t.Sequence[Route] = (), interface: str | None = None
) -> Reach:
    """Why ``query`` got ``answer``.

    ``covering``: routes that cover the destination and carry nothing there (types unreachable, blackhole, prohibit,
    throw; dead next hops). Without them a refusal's table and prefix stay unnamed.
    ``interface``: the name of the interface that was asked for, where it does not exist.
    """
    case = Case(index, query, answer, covering, interface)
    verdict = judge(case)
    return Reach(
        reachable=verdict.errno is None,
        errno=verdict.errno,
        cause=verdict.cause,
        explanation=_sentence(case, verdict),
        chain=chain(case, verdict),
    )


def _sentence(case: Case, verdict: Verdict) -> str:
    to, source, errno = case.to, case.source, verdict.errno
    asked, out = case.name(case.query.interface), case.name(case.hop.ifindex if case.hop else None)
    table = table_name(verdict.route.table) if verdict.route else "?"
    entry = (
        '"%s" in table %s' % (route_text(case, verdict.route), table) if verdict.route else "(not named by the kernel)"
    )
    rule = '"%s"' % rule_text(verdict.rule) if verdict.rule else "(not named by the kernel)"
    if verdict.cause == "ok":
        return _way(case)
    if verdict.cause == "link-down" and errno is None:
        return "The send succeeds, but %s is administratively down: the packet goes nowhere." % out
    said: t.Dict[str, str] = {
        "on-link-assumed": "The send succeeds although no route matches: with the interface %s given, the kernel takes %s "
        "to be on that link." % (asked, to),
        "link-no-carrier": "The send succeeds, but %s has no carrier: the packet goes nowhere." % out,
        "neighbour-failed": "The send succeeds, but the next hop %s did not answer on %s when the kernel last asked for "
        "it: the packet goes nowhere until it does." % (case.hop.gateway or to if case.hop else to, out),
        "source-not-local": "The source %s is not an address of %s, so the kernel refuses each send from it (%s) before "
        "it looks for a route: adding a route will not help." % (source, _where(case), errno),
        "source-tentative": "The source %s is on this host but not usable (%s): its duplicate address detection has not "
        "ended or has failed; adding a route will not help." % (source, errno),
        "source-needs-interface": "The source %s is link-local, so the send must name its interface (%s); adding a route "
        "will not help." % (source, errno),
        "source-loopback": "The source %s is a loopback address and %s is not on this host: the kernel lets no such "
        "packet out (%s)." % (source, to, errno),
        "no-source-address": "The host has no usable IPv6 address to send to %s from (%s)." % (to, errno),
        "device-gone": "The interface %s does not exist (%s)." % (asked, errno),
        "link-down": "The interface %s is administratively down (%s)." % (asked, errno),
        "link-no-ipv4": "The interface %s does not carry IPv4 (%s): its MTU is below 68." % (asked, errno),
        "nexthop-dead": "The route %s leads to %s, but its next hop is out of use (%s)." % (entry, to, errno),
        "no-route": "No route leads to %s%s (%s)." % (to, " on %s" % asked if case.link else "", errno),
        "route-throw": "The throw route %s ends the search there, and no later rule leads to a route to %s (%s)."
        % (entry, to, errno),
        "broadcast-not-allowed": "%s is a broadcast address: a socket may send there only with SO_BROADCAST (%s without)."
        % (to, errno),
        "not-unicast": "%s is not the address of one host: TCP cannot connect to it (%s)." % (to, errno),
        "refused": "The kernel refuses %s with %s, and nothing that was read explains why." % (to, errno),
    }
    if verdict.cause.startswith("rule-"):
        return "The policy rule %s refuses %s (%s)." % (rule, to, errno)
    if verdict.cause in ("route-unreachable", "route-blackhole", "route-prohibit"):
        named = "The route %s" % entry if verdict.route else "A route of type %s" % verdict.cause[6:]
        return "%s refuses %s (%s)." % (named, to, errno)
    return said[verdict.cause]


def _where(case: Case) -> str:
    held = any(item.address == case.source for item in case.index.snapshot.addresses)
    if held and case.query.interface is not None:
        return "the interface %s" % case.name(case.query.interface)
    return "this host"


def _way(case: Case) -> str:
    if case.own:
        return "%s is this host itself." % case.to
    hop, route = case.hop, case.answer.route
    if hop is None or route is None:
        return "The kernel sends it to %s." % case.to
    via = "via %s" % hop.gateway if hop.gateway else "directly"
    source = case.source or route.prefsrc
    text = "%s is reached %s on %s" % (case.to, via, case.name(hop.ifindex))
    text += " from %s" % source if source else ""
    if case.query.interface is not None and hop.ifindex != case.query.interface:
        text += ", not on %s: with a source given, IPv6 takes the interface as a wish" % case.name(case.query.interface)
    return text + "."
