# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The liveness protocol of the lab's daemon, against the bytes of the real one."""

from __future__ import annotations

import pytest
from liveness import INTERVAL, JITTER, Machine, Packet, State, unpack

HEAD = bytes.fromhex("204003284023e14700000000000493e0000493e00100070105")
"""The beginning of a packet of the real daemon, as strace showed it."""


def test_a_packet_of_the_real_daemon() -> None:
    data = HEAD + bytes(15)
    packet = unpack(data)
    assert packet == Packet(State.DOWN, 0x4023E147, 0, 300_000, 300_000, 3, True, (0, 7, 1, 5))
    assert packet.pack() == data


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("passive", [False, True])
def test_what_is_packed_is_unpacked(state: State, passive: bool) -> None:
    packet = Packet(state, 0xFFFFFFFF, 1, 2, 0xFFFFFFFE, 255, passive, (1, 2, 3, 4))
    assert len(packet.pack()) == 40
    assert unpack(packet.pack()) == packet


@pytest.mark.parametrize(
    "data", [b"", HEAD, HEAD + bytes(16), b"\x40" + HEAD[1:] + bytes(15), b"\x20\x40\x03\x18" + bytes(36)]
)
def test_what_is_no_packet(data: bytes) -> None:
    with pytest.raises(ValueError, match="a control packet has"):
        unpack(data)


def exchange(sender: Machine, receiver: Machine, now: float) -> bool:
    return receiver.received(unpack(sender.packet().pack()), now)


def test_two_sessions_come_up() -> None:
    one, other = Machine(11), Machine(22)
    assert exchange(one, other, 0.0)
    assert (one.state, other.state) == (State.DOWN, State.INIT)
    assert exchange(other, one, 0.1)
    assert one.state is State.UP
    assert exchange(one, other, 0.2)
    assert other.state is State.UP
    assert not exchange(other, one, 0.3)


def up() -> tuple[Machine, Machine]:
    one, other = Machine(11), Machine(22)
    for _each in range(2):
        exchange(one, other, 0.0)
        exchange(other, one, 0.0)
    assert one.state is other.state is State.UP
    return one, other


def test_a_silent_peer_is_given_up_after_three_intervals_and_once() -> None:
    one, _other = up()
    assert not one.expired(3 * INTERVAL - 0.01)
    assert one.expired(3 * INTERVAL)
    assert one.state is State.DOWN
    assert not one.expired(100.0)


def test_a_peer_that_says_down_takes_the_session_down() -> None:
    one, other = up()
    other.expired(10.0)
    assert exchange(other, one, 10.0)
    assert one.state is State.DOWN


def test_a_peer_that_was_restarted_comes_up_again() -> None:
    one, _gone = up()
    new = Machine(33)
    exchange(new, one, 1.0)
    assert one.state is State.DOWN
    for now in (1.1, 1.2, 1.3):
        exchange(one, new, now)
        exchange(new, one, now)
    assert (one.state, new.state) == (State.UP, State.UP)


def test_what_is_for_another_session_is_ignored() -> None:
    one, _other = up()
    assert not one.received(Packet(State.DOWN, 22, 99), 1.0)
    assert one.state is State.UP


def test_while_down_the_interval_doubles_up_to_the_limit() -> None:
    machine = Machine(11, max_backoff=2.0)
    seconds = [machine.interval() for _each in range(8)]
    for got, wanted in zip(seconds, [0.3, 0.6, 1.2, 2.0, 2.0, 2.0, 2.0, 2.0]):
        assert wanted * (1 - JITTER) <= got <= wanted * (1 + JITTER)


def test_when_up_the_interval_is_short_again() -> None:
    one, other = Machine(11, max_backoff=60.0), Machine(22)
    for _each in range(8):
        one.interval()
    for _each in range(2):
        exchange(one, other, 0.0)
        exchange(other, one, 0.0)
    assert one.interval() <= INTERVAL * (1 + JITTER)
    one.expired(100.0)
    assert one.interval() <= INTERVAL * (1 + JITTER)
