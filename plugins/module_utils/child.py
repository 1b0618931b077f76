# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do something in a process of its own, which is gone afterwards whatever happens."""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import time
import typing as t

_PR_SET_PDEATHSIG = 1
_CHUNK = 1 << 16


class Failed(Exception):
    """It could not be done; the message says why."""


class TooLong(Failed):
    """It was not done in time."""


def in_child(act: t.Callable[[], t.Any], seconds: float) -> t.Any:
    """What ``act`` returned in a child process, brought back as JSON. Raises TooLong, and Failed with its own words where it
    raised OSError, ValueError or Failed itself."""
    reading, writing = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _be_the_child(act, parent, writing)
    os.close(writing)
    try:
        told = json.loads(_read(reading, seconds))
    finally:
        os.close(reading)
        os.kill(pid, signal.SIGKILL)  # it has said what it had to say; until it is waited for, its id is its own
        os.waitpid(pid, 0)
    if "failed" in told:
        raise Failed(told["failed"])
    return told["result"]


def _be_the_child(act: t.Callable[[], t.Any], parent: int, writing: int) -> t.NoReturn:
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            try:
                told = {"result": act()}
            except Exception as exc:  # whatever it is: the parent must hear of it
                told = {"failed": str(exc) or type(exc).__name__}
            with os.fdopen(writing, "w", encoding="ascii") as stream:
                json.dump(told, stream)
    finally:
        os._exit(0)  # nothing of the parent's is run or flushed here


def _read(reading: int, seconds: float) -> bytes:
    deadline = time.monotonic() + seconds
    parts = []
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            raise TooLong("it was not done within %d seconds" % seconds)
        part = os.read(reading, _CHUNK)
        if not part:
            break
        parts.append(part)
    if not parts:
        raise Failed("its process ended without a word")
    return b"".join(parts)
