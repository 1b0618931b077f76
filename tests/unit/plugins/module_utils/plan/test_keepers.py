# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an owner that lives keeps is in no plan, and none restarts who looks after the way in."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Address,
    Answer,
    Hop,
    Link,
    Mark,
    OwnerState,
    Route,
    Rule,
    Want,
)
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.plan.hosts import (
    PERMANENT,
    RESTART,
    SNAPSHOT,
    SSH,
    STALE,
    World,
    finding,
    only,
    seen,
    step,
)

OWNER = OwnerState(
    "frr", True, "process zebra (pid 7)", True,
    marks=(
        Mark("route", proto="bgp"), Mark("rule", tables=((100, 100),)), Mark("link", name="tun7"),
        Mark("address", interface="eth2"),
    ),
)  # fmt: skip
OBJECTS = [
    ("route.del", STALE, ("10.0.0.0/8",)),
    ("rule.del", Rule(4, 500, table=100), ()),
    ("link.del", Link(4, "tun7", kind="gre"), ()),
    ("link.down", Link(4, "tun7", kind="gre"), ()),
    ("address.del", Address(4, 7, "203.0.113.5", 24), ()),
]


def plan(owner, op, item, dsts=(), **options):
    world = World(Index(dataclasses.replace(SNAPSHOT, owners=(owner,))))
    world.add(finding(step(op)), [seen(item, *dsts)])
    return world.plan(**options)


@pytest.mark.parametrize(("op", "item", "dsts"), OBJECTS)
def test_what_a_living_owner_may_have_made_stays(op, item, dsts) -> None:
    left = only(plan(OWNER, op, item, dsts))
    assert left.reason == "owner-alive" and "frr is alive" in left.words


@pytest.mark.parametrize(("op", "item", "dsts"), OBJECTS)
def test_so_does_it_where_nobody_knows_whether_the_owner_lives(op, item, dsts) -> None:
    left = only(plan(dataclasses.replace(OWNER, alive=None), op, item, dsts))
    assert left.reason == "owner-alive" and "whether that is alive is not known" in left.words


@pytest.mark.parametrize(("op", "item", "dsts"), OBJECTS)
@pytest.mark.parametrize(
    "owner",
    [
        dataclasses.replace(OWNER, alive=False),
        dataclasses.replace(OWNER, alive=None, present=False),
        dataclasses.replace(OWNER, wants=(), complete=("route", "rule", "link", "address")),
        dataclasses.replace(OWNER, marks=(Mark("route", proto="bird"), Mark("link", name="wg*"))),
    ],
    ids=["dead", "never here", "disowned", "does not fit"],
)
def test_what_nobody_keeps_may_go(owner, op, item, dsts) -> None:
    assert [made.op for made in plan(owner, op, item, dsts).steps] == [op]


def test_of_many_routes_those_that_are_wanted_stay() -> None:
    owner = dataclasses.replace(
        OWNER, marks=(Mark("route", prefix="10.2.0.0/16"),), wants=(Want("route", {"dst": "10.1.0.0/16"}),)
    )
    made = plan(owner, "route.del", STALE, ("10.0.0.0/16", "10.1.0.0/16", "10.2.3.0/24"))
    assert [item.dsts for item in made.steps] == [("10.0.0.0/16",)]
    assert [(item.op, item.reason) for item in made.withheld] == [("route.del", "owner-alive")]


def test_a_link_stays_for_what_is_on_it() -> None:
    owner = dataclasses.replace(OWNER, marks=(Mark("address", prefix="203.0.113.0/24"), Mark("link", name="eth0")))
    assert "203.0.113.5 is its own" in only(plan(owner, "link.del", Link(7, "eth2"))).words
    assert "eth0 is its own" in only(plan(owner, "link.del", Link(5, "bond0", kind="bond"))).words, "its master"
    assert plan(owner, "link.up", Link(7, "eth2")).steps, "nothing is taken"


def test_other_kinds_have_no_owner() -> None:
    assert plan(OWNER, "neighbour.del", PERMANENT).steps


# The way in ----------------------------------------------------------------------------------------------------------


def restart(owner, **options):
    world = World(Index(dataclasses.replace(SNAPSHOT, owners=(owner,))))
    world.add(finding(step("owner.restart", **{**RESTART, "owner": "frr"})), [])
    return world.plan(**options)


def test_nobody_is_restarted_who_looks_after_the_way_in() -> None:
    for mark in (
        Mark("route", proto="static", tables=((254, 254),)),
        Mark("link", name="bond0"),
        Mark("address", prefix="192.0.2.0/24"),
    ):
        owner = dataclasses.replace(OWNER, marks=(mark,))
        left = only(restart(owner, ways=[SSH]))
        assert left.reason == "way-in" and "of frr" in left.words, mark
        assert restart(owner).steps


def test_who_looks_after_something_else_may_be_restarted() -> None:
    assert restart(
        dataclasses.replace(OWNER, marks=(Mark("route", proto="bgp"), Mark("link", name="eth2"))), ways=[SSH]
    ).steps


def test_the_last_address_of_a_link_takes_its_routes_along() -> None:
    """The way in ends at an address of the loopback, and goes out over a link that has one address."""
    route = Route(4, "0.0.0.0/0", 254, proto="static", hops=(Hop(6, "192.0.2.254", flags=("onlink",)),))
    snapshot = dataclasses.replace(
        SNAPSHOT, addresses=(Address(4, 1, "192.0.2.1", 32), Address(4, 6, "10.9.9.9", 32, flags=("noprefixroute",)))
    )
    world = World(Index(snapshot))
    world.add(finding(step("address.del")), [seen(snapshot.addresses[1])])

    left = only(world.plan(ways=[SSH], asked=lambda queries: [Answer(None, route, route) for _query in queries]))
    assert left.reason == "way-in" and "eth1 would lose all its routes" in left.words
