# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user may say of packets, and what is said to one who says something else."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.expression import command, expression
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.filter import Filter, parse


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"protocol": "quic"}, "filter.protocol: 'quic' is no protocol; expected ah, arp"),
        ({"protocol": "256"}, "'256' is no protocol"),
        ({"host": ["server"]}, "filter.host: 'server' is neither an address nor a prefix"),
        (
            {"src": ["192.0.2.7/24"]},
            "filter.src: '192.0.2.7/24' has bits behind its prefix; is 192.0.2.0/24 meant, or 192.0.2.7?",
        ),
        ({"dst": ["::1"] * 17}, "filter.dst: 17 is more than the 16"),
        ({"port": ["65536"]}, "filter.port: '65536' is neither a port"),
        ({"port": ["9-1"]}, "'9-1' is neither"),
        ({"sport": ["http"]}, "filter.sport: 'http'"),
        ({"port": ["53"], "protocol": "icmp"}, "ports are of tcp, udp and sctp only"),
        ({"port": ["53"], "icmp_type": ["redirect"]}, "ports are of tcp, udp and sctp only"),
        ({"icmp_type": ["ping"]}, "filter.icmp_type: 'ping' is no type of ICMP; expected echo-reply"),
        ({"icmp_type": ["3"]}, "say family, or a name"),
        ({"icmp_type": ["redirect"], "protocol": "udp"}, "icmp_type is of icmp only"),
        ({"tcp_flags": ["syn"], "protocol": "udp"}, "tcp_flags are of tcp only"),
        ({"vlan": 4096}, "filter.vlan: 4096 is no VLAN ID"),
        ({"protocol": "arp", "family": "ipv4"}, "arp is no IP"),
        ({"protocol": "arp", "host": ["::1"]}, "arp is about IPv4 addresses"),
        ({"family": "ipv4", "host": ["::1"]}, "no packet can match"),
        ({"src": ["192.0.2.1"], "dst": ["::1"]}, "no packet can match"),
        ({"icmp_type": ["packet-too-big"], "family": "ipv4"}, "no packet can match"),
    ],
)
def test_what_makes_no_sense_is_refused(options, words):
    with pytest.raises(ValueError, match="^filter") as refused:
        parse(options)
    assert words in str(refused.value)


def test_nothing_said_is_all_packets():
    assert parse(None) == parse({}) == parse({"host": None, "port": []}) == Filter()
    assert Filter().is_about_all
    assert parse({"vlan": 5}).is_about_all


def test_the_option_is_named_as_the_user_calls_it():
    with pytest.raises(ValueError, match=r"^exclude\.port: "):
        parse({"port": ["x"]}, "exclude")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, ""),
        ({"host": ["192.0.2.1"]}, "((ip and host 192.0.2.1) or (arp and host 192.0.2.1))"),
        (
            {"protocol": "udp", "host": ["216.238.110.55"], "port": ["44880"]},
            "ip and udp and host 216.238.110.55 and port 44880",
        ),
        ({"vlan": 5, "protocol": "arp"}, "vlan 5 and arp"),
        (
            {"icmp_type": ["unreachable"]},
            "((ip and ip[9] = 1 and icmp[0] = 3) or (ip6 and ip6[6] = 58 and ip6[40] = 1))",
        ),
    ],
)
def test_in_the_words_of_tcpdump(options, text):
    assert expression(parse(options)) == text


def test_what_a_person_would_type():
    text = expression(parse({"protocol": "tcp", "family": "ipv4"}), [parse({"port": ["22"], "family": "ipv4"})])
    assert text == "(ip and ip[9] = 6) and not (ip and port 22)"
    assert command("eth0", 128, 10, "in", "vpn1", text) == [
        *["ip", "netns", "exec", "vpn1", "tcpdump", "-n", "-p", "-i", "eth0", "-s", "128", "-c", "10", "-Q", "in"],
        text,
    ]
    assert command(None, 128, None, None, None, "") == ["tcpdump", "-n", "-p", "-i", "any", "-s", "128"]
