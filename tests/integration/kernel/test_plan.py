# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for faults on the real kernel: the objects are exactly those of the findings, and doing it mends them."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import audit, request
from ansible_collections.netmend.reclaim.plugins.module_utils.hostid import host, is_own, name_of
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Plan, Seen
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.wire import from_json
from ansible_collections.netmend.reclaim.tests.integration.kernel.test_audit import AUDITED, audited

ANYTHING = {"max_removals": 1_000_000, "max_percent": 100, "remedies": ["*"]}


@pytest.fixture
def host_ns(netns):
    ns = netns()
    ns.sh(
        """
        ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up
        ip addr add 192.0.2.1/24 dev v0; ip addr add 192.0.2.77/32 dev v0
        """
    )
    return ns


def plan_of(ns, between: t.Callable[[], object] | None = None, **params: t.Any) -> Plan:
    """The plan for a namespace; ``between`` happens between the two sightings."""
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if between is not None:
            between()

    with Kernel(ns.name) as kernel:
        result = audit(kernel, request({"plan": True, "confirm_after": 3, **params}), sleep)
    assert waited in ([], [3])
    return from_json(json.loads(json.dumps(result["plan"])))


def told(plan: Plan) -> set[tuple[str | None, str]]:
    return {(item.op, item.reason) for item in plan.withheld}


def do(ns, plan: Plan) -> None:
    """Do all of it, as the kernel's own messages say."""
    with Kernel(ns.name) as kernel:
        for step in plan.steps:
            assert step.kind is not None
            raw = bytes.fromhex(step.raw)
            seen = Seen(step.kind, kernel.decode(step.kind, raw), raw, step.dsts)
            (changed,) = kernel.change(step.op, [seen])
            assert changed.failed == () and changed.done == step.count, (step, changed)


def stale_routes(ns, lines: str) -> None:
    """Routes whose source is then taken away."""
    ns.batch(lines)
    ns.sh("ip addr del 192.0.2.77/32 dev v0")


def test_exactly_the_routes_whose_source_is_gone(host_ns) -> None:
    stale_routes(
        host_ns,
        """
        rule add pref 300 to 198.51.100.0/24 lookup 100
        route add 198.51.100.1/32 via 192.0.2.9 src 192.0.2.77 table 100
        route add 198.51.100.2/32 via 192.0.2.9 src 192.0.2.77 table 100
        route add 198.51.100.2/32 via 192.0.2.9 src 192.0.2.77 table 100 metric 5
        route add 198.51.100.3/32 via 192.0.2.9 src 192.0.2.1 table 100
        route add 198.51.100.4/32 via 192.0.2.9 table 100
        route add 198.51.100.5/32 via 192.0.2.9 src 192.0.2.77 table 100 proto bgp
        """,
    )
    plan = plan_of(host_ns)
    assert [(step.op, step.dsts, step.object["proto"], step.object["metric"]) for step in plan.steps] == [
        ("route.del", ("198.51.100.1/32", "198.51.100.2/32"), "boot", 0),
        ("route.del", ("198.51.100.2/32",), "boot", 5),
        ("route.del", ("198.51.100.5/32",), "bgp", 0),
    ]
    do(host_ns, plan)
    assert [item["dst"] for item in host_ns.json("route show table 100")] == ["198.51.100.3", "198.51.100.4"]
    assert plan_of(host_ns).steps == ()


def test_the_twin_that_is_never_used(host_ns) -> None:
    host_ns.batch(
        """
        route add 198.51.100.0/24 via 192.0.2.9 metric 10 proto static
        route add 198.51.100.0/24 via 192.0.2.9 metric 20 proto dhcp
        route add 203.0.113.0/24 via 192.0.2.9 metric 10 proto static
        route add 203.0.113.0/24 via 192.0.2.8 metric 20 proto dhcp
        """
    )
    plan = plan_of(host_ns, rules={"include": ["RC205"]})
    (step,) = plan.steps
    assert (step.dsts, step.object["metric"], step.object["proto"]) == (("198.51.100.0/24",), 20, "dhcp")
    do(host_ns, plan)
    assert len(host_ns.json("route show 198.51.100.0/24")) == 1 and len(host_ns.json("route show 203.0.113.0/24")) == 2


FAULTS = """
    ip rule add pref 500 lookup 9
    ip rule add pref 600 iif gone0 lookup 254
    ip rule add pref 601 from 10.0.0.0/8 iif gone0 fwmark 0x0/0xff ipproto tcp dport 22 lookup 254
    ip rule add pref 602 from 10.0.0.0/8 lookup 254
    ip rule add pref 700 from 192.0.2.77 lookup 254
    ip -6 rule add pref 500 lookup 9
    ip nexthop add id 7 via 192.0.2.8 dev v0
    ip nexthop add id 8 via 192.0.2.9 dev v0
    ip route add 198.51.100.0/24 nhid 8
    ip neigh add 203.0.113.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent
    ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent
    ip addr del 192.0.2.77/32 dev v0
"""


