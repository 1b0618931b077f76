# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log files' errors as they are written. A file that is rotated away is read to its end first, then the new one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import files
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.line import LINE_LIMIT, Line, writer
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.recognise import recognise
from ansible_collections.netmend.reclaim.plugins.module_utils.model import EventSource

from .happening import missed, of_event
from .removals import Tell
from .splitting import Splitter

POLL = 0.5
_CHUNK = 1 << 18
_MOST_BEHIND = 16 << 20
"""Bytes that are read at most of what was written between two looks; of more, the last ones."""


class Log:
    """One log file, by its name."""

    def __init__(self, path: str, tell: Tell) -> None:
        self._path = path
        self._tell = tell
        self._stream: t.BinaryIO | None = None
        self._splitter = Splitter(LINE_LIMIT)
        self._open(from_end=True)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def read(self) -> bool:
        """A piece of what was written; is there more at once?"""
        if self._stream is None:
            self._open(from_end=False)
        stream = self._stream
        if stream is None:
            return False
        status = os.fstat(stream.fileno())
        at = stream.tell()
        if status.st_size < at:  # truncated in place (copytruncate)
            stream.seek(0)
        elif status.st_size - at > _MOST_BEHIND:
            stream.seek(status.st_size - _MOST_BEHIND)
            self._splitter = Splitter(LINE_LIMIT)
            self._tell(missed("more was written to %s than could be read" % self._path))
        data = stream.read(_CHUNK)
        for raw in self._splitter.feed(data):
            self._line(raw, status.st_mtime)
        if data:
            return True
        if self._is_another(status):
            self.close()
            return os.path.exists(self._path)
        return False

    def _is_another(self, status: os.stat_result) -> bool:
        try:
            return not os.path.samestat(os.stat(self._path), status)
        except OSError:  # moved away, and nothing in its place yet: whoever has it open may still write to it
            return False

    def _open(self, from_end: bool) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream = files.opened(self._path)
            self._splitter = Splitter(LINE_LIMIT)
            if from_end:
                self._stream.seek(0, os.SEEK_END)

    def _line(self, raw: bytes, written: float) -> None:
        text = raw.decode("utf-8", "replace")
        source = EventSource("log", path=self._path)
        event = recognise(Line(text=text, pid=writer(text), source=source, written=written))
        if event is not None:
            self._tell(of_event(event))


async def follow(paths: t.Sequence[str], tell: Tell, poll: float = POLL) -> None:
    """Until it is cancelled. A file that is not there, or may not be read, is waited for."""
    logs = [Log(path, tell) for path in paths]
    try:
        while True:
            more = [log.read() for log in logs]
            await asyncio.sleep(0 if any(more) else poll)
    finally:
        for log in logs:
            log.close()
