# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a host looks like and whoever is on it: what a live owner may have made is left alone, unless it says itself that
it wants none of it."""

from __future__ import annotations

import dataclasses

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Address,
    Hop,
    Mark,
    OwnerState,
    Route,
    Rule,
    Step,
    Want,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.fits import KINDS, fits, specific, wanted
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.remedies import steps
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.whose import is_left, wanted_by, whose
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.owners import hosts
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.owners.hosts import LINKS
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.sampled_from(["lo", "eth0", "wg7", "doublezero0"])
PATTERNS = st.none() | st.sampled_from(["*", "wg*", "doublezero[01]", "eth0", "lo"])
KIND = st.none() | st.sampled_from(["gre", "wireguard"])
PROTOS = st.sampled_from(["kernel", "static", "bgp", "bird", "18"])
TABLES = st.sampled_from([52, 254, 255])
NUMBERS = st.lists(st.sampled_from([(52, 52), (100, 101), (0, 40000), (254, 254)]), max_size=2).map(tuple)
PREFIXES = st.sampled_from(["192.0.2.0/24", "192.0.2.9/32", "0.0.0.0/0", "2001:db8::/32"])
INDEXES = st.integers(1, 6)


@st.composite
def marks(draw) -> Mark:
    kind = draw(st.sampled_from(["link", "address", "route", "rule"]))
    said = {"proto": draw(st.none() | PROTOS), "prefix": draw(st.none() | PREFIXES)} if kind != "link" else {}
    if kind == "link":
        said["name"] = draw(PATTERNS)
    else:
        said["interface"] = draw(PATTERNS)
    if kind in ("route", "rule"):
        said["tables"] = draw(NUMBERS)
    if kind == "rule":
        said.update(priorities=draw(NUMBERS), fwmarks=draw(NUMBERS), unmarked=draw(st.booleans()))
        said.update(suppresses=draw(st.none() | st.just(0)), before_own=draw(st.booleans()))
    else:
        said["link_kind"] = draw(KIND)
    return Mark(kind, proves=draw(st.booleans()), **said)


WANTS = st.one_of(
    st.builds(Want, st.just("link"), st.fixed_dictionaries({"name": NAMES})),
    st.builds(Want, st.just("address"), st.fixed_dictionaries({}, optional={"prefix": PREFIXES, "interface": NAMES})),
    st.builds(Want, st.just("route"), st.fixed_dictionaries({}, optional={"dst": PREFIXES, "table": TABLES})),
    st.builds(Want, st.just("rule"), st.fixed_dictionaries({}, optional={"priority": TABLES, "src": PREFIXES})),
)
OWNERS = st.builds(
    OwnerState,
    name=st.sampled_from(["a", "b", "c"]),
    alive=st.sampled_from([True, False, None]),
    known_by=st.just(""),
    present=st.booleans(),
    enabled=st.sampled_from([True, False, None]),
    marks=st.lists(marks(), max_size=3).map(tuple),
    wants=st.none() | st.lists(WANTS, max_size=3).map(tuple),
    complete=st.lists(st.sampled_from(["link", "address", "route", "rule"]), unique=True).map(tuple),
    restart=st.sampled_from([(), ("systemctl", "restart", "x.service")]),
    release=st.sampled_from([(), ("x", "down", "{interface}")]),
)
ITEMS = st.one_of(
    st.sampled_from(LINKS),
    st.builds(
        Address,
        family=st.just(4),
        ifindex=INDEXES,
        address=st.sampled_from(["192.0.2.9", "198.51.100.1", "127.0.0.1"]),
        prefixlen=st.sampled_from([24, 32]),
        proto=st.none() | st.sampled_from(["kernel_lo", "18"]),
    ),
    st.builds(
        Route,
        family=st.just(4),
        dst=st.none() | st.sampled_from(["192.0.2.0/24", "0.0.0.0/0", "198.51.100.0/25"]),
        table=TABLES,
        proto=PROTOS,
        hops=st.lists(st.builds(Hop, INDEXES), max_size=2).map(tuple),
    ),
    st.builds(
        Rule,
        family=st.just(4),
        priority=TABLES,
        table=st.none() | TABLES,
        src=st.none() | PREFIXES,
        iif=st.none() | NAMES,
        mark=st.none() | st.just(52),
        invert=st.booleans(),
        suppress_prefixlen=st.none() | st.just(0),
        proto=st.none() | PROTOS,
    ),
)


FOLLOWING = Rule(4, 40000, table=52, mark=52, invert=True)


def host(owners, item) -> Index:
    rules = (item, FOLLOWING) if isinstance(item, Rule) else ()
    return hosts.host(*owners, rules=rules)


def may_be_of(index: Index, state: OwnerState, item) -> bool:
    return any(fits(index, mark, item, state.marks) is not False for mark in state.marks)


def says_no(index: Index, state: OwnerState, item) -> bool:
    """It told all that it wants of this kind, and this is not among it."""
    told = state.wants is not None and KINDS[type(item)] in state.complete
    return told and all(wanted(index, want, item) is False for want in state.wants or ())


@given(st.lists(OWNERS, max_size=4), ITEMS)
def test_never_left_while_one_whose_it_may_be_lives_and_does_not_say_otherwise(owners, item) -> None:
    index = host(owners, item)
    left = is_left(index, item)
    if left is None:
        return
    for state in owners:
        if state.alive is not False and may_be_of(index, state, item):
            assert state.alive is True and says_no(index, state, item)
        if any(wanted(index, want, item) is not False for want in state.wants or ()):
            assert state.alive is False, "who may want it is not there"
    assert left.present or left.alive
    assert left.alive is False or says_no(index, left, item)


@given(st.lists(OWNERS, max_size=4), ITEMS)
def test_left_means_more_than_a_protocol_that_others_use(owners, item) -> None:
    index = host(owners, item)
    left = is_left(index, item)
    if left is None:
        return
    sure = [mark for mark in left.marks if fits(index, mark, item, left.marks)]
    named = any(wanted(index, want, item) for want in left.wants or ())
    alone = not any(
        may_be_of(index, other, item) for other in owners if other is not left and (other.present or other.alive)
    )
    assert named or any(specific(mark) for mark in sure) or (alone and any(mark.proto for mark in sure))


@given(st.lists(OWNERS, max_size=4), ITEMS)
def test_whose_names_a_live_owner_before_a_dead_one(owners, item) -> None:
    index = host(owners, item)
    state = whose(index, item)
    living = [
        each
        for each in owners
        if each.alive is True and any(fits(index, mark, item, each.marks) for mark in each.marks)
    ]
    if living:
        assert state is not None and state.alive is True
    wanting = wanted_by(index, item)
    if wanting is not None:
        assert wanting.alive is True and is_left(index, item) is None


@given(st.lists(OWNERS, max_size=3), ITEMS, OWNERS)
def test_one_more_owner_never_makes_more_left(owners, item, another) -> None:
    """Who is heard of in addition can be a reason to keep; to remove only what it left itself."""
    before = is_left(host(owners, item), item)
    after = is_left(host([*owners, another], item), item)
    assert after is None or before is not None or after == another


@given(st.lists(OWNERS, max_size=4), ITEMS, st.sampled_from([None, True]))
def test_nothing_is_left_where_nobody_is_known_to_be_dead(owners, item, alive) -> None:
    mute = [dataclasses.replace(state, alive=alive, complete=()) for state in owners]
    assert is_left(host(mute, item), item) is None


@given(OWNERS, st.none() | NAMES)
def test_steps_go_to_the_object_only_past_the_dead(state, interface) -> None:
    remove = Step("link.del", {}, "ip link del")
    taken = steps(state, [remove], interface=interface)
    assert len(taken) <= 1
    if remove in taken:
        assert state.alive is False and not (state.enabled and state.restart)
    if state.alive is None:
        assert taken == ()
