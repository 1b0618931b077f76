# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One spelling for each object, on the kernel's own bytes: captured, and made up."""

from __future__ import annotations

import struct

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import normal, routes, seen, tables
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.netlink import (
    HEADER_SIZE,
    Malformed,
    attributes,
    pack_attribute,
    walk,
)
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.kernel.scripted import captured
from hypothesis import given
from hypothesis import strategies as st

CAPTURES = {
    "links": "link", "addresses4": "address", "addresses6": "address", "rules": "rule", "nexthops": "nexthop",
    "neighbours": "neighbour", "routes4": "route", "routes6": "route",
}  # fmt: skip
U32 = struct.Struct("=I")


def bodies(name: str) -> list[bytes]:
    data = captured(name)
    return [data[start + HEADER_SIZE : end] for start, end in walk(data) if data[start + 4] > 3]


@pytest.mark.parametrize(("name", "kind"), CAPTURES.items())
def test_what_the_kernel_said_has_a_normal_spelling_that_reads_the_same(name, kind):
    said = bodies(name)
    assert said
    for body in said:
        raw = normal.normal(kind, body)
        assert normal.normal(kind, raw) == raw
        assert normal.identity(kind, raw) == normal.identity(kind, body)
        one, other = seen.decode(kind, raw), seen.decode(kind, body)
        for field in {"address": ("address", "prefixlen", "peer", "label"), "rule": ("priority", "src", "table")}.get(
            kind, ()
        ):
            assert getattr(one, field) == getattr(other, field)


@given(st.sampled_from(sorted(set(CAPTURES.values()))), st.binary(max_size=120))
def test_any_bytes_are_malformed_or_have_one_spelling(kind, body):
    try:
        raw = normal.normal(kind, body)
    except Malformed:
        return
    assert normal.normal(kind, raw) == raw


@given(st.sampled_from(sorted(CAPTURES)), st.randoms(use_true_random=False))
def test_the_order_of_attributes_does_not_count(name, dice):
    kind = CAPTURES[name]
    size = {"link": 16, "address": 8, "rule": 12, "nexthop": 8, "neighbour": 12, "route": 12}[kind]
    for body in bodies(name):
        found = normal.pairs(body, size, len(body))
        dice.shuffle(found)
        shuffled = body[:size] + b"".join(pack_attribute(*pair) for pair in found)
        assert normal.normal(kind, shuffled) == normal.normal(kind, body)


def route(family: int = 2, flags: int = 0, kind: int = 1, **found: bytes) -> bytes:
    body = routes.RTMSG.pack(family, 24, 0, 0, 254, 3, 0, kind, flags)
    return body + b"".join(pack_attribute(int(number[1:]), value) for number, value in found.items())


def test_a_route_is_without_its_destination_and_its_states():
    one = normal.normal("route", route(flags=0x1 | 0x10 | 0x4, _1=bytes(4), _4=U32.pack(3), _15=U32.pack(254)))
    other = normal.normal("route", route(flags=0x4, _1=b"\x0a\0\0\0", _4=U32.pack(3), _15=U32.pack(254)))
    assert one == other
    assert routes.RTMSG.unpack_from(one)[1] == 0
    assert routes.RTA_DST not in attributes(one, routes.RTMSG.size, len(one))


def test_unknown_attributes_survive():
    raw = normal.normal("route", route(_77=b"mine", _15=U32.pack(254)))
    assert attributes(raw, routes.RTMSG.size, len(raw))[77] == b"mine"


def test_the_states_of_each_hop_are_left_out():
    def hops(flags: int) -> bytes:
        return struct.pack("=HBBi", 8, flags, 0, 3) + struct.pack("=HBBi", 8, 0x4, 1, 4)

    dead, alive = (normal.normal("route", route(_9=hops(flags))) for flags in (0x1 | 0x10, 0))
    assert dead == alive
    assert [hop.flags for hop in seen.decode("route", alive).hops] == [(), ("onlink",)]


