# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wishes in the kernel's spelling: what is made of them is shown as they are; and what ``ip`` makes reads back, is
encoded again, and comes out as the same bytes."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import encode, seen
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Address, Hop, Neighbour, NextHop, Route, Rule

WORLD = """
ip link add va type veth peer name vb
ip link set va addrgenmode none up
ip link set vb addrgenmode none up
ip address add 10.0.0.1/24 dev va
ip address add 2001:db8::1/64 dev va nodad
ip nexthop add id 7 via 10.0.0.7 dev va
"""
LO, LAST = 1, 999
"""LAST stands for the ifindex of va."""


def on_va(ifindex, item):
    """The same, with the ifindex of va in place of LAST."""
    if isinstance(item, Route):
        hops = tuple(on_va(ifindex, hop) for hop in item.hops)
        return Route(**{**item.__dict__, "hops": hops})
    if getattr(item, "ifindex", None) == LAST:
        return type(item)(**{**item.__dict__, "ifindex": ifindex})
    return item


ROUTES = [
    (Route(4, None, hops=(Hop(LAST, "10.0.0.9"),)), "192.0.2.0/24"),
    (Route(4, None, hops=(Hop(LAST),), proto="bgp", metric=7, mtu=1400, prefsrc="10.0.0.1"), "192.0.2.0/24"),
    (Route(4, None, table=1000, tos=16, hops=(Hop(LAST, "203.0.113.1", flags=("onlink",)),)), "192.0.2.0/24"),
    (Route(4, None, hops=(Hop(LAST, "2001:db8::9"),)), "192.0.2.0/24"),
    (Route(4, None, hops=(Hop(LAST, "10.0.0.9", 3), Hop(LAST, "10.0.0.8"))), "0.0.0.0/0"),
    (Route(4, None, type="blackhole"), "192.0.2.0/24"),
    (Route(4, None, type="local", table=255, hops=(Hop(LO),)), "192.0.2.0/24"),
    (Route(4, None, nhid=7), "192.0.2.0/24"),
    (Route(6, None, hops=(Hop(LAST, "2001:db8::9"),)), "2001:db8:9::/48"),
    (Route(6, None, hops=(Hop(LAST),), proto="ra", metric=7, mtu=1400, prefsrc="2001:db8::1"), "2001:db8:9::/48"),
    (Route(6, None, src="2001:db8:7::/48", pref="high", hops=(Hop(LAST, "2001:db8::9"),)), "2001:db8:9::/48"),
    (Route(6, None, hops=(Hop(LAST, "2001:db8::9", 3), Hop(LAST, "2001:db8::8"))), "::/0"),
    (Route(6, None, type="prohibit", table=1000), "2001:db8:9::/48"),
]
SMALL = [
    Rule(4, 50, table=100, src="10.0.0.0/8", proto="static"),
    Rule(4, 0, action="nop", src="10.0.0.9/32"),
    Rule(
        6, 51, table=4000000000, src="2001:db8::/32", dst="2001:db8:1::/48", iif="lo", oif="nolink", mark=16, mask=255,
        tos=16, uid_range=(5, 7), ip_proto="tcp", sport=(1, 2), dport=(443, 443), invert=True, suppress_prefixlen=0,
    ),
    Rule(4, 52, action="goto", goto=32766),
    Rule(4, 53, table=254, suppress_ifgroup=7, tunnel_id=77),
    Address(4, LAST, "192.0.2.1", 24, label="va:1", broadcast="192.0.2.255", flags=("noprefixroute",)),
    Address(4, LAST, "192.0.2.2", 31, peer="192.0.2.3", scope="link", label="va"),
    Address(4, LAST, "192.0.2.9", 32, label="va", valid_lifetime=4000, preferred_lifetime=2000),
    Address(6, LAST, "2001:db8:7::1", 64, flags=("nodad",)),
    Address(6, LAST, "2001:db8:7::2", 64, peer="2001:db8:8::1", flags=("nodad", "noprefixroute")),
    NextHop(8, 4, LAST, "10.0.0.8"),
    NextHop(9, 6, LAST, "2001:db8::8", flags=("onlink",)),
    NextHop(10, 4, blackhole=True),
    NextHop(11, 0, group=((7, 3),)),
    Neighbour(4, LAST, "10.0.0.5", "02:00:00:00:00:05", "PERMANENT", proto="zebra"),
    Neighbour(6, LAST, "2001:db8::5", "02:00:00:00:00:05", "NOARP", ("router",)),
]  # fmt: skip
KINDS = {Rule: "rule", Address: "address", NextHop: "nexthop", Neighbour: "neighbour"}


