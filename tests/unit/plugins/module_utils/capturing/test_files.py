# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of captures: any packet is written as it came, and none of a hostile host's makes more of itself."""

from __future__ import annotations

import os

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing import pcap, pcapng, place, records
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.flows import MOST, SHOWN, Flows
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.packet import Counted, Packet
from ansible_collections.netmend.reclaim.tests.fixtures import packet_files

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
packets = pytest.importorskip("ansible_collections.netmend.reclaim.tests.fixtures.packets")

SNAPLEN = 96
ANY = st.binary(max_size=SNAPLEN)
TAGS = st.none() | st.tuples(st.sampled_from([0x8100, 0x88A8]), st.integers(0, 0xFFFF))


@st.composite
def captured(draw, data=ANY):
    content = draw(data)[:SNAPLEN]
    return Packet(
        draw(st.integers(0, 2**62)),
        draw(st.integers(1, 3)),
        draw(st.sampled_from([0x0800, 0x86DD, 0x0806, 0x8100]) | st.integers(0, 0xFFFF)),
        draw(st.integers(0, 4)),
        draw(st.integers(0, 0xFFFF)),
        draw(st.binary(max_size=8)),
        draw(TAGS),
        content,
        len(content) + draw(st.sampled_from([0, 1, 60000, 500000])),
    )


@pytest.mark.parametrize("kept", [records.ethernet, records.cooked])
@pytest.mark.parametrize("module", [pcap, pcapng])
@hypothesis.given(st.lists(captured(), max_size=8), st.text(max_size=40), st.text(max_size=1200))
def test_a_file_holds_what_was_captured(tmp_path_factory, module, kept, taken, name, expression):
    writer = module.Writer(113, SNAPLEN, expression)
    content, expected = writer.head(), []
    for packet in taken:
        packet = packet._replace(time=packet.time % (2**32 * 10**9))
        data, length = kept(packet, SNAPLEN)
        if not writer.is_known(packet.ifindex):
            content += writer.announce(packet.ifindex, "%s%d" % (name, packet.ifindex))
        content += writer.packet(packet, data, length)
        writer.written(packet)
        expected.append(packet_files.Read(None, 113, packet.time, data, length))
        if module is pcapng:
            expected[-1].interface = "%s%d" % (name, packet.ifindex)
            expected[-1].direction = "out" if packet.kind == 4 else "in"
    room, tail = writer.room_for_tail(), writer.tail(1, 2, Counted(9, 1))
    assert len(tail) <= room or not taken
    path = tmp_path_factory.mktemp("capture") / "file"
    path.write_bytes(content + tail)
    read = packet_files.read(path)
    assert read.packets == expected and read.snaplen == SNAPLEN
    path.unlink()


def test_a_tag_that_the_kernel_took_out_is_put_back():
    frame = bytes(12) + b"\x08\x00" + b"x" * 50
    packet = Packet(0, 1, 0x0800, 0, 1, b"", (0x88A8, 0x2005), frame, 1000)
    assert records.ethernet(packet, 96) == (bytes(12) + b"\x88\xa8\x20\x05\x08\x00" + b"x" * 50, 1004)
    assert records.ethernet(packet, 64)[0] == (bytes(12) + b"\x88\xa8\x20\x05\x08\x00" + b"x" * 46)


@hypothesis.given(st.lists(st.one_of(captured(), captured(packets.frames())), max_size=30), st.booleans())
def test_any_packets_are_summed_up(taken, cooked):
    flows = Flows(cooked)
    for packet in taken:
        flows.add(packet)
    shown = flows.shown(str)
    assert sum(flow["packets"] for flow in shown) == len(taken) or len(shown) == SHOWN
    assert all(line.isascii() and line.isprintable() and len(line) < 200 for line in flows.lines(str))
    assert len(flows.lines(str)) == min(len(taken), 10)


def test_flows_are_told_apart_up_to_a_bound():
    flows = Flows(True)
    head = bytes.fromhex("4500001c000000004011000000000000")[:12]
    for number in range(MOST + 50):
        data = head + bytes([192, 0, 2, 1]) + number.to_bytes(4, "big") + bytes(8)
        flows.add(Packet(number, 1, 0x0800, 0, 1, b"", None, data, 28))
    assert (flows.count, flows.beyond, len(flows.shown(str))) == (MOST, 50, SHOWN)


def test_what_stays_free_on_a_disk():
    def kept(size):
        return place.kept_free(os.statvfs_result((4096, 4096, size // 4096, 0, 0, 0, 0, 0, 0, 255)))

    assert kept(100 << 20) == 64 << 20
    assert kept(10 << 30) == (10 << 30) // 20
    assert kept(20 << 40) == 1 << 30


def test_a_file_is_new_and_of_its_user_alone(tmp_path):
    before = os.umask(0)
    try:
        with place.File(str(tmp_path), "pcapng", 4096) as file:
            file.write(b"abc")
            assert os.stat(file.path).st_mode & 0o7777 == 0o600
            assert file.checksum() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            file.write(b"d")
    finally:
        os.umask(before)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"abcd"]


def test_one_that_failed_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), place.File(str(tmp_path), "pcap", 4096):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_only_our_own_old_files_are_swept(tmp_path):
    task, ours = tmp_path / "ansible-tmp-1", "netmend-capture-0123456789abcdef.pcapng"
    elsewhere = tmp_path / "elsewhere"
    for directory in (task, elsewhere, tmp_path / "ansible-tmp-2"):
        directory.mkdir()
    target = elsewhere / ours
    target.touch()
    for name in (ours, "netmend-capture-x.pcap", "other.pcapng"):
        (task / name).touch()
    (task / "netmend-capture-00000000000000aa.pcap").symlink_to(target)
    (tmp_path / "ansible-tmp-3").symlink_to(elsewhere)
    now = os.stat(target).st_mtime
    assert place.sweep(str(tmp_path / "ansible-tmp-2"), now + 6 * 3600 - 10) == []
    assert place.sweep(str(tmp_path / "ansible-tmp-2"), now + 6 * 3600 + 10) == [str(task / ours)]
    assert target.exists()
    assert sorted(path.name for path in task.iterdir()) == [
        "netmend-capture-00000000000000aa.pcap",
        "netmend-capture-x.pcap",
        "other.pcapng",
    ]
