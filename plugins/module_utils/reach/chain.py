# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chain: rule, table, route, next hop, neighbour, link, source, each with the command that shows it."""

from __future__ import annotations

import typing as t

from ..commands import ip
from ..model import Route
from ..text import clean
from .base import Case, ChainLink
from .judge import Verdict, assumed, neighbour_of
from .policy import REFUSALS, rule_text, table_name

_DEAD = ("dead", "linkdown")
_UNTRIED = (
    "source-not-local", "source-tentative", "source-needs-interface", "source-loopback", "device-gone", "link-no-ipv4",
)  # fmt: skip
"""Causes that stop the kernel before it looks at rules and routes (link-down, with an interface given, is another)."""


def chain(case: Case, verdict: Verdict) -> t.Tuple[ChainLink, ...]:
    """What is known, in that order. What the kernel did not get to, or does not tell, is left out."""
    links: t.List[ChainLink] = []
    if verdict.cause not in _UNTRIED and not (verdict.cause == "link-down" and verdict.errno is not None):
        links += _lookup(case, verdict)
        links += _nexthop(case, verdict)
        links += _neighbour(case)
    links += _link(case)
    links += _source(case, verdict)
    return tuple(links)


def route_text(case: Case, route: Route) -> str:
    """A route much as ``ip route show`` prints it."""
    words = [] if route.type == "unicast" else [route.type]
    words.append("default" if (route.dst or "").endswith("/0") else route.dst or "?")
    for hop in route.hops:
        words += ["via %s" % hop.gateway] if hop.gateway else []
        words += ["dev %s" % case.name(hop.ifindex)] if hop.ifindex is not None else []
    words += ["nhid %d" % route.nhid] if route.nhid else []
    words.append("proto %s" % clean(route.proto, 32))
    words += ["metric %d" % route.metric] if route.metric else []
    words += ["src %s" % route.prefsrc] if route.prefsrc else []
    return " ".join(words)


def _lookup(case: Case, verdict: Verdict) -> t.Iterator[ChainLink]:
    rule, route = verdict.rule, verdict.route
    rules = case.ip("rule", "show")
    if rule is not None and rule.action in REFUSALS:
        yield ChainLink("rule", "rule %s refuses %s" % (rule_text(rule), case.to), False, rules)
        return
    if rule is not None:
        yield ChainLink("rule", "rule %s" % rule_text(rule), True, rules)
    if route is not None:
        table = table_name(route.table)
        ok = verdict.cause != "route-throw"
        text = "table %s has a route that covers %s" % (table, case.to)
        yield ChainLink("table", text, ok, case.ip("route", "show", "table", table, "match", case.to))
        shown = case.get()
        if case.answer.match is None:  # the kernel's answer does not show it
            shown = case.ip("route", "show", "table", table, "exact", route.dst or "default")
        ok = verdict.errno is None
        yield ChainLink("route", route_text(case, route), ok, shown)
        return
    everywhere = case.ip("route", "show", "table", "all", "match", case.to)
    if verdict.cause == "no-route":
        yield ChainLink("rule", "no rule leads to a table with a route to %s" % case.to, False, rules)
        yield ChainLink("table", "no table that the rules select has a route to %s" % case.to, False, everywhere)
    elif case.answer.route is None and verdict.errno is None:
        text = "%s is reached by a route that no lookup shows" % case.to
        yield ChainLink("route", text, True, everywhere)
    elif case.answer.route is None:
        yield ChainLink("route", "the kernel refuses %s: %s" % (case.to, verdict.errno), False, case.get())
    elif assumed(case):
        text = "no route matches on %s; %s is taken to be on that link" % (case.name(case.query.interface), case.to)
        yield ChainLink("route", text, True, case.get())
    else:
        yield ChainLink("route", "%s route" % case.answer.route.type, True, case.get())


def _nexthop(case: Case, verdict: Verdict) -> t.Iterator[ChainLink]:
    route = verdict.route
    if verdict.cause == "nexthop-dead" and route is not None:
        shown = case.ip("route", "show", "table", table_name(route.table), "exact", route.dst or "default")
        for each in route.hops:
            flags = [flag for flag in each.flags if flag in _DEAD]
            via = "via %s" % each.gateway if each.gateway else "directly"
            text = "%s on %s is %s" % (via, case.name(each.ifindex), " and ".join(flags) or "alive")
            yield ChainLink("nexthop", text, not flags, shown)
        return
    hop = case.hop
    if hop is None or case.own:
        return
    nhid = route.nhid if route is not None else None
    command = case.get() if not nhid else case.ip("nexthop", "show", "id", nhid)
    dead = [flag for flag in hop.flags if flag in _DEAD]
    text = "%s on %s" % ("via %s" % hop.gateway if hop.gateway else "directly", case.name(hop.ifindex))
    if nhid:
        text += " (next-hop object %d)" % nhid
    yield ChainLink("nexthop", text + (", flagged %s" % " and ".join(dead) if dead else ""), not dead, command)


def _neighbour(case: Case) -> t.Iterator[ChainLink]:
    wanted = neighbour_of(case)
    if wanted is None:
        return
    ifindex, address = wanted
    entry = case.index.neighbour(ifindex, address)
    if entry is None:
        text = "%s is not resolved yet: the first packet asks for it" % address
    else:
        text = "%s is at %s (%s)" % (address, entry.lladdr or "no known link-layer address", entry.state)
    ok = entry is None or entry.state != "FAILED"
    family = 6 if ":" in address else 4
    words = ("neigh", "show", "to", address, "dev", case.device(ifindex))
    yield ChainLink("neighbour", text, ok, case.ip(*words, family=family))


def _link(case: Case) -> t.Iterator[ChainLink]:
    asked = case.query.interface
    ifindex = asked if case.hop is None or case.hop.ifindex is None else case.hop.ifindex
    if ifindex is None:
        return
    name, link = case.name(ifindex), case.index.link(ifindex)
    command = ip(case.netns, "-d", "link", "show", "dev", case.device(ifindex))
    if link is None:
        yield ChainLink("link", "%s does not exist" % name, False, command)
        return
    state = "down" if not link.up else "up" if link.carrier else "up, but has no carrier"
    text = "%s is %s" % (name, state)
    if asked is not None and asked != ifindex and not case.own:
        text += "; it is not %s, which was asked for" % case.name(asked)
    yield ChainLink("link", text, link.up and link.carrier, command)


def _source(case: Case, verdict: Verdict) -> t.Iterator[ChainLink]:
    if case.source is None:
        chosen = case.answer.route.prefsrc if case.answer.route is not None else None
        if chosen:
            yield ChainLink("source", "the kernel chooses %s" % chosen, True, case.get())
        return
    shown = case.ip("address", "show", "to", case.source)
    if case.family == 4:
        shown = case.ip("route", "show", "table", "local", "type", "local", "match", case.source)
    wrong = {
        "source-not-local": "is not an address of this host",
        "source-tentative": "is tentative or failed duplicate address detection",
        "source-needs-interface": "is link-local: it means nothing without an interface",
        "source-loopback": "is a loopback address",
    }.get(verdict.cause)
    right = "is local to this host" if case.index.is_local(case.source) else "is not local, but the kernel accepts it"
    yield ChainLink("source", "%s %s" % (case.source, wrong or right), wrong is None, shown)
