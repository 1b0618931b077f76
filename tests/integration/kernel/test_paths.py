# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit that may send packets, on a host whose sessions and tunnels go over real paths: RC504 from end to end."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import audit as run_audit
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import request
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.tests.integration.kernel import paths
from ansible_collections.netmend.reclaim.tests.integration.kernel.test_processes import as_nobody

FAR = {4: paths.FAR, 6: paths.FAR6}
HOLD = """
import socket, sys, time
held = []
for to in sys.argv[1:]:
    held.append(socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM))
    held[-1].connect((to, 4789))
print("ready", flush=True)
time.sleep(600)
"""
each_family = pytest.mark.parametrize("family", [4, 6])


@pytest.fixture
def way(netns):
    return paths.path(netns)


def hold(way, *destinations):
    child = way.host.start([sys.executable, "-c", HOLD, *destinations], stdout=subprocess.PIPE)
    assert child.stdout.readline() == "ready\n"


def audited(way, **options):
    with Kernel(way.host.name) as kernel:
        result = run_audit(kernel, request({"firewall": False, "rules": {"include": ["RC504"]}, **options}))
    return result["findings"], result["unseen"]


@each_family
def test_a_black_hole_under_a_session(way, family) -> None:
    paths.narrow(way, 1300)
    way.first.sh(paths.NO_TELLING)
    hold(way, FAR[family])
    assert audited(way) == ([], []), "nothing is sent where that was not asked for"
    (found,), unseen = audited(way, probes=True)
    assert unseen == []
    assert (found["severity"], found["confidence"], found["remedy"]) == ("high", "strong", [])
    assert found["object"] == {"kind": "path", "selector": {"to": FAR[family], "interface": None}}
    details = found["details"]
    assert (details["cause"], details["passed"], details["lost"], details["promised"]) == (
        "black-hole",
        1300,
        1301,
        1500,
    )
    assert details["wanted_by"] == "1 socket" and details["told"] is None
    commands = [item["command"] for item in found["evidence"]]
    header = 28 if family == 4 else 48
    assert any("ping" in each and "-M do -s %d" % (1300 - header) in each for each in commands)
    assert any("tracepath -n %s" % FAR[family] in each for each in commands)
    # What is advised is what helps: the route says what passes.
    command = "ip -n %s -%d route replace" % (way.host.name, family)
    assert command in found["advice"]
    advised = found["advice"][found["advice"].index(command) :].partition(")")[0]
    way.host.sh(advised)
    assert audited(way, probes=True) == ([], [])


@each_family
def test_a_router_that_tells_is_told_at_each_audit(way, family) -> None:
    paths.narrow(way, 1300)
    hold(way, FAR[family])
    for _audit in range(2):  # also when the kernel has learnt it
        (found,), unseen = audited(way, probes=True)
        assert (found["severity"], found["confidence"], unseen) == ("low", "proven", [])
        assert (found["details"]["cause"], found["details"]["told"]) == ("mtu-told", 1300)
        assert found["details"]["told_by"] == {4: paths.ROUTERS, 6: paths.ROUTERS6}[family][0]


@each_family
def test_paths_that_are_in_order(way, family) -> None:
    hold(way, FAR[family])
    assert audited(way, probes=True) == ([], [])
    # One that answers no echo request is not known to be clean.
    way.far.sh("nft 'table inet f { chain i { type filter hook input priority 0; policy drop; }; }'")
    findings, unseen = audited(way, probes=True)
    assert findings == [] and [item["what"] for item in unseen] == ["the path to %s" % FAR[family]]


@each_family
def test_a_router_without_a_route(way, family) -> None:
    hold(way, FAR[family])
    way.second.sh("ip route del 198.51.100.0/24; ip -6 route del 2001:db8:3::/64; ip -6 route add unreachable default")
    (found,), unseen = audited(way, probes=True)
    assert (found["details"]["cause"], found["severity"], unseen) == ("unreachable-beyond", "medium", [])
    assert {4: paths.ROUTERS, 6: paths.ROUTERS6}[family][1] in found["cause"]


@each_family
def test_a_tunnel_that_does_not_fit(way, family) -> None:
    paths.narrow(way, 1460)
    way.first.sh(paths.NO_TELLING)
    local = "192.0.2.10" if family == 4 else "2001:db8:1::10"
    way.host.sh(
        "ip link add tun7 type vxlan id 7 local %s remote %s dstport 4789; ip link set tun7 mtu 1420 up"
        % (local, FAR[family])
    )
    (found,), unseen = audited(way, probes=True)
    fits = 1460 - (50 if family == 4 else 70)
    assert unseen == [] and found["object"]["kind"] == "link"
    assert found["object"]["selector"] == {"interface": "tun7", "remote": FAR[family], "setting": "mtu"}
    assert (found["details"]["cause"], found["details"]["fits"], found["severity"]) == ("black-hole", fits, "high")
    way.host.sh("ip link set tun7 mtu %d" % fits)
    assert audited(way, probes=True) == ([], [])


def test_who_may_not_send_is_told_so(way) -> None:
    hold(way, paths.FAR)
    way.host.sh("echo '1 0' > /proc/sys/net/ipv4/ping_group_range")

    def ask():
        with Kernel() as kernel:
            return run_audit(kernel, request({"probes": True, "firewall": False, "rules": {"include": ["RC504"]}}))

    with way.host.entered():
        result = as_nobody(ask)
    assert result["findings"] == []
    assert any("ping_group_range" in item["why"] for item in result["unseen"])


def test_few_destinations_are_chosen(way) -> None:
    """Five at most, those with the most sockets; none on this host."""
    ends = ["198.51.100.%d" % number for number in range(3, 12)]
    way.far.sh("; ".join("ip address add %s/24 dev eth0" % each for each in ends[1:]))
    hold(way, *ends, ends[7], ends[7], ends[8], "127.0.0.1", "192.0.2.10")
    way.far.sh(
        "nft 'table inet f { chain i { type filter hook input priority 0; icmp type echo-request counter drop; }; }'"
    )
    _findings, unseen = audited(way, probes=True)
    assert [item["what"].rpartition(" ")[2] for item in unseen] == [
        ends[7],
        ends[8],
        "198.51.100.3",
        "198.51.100.4",
        "198.51.100.5",
    ]
