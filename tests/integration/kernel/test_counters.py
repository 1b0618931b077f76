# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which refusals the kernel counts, and where: each condition of the design's truth table, on the real kernel."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import counters
from ansible_collections.netmend.reclaim.plugins.module_utils.info.evidence import evidence_info, witnessed
from ansible_collections.netmend.reclaim.tests.integration.kernel import sending

WORLD = """
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
ip link add v0 type veth peer name v1; ip link add d0 type veth peer name d1; ip link set v0 up; ip link set v1 up
ip addr add 192.0.2.1/24 dev v0; ip addr add 192.0.3.1/24 dev d0; ip -6 addr add 2001:db8::1/64 dev v0 nodad
for kind in prohibit:65 blackhole:66 unreachable:67 throw:68; do
  ip route add ${kind%:*} 203.0.113.${kind#*:}/32
  ip -6 route add ${kind%:*} 2001:db8:9::${kind#*:}/128
done
for kind in prohibit:75 blackhole:76 unreachable:77; do
  ip rule add pref 1${kind#*:} to 203.0.113.${kind#*:} ${kind%:*}
  ip -6 rule add pref 1${kind#*:} to 2001:db8:9::${kind#*:} ${kind%:*}
done
ip link add c0 type veth peer name c1; ip link set c0 up; ip addr add 192.0.4.1/24 dev c0
nft add table inet t; nft 'add chain inet t o { type filter hook output priority 0; }'
nft add rule inet t o ip daddr 192.0.2.66 drop; nft add rule inet t o ip daddr 192.0.2.67 reject
nft add rule inet t o ip6 daddr 2001:db8::66 drop
"""
GONE, GONE6, FAR, FAR6 = "198.51.100.1", "2001:db8:1::1", "203.0.113.5", "2001:db8:ffff::5"
SENT = 5

UNREACHABLE = {
    "source not local, with a route": lambda links: sending.send("192.0.2.9", GONE),
    "source not local, without a route": lambda links: sending.send(FAR, GONE),
    "source not local, with an interface": lambda links: sending.send("192.0.2.9", GONE, links["v0"]),
    "source not local, interface does not exist": lambda links: sending.send("192.0.2.9", GONE, 9999),
    "source local, no route": lambda links: sending.send(FAR, "192.0.2.1"),
    "no source, no route": lambda links: sending.send(FAR),
    "interface down, given": lambda links: sending.send("192.0.3.5", "192.0.3.1", links["d0"]),
    "interface down": lambda links: sending.send("192.0.3.5"),
    "route of type throw": lambda links: sending.send("203.0.113.68"),
    "rule with action unreachable": lambda links: sending.send("203.0.113.77"),
    "TCP connect": lambda links: sending.connect(FAR),
    "IPv6, route of type throw": lambda links: sending.send("2001:db8:9::68"),
    "IPv6, rule with action unreachable": lambda links: sending.send("2001:db8:9::77"),
    "IPv6, no route": lambda links: sending.send(FAR6),
    "IPv6, source local, no route": lambda links: sending.send(FAR6, "2001:db8::1"),
    "IPv6, TCP connect": lambda links: sending.connect(FAR6),
}


