# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A remedy's step is about exactly the objects of its finding: for each rule's own steps, on the captures of its worlds."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Address,
    Flow,
    Hop,
    Link,
    Neighbour,
    NextHop,
    Route,
    Rule,
    Session,
    Step,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.ops import REMOVALS, WITHOUT_OBJECT, kind_of
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.select import (
    Resolved,
    confirmed,
    destination,
    is_wish,
    key_of,
    keys,
    tells_routes,
    wish,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.policy import rule_args
from ansible_collections.netmend.reclaim.tests.fixtures import world as fixtures
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.plan.hosts import INDEX, STALE, seen, step

FIRING = [world for world in fixtures.worlds() if world.fires]

INEXACT = {
    "RC207: not in a table that a rule by source leads to": "neither a gateway nor an interface",
    "RC403: intent declares the address": "the link va does not exist",
}
"""Worlds whose intent does not say enough, or names a link that is gone."""


@pytest.mark.parametrize("world", FIRING, ids=[world.id for world in FIRING])
def test_each_step_of_each_rule_can_be_told_and_takes_no_more_than_was_found(world) -> None:
    capture = fixtures.captured(world.rule)[world.name]
    index = Index(capture.snapshot)
    for finding in fixtures.replay(world, capture):
        taken = 0
        for item in finding.remedy:
            if item.op in WITHOUT_OBJECT:
                # What is done for the firewall or a switch is made on the host, from what the step says.
                assert ("argv" in item.args) is item.op.startswith("owner.")
            elif is_wish(item.op):
                if world.id in INEXACT:
                    with pytest.raises(ValueError, match=INEXACT[world.id]):
                        wish(item, index, lambda gateway: 2)
                else:
                    assert wish(item, index, lambda gateway: 2)
            elif kind_of(item.op) == "route":
                test, dst = tells_routes(item, index), destination(item)
                groups = [group for group in capture.groups if test(group.template)]
                taken += sum(group.count if dst is None else 1 for group in groups if dst in (None, *group.samples))
            else:
                wanted = set(keys(item, index))
                kind = kind_of(item.op)
                streams = {"session": capture.sessions, "flow": capture.flows}
                plural = "addresses" if kind == "address" else "%ss" % kind
                everything = streams[kind] if kind in streams else getattr(capture.snapshot, plural)
                taken += sum(key_of(each) in wanted for each in everything)
        if any(item.op in REMOVALS for item in finding.remedy):
            assert 0 < taken <= finding.count


def test_each_argument_of_a_route_narrows_the_choice() -> None:
    args = {
        "family": 4, "table": 100, "type": "unicast", "proto": "bgp", "metric": 0, "tos": 0, "source": "192.0.2.77",
        "interfaces": ["bond0"], "gateways": ["192.0.2.9"],
    }  # fmt: skip
    test = tells_routes(step("route.del", **args), INDEX)
    assert test(STALE)
    others = {
        "family": 6, "table": 101, "type": "blackhole", "proto": "static", "metric": 5, "tos": 8, "prefsrc": None,
        "hops": (Hop(6, "192.0.2.9"),),
    }  # fmt: skip
    for name, value in others.items():
        assert not test(dataclasses.replace(STALE, **{name: value})), name
    assert not test(dataclasses.replace(STALE, hops=(Hop(5, "192.0.2.8"),)))
    assert not test(dataclasses.replace(STALE, hops=STALE.hops * 2))


def test_a_whole_table_does_not_take_what_the_kernel_put_there() -> None:
    test = tells_routes(step("route.del", family=4, table=100), INDEX)
    assert test(STALE) and test(dataclasses.replace(STALE, type="blackhole", hops=()))
    assert not test(dataclasses.replace(STALE, proto="kernel")) and not test(dataclasses.replace(STALE, table=101))


RULE = Rule(
    4, 500, "lookup", 9, "10.0.0.0/8", "192.0.2.0/24", "wg0", "eth0", mark=0, mask=255, uid_range=(0, 9), dport=(22, 22)
)


def test_a_rule_is_told_by_all_that_it_says_and_does_not_say() -> None:
    args = rule_args(dataclasses.replace(RULE, detached=("iif",)))
    assert args["mark"] == 0 and "detached" not in args and "sport" not in args
    (key,) = keys(step("rule.del", **args), INDEX)
    assert key == key_of(RULE) == key_of(dataclasses.replace(RULE, detached=("iif",), unresolved=True))
    for change in (
        {"mark": None},
        {"sport": (1, 2)},
        {"proto": "static"},
        {"table": 10},
        {"invert": True},
        {"src": None},
    ):
        assert key_of(dataclasses.replace(RULE, **change)) != key


def test_neighbours_links_next_hops_and_connections() -> None:
    stale = Neighbour(4, 5, "203.0.113.9", state="PERMANENT")
    (key,) = keys(step("neighbour.del", interface="bond0", address="203.0.113.9", state="PERMANENT"), INDEX)
    assert key == key_of(stale)
    for change in ({"state": "REACHABLE"}, {"ifindex": 6}, {"address": "203.0.113.8"}):
        assert key_of(dataclasses.replace(stale, **change)) != key
    assert list(keys(step("link.up", interface="eth2"), INDEX)) == [key_of(Link(7, "eth2"))]
    assert list(keys(step("nexthop.del", id=20), INDEX)) == [key_of(NextHop(20, 4))]
    args = {"protocol": "tcp", "family": 4, "local": "192.0.2.77", "inodes": [9, 8]}
    dead = Session(4, "tcp", "192.0.2.77", 4000, "198.51.100.1", 443, inode=8)
    wanted = list(keys(step("socket.destroy", **args), INDEX))
    assert key_of(dead) in wanted and len(wanted) == 2
    assert key_of(dataclasses.replace(dead, inode=7)) not in wanted


def test_an_address_is_told_by_its_link_its_length_and_its_peer() -> None:
    (key,) = keys(step("address.del", address="10.7.0.1/32", interface="bond0", peer="10.7.0.2"), INDEX)
    held = Address(4, 5, "10.7.0.1", 32, peer="10.7.0.2", label="bond0")
    assert key == key_of(held)
    for change in ({"ifindex": 6}, {"prefixlen": 31}, {"peer": None}, {"address": "10.7.0.3"}):
        assert key_of(dataclasses.replace(held, **change)) != key
    assert list(keys(step("address.del", address="10.7.0.1/32", interface="bond0"), INDEX)) == [
        key_of(dataclasses.replace(held, peer=None))
    ]
    for op in ("link.del", "link.down"):
        assert list(keys(step(op, interface="tun7"), INDEX)) == [key_of(Link(4, "tun7", kind="gre"))]


def test_a_flow_is_told_by_both_directions_and_its_zone() -> None:
    flow = Flow(
        4, "udp", "192.0.2.9", "192.0.2.1", 4000, 53, "10.88.0.5", "192.0.2.9", 53, 4000, ("dst-nat",), 30, 7
    )  # fmt: skip
    told = {
        field: getattr(flow, field)
        for field in (
            "family", "protocol", "src", "dst", "sport", "dport", "reply_src", "reply_dst", "reply_sport", "reply_dport",
        )
    }  # fmt: skip
    (key,) = keys(step("flow.del", **told), INDEX)
    assert key == key_of(flow) == key_of(dataclasses.replace(flow, status=(), timeout=9, mark=0))
    for change in ({"zone": 3}, {"reply_src": "10.88.0.6"}, {"sport": 4001}, {"protocol": "tcp"}, {"family": 6}):
        assert key_of(dataclasses.replace(flow, **change)) != key


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (step("route.del", family=4), "the step route.del does not say its table"),
        (step("route.del", family=4, table=9, colour="red"), "says what nobody knows: colour"),
        (step("rule.del", family=4), "does not say its priority"),
        (step("rule.del", family=4, priority=1, tables=[1]), "nobody knows: tables"),
        (step("neighbour.del", interface="bond0", address="192.0.2.9"), "does not say its state"),
        (step("neighbour.del", interface="wg9", address="192.0.2.9", state="PERMANENT"), "the link wg9 does not exist"),
        (step("socket.destroy", protocol="tcp", family=4, local="192.0.2.77"), "does not say its inodes"),
        (step("flow.del", src="192.0.2.1"), "the step flow.del does not say its dport, dst, family, protocol"),
        (step("address.del", address="192.0.2.1", interface="bond0"), "192.0.2.1 has no prefix length"),
        (step("address.del", address="192.0.2.1/24", interface="wg9"), "the link wg9 does not exist"),
        (step("link.set", interface="bond0"), "nobody knows how to tell what a step link.set is about"),
    ],
)
def test_what_leaves_open_what_is_meant_is_refused(item: Step, words) -> None:
    with pytest.raises(ValueError, match=words):
        (tells_routes if item.op == "route.del" else keys)(item, INDEX)


