# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of one transaction: JSON lines, each on the disk before what it announces is done.

A line that was cut short (a power cut, a full disk) is as if it had never been written: readers leave it out, and the
next record takes its place. What must be written even on a full disk finds room in a reserve that is set aside when
nothing has been changed yet.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import typing as t

from ..bounds import encodable
from .place import sync_directory

Record = t.Dict[str, t.Any]

BEGIN, PLAN, CHECKPOINT, ARMED = "begin", "plan", "checkpoint", "armed"
DOING, DONE, SKIPPED, FAILED = "doing", "done", "skipped", "failed"
APPLIED, PROOF, CONFIRMED = "applied", "proof", "confirmed"
"""All steps are done; all is as it should be, as far as the host can tell; so it is from outside."""
ROLLING_BACK, ROLLED_BACK, ENDED = "rolling-back", "rolled-back", "ended"
_RESERVE = 1 << 16
"""Bytes: the records of a rollback are smaller."""


class Unwritable(Exception):
    """A record could not be written, so what it announces must not be done."""


class Journal:
    """``directory`` is that of the transaction."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self.path = os.path.join(directory, "journal")
        self._reserve = os.path.join(directory, "reserve")

    def begin(self, **fields: t.Any) -> None:
        """The first record, with room set aside for the last ones. Raises Unwritable."""
        try:
            with open(self._reserve, "wb") as stream:
                os.posix_fallocate(stream.fileno(), 0, _RESERVE)
                os.fsync(stream.fileno())
        except OSError as exc:
            raise Unwritable("%s cannot be written: %s" % (self._directory, exc)) from exc
        self.append(BEGIN, **fields)
        sync_directory(self._directory)

    def append(self, record: str, **fields: t.Any) -> None:
        """Write a record; it is on the disk when this returns. Raises Unwritable."""
        line = json.dumps(encodable(dict(record=record, at=round(time.time(), 3), **fields)), separators=(",", ":"))
        try:
            self._write(line.encode("ascii") + b"\n")
        except OSError as exc:
            raise Unwritable("the journal %s cannot be written: %s" % (self.path, exc)) from exc

    def append_at_last(self, record: str, **fields: t.Any) -> bool:
        """The same with the room that was set aside; whether it could be written."""
        for attempt in ("as it is", "with the reserve"):
            if attempt == "with the reserve":
                with contextlib.suppress(OSError):
                    os.unlink(self._reserve)
            with contextlib.suppress(Unwritable):
                self.append(record, **fields)
                return True
        return False

    def size(self) -> int:
        """Grows with each record, whoever wrote it."""
        try:
            return os.stat(self.path).st_size
        except FileNotFoundError:
            return 0

    def settle(self) -> None:
        """No more records will come."""
        with contextlib.suppress(OSError):
            os.unlink(self._reserve)

    def read(self, *kinds: str) -> t.List[Record]:
        """The records of these kinds, or all. None where there is no journal: the transaction ended before it began.

        Kinds are told by how a line starts: what can be large (plans, checkpoints) is only decoded where it is wanted.
        """
        starts = tuple(b'{"record":"%s"' % kind.encode() for kind in kinds)
        try:
            with open(self.path, "rb") as stream:
                # Behind the last line's end there is nothing, or half a line
                lines = [line[:-1] for line in stream if line.endswith(b"\n")]
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines if not starts or line.startswith(starts)]

    def _write(self, line: bytes) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = _whole_lines(descriptor)
            os.ftruncate(descriptor, size)
            try:
                rest = memoryview(line)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                os.fsync(descriptor)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)


def _whole_lines(descriptor: int) -> int:
    """Bytes up to the end of the last whole line."""
    end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - (1 << 16))
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
