# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of pcap (draft-ietf-opsawg-pcap), as parts of bytes. Pure. Times are in nanoseconds.

Such a file knows no interfaces, directions and drops.
"""

from __future__ import annotations

import struct

from .packet import Counted, Packet

NAME = "pcap"
_MAGIC = 0xA1B23C4D
_SECOND = 1000000000


class Writer:
    """The parts of a file, in the byte order of the host; as those of pcapng are asked for."""

    def __init__(self, linktype: int, snaplen: int, filtered_by: str) -> None:
        self._linktype = linktype
        self._snaplen = snaplen

    def head(self) -> bytes:
        return struct.pack("=IHHiIII", _MAGIC, 2, 4, 0, 0, self._snaplen, self._linktype)

    def announce(self, ifindex: int, name: str) -> bytes:
        return b""

    def forget(self, ifindex: int) -> None:
        pass

    def packet(self, packet: Packet, data: bytes, length: int) -> bytes:
        return struct.pack("=IIII", packet.time // _SECOND, packet.time % _SECOND, len(data), length) + data

    def written(self, packet: Packet) -> None:
        pass

    def tail(self, begun: int, ended: int, counted: Counted) -> bytes:
        return b""

    def room_for_tail(self) -> int:
        return 0

    def is_known(self, ifindex: int) -> bool:
        return True