def bind(to: str) -> str | None:
    """A fresh bind; the name of the errno."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        try:
            opened.bind((to, 0))
        except OSError as exc:
            return errno.errorcode[exc.errno or 0]
    return None


OTHERS = {
    "interface does not exist": ("ENODEV", lambda links: sending.send("192.0.2.9", None, 9999)),
    "route of type prohibit": ("EACCES", lambda links: sending.send("203.0.113.65")),
    "route of type blackhole": ("EINVAL", lambda links: sending.send("203.0.113.66")),
    "route of type unreachable": ("EHOSTUNREACH", lambda links: sending.send("203.0.113.67")),
    "rule with action prohibit": ("EACCES", lambda links: sending.send("203.0.113.75")),
    "rule with action blackhole": ("EINVAL", lambda links: sending.send("203.0.113.76")),
    "dropped by the firewall": ("EPERM", lambda links: sending.send("192.0.2.66")),
    "rejected by the firewall": ("EPERM", lambda links: sending.send("192.0.2.67")),
    "IPv6, dropped by the firewall": ("EPERM", lambda links: sending.send("2001:db8::66")),
    "bind to an address that is gone": ("EADDRNOTAVAIL", lambda links: bind(GONE)),
    "no carrier": (None, lambda links: sending.send("192.0.4.9")),
    "source not local, transparent": (None, lambda links: sending.send("192.0.2.9", GONE, transparent=True)),
    "IPv6, route of type prohibit": ("EACCES", lambda links: sending.send("2001:db8:9::65")),
    "IPv6, route of type blackhole": ("EINVAL", lambda links: sending.send("2001:db8:9::66")),
    "IPv6, rule with action prohibit": ("EACCES", lambda links: sending.send("2001:db8:9::75")),
    "IPv6, rule with action blackhole": ("EINVAL", lambda links: sending.send("2001:db8:9::76")),
    "IPv6, source not local": ("EINVAL", lambda links: sending.send("2001:db8::9", GONE6)),
    "IPv6, route of type unreachable": ("EHOSTUNREACH", lambda links: sending.send("2001:db8:9::67")),
    "interface given, no route": (None, lambda links: sending.send(FAR, "192.0.2.1", links["v0"])),
    "a send that succeeds": (None, lambda links: sending.send("192.0.2.9", "192.0.2.1")),
    "IPv6, a send that succeeds": (None, lambda links: sending.send("2001:db8::9")),
}


@pytest.fixture(scope="module")
def world(module_netns):
    ns = module_netns()
    ns.sh(WORLD)
    return ns


def rise(world, call):
    """What five sends rise, and what each was answered with."""
    with world.entered():
        links = {name: socket.if_nametoindex(name) for name in ("v0", "d0")}
    counting = counters.Counting(world.name)
    with world.entered():
        answers = {call(links) for _each in range(SENT)}
    return counting.rise(), answers


@pytest.mark.parametrize("condition", UNREACHABLE)
def test_what_is_counted(world, condition) -> None:
    """IPv6 itself may send meanwhile (router solicitations), and never without a route."""
    events, answers = rise(world, UNREACHABLE[condition])
    assert answers == {"ENETUNREACH"}
    (event,) = events
    name, file = ("Ip6OutNoRoutes", "snmp6") if condition.startswith("IPv6") else ("Ip OutNoRoutes", "snmp")
    assert (event.error, event.count, event.going_on) == ("ENETUNREACH", SENT, True)
    assert (event.source.kind, event.source.counter, event.source.path) == ("counter", name, "/proc/net/" + file)
    assert event.text.startswith("%s rose from " % name) and event.rate and event.rate > 0
    words = name.rpartition(" ")[2]
    shown = subprocess.run(["sh", "-c", event.command], capture_output=True, text=True, check=True).stdout
    assert words in shown, "the command that is shown shows the counter"
    assert (event.local_addr, event.remote_addr, event.program, event.pid) == (None, None, None, None)


@pytest.mark.parametrize("condition", OTHERS)
def test_what_is_not(world, condition) -> None:
    errno, call = OTHERS[condition]
    events, answers = rise(world, call)
    assert answers == {errno}
    assert events == ()


@pytest.mark.parametrize(
    ("to", "file", "name"), [("192.0.2.66", "snmp", "Ip OutDiscards"), ("2001:db8::66", "snmp6", "Ip6OutDiscards")]
)
def test_what_a_firewall_drops_is_counted_elsewhere(world, to, file, name) -> None:
    """IPv6 itself may send meanwhile, and some of that may be discarded too."""

    def discarded() -> int:
        with open("/proc/thread-self/net/" + file, encoding="ascii") as stream:
            return counters.parse(stream.read())[name]

    with world.entered():
        before = discarded()
        assert {sending.send(to) for _each in range(SENT)} == {"EPERM"}
        assert discarded() - before >= SENT


def test_a_source_that_is_not_local_is_counted_even_where_it_may_be_bound(netns) -> None:
    ns = netns()
    ns.sh("ip link add v0 type veth peer name v1; ip link set v0 up; ip addr add 192.0.2.1/24 dev v0")
    ns.sh("echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind")
    counting = counters.Counting(ns.name)
    with ns.entered():
        assert sending.send("192.0.2.9", GONE) == "ENETUNREACH"
    assert [(event.source.counter, event.count) for event in counting.rise()] == [("Ip OutNoRoutes", 1)]


def test_an_ipv6_socket_that_lost_its_address_goes_on_uncounted(netns) -> None:
    ns = netns()
    ns.sh("ip link add v0 type veth peer name v1; ip link set v1 up; ip link set v0 up")
    ns.sh("ip -6 addr add 2001:db8::1/64 dev v0 nodad; ip -6 addr add %s/128 dev v0 nodad" % GONE6)
    with ns.entered(), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as bound:
        bound.bind((GONE6, 0))
        ns.sh("ip -6 addr del %s/128 dev v0" % GONE6)
        counting = counters.Counting(None)
        assert bound.sendto(b"netmend", ("2001:db8::9", 9)) == 7
        assert counting.rise() == ()


def test_packets_that_cannot_be_forwarded(netns) -> None:
    """They are told apart from what the host sends itself."""
    ns, peer = netns(), netns()
    ns.sh(
        "ip link add f0 type veth peer name p0 netns %s; ip addr add 192.0.2.1/24 dev f0; ip link set f0 up" % peer.name
    )
    ns.sh("ip -6 addr add 2001:db8::1/64 dev f0 nodad; echo 1 > /proc/sys/net/ipv4/ip_forward")
    ns.sh("echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
    peer.sh("ip addr add 192.0.2.2/24 dev p0; ip -6 addr add 2001:db8::2/64 dev p0 nodad; ip link set p0 up")
    peer.sh("ip route add default via 192.0.2.1; ip -6 route add default via 2001:db8::1")
    peer.until("! ip -6 addr show tentative | grep -q .")
    counting = counters.Counting(ns.name)
    deadline = time.monotonic() + 20
    found: set = set()
    while found != set(counters.FORWARDED) and time.monotonic() < deadline:
        with peer.entered():
            assert sending.send(FAR) is None and sending.send(FAR6) is None
        time.sleep(0.1)
        found = {event.source.counter for event in counting.rise()}
    assert found == set(counters.FORWARDED)


def test_sampled_twice(world) -> None:
    sender = "import sys; sys.path.insert(0, %r); import sending, time\nwhile True: sending.send(%r); time.sleep(0.01)"
    world.start([sys.executable, "-c", sender % (str(sending.__file__).rpartition("/")[0], FAR)])
    (event,) = counters.rising(world.name, 1.0)
    assert event.count > 3 and event.rate is not None
    assert event.last is not None and event.first is not None
    assert event.rate == pytest.approx(event.count / (event.last - event.first), rel=0.01)


def test_what_the_module_returns_of_a_namespace(world) -> None:
    sender = "import sys; sys.path.insert(0, %r); import sending, time\nwhile True: sending.send(%r); time.sleep(0.01)"
    child = world.start([sys.executable, "-c", sender % (str(sending.__file__).rpartition("/")[0], FAR)])
    try:
        result = evidence_info({"counters": {"seconds": 1}, "netns": world.name, "limit": 9})
    finally:
        child.kill()
    (event,) = result["events"]
    assert (event["error"], event["going_on"], event["source"]["kind"]) == ("ENETUNREACH", True, "counter")
    assert event["source"]["counter"] == "Ip OutNoRoutes" and event["count"] > 3
    assert world.name in event["command"] and result["unseen"] == []


def test_a_namespace_that_goes_meanwhile_is_unseen_and_the_rest_is_told(netns, tmp_path) -> None:
    ns = netns()
    log = tmp_path / "x"
    log.write_text("x[7]: sendto: Network is unreachable\n")
    unseen: list = []
    told = witnessed({"logs": [str(log)], "counters": {"seconds": 1}}, unseen, ns.name)
    assert next(told).source.kind == "log"
    ns.remove()
    assert list(told) == []
    (item,) = unseen
    assert item.what == "the kernel's counters (/proc/net/snmp)" and "there is no network namespace" in item.why


def test_a_namespace_that_may_not_be_entered_is_unseen(world) -> None:
    nobody = subprocess.run(
        [sys.executable, "-c", NOBODY, world.name], capture_output=True, text=True, check=True, timeout=60
    )
    assert nobody.stdout.strip() == "[] the kernel's counters (/proc/net/snmp): Operation not permitted", nobody.stderr


NOBODY = """
import os, sys
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import counters
from ansible_collections.netmend.reclaim.plugins.module_utils.info.evidence import evidence_info
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
result = evidence_info({"counters": {"seconds": 1}, "netns": sys.argv[1], "limit": 9})
(item,) = result["unseen"]
print(result["events"], item["what"] + ":", item["why"].rpartition(": ")[2])
"""


def test_a_namespace_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="there is no network namespace 'nmt-absent'"):
        counters.rising("nmt-absent", 0)
