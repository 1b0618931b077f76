# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bursts folded: one event for all that differ in their time only.

Folded is what has the same error, program, unit, pid, local address, remote address and port, interface and source,
where a log and what was rotated away from it are one. The local port is kept where all have the same: a client that
tries again takes another one each time, and is one trouble. How many events are kept is bounded, for each source and in
all. Beyond that an event keeps its error and its source only: it is counted, and an event without program and flow says
that there were more.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Event, EventSource
from .rotation import log_of

GOING_ON = 300.0
"""Seconds: what was told within them, before or after ``now`` (clocks differ), is still going on."""
MOST_OF_A_SOURCE = 500
MOST = 5000

_Source = t.Tuple[str, t.Optional[str], t.Optional[str]]
_Key = t.Tuple[t.Any, ...]


@dataclasses.dataclass
class _Fold:
    event: Event
    """The last of them."""
    count: int
    first: float | None
    last: float | None
    local_port: int | None


class Folding:
    """Takes events one by one and keeps what they have in common."""

    def __init__(self, most_of_a_source: int = MOST_OF_A_SOURCE, most: int = MOST) -> None:
        self._folds: t.Dict[_Key, _Fold] = {}
        self._of_source: t.Dict[_Source, int] = {}
        self._most_of_a_source = most_of_a_source
        self._most = most

    def add(self, event: Event) -> None:
        path = event.source.path
        source = (event.source.kind, None if path is None else log_of(path), event.source.unit)
        key = (source, *_who_and_where(event))
        fold = self._folds.get(key)
        if fold is None and (
            self._of_source.get(source, 0) >= self._most_of_a_source or len(self._folds) >= self._most
        ):
            known = source in self._of_source
            if not known:  # a source more than can be told apart
                source = (event.source.kind, None, None)
            event = _bare(event, event.source if known else EventSource(event.source.kind))
            key = (source, *_who_and_where(event))
            fold = self._folds.get(key)
        if fold is None:
            self._of_source[source] = self._of_source.get(source, 0) + 1
            self._folds[key] = _Fold(event, event.count, event.first, event.last, event.local_port)
            return
        fold.count += event.count
        if fold.local_port != event.local_port:
            fold.local_port = None
        if event.first is not None:
            fold.first = event.first if fold.first is None else min(fold.first, event.first)
        if event.last is None:
            # Within one file the order of lines is known also without times.
            if fold.last is None and event.source.path == fold.event.source.path:
                fold.event = event
            return
        if fold.last is not None and event.last < fold.last:
            return
        fold.last = event.last
        fold.event = event

    def events(self, now: float) -> t.Tuple[Event, ...]:
        """What was folded, the most recent first, of those the most numerous first; what has no time stands last."""
        return tuple(sorted((_folded(fold, now) for fold in self._folds.values()), key=_order))


def fold(events: t.Iterable[Event], now: float) -> t.Tuple[Event, ...]:
    """All events, folded. ``now`` is Unix time."""
    folding = Folding()
    for event in events:
        folding.add(event)
    return folding.events(now)


def _who_and_where(event: Event) -> _Key:
    return (
        event.error,
        event.program,
        event.unit,
        event.pid,
        event.local_addr,
        event.remote_addr,
        event.remote_port,
        event.interface,
        event.source.counter,
    )


def _bare(event: Event, source: EventSource) -> Event:
    """Its error, times and text; not who and where."""
    return Event(
        error=event.error,
        source=source,
        text=event.text,
        first=event.first,
        last=event.last,
        count=event.count,
        command=event.command,
    )


def _folded(fold: _Fold, now: float) -> Event:
    rate = fold.event.rate
    if fold.count > fold.event.count:  # of more than one event: from their times
        span = 0.0 if fold.first is None or fold.last is None else fold.last - fold.first
        rate = fold.count / span if span > 0 else None
    return dataclasses.replace(
        fold.event,
        local_port=fold.local_port,
        count=fold.count,
        first=fold.first,
        last=fold.last,
        rate=rate,
        going_on=None if fold.last is None else abs(now - fold.last) <= GOING_ON,
    )


def _order(event: Event) -> t.Tuple[t.Any, ...]:
    key = _who_and_where(event) + (event.local_port, event.source.kind, event.source.path, event.source.unit)
    return (
        event.last is None,
        -(event.last or 0.0),
        -event.count,
        tuple("" if part is None else str(part) for part in key),
    )
