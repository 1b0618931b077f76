# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A filter of ours against libpcap's own: the same frames, and what tcpdump makes of the expression that we show for it."""

from __future__ import annotations

import shutil
import struct
import subprocess

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.expression import expression
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.filter import parse
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.program import ETHERNET, program
from ansible_collections.netmend.reclaim.tests.fixtures import bpf

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
packets = pytest.importorskip("ansible_collections.netmend.reclaim.tests.fixtures.packets")

pytestmark = pytest.mark.skipif(shutil.which("tcpdump") is None, reason="there is no tcpdump")
ANCILLARY = {0: 0, 4: 0, 44: 0, 48: 0}


def chosen_by_tcpdump(frames, text):
    """The numbers of the frames that the expression matches. Each bears its number as its time."""
    capture = struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for number, frame in enumerate(frames):
        capture += struct.pack("=IIII", number, 0, len(frame), len(frame)) + frame
    done = subprocess.run(
        ["tcpdump", "-r", "-", "-w", "-", text], input=capture, capture_output=True, timeout=60, check=False
    )
    if b"expression rejects all packets" in done.stderr:
        return []
    assert done.returncode == 0, (text, done.stderr)
    found, at = [], 24
    while at < len(done.stdout):
        number, _micro, length, _original = struct.unpack_from("=IIII", done.stdout, at)
        found.append(number)
        at += 16 + length
    return found


@hypothesis.given(
    packets.filters(vlan=False),
    packets.filters(vlan=False) | st.none(),
    st.lists(packets.frames(tags=False), min_size=5, max_size=40),
    st.integers(14, 90),
)
@hypothesis.settings(max_examples=150, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_it_matches_what_tcpdump_matches(options, excluded, frames, cut):
    try:
        wanted, left_out = parse(options), [] if excluded is None else [parse(excluded)]
    except ValueError:
        hypothesis.assume(False)
    hypothesis.assume(not any(one.is_about_all for one in left_out))
    frames = [frame + bytes(20) for frame in frames]
    if not left_out:  # what ends early is out of reach for either; what is excluded is looked at in another order
        frames += [frame[:cut] for frame in frames]
    made = program(wanted, ETHERNET, 96, None, left_out)
    ours = [number for number, frame in enumerate(frames) if bpf.run(made, frame, ANCILLARY)]
    assert ours == chosen_by_tcpdump(frames, expression(wanted, left_out))
