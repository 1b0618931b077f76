# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose an object is, and whether it is left over: who is alive decides, what is not known keeps."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Address,
    Hop,
    Mark,
    OwnerState,
    Route,
    Rule,
    Snapshot,
    Want,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.whose import is_left, wanted_by, whose
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.owners.hosts import LINKS, host

EVERY = (Mark("route", proto="bgp"), Mark("route", proto="196"))
FRR = OwnerState("frr", False, "no process zebra runs here", present=True, marks=EVERY)
DZ = OwnerState(
    "doublezerod",
    False,
    "no process doublezerod runs here",
    present=True,
    marks=(
        Mark("link", name="doublezero[01]"),
        Mark("address", interface="doublezero[01]"),
        Mark("route", interface="doublezero[01]"),
        Mark("rule", priorities=((100, 101),), tables=((100, 101),)),
    ),
)
VIP = OwnerState(
    "keepalived",
    False,
    "no process keepalived runs here",
    present=True,
    marks=(Mark("route", proto="keepalived"),),
    wants=(Want("address", {"address": "192.0.2.50"}, "/etc/keepalived/keepalived.conf"),),
)
PEER = Route(4, None, proto="bgp", hops=(Hop(3, "169.254.0.0"),))
UPSTREAM = Route(4, None, proto="bgp", hops=(Hop(2, "192.0.2.254"),))


def alive(state: OwnerState, **said: object) -> OwnerState:
    return dataclasses.replace(state, alive=True, **said)  # type: ignore[arg-type]


def unknown(state: OwnerState) -> OwnerState:
    return dataclasses.replace(state, alive=None)


def name(state: OwnerState | None) -> str | None:
    return state.name if state else None


def test_a_dead_daemons_objects_are_left() -> None:
    index = host(FRR, DZ)
    assert name(is_left(index, LINKS[2])) == "doublezerod"
    assert name(is_left(index, Address(4, 3, "169.254.0.1", 31))) == "doublezerod"
    assert name(is_left(index, Rule(4, 100, table=100))) == "doublezerod"
    assert name(is_left(index, PEER)) == "doublezerod", "its link is more than a protocol that FRR writes as well"
    assert name(is_left(index, UPSTREAM)) == "frr", "of all whose it may be, FRR alone writes this protocol"
    assert is_left(index, Rule(4, 100, table=254)) is None


def test_while_one_of_those_whose_it_may_be_is_alive_it_is_kept() -> None:
    assert is_left(host(alive(FRR), DZ), PEER) is None
    assert is_left(host(FRR, alive(DZ)), PEER) is None
    assert name(whose(host(FRR, alive(DZ)), PEER)) == name(whose(host(alive(DZ), FRR), PEER)) == "doublezerod"
    assert name(whose(host(alive(FRR), DZ), PEER)) == "frr"
    assert name(is_left(host(FRR, alive(DZ)), UPSTREAM)) == "frr", "doublezerod has no route there"


def test_what_is_not_known_keeps() -> None:
    assert is_left(host(unknown(FRR)), UPSTREAM) is None
    assert is_left(host(FRR, unknown(dataclasses.replace(DZ, present=False))), PEER) is None
    assert name(whose(host(unknown(FRR)), UPSTREAM)) == "frr"


def test_who_was_never_here_left_nothing() -> None:
    absent = dataclasses.replace(FRR, present=False)
    assert is_left(host(absent), UPSTREAM) is None and whose(host(absent), UPSTREAM) is None


def test_a_protocol_of_everybody_proves_nothing() -> None:
    for proto in ("static", "boot", "ra"):
        state = dataclasses.replace(FRR, marks=(Mark("route", proto=proto),))
        assert is_left(host(state), dataclasses.replace(UPSTREAM, proto=proto)) is None


def test_two_dead_daemons_with_one_protocol_cannot_be_told_apart() -> None:
    other = dataclasses.replace(FRR, name="other")
    assert is_left(host(FRR, other), UPSTREAM) is None
    assert name(is_left(host(FRR, dataclasses.replace(other, present=False)), UPSTREAM)) == "frr"


def test_a_prefix_is_held_against_a_destination_only() -> None:
    state = dataclasses.replace(FRR, marks=(Mark("route", prefix="10.0.0.0/8"),))
    inside = dataclasses.replace(UPSTREAM, dst="10.1.0.0/16")
    assert name(is_left(host(state), inside)) == "frr"
    assert is_left(host(state), dataclasses.replace(UPSTREAM, dst="192.0.2.0/24")) is None
    assert is_left(host(state), UPSTREAM) is None, "a template shows no destination"
    assert is_left(host(alive(state), VIP, FRR), UPSTREAM) is None, "which may be one of the live owner's"


