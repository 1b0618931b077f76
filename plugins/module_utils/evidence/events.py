# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events that log files, the journal and traces tell of, one for each line. ``folding`` makes bursts of them."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Event, Unseen
from . import files, journal
from .recognise import MENTIONS, recognise


def from_logs(paths: t.Iterable[str], unseen: t.List[Unseen]) -> t.Iterator[Event]:
    """Of log files and of those rotated away beside them. What could not be read is added to ``unseen``."""
    for line in files.every(paths, unseen):
        event = recognise(line)
        if event is not None:
            yield event


def from_journal(
    since_minutes: int, units: t.Sequence[str], unseen: t.List[Unseen], cursor: str | None = None
) -> t.Iterator[Event]:
    """Of the journal's last minutes: of these units, of all where none is named. ``cursor``: only after that entry."""
    try:
        for line in journal.read(since_minutes, units, MENTIONS, cursor):
            event = recognise(line)
            if event is not None:
                yield event
    except journal.NoJournal as exc:
        unseen.append(Unseen("journal of %s" % (", ".join(units) or "all units"), str(exc)))


def from_strace(path: str, unseen: t.List[Unseen]) -> t.Iterator[Event]:
    """Of a file that strace wrote, or that has what it printed."""
    from .strace import Trace  # late: most runs read no trace

    trace = Trace()
    try:
        for line in files.lines(path):
            source = dataclasses.replace(line.source, kind="strace")
            event = trace.line(line.text, source, line.command)
            if event is not None:
                yield event
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        unseen.append(Unseen("strace %s" % path, why))