def test_each_small_object_and_no_other(host_ns) -> None:
    host_ns.sh(FAULTS)
    before = plan_of(host_ns)
    rules = [(step.object["family"], step.object["priority"]) for step in before.steps if step.op == "rule.del"]
    assert sorted(rules) == [(4, 500), (4, 600), (4, 601), (4, 700), (6, 500)]
    rest = [
        (step.op, step.object.get("id") or step.object["address"]) for step in before.steps if step.op != "rule.del"
    ]
    assert rest == [("nexthop.del", 7), ("neighbour.del", "203.0.113.9")]
    do(host_ns, before)
    assert plan_of(host_ns).steps == ()
    assert [item["priority"] for item in host_ns.json("rule show")] == [0, 602, 32766, 32767]
    assert [item["id"] for item in host_ns.json("nexthop show")] == [8]
    assert [item["dst"] for item in host_ns.json("neigh show nud permanent")] == ["192.0.2.9"]


def test_what_intent_declares_is_added_as_the_kernel_shows_it(host_ns) -> None:
    intent = {
        "addresses": [
            {"address": "192.0.2.99/24", "interface": "v0"},
            {"address": "2001:db8::9/64", "interface": "v0"},
        ],
        "routes": [
            {"dst": "203.0.113.0/24", "gateway": "192.0.2.9"},
            {"dst": "203.0.114.0/24", "interface": "v1", "table": 300},
            {"dst": "2001:db8:9::/48", "interface": "v0"},
        ],
        "rules": [{"priority": 700, "from": "10.0.0.0/8", "table": 300}],
    }
    plan = plan_of(host_ns, intent=intent)
    assert sorted(step.op for step in plan.steps) == ["address.add"] * 2 + ["route.add"] * 3 + ["rule.add"]
    do(host_ns, plan)
    with Kernel(host_ns.name) as kernel:
        for step in plan.steps:
            raw = bytes.fromhex(step.raw)
            wished = Seen(step.kind or "", kernel.decode(step.kind or "", raw), raw, step.dsts)
            (verified,) = kernel.verify([wished])
            assert verified.same is not None, (step.command, verified)
    assert plan_of(host_ns, intent=intent).steps == ()


def test_a_link_that_is_needed_is_set_up(host_ns) -> None:
    host_ns.sh("ip link set v0 down")
    plan = plan_of(host_ns, intent={"links": [{"name": "v0"}]})
    assert [(step.op, step.object["name"]) for step in plan.steps] == [("link.up", "v0")]
    assert plan.links == {str(plan.steps[0].object["ifindex"]): "v0"}
    do(host_ns, plan)
    assert host_ns.json("link show v0")[0]["flags"].count("UP") == 1


def test_what_comes_between_the_sightings_waits(host_ns) -> None:
    def another() -> None:
        host_ns.sh("ip rule add pref 501 lookup 10; ip rule del pref 500; ip rule add pref 502 iif gone0 lookup 254")

    host_ns.sh("ip rule add pref 500 lookup 9; ip rule add pref 503 iif gone1 lookup 254")
    plan = plan_of(host_ns, between=another)
    assert [step.object["priority"] for step in plan.steps] == [503]
    assert told(plan) == {("rule.del", "seen-once")}
    assert {step.object["priority"] for step in plan_of(host_ns).steps} == {501, 502, 503}


def test_a_route_that_changes_between_the_sightings_waits(host_ns) -> None:
    host_ns.sh("for n in 8 9; do ip route add blackhole 198.51.100.$n/32 table 101; done")
    swap = "ip route del blackhole 198.51.100.9/32 table 101; ip route add prohibit 198.51.100.9/32 table 101"
    plan = plan_of(host_ns, between=lambda: host_ns.sh(swap), rules={"include": ["RC204"]})
    assert [step.dsts for step in plan.steps] == [("198.51.100.8/32",)]
    assert ("route.del", "changed") in told(plan)


def test_what_is_protected_is_not_planned(host_ns) -> None:
    host_ns.sh(FAULTS)
    protect = [{"table": 9}, {"kind": "nexthop"}, {"address": "203.0.113.9"}, {"interface": "gone*"}, {"rule": "RC303"}]
    plan = plan_of(host_ns, protect=protect)
    assert plan.steps == () and {reason for _op, reason in told(plan)} == {"protected"}


