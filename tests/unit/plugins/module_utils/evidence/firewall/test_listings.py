# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listings of nft 1.0.6 and iptables 1.8.9 as these wrote them, and listings that nothing writes."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.firewall import iptables, nft
from ansible_collections.netmend.reclaim.plugins.module_utils.model import FirewallRule
from hypothesis import given, settings
from hypothesis import strategies as st

LISTINGS = pathlib.Path(__file__).resolve().parents[5] / "fixtures" / "firewall"


def nft_rules(name: str) -> t.Dict[int, FirewallRule]:
    """The rules of table inet filt, or of all of iptables' tables, by their handles."""
    kinds = nft.elements(json.loads((LISTINGS / name).read_text(encoding="utf-8")))
    rules = [nft.rule(data, number, data["family"]) for number, data in enumerate(kinds["rule"], 1)]
    return {t.cast(int, rule.handle): rule for rule in reversed(rules)}


def saved_rules(name: str) -> t.List[FirewallRule]:
    text = (LISTINGS / name).read_text(encoding="utf-8")
    return [iptables.rule(line, 1) for chain in iptables.chains(text) for line in chain.rules]


def strange(rules: t.Iterable[FirewallRule]) -> t.List[str]:
    """The conditions that are not understood."""
    return [match.text for rule in rules for match in rule.matches if not match.fields]


def test_what_is_not_understood_of_nft_is_what_a_packet_does_not_tell() -> None:
    assert sorted(strange(nft_rules("nft.json").values())) == [
        "ct direction original", "ct mark 5", "ct status dnat", "ip dscp ef", "ip ttl < 5", "limit rate 10/second",
        "meta cgroup 5", "meta oifkind tun", "meta pkttype host", "meta skgid 5", "quota over 10 mbytes",
        "udp length > 100",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("handle", "text", "verdict", "understood"),
    [
        (10, "ct state established,related accept", "accept", [(("ct_state",), (((2, 2),), ((4, 4),)))]),
        (24, "tcp flags & syn,ack == syn drop", "drop",
         [(("protocol",), (((6, 6),),)), (("tcp_flags",), (((2, 2),),))]),
        (44, "oifname tun* drop", "drop", [(("oifname",), ((("tun*", "tun*"),),))]),
        (47, "meta mark set 5", None, []),
        (38, "ct mark 5 drop", "drop", [((), ())]),
        (41, "ip daddr . udp dport { 1.2.3.4 . 5 } drop", "drop",
         [(("family",), (((4, 4),),)), (("protocol",), (((17, 17),),)),
          (("daddr", "dport"), (((0x01020304, 0x01020304), (5, 5)),))]),
    ],
)  # fmt: skip
def test_a_rule_of_nft(handle, text, verdict, understood) -> None:
    rule = nft_rules("nft.json")[handle]
    assert (rule.text, rule.verdict) == (text, verdict)
    assert [(match.fields, match.values) for match in rule.matches] == understood


def test_named_sets_and_verdict_maps() -> None:
    kinds = nft.elements(json.loads((LISTINGS / "nft.json").read_text(encoding="utf-8")))
    bad, ports = (nft.named_set(data) for data in kinds["set"])
    assert bad.elements == (((0xC6336400, 0xC63364FF),), ((0xCB007105, 0xCB007105),))
    assert ports.elements == (((17, 17), (53, 53)), ((6, 6), (80, 80)))
    (verdicts,) = (nft.named_set(data) for data in kinds["map"])
    assert [(each.value, each.verdict, each.target) for each in verdicts.branches] == [
        (((99, 99),), "drop", None),
        (((100, 100),), "jump", "sub"),
    ]


def test_nft_shows_the_matches_of_iptables_only_in_part_and_iptables_shows_them_whole() -> None:
    assert "xt match conntrack" in strange(nft_rules("iptables-nft.json").values())
    saved = saved_rules("iptables-nft.save")
    assert strange(saved) == ["--mark 0x5", "--limit 5/min"]
    rejecting = saved[-2]
    assert rejecting.comment == 'a "q" b' and rejecting.verdict == "reject"
    assert [match.fields for match in rejecting.matches] == [("daddr",), ("ct_state",), ("uid",), ("mark",)]
    assert [match.negated for match in rejecting.matches] == [False, False, False, True]


def test_what_iptables_changes() -> None:
    changes = [rule.changes for rule in saved_rules("iptables-nft.save") if rule.changes]
    assert changes == [
        (("mark", None),),
        (("mark", 0x10),),
        (("ct_state", 64),),
        (("daddr", 0xC0000207), ("dport", 5353)),
    ]


def test_counters_and_chains_of_iptables() -> None:
    text = "*filter\n:OUTPUT DROP [7:70]\n:a - [0:0]\n[3:180] -A OUTPUT -p udp -j a\n-A a -j DROP\nCOMMIT\n"
    output, other = iptables.chains(text)
    assert (output.policy, output.packets, other.policy) == ("drop", 7, None)
    rule = iptables.rule(output.rules[0], 1)
    assert (rule.packets, rule.bytes, rule.verdict, rule.target) == (3, 180, "jump", "a")
    assert iptables.rule(other.rules[0], 1).packets is None


WORDS = st.sampled_from(
    "-A -d -s -p -m -j -g -o ! --dport --dports --ctstate --mark --comment --tcp-flags --uid-owner --dst-range OUTPUT "
    'udp 53 1:5 10.0.0.0/8 10.0.0.0/255.0.255.0 ::1/129 NEW,X DROP MARK --set-xmark 0x1/ mark owner "a \\" b" SYN - --'.split(
        " "
    )
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["udp", "@x", "drop", "10.0.0.1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "match op left right payload protocol field meta key ct & | set elem val prefix addr len range concat vmap data "
                "jump target goto drop accept mangle value counter xt fib flags result dnat redirect limit reject name".split()
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=500)
@given(st.lists(WORDS, max_size=12))
def test_no_words_of_iptables_are_an_error(words) -> None:
    rule = iptables.rule("[1:2] " + " ".join(words), 1)
    assert len(rule.text) <= 400


@settings(max_examples=500)
@given(st.dictionaries(st.sampled_from(["expr", "handle", "comment", "family"]), JSON), JSON)
def test_no_json_is_an_error(data, expression) -> None:
    for each in (data, {"expr": [expression]}, {"expr": [{"match": expression}]}, {"expr": [{"vmap": expression}]}):
        rule = nft.rule(each, 1, "inet")
        assert len(rule.text) <= 400
    nft.named_set({"type": expression, "elem": data, **{key: value for key, value in data.items() if key != "family"}})
    nft.named_set({"type": "inet_service", "elem": expression, "map": "verdict"})
    nft.elements(data)
    nft.elements({"nftables": expression})
