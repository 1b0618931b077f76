# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of pcapng (draft-ietf-opsawg-pcapng), as parts of bytes. Pure. Times are in nanoseconds."""

from __future__ import annotations

import struct
import typing as t

from .packet import Counted, Packet

NAME = "pcapng"
_SECTION, _INTERFACE, _STATISTICS, _PACKET = 0x0A0D0D0A, 1, 5, 6
_MAGIC = 0x1A2B3C4D
_UNKNOWN_LENGTH = 0xFFFFFFFFFFFFFFFF
_APPLICATION = b"netmend.reclaim"
_IN, _OUT = 1, 2
_UNICAST, _MULTICAST, _BROADCAST, _PROMISCUOUS = 1, 2, 3, 4
_RECEPTION = {0: _UNICAST, 1: _BROADCAST, 2: _MULTICAST, 3: _PROMISCUOUS}
_NANOSECONDS = 9
_LONGEST_FILTER = 1000
"""Characters of a filter that is told in the file."""

Option = t.Tuple[int, bytes]


class Writer:
    """The blocks of a file with one section, in the byte order of the host."""

    def __init__(self, linktype: int, snaplen: int, filtered_by: str) -> None:
        self._linktype = linktype
        self._snaplen = snaplen
        self._filtered_by = filtered_by
        self._interfaces: t.Dict[int, t.Tuple[int, int]] = {}
        """By ifindex: the number in the file, and how many packets."""

    def head(self) -> bytes:
        fixed = struct.pack("=IHHQ", _MAGIC, 1, 0, _UNKNOWN_LENGTH)
        return _block(_SECTION, fixed + _options([(4, _APPLICATION)]))

    def announce(self, ifindex: int, name: str) -> bytes:
        """The block of an interface, before the first packet of it."""
        self._interfaces[ifindex] = len(self._interfaces), 0
        options = [(2, name.encode("utf-8", "backslashreplace")), (9, bytes([_NANOSECONDS]))]
        if 0 < len(self._filtered_by) <= _LONGEST_FILTER:
            options.append((11, b"\0" + self._filtered_by.encode()))
        return _block(_INTERFACE, struct.pack("=HHI", self._linktype, 0, self._snaplen) + _options(options))

    def forget(self, ifindex: int) -> None:
        """Its block was not written."""
        del self._interfaces[ifindex]

    def packet(self, packet: Packet, data: bytes, length: int) -> bytes:
        """The block of a packet whose interface is announced. Say :meth:`written` when it is."""
        number, _packets = self._interfaces[packet.ifindex]
        flags = _OUT if packet.is_outgoing else _IN | _RECEPTION.get(packet.kind, 0) << 2
        head = struct.pack("=IIIII", number, packet.time >> 32, packet.time & 0xFFFFFFFF, len(data), length)
        return _block(_PACKET, head + _padded(data) + _options([(2, struct.pack("=I", flags))]))

    def written(self, packet: Packet) -> None:
        number, packets = self._interfaces[packet.ifindex]
        self._interfaces[packet.ifindex] = number, packets + 1

    def tail(self, begun: int, ended: int, counted: Counted) -> bytes:
        """What was counted. The kernel counts drops for all interfaces together: they are told where there is but one."""
        if not self._interfaces:  # readers refuse a file without any
            return self.announce(0, "any")
        alone = len(self._interfaces) == 1
        return b"".join(
            self._statistics(number, packets, begun, ended, counted if alone else None)
            for number, packets in self._interfaces.values()
        )

    def room_for_tail(self) -> int:
        """Bytes that the tail takes at most."""
        return len(self._statistics(0, 0, 0, 0, Counted(0, 0))) * len(self._interfaces)

    def is_known(self, ifindex: int) -> bool:
        return ifindex in self._interfaces

    @staticmethod
    def _statistics(number: int, packets: int, begun: int, ended: int, counted: Counted | None) -> bytes:
        options = [(2, _time(begun)), (3, _time(ended)), (8, struct.pack("=Q", packets))]
        if counted is not None:
            options += [(6, struct.pack("=Q", counted.packets)), (7, struct.pack("=Q", counted.dropped))]
        return _block(_STATISTICS, struct.pack("=I", number) + _time(ended) + _options(options))


def _time(nanoseconds: int) -> bytes:
    return struct.pack("=II", nanoseconds >> 32, nanoseconds & 0xFFFFFFFF)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _options(options: t.Iterable[Option]) -> bytes:
    parts = [struct.pack("=HH", code, len(value)) + _padded(value) for code, value in options]
    return b"".join(parts) + struct.pack("=HH", 0, 0)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("=I", len(body) + 12)
    return struct.pack("=I", kind) + length + body + length
