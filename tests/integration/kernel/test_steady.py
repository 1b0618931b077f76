# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables that change while they are read, answers that break off, tables that are not there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import netlink, routes, tables
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel

CHURN = """
import socket, subprocess, sys, time
lines, seconds = sys.argv[1].split(";"), float(sys.argv[2])
child = subprocess.Popen(["ip", "-force", "-batch", "-"], stdin=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
print("begun", flush=True)
end = time.monotonic() + seconds
while time.monotonic() < end:
    for number in range(20):
        for line in lines:
            child.stdin.write(line.replace("%d", str(number)) + "\\n")
    child.stdin.flush()
child.stdin.close()
child.wait()
"""


def _churn(ns: t.Any, lines: str, seconds: float = 3.0) -> subprocess.Popen:
    """Change the namespace without a pause, for a while."""
    child = ns.start([sys.executable, "-c", CHURN, lines, str(seconds)], stdout=subprocess.PIPE)
    assert child.stdout.readline() == "begun\n"
    return child


def _until(child: subprocess.Popen, check: t.Callable[[], bool]) -> bool:
    """Try until it is true or the churn has ended."""
    while child.poll() is None:
        if check():
            return True
    return False


def test_addresses_that_change_are_read_again_and_told(netns):
    ns = netns()
    ns.batch("link add va type veth peer name vb\nlink set va up\n")
    ns.batch("".join("addr add 10.%d.%d.1/32 dev va\n" % (n >> 8, n & 255) for n in range(3000)))
    fixed = {"10.%d.%d.1" % (n >> 8, n & 255) for n in range(3000)}
    child = _churn(ns, "addr add 172.16.0.%d/32 dev va;addr del 172.16.0.%d/32 dev va")
    with Kernel(ns.name) as kernel:

        def told() -> bool:
            addresses = kernel.addresses()
            texts = [address.address for address in addresses]
            assert len(set(addresses)) == len(addresses)
            # whole or told: a read that was not flagged misses nothing
            assert fixed <= set(texts) or "addresses" in kernel.unsteady
            return "addresses" in kernel.unsteady

        assert _until(child, told), "the kernel flagged no change in 3 s of it"
        child.wait()
        del kernel.unsteady[:]
        assert fixed <= {address.address for address in kernel.addresses()}
        assert kernel.unsteady == []


def test_rules_that_change_are_read_until_two_reads_agree(netns):
    ns = netns()
    ns.batch("".join("rule add pref %d from 10.0.%d.1 lookup 100\n" % (n + 1000, n) for n in range(250)))
    child = _churn(ns, "rule add pref 500 from 10.9.9.%d lookup 9;rule del pref 500 from 10.9.9.%d lookup 9")
    with Kernel(ns.name) as kernel:

        def told() -> bool:
            rules = kernel.rules()
            assert len(set(rules)) == len(rules)
            return "rules" in kernel.unsteady

        assert _until(child, told), "no two reads differed in 3 s of changes"
        child.wait()
        del kernel.unsteady[:]
        assert len([rule for rule in kernel.rules() if rule.table == 100]) == 250
        assert kernel.unsteady == []


@pytest.mark.parametrize("family", [4, 6])
def test_routes_that_change_come_once_and_without_end(netns, family):
    """Adding in front of the reader shifts an IPv6 walk, which then shows routes twice."""
    ns = netns()
    ns.sh("ip link add va type veth peer name vb; ip link set va up; ip link set vb up; sleep 0.1")
    fixed = [
        "172.%d.%d.0/24" % (16 + (n >> 8), n & 255) if family == 4 else "fd00:%x::/48" % (n + 0x100)
        for n in range(4000)
    ]
    ns.batch("".join("route add %s dev va table 77\n" % prefix for prefix in fixed), "-%d" % family)
    moving = "10.0.%d.0/24" if family == 4 else "fc00:%d::/48"
    child = _churn(ns, "route add %s dev va table 77;route del %s dev va table 77" % (moving, moving), 2.0)
    with Kernel(ns.name) as kernel:
        reads = seen = 0
        while child.poll() is None:
            found = [route.dst for route in kernel.routes(family=family, table=77)]
            known = [dst for dst in found if not str(dst).startswith(("10.0.", "fc00:"))]
            assert len(known) == len(set(known))
            assert len(known) <= len(fixed)
            reads += 1
            seen += len(known) != len(found)
        assert reads > 3
        assert seen, "nothing changed: this test shows nothing"
        assert {route.dst for route in kernel.routes(family=family, table=77)} == set(fixed)
        assert sum(group.count for group in kernel.route_groups(family=family, table=77)) == len(fixed)


