# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the checks of all families share: questions with a budget, evidence, steps, and words for what is shown."""

from __future__ import annotations

import ipaddress
import typing as t

from ..commands import inside as run_inside
from ..commands import ip
from ..model import Answer, Evidence, Finding, Query, Route, Step
from ..reach.policy import table_name
from ..text import clean
from .base import Check

BUDGET = 4096
"""Questions that one check may ask. The kernel answers a hundred thousand in a second."""
SAMPLES = 20
OBJECTS = 4096
"""Objects of a small table (policy rules, next hops, neighbours) that one finding takes up, a step for each."""
_NAME = 64

_LISTINGS: t.Mapping[str, t.Callable[[t.Optional[str]], str]] = {
    "link": lambda netns: ip(netns, "link", "show"),
    "address": lambda netns: ip(netns, "address", "show"),
    "flow": lambda netns: run_inside(netns, "conntrack", "-L"),
    "session": lambda netns: run_inside(netns, "ss", "-tuwanp"),
    "route": lambda netns: ip(netns, "route", "show", "table", "all"),
    "rule": lambda netns: ip(netns, "rule", "show"),
    "nexthop": lambda netns: ip(netns, "nexthop", "show"),
    "neighbour": lambda netns: ip(netns, "neigh", "show"),
}
"""What lists all objects of a kind."""

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


class HostCheck(Check):
    """A check with the means to ask, to show and to tell."""

    budget = BUDGET

    def answers(self, queries: t.Iterable[Query]) -> t.Dict[Query, Answer]:
        """The kernel's answers to distinct queries. What is beyond the budget has none: it stays unjudged."""
        distinct = list(dict.fromkeys(queries))[: self.budget]
        if not distinct:
            return {}
        self.budget -= len(distinct)
        return dict(zip(distinct, self.ask(distinct)))

    def answer(self, query: Query) -> Answer | None:
        return self.answers((query,)).get(query)

    def ip(self, *words: object, family: int | None = None) -> str:
        """An ``ip`` command for the audited namespace."""
        return ip(self.index.snapshot.netns, *(([] if family is None else ["-%d" % family]) + list(words)))

    def saw(self, observed: str, *words: object, family: int | None = None) -> Evidence:
        """What the kernel shows, and the ``ip`` command that shows it."""
        return Evidence("kernel", observed, self.ip(*words, family=family))

    def listed(self, kind: str, observed: str) -> Evidence:
        """What the kernel shows, and the command that lists all objects of that kind."""
        return Evidence("kernel", observed, _LISTINGS[kind](self.index.snapshot.netns))

    def step(self, op: str, args: t.Mapping[str, t.Any], *words: object, family: int | None = None) -> Step:
        """A change, and the ``ip`` command that makes it."""
        return Step(op, args, self.ip(*words, family=family))

    def finding(
        self,
        kind: str,
        selector: t.Mapping[str, t.Any],
        cause: str,
        evidence: t.Iterable[Evidence],
        severity: str | None = None,
        confidence: str = "strong",
        remedy: t.Iterable[Step] = (),
        **more: t.Any,
    ) -> Finding:
        """A finding of this rule; ``more`` are further fields of Finding."""
        return Finding(
            rule=self.description.id,
            severity=severity or self.description.severity,
            confidence=confidence,
            kind=kind,
            selector=selector,
            cause=cause,
            evidence=tuple(evidence),
            remedy=tuple(remedy),
            **more,
        )

    def others(self, kind: str, count: int, samples: t.Iterable[str]) -> t.Iterator[Finding]:
        """One finding for all that came after the groups that are told apart; none where nothing did."""
        if count:
            yield self.finding(
                kind,
                {"others": True},
                "%s, and there are too many of them to tell apart: %d more." % (self.description.title, count),
                [self.listed(kind, "the first of them are given as samples")],
                confidence="hint",
                advice="Mend the findings of this rule that are listed one by one; the next audit shows the next ones.",
                count=count,
                samples=tuple(samples)[:SAMPLES],
                details={"cause": "others"},
            )

    def name(self, ifindex: int | None) -> str:
        """A link's name for a sentence."""
        return shown(self.index.name_of(ifindex) or "no interface")

    def raw_name(self, ifindex: int | None) -> str:
        """A link's name for a command or a selector."""
        return self.index.name_of(ifindex) or "?"

    def declared_address(self, address: str) -> t.Iterator[Step]:
        """The step that brings back an address, where intent declares it and says on which link."""
        for wanted in self.intent.addresses:
            text = str(wanted.get("address", ""))
            if text.partition("/")[0] == address and wanted.get("interface"):
                name = wanted["interface"]
                args = {"address": text, "interface": name}
                yield self.step("address.add", args, "address", "add", text, "dev", name)
                return

    def holds_address(self, address: str) -> t.Iterator[Evidence]:
        """That an address is not local, with the two commands that show it."""
        yield self.saw("no link holds %s" % address, "address", "show", "to", address)
        family = family_of(address)
        yield self.saw(
            "the local table has no entry for it", "route", "show", "table", "local", "match", address, family=family
        )

    def carrier_of(self, template: Route, dst: str) -> str:
        """Which route carries a packet to ``dst`` now, as the kernel says: ``this``, ``another`` one in the same table,
        one in another table (``elsewhere``), or ``nothing``; ``unknown`` beyond the budget.

        The question has no source, mark or interface: a route that only some packets reach shows as ``elsewhere``.
        """
        answer = self.answer(Query(to=inside(dst)))
        if answer is None:
            return "unknown"
        if answer.errno is not None:
            return "nothing"
        match = answer.match
        if match is None or match.table != template.table:
            return "elsewhere"
        same = match.dst == dst and match.metric == template.metric and _ways(match) & _ways(template)
        return "this" if same else "another"


