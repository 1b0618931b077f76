# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same objects on other links: only numbers of links change."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import encode, routes, scratch, tables
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Address,
    Hop,
    Neighbour,
    NextHop,
    Route,
    Rule,
)

NUMBERS = {1: 1, 7: 70, 8: 80}
VIA = Route(4, None, table=100, proto="static", hops=(Hop(7, "192.0.2.1"),))
SEVERAL = Route(4, None, hops=(Hop(7, "192.0.2.1", weight=3), Hop(8, "192.0.2.9"), Hop(9, "192.0.2.10")))


def decoded_route(raw: bytes) -> Route:
    return routes.decode_route(raw, 0, len(raw))


def test_a_route_is_renumbered():
    raw = encode.route(VIA, "10.0.0.0/8").raw
    assert decoded_route(scratch.renumbered("route", raw, NUMBERS)).hops == (Hop(70, "192.0.2.1"),)
    assert scratch.renumbered("route", raw, {}) == raw


def test_each_hop_of_a_route_is_renumbered_and_an_unknown_link_stays():
    raw = encode.route(SEVERAL, "10.0.0.0/8").raw
    hops = decoded_route(scratch.renumbered("route", raw, NUMBERS)).hops
    assert hops == (Hop(70, "192.0.2.1", weight=3), Hop(80, "192.0.2.9"), Hop(9, "192.0.2.10"))


@pytest.mark.parametrize(
    ("seen", "decode", "number"),
    [
        (encode.address(Address(4, 7, "192.0.2.7", 24)), tables.decode_address, 70),
        (encode.address(Address(6, 8, "2001:db8::8", 64)), tables.decode_address, 80),
        (encode.neighbour(Neighbour(4, 7, "192.0.2.1", "02:00:00:00:00:01", "PERMANENT")), tables.decode_neighbour, 70),
        (encode.nexthop(NextHop(3, 4, 7, "192.0.2.1")), tables.decode_nexthop, 70),
    ],
    ids=["address", "address6", "neighbour", "nexthop"],
)
def test_the_link_of_other_objects_is_renumbered(seen, decode, number):
    raw = scratch.renumbered(seen.kind, seen.raw, NUMBERS)
    assert decode(raw, 0, len(raw)).ifindex == number
    assert len(raw) == len(seen.raw)


def test_a_rule_names_its_links():
    raw = encode.rule(Rule(4, 100, table=100, iif="eth0")).raw
    assert scratch.renumbered("rule", raw, NUMBERS) == raw


def test_a_gateway_is_taken_to_be_on_the_link():
    raw = scratch.onlink(encode.nexthop(NextHop(3, 4, 7, "192.0.2.1")).raw)
    assert tables.decode_nexthop(raw, 0, len(raw)) == NextHop(3, 4, 7, "192.0.2.1", flags=("onlink",))


def test_a_message_that_is_cut_short_is_left_alone():
    raw = encode.route(VIA, "10.0.0.0/8").raw[:-6] + b"\1\0"
    assert len(scratch.renumbered("route", raw, NUMBERS)) == len(raw)
