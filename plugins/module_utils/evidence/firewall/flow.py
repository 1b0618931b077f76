# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a firewall does to one packet that this host sends: the likely place, told from the rules alone. Pure.

The rules are walked as the kernel walks them: base chains by priority, rules in order, into chains and back. Each condition
fits, does not fit, or is not known. What is not known is never taken for either: from there on the result is a hint.
"""

from __future__ import annotations

import bisect
import dataclasses
import typing as t

from ...model import Answer, Firewall, FirewallChain, FirewallMatch, FirewallRule, FirewallSet, Link, Query
from . import values
from .narrow import Narrowed

VISITS = 2_000_000
"""Rules that one evaluator looks at in all. What is beyond that has no verdict."""
_DEPTH = 32
_OTHERS = 5
_HOOKS = ("output", "postrouting")
_CONNTRACK = -200
"""Priority from which on a packet has a connection tracking state."""
_RECHECKED = ("mark", "daddr", "saddr", "dport", "sport", "protocol")
"""What makes the kernel look for another route when a chain of type route or nat changes it."""


@dataclasses.dataclass(frozen=True)
class Packet:
    """A packet that this host sends. None is what is not known."""

    family: int
    protocol: str | None
    """``udp``, ``tcp``, ``icmp`` (an echo request, of either family)."""
    to: str
    source: str | None = None
    sport: int | None = None
    port: int | None = None
    oif: str | None = None
    """The name of the link that it leaves through."""
    mark: int | None = 0
    uid: int | None = None
    state: str | None = "new"
    """Of its connection: ``new``, ``established``, ``related``, ``untracked``, ``invalid``."""
    to_type: str | None = None
    """Type of the route to its destination: ``unicast``, ``local``, ``multicast``..."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where in a firewall something happens to a packet. Without a rule it is the chain's policy."""

    chain: FirewallChain
    rule: FirewallRule | None = None

    @property
    def packets(self) -> int | None:
        return self.chain.packets if self.rule is None else self.rule.packets


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What becomes of a packet."""

    outcome: str
    """``accept``, ``drop``, ``reject``, ``queue`` (a program decides); ``unknown`` where a rule that is not understood may
    take it."""
    confidence: str
    """``strong`` where everything on the way was understood, else ``hint``."""
    place: Place | None = None
    """What takes it, or what is most likely to. None where it is accepted."""
    settled: bool = False
    """Is the outcome sure? With a hint that drops, only the place is then not: whatever is not known may drop it earlier,
    but lets it through nowhere."""
    others: t.Tuple[Place, ...] = ()
    """What may take it before that."""
    blurred: t.Tuple[str, ...] = ()
    """Rules on the way that were not understood, a few of them."""

    @property
    def blocks(self) -> bool:
        return self.outcome in ("drop", "reject")


def packet(
    query: Query, answer: Answer, link: t.Callable[[t.Optional[int]], t.Optional[Link]], **more: t.Any
) -> Packet:
    """The packet of a question to the oracle, as its answer lets it go. ``more`` are further fields of Packet."""
    route = answer.route
    hop = route.hops[0].ifindex if route is not None and route.hops else None
    out = link(query.interface if hop is None else hop)
    kind = None if route is None else route.type
    return Packet(
        **{
            "family": 6 if ":" in query.to else 4,
            "protocol": query.protocol,
            "to": query.to,
            "source": query.source or (route.prefsrc if route is not None else None),
            "sport": query.sport,
            "port": query.port,
            "oif": out.name if out is not None else None,
            "mark": query.mark,
            "uid": query.uid,
            "to_type": kind,
            **more,
        }
    )


def verdict(firewall: Firewall, flow: Packet) -> Verdict | None:
    """What the firewall does to one packet; None where it is too large to tell."""
    return Evaluator(firewall).verdict(flow)


class Evaluator:
    """One firewall and any number of packets."""

    def __init__(self, firewall: Firewall, visits: int = VISITS) -> None:
        self._firewall = firewall
        self._chains = {(c.backend, c.family, c.table, c.name): c for c in firewall.chains}
        self._sets = {(each.family, each.table, each.name): _Lookup(each) for each in firewall.sets}
        self._can_take = _Takers(self._chains, firewall)
        self._read = _read_fields(firewall)
        self._known: t.Dict[t.Tuple[t.Any, ...], Verdict] = {}
        self._narrowed: t.Dict[t.Tuple[str, str, str, str], Narrowed] = {}
        self.visits = visits

    def base(self, family: int) -> t.List[FirewallChain]:
        """The base chains that a packet of a family passes, in the kernel's order."""
        families = ("ip" if family == 4 else "ip6", "inet")
        found = [chain for chain in self._firewall.chains if chain.hook in _HOOKS and chain.family in families]
        return sorted(found, key=lambda chain: (_HOOKS.index(chain.hook or ""), chain.priority or 0))

    def takes(self, family: int) -> bool:
        """Can it drop any packet of this family at all?"""
        return any(self._can_take.chain(chain) for chain in self.base(family))

    def within(self, chain: FirewallChain) -> t.List[FirewallChain]:
        """A chain, and those that a packet may come to from it."""
        found: t.Dict[str, FirewallChain] = {}
        waiting = [chain]
        while waiting:
            each = waiting.pop()
            if each.name not in found:
                found[each.name] = each
                aims = (self.chain(each, target) for rule in each.rules for target in self._targets(each, rule))
                waiting += [aim for aim in aims if aim is not None]
        return list(found.values())

    def _targets(self, chain: FirewallChain, rule: FirewallRule) -> t.Iterator[str]:
        branches = rule.branches
        if rule.key is not None and rule.key.set is not None:
            found = self.lookup(chain, rule.key.set)
            branches = () if found is None else found.branches
        yield from (target for target in (rule.target, *(each.target for each in branches)) if target is not None)

    def takes_any(self, chain: FirewallChain) -> bool:
        """Can a base chain drop any packet at all?"""
        return self._can_take.chain(chain)

    def verdict_of(self, chain: FirewallChain, flow: Packet) -> Verdict | None:
        """What one base chain does to a packet, as if there were no other; None where the budget is used up."""
        try:
            return _Walk(self, _fields(flow)).run([chain])
        except _TooMuch:
            return None

    def verdict(self, flow: Packet) -> Verdict | None:
        """None where the budget is used up."""
        if not self.takes(flow.family):
            return Verdict("accept", "strong" if self._firewall.whole else "hint", settled=self._firewall.whole)
        fields = _fields(flow)
        # Packets that differ in nothing that a rule looks at have the same fate.
        key = (flow.family, *(fields[field] for field in self._read))
        if key not in self._known:
            try:
                found = _Walk(self, fields).run(self.base(flow.family))
            except _TooMuch:
                return None
            # A drop in one base chain is final, whatever there is that could not be read.
            if not self._firewall.whole and found.outcome == "accept":
                found = dataclasses.replace(found, confidence="hint", settled=False)
            self._known[key] = found
        return self._known[key]

    def chain(self, beside: FirewallChain, name: str | None) -> FirewallChain | None:
        return self._chains.get((beside.backend, beside.family, beside.table, name or ""))

    def rules(self, chain: FirewallChain, fields: t.Mapping[str, t.Any]) -> t.Sequence[FirewallRule]:
        """The rules of a chain that may be about a packet."""
        key = (chain.backend, chain.family, chain.table, chain.name)
        if key not in self._narrowed:
            self._narrowed[key] = Narrowed(chain)
        return self._narrowed[key].about(fields)

    def lookup(self, chain: FirewallChain, name: str) -> _Lookup | None:
        return self._sets.get((chain.family, chain.table, name))


