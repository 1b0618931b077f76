# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many happenings, few events: pure, with the clock as an argument.

Three promises. Whatever happens is in an event that is taken after it (nothing is forgotten: the trailing edge). Two events
are at least ``at_most_every`` apart. What is kept is bounded, whatever happens.

An event is due when nothing happened for ``settle`` seconds, or ``at_most_every`` after the first that waits, where it does
not become quiet. An error that goes on is news once: after that it is due again ``remind`` seconds after the event that told
of it. One that had stopped for a while is news again.
"""

from __future__ import annotations

import typing as t

from .happening import ERROR, Fold, Happening

MOST = 1000
"""Happenings that are told apart in one event. Beyond that their kinds are counted."""
STOPPED = 300.0
"""Seconds after which an error that was not heard of is over."""
_MOST_KNOWN = 2000


class _Known(t.NamedTuple):
    """An error that an event told of."""

    told: float
    heard: float


class Storm:
    """Takes happenings one by one; gives them back folded, when that is due. All times are seconds of one clock."""

    def __init__(self, settle: float, at_most_every: float, remind: float, most: int = MOST) -> None:
        self._settle = settle
        self._every = at_most_every
        self._remind = remind
        self._most = most
        self._folds: t.Dict[t.Any, Fold] = {}
        self._known: t.Dict[t.Any, _Known] = {}
        self._taken: t.Optional[float] = None
        self._first_news: t.Optional[float] = None
        """When the first of what waits and is news happened, and when the last."""
        self._last_news = 0.0
        self._reminder: t.Optional[float] = None
        """When what waits and is no news is to be told."""

    def add(self, happening: Happening, now: float, at: float) -> None:
        """``now`` is the clock's, ``at`` the Unix time that people are told."""
        key = happening.key
        if key not in self._folds and len(self._folds) >= self._most:
            happening = happening.bare()
        fold = self._folds.get(happening.key)
        if fold is None:
            self._folds[happening.key] = Fold(happening, 1, at, at)
        else:
            self._folds[happening.key] = Fold(happening, fold.count + 1, min(fold.first, at), max(fold.last, at))
        known = self._known.get(key)
        if known is not None:
            self._known[key] = known._replace(heard=now)
            if now - known.heard <= STOPPED and now - known.told < self._remind:
                due = known.told + self._remind
                self._reminder = due if self._reminder is None else min(self._reminder, due)
                return
        self._first_news = now if self._first_news is None else self._first_news
        self._last_news = now

    def due(self) -> float | None:
        """When there will be an event, if nothing more happens. None: never."""
        times = [] if self._reminder is None else [self._reminder]
        if self._first_news is not None:
            times.append(min(self._last_news + self._settle, self._first_news + max(self._every, self._settle)))
        if not times:
            return None
        return min(times) if self._taken is None else max(min(times), self._taken + self._every)

    def take(self, now: float) -> t.Tuple[Fold, ...]:
        """All that happened since the last time."""
        folds = tuple(self._folds.values())
        for fold in folds:
            if fold.happening.kind == ERROR and fold.happening.subject:
                key = fold.happening.key
                known = self._known.pop(key, None)  # the one told of last stands last
                self._known[key] = _Known(now, now if known is None else known.heard)
        while len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._folds = {}
        self._first_news = self._reminder = None
        self._taken = now
        return folds
