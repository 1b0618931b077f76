# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has an inverse, and how a difference is told: pure parts of the way back."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.inverse import REMAKABLE, inverse_of
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import encode
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.rebuild_routes import staying
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.restore import difference
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    OPS,
    Address,
    Hop,
    Link,
    Neighbour,
    Route,
    Rule,
    Seen,
)
from hypothesis import given
from hypothesis import strategies as st

ADDRESS = Seen("address", Address(4, 3, "10.0.0.1", 24), b"")


@pytest.mark.parametrize("kind", ["address", "route", "rule", "nexthop"])
def test_what_is_added_is_deleted_and_the_other_way(kind):
    assert inverse_of("%s.add" % kind, ADDRESS) == ("%s.del" % kind, "")
    assert inverse_of("%s.del" % kind, ADDRESS) == ("%s.add" % kind, "")


@pytest.mark.parametrize("op", OPS)
def test_every_op_has_an_inverse_or_a_reason(op):
    objects = {"link": Link(3, "v0", kind="dummy"), "neighbour": Neighbour(4, 3, "10.0.0.1", state="PERMANENT")}
    kind = op.partition(".")[0]
    inverse, reason = inverse_of(op, Seen(kind, objects.get(kind, ADDRESS.object), b""))
    assert (inverse in OPS) is not bool(reason)


@pytest.mark.parametrize("kind", sorted(REMAKABLE))
def test_links_of_some_kinds_are_made_again(kind):
    assert inverse_of("link.del", Seen("link", Link(3, "x", kind=kind), b"")) == ("link.add", "")


@pytest.mark.parametrize(
    ("kind", "words"), [("veth", "a veth link"), ("wireguard", "a wireguard link"), (None, "hardware")]
)
def test_links_of_other_kinds_are_not(kind, words):
    inverse, reason = inverse_of("link.del", Seen("link", Link(3, "eth0", kind=kind), b""))
    assert inverse is None and "eth0 is %s" % words in reason
    assert inverse_of("link.down", Seen("link", Link(3, "eth0", kind=kind), b""))[0] == "link.up"


def test_what_the_kernel_makes_by_itself_is_not_made_again():
    stale = Neighbour(4, 3, "10.0.0.1", state="STALE")
    assert inverse_of("neighbour.del", Seen("neighbour", stale, b""))[0] is None
    temporary = Address(6, 3, "2001:db8::1", 64, flags=("temporary",))
    assert "temporary" in inverse_of("address.del", Seen("address", temporary, b""))[1]


@given(st.lists(st.binary(min_size=1, max_size=1), max_size=6), st.lists(st.binary(min_size=1, max_size=1), max_size=6))
def test_what_stays_is_the_common_start(current, final):
    stay = staying(current, final)
    assert current[:stay] == final[:stay]
    assert current[stay : stay + 1] != final[stay : stay + 1] or stay == len(current) == len(final)


def test_what_a_delete_would_take_does_not_stay():
    assert (
        staying(
            [b"narrow", b"other", b"wide"],
            [b"narrow", b"other"],
            lambda one, other: one == b"wide" and other == b"narrow",
        )
        == 0
    )


def rule(table: int) -> Seen:
    return encode.rule(Rule(4, 100, table=table))


def route(gateway: str, *dsts: str) -> Seen:
    one = encode.route(encode.as_kernel(Route(4, None, hops=(Hop(3, gateway),))), dsts[0])
    return Seen("route", one.object, one.raw, dsts)


def test_nothing_differs_from_itself():
    seens = [rule(1), rule(2), route("10.0.0.1", "10.1.0.0/16")]
    assert difference(seens, seens) == ()


def test_what_is_gone_new_or_in_another_order_is_told():
    assert difference([rule(1), rule(2)], [rule(2), rule(3)]) == (
        "rule 100 lookup 1 is gone",
        "rule 100 lookup 3 is new",
    )
    assert difference([rule(1), rule(2)], [rule(2), rule(1)]) == (
        "the IPv4 rules of priority 100 stand in another order",
    )


def test_routes_are_compared_one_by_one_however_they_are_grouped():
    one, other = "10.1.0.0/16", "10.2.0.0/16"
    assert difference([route("10.0.0.1", one, other)], [route("10.0.0.1", other), route("10.0.0.1", one)]) == ()
    assert difference([route("10.0.0.1", one, other)], []) == ("table 254: routes to 10.1.0.0/16 and 1 more are gone",)
    assert difference([route("10.0.0.1", one)], [route("10.0.0.2", one)]) == (
        "table 254: a route to 10.1.0.0/16 is changed",
    )
    both = [route("10.0.0.1", one), route("10.0.0.2", one)]
    assert difference(both, both[::-1]) == ("table 254: a route to 10.1.0.0/16 is in another order",)
