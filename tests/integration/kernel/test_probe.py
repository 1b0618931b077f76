# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probes over a path of real routers: what each cause looks like from the host, in both families."""

from __future__ import annotations

import json
import sys

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.probing.run import probe
from ansible_collections.netmend.reclaim.tests.integration.kernel import paths
from ansible_collections.netmend.reclaim.tests.integration.kernel.test_processes import as_nobody

FAR = {4: paths.FAR, 6: paths.FAR6}
ROUTERS = {4: paths.ROUTERS, 6: paths.ROUTERS6}
OWN = {4: "192.0.2.10", 6: "2001:db8:1::10"}
ABSENT = {4: "203.0.113.77", 6: "2001:db8:9::77"}
HEARS = """
import socket
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as echo, socket.create_server(("::", 4431), family=socket.AF_INET6, dualstack_ipv6=True):
    echo.bind(("::", 7))
    print("ready", flush=True)
    while True:
        data, peer = echo.recvfrom(65536)
        echo.sendto(data, peer)
"""
each_family = pytest.mark.parametrize("family", [4, 6])


@pytest.fixture
def way(netns):
    return paths.path(netns)


def probed(way, to, **options):
    found = probe({"netns": way.host.name, "to": to, **options})
    assert json.loads(json.dumps(found)) == json.loads(json.dumps(found, default=str))
    assert len(found["packets"]) <= found["would_send"]["packets"]
    assert found["words"].endswith(".") and found["command"]
    return found


def pings_open(ns) -> None:
    ns.sh("echo '0 2147483647' > /proc/sys/net/ipv4/ping_group_range")


@each_family
@pytest.mark.parametrize("pinging", [False, True], ids=["raw", "ping socket"])
def test_an_echo_request_is_answered(way, family, pinging) -> None:
    if pinging:
        pings_open(way.host)
    found = probed(way, FAR[family], source=OWN[family], interface="eth0", mark="0x10", size=1000)
    assert (found["verdict"], found["sent"], found["errno"], found["cause"]) == ("answered", True, None, None)
    assert found["counts"] == {"answered": 3} and found["source"] == OWN[family]
    assert {(item["by"], item["size"]) for item in found["packets"]} == {(FAR[family], 1000)}


@each_family
def test_datagrams_and_connections(way, family) -> None:
    child = way.far.start([sys.executable, "-c", HEARS], stdout=-1)
    assert child.stdout.readline() == "ready\n"
    assert probed(way, FAR[family], method="udp")["verdict"] == "answered"
    assert probed(way, FAR[family], method="udp", size=3000)["verdict"] == "answered"
    assert probed(way, FAR[family], method="tcp", port=4431)["verdict"] == "answered"
    closed = probed(way, FAR[family], method="tcp", port=4432)
    assert (closed["verdict"], closed["packets"][0]["errno"]) == ("closed", "ECONNREFUSED")
    told = probed(way, FAR[family], method="udp", port=9999)
    assert (told["verdict"], told["cause"]["name"], told["cause"]["by"]) == ("told", "port-unreachable", FAR[family])
    # On the loopback the kernel answers at once.
    loopback = "127.0.0.1" if family == 4 else "::1"
    assert probed(way, loopback, method="tcp", port=4432)["verdict"] == "closed"
    assert probed(way, loopback, method="icmp")["verdict"] == "answered"


@each_family
@pytest.mark.parametrize("pinging", [False, True], ids=["raw", "ping socket"])
def test_hops_that_are_used_up(way, family, pinging) -> None:
    if pinging:
        pings_open(way.host)
    found = probed(way, FAR[family], ttl=2, count=1)
    cause = found["cause"]
    assert (found["verdict"], cause["name"], cause["by"]) == ("told", "ttl-exceeded", ROUTERS[family][1])
    assert (cause["type"], cause["code"], cause["errno"]) == ((11, 0) if family == 4 else (3, 0)) + ("EHOSTUNREACH",)