class _TooMuch(Exception):
    pass


class _Takers:
    """Which chains can end a packet's way, or hold something that is not understood."""

    def __init__(self, chains: t.Mapping[t.Tuple[str, str, str, str], FirewallChain], firewall: Firewall) -> None:
        self._chains = chains
        self._maps = {(each.family, each.table, each.name): each for each in firewall.sets}
        self._known: t.Dict[t.Tuple[str, str, str, str], bool] = {}

    def chain(self, chain: FirewallChain) -> bool:
        key = (chain.backend, chain.family, chain.table, chain.name)
        if key not in self._known:
            self._known[key] = False  # a loop, which the kernel does not allow
            self._known[key] = chain.policy == "drop" or any(self._rule(chain, rule) for rule in chain.rules)
        return self._known[key]

    def _rule(self, chain: FirewallChain, rule: FirewallRule) -> bool:
        if rule.verdict in ("drop", "reject", "queue", "unknown"):
            return True
        branches = rule.branches
        if rule.key is not None and rule.key.set:
            found = self._maps.get((chain.family, chain.table, rule.key.set))
            if found is None or not found.understood:
                return True
            branches = found.branches
        for verdict, target in [(rule.verdict, rule.target), *((each.verdict, each.target) for each in branches)]:
            if verdict == "drop":
                return True
            if target and verdict in ("jump", "goto"):
                aim = self._chains.get((chain.backend, chain.family, chain.table, target))
                if aim is None or self.chain(aim):
                    return True
        return False


