# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a packet is in a file: a link type (https://www.tcpdump.org/linktypes.html) and the bytes that go with it. Pure.

The kernel takes a VLAN tag out of a frame and tells it beside: in the file it stands where it was on the wire.
"""

from __future__ import annotations

import struct

from .packet import Packet

ETHERNET = 1
COOKED = 113
"""LINKTYPE_LINUX_SLL: a header made of what the kernel says, in place of the link's own."""
_ADDRESSES = 12
"""Bytes of an Ethernet header before its ethertype."""


def ethernet(packet: Packet, snaplen: int) -> tuple[bytes, int]:
    """The bytes that are kept, and how many there were."""
    if packet.tag is None:
        return packet.data, packet.length
    tag = struct.pack("!HH", *packet.tag)
    return (packet.data[:_ADDRESSES] + tag + packet.data[_ADDRESSES:])[:snaplen], packet.length + len(tag)


def cooked(packet: Packet, snaplen: int) -> tuple[bytes, int]:
    """The same for what begins with the header of IP."""
    address = packet.address[:8]
    head = struct.pack("!HHH8s", packet.kind, packet.hardware, len(address), address)
    if packet.tag is not None:
        head += struct.pack("!HH", *packet.tag)
    head += struct.pack("!H", packet.protocol)
    return (head + packet.data)[:snaplen], len(head) + packet.length
