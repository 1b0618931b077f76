# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The systemd journal, by fields (journalctl(1), systemd.journal-fields(7)): of some units or of all, in a bounded window."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
import typing as t

from ..model import EventSource
from ..text import clean
from .line import LINE_LIMIT, Line

TIMEOUT = 30.0
"""Seconds after which journalctl is ended."""
MOST_BYTES = 64 << 20
"""Bytes of its output that are read."""
_ENTRIES = 5000
FIELDS = "MESSAGE,_PID,_COMM,SYSLOG_IDENTIFIER,_SYSTEMD_UNIT"


class NoJournal(Exception):
    """The journal cannot be read, or not all of it; the message says why."""


def command(unit: str, minutes: int, entries: int = _ENTRIES) -> t.List[str]:
    """What is run, and what a person would type (there without the output options)."""
    return ["journalctl", "--unit=%s" % unit, *_latest(minutes, entries), "--no-pager"]


def _latest(minutes: int, entries: int) -> t.List[str]:
    """Of the last minutes' entries the latest. With --since, and without --reverse, --lines means the first ones
    (systemd 252)."""
    return ["--since=-%dmin" % minutes, "--lines=%d" % entries, "--reverse"]


def lines(unit: str, minutes: int) -> t.Iterator[Line]:
    """The unit's entries of the last minutes, in no order that could be relied on. Raises NoJournal."""
    return _entries(command(unit, minutes), unit)


def read(
    minutes: int, units: t.Sequence[str] = (), words: t.Sequence[str] = (), cursor: str | None = None
) -> t.Iterator[Line]:
    """Entries of the last minutes, of some units or of all, in no order that could be relied on. Raises NoJournal.

    ``words``: only those entries are needed that hold one of these lower-case literals, in whatever case. Where journalctl
    can look for them itself, only those are read. ``cursor``: only what comes after the entry that has it.
    """
    what = " ".join(units) or "all units"
    # journalctl takes one beginning only: the entries after a cursor are held against the window here. With --lines it would
    # look for words backwards from the cursor.
    begin = ["--after-cursor=%s" % cursor] if cursor else _latest(minutes, _ENTRIES)
    argv = ["journalctl", *("--unit=%s" % unit for unit in units), *begin, "--no-pager"]
    oldest = time.time() - 60 * minutes if cursor else 0.0
    # A pattern without a capital letter ignores case. Only what is not a word of its own is escaped: PCRE is not Python.
    pattern = "|".join(re.sub(r"([^\w ',:-])", r"\\\1", word) for word in words)
    for narrowed in [["--grep=%s" % pattern], []] if words else [[]]:
        said = False
        try:
            for line in _entries([*argv, *narrowed], what):
                said = True
                if line.time is None or line.time >= oldest:
                    yield line
            return
        except NoJournal:
            # Before systemd 237, or built without PCRE: all are read, and what was not needed is sorted out later.
            if said or not narrowed:
                raise


def _entries(argv: t.Sequence[str], what: str) -> t.Iterator[Line]:
    program = shutil.which(argv[0])
    if program is None:
        raise NoJournal("there is no journalctl on this host")
    with contextlib.closing(_run([program, *argv[1:]], what)) as output:
        for count, raw in enumerate(output, 1):
            found = entry(raw)
            if found is not None:
                yield found
            if count >= _ENTRIES:
                raise NoJournal("only %d entries of the window were read, there may be more" % count)


def _run(argv: t.Sequence[str], what: str) -> t.Generator[bytes, None, None]:
    """Each line of what journalctl prints, as it comes: what is not needed is never held."""
    with tempfile.TemporaryFile() as errors:
        try:
            child = subprocess.Popen(  # pylint: disable=ansible-bad-function  # there is no AnsibleModule here
                [*argv, "--quiet", "--output=json", "--output-fields=%s" % FIELDS],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=dict(os.environ, LC_ALL="C"),
            )
        except (OSError, ValueError) as exc:
            raise NoJournal("journalctl for %s cannot be run: %s" % (what, exc)) from exc
        late = threading.Event()

        def end() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(TIMEOUT, end)
        timer.daemon = True
        timer.start()
        left = MOST_BYTES
        said = False
        try:
            with t.cast(t.BinaryIO, child.stdout) as output:
                while left > 0:
                    raw = output.readline(left)
                    if not raw:
                        break
                    left -= len(raw)
                    said = True
                    yield raw
            if left <= 0:
                raise NoJournal("only the first %d bytes of the entries for %s were read" % (MOST_BYTES, what))
            status = child.wait()
        finally:
            timer.cancel()
            child.kill()
            child.wait()
        errors.seek(0)
        complaint = clean(errors.read(2000).strip(), 200)
    if late.is_set():
        raise NoJournal("journalctl for %s did not end within %d seconds" % (what, TIMEOUT))
    # With --grep it ends with status 1 where nothing was found.
    if status != 0 and (complaint or status != 1 or said):
        raise NoJournal("journalctl for %s failed with status %d: %s" % (what, status, complaint))


def entry(raw: bytes) -> Line | None:
    """One line of journalctl's JSON with ``FIELDS``; None for what is no entry with a text."""
    try:
        fields = json.loads(raw)
        message = _text(fields["MESSAGE"])
        moment = int(fields["__REALTIME_TIMESTAMP"]) / 1e6
        pid = int(fields["_PID"]) if "_PID" in fields else None
        if message is None:
            return None
        unit = _text(fields.get("_SYSTEMD_UNIT"))
        return Line(
            text=message[:LINE_LIMIT],
            pid=pid,
            time=moment,
            program=_text(fields.get("SYSLOG_IDENTIFIER")) or _text(fields.get("_COMM")),
            unit=unit,
            source=EventSource("journal", unit=unit, cursor=_text(fields.get("__CURSOR"))),
            command=_shown(unit, int(moment)),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _shown(unit: str | None, second: int) -> str:
    """What a person would type to see the entry: its unit's of that second."""
    words = ["--unit=%s" % unit] if unit else []
    return shlex.join(["journalctl", *words, "--since=@%d" % second, "--until=@%d" % (second + 1)])


def _text(value: t.Any) -> str | None:
    """A field. What is not UTF-8 comes as a list of byte values, a field that an entry has twice as a list of both."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        if isinstance(value[0], int):
            return bytes(value).decode("utf-8", "replace")
        return _text(value[0])
    return None
