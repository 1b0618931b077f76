# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that outlive the one who started them, known by process id and start time.

A program's file ``NAME.stat`` is a copy of its /proc/PID/stat, written by the process itself before it becomes the program:
whatever happens to the starter, no program is unknown, and a process id that was given to somebody else is told apart.
"""

from __future__ import annotations

import os
import pathlib
import select
import signal
import subprocess
import time
import typing as t

_STARTER = 'file=$1; shift; cat "/proc/$$/stat" >"$file.new" && mv "$file.new" "$file" && exec "$@"'
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0


class Died(Exception):
    """A program did not come up."""


class Program:
    """One program of a host, in the host's directory."""

    def __init__(self, where: pathlib.Path, name: str) -> None:
        self.name = name
        self.stat = where / (name + ".stat")
        self.out = where / (name + ".out")

    def start(self, argv: t.Sequence[str], ready: t.Callable[[], bool]) -> None:
        """Raises Died where it ends or is not ready in time."""
        self.stat.unlink(missing_ok=True)
        with self.out.open("wb") as out:
            starter = ["setsid", "--fork", "sh", "-c", _STARTER, "sh", str(self.stat), *argv]
            subprocess.run(
                starter, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=_START_SECONDS, check=True
            )
        deadline = time.monotonic() + _START_SECONDS
        while not (self.stat.exists() and ready()):
            gone = self.stat.exists() and not self.alive()
            if gone or time.monotonic() > deadline:
                what = "ended" if gone else "was not ready after %d seconds" % _START_SECONDS
                raise Died("%s %s: %s" % (self.name, what, self.out.read_text(errors="replace")[-2000:]))
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        return int(self.stat.read_text().split(None, 1)[0])

    def said(self, text: str) -> bool:
        return text in self.out.read_text(errors="replace")

    def alive(self) -> bool:
        return self._running() is not None

    def stop(self) -> None:
        """End it, if it is still the process that was started here."""
        pid = self._running()
        if pid is None:
            return
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            if self._running() is None:  # the id was given to another process before there was a handle
                return
            for number in (signal.SIGTERM, signal.SIGKILL):
                signal.pidfd_send_signal(handle, number)
                if select.select([handle], [], [], _STOP_SECONDS)[0]:
                    return
            raise Died("%s (pid %d) does not end" % (self.name, pid))
        except ProcessLookupError:
            pass
        finally:
            os.close(handle)

    def _running(self) -> int | None:
        try:
            recorded = _identity(self.stat.read_text())
            now = _identity(pathlib.Path("/proc/%d/stat" % recorded[0]).read_text())
        except (OSError, ValueError, IndexError):
            return None
        return recorded[0] if now[:2] == recorded[:2] and now[2] not in "ZX" else None


def _identity(stat: str) -> tuple[int, int, str]:
    """Process id, start time in clock ticks since boot, and state, of a /proc/PID/stat (proc(5))."""
    fields = stat[stat.rindex(")") + 1 :].split()
    return int(stat.split(None, 1)[0]), int(fields[19]), fields[0]