@each_family
@pytest.mark.parametrize("port", [None, 33434])
def test_a_traceroute(way, family, port) -> None:
    found = probed(way, FAR[family], method="traceroute", port=port, count=2)
    assert found["verdict"] == "answered"
    assert [hop["by"] for hop in found["hops"]] == [(each,) for each in (*ROUTERS[family], FAR[family])]
    assert [hop["ttl"] for hop in found["hops"]] == [1, 2, 3]


@each_family
def test_a_traceroute_that_ends_on_the_way(way, family) -> None:
    way.second.sh("ip route del 198.51.100.0/24; ip -6 route del 2001:db8:3::/64; ip -6 route add unreachable default")
    found = probed(way, FAR[family], method="traceroute", count=2)
    assert (found["verdict"], found["cause"]["name"]) == ("told", "net-unreachable")
    assert found["hops"][-1]["by"] == (ROUTERS[family][1],) and found["hops"][-1]["ttl"] == 2
    way.second.sh("nft 'table inet f { chain o { type filter hook forward priority 0; policy drop; }; }'")
    way.second.sh("nft 'table inet g { chain o { type filter hook output priority 0; policy drop; }; }'")
    found = probed(way, FAR[family], method="traceroute", count=1, timeout=0.2, max_hops=12)
    assert found["verdict"] == "silent" and len(found["hops"]) == 1
    assert ROUTERS[family][0] in found["words"]


@each_family
@pytest.mark.parametrize("method", ["icmp", "udp", "tcp"])
def test_a_firewall_that_says_so(way, family, method) -> None:
    way.second.sh(
        "nft 'table inet f { chain f { type filter hook forward priority 0; iifname down0 reject with icmpx admin-prohibited; }; }'"
    )
    found = probed(way, FAR[family], method=method, port=443 if method != "icmp" else None, count=1)
    cause = found["cause"]
    assert (found["verdict"], cause["name"], cause["by"]) == ("told", "prohibited", ROUTERS[family][1])
    assert (cause["type"], cause["code"]) == ((3, 13) if family == 4 else (1, 1))


@each_family
@pytest.mark.parametrize("method", ["icmp", "tcp"])
def test_a_host_that_is_not_there(way, family, method) -> None:
    """Beyond a router it is that router that says so, on the link this host itself."""
    port = 443 if method == "tcp" else None
    beyond = probed(way, FAR[family] + "7", method=method, port=port, count=1, timeout=8)
    assert (beyond["verdict"], beyond["cause"]["name"]) == ("told", "host-unreachable")
    assert beyond["cause"]["by"] == ROUTERS[family][1]
    near = probed(way, OWN[family] + "7", method=method, port=port, count=1, timeout=8)
    assert (near["verdict"], near["cause"]["name"]) == ("told", "host-unreachable")
    assert near["cause"]["by"] == near["source"] == OWN[family] and "This host itself" in near["words"]


@each_family
@pytest.mark.parametrize("method", ["icmp", "udp", "tcp", "traceroute", "path_mtu"])
def test_what_the_kernel_refuses_is_a_result(way, family, method) -> None:
    port = 443 if method in ("udp", "tcp") else None

    def refused(**options):
        found = probed(way, options.pop("to", FAR[family]), method=method, port=port, count=1, **options)
        assert (found["verdict"], found["sent"]) == ("refused", False)
        return found["errno"]

    assert refused(source=ABSENT[family]) == "EADDRNOTAVAIL"
    assert refused(interface="gone0") == "ENODEV"
    way.host.sh(
        "ip -%d route del default; ip -%d route add prohibit %s"
        % (family, family, "198.18.0.0/15" if family == 4 else "2001:db8:f::/48")
    )
    assert refused(to=ABSENT[family]) == "ENETUNREACH"
    assert refused(to="198.18.0.1" if family == 4 else "2001:db8:f::1") == "EACCES"
    if method != "tcp":  # whose packets the firewall drops without a word to the program
        way.host.sh("nft 'table inet f { chain o { type filter hook output priority 0; policy drop; }; }'")
        assert refused(to=ROUTERS[family][0]) == "EPERM"


