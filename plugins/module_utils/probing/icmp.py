# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ICMP and ICMPv6 (RFC 792, RFC 4443): the messages that are sent, and what those that come back say."""

from __future__ import annotations

import struct
import typing as t

REQUEST = {4: 8, 6: 128}
REPLY = {4: 0, 6: 129}
"""Types of the echo messages, by family."""

_UNREACHABLE: t.Mapping[int, t.Tuple[str, str]] = {
    0: ("net-unreachable", "network unreachable"),
    1: ("host-unreachable", "host unreachable"),
    2: ("protocol-unreachable", "protocol unreachable"),
    3: ("port-unreachable", "port unreachable: nobody listens there, or a firewall says so"),
    4: ("too-big", "fragmentation needed: the packet is larger than the next link takes"),
    5: ("source-route-failed", "source route failed"),
    6: ("net-unreachable", "destination network unknown"),
    7: ("host-unreachable", "destination host unknown"),
    8: ("host-unreachable", "source host isolated"),
    9: ("prohibited", "network administratively prohibited: a firewall rejects it"),
    10: ("prohibited", "host administratively prohibited: a firewall rejects it"),
    11: ("net-unreachable", "network unreachable for this type of service"),
    12: ("host-unreachable", "host unreachable for this type of service"),
    13: ("prohibited", "communication administratively prohibited: a firewall rejects it"),
    14: ("prohibited", "host precedence violation"),
    15: ("prohibited", "precedence cutoff in effect"),
}
_UNREACHABLE6: t.Mapping[int, t.Tuple[str, str]] = {
    0: ("net-unreachable", "no route to destination"),
    1: ("prohibited", "communication administratively prohibited: a firewall rejects it"),
    2: ("beyond-scope", "beyond the scope of the source address"),
    3: ("host-unreachable", "address unreachable"),
    4: ("port-unreachable", "port unreachable: nobody listens there, or a firewall says so"),
    5: ("prohibited", "source address failed the ingress or egress policy"),
    6: ("net-unreachable", "reject route to destination"),
}
_BIG: t.Mapping[int, t.Tuple[str, str]] = {0: ("too-big", "packet too big: it is larger than the next link takes")}
_TIME: t.Mapping[int, t.Tuple[str, str]] = {
    0: ("ttl-exceeded", "time to live exceeded in transit"),
    1: ("reassembly-exceeded", "fragment reassembly time exceeded"),
}
_PARAMETER: t.Mapping[int, t.Tuple[str, str]] = dict.fromkeys(
    range(4), ("parameter-problem", "parameter problem: the packet's header was not understood")
)
_WORDS: t.Mapping[t.Tuple[int, int], t.Mapping[int, t.Tuple[str, str]]] = {
    (4, 3): _UNREACHABLE,
    (4, 11): _TIME,
    (4, 12): _PARAMETER,
    (6, 1): _UNREACHABLE6,
    (6, 2): _BIG,
    (6, 3): _TIME,
    (6, 4): _PARAMETER,
}
"""By family and type, then by code: the name that both families share, and the words."""
NAMES = tuple(sorted({name for codes in _WORDS.values() for name, _words in codes.values()})) + ("other",)


def meaning(family: int, kind: int, code: int) -> t.Tuple[str, str]:
    """The name of an ICMP error, of ``NAMES``, and what it says in words."""
    found = _WORDS.get((family, kind), {}).get(code)
    return found or ("other", "ICMP%s type %d code %d" % ("v6" if family == 6 else "", kind, code))


def echo_request(family: int, number: int, sequence: int, payload: bytes) -> bytes:
    """An echo request; ``number`` is its identifier. The kernel itself fills in the checksum of ICMPv6, and number and
    checksum of what a ping socket sends."""

    def message(checksum: int) -> bytes:
        return struct.pack("!BBHHH", REQUEST[family], 0, checksum, number, sequence) + payload

    data = message(0) + b"\0" * (len(payload) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xFFFF) + (total >> 16)
    return message(~(total + (total >> 16)) & 0xFFFF)


def echo(data: bytes) -> t.Tuple[int, int, int, bytes] | None:
    """Type, identifier, sequence and payload of an echo message; None where it is too short for one."""
    if len(data) < 8:
        return None
    kind, _code, _checksum, number, sequence = struct.unpack("!BBHHH", data[:8])
    return kind, number, sequence, data[8:]


def without_header(data: bytes) -> bytes:
    """What follows the IPv4 header, which a raw socket shows."""
    return data[(data[0] & 0x0F) * 4 :] if data else data
