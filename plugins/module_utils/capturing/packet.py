# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One captured packet. Pure."""

from __future__ import annotations

import typing as t

ETHERNET_TYPES = (1, 772)
"""ARPHRD_ETHER and ARPHRD_LOOPBACK (linux/if_arp.h): links whose frames begin with an Ethernet header."""
OUTGOING = 4
"""PACKET_OUTGOING (linux/if_packet.h): sent by this host. Below are to it, to all, to many, to others."""


class Packet(t.NamedTuple):
    """What the kernel hands over (packet(7))."""

    time: int
    """Nanoseconds since the epoch."""
    ifindex: int
    protocol: int
    """Ethertype."""
    kind: int
    """PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST, OUTGOING: 0 to 4."""
    hardware: int
    """ARPHRD of the interface."""
    address: bytes
    """The sender's address on the link, at most 8 bytes; empty where there is none."""
    tag: t.Tuple[int, int] | None
    """A VLAN tag that was in front of what the frame carries: its ethertype and its two bytes."""
    data: bytes
    """As much as was asked for. Begins with the Ethernet header, or with that of IP where the link's was cut off."""
    length: int
    """Bytes that it had on the wire, from where ``data`` begins."""

    @property
    def is_outgoing(self) -> bool:
        return self.kind == OUTGOING


class Counted(t.NamedTuple):
    """PACKET_STATISTICS: what passed the filter, and what of it found no room in the socket's buffer."""

    packets: int
    dropped: int
