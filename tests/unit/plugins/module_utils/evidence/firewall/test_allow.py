# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is run to let a flow through, by whoever is in charge: argument vectors from recorded states."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.firewall import allow
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.firewall.flow import Packet, Place
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.firewall.managers import at_work, of
from ansible_collections.netmend.reclaim.plugins.module_utils.model import FirewallChain, FirewallRule

FLOW = Packet(4, "udp", "198.51.100.1", "192.0.2.1", 5000, 53)
SIX = Packet(6, "tcp", "2001:db8:2::1", "2001:db8:1::1", 5000, 443)
DROP = FirewallRule(3, "drop", verdict="drop", handle=9)


def chain(name: str, backend: str = "nft", family: str = "ip", table: str = "filter") -> FirewallChain:
    made = FirewallChain(family, table, name, backend)
    return dataclasses.replace(made, manager=of(made))


def vectors(place: Place, flow: Packet) -> tuple[str, str]:
    args = allow.args_of(place, flow)
    assert args is not None
    number, handle = (1, None) if place.rule is None else (place.rule.number, place.rule.handle)
    comment = allow.token(args)
    return tuple(  # type: ignore[return-value]
        " ".join(argv).replace(comment, "TOKEN")
        for argv in (allow.insertion(args, number, handle), allow.removal(args, 12))
    )


@pytest.mark.parametrize(
    ("place", "flow", "adds", "removes"),
    [
        (
            Place(chain("out", "nft", "inet", "f"), DROP), FLOW,
            "nft insert rule inet f out handle 9 ip saddr 192.0.2.1 ip daddr 198.51.100.1 udp dport 53 accept comment "
            '"TOKEN"',
            "nft delete rule inet f out handle 12",
        ),
        (
            Place(chain("out", "nft", "inet", "f")), dataclasses.replace(SIX, protocol="icmp", source=None),
            'nft add rule inet f out ip6 daddr 2001:db8:2::1 icmpv6 type echo-request accept comment "TOKEN"',
            "nft delete rule inet f out handle 12",
        ),
        (
            Place(chain("OUTPUT", "ip6tables-legacy", "ip6"), DROP), SIX,
            "ip6tables-legacy -w -t filter -I OUTPUT 3 -s 2001:db8:1::1 -d 2001:db8:2::1 -p tcp -m tcp --dport 443 -m "
            "comment --comment TOKEN -j ACCEPT",
            "ip6tables-legacy -w -t filter -D OUTPUT -s 2001:db8:1::1 -d 2001:db8:2::1 -p tcp -m tcp --dport 443 -m "
            "comment --comment TOKEN -j ACCEPT",
        ),
        (
            Place(chain("ufw-user-output", "iptables-nft"), DROP), FLOW,
            "ufw prepend allow out proto udp from 192.0.2.1 to 198.51.100.1 port 53 comment TOKEN",
            "ufw delete allow out proto udp from 192.0.2.1 to 198.51.100.1 port 53",
        ),
        (
            Place(chain("filter_OUT_policy_strict_deny", "nft", "inet", "firewalld"), DROP), FLOW,
            'firewall-cmd --policy=strict --add-rich-rule=rule priority="-1" family="ipv4" source address="192.0.2.1" '
            'destination address="198.51.100.1" port port="53" protocol="udp" accept',
            'firewall-cmd --policy=strict --remove-rich-rule=rule priority="-1" family="ipv4" source address="192.0.2.1" '
            'destination address="198.51.100.1" port port="53" protocol="udp" accept',
        ),
        (
            Place(chain("OUTPUT_direct", "iptables-nft"), DROP), FLOW,
            "firewall-cmd --direct --add-rule ipv4 filter OUTPUT -999 -s 192.0.2.1 -d 198.51.100.1 -p udp -m udp --dport "
            "53 -m comment --comment TOKEN -j ACCEPT",
            "firewall-cmd --direct --remove-rule ipv4 filter OUTPUT -999 -s 192.0.2.1 -d 198.51.100.1 -p udp -m udp "
            "--dport 53 -m comment --comment TOKEN -j ACCEPT",
        ),
    ],
)  # fmt: skip
def test_argument_vectors(place: Place, flow: Packet, adds: str, removes: str) -> None:
    assert vectors(place, flow) == (adds, removes)


@pytest.mark.parametrize(
    ("where", "flow"),
    [
        (chain("ufw-before-output", "iptables-nft"), FLOW),  # ufw has no command for what stands there
        (chain("ufw-user-output", "iptables-nft"), dataclasses.replace(FLOW, protocol="icmp")),
        (chain("filter_OUTPUT", "nft", "inet", "firewalld"), FLOW),
        (chain("out; reboot"), FLOW),
        (chain("-F"), FLOW),
        (chain("out"), dataclasses.replace(FLOW, protocol="gre")),
        (chain("out"), dataclasses.replace(FLOW, port=None)),
        (chain("out"), dataclasses.replace(SIX, to="fe80::1%va")),
    ],
)
def test_what_no_rule_can_be_written_for(where: FirewallChain, flow: Packet) -> None:
    assert allow.args_of(Place(where, DROP), flow) is None
    assert allow.step(None, Place(where, DROP), flow) is None


def test_our_rule_is_told_from_others() -> None:
    args = allow.args_of(Place(chain("OUTPUT", "iptables-nft"), DROP), FLOW)
    other = allow.args_of(Place(chain("OUTPUT", "iptables-nft"), DROP), dataclasses.replace(FLOW, port=54))
    assert args is not None and other is not None
    assert allow.is_ours(args, "whatever", allow.token(args))
    assert not allow.is_ours(args, "whatever", allow.token(other))
    assert not allow.is_ours(args, "whatever", None)


def test_ufw_keeps_the_comment_to_itself() -> None:
    args = allow.args_of(Place(chain("ufw-user-output", "iptables-nft"), DROP), FLOW)
    assert args is not None
    assert allow.is_ours(args, "-s 192.0.2.1/32 -d 198.51.100.1/32 -p udp -m udp --dport 53 -j ACCEPT", None)
    assert not allow.is_ours(args, "-s 192.0.2.1/32 -d 198.51.100.1/32 -p udp -m udp --dport 53 -j DROP", None)


def test_firewalld_is_asked_whether_it_has_the_rule() -> None:
    args = allow.args_of(Place(chain("filter_OUT_strict", "nft", "inet", "firewalld"), DROP), FLOW)
    assert args is not None
    asked = allow.query(args)
    assert asked is not None and asked[:2] == ["firewall-cmd", "--policy=strict"]
    assert asked[2].startswith("--query-rich-rule=rule ")
    plain = allow.args_of(Place(chain("out"), DROP), FLOW)
    assert plain is not None and allow.query(plain) is None


def test_managers_are_known_by_what_they_make() -> None:
    chains = [chain("ufw-user-output", "iptables-legacy"), chain("x", "nft", "inet", "firewalld"), chain("out")]
    assert [item.manager for item in chains] == ["ufw", "firewalld", None]
    assert at_work(chains) == ("firewalld", "ufw")
