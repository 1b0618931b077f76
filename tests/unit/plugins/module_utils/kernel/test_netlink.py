# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wire: where a dump ends, what is told of it, and when it is tried again."""

from __future__ import annotations

import errno
import struct
import sys
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import netlink
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.kernel.scripted import (
    Scripted,
    captured,
    done,
    message,
    overrun,
    refused,
)

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the replies are little-endian")

LINK = 16
CHANGED = 2 | netlink.NLM_F_DUMP_INTR


def bodies(wire: netlink.Netlink) -> t.Iterator[bytes]:
    for data, start, end in wire.messages(18, b""):
        yield data[start:end]


def test_the_end_of_a_dump_may_come_alone_or_behind_the_last_message():
    one, two = message(LINK, b"1111"), message(LINK, b"2222")
    for said in ([one + two, done()], [one + two + done()], [one, two + done()], [one, two, done()]):
        assert list(bodies(Scripted(*said))) == [b"1111", b"2222"]


def test_an_empty_dump():
    assert list(bodies(Scripted(done()))) == []


@pytest.mark.parametrize("family", [4, 6])
def test_a_table_that_is_not_there_as_a_kernel_says_it(family):
    said = captured("absent%d" % family)
    number, _length = netlink.error_of(said, 0), len(said)
    assert number == errno.ENOENT
    assert list(bodies(Scripted(said))) == []


def test_a_refusal_is_an_oserror():
    with pytest.raises(PermissionError):
        list(bodies(Scripted(refused(errno.EPERM))))
    with pytest.raises(OSError, match="Invalid argument"):
        list(bodies(Scripted(message(LINK, b"1111") + done(number=errno.EINVAL))))
    with pytest.raises(FileNotFoundError):  # only inside NLMSG_DONE it means an empty table
        list(bodies(Scripted(refused(errno.ENOENT))))


@pytest.mark.parametrize(
    "said",
    [
        [message(LINK, b"1111", flags=CHANGED) + message(LINK, b"2222") + done()],
        [message(LINK, b"1111"), message(LINK, b"2222", flags=CHANGED), done()],
        [message(LINK, b"1111"), message(LINK, b"2222"), done(flags=CHANGED)],
    ],
)
def test_a_flagged_change_is_told_behind_the_last_message(said):
    reader = bodies(Scripted(*said))
    assert [next(reader), next(reader)] == [b"1111", b"2222"]
    with pytest.raises(netlink.Interrupted, match="changed") as caught:
        next(reader)
    assert not isinstance(caught.value, netlink.Overrun)


def test_an_overrun_breaks_off_and_the_next_question_has_a_new_socket():
    wire = Scripted(message(LINK, b"1111"), overrun(), message(LINK, b"2222", 2) + done(2))
    with pytest.raises(netlink.Overrun):
        list(bodies(wire))
    assert list(bodies(wire)) == [b"2222"]
    assert [socket.closed for socket in wire.opened] == [True, False]


def test_the_rest_of_a_dump_that_was_given_up_is_no_answer():
    wire = Scripted(message(LINK, b"1111"), message(LINK, b"late") + done(), message(LINK, b"2222", 2), done(2))
    assert next(bodies(wire)) == b"1111"
    assert list(bodies(wire)) == [b"2222"]
    assert wire.opened[0].closed


def test_silence():
    with pytest.raises(OSError, match="no answer within 30 s") as caught:
        list(bodies(Scripted(message(LINK, b"1111"))))
    assert caught.value.errno == errno.ETIMEDOUT


@pytest.mark.parametrize(
    "data",
    [
        b"short",
        bytes(16),  # a length of 0 would be walked for ever
        message(LINK, b"1111")[:-1],
        message(LINK, b"1111") + b"\0\0\0",
        struct.pack("=IHHII", 0xFFFFFFFF, LINK, 2, 1, 0),
        struct.pack("=IHHII", 15, LINK, 2, 1, 0),
    ],
)
def test_bytes_that_are_no_message(data):
    with pytest.raises(netlink.Malformed):
        list(netlink.walk(data))
    sequenced = data[:8] + b"\1\0\0\0" + data[12:] if len(data) >= 16 else data
    with pytest.raises(netlink.Malformed):
        list(bodies(Scripted(sequenced)))


def test_requests_are_answered_in_their_order_and_in_batches():
    replies = [message(24, b"%04d" % number, flags=0) for number in range(150)]
    wire = Scripted(*replies)
    assert wire.exchange([b"q"] * 150) == replies
    assert [len(sent) for sent in wire.opened[0].sent] == [64, 64, 22]


def test_an_overrun_of_many_replies_asks_fewer_at_once():
    replies = [message(24, b"%04d" % number, flags=0) for number in range(4)]
    wire = Scripted(replies[0], overrun(), *replies)
    assert wire.exchange([b"q"] * 4) == replies
    assert [len(sent) for socket in wire.opened for sent in socket.sent] == [4, 2, 2]
    with pytest.raises(netlink.Overrun):
        Scripted(overrun()).exchange([b"q"])


