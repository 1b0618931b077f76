# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The socket decoder on what a kernel sent (see tests/fixtures/netlink/capture_diag.py), and on what none sends."""

from __future__ import annotations

import pathlib
import struct
import sys

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import netlink, sessions
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.diag_filter import Filter
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.units import Units
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Session, Unseen

CAPTURES = pathlib.Path(__file__).resolve().parents[4] / "fixtures" / "netlink"
pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the captures are little-endian")

TCP4 = {
    ("10.44.0.1", 1101, None, 0, "LISTEN"),
    ("10.44.0.1", 1101, "10.44.0.2", 1103, "ESTAB"),
    ("10.44.0.2", 1103, "10.44.0.1", 1101, "ESTAB"),
    ("10.44.0.2", 1104, "10.44.0.1", 1101, "TIME-WAIT"),
    ("10.44.0.2", 1105, "10.44.0.1", 1101, "FIN-WAIT-2"),
    ("10.44.0.1", 1101, "10.44.0.2", 1105, "CLOSE-WAIT"),
    ("10.44.0.1", 1106, "203.0.113.77", 2106, "SYN-SENT"),
    ("10.44.0.2", 1108, "10.44.0.1", 1107, "ESTAB"),
}
TCP6 = {
    (6, "::", 1107, None, 0, "LISTEN"),
    (4, "10.44.0.1", 1107, "10.44.0.2", 1108, "ESTAB"),
    (6, "2001:db8:44::2", 1109, "2001:db8:44::1", 1107, "ESTAB"),
    (6, "2001:db8:44::1", 1107, "2001:db8:44::2", 1109, "ESTAB"),
}
UDP4 = {
    # address, port, remote, its port, state, ifindex, mark, uid, transparent, freebind
    ("10.44.0.1", 1001, None, 0, "UNCONN", None, 0, 0, False, False),
    ("10.44.0.1", 1002, None, 0, "UNCONN", 1, 0x1234, 0, False, False),
    ("203.0.113.9", 1003, None, 0, "UNCONN", None, 0, 0, False, True),
    ("203.0.113.10", 1004, None, 0, "UNCONN", None, 0, 0, True, False),
    ("10.44.0.1", 1005, "10.44.0.2", 2005, "ESTAB", None, 0, 0, False, False),
    ("0.0.0.0", 1006, None, 0, "UNCONN", None, 0, 0, False, False),
    ("10.44.0.1", 1066, None, 0, "UNCONN", None, 0, 1234, False, False),
}
UDP6 = {
    # family, address, port, remote, its port, ifindex, transparent, freebind
    (6, "2001:db8:44::1", 1007, None, 0, None, False, False),
    (4, "10.44.0.1", 1008, "10.44.0.2", 2008, None, False, False),
    (6, "::", 1009, None, 0, None, False, False),
    (6, "::", 1010, None, 0, None, False, False),
    (6, "2001:db8:44::1", 1011, "2001:db8:44::2", 2011, None, False, False),
    (6, "fe80::44", 1012, None, 0, 3, False, False),
    (6, "2001:db8:dead::1", 1013, None, 0, None, False, True),
    (6, "2001:db8:dead::2", 1014, None, 0, None, True, False),
    (4, "10.44.0.1", 1015, None, 0, None, False, False),
}


class Replay:
    """A netlink socket that says again what one said before."""

    family = netlink.NETLINK_SOCK_DIAG
    idle = False

    def __init__(self, data: bytes) -> None:
        self._data = [data]

    def recv(self) -> bytes:
        if not self._data:
            raise TimeoutError("there is no more")
        return self._data.pop()


def decoder(protocol: str = "udp", unseen: list[Unseen] | None = None) -> sessions.Decoder:
    unseen = [] if unseen is None else unseen
    return sessions.Decoder(protocol, Units(unseen, root="/nonexistent"), unseen)


def replayed(data: bytes, protocol: str = "udp", unseen: list[Unseen] | None = None) -> list[Session]:
    sequence = netlink.HEADER.unpack_from(data)[3] if len(data) >= netlink.HEADER_SIZE else 0
    return list(decoder(protocol, unseen)(netlink.Dump(Replay(data), sequence)))


def captured(name: str) -> bytes:
    return (CAPTURES / name).read_bytes()


def test_tcp_ipv4() -> None:
    unseen: list[Unseen] = []
    found = replayed(captured("diag_tcp4.bin"), "tcp", unseen)
    assert {(s.local, s.local_port, s.remote, s.remote_port, s.state) for s in found} == TCP4
    assert len(found) == len(TCP4)
    assert {(s.family, s.protocol) for s in found} == {(4, "tcp")}
    # A connection in TIME-WAIT belongs to no process and has no mark: that is nothing unseen.
    assert {s.state for s in found if not s.inode} == {"TIME-WAIT"}
    assert unseen == []


def test_tcp_ipv6_and_mapped() -> None:
    found = replayed(captured("diag_tcp6.bin"), "tcp")
    assert {(s.family, s.local, s.local_port, s.remote, s.remote_port, s.state) for s in found} == TCP6


def test_udp_ipv4() -> None:
    found = replayed(captured("diag_udp4.bin"))
    assert {
        (
            s.local, s.local_port, s.remote, s.remote_port, s.state, s.ifindex, s.mark, s.uid, s.transparent, s.freebind
        )
        for s in found
    } == UDP4  # fmt: skip
    assert all(s.inode and s.cgroup == 1 and s.processes == () for s in found)


def test_udp_ipv6_and_mapped() -> None:
    found = replayed(captured("diag_udp6.bin"))
    assert {
        (s.family, s.local, s.local_port, s.remote, s.remote_port, s.ifindex, s.transparent, s.freebind) for s in found
    } == UDP6


