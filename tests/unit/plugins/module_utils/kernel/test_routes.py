# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Streams of routes: on what a kernel sent (tests/fixtures/netlink/capture_route.py), and on what one rarely sends."""

from __future__ import annotations

import socket
import struct
import sys
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import netlink, routes, tables
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Hop, Route, RouteGroup
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.kernel.scripted import (
    Scripted,
    captured,
    done,
    message,
    overrun,
    refused,
)

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the captures are little-endian")

AF_INET, AF_INET6 = tables.AF_INET, tables.AF_INET6
NEW = routes.RTM_NEWROUTE


def stream(*said: t.Any, family: int = 4, unsteady: t.List[str] | None = None, **wanted: t.Any) -> t.List[Route]:
    wire = Scripted(*said)
    wanted_routes = routes.Filter(family=family, **wanted)
    return list(routes.stream(lambda: wire, wanted_routes, [] if unsteady is None else unsteady))


def groups(*said: t.Any, family: int = 4, samples: int = 5) -> t.List[RouteGroup]:
    wire = Scripted(*said)
    return list(routes.groups(lambda: wire, routes.Filter(family=family), [], samples))


def route(
    dst: str, *more: bytes, table: int = 254, kind: int = 1, proto: int = 4, tos: int = 0, flags: int = 2
) -> bytes:
    """A route message as the kernel lays it out."""
    text, _slash, length = dst.partition("/")
    family = AF_INET6 if ":" in text else AF_INET
    body = routes.RTMSG.pack(family, int(length), 0, tos, min(table, 252), proto, 0, kind, 0)
    body += netlink.pack_attribute(routes.RTA_TABLE, struct.pack("=I", table))
    body += netlink.pack_attribute(routes.RTA_DST, socket.inet_pton(family, text)) if int(length) else b""
    return message(NEW, body + b"".join(more), flags=flags)


def oif(number: int) -> bytes:
    return netlink.pack_attribute(routes.RTA_OIF, struct.pack("=I", number))


def metric(number: int) -> bytes:
    return netlink.pack_attribute(routes.RTA_PRIORITY, struct.pack("=I", number))


def by_dst(found: t.Iterable[Route], table: int = 254) -> t.Dict[t.Optional[str], Route]:
    return {route.dst: route for route in reversed(list(found)) if route.table == table}


def test_ipv4_routes_of_a_capture():
    everything = stream(captured("routes4"))
    main = by_dst(everything)
    va = main["0.0.0.0/0"].hops[0].ifindex
    vc = main["192.0.11.0/24"].hops[0].ifindex
    assert main["0.0.0.0/0"] == Route(4, "0.0.0.0/0", hops=(Hop(va, "10.0.0.9"),))
    assert [item.metric for item in everything if item.dst == "0.0.0.0/0"] == [0, 100]
    assert [item.prefsrc for item in everything if item.dst == "0.0.0.0/0"] == [None, "10.0.0.1"]
    assert main["192.0.2.0/24"].proto == "bgp"
    assert main["192.0.4.0/24"].hops == (
        Hop(va, "10.0.0.9", 3), Hop(vc, "10.0.1.9", 1, ("linkdown",)), Hop(vc, None, 1, ("linkdown",)),
    )  # fmt: skip
    assert main["192.0.5.0/24"].hops == (Hop(va, "fe80::9"),)
    assert (main["192.0.6.0/24"].tos, main["192.0.6.0/24"].scope) == (0x10, "link")
    assert main["192.0.7.0/24"].nhid == 1
    assert (main["192.0.8.0/24"].nhid, len(main["192.0.8.0/24"].hops), main["192.0.8.0/24"].proto) == (3, 2, "ospf")
    assert main["192.0.9.0/24"].type == "blackhole"
    assert main["192.0.11.0/24"].hops == (Hop(vc, None, 1, ("linkdown",)),)
    assert main["203.0.113.1/32"] == Route(4, "203.0.113.1/32", type="blackhole")
    assert (main["203.0.113.2/32"].type, main["203.0.113.2/32"].metric) == ("unreachable", 7)
    far = by_dst(everything, 1000)["192.0.3.0/24"]
    assert (far.proto, far.hops) == ("77", (Hop(va, "172.16.0.1", 1, ("onlink",)),))
    assert {item.dst for item in everything if item.type == "throw"} == {"203.0.113.4/32"}