def test_what_the_kernel_complains_of():
    text = netlink.pack_attribute(1, b"Invalid scope\0")
    request = netlink.HEADER.pack(28, 26, 1, 1, 0)
    whole = struct.pack("=i", -22) + request + bytes(12)
    assert netlink.complaint_of(message(2, whole + text, flags=0x200), 0) == "Invalid scope"
    assert netlink.complaint_of(message(2, struct.pack("=i", -22) + request + text, flags=0x300), 0) == "Invalid scope"
    assert netlink.complaint_of(message(2, whole, flags=0), 0) is None
    assert netlink.complaint_of(message(2, whole, flags=0x200), 0) is None
    offset_only = netlink.pack_attribute(2, struct.pack("=I", 16))
    assert netlink.complaint_of(message(2, whole + offset_only, flags=0x200), 0) == "malformed request"
    assert netlink.complaint_of(message(2, b"\0\0\0\0", flags=0x200), 0) is None


def read(*passes: t.Union[t.List[str], t.Tuple[t.List[str], Exception]]) -> t.Callable[[], t.Iterator[str]]:
    """A table that is each time another."""
    left = list(passes)

    def once() -> t.Iterator[str]:
        this = left.pop(0)
        items, error = this if isinstance(this, tuple) else (this, None)
        yield from items
        if error is not None:
            raise error

    return once


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(netlink, "PAUSE", 0)


INTERRUPTED, OVERRUN = netlink.Interrupted("changed"), netlink.Overrun("lost")


def test_a_table_that_held_still_is_read_once():
    unsteady: t.List[str] = []
    assert netlink.steady(read(["a", "a", "b"]), "links", unsteady) == ("a", "a", "b")
    assert unsteady == []


def test_a_table_that_changed_is_read_again():
    unsteady: t.List[str] = []
    passes = read((["a"], INTERRUPTED), (["half"], OVERRUN), ["b"])
    assert netlink.steady(passes, "links", unsteady) == ("b",)
    assert unsteady == []


def test_a_table_that_would_not_hold_still_is_returned_and_told():
    unsteady = ["rules"]
    passes = [(["a", str(number), "a"], INTERRUPTED) for number in range(netlink.TRIES)]
    assert netlink.steady(read(*passes), "links", unsteady) == ("a", str(netlink.TRIES - 1))
    assert unsteady == ["rules", "links"]


def test_a_table_that_never_came_whole_is_an_error():
    with pytest.raises(OSError, match="reading the links overran") as caught:
        netlink.steady(read(*[(["a"], OVERRUN)] * netlink.TRIES), "links", [])
    assert caught.value.errno == errno.ENOBUFS


def test_an_unflagged_table_is_read_until_two_reads_agree():
    unsteady: t.List[str] = []
    assert netlink.steady(read(["a"], ["a"]), "rules", unsteady, twice=True) == ("a",)
    assert netlink.steady(read(["a"], ["b"], ["c"], ["c"]), "rules", unsteady, twice=True) == ("c",)
    assert unsteady == []
    changing = [[str(number)] for number in range(netlink.TRIES + 1)]
    assert netlink.steady(read(*changing), "rules", unsteady, twice=True) == (str(netlink.TRIES),)
    assert unsteady == ["rules"]


@pytest.mark.parametrize("broken", [ImportError("none"), TypeError("too old"), AttributeError("odd")], ids=repr)
def test_no_usable_pyroute2_is_said_so(monkeypatch, broken):
    class Finder:
        def find_spec(self, name: str, path: t.Any = None, target: t.Any = None) -> None:
            if name == "pyroute2":
                raise broken

    for name in [name for name in sys.modules if name.partition(".")[0] == "pyroute2"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(netlink.MissingPyroute2, match="0.7.2 or later is wanted"):
        netlink.Netlink(netlink.NETLINK_ROUTE)


def test_attributes_on_noise():
    hypothesis = pytest.importorskip("hypothesis")
    strategies = hypothesis.strategies

    @hypothesis.given(
        strategies.lists(strategies.tuples(strategies.integers(0, 0x3FFF), strategies.binary(max_size=40)))
    )
    def those_that_were_packed_are_found(pairs):
        packed = b"".join(netlink.pack_attribute(kind, value) for kind, value in pairs)
        assert netlink.attributes(packed, 0, len(packed)) == dict(pairs)

    @hypothesis.given(strategies.binary(max_size=200), strategies.integers(0, 210), strategies.integers(0, 210))
    def noise_ends(data, start, end):
        for value in netlink.attributes(data, start, min(end, len(data))).values():
            assert len(value) <= len(data)

    @hypothesis.given(strategies.binary(max_size=200))
    def a_walk_ends(data):
        try:
            spans = list(netlink.walk(data))
        except netlink.Malformed:
            return
        assert all(end - start >= netlink.HEADER_SIZE for start, end in spans)

    @hypothesis.given(strategies.binary(max_size=200))
    def a_complaint_is_a_text_or_none(data):
        whole = message(netlink.NLMSG_ERROR, data, flags=0x200)
        assert isinstance(netlink.complaint_of(whole, 0), (str, type(None)))
        assert isinstance(netlink.error_of(whole, 0), int)

    those_that_were_packed_are_found()
    noise_ends()
    a_walk_ends()
    a_complaint_is_a_text_or_none()
