# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conntrack decoder on what a kernel sent (see tests/fixtures/netlink/capture_diag.py), and on what none sends."""

from __future__ import annotations

import pathlib
import struct
import sys

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import conntrack, netlink
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Flow

CAPTURE = pathlib.Path(__file__).resolve().parents[4] / "fixtures" / "netlink" / "conntrack.bin"
little = pytest.mark.skipif(sys.byteorder != "little", reason="the capture is little-endian")

A, B, A6, B6 = "10.44.0.1", "10.44.0.2", "2001:db8:44::1", "2001:db8:44::2"
NEW, ANSWERED = ("confirmed",), ("confirmed", "seen-reply")
FLOWS = {
    # family, protocol, original direction, reply direction, status, mark, zone
    (4, "udp", (B, 4001, A, 3001), (A, 3001, B, 4001), NEW, 0x77, 0),
    (4, "udp", (B, 4002, A, 3002), (A, 3002, B, 4002), NEW, 0, 9),
    (4, "udp", (A, 4003, "203.0.113.77", 3003), (A, 3003, A, 4003), ("confirmed", "dst-nat"), 0, 0),
    (4, "udp", (A, 4004, A, 3004), (A, 3004, B, 4004), ("confirmed", "src-nat"), 0, 0),
    (6, "udp", (B6, 4005, A6, 3005), (A6, 3005, B6, 4005), NEW, 0, 0),
    (4, "udp", (B, 4006, A, 3006), (A, 3006, B, 4006), ANSWERED, 0, 0),
    (4, "tcp", (B, 4007, A, 3007), (A, 3007, B, 4007), ("assured", "confirmed", "seen-reply"), 0, 0),
    (4, "icmp", (A, None, A, None), (A, None, A, None), ANSWERED, 0, 0),
    (4, "89", (A, None, A, None), (A, None, A, None), NEW, 0, 0),
}


def in_tables(flow: Flow) -> tuple:
    return (
        flow.family,
        flow.protocol,
        (flow.src, flow.sport, flow.dst, flow.dport),
        (flow.reply_src, flow.reply_sport, flow.reply_dst, flow.reply_dport),
        flow.status,
        flow.mark,
        flow.zone,
    )


def decoded(data: bytes) -> list[Flow]:
    found = [conntrack.decode(data, offset + netlink.HEADER_SIZE, end) for offset, end in netlink.walk(data)]
    return [flow for flow in found if flow is not None]


@little
def test_captured_flows() -> None:
    found = decoded(CAPTURE.read_bytes())
    assert {in_tables(flow) for flow in found} == FLOWS
    assert len(found) == len(FLOWS)
    assert all(flow.timeout is not None and 0 < flow.timeout <= 600 for flow in found)


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0, ()),
        (0x8, ("confirmed",)),
        (0x18E, ("assured", "confirmed", "seen-reply")),
        (0x400A, ("confirmed", "offload", "seen-reply")),
        (0xFFFFFFFF, tuple(sorted(word for _bit, word in conntrack._STATUS_BITS))),
    ],
)
def test_status_words(bits: int, words: tuple[str, ...]) -> None:
    assert conntrack._words(bits) == words


def test_what_has_no_whole_original_direction_is_left_out() -> None:
    head = struct.pack("=BBH", 2, 0, 0)
    assert conntrack.decode(head, 0, len(head)) is None
    address = netlink.pack_attribute(1, netlink.pack_attribute(1, b"\x0a\0\0\1") + netlink.pack_attribute(2, b"\x0a"))
    data = head + netlink.pack_attribute(1, address + netlink.pack_attribute(2, netlink.pack_attribute(1, b"\x11")))
    assert conntrack.decode(data, 0, len(data)) is None


@little
def test_arbitrary_bytes() -> None:
    hypothesis = pytest.importorskip("hypothesis")
    strategies = hypothesis.strategies
    golden = CAPTURE.read_bytes()
    flips = strategies.lists(
        strategies.tuples(strategies.integers(0, len(golden) - 1), strategies.integers(0, 255)), max_size=20
    )

    @hypothesis.given(strategies.binary(max_size=200), flips)
    def holds(noise: bytes, changes: list[tuple[int, int]]) -> None:
        data = bytearray(golden)
        for place, value in changes:
            data[place] = value
        try:
            for flow in decoded(bytes(data)):
                assert flow.family in (4, 6)
        except netlink.Malformed:
            pass
        made = conntrack.decode(noise, 0, len(noise))
        assert made is None or made.src

    holds()
