# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For any host and any findings: what no plan may hold, no plan holds; and what is planned, once done, is not planned."""

from __future__ import annotations

import dataclasses
import ipaddress
import json

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.plugins.module_utils.identity import fingerprint
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    OPS,
    Address,
    Hop,
    Link,
    Mark,
    Neighbour,
    NextHop,
    Owner,
    OwnerState,
    Route,
    Rule,
    Session,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.ops import REMOVALS, WITHOUT_OBJECT, kind_of
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.select import Resolved
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.wire import from_json, to_json
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.base import CONFIDENCES, SEVERITIES
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.plan.hosts import (
    RESTART,
    SNAPSHOT,
    SSH,
    THROUGH_TUNNEL,
    World,
    finding,
    seen,
    step,
)
from hypothesis import given, settings
from hypothesis import strategies as st

PREFIXES = ["0.0.0.0/0", "192.0.2.0/24", "10.7.0.0/31", "198.51.100.7/32", "10.0.0.0/8", "10.1.0.0/16", "172.16.0.0/12"]
PROTOS = st.sampled_from(["static", "bgp", "boot", "static", "bgp", "kernel"])
TABLES = st.sampled_from([100, 101, 254, 100, 254, 255])
IFINDEXES = st.integers(1, 7)
GATEWAYS = st.sampled_from([None, "192.0.2.254", "192.0.2.9"])
ROUTES = st.builds(
    Route,
    family=st.just(4),
    dst=st.none(),
    table=TABLES,
    proto=PROTOS,
    metric=st.sampled_from([0, 100]),
    hops=st.builds(Hop, IFINDEXES, GATEWAYS).map(lambda hop: (hop,)),
)
RULES = st.builds(
    Rule, st.just(4), st.sampled_from([0, 100, 500, 32766]), table=TABLES, proto=PROTOS, mark=st.sampled_from([None, 7])
)
ADDRESSES = st.builds(
    Address, st.just(4), IFINDEXES, st.sampled_from(["127.0.0.1", "192.0.2.1", "10.7.0.1", "192.0.2.77"]), st.just(24)
)
NEIGHBOURS = st.builds(
    Neighbour, st.just(4), IFINDEXES, st.sampled_from(["192.0.2.254", "192.0.2.9"]), state=st.just("PERMANENT")
)
NEXTHOPS = st.builds(NextHop, st.sampled_from([20, 21, 22]), st.just(4), proto=PROTOS)
SESSIONS = st.builds(
    Session,
    st.just(4),
    st.just("tcp"),
    st.sampled_from(["192.0.2.1", "192.0.2.77"]),
    st.just(22),
    st.just("198.51.100.50"),
    inode=st.integers(1, 3),
)
ITEMS = {
    "route": ROUTES,
    "rule": RULES,
    "address": ADDRESSES,
    "neighbour": NEIGHBOURS,
    "nexthop": NEXTHOPS,
    "session": SESSIONS,
    "link": st.sampled_from(SNAPSHOT.links),
}
DELETES = ("route.del", "route.del", "rule.del", "link.down", "link.del", "address.del")
ABOUT = [op for op in OPS if kind_of(op) in ITEMS and op not in ("link.add", "link.set")]
OWNERS = (
    st.none()
    | st.none()
    | st.builds(Owner, st.sampled_from(["d", "e"]), st.sampled_from([True, False, None]), st.just("it"))
)
MARKS = {
    Mark("route", proto="bgp"): lambda item, dst: isinstance(item, Route) and item.proto == "bgp",
    Mark("route", tables=((101, 101),)): lambda item, dst: isinstance(item, Route) and item.table == 101,
    Mark("route", prefix="10.0.0.0/8"): lambda item, dst: isinstance(item, Route) and dst.startswith("10."),
    Mark("rule", fwmarks=((7, 7),)): lambda item, dst: isinstance(item, Rule) and item.mark == 7,
    Mark("address", prefix="10.7.0.0/24"): lambda item, dst: isinstance(item, Address) and item.address == "10.7.0.1",
    Mark("link", link_kind="gre"): lambda item, dst: isinstance(item, Link) and item.name in ("gre0", "tun7"),
}
"""What owners' objects look like, and the same said anew, in other words than the guard's."""
KEEPERS = st.builds(
    OwnerState,
    st.sampled_from(["frr", "netbird"]),
    st.sampled_from([True, None, False]),
    st.just("it"),
    present=st.booleans(),
    marks=st.lists(st.sampled_from(list(MARKS)), max_size=2).map(tuple),
    wants=st.sampled_from([None, ()]),
    complete=st.sampled_from([(), ("route", "rule", "link", "address")]),
)
SELECTORS = st.sampled_from(
    [
        {"table": 100},
        {"kind": "rule"},
        {"proto": "bgp"},
        {"prefix": "10.0.0.0/9"},
        {"prefix": "0.0.0.0/0"},
        {"prefix": "172.16.0.0/16"},
        {"prefix": "192.0.2.128/25"},
        {"interface": "bond*"},
        {"priority": 500},
        {"mark": 7},
        {"owner": "d"},
        {"table": 101, "proto": "static"},
    ]
)


