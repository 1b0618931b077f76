# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Undoing one step on the real kernel: what it took along comes back, in its order, whether it was done or not."""

from __future__ import annotations

import time
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.inverse import inverse_of
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.restore import difference
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Seen

WORLD = """
for pair in v0 v1; do
    ip link add $pair type veth peer name ${pair}p
    ip link set $pair addrgenmode none; ip link set ${pair}p addrgenmode none
    ip link set $pair up; ip link set ${pair}p up
done
ip link add br0 type bridge; ip link set br0 addrgenmode none; ip link set v1p master br0
ip link set br0 up alias 'the bridge'
ip link add link br0 name mv0 type macvlan mode bridge; ip link set mv0 up
ip address add 10.3.0.1/24 dev br0; ip address add fd03::1/64 dev br0 nodad; ip address add 10.6.0.1/24 dev mv0
for last in 1 2 3; do ip address add 10.0.0.$last/24 dev v0; done
ip address add fd00::1/64 dev v0 nodad
ip nexthop add id 7 via 10.0.0.9 dev v0; ip nexthop add id 8 via 10.3.0.9 dev br0; ip nexthop add id 9 group 7/8
ip route add 10.8.0.0/16 nhid 7 table 100; ip route add 10.8.1.0/24 nhid 9 table 100
for last in 9 10 11; do ip route append 10.9.0.0/16 via 10.0.0.$last table 100; done
ip route add 10.19.0.0/16 via 10.0.0.11 src 10.0.0.2; ip route add 10.20.0.0/16 via 10.3.0.9 src 10.0.0.2
ip route add 10.66.0.0/16 via 10.6.0.9 table 100
ip -6 route add 2001:db9::/32 via fd03::9 src fd00::1
ip -6 route add 2001:dba::/32 nexthop via fd00::9 nexthop via fd03::9
ip rule add pref 100 lookup 100; ip rule add pref 100 from 10.0.0.0/8 lookup 101; ip rule add pref 100 from 11.0.0.0/8 lookup 102
ip neighbour add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent
"""
FIND: t.Dict[str, t.Callable[[Kernel], t.Iterable[Seen]]] = {
    "rule.del": lambda kernel: kernel.seen("rule", lambda rule: rule.priority == 100),
    "route.del": lambda kernel: kernel.seen_routes(table=100),
    "address.del": lambda kernel: kernel.seen("address", lambda address: address.ifindex != 1),
    "neighbour.del": lambda kernel: kernel.seen("neighbour", lambda neighbour: neighbour.state == "PERMANENT"),
    "nexthop.del": lambda kernel: kernel.seen("nexthop"),
    "link.down": lambda kernel: kernel.seen("link", lambda link: link.ifindex != 1),
    "link.del": lambda kernel: kernel.seen("link", lambda link: link.kind in ("bridge", "macvlan")),
}


@pytest.fixture
def kernel(netns):
    ns = netns()
    ns.sh(WORLD)
    with Kernel(ns.name) as port:
        port.ns = ns  # type: ignore[attr-defined]
        yield port


def differing(kernel: Kernel, before: t.Sequence[Seen], of: t.Sequence[Seen]) -> t.Tuple[str, ...]:
    """What differs once the kernel had its time."""
    for _attempt in range(300):
        words = difference(before, kernel.checkpoint(of))
        if not words:
            break
        time.sleep(0.05)
    return words


@pytest.mark.parametrize("op", FIND)
def test_undone_everything_is_as_it_was(kernel, op):
    there = list(FIND[op](kernel))
    assert there
    for seen in there:
        before = kernel.checkpoint([seen])
        collateral = kernel.collateral(op, seen)
        undone = kernel.restore(op, seen, collateral)  # nothing was done yet
        assert (undone.done, undone.failed) == (0, ())
        (changed,) = kernel.change(op, [seen])
        assert (changed.done, changed.failed) == (seen.count, ())
        assert difference(before, kernel.checkpoint([seen]))
        undone = kernel.restore(op, seen, collateral)
        assert undone.done and not undone.failed
        assert differing(kernel, before, [seen]) == ()
        undone = kernel.restore(op, seen, collateral)
        assert (undone.done, undone.failed) == (0, ())