def test_the_configuration_of_a_dead_owner_tells_what_was_its() -> None:
    vip = Address(4, 2, "192.0.2.50", 32)
    assert name(is_left(host(VIP), vip)) == name(whose(host(VIP), vip)) == "keepalived"
    assert is_left(host(VIP), Address(4, 2, "192.0.2.51", 32)) is None
    assert is_left(host(alive(VIP)), vip) is None
    manager = OwnerState("manager", None, "", present=True, wants=(Want("address", {"address": "192.0.2.50/24"}),))
    assert name(is_left(host(VIP, manager), vip)) == "keepalived", "that is another address"
    assert is_left(host(VIP, manager), Address(4, 2, "192.0.2.50", 24)) is None


def test_what_a_live_owner_said_of_its_wants() -> None:
    said = (
        Want("link", {"name": "doublezero0"}),
        Want("address", {"prefix": "169.254.0.0/16", "interface": "doublezero0"}),
        Want("address", {"address": "198.51.100.7", "interface": "doublezero0"}),
    )
    index = host(alive(DZ, wants=said, complete=("address",)))
    old, new = Address(4, 3, "203.0.113.9", 32), Address(4, 3, "198.51.100.7", 32)
    assert name(is_left(index, old)) == name(whose(index, old)) == "doublezerod" and wanted_by(index, old) is None
    for kept in (new, Address(4, 3, "169.254.0.1", 31), LINKS[2]):
        assert is_left(index, kept) is None and name(wanted_by(index, kept)) == "doublezerod"
    assert is_left(index, PEER) is None, "it said nothing of routes"
    assert is_left(host(alive(DZ, wants=said)), old) is None, "it did not say that these are all"
    assert is_left(host(alive(DZ, wants=None, complete=("address",))), old) is None
    assert is_left(index, Address(4, 2, "203.0.113.9", 32)) is None, "not on its link"


def test_what_is_said_of_a_want_and_cannot_be_compared_keeps() -> None:
    odd = alive(DZ, wants=(Want("link", {"colour": "red"}),), complete=("link",))
    assert is_left(host(odd), LINKS[2]) is None
    routes = alive(DZ, wants=(Want("route", {"dst": "203.0.113.0/24"}),), complete=("route",))
    assert is_left(host(routes), PEER) is None
    assert name(is_left(host(routes), dataclasses.replace(PEER, dst="198.51.100.0/24"))) == "doublezerod"
    assert name(wanted_by(host(routes), dataclasses.replace(PEER, dst="203.0.113.0/24"))) == "doublezerod"


def test_wanted_routes_and_rules() -> None:
    wants = (
        Want("route", {"dst": "0.0.0.0/0", "table": 52, "interface": "wg7", "gateway": "10.0.0.1"}),
        Want("rule", {"priority": 5270, "table": 52, "mark": 7, "src": "10.0.0.0/8", "dst": "0.0.0.0/0"}),
    )
    index = host(OwnerState("x", True, "", wants=wants))
    route = Route(4, "0.0.0.0/0", table=52, hops=(Hop(5, "10.0.0.1"),))
    rule = Rule(4, 5270, table=52, mark=7, src="10.0.0.0/8")
    assert name(wanted_by(index, route)) == name(wanted_by(index, rule)) == "x"
    assert wanted_by(index, dataclasses.replace(route, table=53)) is None
    assert wanted_by(index, dataclasses.replace(route, hops=(Hop(2, "10.0.0.1"),))) is None
    assert wanted_by(index, dataclasses.replace(rule, src=None)) is None


@pytest.mark.parametrize(
    "item",
    [
        LINKS[0],
        LINKS[3],
        Address(4, 1, "127.0.0.1", 8, proto="kernel_lo"),
        Route(4, "192.0.2.0/24", proto="kernel", hops=(Hop(3),)),
        Route(4, "192.0.2.1/32", table=255, proto="bgp", type="local", hops=(Hop(3),)),
        Rule(4, 0, table=255, proto="kernel"),
    ],
)
def test_the_kernels_own_objects_are_nobodys_leftovers(item) -> None:
    greedy = (
        Mark("link", name="*"),
        Mark("address", interface="*"),
        Mark("route", interface="*"),
        Mark("rule", priorities=((0, 99999),)),
    )
    assert is_left(host(dataclasses.replace(DZ, marks=greedy)), item) is None


def test_links_by_kind() -> None:
    state = dataclasses.replace(DZ, marks=(Mark("address", interface="wg*", link_kind="wireguard"),))
    assert name(is_left(host(state), Address(4, 5, "10.0.0.2", 32))) == "doublezerod"
    assert is_left(host(state), Address(4, 2, "10.0.0.2", 32)) is None
    gone = Address(4, 99, "10.0.0.2", 32)
    assert is_left(host(state), gone) is None, "its link is not in the snapshot"


