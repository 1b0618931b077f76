# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a transaction's journal says of it: how it stands, what it did."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from . import clock, journal, who
from .journal import Journal, Record
from .place import Place

APPLYING, ARMED, ROLLING_BACK = "applying", "armed", "rolling-back"
CONFIRMED, ROLLED_BACK, ENDED = "confirmed", "rolled-back", "ended"
_STATES = {
    journal.BEGIN: APPLYING,
    journal.PROOF: ARMED,
    journal.ROLLING_BACK: ROLLING_BACK,
    journal.CONFIRMED: CONFIRMED,
    journal.ROLLED_BACK: ROLLED_BACK,
    journal.ENDED: ENDED,
}
"""The state that a record brings about."""
_PENDING = (APPLYING, ARMED, ROLLING_BACK)
_RESULTS = (journal.DONE, journal.SKIPPED, journal.FAILED)


@dataclasses.dataclass(frozen=True)
class Standing:
    """How a transaction stands."""

    state: str
    begin: Record
    armed: Record | None
    """Its dead-man."""
    results: t.Tuple[Record, ...]
    """What became of each step."""
    last: Record
    """The record that brought it to this state."""

    @property
    def pending(self) -> bool:
        """Begun, and neither confirmed nor rolled back: nothing else may begin."""
        return self.state in _PENDING

    @property
    def seconds_left(self) -> float:
        """Until its dead-man fires."""
        return float(self.begin["deadline"]["since_boot"]) - clock.since_boot()


class Transaction:
    """One transaction of a place."""

    def __init__(self, place: Place, identifier: str) -> None:
        self.place = place
        self.id = identifier
        self.directory = place.directory(identifier)
        self.journal = Journal(self.directory)
        self.work_lock = os.path.join(self.directory, "work.lock")
        self.dead_man_lock = os.path.join(self.directory, "dead-man.lock")
        self.program = os.path.join(self.directory, "program")

    def standing(self) -> Standing | None:
        """None where it never began: nothing was done for it."""
        records = self.journal.read(journal.ARMED, *_STATES, *_RESULTS)
        if not records:
            return None
        decisive = [record for record in records if record["record"] in _STATES]
        armed = [record for record in records if record["record"] == journal.ARMED]
        return Standing(
            state=_STATES[decisive[-1]["record"]],
            begin=records[0],
            armed=armed[-1] if armed else None,
            results=tuple(record for record in records if record["record"] in _RESULTS),
            last=decisive[-1],
        )

    def in_words(self, standing: Standing) -> str:
        """``transaction X of alice, since 12:00 UTC, until 12:02 UTC``."""
        begin = standing.begin
        return "transaction %s of %s, since %s, until %s at the latest" % (
            self.id,
            who.in_words(begin["who"]),
            clock.shown(begin["at"]),
            clock.shown(begin["deadline"]["at"]),
        )


def find(place: Place, identifier: str) -> t.Tuple[Transaction, Standing]:
    """Raises ValueError where there is none."""
    transaction = Transaction(place, identifier)
    standing = transaction.standing()
    if standing is None:
        raise ValueError("there is no transaction %s in %s" % (identifier, place.path))
    return transaction, standing


def every(place: Place) -> t.Iterator[t.Tuple[Transaction, Standing]]:
    """All that ever began, newest first."""
    for identifier in place.ids():
        transaction = Transaction(place, identifier)
        standing = transaction.standing()
        if standing is not None:
            yield transaction, standing


def pending(place: Place) -> t.Tuple[Transaction, Standing] | None:
    return next((found for found in every(place) if found[1].pending), None)