def test_a_route_over_a_next_hop_object_names_nothing_else():
    raw = normal.normal("route", route(kind=6, _4=U32.pack(3), _5=bytes(4), _30=U32.pack(7)))
    assert seen.decode("route", raw).nhid == 7
    assert seen.decode("route", raw).hops == ()
    assert seen.decode("route", raw).type == "unicast"


def test_what_expires_is_the_same_object_later():
    def raw(ticks: int) -> bytes:
        return normal.normal("route", route(family=10, _12=struct.pack("=IIiIIIII", 0, 0, ticks, 0, 0, 0, 0, 0)))

    assert raw(9000) != raw(8000)
    assert (
        normal.identity("route", raw(9000)) == normal.identity("route", raw(8000)) != normal.identity("route", raw(0))
    )


def address(valid: int, preferred: int = 5, flags: int = 0x80) -> bytes:
    head = tables.IFADDR.pack(2, 24, flags & 0xFF, 0, 3)
    times = struct.pack("=IIII", preferred, valid, 7, 8)
    return head + pack_attribute(2, b"\x0a\0\0\1") + pack_attribute(6, times) + pack_attribute(8, U32.pack(flags))


def test_an_address_that_runs_out_is_the_same_later_and_another_than_one_that_does_not():
    forever = tables.FOREVER
    identities = [normal.identity("address", address(valid)) for valid in (100, 50, forever)]
    assert identities[0] == identities[1] != identities[2]
    assert seen.decode("address", normal.normal("address", address(100))).valid_lifetime == 100


def test_states_of_an_address_are_left_out_and_wishes_kept():
    raw = normal.normal("address", address(tables.FOREVER, flags=0x80 | 0x40 | 0x1 | 0x200))
    assert seen.decode("address", raw).flags == ("noprefixroute",)


def test_a_rule_always_has_its_priority():
    body = tables.RULE.pack(2, 0, 0, 0, 254, 0, 0, 1, 0x8)
    raw = normal.normal("rule", body + pack_attribute(15, U32.pack(254)))
    assert attributes(raw, tables.RULE.size, len(raw))[tables.FRA_PRIORITY] == bytes(4)
    assert seen.decode("rule", raw).detached == ()


def test_masks_that_the_kernel_adds_to_a_port_are_left_out():
    body = tables.RULE.pack(2, 0, 0, 0, 254, 0, 0, 1, 0)
    with_mask = body + pack_attribute(23, struct.pack("=HH", 80, 80)) + pack_attribute(28, b"\xff\xff")
    assert normal.normal("rule", with_mask) == normal.normal(
        "rule", body + pack_attribute(23, struct.pack("=HH", 80, 80))
    )


@pytest.mark.parametrize(("state", "spelled"), [(0x2, 0x4), (0x10, 0x4), (0x1, 0x20), (0x0, 0x20), (0x80, 0x80)])
def test_neighbours_answer_or_do_not(state, spelled):
    body = tables.NEIGHBOUR.pack(2, 3, state, 0, 1) + pack_attribute(1, b"\x0a\0\0\1") + pack_attribute(3, bytes(16))
    raw = normal.normal("neighbour", body)
    assert tables.NEIGHBOUR.unpack_from(raw)[2] == spelled
    assert set(attributes(raw, tables.NEIGHBOUR.size, len(raw))) == {1}


@pytest.mark.parametrize(
    "dst", ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "x/8", "10.0.0.0/-1", "", "10.0.0.0/08"]
)
def test_what_is_no_prefix_is_named(dst):
    with pytest.raises(ValueError, match="prefix"):
        seen.key_of(dst)


@given(st.ip_addresses(), st.data())
def test_a_destination_and_its_key(address, data):
    length = data.draw(st.integers(0, address.max_prefixlen))
    dst = "%s/%d" % (tables.address_text(address.packed), length)
    assert seen.dst_of(seen.key_of(dst)) == dst
