# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Differential test: in random firewalls, what the evaluator surely says of a datagram is what its send gets."""

from __future__ import annotations

import collections
import ctypes
import os
import random
import socket
import struct
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import firewall
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.firewall.flow import Evaluator, Packet

WORLDS = int(os.environ.get("NETMEND_FIREWALLS", "60"))
SEED = int(os.environ.get("NETMEND_SEED", "0"))
FLOWS = 25
TARGETS = ("198.51.100.1", "198.51.100.9", "203.0.113.5", "203.0.113.200")
PORTS = (53, 80, 123, 500)
SPORTS = (5000, 5010, 6000)
MARKS = (0, 1, 0x10, 0x11)
USERS = (0, 1000)
SO_MARK = 36
_LIBC = ctypes.CDLL(None)


class Flow(t.NamedTuple):
    to: str
    port: int
    sport: int
    mark: int
    uid: int


@pytest.fixture
def host(netns):
    ns = netns()
    ns.sh(
        "ip link add va type veth peer name vb; ip link set va up; ip link set vb up; ip addr add 192.0.2.1/24 dev va;"
        "ip route add default via 192.0.2.254; ip neigh add 192.0.2.254 lladdr 02:00:00:00:00:01 dev va"
    )
    return ns


def send(flow: Flow) -> bool:
    """One datagram; False where the firewall refuses it."""
    _LIBC.setfsuid(flow.uid)  # what the firewall calls a socket's user is that of the opener, when it was opened
    try:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    finally:
        _LIBC.setfsuid(0)
    with opened:
        opened.setsockopt(socket.SOL_SOCKET, SO_MARK, struct.pack("=I", flow.mark))
        opened.bind(("192.0.2.1", flow.sport))
        try:
            opened.sendto(b"netmend", (flow.to, flow.port))
        except PermissionError:
            return False
    return True


def flows(dice: random.Random) -> t.List[Flow]:
    pick = dice.choice
    return [Flow(pick(TARGETS), pick(PORTS), pick(SPORTS), pick(MARKS), pick(USERS)) for _flow in range(FLOWS)]


def packet(flow: Flow) -> Packet:
    return Packet(4, "udp", flow.to, "192.0.2.1", flow.sport, flow.port, "va", flow.mark, flow.uid, to_type="unicast")


# Random rules ---------------------------------------------------------------------------------------------------------

PREFIXES = ("198.51.100.0/24", "198.51.100.1", "203.0.113.0/25", "203.0.112.0/20", "10.0.0.0/8")


def nft_condition(dice: random.Random) -> str:
    pick = dice.choice
    no = pick(("", "", "!= "))
    return pick(
        (
            "ip daddr %s%s" % (no, pick(PREFIXES)),
            "ip daddr %s{ %s, %s }" % (no, TARGETS[0], TARGETS[2]),
            "ip daddr %s@hosts" % no,
            "udp dport %s%d" % (no, pick(PORTS)),
            "udp dport %s{ 1-100, 500 }" % no,
            "th sport %s5000-5500" % no,
            "udp dport > 100",
            "meta mark %s0x10" % no,
            "meta mark & 0x1 %s 0x1" % (no or "=="),
            "meta skuid %s1000" % no,
            'oifname %s"v*"' % no,
            'oif %s"lo"' % no,
            "ct state %snew" % no,
            "ct state established,related",
            "meta l4proto != { tcp, icmp }",
            "meta l4proto != tcp th dport 53",
            "ip protocol %stcp" % no,
            "fib daddr type %sunicast" % no,
            "ip daddr . udp dport %s{ %s . 53, %s . 80 }" % (no, TARGETS[1], TARGETS[3]),
            "meta l4proto . th dport @services",
            "ip dscp %scs1" % no,
            "ip ttl > 1",
        )
    )


def nft_rule(dice: random.Random, later: t.Sequence[str]) -> str:
    words = [nft_condition(dice) for _condition in range(dice.choice((0, 1, 1, 2, 2)))]
    verdicts = ["accept", "drop", "reject", "return", "counter", "meta mark set 0x11"]
    verdicts += ["%s %s" % (kind, name) for kind in ("jump", "jump", "goto") for name in later]
    if later and dice.random() < 0.3:
        verdict = "udp dport vmap { 53 : drop, 80 : jump %s, 123 : accept }" % later[0]
    else:
        verdict = dice.choice(verdicts if words else ["counter", *verdicts[-len(later or "1") :]])
    return " ".join([*words, verdict])


