# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects exactly as the real kernel shows them: the same however its states change, and enough to make them again."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.normal import identity
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.seen import SMALL

WORLD = """
ip link add v0 type veth peer name v0p; ip link set v0 addrgenmode none; ip link set v0p addrgenmode none
ip link set v0 up; ip link set v0p up
ip link add br0 type bridge; ip link set br0 up
ip link add vx0 type vxlan id 42 local 10.0.0.1 remote 10.0.0.2 dstport 4789
ip address add 10.0.0.1/24 dev v0 valid_lft 3000 preferred_lft 2000; ip address add fd00::1/64 dev v0 nodad
ip route add 10.1.0.0/16 nexthop via 10.0.0.8 nexthop via 10.0.0.9
ip nexthop add id 7 via 10.0.0.9 dev v0; ip nexthop add id 8 blackhole; ip nexthop add id 9 group 7,3
ip route add 10.2.0.0/16 nhid 9; ip route add 10.3.0.0/16 nhid 8
ip -6 route add 2001:db8::/32 via fd00::9 expires 1000
ip rule add pref 100 iif v0 lookup 100; ip rule add pref 101 oif nowhere goto 5000; ip rule add pref 102 sport 53 lookup 100
ip neighbour add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0 nud reachable
"""


@pytest.fixture
def kernel(netns):
    ns = netns()
    ns.sh(WORLD)
    with Kernel(ns.name) as port:
        port.ns = ns  # type: ignore[attr-defined]
        yield port


def everything(kernel: Kernel) -> list:
    return [seen for kind in SMALL for seen in kernel.seen(kind)] + kernel.seen_routes()


def test_the_object_is_what_the_raw_says(kernel):
    there = everything(kernel)
    assert {seen.kind for seen in there} == {*SMALL, "route"}
    for seen in there:
        assert kernel.decode(seen.kind, seen.raw) == seen.object
        assert bool(seen.dsts) is (seen.kind == "route")
    assert all(one.same == seen for seen, one in zip(there, kernel.verify(there)) if seen.kind != "address")


def test_states_do_not_make_another_object(kernel):
    routes, rules, neighbours = (
        kernel.seen_routes(proto="boot"),
        list(kernel.seen("rule")),
        list(kernel.seen("neighbour")),
    )
    addresses = {identity("address", seen.raw) for seen in kernel.seen("address")}
    kernel.ns.sh("echo 1 > /proc/sys/net/ipv4/conf/v0/ignore_routes_with_linkdown; ip link set v0p down")
    kernel.ns.until("ip link show v0 | grep -q NO-CARRIER")
    kernel.ns.until("ip route show 10.1.0.0/16 | grep -q linkdown")
    kernel.ns.sh("ip neighbour add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0 nud stale || true")
    kernel.ns.sh("ip link add nowhere type ifb; ip rule add pref 5000 lookup 254")
    assert {identity("address", seen.raw) for seen in kernel.seen("address")} >= addresses
    assert all(one.same for one in kernel.verify(rules))
    kept = [seen for seen in routes if seen.object.nhid is None]
    assert len(kept) == 2 and all(one.same for one in kernel.verify(kept))
    assert all(one.same for one in kernel.verify(neighbours[:1]))


def test_routes_are_grouped_by_what_they_have_in_common(kernel):
    lines = ["route add 10.%d.0.0/16 via 10.0.0.%d table 100\n" % (number, 8 + number % 2) for number in range(50, 60)]
    kernel.ns.batch("".join(lines))
    groups = kernel.seen_routes(table=100)
    assert sorted(group.count for group in groups) == [5, 5]
    assert all(group.object.dst is None for group in groups)
    only = kernel.seen_routes(dsts=["10.51.0.0/16", "10.52.0.0/16", "10.99.0.0/16"])
    assert sorted(group.dsts for group in only) == [("10.51.0.0/16",), ("10.52.0.0/16",)]
    kept = kernel.seen_routes(family=4, keep=lambda route: bool(route.hops) and route.hops[0].gateway == "10.0.0.9")
    assert {group.object.table for group in kept} == {100, 254}


def test_keep_sees_what_the_kernel_shows_now(kernel):
    (shown,) = kernel.seen_routes(keep=lambda route: route.nhid == 9)
    assert shown.object.hops == ()  # what the next-hop object is resolved to is no part of the route
    assert kernel.seen_routes(keep=lambda route: route.nhid == 9 and bool(route.hops)) == [shown]
    (blackhole,) = kernel.seen_routes(keep=lambda route: route.type == "blackhole")
    assert blackhole.dsts == ("10.3.0.0/16",)
    (rule,) = kernel.seen("rule", lambda rule: rule.detached == ("oif",))
    assert (rule.object.priority, rule.object.detached) == (101, ())


def test_what_runs_out_is_kept_and_does_not_tell_apart(kernel):
    (route,) = kernel.seen_routes(dsts=["2001:db8::/32"])
    assert kernel.change("route.del", [route])[0].done == 1
    assert kernel.change("route.add", [route])[0].done == 1
    assert "expires" in kernel.ns.sh("ip -6 route show 2001:db8::/32")
    assert kernel.verify([route])[0].same is not None
    kernel.ns.sh("ip -6 route del 2001:db8::/32; ip -6 route add 2001:db8::/32 via fd00::9")
    assert kernel.verify([route])[0].differs == ("2001:db8::/32",)
