# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routing daemons that are killed. What was seen of them, with Debian 12's FRR 8.4 and BIRD 2.0:

* zebra writes each route with the number of the daemon that it is of: bgp 186, static 196, which Debian's ip calls
  "static" too (/etc/iproute2/rt_protos.d/frr.conf), as it calls the kernel's 4; metric 20. Routes have next-hop objects of
  proto zebra, and there are some that no route uses: one for each link, one for blackholes.
* BIRD writes 12 whatever it learnt the route with, metric 32, no next-hop objects. With "export all" it writes the routes of
  connected networks that it learnt with OSPF beside the kernel's own.
* After kill -9 all of it stays, also when the neighbour's session has timed out.
"""

from __future__ import annotations

import json

import pytest
from ansible_collections.netmend.reclaim.tests.integration.daemons.host import LAB, said, steps, told

BGP = """
ip route 198.51.100.0/24 192.0.2.2
ip route 198.51.100.66/32 blackhole
router bgp 65001
 bgp router-id 192.0.2.1
 no bgp ebgp-requires-policy
 neighbor 192.0.2.2 remote-as 65002
"""
NEIGHBOUR = """
router id 192.0.2.2;
protocol device {}
protocol static { ipv4; route 10.77.0.0/24 blackhole; route 10.77.0.128/25 blackhole; }
"""
BGP_NEIGHBOUR = """
protocol bgp {
    local as 65002;
    neighbor 192.0.2.1 as 65001;
    connect delay time 1;
    connect retry time 1;
    ipv4 { import none; export all; next hop self; };
}
"""
OSPF = """
protocol ospf v2 {
    ipv4 { import all; export %s; };
    area 0 { interface "eth0" { type ptp; hello 1; dead 3; }; };
}
"""
BIRD = """
router id 192.0.2.1;
protocol device {}
protocol static { ipv4; route 198.51.100.0/24 via 192.0.2.2; route 198.51.100.128/25 unreachable; }
protocol kernel { ipv4 { export all; }; }
"""
POST = (
    """
import json, pathlib, sys
sys.path.insert(0, "%s")
from control import Control
Control(pathlib.Path(sys.argv[1])).post("/provision", json.loads(sys.argv[2]))
"""
    % LAB
)
LEARNT = "test $(ip route show proto %s | grep -c '^10.77.0.') = 2"


CONNECTED = "192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1 \n"


def start_neighbour(host, protocol: str) -> None:
    host.write("/etc/bird/far.conf", NEIGHBOUR + protocol)
    host.sh(
        "mkdir -p /run/bird; ip netns exec far bird -c /etc/bird/far.conf -s /run/bird/far.ctl -P /run/bird/far.pid"
    )


@pytest.fixture
def frr(host):
    """FRR as its own script starts it; BIRD is its neighbour."""
    start_neighbour(host, BGP_NEIGHBOUR)
    host.write("/etc/frr/frr.conf", BGP)
    host.sh("sed -i s/^bgpd=no/bgpd=yes/ /etc/frr/daemons; /usr/lib/frr/frrinit.sh start")
    host.until(LEARNT % "bgp")
    return host


def test_frr_21824_its_routes_stay_when_it_is_killed(frr):
    assert said(frr.audit()) == []

    frr.kill("watchfrr", "zebra")
    assert said(frr.audit()) == [], "bgpd is alive, and would tell a new zebra what it knows"

    frr.kill("bgpd", "staticd")
    dead = frr.audit()
    assert told(dead) == {("RC203", "frr", False), ("RC206", "frr", False), ("RC208", "frr", False)}
    assert counts(dead, "RC203") == {"bgp": 2, "196": 1}
    assert counts(dead, "RC206") == {"196": 1}
    frr.mend(dead["plan"])
    assert frr.sh("ip route") == CONNECTED
    assert frr.pids("bird"), "the neighbour lives, next door"

    # A next-hop object that only these routes had is free now, and not before.
    after = frr.audit()
    assert told(after) == {("RC208", "frr", False)}
    frr.mend(after["plan"])
    assert frr.sh("ip nexthop") == ""
    assert said(frr.audit()) == []


def test_bgp_routes_of_frr_and_of_doublezerod(frr):
    """Both write proto bgp. Whose a route is, its link tells; where one of the two lives and cannot be ruled out, it stays."""
    provision(frr)
    theirs = frr.sh("ip route show proto bgp dev doublezero0")
    assert theirs.startswith("198.18.0.2 via 169.254.1.0 ")
    assert said(frr.audit()) == []

    frr.kill("watchfrr", "zebra", "bgpd", "staticd")
    dead = frr.audit()
    assert told(dead) == {("RC203", "frr", False), ("RC206", "frr", False), ("RC208", "frr", False)}
    assert counts(dead, "RC203") == {"bgp": 2, "196": 1}
    assert "ip -4 route flush table main dev eth0 via 192.0.2.2 proto bgp type unicast" in steps(dead)
    frr.mend(dead["plan"])
    assert frr.sh("ip route show proto bgp") == theirs.replace(" dev doublezero0", "").replace(
        "1.0 ", "1.0 dev doublezero0 "
    )


def test_doublezerod_is_killed_beside_frr(frr):
    """FRR writes proto bgp too, and is alive: what doublezerod left is not taken, nor is anything of FRR's."""
    provision(frr)
    frr.kill("doublezerod")
    assert steps(frr.audit()) == []


