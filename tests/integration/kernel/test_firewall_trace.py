# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proof: the kernel's own trace of one packet names what ends its way, and nothing of ours is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.firewall.flow import Packet
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.firewall.run import Refused
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.firewall.trace import TraceResult, sweep, trace
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.processes import start_of

from .test_audit import audit, found, hold

DROP_ALL = "nft 'table inet g { chain o { type filter hook output priority 0; policy drop; }; }'"
KILLED = """
import sys, time
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.firewall import trace
def stop(*_arguments):
    print("in the middle", flush=True)
    time.sleep(600)
trace._listen = stop
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.firewall.flow import Packet
trace.trace(sys.argv[1], Packet(4, "udp", "198.51.100.1", "192.0.2.1", 5000, 53))
"""


@pytest.fixture
def host(netns):
    ns = netns()
    ns.sh(
        "ip link add va type veth peer name vb; ip link set va up; ip link set vb up; ip addr add 192.0.2.1/24 dev va;"
        "ip -6 addr add 2001:db8:1::1/64 dev va nodad; ip -6 route add default via 2001:db8:1::fe;"
        "ip route add default via 192.0.2.254; ip neigh add 192.0.2.254 lladdr 02:00:00:00:00:01 dev va"
    )
    return ns


def traced(host, protocol: str = "udp", to: str = "198.51.100.1", **more: t.Any) -> TraceResult:
    before = rules(host)
    family = 6 if ":" in to else 4
    source = "2001:db8:1::1" if family == 6 else "192.0.2.1"
    port = None if protocol == "icmp" else 53
    result = trace(
        host.name, Packet(**{**dict(family=family, protocol=protocol, to=to, source=source, port=port), **more})
    )
    assert rules(host) == before, "what was there is there, and nothing else"
    return result


def rules(host) -> str:
    """All rules, without what is counted."""
    return host.sh("nft -s list ruleset; iptables-legacy-save | sed 's/ \\[.*//; /^#/d'")


