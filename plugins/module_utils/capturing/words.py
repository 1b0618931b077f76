# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names that a filter may use, and what they are on the wire. Pure data."""

from __future__ import annotations

import typing as t

PROTOCOLS: t.Dict[str, int] = {
    "ah": 51,
    "esp": 50,
    "gre": 47,
    "igmp": 2,
    "ipip": 4,
    "ospf": 89,
    "pim": 103,
    "sctp": 132,
    "sit": 41,
    "tcp": 6,
    "udp": 17,
    "vrrp": 112,
}
"""As IANA numbers them. ``icmp`` is another one in each family."""
TCP, UDP, SCTP = 6, 17, 132
ICMP: t.Dict[int, int] = {4: 1, 6: 58}
WITH_PORTS = (TCP, UDP, SCTP)

TYPES: t.Dict[str, t.Dict[int, int]] = {
    "echo-reply": {4: 0, 6: 129},
    "echo-request": {4: 8, 6: 128},
    "neighbour-advertisement": {6: 136},
    "neighbour-solicitation": {6: 135},
    "packet-too-big": {6: 2},
    "parameter-problem": {4: 12, 6: 4},
    "redirect": {4: 5, 6: 137},
    "router-advertisement": {4: 9, 6: 134},
    "router-solicitation": {4: 10, 6: 133},
    "time-exceeded": {4: 11, 6: 3},
    "unreachable": {4: 3, 6: 1},
}
"""Types of ICMP (RFC 792, RFC 1256) and ICMPv6 (RFC 4443, RFC 4861) by family. IPv4 tells a packet that is too big as
unreachable."""

FLAGS: t.Dict[str, int] = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32}
"""Flags of TCP (RFC 9293)."""

IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
TAGS = (0x8100, 0x88A8)
"""Ethertypes: of what a frame carries, and of a VLAN tag before it."""
FRAGMENT = 44
"""The next header of an IPv6 fragment."""