@each_family
def test_what_nobody_answers(way, family) -> None:
    way.second.sh("nft 'table inet f { chain f { type filter hook forward priority 0; policy drop; }; }'")
    for method in ("icmp", "udp", "tcp"):
        found = probed(way, FAR[family], method=method, port=443 if method != "icmp" else None, timeout=0.2)
        assert (found["verdict"], found["counts"], found["cause"]) == ("silent", {"silent": 3}, None)


# Path MTU -------------------------------------------------------------------------------------------------------------


def searched(way, to, **options):
    found = probed(way, to, method="path_mtu", **options)
    return found, found["path_mtu"]


@each_family
def test_all_sizes_come_through(way, family) -> None:
    found, mtu = searched(way, FAR[family])
    assert (found["verdict"], mtu["passed"], mtu["lost"]) == ("whole", 1500, None)
    assert (mtu["link_mtu"], mtu["believed"], mtu["told"]) == (1500, 1500, None)
    # What is larger than the link takes never leaves the host.
    found, mtu = searched(way, FAR[family], size=9000)
    assert (found["verdict"], mtu["passed"], mtu["link_mtu"]) == ("whole", 1500, 1500)
    assert "own link takes packets of at most 1500" in found["words"]
    assert max(item["size"] for item in found["packets"] if item["sent"]) == 1500
    refused = [item for item in found["packets"] if not item["sent"]]
    assert [(item["errno"], item["cause"]["name"], item["cause"]["mtu"]) for item in refused] == [
        ("EMSGSIZE", "too-big-here", 1500)
    ]


@each_family
def test_the_route_says_what_passes(way, family) -> None:
    gateway = ROUTERS[family][0]
    way.host.sh("ip -%d route replace default via %s mtu lock 1400" % (family, gateway))
    found, mtu = searched(way, FAR[family])
    assert (found["verdict"], mtu["passed"], mtu["believed"], mtu["link_mtu"]) == ("whole", 1500, 1400, 1500)
    assert "takes 1400 for the path" in found["words"]


@each_family
@pytest.mark.parametrize("pinging", [False, True], ids=["raw", "ping socket"])
def test_a_router_tells_what_passes(way, family, pinging) -> None:
    if pinging:
        pings_open(way.host)
    paths.narrow(way, 1300)
    found, mtu = searched(way, FAR[family])
    assert found["verdict"] == "told"
    assert mtu == {
        "passed": 1300, "lost": 1500, "link_mtu": 1500, "believed": 1500, "told": 1300, "told_by": ROUTERS[family][0]
    }  # fmt: skip
    told = [item["cause"] for item in found["packets"] if item["outcome"] == "told"]
    assert [(cause["name"], cause["mtu"]) for cause in told] == [("too-big", 1300)]
    # The kernel has learnt it by now, and the search is not misled by that.
    again, mtu = searched(way, FAR[family])
    assert (again["verdict"], mtu["believed"], mtu["told"]) == ("told", 1300, 1300)


@each_family
def test_two_routers_tell(way, family) -> None:
    way.host.sh("ip link set eth0 mtu 1500")
    paths.narrow(way, 1400)
    way.second.sh("ip link set up0 mtu 1290")
    found, mtu = searched(way, FAR[family])
    assert (found["verdict"], mtu["passed"], mtu["told"], mtu["told_by"]) == ("told", 1290, 1290, ROUTERS[family][1])


@each_family
def test_large_packets_vanish(way, family) -> None:
    paths.narrow(way, 1300)
    way.first.sh(paths.NO_TELLING)
    found, mtu = searched(way, FAR[family], timeout=0.4, count=2)
    assert found["verdict"] == "black-hole"
    assert (mtu["passed"], mtu["lost"], mtu["told"], mtu["link_mtu"]) == (1300, 1301, None, 1500)
    # Up to a size that passes nothing is wrong.
    assert searched(way, FAR[family], size=1300)[0]["verdict"] == "whole"


