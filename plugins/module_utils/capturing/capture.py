# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A capture from its request to its file: begun, bounded, ended."""

from __future__ import annotations

import shlex
import time
import typing as t

from ..evidence.ssh_connection import ancestors, told
from ..text import clean
from . import records
from .flows import Flows
from .packet import Packet
from .place import File, Full, check_space, sweep
from .program import COOKED, ETHERNET
from .request import Request
from .tap import Gone, Tap

_FLUSH = 256 << 10
_NAME = 64
Result = t.Dict[str, t.Any]


def capture(params: t.Mapping[str, t.Any], check: bool, directory: t.Callable[[], str]) -> Result:
    """What the module returns. ``check``: nothing is captured and no file made.

    ``directory``: where the file is put; it is private to this user. Raises ValueError and OSError with the words for the
    user.
    """
    request = Request(params, told(ancestors()))
    place = directory()
    with Tap(request.interface, request.netns) as tap:
        program = request.program(COOKED if tap.is_cooked else ETHERNET)
        result: Result = {
            "changed": True,
            "format": request.format,
            "bounds": request.bounds,
            "command": clean(" ".join(map(shlex.quote, request.command)), 4096),
        }
        if check:
            check_space(place, request.bytes)
            return dict(result, captured=False)
        sweep(place)
        with File(place, request.format, request.bytes) as file:
            recording = _Recording(request, tap, file)
            tap.listen(program, request.snaplen)
            recording.run()
            return dict(result, captured=True, **recording.told())


class _Recording:
    """Writes packets until a bound is reached."""

    def __init__(self, request: Request, tap: Tap, file: File) -> None:
        self._request, self._tap, self._file = request, tap, file
        self._kept = records.cooked if tap.is_cooked else records.ethernet
        self._writer = request.writer(records.COOKED if tap.is_cooked else records.ETHERNET)
        self._flows = Flows(tap.is_cooked)
        self._waiting: t.List[bytes] = []
        self._size = 0
        """Bytes that wait to be written."""
        self._packets = self._written = 0
        self._interfaces: t.Dict[int, None] = {}

    def run(self) -> None:
        self._put(self._writer.head())
        if self._tap.index:
            self._put(self._writer.announce(self._tap.index, self._name(self._tap.index)))
        begun, started = time.time_ns(), time.monotonic()
        try:
            self._ended_by = self._record(started + self._request.seconds)
        except Gone:
            self._ended_by = "interface"
        except Full:
            self._ended_by = "space"
        self._seconds = (self._tap.ended or time.monotonic()) - started
        self._counted = self._tap.counted()
        try:
            self._put(self._writer.tail(begun, time.time_ns(), self._counted))
            self._flush()
        except Full:
            self._ended_by = "space"
        self._checksum = self._file.checksum()

    def _record(self, until: float) -> str:
        for packet in self._tap.packets(until):
            if packet is None:
                self._flush()
                self._file.hold_space()
            elif not self._take(packet):
                return "bytes"
            elif self._packets >= self._request.packets:
                return "packets"
        return "time"

    def _take(self, packet: Packet) -> bool:
        """Whether there was room for it."""
        data, length = self._kept(packet, self._request.snaplen)
        is_new = not self._writer.is_known(packet.ifindex)
        block = self._writer.announce(packet.ifindex, self._name(packet.ifindex)) if is_new else b""
        block += self._writer.packet(packet, data, length)
        if self._file.size + self._size + len(block) + self._writer.room_for_tail() > self._request.bytes:
            if is_new:
                self._writer.forget(packet.ifindex)
            return False
        self._writer.written(packet)
        self._flows.add(packet)
        self._interfaces[packet.ifindex] = None
        self._packets += 1
        self._put(block)
        if self._size >= _FLUSH:
            self._flush()
            self._file.hold_space()
        return True

    def _put(self, block: bytes) -> None:
        self._waiting.append(block)
        self._size += len(block)

    def _flush(self) -> None:
        waiting = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        self._file.write(waiting)
        self._written = self._packets

    def _name(self, ifindex: int) -> str:
        return clean(self._tap.name(ifindex), _NAME)

    def told(self) -> Result:
        shown = self._flows.shown(self._name)
        warnings = []
        if self._tap.was_down:
            warnings.append(
                "%s was down for a time; nothing is captured then" % clean(self._tap.interface or "", _NAME)
            )
        return {
            "remote_path": self._file.path,
            "checksum": self._checksum,
            "size": self._file.size,
            "packets": self._written,
            "dropped": self._counted.dropped,
            "seconds": round(self._seconds, 3),
            "ended_by": self._ended_by,
            "interfaces": [self._name(ifindex) for ifindex in self._interfaces][:_NAME],
            "flows": shown,
            "flows_omitted": self._flows.count - len(shown),
            "packets_beyond": self._flows.beyond,
            "lines": self._flows.lines(self._name),
            "warnings": warnings,
        }
