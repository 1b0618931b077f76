# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The liveness protocol of doublezerod: the packet, and the state machine of one session. Pure: no socket, no clock.

It is BFD's scheme (RFC 5880) over UDP port 44880 with a packet of its own: 40 bytes, big-endian.
"""

from __future__ import annotations

import dataclasses
import enum
import random
import struct

PORT = 44880
LENGTH = 40
MULTIPLIER = 3
INTERVAL = 0.3
"""Seconds between two packets, wanted and offered."""
MAX_BACKOFF = 60.0
JITTER = 0.1

_LAYOUT = struct.Struct("!BBBBIIIIB4B15x")
_PASSIVE = 0x01


class State(enum.IntEnum):
    ADMIN_DOWN = 0
    DOWN = 1
    INIT = 2
    UP = 3


@dataclasses.dataclass(frozen=True)
class Packet:
    """One control packet. Intervals are in microseconds."""

    state: State
    local: int
    """Discriminator of the sender."""
    peer: int
    """The sender's idea of the receiver's discriminator; 0 while it has none."""
    desired_tx: int = round(INTERVAL * 1e6)
    required_rx: int = round(INTERVAL * 1e6)
    multiplier: int = MULTIPLIER
    passive: bool = False
    version: tuple[int, int, int, int] = (0, 7, 1, 5)
    """Of the client: major, minor, patch, channel."""

    def pack(self) -> bytes:
        return _LAYOUT.pack(
            1 << 5,
            self.state << 6,
            self.multiplier,
            LENGTH,
            self.local,
            self.peer,
            self.desired_tx,
            self.required_rx,
            _PASSIVE if self.passive else 0,
            *self.version,
        )


def unpack(data: bytes) -> Packet:
    """Raises ValueError for what is no packet of this protocol."""
    if len(data) != LENGTH:
        raise ValueError("a control packet has %d bytes, this one %d" % (LENGTH, len(data)))
    version, state, multiplier, length, local, peer, tx, rx, flags, *client = _LAYOUT.unpack(data)
    if version >> 5 != 1 or length != LENGTH:
        raise ValueError("a control packet has version 1 and length %d, not %d and %d" % (LENGTH, version >> 5, length))
    return Packet(
        state=State(state >> 6),
        local=local,
        peer=peer,
        desired_tx=tx,
        required_rx=rx,
        multiplier=multiplier,
        passive=bool(flags & _PASSIVE),
        version=(client[0], client[1], client[2], client[3]),
    )


class Machine:
    """The state of one session. Times are seconds of any one clock."""

    def __init__(self, discriminator: int, max_backoff: float = MAX_BACKOFF) -> None:
        self.discriminator = discriminator
        self.peer_discriminator = 0
        self.state = State.DOWN
        self.deadline: float | None = None
        """When the peer is given up."""
        self._max_backoff = max_backoff
        self._backoff = 1
        self._remote_tx = INTERVAL
        self._remote_rx = INTERVAL

    def packet(self) -> Packet:
        return Packet(self.state, self.discriminator, self.peer_discriminator)

    def received(self, packet: Packet, now: float) -> bool:
        """Did it change the state?"""
        if packet.peer not in (0, self.discriminator):
            return False
        before = self.state
        self.peer_discriminator = packet.local
        self._remote_tx = max(packet.desired_tx / 1e6, INTERVAL)
        self._remote_rx = max(packet.required_rx / 1e6, INTERVAL)
        self.deadline = now + packet.multiplier * self._remote_tx
        echoed = packet.peer == self.discriminator and packet.state >= State.INIT
        if before is State.UP and packet.state is State.DOWN:
            self._down()
        elif before is not State.UP:
            self.state = State.UP if echoed else State.INIT
        return self.state is not before

    def expired(self, now: float) -> bool:
        """Is the peer given up? True once."""
        if self.deadline is None or now < self.deadline:
            return False
        self._down()
        return True

    def interval(self) -> float:
        """Seconds until the next packet; while the session is down each answer is twice the one before."""
        seconds = max(INTERVAL, self._remote_rx)
        if self.state is State.DOWN:
            seconds = min(seconds * self._backoff, self._max_backoff)
            if seconds < self._max_backoff:
                self._backoff *= 2
        else:
            self._backoff = 1
        return seconds * random.uniform(1 - JITTER, 1 + JITTER)

    def _down(self) -> None:
        self.state = State.DOWN
        self.peer_discriminator = 0
        self.deadline = None
        self._backoff = 1
