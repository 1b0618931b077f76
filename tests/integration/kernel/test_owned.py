# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a daemon leaves when it is killed: left alone while it lives, found, planned exactly and removed when it is dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import audit, request
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.tests.integration.kernel.test_owners import NAME, PROGRAM
from ansible_collections.netmend.reclaim.tests.integration.kernel.test_plan import ANYTHING, do, plan_of, told

OBJECTS = [
    {"kind": "link", "name": "wt*"},
    {"kind": "address", "interface": "wt*"},
    {"kind": "address", "prefix": "100.64.0.0/10"},
    {"kind": "route", "proto": "bgp"},
    {"kind": "route", "tables": ["7120"]},
    {"kind": "rule", "priorities": ["100-110"]},
]
MADE = """
    ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up
    ip addr add 192.0.2.1/24 dev v0; ip addr add 100.100.0.9/32 dev v0; ip addr add 192.0.2.5/24 dev v0
    ip tuntap add wt0 mode tun; ip link set wt0 up; ip addr add 10.9.0.1/24 dev wt0
    ip route add 203.0.113.0/25 via 192.0.2.254 proto bgp; ip route add 203.0.113.128/25 via 192.0.2.253 proto bgp
    ip route add blackhole 198.51.100.0/24 proto bgp
    ip route add 198.51.100.0/25 dev wt0 table 7120; ip rule add pref 105 lookup 7120
    ip rule add pref 106 fwmark 7 unreachable
    ip route add 10.0.0.0/8 via 192.0.2.254 proto static; ip rule add pref 111 lookup 254
"""
OURS = ["RC203", "RC206", "RC305", "RC404", "RC405"]