def test_ipv6_routes_of_a_capture():
    everything = stream(captured("routes6"), family=6)
    main = by_dst(everything)
    va = main["::/0"].hops[0].ifindex
    assert main["::/0"] == Route(6, "::/0", metric=1024, hops=(Hop(va, "2001:db8::9"),), pref="medium")
    second = [item for item in everything if item.dst == "::/0"][1]
    assert (second.metric, second.proto, second.pref) == (2000, "ra", "high")
    assert second.expires == pytest.approx(600, abs=5)
    assert [hop.weight for hop in main["2001:db8:102::/48"].hops] == [3, 1]
    assert main["2001:db8:104::/48"].nhid == 23
    assert main["2001:db8:106::/48"].prefsrc == "2001:db8::1"
    assert main["2001:db8:107::/48"].hops[0].flags == ("linkdown",)
    assert by_dst(everything, 1000)["2001:db8:101::/48"].pref == "low"
    assert main["2001:db8:113::1/128"].type == "blackhole"


@pytest.mark.parametrize("family", [4, 6])
def test_groups_are_the_routes_folded(family):
    everything = stream(captured("routes%d" % family), family=family)
    counts: t.Dict[Route, int] = {}
    for item in everything:
        template = routes.altered(item, dst=None, expires=None)
        counts[template] = counts.get(template, 0) + 1
    folded: t.Dict[Route, int] = {}
    for group in groups(captured("routes%d" % family), family=family):
        folded[group.template] = folded.get(group.template, 0) + group.count
    assert folded == counts


def test_messages_of_different_lengths_in_any_order():
    """A run of one length must end where the next length begins, even if that head was seen before."""
    short = [route("10.0.%d.0/24" % number, oif(3)) for number in range(6)]
    long = [route("10.1.%d.0/24" % number, metric(5), oif(3)) for number in range(6)]
    mixed = short[:2] + long[:2] + short[2:3] + long[2:3] + short[3:4] + long[3:] + short[4:]
    expected = (
        [("10.0.0.0/24", 0), ("10.0.1.0/24", 0), ("10.1.0.0/24", 5), ("10.1.1.0/24", 5), ("10.0.2.0/24", 0)]
        + [("10.1.2.0/24", 5), ("10.0.3.0/24", 0), ("10.1.3.0/24", 5), ("10.1.4.0/24", 5), ("10.1.5.0/24", 5)]
        + [("10.0.4.0/24", 0), ("10.0.5.0/24", 0)]
    )
    for said in ([b"".join(mixed) + done()], [*mixed, done()], [b"".join(mixed[:7]), b"".join(mixed[7:]) + done()]):
        assert [(item.dst, item.metric) for item in stream(*said)] == expected


def test_a_route_laid_out_otherwise_is_the_same_route():
    """The usual layout is only what is fast: an older kernel's has no RTA_TABLE, or it stands elsewhere."""
    usual = route("10.0.0.0/8", oif(3), table=100)
    head = routes.RTMSG.pack(AF_INET, 8, 0, 0, 100, 4, 0, 1, 0)
    dst = netlink.pack_attribute(routes.RTA_DST, bytes((10, 0, 0, 0)))
    table = netlink.pack_attribute(routes.RTA_TABLE, struct.pack("=I", 100))
    for body in (head + oif(3) + dst + table, head + dst + oif(3), head + table + oif(3) + dst):
        assert stream(message(NEW, body), done()) == stream(usual, done())
    (group,) = groups(route("9.0.0.0/8", oif(3), table=100), message(NEW, head + oif(3) + dst + table), done())
    assert (group.count, group.template.table) == (2, 100)


