# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guards: the way in, the user's selectors, the kernel's own objects."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.index import FALLBACK_LINKS, Index
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    TABLE_LOCAL,
    Address,
    Answer,
    Flow,
    Hop,
    Link,
    Neighbour,
    NextHop,
    Owner,
    Route,
    Rule,
    Session,
    WayIn,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.options import KINDS, PROTECT
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.protect import load
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.plan.hosts import (
    DEFAULT,
    FAR,
    INDEX,
    MAIN,
    PERMANENT,
    RESTART,
    SNAPSHOT,
    SSH,
    STALE,
    SUBNET,
    THROUGH_TUNNEL,
    World,
    finding,
    only,
    planned,
    seen,
    step,
    told,
)


def template(route: Route) -> Route:
    return dataclasses.replace(route, dst=None)


# The kernel's own objects --------------------------------------------------------------------------------------------

KERNELS = [
    ("link.down", Link(1, "lo", loopback=True), "loopback"),
    ("link.del", Link(1, "lo", loopback=True), "loopback"),
    ("address.del", Address(4, 1, "127.0.0.1", 8), "loopback's own"),
    ("address.del", Address(6, 1, "::1", 128), "loopback's own"),
    ("address.del", Address(6, 6, "fe80::7", 64), "link-local"),
    ("address.del", Address(6, 6, "2001:db8::7", 64, proto="kernel_ra"), "kernel_ra"),
    ("rule.del", Rule(4, 0, table=255), "priority 0"),
    ("rule.del", MAIN, "proto kernel"),
    ("rule.del", Rule(4, 1000, l3mdev=True, proto="kernel"), "proto kernel"),
    ("nexthop.del", NextHop(9, 4, proto="kernel"), "proto kernel"),
    ("neighbour.del", dataclasses.replace(PERMANENT, proto="kernel"), "proto kernel"),
    *[("link.%s" % verb, Link(3, name, kind="gre"), "fallback") for verb in ("up", "down", "del") for name in FALLBACK_LINKS],
]  # fmt: skip


@pytest.mark.parametrize(("op", "item", "words"), KERNELS)
def test_what_the_kernel_made_stays(op, item, words) -> None:
    withheld = only(planned(op, seen(item)))
    assert withheld.reason == "kernel-object" and words in withheld.words


@pytest.mark.parametrize(
    ("route", "dst"),
    [
        (template(SUBNET), "192.0.2.0/24"),
        (dataclasses.replace(STALE, table=TABLE_LOCAL), "192.0.2.1/32"),
        (dataclasses.replace(STALE, proto="redirect"), "10.0.0.0/8"),
        (Route(6, None, 254, proto="boot", hops=(Hop(6),)), "fe80::/64"),
        (Route(6, None, 255, type="multicast", proto="boot", hops=(Hop(6),)), "ff00::/8"),
    ],
)
def test_routes_that_the_kernel_made_stay(route, dst) -> None:
    assert only(planned("route.del", seen(route, dst))).reason == "kernel-object"


def test_what_is_not_the_kernels_may_go() -> None:
    assert planned("address.del", seen(Address(4, 1, "192.0.2.77", 32))).steps, "a VIP on the loopback"
    assert planned("link.up", seen(Link(7, "eth2"))).steps
    plan = planned("route.del", seen(Route(6, None, 254, hops=(Hop(6),)), "fe80::/64", "2001:db8:9::/64"))
    assert [made.dsts for made in plan.steps] == [("2001:db8:9::/64",)] and told(plan) == [
        ("route.del", "kernel-object")
    ]


# The way in ----------------------------------------------------------------------------------------------------------

IN_USE = [
    ("address.del", Address(4, 5, "192.0.2.1", 24), "the way in ends at 192.0.2.1"),
    ("link.down", SNAPSHOT.links[4], "bond0"),
    ("link.del", SNAPSHOT.links[4], "bond0"),
    ("link.set", SNAPSHOT.links[4], "bond0"),
    ("link.down", SNAPSHOT.links[1], "eth0"),
    ("neighbour.del", Neighbour(4, 5, "192.0.2.254", state="PERMANENT"), "192.0.2.254"),
    ("nexthop.del", SNAPSHOT.nexthops[0], "next hop 20"),
    ("nexthop.del", SNAPSHOT.nexthops[1], "next hop 21"),
    ("socket.destroy", Session(4, "tcp", "192.0.2.1", 22, "198.51.100.50", 50000, inode=7), "192.0.2.1"),
    ("socket.destroy", Session(6, "tcp", "::ffff:192.0.2.1", 22, "::ffff:198.51.100.50", 50000, inode=7), "192.0.2.1"),
    ("flow.del", Flow(4, "tcp", "198.51.100.50", "192.0.2.1", 50000, 22), "flow"),
    ("rule.add", Rule(4, 50, src="192.0.2.1/32", table=100), "198.51.100.50"),
    ("rule.add", Rule(4, 50, action="prohibit"), "198.51.100.50"),
    ("address.add", Address(4, 6, "198.51.100.1", 24), "198.51.100.0/24"),
    ("address.add", Address(4, 6, "192.0.2.9", 24), "192.0.2.0/24"),
    ("address.add", Address(4, 6, "198.51.100.50", 32), "this host's own"),
]