@st.composite
def worlds(draw):
    """A host on which findings of any kind are about objects from a small pool, so that they meet."""
    pool = {kind: draw(st.lists(items, min_size=2, max_size=4)) for kind, items in ITEMS.items()}
    snapshot = dataclasses.replace(SNAPSHOT, owners=tuple(draw(st.lists(KEEPERS, max_size=2))))
    world = World(Index(snapshot), totals=dict.fromkeys(ITEMS, draw(st.sampled_from([0, 30, 60]))))
    for number in range(draw(st.sampled_from([4, 2, 6, 0]))):
        steps, about = [], []
        for place in range(draw(st.sampled_from([1, 2, 3, 0]))):
            op = draw(st.sampled_from([*DELETES, *DELETES, *ABOUT, "owner.restart"]))
            if op in WITHOUT_OBJECT:
                steps.append(step(op, **RESTART))
                about.append(Resolved())
                continue
            steps.append(step(op, number=place))
            items = draw(st.lists(st.sampled_from(pool[kind_of(op)]), min_size=1, max_size=3, unique=True))
            dsts = st.lists(st.sampled_from(PREFIXES), min_size=2, max_size=6, unique=True)
            about.append([seen(item, *(draw(dsts) if isinstance(item, Route) else ())) for item in items])
        world.add(
            finding(
                *steps,
                rule="RC%d" % number,
                severity=draw(st.sampled_from(SEVERITIES)),
                confidence=draw(st.sampled_from(["proven", "strong", "strong", "proven", *CONFIDENCES])),
                owner=draw(OWNERS),
            ),
            *about,
        )
    return world


@st.composite
def asked(draw):
    return {
        "protected": draw(st.lists(SELECTORS, max_size=1)),
        "ways": draw(st.sampled_from([[], [SSH], [THROUGH_TUNNEL], [SSH, THROUGH_TUNNEL]])),
        "most": draw(st.sampled_from([100, 12, 100, 3])),
        "percent": draw(st.sampled_from([100, 20])),
        "allowed": set(OPS) - draw(st.sets(st.sampled_from(OPS), max_size=2)),
    }


def taken(plan, world):
    """What the plan takes and makes, decoded: op, object, destination, and the findings that it is for."""
    objects = {each.raw.hex(): each.object for found in world.resolved.values() for each in found.seens}
    findings = {fingerprint(item): item for item in world.findings}
    for made in plan.steps:
        for dst in made.dsts or (None,):
            yield made.op, objects.get(made.raw), dst, [findings[mark] for mark in made.findings]


def is_protected(selector, op, item, dst, findings):
    """Said anew, and in other words than the guard's."""
    links = {1: "lo", 5: "bond0"}
    said = {
        "table": getattr(item, "table", None),
        "kind": kind_of(op),
        "proto": getattr(item, "proto", None),
        "priority": getattr(item, "priority", None),
        "mark": getattr(item, "mark", None),
    }
    for key, value in selector.items():
        if key in said and said[key] != value:
            return False
        if key == "prefix":
            named = [dst] if dst else [getattr(item, name, None) for name in ("address", "local", "remote")]
            if isinstance(item, Route):
                named = [dst]
            if not any(ipaddress.ip_network(name).overlaps(ipaddress.ip_network(value)) for name in named if name):
                return False
        if key == "interface":
            touched = {getattr(item, "ifindex", None)} | {hop.ifindex for hop in getattr(item, "hops", ())}
            if "bond0" not in {links.get(number) for number in touched}:
                return False
        if key == "owner" and op not in WITHOUT_OBJECT:
            if not all(each.owner is not None and each.owner.name == value for each in findings):
                return False
        elif key == "owner" and value != "d":
            return False
    return True


def is_kept(op, item, dst, owners):
    """Does it fit an owner that may be alive, and that did not disown it?"""
    for owner in owners if op in REMOVALS else ():
        here = owner.alive or (owner.alive is None and owner.present)
        disowned = owner.alive and owner.wants is not None and kind_of(op) in owner.complete
        if here and not disowned and any(MARKS[mark](item, dst) for mark in owner.marks):
            return True
    return False


def is_the_kernels(op, item, dst):
    if op not in REMOVALS or kind_of(op) == "session":
        return False
    if kind_of(op) == "link":
        return item.loopback or item.name == "gre0"
    if kind_of(op) == "address":
        return item.ifindex == 1 and item.address == "127.0.0.1"
    return (
        getattr(item, "proto", None) == "kernel" or getattr(item, "table", None) == 255 and (dst or item.priority == 0)
    )


