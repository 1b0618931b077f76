# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An asymmetric path, from the pings that vanish to the undo: RC503 finds why, its remedy lets them through."""

from __future__ import annotations

import subprocess
import sys
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import audit_info
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel

HOST = """
ip link add a0 type veth peer name p0 netns %(peer)s
ip link add a1 type veth peer name p1 netns %(peer)s
ip link set a0 up; ip link set a1 up
ip address add 10.0.0.1/24 dev a0; ip address add 10.0.1.1/24 dev a1
ip route add 203.0.113.0/24 via 10.0.0.2
cd /proc/sys/net/ipv4/conf; echo 0 > all/rp_filter; echo 0 > a0/rp_filter; echo 1 > a1/rp_filter
"""
PEER = """
for link in all default; do echo 0 > /proc/sys/net/ipv4/conf/$link/rp_filter; done
ip address add 203.0.113.9/32 dev lo
ip link set p0 up; ip link set p1 up
ip address add 10.0.0.2/24 dev p0; ip address add 10.0.1.2/24 dev p1
for link in p0 p1; do echo 0 > /proc/sys/net/ipv4/conf/$link/rp_filter; done
"""
ECHO = """
import socket
opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
opened.bind(("203.0.113.9", 7))
print("ready", flush=True)
while True:
    payload, peer = opened.recvfrom(64)
    opened.sendto(payload, peer)
"""
PINGER = """
import socket, sys

def dropped():
    with open("/proc/net/netstat") as stream:
        names, numbers = [line.split() for line in stream if line.startswith("TcpExt:")]
    return int(numbers[names.index("IPReversePathFilter")])

print("ready", flush=True)
for line in sys.stdin:
    # A new one each time: the kernel remembers the way of whom it let in.
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"a1")
    opened.connect(("203.0.113.9", 7))
    opened.settimeout(0.05)
    before, said = dropped(), None
    opened.send(b"netmend")
    while said is None:
        try:
            said = "answered" if opened.recv(64) == b"netmend" else None
        except socket.timeout:
            if dropped() > before:
                said = "lost"
    print(said, flush=True)
"""


class Pinger:
    """Asks a far host for an echo (UDP) over a link of its own choice, as who monitors an uplink does."""

    def __init__(self, host: t.Any) -> None:
        self._process = host.ns.start(
            [sys.executable, "-c", PINGER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._process.stdout.readline() == "ready\n", self._process.stderr.read()

    def ping(self) -> str:
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@pytest.fixture
def pinger(host, netns):
    peer = netns()
    host.ns.sh(HOST % {"peer": peer.name})
    peer.sh(PEER)
    host.ns.until("ip link show a1 | grep -q LOWER_UP")
    echo = peer.start([sys.executable, "-c", ECHO], stdout=subprocess.PIPE)
    assert echo.stdout.readline() == "ready\n"
    return Pinger(host)


def audited(host, **more: t.Any) -> dict:
    asked = {"rules": {"include": ["RC503"]}, "plan": True, "remedies": ["sysctl.set"], "confirm_after": 0}
    with Kernel(host.name) as kernel:
        return audit_info({**asked, **more}, kernel)


def test_pings_vanish_and_come_back(host, pinger) -> None:
    assert pinger.ping() == "lost"
    result = audited(host)
    (finding,) = result["findings"]
    assert (finding["rule"], finding["object"]["selector"]["interface"]) == ("RC503", "a1")
    assert finding["confidence"] == "strong" and finding["details"]["leaves_by"] == ["a0"], finding
    assert "/etc/sysctl.d" in finding["advice"]
    for evidence in finding["evidence"][1:]:
        # What the commands show is what was seen; the first is ss.
        said = subprocess.run(["sh", "-c", evidence["command"]], capture_output=True, text=True, check=False)
        refused = "is refused" in evidence["observed"]
        assert (said.returncode == 0) is not refused, (evidence, said)
    (step,) = result["plan"]["steps"]
    assert step["args"] == {"name": "net.ipv4.conf.a1.rp_filter", "value": "2", "seen": "1"}
    assert (step["op"], step["inverse"], step["risk"]) == ("sysctl.set", "sysctl.set", "medium")
    told = host.reclaim(result["plan"], _ansible_check_mode=True)
    assert told["state"] == "planned" and pinger.ping() == "lost"
    done = host.reclaim(result["plan"], rehearse=True)
    assert done["state"] == "armed" and done["diff"] == told["diff"], done
    assert pinger.ping() == "answered"
    host.transaction("confirmed")
    after = audited(host)
    assert after["findings"] == [] and after["plan"]["steps"] == []
    undo = host.transaction("rolled-back", done["transaction_id"])
    host.transaction("confirmed")
    assert pinger.ping() == "lost"
    host.transaction("rolled-back", undo["transaction_id"])
    host.transaction("confirmed")
    assert pinger.ping() == "answered"


def test_rolled_back_before_it_is_confirmed(host, pinger) -> None:
    assert pinger.ping() == "lost"
    done = host.reclaim(audited(host)["plan"])
    assert pinger.ping() == "answered"
    assert host.transaction("rolled-back", done["transaction_id"])["state"] == "rolled-back"
    assert pinger.ping() == "lost"


def test_by_default_no_filter_is_loosened(host, pinger) -> None:
    assert pinger.ping() == "lost"
    result = audited(host, remedies=None)
    assert result["plan"]["steps"] == [] and result["plan"]["withheld"][0]["reason"] == "not-allowed"


def test_a_route_back_ends_it_and_the_plan_is_not_done(host, pinger) -> None:
    """The other cure: then nothing calls for the step any more, and the filter stays strict."""
    assert pinger.ping() == "lost"
    plan = audited(host)["plan"]
    host.ns.sh("ip rule add from 10.0.1.1 lookup 77; ip route add default via 10.0.1.2 table 77")
    assert pinger.ping() == "answered"
    again = audited(host)
    assert again["findings"] == [] and again["plan"]["steps"] == [] and plan["steps"]