@pytest.mark.parametrize(("op", "item", "words"), IN_USE)
def test_what_carries_the_way_in_is_left_alone(op, item, words) -> None:
    withheld = only(planned(op, seen(item), ways=[SSH]))
    assert withheld.reason == "way-in" and words in withheld.words
    assert planned(op, seen(item)).steps, "the same without a way in"


def test_an_address_that_would_take_the_way_in_along() -> None:
    """The kernel removes secondary addresses with their primary one, and routes of table main with their source."""
    primary = Address(4, 5, "192.0.2.5", 24)
    for flags, planned_then in ((("secondary",), False), ((), True)):
        held = (primary, Address(4, 5, "192.0.2.1", 24, flags=flags))
        world = World(Index(dataclasses.replace(SNAPSHOT, addresses=held)))
        world.add(finding(step("address.del")), [seen(primary)])
        assert bool(world.plan(ways=[SSH]).steps) == planned_then
    world = World()
    world.add(finding(step("address.del")), [seen(Address(4, 1, "203.0.113.77", 32))])
    route = dataclasses.replace(DEFAULT, prefsrc="203.0.113.77")
    assert world.plan(ways=[SSH]).steps
    assert (
        only(world.plan(ways=[SSH], asked=lambda queries: [Answer(None, route, route)] * len(queries))).reason
        == "way-in"
    )


def test_the_rule_that_leads_there() -> None:
    chosen = Rule(4, 200, src="192.0.2.0/24", table=254, proto="static")
    world = World(Index(dataclasses.replace(SNAPSHOT, rules=(SNAPSHOT.rules[0], SNAPSHOT.rules[1], chosen, MAIN))))
    world.add(finding(step("rule.del", priority=200)), [seen(chosen)])
    world.add(finding(step("rule.del", priority=100)), [seen(SNAPSHOT.rules[1])])
    plan = world.plan(ways=[SSH])
    assert [made.object["priority"] for made in plan.steps] == [100]
    assert told(plan) == [("rule.del", "way-in")]


def test_a_rule_that_jumps_over_others() -> None:
    goto = Rule(4, 50, action="goto", goto=32766)
    world = World(Index(dataclasses.replace(SNAPSHOT, rules=(goto, *SNAPSHOT.rules))))
    world.add(finding(step("rule.del")), [seen(goto)])
    assert only(world.plan(ways=[SSH])).reason == "way-in"


@pytest.mark.parametrize("rule", [
    Rule(4, 50, src="10.9.0.0/16", table=100),
    Rule(4, 50, mark=7, table=100),
    Rule(4, 32767, table=100),
    Rule(6, 50, table=100),
])  # fmt: skip
def test_a_rule_that_does_not_decide_on_the_way_in_may_be_added(rule) -> None:
    assert planned("rule.add", seen(rule), ways=[SSH]).steps


@pytest.mark.parametrize(("route", "dst", "taken"), [
    (template(DEFAULT), "0.0.0.0/0", True),
    (dataclasses.replace(template(DEFAULT), metric=100), "0.0.0.0/0", False),
    (dataclasses.replace(template(DEFAULT), table=100), "0.0.0.0/0", False),
    (template(DEFAULT), "10.0.0.0/8", False),
    (Route(4, None, 100, type="throw"), "198.51.100.0/24", True),
    (Route(4, None, 100, type="throw"), "10.0.0.0/8", False),
])  # fmt: skip
def test_the_route_itself_and_no_other_of_its_destination(route, dst, taken) -> None:
    plan = planned("route.del", seen(route, dst, "172.16.0.0/12"), ways=[SSH])
    assert [made.dsts for made in plan.steps] == [("172.16.0.0/12",) if taken else (dst, "172.16.0.0/12")]
    assert told(plan) == ([("route.del", "way-in")] if taken else [])