def test_the_kernel_prefers_what_stands_before():
    same = [route("10.0.0.0/8", oif(3)), route("10.0.0.0/8", metric(5), oif(4)), route("10.0.0.0/8", metric(9), oif(5))]
    first, second, third = groups(*same, done())
    assert (first.beaten_by, second.beaten_by, third.beaten_by) == (None, first.template, second.template)
    for apart in (
        [route("10.0.0.0/8", oif(3)), route("10.0.0.0/16", metric(5), oif(3))],
        [route("10.0.0.0/8", oif(3)), route("10.0.0.0/8", metric(5), oif(3), table=7)],
        [route("10.0.0.0/8", oif(3)), route("10.0.0.0/8", metric(5), oif(3), tos=16)],
        [route("10.0.0.0/8", oif(3)), route("11.0.0.0/8", oif(3)), route("10.0.0.0/8", metric(5), oif(3))],
    ):
        assert [group.beaten_by for group in groups(*apart, done())] == [None] * len(groups(*apart, done()))


def test_ipv6_of_equal_metric_do_not_beat_each_other():
    """ff00::/8 and fe80::/64 are on every link with the same metric; each serves its own."""
    said = [
        route("ff00::/8", metric(256), oif(2)), route("ff00::/8", metric(256), oif(3)),
        route("ff00::/8", metric(512), oif(4)),
    ]  # fmt: skip
    assert [group.beaten_by is None for group in groups(*said, done(), family=6)] == [True, True, False]
    sources = [netlink.pack_attribute(routes.RTA_SRC, bytes((0xFD, number)) + bytes(14)) for number in (1, 2)]
    said = [route("2001:db8::/32", sources[number], metric(number), oif(2)) for number in (0, 1)]
    assert [group.beaten_by for group in groups(*said, done(), family=6)] == [None, None]


def test_samples_are_the_first_ones():
    said = [route("10.0.%d.0/24" % number, oif(3)) for number in range(9)]
    (group,) = groups(*said, done(), samples=2)
    assert (group.count, group.samples) == (9, ("10.0.0.0/24", "10.0.1.0/24"))
    (group,) = groups(*said, done(), samples=0)
    assert group.samples == ()
    (group,) = groups(route("0.0.0.0/0", oif(3)), done())
    assert group.samples == ("0.0.0.0/0",)
    (group,) = groups(route("2001:db8::/32", oif(3)), done(), family=6)
    assert group.samples == ("2001:db8::/32",)


def test_more_kinds_of_routes_than_are_kept_come_in_pieces(monkeypatch):
    monkeypatch.setattr(routes, "BOUND", 3)
    said = [route("10.%d.0.0/16" % number, oif(number % 5 + 1)) for number in range(50)]
    found = groups(*said, done())
    assert sum(group.count for group in found) == 50
    per_link: t.Dict[int, int] = {}
    for group in found:
        per_link[group.template.hops[0].ifindex] = per_link.get(group.template.hops[0].ifindex, 0) + group.count
    assert per_link == dict.fromkeys(range(1, 6), 10)
    assert len(stream(*said, done())) == 50


def test_routes_shown_twice_at_a_seam_come_once():
    one = [route("fd00:%d::/32" % number, oif(3)) for number in range(6)]
    unsteady: t.List[str] = []
    said = [b"".join(one[:4]), b"".join(one[2:6]), done()]
    found = stream(*said, family=6, unsteady=unsteady)
    assert [item.dst for item in found] == ["fd00:%s/32" % (":" if not n else "%d::" % n) for n in range(6)]
    assert unsteady == ["routes"]
    unsteady = []
    assert len(stream(b"".join(one[:3]), b"".join(one[3:]) + done(), family=6, unsteady=unsteady)) == 6
    assert unsteady == []


def test_a_flagged_change_is_told():
    unsteady: t.List[str] = []
    changed = route("10.0.0.0/8", oif(3), flags=2 | netlink.NLM_F_DUMP_INTR)
    assert len(stream(route("9.0.0.0/8", oif(3)) + changed + done(), unsteady=unsteady)) == 2
    assert unsteady == ["routes"]