@pytest.mark.parametrize("promote", [0, 1])
def test_the_primary_address_is_the_primary_one_again(kernel, promote):
    kernel.ns.sh("echo %d > /proc/sys/net/ipv4/conf/v0/promote_secondaries" % promote)
    (first,) = kernel.seen("address", lambda address: address.address == "10.0.0.1")
    before, collateral = kernel.checkpoint([first]), kernel.collateral("address.del", first)
    kernel.change("address.del", [first])
    assert ("10.0.0.2" in kernel.ns.sh("ip address show v0")) is bool(promote)
    assert kernel.restore("address.del", first, collateral).failed == ()
    assert differing(kernel, before, [first]) == ()
    flags = {
        item["local"]: item.get("secondary", False) for item in kernel.ns.json("-4 address show v0")[0]["addr_info"]
    }
    assert flags == {"10.0.0.1": False, "10.0.0.2": True, "10.0.0.3": True}


def test_what_somebody_else_did_meanwhile_is_not_undone(kernel):
    first, second, third = FIND["rule.del"](kernel)
    collateral = kernel.collateral("rule.del", first)
    kernel.change("rule.del", [first, third])
    kernel.ns.sh("ip rule add pref 100 from 12.0.0.0/8 lookup 103")
    undone = kernel.restore("rule.del", first, collateral)
    assert undone.done and not undone.failed
    assert [seen.object.src for seen in FIND["rule.del"](kernel)] == [None, "10.0.0.0/8", "12.0.0.0/8"]


def test_a_route_that_lost_its_source_gets_it_back_and_is_no_second_one(kernel):
    (address,) = kernel.seen("address", lambda address: address.address == "fd00::1")
    collateral = kernel.collateral("address.del", address)
    kernel.change("address.del", [address])
    assert "src" not in kernel.ns.sh("ip -6 route show 2001:db9::/32")
    assert kernel.restore("address.del", address, collateral).failed == ()
    assert kernel.ns.sh("ip -6 route show 2001:db9::/32").count("src fd00::1") == 1


def test_a_group_that_lost_a_member_gets_it_back(kernel):
    (member,) = kernel.seen("nexthop", lambda nexthop: nexthop.id == 7)
    collateral = kernel.collateral("nexthop.del", member)
    kernel.change("nexthop.del", [member])
    assert kernel.ns.json("nexthop show id 9")[0]["group"] == [{"id": 8}]
    assert kernel.restore("nexthop.del", member, collateral).failed == ()
    assert kernel.ns.json("nexthop show id 9")[0]["group"] == [{"id": 7}, {"id": 8}]


def test_what_was_added_goes_and_only_if_it_is_the_same(kernel):
    (route,) = kernel.seen_routes(dsts=["10.66.0.0/16"])
    assert kernel.collateral("route.add", route) == ()
    kernel.ns.sh("ip route change 10.66.0.0/16 via 10.6.0.8 table 100")
    assert kernel.restore("route.add", route, ()).failed == (
        ("10.66.0.0/16", "ESTALE: it was changed since it was seen"),
    )
    kernel.ns.sh("ip route change 10.66.0.0/16 via 10.6.0.9 table 100")
    assert kernel.restore("route.add", route, ()).done == 1
    assert kernel.restore("route.add", route, ()).already == ("10.66.0.0/16",)


def test_what_has_no_inverse_is_left_alone(kernel):
    (veth,) = kernel.seen("link", lambda link: link.name == "v1")
    assert inverse_of("link.del", veth)[0] is None
    collateral = kernel.collateral("link.del", veth)
    kernel.change("link.del", [veth])
    assert tuple(kernel.restore("link.del", veth, collateral)) == (0, (), ())
    assert "v1@" not in kernel.ns.sh("ip link show")


def test_differences_are_told_in_words(kernel):
    rules, routes = list(FIND["rule.del"](kernel)), kernel.seen_routes(dsts=["10.9.0.0/16"])
    before = kernel.checkpoint(routes)
    kernel.ns.sh("ip rule del pref 100 from 10.0.0.0/8; ip rule add pref 100 from 10.0.0.0/8 lookup 101")
    kernel.ns.sh("ip route del 10.9.0.0/16 via 10.0.0.9 table 100; ip route append 10.9.0.0/16 via 10.0.0.9 table 100")
    kernel.ns.sh("ip address del 10.6.0.1/24 dev mv0; ip nexthop add id 77 blackhole")
    assert len(rules) == 3
    assert set(difference(before, kernel.checkpoint(routes))) == {
        "address 10.6.0.1/24 is gone",
        "nexthop 77 is new",
        "the IPv4 rules of priority 100 stand in another order",
        "table 100: a route to 10.9.0.0/16 is in another order",
    }