@pytest.mark.parametrize(("table", "dst", "taken"), [
    (254, "198.51.100.0/24", True),
    (254, "0.0.0.0/0", True),
    (254, "192.0.2.254/32", True),
    (254, "10.0.0.0/8", False),
    (254, "192.0.0.0/16", False),
    (100, "198.51.100.0/24", False),
    (255, "198.51.100.50/32", True),
])  # fmt: skip
def test_a_route_that_would_take_the_way_in_is_not_added(table, dst, taken) -> None:
    """Table 100 is asked for other sources only, and the subnet carries more of the way to the gateway than 192.0/16."""
    plan = planned("route.add", seen(Route(4, None, table, hops=(Hop(6),)), dst), ways=[SSH])
    assert bool(plan.steps) != taken


def test_a_link_whose_subnet_would_take_the_way_in_is_not_set_up() -> None:
    peer = dataclasses.replace(SSH, peer="203.0.113.50")
    assert only(planned("link.up", seen(SNAPSHOT.links[6]), ways=[peer])).reason == "way-in"
    assert planned("link.up", seen(SNAPSHOT.links[6]), ways=[SSH]).steps


UNDER_THE_TUNNEL = [
    ("link.down", SNAPSHOT.links[3]),
    ("link.down", SNAPSHOT.links[5]),
    ("address.del", Address(4, 5, "192.0.2.1", 24)),
    ("address.del", Address(4, 4, "10.7.0.1", 31)),
    ("route.del", template(FAR)),
    ("neighbour.del", Neighbour(4, 6, "192.0.2.253", state="PERMANENT")),
]


@pytest.mark.parametrize(("op", "item"), UNDER_THE_TUNNEL)
def test_the_way_of_the_tunnel_itself(op, item) -> None:
    about = seen(item, FAR.dst) if op == "route.del" else seen(item)
    assert only(planned(op, about, ways=[THROUGH_TUNNEL])).reason == "way-in"
    assert planned(op, about).steps


def test_an_owner_whose_link_carries_the_way_in_is_not_restarted() -> None:
    for ways, steps in (([THROUGH_TUNNEL], 0), ([SSH], 1), ([], 1)):
        world = World()
        world.add(finding(step("owner.restart", **RESTART), selector={"interface": "tun7", "local": "10.7.0.9"}))
        assert len(world.plan(ways=ways).steps) == steps
    world = World()
    world.add(finding(step("owner.restart", **RESTART), selector={"interface": None, "local": "192.0.2.1"}))
    assert only(world.plan(ways=[SSH])).reason == "way-in"


@pytest.mark.parametrize(("kind", "known"), [("wireguard", False), ("tun", False), ("vlan", True), (None, True)])
def test_nobody_is_restarted_who_may_keep_up_the_tunnel_of_the_way_in(kind, known) -> None:
    links = (*SNAPSHOT.links[:4], dataclasses.replace(SNAPSHOT.links[4], kind=kind), *SNAPSHOT.links[5:])
    world = World(Index(dataclasses.replace(SNAPSHOT, links=links)))
    world.add(finding(step("owner.restart", **RESTART), selector={"unit": "d.service"}))
    assert bool(world.plan(ways=[SSH]).steps) == known


def test_a_server_in_a_vrf() -> None:
    links = (*SNAPSHOT.links, Link(8, "red", kind="vrf", up=True, vrf_table=10), Link(9, "eth9", up=True, master=8))
    held = (*SNAPSHOT.addresses, Address(4, 9, "172.16.0.1", 24))
    index = Index(dataclasses.replace(SNAPSHOT, links=links, addresses=held))
    route = Route(4, "0.0.0.0/0", 10, proto="static", hops=(Hop(9, "172.16.0.254"),))

    def asked(queries):
        return [Answer(None, route, route) if query.interface in (8, 9) else Answer("ENETUNREACH") for query in queries]

    for op, item in (("link.down", links[-1]), ("link.down", links[-2]), ("address.del", held[-1])):
        world = World(index)
        world.add(finding(step(op)), [seen(item)])
        assert only(world.plan(ways=[dataclasses.replace(SSH, local="172.16.0.1")], asked=asked)).reason == "way-in"
    world = World(index)
    world.add(finding(step("route.del")), [seen(template(route), "0.0.0.0/0")])
    assert only(world.plan(ways=[dataclasses.replace(SSH, local="172.16.0.1")], asked=asked)).reason == "way-in"