# The rules of wg-quick ------------------------------------------------------------------------------------------------

WG = OwnerState(
    "wireguard",
    False,
    "no process wireguard-go runs here; none of its links is here",
    present=True,
    marks=(
        Mark("rule", tables=((51820, 51839),), fwmarks=((51820, 51839),), proves=False),
        Mark("rule", tables=((51820, 51839),), unmarked=True, proto="unspec"),
        Mark("rule", tables=((254, 254),), suppresses=0, before_own=True, proto="unspec"),
    ),
)
MAIN = Rule(4, 32764, table=254, suppress_prefixlen=0)
DEFAULT = Rule(4, 32765, table=51820, mark=51820, mask=0xFFFFFFFF, invert=True)


def ruled(*rules: Rule, owners: tuple[OwnerState, ...] = (WG,)) -> Index:
    return Index(Snapshot(rules=rules, owners=owners))


def test_both_rules_of_a_dead_tunnel_are_left() -> None:
    index = ruled(MAIN, DEFAULT, Rule(4, 32766, table=254))
    assert name(is_left(index, MAIN)) == name(is_left(index, DEFAULT)) == "wireguard"
    assert is_left(index, Rule(4, 32766, table=254)) is None
    living = ruled(MAIN, DEFAULT, owners=(alive(WG),))
    for rule in (MAIN, DEFAULT):
        assert is_left(living, rule) is None and name(whose(living, rule)) == "wireguard"
        assert is_left(ruled(MAIN, DEFAULT, owners=(unknown(WG),)), rule) is None


@pytest.mark.parametrize(
    "said",
    [
        {"mark": 51821},
        {"table": 51821},
        {"mask": 0xFF},
        {"invert": False},
        {"src": "192.0.2.0/24"},
        {"uid_range": (0, 0)},
        {"tos": 4},
        {"proto": "static"},
        {"suppress_prefixlen": 0},
        {"table": 500, "mark": 500},
        {"action": "goto", "goto": 7, "table": None},
    ],
)
def test_one_that_differs_in_anything_is_not_proven_to_be_wg_quicks(said) -> None:
    other = dataclasses.replace(DEFAULT, **said)
    index = ruled(MAIN, other)
    assert is_left(index, other) is None and is_left(index, MAIN) is None


def test_what_only_protects_is_kept_while_its_owner_lives() -> None:
    by_hand = dataclasses.replace(DEFAULT, invert=False)
    assert is_left(ruled(by_hand), by_hand) is None and name(whose(ruled(by_hand), by_hand)) == "wireguard"
    other = OwnerState("other", False, "", present=True, marks=(Mark("rule", tables=((51820, 51820),)),))
    assert name(is_left(ruled(by_hand, owners=(WG, other)), by_hand)) == "other"
    assert is_left(ruled(by_hand, owners=(alive(WG), other)), by_hand) is None
    only = dataclasses.replace(FRR, marks=(Mark("route", proto="bgp", proves=False),))
    assert is_left(host(only), UPSTREAM) is None, "not even where nobody else uses the protocol"


@pytest.mark.parametrize(
    "rules",
    [
        (MAIN,),
        (MAIN, Rule(4, 32766, table=254)),
        (DEFAULT, dataclasses.replace(MAIN, priority=32766)),
        (MAIN, Rule(4, 32764, table=7), DEFAULT),
        (MAIN, dataclasses.replace(DEFAULT, family=6)),
        (dataclasses.replace(MAIN, suppress_prefixlen=1), DEFAULT),
        (dataclasses.replace(MAIN, mark=1), DEFAULT),
        (dataclasses.replace(MAIN, proto="static"), DEFAULT),
        (MAIN, dataclasses.replace(MAIN, priority=32765)),
    ],
)
def test_a_rule_that_suppresses_is_everybodys_unless_it_stands_right_before(rules) -> None:
    index = ruled(*rules)
    assert [rule for rule in rules if is_left(index, rule) and rule.table == 254] == []


def test_it_is_left_only_with_the_rule_that_it_stands_before() -> None:
    index = ruled(
        MAIN, DEFAULT, owners=(WG, OwnerState("other", True, "", marks=(Mark("rule", fwmarks=((51820, 51820),)),)))
    )
    assert is_left(index, DEFAULT) is None and is_left(index, MAIN) is None
    assert is_left(ruled(DEFAULT), MAIN) is None, "it is not among the rules, so what follows it is not known"