def nft_text(dice: random.Random) -> str:
    lines = []
    for number in range(dice.choice((1, 2))):
        lines += [
            "table %s t%d {" % (dice.choice(("ip", "inet")), number),
            "set hosts { type ipv4_addr; flags interval; elements = { 198.51.100.8/30, 203.0.113.200 } ; }",
            "set services { type inet_proto . inet_service; elements = { udp . 123, tcp . 53 } ; }",
        ]
        names = ["a", "b", "c"]
        for place in range(len(names) - 1, -1, -1):
            rules = [nft_rule(dice, names[place + 1 :]) for _rule in range(dice.randrange(4))]
            lines += ["chain %s {" % names[place], *rules, "}"]
        hooks = ["type filter hook output priority %d; policy %s;" % (dice.choice((-150, 0, 10)), _policy(dice))]
        hooks += ["type filter hook postrouting priority 0; policy %s;" % _policy(dice)] * dice.choice((0, 1))
        for place, hook in enumerate(hooks):
            rules = [nft_rule(dice, names) for _rule in range(dice.randrange(1, 5))]
            if "postrouting" in hook:  # where nothing can be rejected
                rules = [" ".join([nft_condition(dice), dice.choice(("accept", "drop"))]) for _rule in rules]
            lines += ["chain base%d {" % place, hook, *rules, "}"]
        lines.append("}")
    return "\n".join(lines) + "\n"


def _policy(dice: random.Random) -> str:
    return dice.choice(("accept", "accept", "drop"))


def iptables_condition(dice: random.Random) -> str:
    pick = dice.choice
    no = pick(("", "", "! "))
    return pick(
        (
            "%s-d %s" % (no, pick(PREFIXES)),
            "-p udp %s--dport %d" % (no, pick(PORTS)),
            "-p udp -m multiport %s--dports 53,100:200" % no,
            "-p udp %s--sport 5000:5500" % no,
            "%s-p tcp" % no,
            "%s-o v+" % no,
            "-m mark %s--mark 0x1/0x1" % no,
            "-m owner %s--uid-owner 1000" % no,
            "-m conntrack %s--ctstate NEW" % no,
            "-m conntrack --ctstate ESTABLISHED,RELATED",
            "-m addrtype %s--dst-type LOCAL" % no,
            "-m iprange %s--dst-range 198.51.100.0-198.51.100.5" % no,
            '-m comment --comment "a \\"quoted\\" word"',
            "-m dscp %s--dscp 0x8" % no,
        )
    )


def iptables_text(dice: random.Random) -> str:
    names = ["a", "b"]
    lines = []
    for table, target in (("mangle", "-j MARK --set-xmark 0x11/0xffffffff"), ("filter", "-j REJECT")):
        lines += ["*" + table, ":OUTPUT %s [0:0]" % _policy(dice).upper(), ":a - [0:0]", ":b - [0:0]"]
        for place, chain in enumerate(["OUTPUT", *names]):
            later = names[place:]
            if dice.random() < 0.3:  # so long that rules about other destinations are not looked at
                lines += ["-A %s -d 10.9.%d.0/24 -j DROP" % (chain, number) for number in range(70)]
            for _rule in range(dice.randrange(4)):
                condition = iptables_condition(dice)
                targets = ["-j ACCEPT", "-j DROP", "-j RETURN", target]
                targets += ["%s %s" % (kind, name) for kind in ("-j", "-j", "-g") for name in later]
                lines.append("-A %s %s %s" % (chain, condition, dice.choice(targets)))
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


KINDS: t.Mapping[str, t.Tuple[t.Callable[[random.Random], str], str, str]] = {
    "nft": (nft_text, "nft -f -", "nft flush ruleset"),
    "iptables-nft": (iptables_text, "iptables-nft-restore", "nft flush ruleset"),
    "iptables-legacy": (
        iptables_text,
        "iptables-legacy-restore",
        "for table in filter mangle; do iptables-legacy -t $table -P OUTPUT ACCEPT; "
        "iptables-legacy -t $table -F; iptables-legacy -t $table -X; done",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_surely_said_is_what_a_send_gets(host, kind: str) -> None:
    make, load, clear = KINDS[kind]
    said: t.Counter[t.Tuple[str, str]] = collections.Counter()
    wrong = []
    refused = 0
    for seed in range(SEED, SEED + WORLDS):
        dice = random.Random(seed)
        text = make(dice)
        if "refused" in host.sh("%s <<'RULES' 2>/dev/null || echo refused\n%sRULES" % (load, text)):
            refused += 1  # a rule that asks for two protocols at once
            continue
        unseen: t.List[t.Any] = []
        found = firewall.read(host.name, unseen)
        assert found is not None and found.whole and not unseen, unseen
        evaluator = Evaluator(found)
        with host.entered():
            for flow in flows(dice):
                verdict = evaluator.verdict(packet(flow))
                assert verdict is not None
                passed = send(flow)
                said[verdict.outcome, verdict.confidence] += 1
                if (verdict.confidence == "strong" or verdict.settled) and verdict.blocks is passed:
                    wrong.append("seed %d: %s passed: %s; said: %s\n%s" % (seed, flow, passed, verdict, text))
        host.sh(clear)
    assert not wrong, "%d are wrong, the first:\n%s" % (len(wrong), wrong[0])
    assert refused < WORLDS // 2
    # The dice reach what is to be tested, and most is understood.
    assert {("accept", "strong"), ("drop", "strong"), ("reject", "strong"), ("unknown", "hint")} <= set(said), said
    strong = sum(number for (_outcome, confidence), number in said.items() if confidence == "strong")
    assert strong > sum(said.values()) // 2, said
