# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which object a delete would take, and requests in flight, on a kernel that answers by heart."""

from __future__ import annotations

import dataclasses
import errno

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import encode, netlink
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.change import change, route_bodies
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.netlink import DONE, LOST, Ack
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.normal import normal
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.picking import may_take
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.seen import Wire, decode, key_of
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Hop, Link, Route, Rule, Seen, Session
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.kernel.scripted import (
    Scripted,
    message,
    overrun,
    refused,
)


def ack(sequence: int) -> bytes:
    return refused(0, sequence)


def test_each_acknowledgement_is_matched_to_its_request():
    wire = Scripted(ack(99), refused(errno.ESRCH, 2), ack(1), ack(3))
    assert wire.acted(25, 0, [b"one!", b"two!", b"three!!!"]) == [DONE, Ack(errno.ESRCH), DONE]
    assert wire.idle
    (sent,) = wire.opened[0].sent
    assert [netlink.HEADER.unpack_from(sent, at)[1:4] for at in (0, 20, 40)] == [
        (25, 0x5, 1),
        (25, 0x5, 2),
        (25, 0x5, 3),
    ]


def test_an_acknowledgement_that_got_lost_is_said_to_be_lost():
    wire = Scripted(ack(1), overrun(), ack(3))
    assert wire.acted(25, 0, [b"one!", b"two!"]) == [DONE, LOST]
    assert wire.acted(25, 0, [b"next"]) == [DONE]
    assert wire.opened[0].closed and len(wire.opened) == 2


def test_no_more_are_in_flight_than_the_socket_holds():
    count = netlink.IN_FLIGHT * 2 + 1
    wire = Scripted(*(ack(number + 1) for number in range(count)))
    assert wire.acted(24, 0, [b"same"] * count) == [DONE] * count
    assert len(wire.opened[0].sent) == 3


def test_large_requests_go_one_by_one():
    wire = Scripted(ack(1), ack(2))
    assert wire.acted(24, 0, [bytes(60000)] * 2) == [DONE] * 2
    assert len(wire.opened[0].sent) == 2


def test_nothing_to_do_asks_nothing():
    assert Scripted().acted(24, 0, []) == []


def test_the_kernels_own_words_come_along():
    words = netlink.pack_attribute(1, b"Nexthop has invalid gateway\0")
    request = netlink.HEADER.pack(16, 24, 5, 1, 0)
    said = message(netlink.NLMSG_ERROR, (-22 & 0xFFFFFFFF).to_bytes(4, "little") + request + words, 1, 0x300)
    (answer,) = Scripted(said).acted(24, 0, [b""])
    assert netlink.why(answer) == "EINVAL: Nexthop has invalid gateway"


def rule(**more: object) -> bytes:
    return normal("rule", encode.rule(dataclasses.replace(Rule(4, 100, table=100), **more)).raw)


@pytest.mark.parametrize(
    "more",
    [
        dict(src="10.0.0.0/8"),
        dict(dst="10.0.0.0/8"),
        dict(iif="eth0"),
        dict(mark=1),
        dict(tos=16),
        dict(ip_proto="tcp"),
    ],
)
def test_a_wide_rule_may_take_a_narrow_one_and_not_the_other_way(more):
    assert may_take("rule", rule(), rule(**more))
    assert not may_take("rule", rule(**more), rule())


def test_rules_of_another_priority_table_or_source_are_safe():
    assert not may_take("rule", rule(), rule(priority=101, src="10.0.0.0/8"))
    assert not may_take("rule", rule(), rule(table=101, src="10.0.0.0/8"))
    assert not may_take("rule", rule(src="10.0.0.0/8"), rule(src="11.0.0.0/8"))


def route(**more: object) -> bytes:
    wish = dataclasses.replace(Route(4, None, hops=(Hop(3, "10.0.0.1"),)), **more)
    return normal("route", encode.route(encode.as_kernel(wish), "10.1.0.0/16").raw)


@pytest.mark.parametrize("more", [dict(prefsrc="10.0.0.2"), dict(mtu=1400), dict(metric=10)])
def test_a_route_may_take_one_that_says_more(more):
    assert may_take("route", route(), route(**more))
    assert not may_take("route", route(**more), route())


def test_routes_over_other_hops_of_other_types_and_owners_are_safe():
    assert not may_take("route", route(), route(hops=(Hop(3, "10.0.0.9"),)))
    assert not may_take("route", route(), route(hops=(), type="blackhole"))
    assert not may_take("route", route(), route(proto="bgp"))
    assert not may_take("route", route(), route(nhid=7, hops=()))
    assert may_take("route", route(hops=(Hop(3),), type="local"), route(type="local"))


def test_one_message_for_each_destination():
    raw = route()
    bodies = route_bodies(raw, [key_of("10.0.0.0/8"), key_of("0.0.0.0/0")])
    assert [normal("route", body) for body in bodies] == [raw, raw]
    assert [body[1] for body in bodies] == [8, 0]


LISTENER = Session(4, "tcp", "10.0.0.1", 22, state="LISTEN")
UDP = Session(4, "udp", "10.0.0.1", 53, remote="10.0.0.2", remote_port=9)
LOOPBACK = Link(1, "lo", loopback=True)


@pytest.mark.parametrize(
    ("op", "seen", "words"),
    [
        ("socket.destroy", Seen("session", LISTENER, b""), "listener"),
        ("socket.destroy", Seen("session", UDP, b""), "udp socket"),
        ("link.del", Seen("link", LOOPBACK, b""), "kernel's own"),
        ("link.del", Seen("link", Link(9, "gre0", kind="gre"), b""), "kernel's own"),
        ("owner.restart", Seen("link", LOOPBACK, b""), "does not act"),
        ("route.flush", Seen("link", LOOPBACK, b""), "does not act"),
        ("rule.del", Seen("link", LOOPBACK, b""), "not for a link"),
    ],
)
def test_what_an_op_is_not_for_is_refused_before_anything_is_sent(op, seen, words):
    wire = Scripted()
    with pytest.raises(ValueError, match=words):
        change(Wire(wire, lambda: wire, []), op, [seen])
    assert wire.opened[0].sent == []


def test_kinds_that_are_not_are_named():
    with pytest.raises(ValueError, match="'table'"):
        decode("table", b"")