def test_bird_its_routes_stay_when_it_is_killed(host):
    start_neighbour(host, OSPF % "all")
    host.write("/etc/bird/bird.conf", BIRD + OSPF % "none")
    host.sh("bird -P /run/bird/bird.pid")
    host.until(LEARNT % "bird")
    assert said(host.audit()) == []

    host.kill("bird")
    assert host.pids("bird"), "the neighbour is a BIRD as well, next door"
    dead = host.audit()
    assert {(rule, owner, alive) for rule, owner, alive in told(dead) if rule != "RC205"} == {
        ("RC203", "bird", False),
        ("RC206", "bird", False),
    }
    assert counts(dead, "RC203") == {"bird": 4} and counts(dead, "RC206") == {"bird": 1}
    host.mend(dead["plan"])
    assert host.sh("ip route") == CONNECTED
    assert said(host.audit()) == []


def counts(audited, rule: str) -> dict[str, int]:
    """How many routes a rule found, by their protocol."""
    found = (item for item in audited["findings"] if item["rule"] == rule)
    return {item["object"]["selector"]["proto"]: item["count"] for item in found}


def provision(host) -> None:
    """Connect the host and its neighbour to a device of the VPN, and wait for their session and its route."""
    host.sh("ip netns add device; ip netns exec device sysctl -qw net.ipv4.ip_forward=1")
    for number, netns in ((1, ""), (2, "ip netns exec far ")):
        run = "/run/doublezerod" + (netns and "-far")
        words = "--run %s --hostname host --client-ip 192.0.2.%d --device device --far dz%d" % (run, number, number)
        host.sh("mkdir -p " + run)
        host.start("doublezerod%d" % number, *(netns + "python3 %s/doublezerod.py %s" % (LAB, words)).split())
        host.until("test -S %s/doublezerod.sock" % run)
        body = {
            "user_type": "IBRLWithAllocatedIP",
            "tunnel_src": "192.0.2.%d" % number,
            "tunnel_dst": "192.0.2.9",
            "tunnel_net": "169.254.%d.0/31" % number,
            "doublezero_ip": "198.18.0.%d" % number,
            "peers": ["198.18.0.%d" % (3 - number)],
        }
        host.run("python3", "-c", POST, run, json.dumps(body))
    host.until("ip route show proto bgp | grep -q doublezero0")