def cuts_the_way_in(op, item, dst, ways):
    """The least that must be left alone; the guard keeps away from more."""
    kind, removes = kind_of(op), op in REMOVALS
    if SSH in ways:
        over = {2, 5}
        if kind == "link" and removes and item.ifindex in over:
            return True
        if kind == "address" and removes and item.address == "192.0.2.1":
            return True
        if op == "route.del" and (item.table, item.metric, dst) in ((254, 0, "0.0.0.0/0"), (254, 0, "192.0.2.0/24")):
            return True
        if op == "rule.del" and (item.priority, item.table, item.proto, item.mark) == (32766, 254, "kernel", None):
            return True
        if op == "neighbour.del" and (item.ifindex, item.address) == (5, "192.0.2.254"):
            return True
        if op == "nexthop.del" and item.id in (20, 21):
            return True
        if op == "socket.destroy" and item.local == "192.0.2.1":
            return True
    if THROUGH_TUNNEL in ways:
        if kind == "link" and removes and item.ifindex in (4, 6):
            return True
        if kind == "address" and removes and item.address in ("10.7.0.1", "192.0.2.1"):
            return True
        if op == "route.del" and (item.table, item.metric) == (254, 0) and dst in ("10.7.0.0/31", "198.51.100.7/32"):
            return True
    return False


@settings(max_examples=400)
@given(worlds(), asked())
def test_no_plan_holds_what_it_must_not(world, options):
    plan = world.plan(**options)
    held = list(taken(plan, world))
    for op, item, dst, findings in held:
        assert op in options["allowed"]
        assert not any(each.confidence == "hint" for each in findings)
        assert not is_the_kernels(op, item, dst), (op, item)
        assert not is_kept(op, item, dst, world.index.owners), (op, item, dst)
        assert not cuts_the_way_in(op, item, dst, options["ways"]), (op, item, dst)
        for selector in options["protected"]:
            assert not is_protected(selector, op, item, dst, findings), (selector, op, item, dst)
    # Caps
    removed = [(op, item) for op, item, _dst, _findings in held if op in REMOVALS]
    assert len(removed) <= options["most"]
    for kind in ITEMS:
        of_kind = sum(kind_of(op) == kind for op, _item in removed)
        assert of_kind <= max(5, world.totals[kind] * options["percent"] // 100)
    # Order
    places = [OPS.index(made.op) for made in plan.steps]
    assert places == sorted(places)
    # What a live owner wants
    wanted = set()
    for each in world.findings:
        for number, item in enumerate(each.remedy):
            if each.owner is not None and each.owner.alive and item.op in REMOVALS and item.op != "socket.destroy":
                for found in world.resolved[fingerprint(each), number].seens:
                    wanted.update((found.object, dst) for dst in found.dsts or (None,))
    assert not any(
        (item, dst) in wanted for op, item, dst, _findings in held if op in REMOVALS and op != "socket.destroy"
    )
    # Each object once
    distinct = [(op, item, dst) for op, item, dst, _findings in held if item is not None]
    assert len(set(distinct)) == len(distinct)


@given(worlds(), asked())
def test_every_remedy_is_planned_or_has_a_reason(world, options):
    plan = world.plan(**options)
    told = {(mark, made.op) for made in plan.steps for mark in made.findings}
    told |= {(item.finding, item.op) for item in plan.withheld}
    for each in world.findings:
        mark = fingerprint(each)
        for op in [item.op for item in each.remedy] or [None]:
            assert (mark, op) in told
    assert all(item.words for item in plan.withheld)


@given(worlds(), asked())
def test_a_plan_can_be_kept_and_does_not_depend_on_the_order_of_findings(world, options):
    plan = world.plan(**options)
    assert from_json(json.loads(json.dumps(to_json(plan)))) == plan
    world.findings.reverse()
    assert world.plan(**options) == plan


@given(worlds(), asked())
def test_after_all_of_it_was_done_nothing_is_planned(world, options):
    plan = world.plan(**options)
    done = {(op, item, dst) for op, item, dst, _findings in taken(plan, world)}
    left = World(world.index, totals=world.totals)
    restarted = {mark for made in plan.steps if made.op == "owner.restart" for mark in made.findings}
    mended = {
        (found.object, dst)
        for (mark, _number), resolved in world.resolved.items()
        for found in resolved.seens
        for dst in found.dsts or (None,)
        if mark in restarted
    }
    for each in world.findings:
        for number, item in enumerate(each.remedy):
            kept = []
            for found in world.resolved[fingerprint(each), number].seens:
                gone = done | {(item.op, thing, dst) for thing, dst in mended}
                dsts = tuple(dst for dst in found.dsts if (item.op, found.object, dst) not in gone)
                if dsts or (not found.dsts and (item.op, found.object, None) not in gone):
                    kept.append(dataclasses.replace(found, dsts=dsts))
            left.resolved[fingerprint(each), number] = Resolved(tuple(kept))
        if fingerprint(each) not in restarted:
            left.findings.append(each)  # what a restart mends is not found again
    again = left.plan(**options)
    assert not {(op, item, dst) for op, item, dst, _findings in taken(again, left)} & done
    if not any(item.reason == "cap" for item in plan.withheld):
        assert again.steps == (), "only the caps leave something for the next time"


@given(worlds(), asked())
def test_a_finding_that_was_not_there_before_gets_nothing(world, options):
    plan = world.plan(**dict(options, before=set()))
    assert plan.steps == ()