def test_an_answer_that_broke_off_is_read_from_the_start():
    said = [route("10.0.%d.0/24" % number, oif(3)) for number in range(4)]
    whole = b"".join(said)
    # Groups are handed out at the end: nobody notices.
    again = whole.replace(struct.pack("=HHI", 24, 2, 1), struct.pack("=HHI", 24, 2, 2))
    (group,) = groups(whole, overrun(), again + done(2))
    assert (group.count, len(group.samples)) == (4, 4)
    # A stream that has begun cannot take back what it gave.
    wire = Scripted(whole, overrun(), again + done(2))
    reader = routes.stream(lambda: wire, routes.Filter(family=4), [])
    assert [next(reader).dst for _item in said] == ["10.0.%d.0/24" % number for number in range(4)]
    with pytest.raises(netlink.Overrun):
        next(reader)
    # It does not go on for ever.
    with pytest.raises(netlink.Overrun):
        groups(*[overrun()] * netlink.TRIES)


def test_refusals():
    assert stream(refused(97)) == []
    assert stream(refused(19), oif=7) == []
    with pytest.raises(OSError, match="No such device"):
        stream(refused(19))
    with pytest.raises(PermissionError):
        stream(refused(1))


def test_routes_of_another_family_are_left_out():
    """A kernel without IPv6 hands the question to the handler of all families."""
    assert stream(route("10.0.0.0/8", oif(3)) + done(), family=6) == []


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"family": 5}, "family 5"),
        ({"proto": "no-such"}, "proto 'no-such'"),
        ({"proto": "256"}, "proto '256'"),
        ({"type": "normal"}, "type 'normal'"),
        ({"table": -1}, "table -1"),
        ({"table": 1 << 32}, "table 4294967296"),
        ({"oif": 0}, "oif 0"),
    ],
)
def test_filters_that_no_route_fits(wanted, message):
    with pytest.raises(ValueError, match=message):
        routes.Filter(**wanted)


def test_a_filter_as_the_kernel_reads_it():
    body = routes.Filter(family=4, table=100, proto="bgp", type="unicast", oif=3).request(AF_INET, True)
    assert routes.RTMSG.unpack_from(body) == (AF_INET, 0, 0, 0, 0, 186, 0, 1, 0)
    assert netlink.attributes(body, 12, len(body)) == {15: struct.pack("=I", 100), 4: struct.pack("=I", 3)}


def test_encap_is_named():
    kinds = netlink.pack_attribute(routes.RTA_ENCAP_TYPE, struct.pack("=H", 1)) + netlink.pack_attribute(22, b"")
    (found,) = stream(route("10.0.0.0/8", oif(3), kinds), done())
    assert found.hops == (Hop(3, encap="mpls"),)


def test_noise_ends_in_routes_or_in_what_is_documented():
    hypothesis = pytest.importorskip("hypothesis")
    strategies = hypothesis.strategies
    allowed = (netlink.Malformed, netlink.Interrupted, OSError)

    def read(family: int, data: bytes) -> None:
        for fold in (stream, groups):
            try:
                assert len(fold(data, family=family)) <= len(data)
            except allowed:
                pass

    @hypothesis.given(strategies.binary(min_size=8, max_size=300), strategies.sampled_from((4, 6)))
    def noise(data, family):
        read(family, data[:8] + b"\1\0\0\0" + data[8:])

    flips = strategies.lists(strategies.tuples(strategies.integers(0, 4000), strategies.integers(0, 255)), max_size=8)

    @hypothesis.given(strategies.sampled_from((4, 6)), flips, strategies.integers(0, 2000))
    def a_real_dump_with_wrong_bytes(family, changes, cut):
        data = bytearray(captured("routes%d" % family))
        for at, value in changes:
            data[at % len(data)] = value
        read(family, bytes(data[: len(data) - cut]))

    noise()
    a_real_dump_with_wrong_bytes()
