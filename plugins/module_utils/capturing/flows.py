# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in a capture, for a reader who has not opened it: its flows, and its first packets in words. Pure.

Packets are hostile: nothing in them is more than a number or an address here, and flows are told apart up to a bound.
"""

from __future__ import annotations

import datetime
import ipaddress
import typing as t

from . import words
from .packet import Packet

MOST = 4096
"""Flows that are told apart; packets of others are only counted."""
SHOWN = 20
LINES = 10
_NAMES = {number: name for name, number in words.PROTOCOLS.items()}
_TYPES = {
    family: {numbers[family]: name for name, numbers in words.TYPES.items() if family in numbers} for family in (4, 6)
}
_REQUEST, _REPLY = 1, 2
_SECOND = 1000000000


class Key(t.NamedTuple):
    """What tells flows apart. The bytes are as they are in the packet."""

    ifindex: int
    outgoing: bool
    ethertype: int
    protocol: int | None = None
    """Of IP; of ARP, the operation."""
    addresses: bytes = b""
    behind: bytes = b""
    """Ports; type and code of ICMP."""


def key_of(packet: Packet, start: int) -> Key:
    """``start``: where the packet's data hold what the frame carries; 0 where the link's header was cut off."""
    data, at = packet.data, start
    ethertype = int.from_bytes(data[at - 2 : at], "big") if start else packet.protocol
    while ethertype in words.TAGS and len(data) >= at + 4:
        ethertype, at = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
    where = (packet.ifindex, packet.is_outgoing, ethertype)
    if ethertype == words.IPV4 and len(data) >= at + 20:
        protocol = data[at + 9]
        first = not int.from_bytes(data[at + 6 : at + 8], "big") & 0x1FFF
        begin = at + 4 * (data[at] & 15)
        behind = _behind(protocol, 4, data, begin) if first else b""
        return Key(*where, protocol, data[at + 12 : at + 20], behind)
    if ethertype == words.IPV6 and len(data) >= at + 40:
        protocol = data[at + 6]
        return Key(*where, protocol, data[at + 8 : at + 40], _behind(protocol, 6, data, at + 40))
    if ethertype == words.ARP and len(data) >= at + 28:
        operation = int.from_bytes(data[at + 6 : at + 8], "big")
        return Key(*where, operation, data[at + 14 : at + 18] + data[at + 24 : at + 28])
    return Key(*where)


def _behind(protocol: int, family: int, data: bytes, begin: int) -> bytes:
    size = 4 if protocol in words.WITH_PORTS else 2 if protocol == words.ICMP[family] else 0
    found = data[begin : begin + size]
    return found if len(found) == size else b""


class Flows:
    """Counts packets as they come."""

    def __init__(self, cooked: bool) -> None:
        self._start = 0 if cooked else 14
        self._flows: t.Dict[Key, t.List[int]] = {}
        """Packets, bytes, first, last."""
        self._first: t.List[t.Tuple[Key, int, int]] = []
        self.beyond = 0
        """Packets of flows that are not told apart."""

    def add(self, packet: Packet) -> None:
        key = key_of(packet, self._start)
        if len(self._first) < LINES:
            self._first.append((key, packet.time, packet.length))
        known = self._flows.get(key)
        if known is not None:
            known[0] += 1
            known[1] += packet.length
            known[3] = packet.time
        elif len(self._flows) < MOST:
            self._flows[key] = [1, packet.length, packet.time, packet.time]
        else:
            self.beyond += 1

    @property
    def count(self) -> int:
        return len(self._flows)

    def shown(self, name: t.Callable[[int], str]) -> t.List[t.Dict[str, t.Any]]:
        """The flows with most packets. ``name`` tells an interface."""
        most = sorted(self._flows.items(), key=lambda item: (-item[1][0], item[1][2]))[:SHOWN]
        return [
            dict(
                described(key, name),
                packets=packets,
                bytes=size,
                first=first / _SECOND,
                last=last / _SECOND,
            )
            for key, (packets, size, first, last) in most
        ]

    def lines(self, name: t.Callable[[int], str]) -> t.List[str]:
        """The first packets, a line each."""
        return [_line(described(key, name), time, length) for key, time, length in self._first]


def described(key: Key, name: t.Callable[[int], str]) -> t.Dict[str, t.Any]:
    flow: t.Dict[str, t.Any] = {
        "interface": name(key.ifindex),
        "direction": "out" if key.outgoing else "in",
        "protocol": "ethertype 0x%04x" % key.ethertype,
        "source": None,
        "destination": None,
        "source_port": None,
        "destination_port": None,
        "type": None,
    }
    if key.protocol is None:
        return flow
    half = len(key.addresses) // 2
    flow["source"], flow["destination"] = (
        str(ipaddress.ip_address(part)) for part in (key.addresses[:half], key.addresses[half:])
    )
    if key.ethertype == words.ARP:
        flow["protocol"] = "arp"
        flow["type"] = {_REQUEST: "request", _REPLY: "reply"}.get(key.protocol, str(key.protocol))
        return flow
    family = 4 if key.ethertype == words.IPV4 else 6
    is_icmp = key.protocol == words.ICMP[family]
    flow["protocol"] = "icmp" if is_icmp else _NAMES.get(key.protocol, str(key.protocol))
    if is_icmp and key.behind:
        flow["type"] = _TYPES[family].get(key.behind[0], str(key.behind[0]))
    elif key.behind:
        flow["source_port"] = int.from_bytes(key.behind[:2], "big")
        flow["destination_port"] = int.from_bytes(key.behind[2:], "big")
    return flow


def _line(flow: t.Mapping[str, t.Any], time: int, length: int) -> str:
    stamp = datetime.datetime.fromtimestamp(time // _SECOND, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    parts = ["%s.%06dZ" % (stamp, time % _SECOND // 1000), flow["interface"], flow["direction"], flow["protocol"]]
    parts += [flow["type"]] if flow["type"] else []
    if flow["source"]:
        ends = (_end(flow[end], flow[end + "_port"]) for end in ("source", "destination"))
        parts.append("%s > %s" % tuple(ends))
    return " ".join([*parts, "%d bytes" % length])


def _end(address: str, port: int | None) -> str:
    if port is None:
        return address
    return ("[%s]:%d" if ":" in address else "%s:%d") % (address, port)
