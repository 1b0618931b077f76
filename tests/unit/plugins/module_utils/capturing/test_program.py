# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A compiled filter against what its words mean: in a machine of the tests' own, and in the kernel's."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.assembler import MOST
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.filter import Filter, parse
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.program import (
    COOKED,
    ETHERNET,
    OUTGOING,
    program,
)
from ansible_collections.netmend.reclaim.tests.fixtures import bpf

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
packets = pytest.importorskip("ansible_collections.netmend.reclaim.tests.fixtures.packets")

SNAPLEN = 96
PROTOCOL, PACKET_TYPE, TAG, TAGGED = 0, 4, 44, 48
TAGS = st.sampled_from([None, None, 5, 6, 0xE005])
WAYS = st.sampled_from([None, "in", "out"])


def parsed(options):
    """The filter; a test with one that contradicts itself is another test's."""
    try:
        return parse(options)
    except ValueError:
        hypothesis.assume(False)


def ancillary(frame, tag, packet_type=0):
    return {
        PROTOCOL: int.from_bytes(frame[12:14], "big"),
        PACKET_TYPE: packet_type,
        TAG: tag or 0,
        TAGGED: int(tag is not None),
    }


@hypothesis.given(packets.filters(), packets.filters() | st.none(), st.lists(packets.frames(), min_size=1), TAGS, WAYS)
@hypothesis.settings(max_examples=400)
def test_it_lets_through_what_the_filter_means(options, excluded, frames, tag, way):
    wanted, left_out = parsed(options), [] if excluded is None else [parsed(excluded)]
    ethernet = program(wanted, ETHERNET, SNAPLEN, way, left_out)
    cooked = program(wanted, COOKED, SNAPLEN, way, left_out)
    for frame in frames:
        frame += bytes(20)  # whole: what ends early is another test's
        means = packets.means(options, frame, tag) and not (
            excluded is not None and packets.means(excluded, frame, tag)
        )
        for packet_type in (0, OUTGOING):
            told = ancillary(frame, tag, packet_type)
            expected = SNAPLEN if means and way in (None, "out" if packet_type == OUTGOING else "in") else 0
            assert bpf.run(ethernet, frame, told) == expected
            assert bpf.run(cooked, frame[14:], told) == expected


@hypothesis.given(packets.filters(vlan=False), st.lists(packets.frames(), min_size=1), st.integers(1, 70))
@hypothesis.settings(max_examples=200)
def test_the_kernel_lets_through_the_same(options, frames, cut):
    with bpf.InKernel(program(parsed(options), ETHERNET, SNAPLEN)) as kernel:
        for frame in [*frames, *(frame[:cut] for frame in frames)]:
            try:
                means = packets.means(options, frame)
            except packets.Short:
                means = False
            if len(frame) < 14 and parsed(options).is_about_all:
                means = True  # nothing needs to be looked at
            assert kernel.passes(frame) == (frame[:SNAPLEN] if means else None)


@hypothesis.given(packets.filters(), packets.filters(), packets.frames(), TAGS, st.integers(0, 70))
@hypothesis.example({}, {"host": ["192.0.2.1"], "protocol": "tcp"}, bytes(12) + b"\x86\xdd" + bytes(6) + b":", None, 0)
def test_what_ends_too_early_never_gets_past_what_is_excluded(options, excluded, frame, tag, cut):
    frame = frame[: max(14, cut)]
    if not bpf.run(program(parsed(options), ETHERNET, SNAPLEN, None, [parsed(excluded)]), frame, ancillary(frame, tag)):
        return
    assert packets.means(options, frame, tag)
    assert not packets.means(excluded, frame, tag)


def test_a_long_list_needs_far_jumps_and_works_in_the_kernel():
    hosts = ["2001:db8::%x" % number for number in range(16)]
    options = {"host": hosts, "port": [str(number) for number in range(1000, 1016)]}
    made = program(parse(options), ETHERNET, SNAPLEN)
    assert 255 < len(made) <= MOST
    frame = bytes(12) + b"\x86\xdd" + bytes(6) + b"\x11\x40" + bytes.fromhex("20010db8" + "00" * 11 + "0f") + bytes(16)
    with bpf.InKernel(made) as kernel:
        assert kernel.passes(frame + b"\x00\x01\x03\xf7" + bytes(4)) is not None
        assert kernel.passes(frame + b"\x00\x01\x03\xf8" + bytes(4)) is None


def test_the_largest_program_is_one_that_the_kernel_takes():
    hosts = ["2001:db8::%x" % number for number in range(16)]
    everything = {"host": hosts, "src": hosts, "dst": hosts}
    with pytest.raises(ValueError, match="name fewer addresses"):
        program(parse(everything), ETHERNET, SNAPLEN)
    made = program(parse({name: values[:13] for name, values in everything.items()}), ETHERNET, SNAPLEN)
    assert len(made) > MOST * 0.8
    with bpf.InKernel(made) as kernel:
        assert kernel.passes(bytes(60)) is None


def test_all_packets():
    assert [tuple(one) for one in program(Filter(), ETHERNET, SNAPLEN)] == [
        (0x05, 0, 0, 0),
        (0x06, 0, 0, SNAPLEN),
        (0x06, 0, 0, 0),
    ]