CASES = {
    "nft, in a chain that is jumped to": (
        "nft 'table inet g { chain c { udp dport 53 drop; }; chain o { type filter hook output priority 0; jump c; }; }'",
        ("drop", "trace", "c", "udp dport 53 drop"),
    ),
    "nft, by a set": (
        "nft 'table ip g { set s { type ipv4_addr; elements = { 198.51.100.1 }; };"
        "chain o { type filter hook output priority 0; ip daddr @s counter reject; }; }'",
        ("reject", "trace", "o", "ip daddr @s counter reject with icmp port-unreachable"),
    ),
    "nft, by a verdict map": (
        "nft 'table ip g { chain o { type filter hook output priority 0; udp dport vmap { 53 : drop }; }; }'",
        ("drop", "trace", "o", "udp dport vmap { 53 : drop }"),
    ),
    "the policy": (DROP_ALL, ("drop", "trace", "o", None)),
    "iptables in nftables": (
        "iptables-nft -N c; iptables-nft -A OUTPUT -j c; iptables-nft -A c -p udp -m multiport --dports 53,54 -j DROP",
        ("drop", "trace", "c", "-p udp -m multiport --dports 53,54 -j DROP"),
    ),
    "iptables in nftables rejects": (
        "iptables-nft -A OUTPUT -p udp -j REJECT",
        ("reject", "trace", "OUTPUT", "-p udp -j REJECT --reject-with icmp-port-unreachable"),
    ),
    "legacy iptables": (
        "iptables-legacy -N c; iptables-legacy -A OUTPUT -p udp -j c; iptables-legacy -A c -p udp --dport 53 -j DROP",
        ("drop", "counter", "c", "-p udp -m udp --dport 53 -j DROP"),
    ),
    "the policy of legacy iptables": ("iptables-legacy -P OUTPUT DROP", ("drop", "counter", "OUTPUT", None)),
    "after the routing": (
        "nft 'table inet g { chain p { type filter hook postrouting priority 0; oifname va drop; }; }'",
        ("drop", "trace", "p", "oifname va drop"),
    ),
    "a comment that lies": (
        "nft 'table inet g { chain o { type filter hook output priority 0;"
        'udp dport 53 counter comment "x # handle 9 (verdict drop)"; meta l4proto udp drop; }; }\'',
        ("drop", "trace", "o", "meta l4proto udp drop"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_drops_a_datagram(host, case: str) -> None:
    make, expected = CASES[case]
    host.sh(make)
    result = traced(host)
    assert result.place is not None, result
    rule = None if result.place.rule is None else result.place.rule.text
    assert (result.outcome, result.how, result.place.chain.name, rule) == expected
    assert result.errno == "EPERM"


@pytest.mark.parametrize(("protocol", "to", "errno"), [
    ("tcp", "198.51.100.1", None), ("icmp", "198.51.100.1", "EPERM"),
    ("udp", "2001:db8:2::1", "EPERM"), ("tcp", "2001:db8:2::1", None), ("icmp", "2001:db8:2::1", "EPERM"),
])  # fmt: skip
def test_other_packets(host, protocol: str, to: str, errno: str | None) -> None:
    host.sh(DROP_ALL)
    result = traced(host, protocol, to)
    assert (result.outcome, result.how, result.errno) == ("drop", "trace", errno)


def test_what_is_not_dropped(host) -> None:
    host.sh("iptables-nft -A OUTPUT -p udp --dport 54 -j DROP; iptables-legacy -A OUTPUT -p udp --dport 55 -j DROP")
    result = traced(host)
    assert (result.outcome, result.errno, result.place) == ("accept", None, None)


def test_nothing_at_all_drops_where_there_is_no_firewall(host) -> None:
    result = traced(host)
    assert (result.outcome, result.errno, result.place) == ("accept", None, None)


def test_the_mark_and_the_user_of_the_flow(host) -> None:
    host.sh(
        "iptables-nft -A OUTPUT -m mark ! --mark 0x10 -j ACCEPT; iptables-nft -A OUTPUT -m owner --uid-owner 1234 -j DROP"
    )
    assert traced(host, mark=0x10, uid=1234).outcome == "drop"
    assert traced(host, mark=0x10, uid=0).outcome == "accept"
    assert traced(host, mark=0, uid=1234).outcome == "accept"


def test_the_loopback_is_down(host) -> None:
    host.sh(DROP_ALL + "; ip link set lo down")
    assert traced(host).outcome == "drop"


def test_a_source_that_is_not_the_hosts_is_said(host) -> None:
    with pytest.raises(Refused, match="cannot be sent"):
        trace(host.name, Packet(4, "udp", "198.51.100.1", "203.0.113.1", 5000, 53))


# What is left behind --------------------------------------------------------------------------------------------------


def in_the_middle(host) -> subprocess.Popen[str]:
    run = subprocess.Popen([sys.executable, "-c", KILLED, host.name], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None and run.stdout.readline() == "in the middle\n"
    assert len(ours(host)) == 1
    return run


def ours(host) -> list[str]:
    listed = json.loads(host.sh("nft -j list tables"))["nftables"]
    names = [item["table"]["name"] for item in listed if "table" in item]
    return [name for name in names if name.startswith("netmend_reclaim_trace_")]


def monitors(host) -> list[str]:
    """The monitors that run in the namespace."""
    found = []
    for pid in host.sh("ip netns pids %s" % host.name).split():
        with contextlib.suppress(OSError), open("/proc/%s/cmdline" % pid, "rb") as stream:
            found += [pid] if b"monitor" in stream.read() else []
    return found


def test_a_run_that_is_killed_leaves_nothing_that_the_next_one_does_not_remove(host) -> None:
    host.sh(DROP_ALL)
    before = rules(host)
    run = in_the_middle(host)
    other = in_the_middle_of_another(host)
    run.kill()
    run.wait(timeout=10)
    assert len(ours(host)) == 2
    (swept,) = sweep(host.name)
    assert swept == "netmend_reclaim_trace_%d_" % run.pid + swept.rpartition("_")[2]
    assert len(ours(host)) == 1, "the one that lives is left alone"
    other.terminate()
    other.wait(timeout=10)
    assert ours(host) == [] and rules(host) == before
    for _attempt in range(200):
        if not monitors(host):
            break
        time.sleep(0.05)
    assert monitors(host) == []


def in_the_middle_of_another(host) -> subprocess.Popen[str]:
    run = subprocess.Popen([sys.executable, "-c", KILLED, host.name], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None and run.stdout.readline() == "in the middle\n"
    return run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_lets_it_tidy_up(host, number: int) -> None:
    host.sh(DROP_ALL)
    before = rules(host)
    run = in_the_middle(host)
    run.send_signal(number)
    assert run.wait(timeout=20) == 128 + number
    assert ours(host) == [] and rules(host) == before and monitors(host) == []


def test_a_table_that_only_looks_like_ours_is_left_alone(host) -> None:
    names = ["netmend_reclaim_trace_", "netmend_reclaim_trace_x_1", "netmend_reclaim_trace_1_2_3", "netmend_reclaim"]
    names.append("netmend_reclaim_trace_%d_%d" % (os.getpid(), start_of(os.getpid())))
    for name in names:
        host.sh("nft add table inet %s" % name)
    assert sweep(host.name) == ()
    host.sh("nft add table inet netmend_reclaim_trace_%d_1" % os.getpid())  # another process had this id
    assert len(sweep(host.name)) == 1
    assert len(json.loads(host.sh("nft -j list tables"))["nftables"]) == 1 + len(names)


# In an audit ----------------------------------------------------------------------------------------------------------


def test_an_audit_with_a_trace_proves_what_it_finds(host) -> None:
    host.sh(
        "nft 'table inet g { chain o { type filter hook output priority 0; udp dport 9 ip dscp cs0 counter drop; }; }'"
    )
    hold(host, "app", "192.0.2.1", "198.51.100.1")
    assert found(audit(host), "RC501") == [], "a condition that is not understood, and nobody complains"
    host.sh("nft add rule inet g o udp dport 9 counter drop")
    before = rules(host)
    (finding,) = found(audit(host), "RC501")
    assert finding["confidence"] == "strong" and finding["object"]["selector"]["rule"] == "udp dport 9 counter drop"
    (proven,) = found(audit(host, firewall_trace=True), "RC501")
    assert proven["confidence"] == "proven"
    assert proven["object"]["selector"]["rule"] == "udp dport 9 ip dscp cs0 counter drop"
    assert [item["source"] for item in proven["evidence"]][-1] == "trace"
    assert rules(host) == before and ours(host) == []


def test_an_audit_with_a_trace_takes_back_what_is_not_so(host) -> None:
    host.sh("nft 'table inet g { chain o { type filter hook output priority 0; tcp dport 9 ip dscp != cs0 drop; }; }'")
    hold(host, "app", "192.0.2.1", "198.51.100.1", protocol="tcp")
    (guess,) = found(audit(host), "RC501")
    assert guess["confidence"] == "hint"
    assert found(audit(host, firewall_trace=True), "RC501") == []