def test_routes_over_next_hop_objects_are_known_by_their_interface(host_ns) -> None:
    """The kernel shows their next hops, and takes none beside the object's id."""
    host_ns.sh(
        """
        ip nexthop add id 7 via 192.0.2.9 dev v0; ip nexthop add id 8 via 192.0.2.8 dev v0
        ip nexthop add id 9 group 7/8
        """
    )
    stale_routes(
        host_ns, "route add 10.1.0.0/24 nhid 7 src 192.0.2.77 table 100\nroute add 10.2.0.0/24 nhid 9 table 100\n"
    )
    assert [step.dsts for step in plan_of(host_ns).steps if step.op == "route.del"] != []
    plan = plan_of(host_ns, protect=[{"kind": "route", "interface": "v0"}])
    assert plan.steps == () and ("route.del", "protected") in told(plan)


def test_a_cap_holds(host_ns) -> None:
    stale_routes(
        host_ns,
        "".join("route add 198.51.100.%d/32 via 192.0.2.9 src 192.0.2.77 table 100\n" % n for n in range(1, 31)),
    )
    host_ns.sh("ip rule add lookup 100")
    assert told(plan_of(host_ns)) == {("route.del", "cap")}, "30 of 31 routes"
    assert told(plan_of(host_ns, max_percent=100, max_removals=29)) == {("route.del", "cap")}
    assert [step.count for step in plan_of(host_ns, max_percent=100, max_removals=30).steps] == [30]


def test_a_dead_connection_is_ended_only_where_that_is_allowed(netns, host_ns) -> None:
    with host_ns.entered():
        server = socket.create_server(("192.0.2.77", 0))
        client = socket.create_connection(server.getsockname(), timeout=10)
        served, _peer = server.accept()
    with contextlib.closing(server), contextlib.closing(client), contextlib.closing(served):
        host_ns.sh("ip addr del 192.0.2.77/32 dev v0")
        rules = {"include": ["RC101"]}
        assert plan_of(host_ns, rules=rules).steps == ()
        plan = plan_of(host_ns, rules=rules, remedies=["socket.destroy"])
        ports = {served.getsockname()[1], client.getsockname()[1]}
        assert {step.object["local_port"] for step in plan.steps} == ports
        assert all(step.inverse is None and step.object["remote_port"] for step in plan.steps), "never the listener"


def test_a_hundred_thousand_stale_routes_are_one_step_and_little_memory(host_ns) -> None:
    lines = "".join(
        "route add 32.%d.%d.%d/32 via 192.0.2.9 src 192.0.2.77 table 100\n" % (n >> 16, n >> 8 & 255, n & 255)
        for n in range(100_000)
    )
    small = audited(AUDITED, host_ns.name, json.dumps({"plan": True, "confirm_after": 0}))
    stale_routes(host_ns, lines)
    asked = json.dumps({"plan": True, "confirm_after": 0, **ANYTHING})
    large = audited(AUDITED, host_ns.name, asked)
    plan = from_json(large["result"]["plan"])
    (step,) = plan.steps
    assert (step.op, step.count, len(set(step.dsts))) == ("route.del", 100_000, 100_000)
    (finding,) = [item for item in large["result"]["findings"] if item["rule"] == "RC201"]
    assert step.findings == (finding["fingerprint"],)
    assert large["peak_kib"] - small["peak_kib"] < 128 << 10


# The way in ----------------------------------------------------------------------------------------------------------

HELD = """
import json, os, socket, subprocess, sys
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10)
os.environ.pop("SSH_CONNECTION", None)
done = subprocess.run([sys.executable, *sys.argv[3:]], stdout=subprocess.PIPE, check=True)
sys.stdout.buffer.write(done.stdout)
"""


@pytest.fixture
def reached(netns):
    """A host that is reached from another one over the link between them, by a table and rule of its own."""
    far, near = netns(), netns()
    far.sh(
        "ip link add v1 type veth peer name v0 netns %s; ip link set v1 up; ip addr add 192.0.2.9/24 dev v1" % near.name
    )
    near.sh("ip link set v0 up; ip addr add 192.0.2.1/24 dev v0; ip addr add 203.0.113.1/24 dev v0")
    far.sh("ip route add 203.0.113.0/24 via 192.0.2.1; ip addr add 198.51.100.9/32 dev lo")
    near.sh("ip route add 198.51.100.9/32 via 192.0.2.9 table 100; ip rule add pref 500 from 192.0.2.1 lookup 100")
    near.sh("ip rule add pref 501 lookup 9")
    return far, near