# What is to be added -------------------------------------------------------------------------------------------------


def wished(op: str, on_link=lambda gateway: None, **args):
    return wish(step(op, **args), INDEX, on_link)


def test_an_address_as_the_kernel_would_show_it() -> None:
    assert wished("address.add", address="192.0.2.10/24", interface="bond0") == Address(
        4, 5, "192.0.2.10", 24, label="bond0"
    )
    assert wished("address.add", address="2001:db8::1/128", interface="lo") == Address(6, 1, "2001:db8::1", 128)
    assert wished("address.add", address="127.0.0.9/32", interface="lo").scope == "host"
    assert wished("address.add", address="169.254.0.9/16", interface="bond0").scope == "link"


def test_a_route_takes_its_interface_from_intent_or_from_its_gateway() -> None:
    args = {
        "family": 4,
        "dst": "10.0.0.0/8",
        "table": 254,
        "gateway": "192.0.2.9",
        "interface": None,
        "source": "192.0.2.1",
    }
    expected = Route(4, None, 254, prefsrc="192.0.2.1", hops=(Hop(5, "192.0.2.9"),))
    assert wished("route.add", lambda gateway: 5 if gateway == "192.0.2.9" else None, **args) == expected
    assert wished("route.add", **{**args, "interface": "bond0"}) == expected
    assert wished("route.add", **{**args, "interface": "bond0", "gateway": None}).hops == (Hop(5, None),)


