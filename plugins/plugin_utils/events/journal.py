# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal's errors as they are written: journalctl as a child that is started again where it dies, and dies with us."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import re
import shutil
import tempfile
import time
import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.journal import FIELDS, entry
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.recognise import MENTIONS, recognise
from ansible_collections.netmend.reclaim.plugins.module_utils.text import clean

from .happening import missed, of_event
from .removals import Tell
from .splitting import Splitter

TRIES = 6
"""How often in a row journalctl may end without having lived for a while."""
LIVED = 30.0
_FIRST_PAUSE = 0.5
"""Seconds before it is started again; each further time twice as long."""
_CHUNK = 1 << 16
_LONGEST = 1 << 20
_MENTION = re.compile("|".join(re.escape(words) for words in MENTIONS).encode(), re.IGNORECASE)
_BYTES = b'"MESSAGE":['
"""journalctl's way to write what is no UTF-8: no word can be looked for in it."""
_CURSOR = re.compile(rb'"__CURSOR"\s*:\s*"([^"\\]{1,500})"')
_UNIT = re.compile(r"/([^/\n]+\.(?:service|scope))(?:/|$)", re.MULTILINE)
_OUR_PROGRAMS = "ansible"
"""What modules and ansible-rulebook call themselves in the journal: they write of errors that they found."""


class NoJournal(Exception):
    """It cannot be followed; the message says why."""


class _Reader:
    """Makes happenings of what journalctl prints, and remembers where it is."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._own_unit = own_unit()
        self.cursor: str | None = None

    def line(self, raw: bytes) -> None:
        found = _CURSOR.search(raw)
        if found:
            self.cursor = found.group(1).decode("ascii", "replace")
        if not (_MENTION.search(raw) or _BYTES in raw):
            return
        line = entry(raw)
        if line is None or (line.program or "").startswith(_OUR_PROGRAMS):
            return
        if line.unit is not None and line.unit == self._own_unit:
            return
        event = recognise(line)
        if event is not None:
            self._tell(of_event(event))


async def follow(units: t.Sequence[str], tell: Tell, first_pause: float = _FIRST_PAUSE) -> None:
    """Until it is cancelled. Raises NoJournal where journalctl is not there, or ends again and again."""
    reader = _Reader(tell)
    tries = 0
    while True:
        begun = time.monotonic()
        complaint = await _run(_command(units, reader.cursor), reader)
        if time.monotonic() - begun >= LIVED:
            tries = 0
        tries += 1
        if tries >= TRIES:
            raise NoJournal("journalctl ended %d times in a row: %s" % (tries, complaint or "without a word"))
        if reader.cursor is None or tries > 1:
            # No entry to go on from, or that one is no longer there (it was vacuumed).
            reader.cursor = None
            tell(missed("journalctl ended, and what was written until it was started again was not read"))
        await asyncio.sleep(first_pause * 2 ** (tries - 1))


def _command(units: t.Sequence[str], cursor: str | None) -> t.List[str]:
    program = shutil.which("journalctl")
    if program is None:
        raise NoJournal("there is no journalctl on this host: set journal to false, and name log files in logs")
    begin = ["--lines=0"] if cursor is None else ["--no-tail", "--after-cursor=%s" % cursor]
    argv = [program, *("--unit=%s" % unit for unit in units), "--follow", *begin, "--no-pager", "--quiet"]
    argv += ["--output=json", "--output-fields=%s" % FIELDS]
    guard = shutil.which("setpriv")  # util-linux: whatever kills us, the kernel then ends the child
    return [guard, "--pdeathsig", "KILL", "--", *argv] if guard else argv


async def _run(argv: t.Sequence[str], reader: _Reader) -> str:
    """One life of journalctl; what it complained of."""
    with tempfile.TemporaryFile() as errors:
        child = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env=dict(os.environ, LC_ALL="C"),
        )
        try:
            splitter = Splitter(_LONGEST)
            output = t.cast(asyncio.StreamReader, child.stdout)
            while True:
                data = await output.read(_CHUNK)
                if not data:
                    break
                for raw in splitter.feed(data):
                    reader.line(raw)
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        errors.seek(0)
        return clean(errors.read(2000).strip(), 200)


def own_unit() -> str | None:
    """The systemd unit that we run in: what it writes is about what was found, and would be found again for ever."""
    with contextlib.suppress(OSError):
        found = _UNIT.search(pathlib.Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="replace"))
        return found.group(1) if found else None
    return None