def test_a_session_is_made_whole() -> None:
    """What the decoder makes without __init__ equals what __init__ makes."""
    for session in replayed(captured("diag_udp4.bin")):
        assert Session(**vars(session)) == session
        assert hash(Session(**vars(session))) == hash(session)


def test_a_remote_end_alone_that_is_mapped_makes_it_ipv4() -> None:
    data = bytearray(captured("diag_udp6.bin"))
    for offset, _end in netlink.walk(bytes(data)):
        source = offset + netlink.HEADER_SIZE + 8
        if data[source : source + 16] == sessions._MAPPED + bytes((10, 44, 0, 1)):
            data[source : source + 16] = bytes(16)
    found = [s for s in replayed(bytes(data)) if s.remote_port == 2008]
    assert [(s.family, s.local, s.remote) for s in found] == [(4, "0.0.0.0", "10.44.0.2")]


def test_without_marks_they_are_unseen_once() -> None:
    unseen: list[Unseen] = []
    whole = captured("diag_udp4.bin")
    data = b""
    for offset, end in netlink.walk(whole):
        start = offset + netlink.HEADER_SIZE
        if end - start < sessions._MESSAGE:
            data += whole[offset:end]
            continue
        body = whole[start : start + sessions._MESSAGE]
        body += netlink.pack_attribute(sessions._CGROUP_ID, struct.pack("=Q", 1))
        data += netlink.HEADER.pack(16 + len(body), *netlink.HEADER.unpack_from(whole, offset)[1:]) + body
    found = replayed(data, "udp", unseen)
    assert len(found) == len(UDP4)
    assert {s.mark for s in found} == {0}
    assert [item.what for item in unseen if "mark" in item.what] == ["marks of sockets (SO_MARK)"]


def test_a_flagged_change_is_told_behind_the_last_session() -> None:
    data = bytearray(captured("diag_udp4.bin"))
    data[6] |= netlink.NLM_F_DUMP_INTR
    stream = decoder()(netlink.Dump(Replay(bytes(data)), netlink.HEADER.unpack_from(data)[3]))
    seen: list[Session] = []
    with pytest.raises(netlink.Interrupted):
        seen.extend(stream)
    assert len(seen) == len(UDP4)


def test_a_missing_module_is_no_empty_table() -> None:
    refused = netlink.HEADER.pack(20, netlink.NLMSG_DONE, 2, 7, 0) + struct.pack("=i", -2)
    with pytest.raises(FileNotFoundError):
        replayed(refused)


@pytest.mark.parametrize("cut", [0, 3, 60, 71])
def test_a_message_that_is_cut_short_is_no_session(cut: int) -> None:
    data = captured("diag_udp4.bin")
    assert decoder().decode(data, 16, 16 + cut) is None
    assert decoder().decode(data, 16, 16 + 72) is not None


@pytest.mark.parametrize("cut", [1, 15, 16, 60, 87])
def test_a_datagram_that_is_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(netlink.Malformed):
        replayed(captured("diag_udp4.bin")[:cut])


def test_arbitrary_bytes() -> None:
    hypothesis = pytest.importorskip("hypothesis")
    strategies = hypothesis.strategies
    golden = captured("diag_udp6.bin")
    flips = strategies.lists(
        strategies.tuples(strategies.integers(0, len(golden) - 1), strategies.integers(0, 255)), max_size=20
    )

    @hypothesis.given(strategies.binary(max_size=300), flips)
    def holds(noise: bytes, changes: list[tuple[int, int]]) -> None:
        data = bytearray(golden)
        for place, value in changes:
            data[place] = value
        for whole in (noise, bytes(data)):
            try:
                for session in replayed(whole):
                    assert session.family in (4, 6)
                    assert 0 <= session.local_port <= 65535
            except (netlink.Malformed, netlink.Interrupted, OSError):
                pass
        made = decoder().decode(noise, 0, len(noise))
        assert made is None or made.protocol == "udp"

    holds()


def test_memory_is_bounded_by_the_caches() -> None:
    made = decoder()
    head = captured("diag_udp4.bin")[16 : 16 + sessions._MESSAGE]
    for number in range(sessions._CACHE + 100):
        address = struct.pack("!I", number) + bytes(12)
        body = head[:8] + address + head[24:] + netlink.pack_attribute(sessions._MARK, struct.pack("=I", number))
        session = made.decode(body, 0, len(body))
        assert session is not None
        assert session.mark == number
        assert session.local == "%d.%d.%d.%d" % tuple(address[:4])
    assert len(made._templates) == sessions._CACHE
    assert all(len(known) <= sessions._CACHE for known in made._addresses.values())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"protocols": ("sctp",)}, "protocol 'sctp'"),
        ({"families": (4, 5)}, "families"),
        ({"wanted": Filter(states=("OPEN",))}, "state 'OPEN'"),
        ({"wanted": Filter(local="10.0.0.300")}, "10.0.0.300"),
        ({"wanted": Filter(local_port=65536)}, "65536"),
        ({"wanted": Filter(remote_port=-1)}, "-1"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sessions.stream(None, **arguments)


def test_filters_that_exclude_each_other_find_nothing() -> None:
    assert list(sessions.stream(None, wanted=Filter(local="10.0.0.1", remote="2001:db8::1"))) == []
    assert list(sessions.stream(None, families=(6,), wanted=Filter(local="10.0.0.1"))) == []


def test_states_as_a_mask() -> None:
    assert Filter().mask() == 0x1FFE
    assert Filter(states=("ESTAB",)).mask() == 1 << 1
    assert Filter(states=("SYN-RECV", "LISTEN")).mask() == 1 << 3 | 1 << 12 | 1 << 10