def test_a_table_that_is_not_there_is_empty(netns):
    ns = netns()
    with Kernel(ns.name) as kernel:
        for family in (4, 6, None):
            assert list(kernel.routes(family=family, table=31337)) == []
            assert list(kernel.route_groups(family=family, table=31337)) == []
        assert kernel.nexthops() == ()
        assert kernel.unsteady == []


def test_a_reader_that_gives_up_is_in_nobodys_way(netns):
    ns = netns()
    ns.batch("".join("route add blackhole 10.%d.%d.0/24\n" % (n >> 8, n & 255) for n in range(3000)))
    with Kernel(ns.name) as kernel:
        stream = kernel.routes(family=4)
        first = next(stream)
        # Another table and a lookup in the middle of a stream: each has its own socket.
        assert {link.name for link in kernel.links()} == {"lo"}
        assert kernel.lookup([])[:1] == []
        assert next(stream) != first
        stream.close()
        assert len(list(kernel.routes(family=4, type="blackhole"))) == 3000


def test_a_dump_that_nobody_ended_does_not_answer_the_next_question(netns):
    ns = netns()
    ns.batch("".join("route add blackhole 10.%d.%d.0/24\n" % (n >> 8, n & 255) for n in range(3000)))
    with netlink.Netlink(netlink.NETLINK_ROUTE, ns.name) as wire:
        begun = wire.messages(routes.RTM_GETROUTE, routes.Filter().request(tables.AF_INET, True))
        next(begun)
        unsteady: t.List[str] = []
        assert [link.name for link in tables.links(wire, unsteady)] == ["lo"]
        assert unsteady == []


def test_what_the_kernel_refuses_is_an_oserror(netns):
    ns = netns()
    with netlink.Netlink(netlink.NETLINK_ROUTE, ns.name) as wire:
        with pytest.raises(OSError, match="Invalid argument"):
            list(wire.messages(routes.RTM_GETROUTE, routes.RTMSG.pack(tables.AF_INET, 0, 0, 9, 0, 0, 0, 0, 0)))
        assert [link.name for link in tables.links(wire, [])] == ["lo"]


def test_silence_is_an_error_and_not_for_ever(netns, monkeypatch):
    ns = netns()
    monkeypatch.setattr(netlink, "TIMEOUT", 1)
    with netlink.Netlink(netlink.NETLINK_ROUTE, ns.name) as wire:
        began = time.monotonic()
        with pytest.raises(OSError, match="no answer within 1 s"):
            wire.recv()
        assert time.monotonic() - began >= 0.9


PEAK = """
import resource, sys
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
kernel = Kernel(sys.argv[1])
kernel.links()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
grouped = sum(group.count for group in kernel.route_groups(table=77))
streamed = sum(1 for _route in kernel.routes(table=77))
print(grouped, streamed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("family", [4, 6])
def test_memory_does_not_grow_with_the_table(netns, family):
    ns = netns()
    many = 60000
    prefix = "1%d.%d.%d.0/24" if family == 4 else "fd%02x:%x:%x::/48"
    lines = (
        "route add blackhole %s table 77 metric %d\n" % (prefix % (n >> 16, n >> 8 & 255, n & 255), n % 50 + 1)
        for n in range(many)
    )
    ns.batch("".join(lines), "-%d" % family)
    path = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, ns.name],
        env=dict(os.environ, PYTHONPATH=path), capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    grouped, streamed, kib = (int(word) for word in done.stdout.split())
    assert grouped == streamed == many
    assert kib < 6 * 1024  # as objects they would take thirty times that