class _Lookup:
    """A named set, for many questions."""

    def __init__(self, found: FirewallSet) -> None:
        self.understood = found.understood
        self.branches = found.branches
        self._elements = found.elements
        self._spans: t.Optional[t.List[values.Span]] = None
        if all(len(each) == 1 and isinstance(each[0][0], int) for each in found.elements):
            self._spans = sorted(each[0] for each in found.elements)

    def has(self, wanted: t.Sequence[t.Any]) -> bool:
        if self._spans is not None and len(wanted) == 1 and isinstance(wanted[0], int):
            place = bisect.bisect_right(self._spans, (wanted[0], float("inf")))
            return place > 0 and self._spans[place - 1][1] >= wanted[0]
        return any(covers(each, wanted) for each in self._elements)


def covers(alternative: t.Any, wanted: t.Sequence[t.Any]) -> bool:
    """Is a packet's value, of each field, within an alternative?"""
    for (low, high), value in zip(alternative, wanted):
        if isinstance(low, str):
            if not (str(value).startswith(low[:-1]) if low.endswith("*") else value == low):
                return False
        elif isinstance(value, str) or not low <= value <= high:
            return False
    return True


class _Walk:
    """One packet's way."""

    def __init__(self, evaluator: Evaluator, fields: t.Dict[str, t.Any]) -> None:
        self._evaluator = evaluator
        self._fields = fields
        self._state = self._fields["ct_state"]
        self._may_pass = False
        """May something that is not known let it through, past what follows?"""
        self._sure = True
        """Does the packet surely come as far as here?"""
        self._maybe: t.List[Place] = []
        self._blurred: t.List[str] = []

    def run(self, chains: t.Sequence[FirewallChain]) -> Verdict:
        for chain in chains:
            # Before connection tracking a packet counts as invalid; a chain for NAT sees only the first of a connection.
            early = chain.hook == "output" and (chain.priority or 0) <= _CONNTRACK
            self._fields["ct_state"] = values.CT_STATES["invalid"] if early else self._state
            maybe = chain.type == "nat" and self._state != values.CT_STATES["new"]
            if maybe and not _changes_anything(chain, self._evaluator):
                continue
            before = dict(self._fields)
            ended = self._chain(chain, maybe, 0)
            if ended is None and chain.policy == "drop":
                ended = ("drop", Place(chain))
            if ended is not None and ended[0] in ("drop", "reject"):
                if not maybe:
                    return self._result(*ended)
                self._doubt(ended[1], ended[0])
            if ended is not None and ended[0] == "queue":
                self._doubt(ended[1], "queue")
            if self._fields["ct_state"] != before["ct_state"]:
                self._state = self._fields["ct_state"]
            self._reroute(chain, before)
        if self._maybe:
            return self._result("unknown", self._maybe.pop(0))
        return self._result("accept", None)

    def _result(self, outcome: str, place: Place | None) -> Verdict:
        return Verdict(
            outcome,
            "strong" if self._sure and outcome != "unknown" else "hint",
            place,
            self._sure or (outcome in ("drop", "reject") and not self._may_pass),
            tuple(self._maybe[:_OTHERS]),
            tuple(self._blurred[:_OTHERS]),
        )

    def _reroute(self, chain: FirewallChain, before: t.Mapping[str, t.Any]) -> None:
        if chain.hook != "output":
            return
        after = self._fields
        if chain.type in ("route", "nat") and any(after[field] != before[field] for field in _RECHECKED):
            after["oifname"] = None
        if after["daddr"] != before["daddr"]:
            after["daddr_type"] = None

    def _doubt(self, place: Place, verdict: str) -> None:
        """From here on it is not sure that the packet comes so far: this place may have had its say."""
        self._sure = False
        if verdict not in ("drop", "reject"):
            self._may_pass = True
        if verdict in ("drop", "reject", "queue") and place not in self._maybe:
            self._maybe.append(place)
        text = place.rule.text if place.rule is not None else ""
        if text and text not in self._blurred:
            self._blurred.append(text)

    def _chain(self, chain: FirewallChain, maybe: bool, depth: int) -> t.Tuple[str, Place] | None:
        """What ends a packet's way through the base chain, with where; None where it leaves this chain at its end.

        ``maybe``: whether it comes into this chain at all is not known. The result is that of a packet which does.
        """
        fits, budget = self._fits, self._evaluator
        rules = budget.rules(chain, self._fields)
        budget.visits -= len(rules)
        if budget.visits < 0 or depth > _DEPTH:
            raise _TooMuch
        for rule in self._each(chain, rules):
            fit: t.Optional[bool] = True
            for match in rule.matches:
                one = fits(match, chain)
                if one is False:
                    fit = False
                    break
                if one is None:
                    fit = None
            if fit is False:
                continue
            for field, value in rule.changes:
                if field in self._fields and self._fields[field] != value:
                    self._fields[field] = value if fit is True and not maybe else None
            for verdict, target, sure in self._leads(chain, rule):
                place = Place(chain, rule)
                certain = fit is True and sure
                if verdict in ("jump", "goto"):
                    aim = budget.chain(chain, target)
                    ended = None if aim is None else self._chain(aim, maybe or not certain, depth + 1)
                    if certain and aim is not None and (ended is not None or verdict == "goto"):
                        return ended
                    if ended is not None:
                        self._doubt(ended[1], ended[0])
                    elif aim is None or verdict == "goto":
                        self._doubt(place, verdict)
                elif verdict == "unknown" or not certain:
                    self._doubt(place, verdict)
                else:
                    return None if verdict == "return" else (verdict, place)
        return None

    def _each(self, chain: FirewallChain, rules: t.Sequence[FirewallRule]) -> t.Iterator[FirewallRule]:
        """The rules one after the other. Where one changed the destination, others may be about the packet from then on."""
        aim, place = self._aim(), 0
        while place < len(rules):
            rule = rules[place]
            place += 1
            yield rule
            if self._aim() != aim:
                aim, place = self._aim(), 0
                rules = [each for each in self._evaluator.rules(chain, self._fields) if each.number > rule.number]
                self._evaluator.visits -= len(rules)

    def _aim(self) -> t.Tuple[t.Any, t.Any]:
        return self._fields["daddr"], self._fields["dport"]

    def _leads(self, chain: FirewallChain, rule: FirewallRule) -> t.List[t.Tuple[str, t.Optional[str], bool]]:
        """Verdict and target, and whether that is known: of a map whose key is not known, each that it holds."""
        if rule.verdict is None:
            return []
        if rule.key is None:
            return [(rule.verdict, rule.target, True)]
        branches = rule.branches
        if rule.key.set is not None:
            found = self._evaluator.lookup(chain, rule.key.set)
            if found is None or not found.understood:
                return [("unknown", None, True)]
            branches = found.branches
        wanted = self._wanted(rule.key)
        if wanted is None:
            kinds = dict.fromkeys((each.verdict, each.target) for each in branches)
            return [(verdict, target, False) for verdict, target in kinds]
        for branch in branches:
            if covers(branch.value, wanted):
                return [(branch.verdict, branch.target, True)]
        return []

    def _wanted(self, match: FirewallMatch) -> t.List[t.Any] | None:
        fields = self._fields
        wanted = [fields.get(field) for field in match.fields]
        return None if None in wanted else wanted

    def _fits(self, match: FirewallMatch, chain: FirewallChain) -> bool | None:
        if not match.fields:
            return None
        wanted = self._wanted(match)
        if wanted is None:
            return None
        if match.mask is not None:
            if not isinstance(wanted[0], int):
                return None
            wanted = [wanted[0] & match.mask]
        if match.set is not None:
            found = self._evaluator.lookup(chain, match.set)
            if found is None or not found.understood:
                return None
            return found.has(wanted) is not match.negated
        for alternative in match.values:
            if covers(alternative, wanted):
                return not match.negated
        return match.negated