def test_a_rule_as_intent_says_it() -> None:
    args = {
        "family": 4,
        "priority": 7,
        "from": "10.0.0.0/8",
        "to": None,
        "iif": None,
        "oif": None,
        "mark": 3,
        "table": 9,
    }
    assert wished("rule.add", **args) == Rule(4, 7, src="10.0.0.0/8", mark=3, table=9)


@pytest.mark.parametrize(
    ("op", "args", "words"),
    [
        ("address.add", {"address": "192.0.2.10/24", "interface": "wg9"}, "the link wg9 does not exist"),
        ("route.add", {"gateway": "192.0.2.9"}, "192.0.2.9 is directly on no link: say which interface"),
        ("route.add", {"interface": "wg9"}, "the link wg9 does not exist"),
        ("route.add", {}, "neither a gateway nor an interface"),
        ("rule.add", {"family": 4, "priority": None, "table": 9}, "no priority, so where it would stand is not known"),
        ("link.add", {}, "nobody knows what a step link.add adds"),
    ],
)
def test_a_wish_that_is_not_exact_is_refused(op, args, words) -> None:
    with pytest.raises(ValueError, match=words):
        wished(op, **({"family": 4, "dst": "10.0.0.0/8", "table": 254} | args if op == "route.add" else args))


# Two sightings -------------------------------------------------------------------------------------------------------


def raw(item):
    return item.raw


def test_only_what_was_the_same_both_times_is_left() -> None:
    first = Resolved((seen(STALE, "10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16"),))
    other = seen(dataclasses.replace(STALE, metric=9), "10.2.0.0/16", "10.3.0.0/16")
    second = Resolved((seen(STALE, "10.1.0.0/16", "10.0.0.0/8", "10.4.0.0/16"), other))
    left = confirmed(first, second, raw)
    assert [(item.raw, item.dsts) for item in left.seens] == [(seen(STALE).raw, ("10.1.0.0/16", "10.0.0.0/8"))]
    assert left.changed == 3
    assert confirmed(second, second, raw) == second
    assert confirmed(Resolved(), Resolved((seen(RULE),)), raw) == Resolved((), changed=1)


def test_an_object_is_the_same_though_its_times_run_out() -> None:
    one, two = (
        seen(Address(4, 5, "192.0.2.9", 24, valid_lifetime=9)),
        seen(Address(4, 5, "192.0.2.9", 24, valid_lifetime=8)),
    )
    assert confirmed(Resolved((one,)), Resolved((two,)), raw).seens == ()
    assert confirmed(Resolved((one,)), Resolved((two,)), lambda item: item.object.address).seens == (two,)


def test_a_problem_of_either_sighting_stays_one() -> None:
    good, bad = Resolved((seen(RULE),)), Resolved(problem="the link wg9 does not exist.")
    assert confirmed(bad, good, raw).problem == confirmed(good, bad, raw).problem == bad.problem
