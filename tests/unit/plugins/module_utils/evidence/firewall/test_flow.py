# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evaluator, whatever the firewall: what is not known makes a hint, and never a verdict that knowledge would overturn."""

from __future__ import annotations

import dataclasses

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.firewall.flow import Evaluator, Packet, verdict
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Firewall,
    FirewallBranch,
    FirewallChain,
    FirewallMatch,
    FirewallRule,
    FirewallSet,
)
from hypothesis import given, settings
from hypothesis import strategies as st

VALUES = {
    "dport": [(53, 53), (1, 100), (443, 443)],
    "protocol": [(17, 17), (6, 6)],
    "mark": [(0, 0), (16, 16)],
    "uid": [(0, 0), (1000, 1000)],
    "ct_state": [(8, 8), (2, 2)],
    "oifname": [("va", "va"), ("v*", "v*"), ("lo", "lo")],
}
NAMES = ("a", "b", "c")
UNKNOWN = FirewallMatch("something else")


@st.composite
def matches(draw):
    field = draw(st.sampled_from(sorted(VALUES)))
    if draw(st.integers(0, 5)) == 0:
        return FirewallMatch("in @names", ("dport",), set="names", negated=draw(st.booleans()))
    spans = draw(st.lists(st.sampled_from(VALUES[field]), min_size=1, max_size=2))
    return FirewallMatch(field, (field,), tuple((span,) for span in spans), negated=draw(st.booleans()))


@st.composite
def rules(draw, number, later):
    kinds = ["accept", "drop", "reject", "return", None] + ["jump", "goto", "map"] * bool(later)
    kind = draw(st.sampled_from(kinds))
    conditions = tuple(draw(st.lists(matches(), max_size=2)))
    text = "%s %s" % (" ".join(each.text for each in conditions), kind)
    if kind == "map":
        branches = (FirewallBranch(((53, 53),), "drop"), FirewallBranch(((443, 443),), "jump", later[0]))
        key = FirewallMatch("dport", ("dport",))
        return FirewallRule(number, text, conditions, "map", key=key, branches=branches)
    target = draw(st.sampled_from(later)) if kind in ("jump", "goto") else None
    changes = (("mark", draw(st.sampled_from([0, 16]))),) if kind is None else ()
    return FirewallRule(number, text, conditions, kind, target, changes=changes)


@st.composite
def firewalls(draw):
    def several(later):
        return tuple(draw(rules(number, later)) for number in range(1, draw(st.integers(0, 3)) + 1))

    chains = [FirewallChain("ip", "t", name, "nft", rules=several(NAMES[at + 1 :])) for at, name in enumerate(NAMES)]
    for number in range(draw(st.integers(1, 2))):
        kind, policy = draw(st.sampled_from(["filter", "route"])), draw(st.sampled_from(["accept", "accept", "drop"]))
        base = FirewallChain("ip", "t", "base%d" % number, "nft", None, kind, "output", number * 10, policy)
        chains.append(dataclasses.replace(base, rules=several(NAMES)))
    return Firewall(tuple(chains), (FirewallSet("ip", "t", "names", (((50, 60),),)),))


@st.composite
def packets(draw):
    return Packet(
        family=4,
        protocol=draw(st.sampled_from(["udp", "tcp"])),
        to="198.51.100.1",
        source="192.0.2.1",
        sport=5000,
        port=draw(st.sampled_from([53, 55, 443, 8080])),
        oif="va",
        mark=draw(st.sampled_from([0, 16])),
        uid=draw(st.sampled_from([0, 1000])),
        state=draw(st.sampled_from(["new", "established"])),
        to_type="unicast",
    )


@settings(max_examples=300)
@given(firewalls(), packets())
def test_what_is_understood_has_a_sure_verdict(firewall: Firewall, packet: Packet) -> None:
    told = verdict(firewall, packet)
    assert told is not None
    if any(chain.type == "route" for chain in firewall.chains):
        return  # a mark that changes there may send the packet through another link
    assert told.confidence == "strong"
    assert told.outcome in ("accept", "drop", "reject")
    assert (told.place is None) == (told.outcome == "accept")


@settings(max_examples=500)
@given(firewalls(), packets(), st.sampled_from(["port", "mark", "uid", "state", "oif", "protocol"]))
def test_what_is_sure_without_a_field_is_so_with_it(firewall: Firewall, packet: Packet, field: str) -> None:
    blind = verdict(firewall, dataclasses.replace(packet, **{field: None}))
    seeing = verdict(firewall, packet)
    assert blind is not None and seeing is not None
    if blind.confidence == "strong" and seeing.confidence == "strong":
        assert (blind.outcome, blind.place) == (seeing.outcome, seeing.place)


@settings(max_examples=500)
@given(firewalls(), packets(), st.data())
def test_what_is_sure_in_spite_of_a_strange_condition_is_so_with_it_and_without_it(firewall, packet, data) -> None:
    """The strange condition fits or does not fit; a verdict that is sure holds in both cases."""
    chain = data.draw(st.sampled_from([each for each in firewall.chains if each.rules] or [firewall.chains[-1]]))
    if not chain.rules:
        return
    at = data.draw(st.integers(0, len(chain.rules) - 1))
    never = FirewallMatch("never", ("family",), (((5, 5),),))
    rule = chain.rules[at]

    def told(*conditions):
        changed = dataclasses.replace(rule, matches=(*rule.matches, *conditions))
        other = dataclasses.replace(chain, rules=(*chain.rules[:at], changed, *chain.rules[at + 1 :]))
        chains = tuple(other if each is chain else each for each in firewall.chains)
        return verdict(dataclasses.replace(firewall, chains=chains), packet)

    strange, fits, fails = told(UNKNOWN), told(), told(never)
    if strange.settled:
        assert all(other.blocks is strange.blocks for other in (fits, fails) if other.settled)
    if strange.confidence == "strong":
        for other in (fits, fails):
            if other.confidence == "strong":
                assert strange.outcome == other.outcome
    elif strange.outcome in ("accept", "drop", "reject") and fits.confidence == fails.confidence == "strong":
        assert strange.outcome in (fits.outcome, fails.outcome)


