# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which policy rule led to an answer."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Address,
    Answer,
    Link,
    Query,
    Route,
    Rule,
    Snapshot,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.reach.base import Case
from ansible_collections.netmend.reclaim.plugins.module_utils.reach.policy import (
    leading_to,
    refusing,
    rule_text,
    selected,
)

LINKS = (Link(1, "lo", loopback=True), Link(2, "eth0"), Link(3, "vrf0", vrf_table=77), Link(4, "eth1", master=3))


def case(rules: t.Sequence[Rule], to: str = "203.0.113.5", **query: t.Any) -> Case:
    return Case(Index(Snapshot(links=LINKS, rules=tuple(rules))), Query(to, **query), Answer("ENETUNREACH"))


def _selected(asked: Case) -> t.List[Rule]:
    return list(selected(asked, asked.source))


def selects(rule: Rule, **query: t.Any) -> bool:
    return _selected(case([rule], **query)) == [rule]


def rule(**selectors: t.Any) -> Rule:
    return Rule(4, 10, table=100, **selectors)


@pytest.mark.parametrize(
    ("selectors", "hit", "miss"),
    [
        ({"dst": "203.0.113.0/24"}, {}, {"to": "203.0.114.5"}),
        ({"dst": "203.0.113.5"}, {}, {"to": "203.0.113.6"}),
        ({"src": "192.0.2.0/24"}, {"source": "192.0.2.1"}, {"source": "192.0.3.1"}),
        ({"src": "192.0.2.0/24"}, {"source": "192.0.2.1"}, {}),
        ({"src": "0.0.0.0/1"}, {}, {"source": "192.0.2.1"}),  # IPv4 asks with 0.0.0.0 where no source is given
        ({"mark": 1}, {"mark": 1}, {"mark": 3}),
        ({"mark": 0x10, "mask": 0xF0}, {"mark": 0x113}, {"mark": 0x20}),
        ({"mark": 0, "mask": 1}, {}, {"mark": 1}),
        ({"iif": "lo"}, {}, {"iif": 2}),
        ({"iif": "eth0"}, {"iif": 2}, {}),
        ({"oif": "eth0"}, {"interface": 2}, {"interface": 3}),
        ({"oif": "eth0"}, {"interface": 2}, {}),
        ({"uid_range": (1000, 1999)}, {"uid": 1999}, {"uid": 2000}),
        ({"uid_range": (0, 0)}, {}, {"uid": 1}),
        ({"ip_proto": "udp"}, {"protocol": "udp"}, {"protocol": "tcp"}),
        ({"ip_proto": "udp"}, {}, {"protocol": "icmp"}),  # IPv4 takes a question without a protocol to be about UDP
        ({"ip_proto": "17"}, {"protocol": "udp"}, {"protocol": "tcp"}),
        ({"dport": (50, 60)}, {"port": 53}, {"port": 61}),
        ({"sport": (50, 60)}, {"sport": 53}, {}),
        ({"tos": 0x10}, {"tos": 0x10}, {}),
        ({"l3mdev": True}, {"interface": 4}, {"interface": 2}),
    ],
)
def test_selectors(selectors: t.Dict[str, t.Any], hit: t.Dict[str, t.Any], miss: t.Dict[str, t.Any]) -> None:
    assert selects(rule(**selectors), **hit)
    assert not selects(rule(**selectors), **miss)
    assert not selects(rule(invert=True, **selectors), **hit)
    assert selects(rule(invert=True, **selectors), **miss)


def test_detached_and_foreign_rules_select_nothing() -> None:
    assert not selects(rule(oif="gone0", detached=("oif",)), interface=2)
    assert not selects(Rule(6, 10, table=100))
    assert not selects(rule(tunnel_id=5))


def test_ipv6_rules_with_a_source_select_no_packet_without_one() -> None:
    wide = Rule(6, 10, table=100, src="::/1")
    assert not selects(wide, to="2001:db8::1")
    assert selects(wide, to="2001:db8::1", source="2001:db8::2")


def test_goto_skips_and_nop_does_nothing() -> None:
    rules = [
        Rule(4, 1, "nop"),
        Rule(4, 2, "goto", goto=50, mark=1),
        Rule(4, 3, "goto", goto=60, unresolved=True),
        Rule(4, 10, table=100),
        Rule(4, 50, table=101),
    ]
    assert [found.priority for found in _selected(case(rules, mark=1))] == [50]
    assert [found.priority for found in _selected(case(rules))] == [10, 50]


def test_the_rule_that_leads_to_a_match() -> None:
    rules = [
        Rule(4, 1, table=100, mark=1),
        Rule(4, 2, table=100, suppress_prefixlen=0),
        Rule(4, 3, table=100),
    ]
    default, route = Route(4, "0.0.0.0/0", table=100), Route(4, "203.0.113.0/24", table=100)
    assert leading_to(case(rules), route) == rules[1]
    assert leading_to(case(rules), default) == rules[2]
    assert leading_to(case(rules, mark=1), default) == rules[0]
    assert leading_to(case(rules), Route(4, "0.0.0.0/0", table=5)) is None
    vrf = Rule(4, 1000, table=None, l3mdev=True)
    assert leading_to(case([vrf], interface=4), Route(4, "0.0.0.0/0", table=77)) == vrf


def test_the_source_that_ipv6_chooses_may_be_what_a_rule_selects_by() -> None:
    snapshot = Snapshot(
        addresses=(Address(6, 2, "2001:db8::1", 64),),
        rules=(Rule(6, 10, "prohibit", src="2001:db8::/64"), Rule(6, 32766, table=254)),
    )
    asked = Case(Index(snapshot), Query("2001:db8:5::5"), Answer("EACCES"))
    assert refusing(asked, "EACCES") == (snapshot.rules[0], None)


def test_text() -> None:
    full = Rule(
        4, 7, table=254, src="192.0.2.0/24", dst="203.0.113.0/24", iif="lo", oif="e\x1b0", mark=1, mask=15, tos=16,
        uid_range=(1, 2), ip_proto="udp", sport=(1, 1), dport=(5, 6), invert=True,
    )  # fmt: skip
    assert rule_text(full) == (
        "7: not from 192.0.2.0/24 to 203.0.113.0/24 tos 0x10 fwmark 0x1/0xf iif lo oif e\\x1b0 uidrange 1-2 ipproto udp "
        "sport 1-1 dport 5-6 lookup main"
    )
    assert rule_text(Rule(4, 8, "prohibit", mark=0x20)) == "8: from all fwmark 0x20 prohibit"
    assert rule_text(Rule(4, 9, l3mdev=True)) == "9: from all lookup [l3mdev-table]"
