# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions as bytes and replies as answers; what the answers are worth is shown against real sends (integration)."""

from __future__ import annotations

import errno
import socket
import struct
import sys
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import netlink
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.lookup import lookup
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Answer, Hop, Query
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.kernel.scripted import Scripted, message

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the replies are little-endian")

RTMSG = struct.Struct("=BBBBBBBBI")


def attribute(kind: int, value: t.Union[int, bytes]) -> bytes:
    return netlink.pack_attribute(kind, struct.pack("=I", value) if isinstance(value, int) else value)


def reply(to: str, sequence: int = 1, kind: int = 1, gateway: str = "192.0.2.9", used: int = 0) -> bytes:
    """As inet_rtm_getroute lays it out; ``used`` is one of the counters in RTA_CACHEINFO."""
    body = RTMSG.pack(2, 32, 0, 0, 254, 0, 0, kind, 0x200) + attribute(15, 254) + attribute(1, socket.inet_aton(to))
    body += attribute(4, 3) + attribute(7, socket.inet_aton("192.0.2.1")) + attribute(5, socket.inet_aton(gateway))
    body += attribute(25, 0) + attribute(12, struct.pack("=8I", 0, used, 0, 0, used, 0, 0, 0))
    return message(24, body, sequence, 0)


def refusal(number: int, sequence: int = 1, words: str = "") -> bytes:
    request = netlink.HEADER.pack(netlink.HEADER_SIZE, 26, 1, sequence, 0)
    body = struct.pack("=i", -number) + request
    if words:
        return message(2, body + netlink.pack_attribute(1, words.encode() + b"\0"), sequence, 0x200)
    return message(2, body, sequence, 0)


def sent(wire: Scripted) -> t.List[t.Tuple[t.Tuple[int, ...], t.Dict[int, bytes]]]:
    """The rtmsg and the attributes of each question that went out."""
    found = []
    for data in wire.opened[0].sent:
        for start, end in netlink.walk(data):
            found.append((RTMSG.unpack_from(data, start + 16), netlink.attributes(data, start + 28, end)))
    return found


def test_a_question_as_bytes():
    wire = Scripted(reply("198.51.100.7"))
    query = Query(
        "198.51.100.7", source="192.0.2.1", interface=3, protocol="tcp", sport=1024, port=443, mark=7, uid=0, tos=0x10
    )
    lookup(wire, [query], match=False)
    assert sent(wire) == [
        (
            (2, 32, 32, 0x10, 0, 0, 0, 0, 0x1000),
            {
                1: bytes((198, 51, 100, 7)), 2: bytes((192, 0, 2, 1)), 4: b"\3\0\0\0", 16: b"\7\0\0\0", 25: bytes(4),
                27: b"\6", 28: b"\x04\x00", 29: b"\x01\xbb",
            },
        )
    ]  # fmt: skip


def test_a_plain_udp_send_is_the_default():
    wire = Scripted(reply("198.51.100.7"), refusal(errno.EHOSTUNREACH))
    lookup(wire, [Query("198.51.100.7", source="0.0.0.0")])
    plain, match = sent(wire)
    assert plain == ((2, 32, 0, 0, 0, 0, 0, 0, 0x1000), {1: bytes((198, 51, 100, 7)), 27: b"\x11"})
    assert match == ((2, 32, 0, 0, 0, 0, 0, 0, 0x3000), plain[1])


def test_answers_that_differ_in_the_destination_are_decoded_once():
    queries = [Query("198.51.100.%d" % number) for number in range(3)]
    wire = Scripted(*[reply(query.to, used=number) for number, query in enumerate(queries)])
    first, second, third = lookup(wire, queries, match=False)
    assert first is second is third
    assert first.route is not None
    assert first.route.dst is None
    assert first.route.hops == (Hop(3, "192.0.2.9"),)
    assert first.route.prefsrc == "192.0.2.1"
    assert first.route.flags == ()


def test_answers_that_differ_in_more_are_not_taken_for_each_other():
    wire = Scripted(
        reply("198.51.100.1"), reply("198.51.100.2", gateway="192.0.2.8"), reply("198.51.100.3", kind=3),
        refusal(errno.ENETUNREACH), refusal(errno.EACCES), refusal(errno.ENETUNREACH),
    )  # fmt: skip
    answers = lookup(wire, [Query("198.51.100.%d" % number) for number in range(1, 7)], match=False)
    assert [answer.route and answer.route.hops[0].gateway for answer in answers[:2]] == ["192.0.2.9", "192.0.2.8"]
    assert answers[2:] == [Answer("EACCES"), Answer("ENETUNREACH"), Answer("EACCES"), Answer("ENETUNREACH")]


def test_a_complaint_is_no_answer():
    wire = Scripted(refusal(errno.EINVAL, words="ipv4: Invalid values in header for route get request"))
    with pytest.raises(ValueError, match="Invalid values in header"):
        lookup(wire, [Query("198.51.100.1")])
    assert lookup(Scripted(refusal(errno.EINVAL)), [Query("198.51.100.1")]) == [Answer("EINVAL")]


def test_a_reply_to_something_else_is_refused():
    for strange in (reply("198.51.100.1", sequence=99), b"\0" * 18):
        with pytest.raises(netlink.Malformed):
            lookup(Scripted(strange), [Query("198.51.100.1")])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (Query("example.net"), "destination 'example.net' is not an IPv4 or IPv6 address"),
        (Query("1.2.3"), "destination '1.2.3'"),
        (Query("10.0.0.1", source="::1"), "the source ::1 and the destination 10.0.0.1 are of two families"),
        (Query("::1", protocol="gre"), "protocol 'gre' of the query to ::1"),
        (Query("::1", uid=-1), "uid -1 of the query to ::1 is out of range"),
        (Query("::1", sport=65536), "sport 65536"),
    ],
)
def test_what_is_no_question(query, words):
    with pytest.raises(ValueError, match=words):
        lookup(Scripted(), [Query("10.0.0.1"), query])


def test_noise_is_refused_or_answered():
    hypothesis = pytest.importorskip("hypothesis")
    strategies = hypothesis.strategies
    real = reply("198.51.100.7")

    @hypothesis.given(
        strategies.lists(strategies.tuples(strategies.integers(0, 200), strategies.integers(0, 255)), max_size=5),
        strategies.integers(0, 120),
    )
    def a_reply_with_wrong_bytes(changes, cut):
        data = bytearray(real)
        for at, value in changes:
            data[at % len(data)] = value
        said = bytes(data[: len(data) - cut % len(data)])
        try:
            answers = lookup(Scripted(said, said), [Query("198.51.100.7")])
        except ValueError:  # Malformed is one
            return
        assert len(answers) == 1

    a_reply_with_wrong_bytes()