def test_a_drop_behind_an_exception_that_is_not_understood_is_a_hint_with_its_reason() -> None:
    strange = FirewallRule(1, "ip dscp ef accept", (FirewallMatch("ip dscp ef"),), "accept")
    drop = FirewallRule(2, "drop", (), "drop", handle=7, packets=3)
    chain = FirewallChain("ip", "t", "out", "nft", None, "filter", "output", 0, "accept", (strange, drop))
    told = verdict(Firewall((chain,)), Packet(4, "udp", "198.51.100.1"))
    assert told is not None and (told.outcome, told.confidence) == ("drop", "hint")
    assert told.place is not None and told.place.rule is drop and told.place.packets == 3
    assert told.blurred == ("ip dscp ef accept",)


@settings(max_examples=300)
@given(st.data())
def test_a_long_chain_is_walked_as_a_short_one(data) -> None:
    """What is left out of it, because it is about other destinations, makes no difference."""
    spans = st.sampled_from([(8, 8), (8, 15), (0, 15), (3, 5), (16, 16), (0, (1 << 32) - 1)])
    ports = st.sampled_from([(53, 53), (52, 53), (1, 100), (80, 80)])

    def rule(number):
        matches = []
        if data.draw(st.booleans()):
            values = data.draw(st.lists(spans, min_size=1, max_size=2))
            matches.append(
                FirewallMatch("d", ("daddr",), tuple((each,) for each in values), negated=data.draw(st.booleans()))
            )
        if data.draw(st.booleans()):
            matches.append(FirewallMatch("p", ("dport",), ((data.draw(ports),),)))
        kind = data.draw(st.sampled_from(["drop", "accept", None, None]))
        change = data.draw(st.sampled_from([(), (), (("daddr", 8),), (("dport", 80),), (("daddr", None),)]))
        return FirewallRule(number, "rule %d" % number, tuple(matches), kind, changes=() if kind else change)

    few = [rule(number) for number in range(1, data.draw(st.integers(1, 8)) + 1)]
    other = (((77, 77),),)
    many = [
        FirewallRule(number, "elsewhere", (FirewallMatch("d", ("daddr",), other),), "drop")
        for number in range(len(few) + 1, len(few) + 80)
    ]

    def told(rules):
        chain = FirewallChain("ip", "t", "out", "nft", None, "filter", "output", 0, "accept", tuple(rules))
        return verdict(Firewall((chain,)), packet)

    packet = Packet(
        4, "udp", "0.0.0.%d" % data.draw(st.sampled_from([3, 8, 9, 16])), port=data.draw(st.sampled_from([53, 80]))
    )
    short, long = told(few), told(few + many)
    if all(("daddr", None) not in rule.changes for rule in few):
        assert (short.outcome, short.confidence) == (long.outcome, long.confidence)
    if short.place is not None:
        assert long.place is not None and short.place.rule == long.place.rule


def test_where_it_is_dropped_may_be_open_where_that_it_is_is_not() -> None:
    strange = FirewallRule(1, "ip dscp ef drop", (FirewallMatch("ip dscp ef"),), "drop")
    drop = FirewallRule(2, "drop", (), "drop")
    chain = FirewallChain("ip", "t", "out", "nft", None, "filter", "output", 0, "accept", (strange, drop))
    told = verdict(Firewall((chain,)), Packet(4, "udp", "198.51.100.1"))
    assert told is not None and (told.outcome, told.confidence, told.settled) == ("drop", "hint", True)
    assert told.place is not None and told.place.rule is drop
    assert [place.rule for place in told.others] == [strange]


def test_a_firewall_that_is_too_large_has_no_verdict() -> None:
    drop = FirewallRule(1, "drop", (FirewallMatch("", ("mark",), (((1, 1),),)),), "drop")
    chain = FirewallChain("ip", "t", "out", "nft", None, "filter", "output", 0, "accept", (drop,) * 100)
    evaluator = Evaluator(Firewall((chain,)), visits=150)
    assert evaluator.verdict(Packet(4, "udp", "198.51.100.1", mark=2)) is not None
    assert evaluator.verdict(Packet(4, "udp", "198.51.100.1", mark=3)) is None


def test_what_could_not_be_read_accepts_nothing_for_sure_but_cannot_take_a_drop_back() -> None:
    drop = FirewallRule(1, "drop", (FirewallMatch("", ("dport",), (((53, 53),),)),), "drop")
    chain = FirewallChain("ip", "t", "out", "nft", None, "filter", "output", 0, "accept", (drop,))
    firewall = Firewall((chain,), whole=False)
    accepted, dropped = (verdict(firewall, Packet(4, "udp", "198.51.100.1", port=port)) for port in (80, 53))
    assert accepted is not None and dropped is not None
    assert (accepted.outcome, accepted.confidence) == ("accept", "hint")
    assert (dropped.outcome, dropped.confidence) == ("drop", "strong")