def world(netns):
    ns = netns()
    ns.sh(WORLD)
    return ns, next(item["ifindex"] for item in ns.json("link show va"))


@pytest.mark.parametrize("number", range(len(ROUTES)))
def test_a_route_that_is_made_is_shown_as_it_was_wished(netns, number):
    ns, va = world(netns)
    wish, dst = ROUTES[number]
    wished = encode.route(encode.as_kernel(on_va(va, wish)), dst)
    with Kernel(ns.name) as kernel:
        (made,) = kernel.change("route.add", [wished])
        assert (made.done, made.failed) == (1, ())
        (found,) = [item for item in kernel.seen_routes(dsts=[dst]) if item.object.proto != "kernel"]
        assert found == wished
        (verified,) = kernel.verify([wished])
        assert verified.same == wished
        assert kernel.change("route.add", [wished])[0].already == (dst,)
        assert kernel.change("route.del", [wished])[0].done == 1


@pytest.mark.parametrize("number", range(len(SMALL)))
def test_what_is_made_is_shown_as_it_was_wished(netns, number):
    ns, va = world(netns)
    wish = on_va(va, SMALL[number])
    kind = KINDS[type(wish)]
    wished = getattr(encode, kind)(wish)
    with Kernel(ns.name) as kernel:
        before = set(kernel.seen(kind))
        (made,) = kernel.change(kind + ".add", [wished])
        assert (made.done, made.failed) == (1, ())
        # Of the others, the kernel may learn some at any time: a multicast group's neighbour, say.
        (found,) = [item for item in set(kernel.seen(kind)) - before if seen.same(item, wished)]
        if not (kind == "address" and wish.valid_lifetime):  # it runs
            assert found == wished
        (verified,) = kernel.verify([wished])
        assert verified.same is not None
        assert kernel.change(kind + ".del", [wished])[0].done == 1
        after = set(kernel.seen(kind))
        assert before <= after and not any(seen.same(item, wished) for item in after)


def test_what_ip_makes_comes_out_as_the_same_bytes(netns):
    ns, _va = world(netns)
    ns.sh("""
        ip route add 192.0.2.0/24 via 10.0.0.9 mtu 1400 metric 5
        ip route add 198.51.100.0/24 nexthop via 10.0.0.8 nexthop via inet6 2001:db8::9 dev va weight 7
        ip route add throw 203.0.113.0/24 table 100
        ip -6 route add 2001:db8:9::/48 via 2001:db8::9 pref low
        ip -6 route add unreachable default metric 4278198272
        ip rule add pref 9 not fwmark 0x1/0x3 ipproto udp dport 53 lookup 100
        ip address add 192.0.2.1 peer 192.0.2.2/30 dev va
        ip neigh add 10.0.0.5 lladdr 02:00:00:00:00:05 dev va nud permanent
    """)
    with Kernel(ns.name) as kernel:
        for item in kernel.seen_routes():
            assert encode.route(item.object, item.dsts[0]).raw == item.raw
        for kind in KINDS.values():
            found = list(kernel.seen(kind))
            assert found
            for item in found:
                assert getattr(encode, kind)(item.object) == item