def inside(ns, *argv: str, **environment: str) -> dict[str, t.Any]:
    done = subprocess.run(
        ["nsenter", "--net=/run/netns/" + ns.name, sys.executable, *argv],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["result"]


def test_the_way_in_is_found_in_the_environment_and_protected(reached) -> None:
    _far, near = reached
    asked = json.dumps({"plan": True, "confirm_after": 0})
    result = inside(near, AUDITED[1], "-", asked, SSH_CONNECTION="198.51.100.9 50000 192.0.2.1 22")
    protected = "\n".join(result["plan"]["protected"])
    assert "SSH_CONNECTION of" in protected and "from 198.51.100.9 to 192.0.2.1 port 22" in protected
    assert "its links: v0" in protected and "its addresses: 192.0.2.1" in protected
    assert "the route 198.51.100.9/32 in table 100" in protected and "the route 192.0.2.0/24 in table main" in protected
    assert "the policy rule 500: from 192.0.2.1/32 lookup 100" in protected
    assert [step["object"]["priority"] for step in result["plan"]["steps"]] == [501]


def test_a_rule_that_would_take_the_way_in_is_not_added(reached) -> None:
    _far, near = reached
    asked = json.dumps(
        {"plan": True, "confirm_after": 0, "intent": {"rules": [{"priority": 400, "from": "192.0.2.1", "table": 7}]}}
    )
    result = inside(near, AUDITED[1], "-", asked, SSH_CONNECTION="198.51.100.9 50000 192.0.2.1 22")
    assert [step["op"] for step in result["plan"]["steps"]] == ["rule.del"]
    assert ("rule.add", "way-in") in {(item["op"], item["reason"]) for item in result["plan"]["withheld"]}
    unprotected = json.dumps({**json.loads(asked), "protect_way_in": False})
    result = inside(near, AUDITED[1], "-", unprotected, SSH_CONNECTION="198.51.100.9 50000 192.0.2.1 22")
    assert [step["op"] for step in result["plan"]["steps"]] == ["rule.add", "rule.del"]


def test_the_way_in_is_found_in_the_sockets_of_an_ancestor(reached) -> None:
    far, near = reached
    with far.entered():
        server = socket.create_server(("192.0.2.9", 0))
    with contextlib.closing(server):
        asked = json.dumps({"plan": True, "confirm_after": 0})
        argv = ["-c", HELD, "192.0.2.9", str(server.getsockname()[1]), AUDITED[1], "-", asked]
        result = inside(near, *argv, SSH_CONNECTION="")
    protected = "\n".join(result["plan"]["protected"])
    assert "the connection of socket of" in protected and "from 192.0.2.9 to 192.0.2.1 port" in protected
    assert "the route 192.0.2.0/24 in table main" in protected


def test_a_way_into_another_namespace_is_none_here(reached) -> None:
    _far, near = reached
    result = audited(AUDITED, near.name, json.dumps({"plan": True, "confirm_after": 0}))["result"]
    assert result["plan"]["protected"][0].startswith("no way in: ")
    asked = json.dumps({"plan": True, "confirm_after": 0})
    result = inside(near, AUDITED[1], "-", asked, SSH_CONNECTION="198.51.100.9 50000 172.31.255.1 22")
    assert "ends in another network namespace" in result["plan"]["protected"][0]


# Which host ----------------------------------------------------------------------------------------------------------


def test_a_namespace_has_one_name_whichever_way_it_is_asked_for(netns) -> None:
    ns = netns()
    sleeper = ns.start(["sleep", "60"])
    ns.until("test $(readlink /proc/%d/ns/net) = $(readlink /proc/self/ns/net)" % sleeper.pid)
    assert name_of(ns.name) == name_of(sleeper.pid) == ns.name
    assert name_of() is None and host()["netns"] is None
    assert is_own(None) and not is_own(ns.name)
    with ns.entered():
        assert name_of() == ns.name and is_own(ns.name) and is_own(None)
    plan = plan_of(ns)
    assert plan.host["netns"] == ns.name and plan.host["boot_id"] == host()["boot_id"]


def test_without_root_a_plan_is_made_of_what_can_be_seen(host_ns) -> None:
    """Its own environment it can read, whoever it has become."""
    host_ns.sh(FAULTS)
    asked = json.dumps({"plan": True, "confirm_after": 0})
    result = inside(host_ns, AUDITED[1], "-", asked, "nobody", SSH_CONNECTION="192.0.2.9 50000 192.0.2.1 22")
    seen_by_root = plan_of(host_ns)
    assert [step["raw"] for step in result["plan"]["steps"]] == [step.raw for step in seen_by_root.steps]
    assert "SSH_CONNECTION" in result["plan"]["protected"][0]