def _changes_anything(chain: FirewallChain, evaluator: Evaluator) -> bool:
    """Does a chain, or one that it leads to, change a packet?"""
    return any(rule.changes for each in evaluator.within(chain) for rule in each.rules)


def _read_fields(firewall: Firewall) -> t.Tuple[str, ...]:
    """The fields that any rule looks at, beside those that decide where a packet goes."""
    read = {"ct_state", "protocol"}
    for chain in firewall.chains:
        for rule in chain.rules:
            for match in rule.matches:
                read.update(match.fields)
            if rule.key is not None:
                read.update(rule.key.fields)
    return tuple(sorted(read - {"family", "iifname"}))


def _fields(flow: Packet) -> t.Dict[str, t.Any]:
    """A packet's fields as rules name them."""
    protocol: t.Optional[int] = None
    if flow.protocol is not None:
        protocol = values.PROTOCOLS.get(flow.protocol)
        if protocol == 1 and flow.family == 6:
            protocol = 58
    ports = protocol in values.WITH_PORTS
    # The first packet of a connection; later ones have others.
    flags = (2 if flow.state == "new" else None) if protocol == 6 else None
    return {
        "family": flow.family,
        "protocol": protocol,
        "saddr": _address(flow.source),
        "daddr": _address(flow.to),
        "sport": flow.sport if ports else None,
        "dport": flow.port if ports else None,
        "oifname": flow.oif,
        "iifname": "",
        "mark": flow.mark,
        "uid": flow.uid,
        "ct_state": None if flow.state is None else values.CT_STATES[flow.state],
        "saddr_type": "local" if flow.source is not None else None,
        "daddr_type": flow.to_type,
        "tcp_flags": flags,
        "icmp_type": 8 if protocol == 1 else None,
        "icmpv6_type": 128 if protocol == 58 else None,
    }


def _address(text: str | None) -> int | None:
    return None if text is None else values.address(text.partition("%")[0])