def _ways(route: Route) -> t.Set[t.Tuple[t.Optional[int], t.Optional[str]]]:
    return {(hop.ifindex, hop.gateway) for hop in route.hops} or {(None, None)}


def shown(text: str | None) -> str:
    """Text from the host for a sentence."""
    return clean(text or "?", _NAME)


def restartable(unit: str) -> bool:
    """Can ``systemctl restart`` mend it? Not a scope (a login, a container), nor a unit of a user's own manager."""
    return unit.endswith(".service") and "/" not in unit and not unit.startswith("user@")


def family_of(address: str) -> int:
    return 6 if ":" in address else 4


def inside(prefix: str) -> str:
    """An address in a prefix that stands for it in a question."""
    if prefix == "0.0.0.0/0":
        return "203.0.113.1"  # TEST-NET-3, RFC 5737: no network routes it, so no route but the default covers it
    if prefix == "::/0":
        return "2001:db8::1"  # RFC 3849
    network = ipaddress.ip_network(prefix, strict=False)
    first = network.network_address
    return str(first if network.num_addresses == 1 else first + 1)


def is_foreign(route: Route) -> bool:
    """Did somebody other than the kernel make it, and does it forward packets?"""
    return route.proto not in ("kernel", "redirect") and route.table != 255 and route.type == "unicast"


def is_link_local(address: str) -> bool:
    """169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291)."""
    return ipaddress.ip_address(address.partition("%")[0]).is_link_local


def is_multicast(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_multicast


def in_table(table: int) -> str:
    return "table %s" % table_name(table)


def several(items: t.Sequence[str], most: int = 3, total: int | None = None) -> str:
    """``a, b, c and 4 more``."""
    total = len(items) if total is None else total
    head = ", ".join(items[:most])
    rest = total - min(len(items), most)
    return head + (" and %d more" % rest if rest > 0 else "")


def plural(count: int, one: str, many: str = "") -> str:
    """``1 route``, ``3 routes``."""
    return "%d %s" % (count, one if count == 1 else many or one + "s")


def endpoint(address: str, port: int) -> str:
    return ("[%s]:%d" if ":" in address else "%s:%d") % (address, port)


def via(route: Route, name: t.Callable[[t.Optional[int]], str]) -> str:
    """A route's next hops in words: ``via 192.0.2.1 on eth0``."""
    words = []
    for hop in route.hops[:4]:
        where = "on %s" % name(hop.ifindex)
        words.append("via %s %s" % (hop.gateway, where) if hop.gateway else where)
    return " or ".join(words) + (" or %d more" % (len(route.hops) - 4) if len(route.hops) > 4 else "")