def test_a_link_local_way_in() -> None:
    way = WayIn("fe80::9%bond0", "fe80::1%bond0", 22, 50000, "SSH_CONNECTION of sshd (pid 7)")
    held = (*SNAPSHOT.addresses, Address(6, 5, "fe80::1", 64))
    world = World(Index(dataclasses.replace(SNAPSHOT, addresses=held)))
    route = Route(6, "fe80::/64", 254, proto="boot", hops=(Hop(5),))

    def asked(queries):
        return [Answer(None, route, route) if query.interface == 5 else Answer("ENETUNREACH") for query in queries]

    world.add(finding(step("link.down")), [seen(SNAPSHOT.links[4])])
    world.add(finding(step("neighbour.del")), [seen(Neighbour(6, 5, "fe80::9", state="PERMANENT"))])
    plan = world.plan(ways=[way], asked=asked)
    assert plan.steps == () and {reason for _op, reason in told(plan)} == {"way-in"}


def test_what_is_protected_is_told_in_words() -> None:
    protected = World().plan(ways=[SSH], protected=[{"table": 100, "kind": "route"}]).protected
    assert protected == (
        "the connection of SSH_CONNECTION of sshd (pid 7) from 198.51.100.50 to 192.0.2.1 port 22",
        "its links: bond0, eth0",
        "its addresses: 192.0.2.1",
        "the route 0.0.0.0/0 in table main",
        "the route 192.0.2.0/24 in table main",
        "the policy rule 32766: from all lookup main",
        "protect: kind route, table 100",
    )
    assert World().plan().protected[0].startswith("no way in: ")
    elsewhere = World().plan(ways=[dataclasses.replace(SSH, local="172.31.0.1")]).protected
    assert elsewhere[0].endswith("ends in another network namespace: nothing here carries it")


def test_two_ways_in() -> None:
    world = World()
    world.add(finding(step("link.down", interface="bond0")), [seen(SNAPSHOT.links[4])])
    world.add(finding(step("link.down", interface="tun7")), [seen(SNAPSHOT.links[3])])
    assert world.plan(ways=[SSH, THROUGH_TUNNEL]).steps == ()


# What the user protects ----------------------------------------------------------------------------------------------

RULE = Rule(4, 500, src="10.1.0.0/16", mark=7, table=100, iif="wg0", proto="static")
OWNED = Owner("doublezerod", None, "its port", "doublezerod.service")
SESSION = Session(4, "tcp", "192.0.2.77", 4000, "198.51.100.1", 443, inode=9, unit="app.service")
TABLE_100 = ("route.del", STALE, "10.1.0.0/16")

MATCHES = [
    ({"kind": "route"}, *TABLE_100),
    ({"kind": "owner"}, "owner.restart", None, None),
    ({"interface": "bond0"}, *TABLE_100),
    ({"interface": "bond*"}, *TABLE_100),
    ({"interface": "wg?"}, "rule.del", RULE, None),
    ({"interface": "eth2"}, "link.up", Link(7, "eth2"), None),
    ({"interface": "bond0"}, "neighbour.del", PERMANENT, None),
    ({"interface": "tun*"}, "owner.restart", None, None),
    ({"address": "192.0.2.77"}, *TABLE_100),
    ({"address": "192.0.2.9"}, *TABLE_100),
    ({"address": "198.51.100.1"}, "socket.destroy", SESSION, None),
    ({"address": "203.0.113.9"}, "neighbour.del", PERMANENT, None),
    ({"address": "10.7.0.9"}, "owner.restart", None, None),
    ({"prefix": "10.0.0.0/8"}, *TABLE_100),
    ({"prefix": "10.1.2.0/24"}, *TABLE_100),
    ({"prefix": "10.1.2.0/24"}, "rule.del", RULE, None),
    ({"prefix": "203.0.113.0/24"}, "neighbour.del", PERMANENT, None),
    ({"table": 100}, *TABLE_100),
    ({"table": 100}, "rule.del", RULE, None),
    ({"proto": "bgp"}, *TABLE_100),
    ({"priority": 500}, "rule.del", RULE, None),
    ({"mark": 7}, "rule.del", RULE, None),
    ({"owner": "doublezero*"}, *TABLE_100),
    ({"owner": "d"}, "owner.restart", None, None),
    ({"unit": "doublezerod.service"}, *TABLE_100),
    ({"unit": "app.*"}, "socket.destroy", SESSION, None),
    ({"unit": "d.service"}, "owner.restart", None, None),
    ({"rule": "RC201"}, *TABLE_100),
    ({"table": 100, "proto": "bgp", "interface": "bond*", "prefix": "10.0.0.0/8"}, *TABLE_100),
]
MISSES = [
    ({"kind": "rule"}, *TABLE_100),
    ({"interface": "bond"}, *TABLE_100),
    ({"interface": "eth0"}, "rule.del", RULE, None),
    ({"address": "10.1.0.0"}, *TABLE_100),
    ({"prefix": "10.2.0.0/16"}, *TABLE_100),
    ({"prefix": "2001:db8::/32"}, *TABLE_100),
    ({"prefix": "10.2.0.0/16"}, "rule.del", RULE, None),
    ({"table": 101}, *TABLE_100),
    ({"proto": "static"}, *TABLE_100),
    ({"priority": 0}, *TABLE_100),
    ({"mark": 0}, *TABLE_100),
    ({"owner": "frr"}, *TABLE_100),
    ({"unit": "frr.service"}, *TABLE_100),
    ({"rule": "RC204"}, *TABLE_100),
    ({"table": 100, "proto": "static"}, *TABLE_100),
    ({"table": 101, "prefix": "10.0.0.0/8"}, *TABLE_100),
    ({"kind": "link"}, "owner.restart", None, None),
]