@pytest.fixture
def left(netns, tmp_path):
    """A host with a daemon's objects on it and others, and the daemon itself."""
    ns = netns()
    ns.sh(MADE)
    child = ns.start([sys.executable, "-c", PROGRAM, NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == "ready\n"
    owner = {"name": "mine", "processes": [NAME], "paths": [str(tmp_path)], "objects": OBJECTS}
    return ns, child, owner


def kill(child: subprocess.Popen[str]) -> None:
    os.kill(child.pid, signal.SIGKILL)
    child.wait(timeout=10)


def findings(ns, **params: t.Any) -> list[dict[str, t.Any]]:
    with Kernel(ns.name) as kernel:
        return audit(kernel, request(params))["findings"]


def test_found_when_it_is_dead_and_left_alone_while_it_lives(left) -> None:
    ns, child, owner = left
    rules = {"include": OURS}
    assert findings(ns, owners=[owner], rules=rules) == []
    kill(child)
    found = findings(ns, owners=[owner], rules=rules)
    assert sorted((item["rule"], item["count"]) for item in found) == [
        ("RC203", 1), ("RC203", 2), ("RC206", 1), ("RC206", 1), ("RC305", 1), ("RC404", 1), ("RC405", 1), ("RC405", 1),
    ]  # fmt: skip
    assert {(item["owner"]["name"], item["owner"]["alive"]) for item in found} == {("mine", False)}
    assert all("no process %s runs here" % NAME in item["owner"]["known_by"] for item in found)
    assert all(any(part["source"] == "owner" for part in item["evidence"]) for item in found)


def test_links_and_addresses_go_only_where_that_is_allowed(left) -> None:
    ns, child, owner = left
    kill(child)
    plan = plan_of(ns, owners=[owner], rules={"include": OURS})
    assert {step.op for step in plan.steps} == {"rule.del", "route.del"}
    assert {("link.del", "not-allowed"), ("address.del", "not-allowed")} <= told(plan)


def test_all_of_it_is_planned_exactly_and_nothing_is_left_for_the_next_time(left) -> None:
    ns, child, owner = left
    asked = {"owners": [owner], "rules": {"include": OURS}, **ANYTHING}
    assert plan_of(ns, **asked).steps == ()
    kill(child)
    plan = plan_of(ns, **asked)
    assert [(step.op, step.count) for step in plan.steps] == [
        ("rule.del", 1), ("rule.del", 1), ("route.del", 1), ("route.del", 1), ("route.del", 1), ("route.del", 1),
        ("address.del", 1), ("address.del", 1), ("link.del", 1),
    ]  # fmt: skip
    held = {step.object["address"]: step for step in plan.steps if step.op == "address.del"}
    assert set(held) == {"10.9.0.1", "100.100.0.9"}
    assert all((step.inverse, step.risk) == ("address.add", "high") for step in held.values())
    (link,) = [step for step in plan.steps if step.op == "link.del"]
    assert link.object["name"] == "wt0" and link.inverse is None and "wt0 is a tun link" in link.no_inverse
    do(ns, plan)
    assert plan_of(ns, **asked).steps == ()
    assert [item["priority"] for item in ns.json("rule show")] == [0, 111, 32766, 32767]
    assert [item["local"] for item in ns.json("addr show dev v0")[0]["addr_info"] if item["family"] == "inet"] == [
        "192.0.2.1", "192.0.2.5",
    ]  # fmt: skip
    assert [item["dst"] for item in ns.json("route show proto static")] == ["10.0.0.0/8"]
    assert ns.json("route show proto bgp") == [] and ns.sh("ip link show type tun") == ""


def test_other_rules_do_not_take_what_a_living_owner_made(left) -> None:
    """Its route prefers a source that is gone, its table is reached by no rule: the owner is to mend that."""
    ns, child, owner = left
    ns.sh("ip route add 203.0.113.0/24 via 192.0.2.254 src 192.0.2.5 table 7120; ip addr del 192.0.2.5/24 dev v0")
    ns.sh("ip rule del pref 105; ip rule add pref 107 lookup 7121")
    asked = {"owners": [owner], **ANYTHING}
    found = {item["rule"] for item in findings(ns, **asked)}
    assert {"RC201", "RC204", "RC301"} <= found
    plan = plan_of(ns, **asked)
    assert [step for step in plan.steps if step.op in ("route.del", "rule.del")] == []
    kill(child)
    taken = {(step.op, step.object.get("table")) for step in plan_of(ns, **asked).steps}
    assert {("rule.del", 7121), ("route.del", 7120)} <= taken


def test_the_rules_of_a_living_owner_that_somebody_flushed(left) -> None:
    """netbird 4578, systemd 19106: its routes are there and nothing leads to them. To remove them would be the opposite."""
    ns, child, owner = left
    ns.sh("ip route add 198.51.100.128/25 via 192.0.2.254 table 7120; ip rule del pref 105")
    asked = {
        "owners": [dict(owner, restart=["minectl", "restart"])],
        "rules": {"include": ["RC204"]},
        **ANYTHING,
    }
    (found,) = findings(ns, **asked)
    assert (found["severity"], found["owner"]["name"], found["owner"]["alive"]) == ("high", "mine", True)
    assert "mine, which is alive, made them, and the rules that are to lead there are gone" in found["cause"]
    assert [step["command"] for step in found["remedy"]] == ["minectl restart"]
    assert [(step.op, step.args["argv"]) for step in plan_of(ns, **asked).steps] == [
        ("owner.restart", ["minectl", "restart"])
    ]
    kill(child)
    (found,) = findings(ns, **asked)
    assert (found["severity"], found["owner"]["alive"], found["remedy"]) == ("medium", False, [])


def test_a_hundred_thousand_routes_of_a_dead_daemon_are_one_finding(left) -> None:
    ns, child, owner = left
    ns.batch(
        "".join(
            "route add 32.%d.%d.%d/32 via 192.0.2.%d proto bgp\n" % (n >> 16, n >> 8 & 255, n & 255, 9 + n % 100)
            for n in range(100_000)
        )
    )
    kill(child)
    asked = {"owners": [owner], "rules": {"include": ["RC203"]}, **ANYTHING}
    (found,) = [item for item in findings(ns, **asked) if item["object"]["selector"]["table"] == 254]
    assert found["count"] == 100_002 and len(found["remedy"]) == 1
    plan = plan_of(ns, **asked)
    assert sum(step.count for step in plan.steps if step.object["table"] == 254) == 100_002
    assert len(plan.steps) == 103, "one for each next hop"


FLOWS = """
    conntrack -I -p udp -s 192.0.2.9 -d 192.0.2.1 --sport 4000 --dport 53 --dst-nat 10.88.0.5 -t 600
    conntrack -I -p udp -s 192.0.2.9 -d 192.0.2.1 --sport 4001 --dport 53 --dst-nat 10.88.0.5 -t 600
    conntrack -I -p udp -s 192.0.2.9 -d 192.0.2.1 --sport 4002 --dport 53 --dst-nat 192.0.2.7 -t 600
    conntrack -I -p udp -s 10.88.0.7 -d 192.0.2.7 --sport 4003 --dport 53 --src-nat 192.0.2.99 -t 600
    conntrack -I -p udp -s 10.88.0.7 -d 192.0.2.7 --sport 4004 --dport 53 --src-nat 192.0.2.1 -t 600
"""


def test_flows_to_a_target_that_is_gone(netns) -> None:
    ns = netns()
    ns.sh(
        "ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; ip addr add 192.0.2.1/24 dev v0"
    )
    ns.sh(FLOWS)
    assert ("flow.del", "not-allowed") in told(plan_of(ns))
    asked = {"rules": {"include": ["RC106"]}, **ANYTHING}
    plan = plan_of(ns, **asked)
    assert sorted(step.object["sport"] for step in plan.steps) == [4000, 4001, 4003]
    assert {(step.op, step.inverse) for step in plan.steps} == {("flow.del", None)}
    assert all("cannot be made again" in step.no_inverse for step in plan.steps)
    do(ns, plan)
    assert ns.sh("conntrack -L 2>/dev/null | grep -o 'sport=400[0-9]' | sort -u").split() == [
        "sport=4002",
        "sport=4004",
    ]
    assert plan_of(ns, **asked).steps == ()


def test_a_flow_that_is_translated_otherwise_at_the_second_sighting_waits(netns) -> None:
    ns = netns()
    ns.sh(
        "ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; ip addr add 192.0.2.1/24 dev v0"
    )
    line = FLOWS.strip().splitlines()[0]
    ns.sh(line)

    def anew() -> None:
        ns.sh("conntrack -D -p udp --sport 4000 >/dev/null 2>&1; " + line.replace("10.88.0.5", "10.88.0.6"))

    plan = plan_of(ns, between=anew, rules={"include": ["RC106"]}, **ANYTHING)
    assert plan.steps == () and told(plan) == {("flow.del", "seen-once")}


SENDING = """
import socket, sys, time
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind(("192.0.2.9", 4000))
while True:
    sender.sendto(b"x", ("192.0.2.1", 5060))
    time.sleep(0.02)
"""
HEARING = """
import socket, sys
hearing = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
hearing.bind((sys.argv[1], 5060))
hearing.settimeout(float(sys.argv[2]))
try:
    hearing.recv(9)
    print("heard")
except OSError:
    print("nothing")
"""


def test_a_flow_that_never_pauses_goes_on_to_a_container_that_is_gone(netns) -> None:
    """moby 8795: the service has a new container and the rules name it; only the entry does not."""
    host, client, old, new = netns(), netns(), netns(), netns()
    host.sh(
        """
        ip link add c0 type veth peer name eth0 netns %s; ip link set c0 up; ip addr add 192.0.2.1/24 dev c0
        ip link add br0 type bridge; ip link set br0 up; ip addr add 10.88.0.1/24 dev br0
        ip link add p0 type veth peer name eth0 netns %s; ip link set p0 up master br0
        ip link add p1 type veth peer name eth0 netns %s; ip link set p1 up master br0
        echo 1 > /proc/sys/net/ipv4/ip_forward; cd /proc/sys/net/ipv4/neigh/br0
        echo 300 > base_reachable_time_ms; echo 1 > delay_first_probe_time; echo 100 > retrans_time_ms
        nft add table ip t; nft add chain ip t pre '{ type nat hook prerouting priority -100; }'
        nft add rule ip t pre udp dport 5060 dnat to 10.88.0.5
        """
        % (client.name, old.name, new.name)
    )
    client.sh("ip link set eth0 up; ip addr add 192.0.2.9/24 dev eth0")
    for container, address in ((old, "10.88.0.5"), (new, "10.88.0.6")):
        container.sh("ip link set eth0 up; ip addr add %s/24 dev eth0; ip route add default via 10.88.0.1" % address)
    client.start([sys.executable, "-c", SENDING])

    def heard(container, address: str, seconds: float) -> str:
        return container.sh("%s - %s %s <<'END'\n%s\nEND" % (sys.executable, address, seconds, HEARING)).strip()

    asked = {"rules": {"include": ["RC106"]}, **ANYTHING}
    assert heard(old, "10.88.0.5", 20) == "heard"
    assert findings(host, **asked) == []
    old.remove()
    host.sh("nft flush chain ip t pre; nft add rule ip t pre udp dport 5060 dnat to 10.88.0.6")
    host.until('ip neigh show to 10.88.0.5 | grep -Eq "FAILED|INCOMPLETE"')
    assert heard(new, "10.88.0.6", 1) == "nothing", "the rules name it, and nothing comes"
    (found,) = findings(host, **asked)
    assert found["object"]["selector"] == {"protocol": "udp", "address": "10.88.0.5", "translated": "target"}
    plan = plan_of(host, **asked)
    assert [(step.op, step.object["sport"]) for step in plan.steps] == [("flow.del", 4000)]
    do(host, plan)
    assert heard(new, "10.88.0.6", 20) == "heard"
    assert findings(host, **asked) == []
