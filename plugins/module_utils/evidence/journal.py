# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The systemd journal of one unit, by fields (journalctl(1), systemd.journal-fields(7))."""

from __future__ import annotations

import json
import shutil
import subprocess
import typing as t

from .line import LINE_LIMIT, Line

TIMEOUT = 30.0
"""Seconds after which journalctl is ended."""
_ENTRIES = 5000


class NoJournal(Exception):
    """The journal cannot be read; the message says why."""


def command(unit: str, minutes: int, entries: int = _ENTRIES) -> t.List[str]:
    """What is run, and what a person would type (there without the output options)."""
    return ["journalctl", "--unit=%s" % unit, "--since=-%dmin" % minutes, "--lines=%d" % entries, "--no-pager"]


def lines(unit: str, minutes: int) -> t.Iterator[Line]:
    """The unit's entries of the last minutes, oldest first. Raises NoJournal."""
    program = shutil.which("journalctl")
    if program is None:
        raise NoJournal("there is no journalctl on this host")
    argv = command(unit, minutes)[1:] + ["--quiet", "--output=json", "--output-fields=MESSAGE,_PID"]
    try:
        done = subprocess.run(  # pylint: disable=ansible-bad-function  # there is no AnsibleModule here
            [program] + argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise NoJournal("journalctl for %s did not answer: %s" % (unit, exc)) from exc
    if done.returncode != 0:
        raise NoJournal("journalctl for %s failed: %s" % (unit, done.stderr.decode("utf-8", "replace").strip()[:200]))
    for raw in done.stdout.splitlines():
        entry = _entry(raw)
        if entry is not None:
            yield entry


def _entry(raw: bytes) -> Line | None:
    try:
        fields = json.loads(raw)
        message = fields["MESSAGE"]
        time = int(fields["__REALTIME_TIMESTAMP"]) / 1e6
        pid = int(fields["_PID"]) if "_PID" in fields else None
    except (ValueError, KeyError, TypeError):
        return None
    if isinstance(message, list):  # what is not UTF-8 comes as a list of byte values
        try:
            message = bytes(message).decode("utf-8", "replace")
        except (ValueError, TypeError):
            return None
    return Line(text=message[:LINE_LIMIT], pid=pid, time=time) if isinstance(message, str) else None