@each_family
def test_packets_of_the_size_that_was_told_vanish_too(way, family) -> None:
    """The first router tells, and the second is a black hole for what is smaller still."""
    paths.narrow(way, 1400)
    way.second.sh("ip link set up0 mtu 1290")
    way.second.sh(paths.NO_TELLING)
    found, mtu = searched(way, FAR[family], timeout=0.4, count=2)
    assert found["verdict"] == "black-hole"
    assert (mtu["passed"], mtu["lost"], mtu["told"], mtu["told_by"]) == (1290, 1291, 1400, ROUTERS[family][0])
    assert "1400" in found["words"]


@each_family
def test_nothing_comes_through_at_all(way, family) -> None:
    way.second.sh("nft 'table inet f { chain f { type filter hook forward priority 0; policy drop; }; }'")
    found, mtu = searched(way, FAR[family], timeout=0.2)
    assert (found["verdict"], mtu["passed"], found["counts"]) == ("unreached", None, {"silent": 3})


# Who may, and what is asked -------------------------------------------------------------------------------------------


@each_family
def test_without_root(way, family) -> None:
    to = FAR[family]

    def told(**options):
        with way.host.entered():
            return as_nobody(lambda: probe({"to": to, **options}))

    assert told(method="tcp", port=4432)["verdict"] == "closed"
    assert told(method="udp", port=9999)["cause"]["name"] == "port-unreachable"
    assert told(method="traceroute", port=33434, count=1)["verdict"] == "answered"
    # The kernel's own default lets nobody send echo requests.
    way.host.sh("echo '1 0' > /proc/sys/net/ipv4/ping_group_range")
    with way.host.entered(), pytest.raises(AssertionError, match="net.ipv4.ping_group_range"):
        as_nobody(lambda: probe({"to": to}))
    with way.host.entered(), pytest.raises(AssertionError, match="mark: .* needs CAP_NET_ADMIN"):
        as_nobody(lambda: probe({"to": to, "method": "udp", "mark": "1"}))
    pings_open(way.host)
    assert told()["verdict"] == "answered"
    assert told(ttl=1, count=1)["cause"]["by"] == ROUTERS[family][0]
    paths.narrow(way, 1300)
    assert told(method="path_mtu")["path_mtu"]["told"] == 1300


def test_several_senders_to_one_end_do_not_take_each_others_answers(way) -> None:
    """A raw socket hears all echo replies and errors: each packet takes its own."""
    way.host.start([sys.executable, "-c", FLOOD, paths.FAR])
    found = probed(way, paths.FAR, ttl=1, count=5, timeout=0.5)
    assert {item["outcome"] for item in found["packets"]} <= {"told", "silent"}
    assert probed(way, paths.FAR, count=10)["counts"] == {"answered": 10}


FLOOD = """
import socket, struct, sys, time
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as out:
    for number in range(6000):
        body = struct.pack("!HH", number & 0xFFFF, 1)
        total = 0x0800 + sum(struct.unpack("!2H", body))
        total = (total & 0xFFFF) + (total >> 16)
        out.sendto(struct.pack("!BBH", 8, 0, ~total & 0xFFFF) + body, (sys.argv[1], 0))
        time.sleep(0.001)
"""


def test_check_mode_sends_nothing(way) -> None:
    before = way.host.sh("cat /proc/net/snmp | grep ^Ip: | tail -1 | cut -d' ' -f11")
    for method in ("icmp", "udp", "tcp", "traceroute", "path_mtu"):
        found = probe(
            {"netns": way.host.name, "to": paths.FAR, "method": method, "port": 443 if method == "tcp" else None}, True
        )
        assert (found["verdict"], found["sent"], found["packets"]) == ("not-sent", False, [])
        assert paths.FAR in found["would_send"]["words"] and found["would_send"]["packets"] > 0
    assert way.host.sh("cat /proc/net/snmp | grep ^Ip: | tail -1 | cut -d' ' -f11") == before
    with pytest.raises(ValueError, match="there is no network namespace"):
        probe({"netns": "nmt-absent", "to": paths.FAR}, True)