def plan_with(selector, op, item, dst):
    world = World()
    selects = {"interface": "tun7", "local": "10.7.0.9"}
    world.add(
        finding(step(op, **(RESTART if item is None else {})), owner=OWNED, selector=selects),
        *([] if item is None else [[seen(item, *([dst] if dst else []))]]),
    )
    return world.plan(protected=[selector])


@pytest.mark.parametrize(("selector", "op", "item", "dst"), MATCHES)
def test_what_a_selector_matches_is_left_alone(selector, op, item, dst) -> None:
    withheld = only(plan_with(selector, op, item, dst))
    assert withheld.reason == "protected" and "protect: " in withheld.words


@pytest.mark.parametrize(("selector", "op", "item", "dst"), MISSES)
def test_what_a_selector_does_not_match_is_planned(selector, op, item, dst) -> None:
    assert len(plan_with(selector, op, item, dst).steps) == 1


def test_of_many_routes_only_the_protected_ones_stay() -> None:
    plan = planned(
        "route.del", seen(STALE, "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"), protected=[{"prefix": "10.1.0.0/24"}]
    )
    assert [made.dsts for made in plan.steps] == [("10.2.0.0/16", "10.3.0.0/16")]
    assert told(plan) == [("route.del", "protected")]
    assert "flush" not in plan.steps[0].command, "a command that would take all of them is not shown"


def test_what_is_protected_is_not_added_to_either() -> None:
    assert only(planned("rule.add", seen(RULE), protected=[{"table": 100}])).reason == "protected"


@pytest.mark.parametrize(("selector", "words"), [
    ({}, r"protect\[0\]: it says nothing"),
    ({"table": None}, r"protect\[0\]: it says nothing"),
    ({"tables": 100}, r"protect\[0\]: there is no key 'tables'; the keys are kind, interface,"),
    ({"kind": "router"}, r"protect\[0\].kind: 'router'; expected one of link, address"),
    ({"table": "100"}, r"protect\[0\].table: '100'; expected a number"),
    ({"table": True}, r"protect\[0\].table: True; expected a number"),
    ({"priority": -1}, r"protect\[0\].priority: -1; expected a number"),
    ({"address": "192.0.2.1/24"}, r"protect\[0\].address: '192.0.2.1/24'; expected an address"),
    ({"address": 7}, r"protect\[0\].address: 7; expected an address"),
    ({"prefix": "192.0.2.1/24"}, r"protect\[0\].prefix: '192.0.2.1/24'; expected a prefix"),
    ({"interface": ""}, r"protect\[0\].interface: ''; expected a text"),
    ({"interface": ["eth0"]}, r"protect\[0\].interface: \['eth0'\]; expected a text"),
])  # fmt: skip
def test_a_selector_that_is_none(selector, words) -> None:
    with pytest.raises(ValueError, match=words):
        load([selector], INDEX)


def test_the_module_takes_what_a_selector_may_say() -> None:
    assert list(PROTECT) == [
        "kind", "interface", "address", "prefix", "table", "proto", "priority", "mark", "owner", "unit", "rule",
    ]  # fmt: skip
    assert PROTECT["kind"]["choices"] == list(KINDS)
    assert load([dict.fromkeys(PROTECT, None) | {"table": 7}], INDEX)[0].words == ("protect: table 7",)
