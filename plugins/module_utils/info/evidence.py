# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""evidence_info: what the witnesses that were asked tell, folded."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ..bounds import take
from ..evidence.events import from_journal, from_logs
from ..evidence.folding import fold
from ..model import Event, Unseen

ASKED = ("logs", "journal")
"""The options that name a witness."""
JOURNAL: t.Dict[str, t.Dict[str, t.Any]] = {
    "since": {"type": "int", "default": 15},
    "units": {"type": "list", "elements": "str"},
    "cursor": {"type": "str"},
}
"""The argument spec of O(journal)."""
LONGEST = 7 * 24 * 60
"""Minutes of the journal, at most."""


def evidence_info(params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """What the module returns. Raises ValueError for options that make no sense."""
    check(params)
    unseen: t.List[Unseen] = []
    events = fold(witnessed(params, unseen), time.time())
    shown, total = take(events, params["limit"], dataclasses.asdict)
    return {
        "events": shown,
        "omitted": total - len(shown),
        "unseen": [dataclasses.asdict(item) for item in unseen],
    }


def witnessed(params: t.Mapping[str, t.Any], unseen: t.List[Unseen]) -> t.Iterator[Event]:
    """The events of each witness that was asked. One that cannot be heard is told in ``unseen``."""
    if params.get("logs"):
        yield from from_logs(params["logs"], unseen)
    journal = params.get("journal")
    if journal:
        yield from from_journal(journal["since"], journal["units"] or (), unseen, journal["cursor"])


def check(params: t.Mapping[str, t.Any]) -> None:
    """Raises ValueError that names the option, what it may be, and what to do."""
    if not any(params.get(name) for name in ASKED):
        raise ValueError(
            "nothing was asked: name log files (logs) or the journal (journal), with {since: 15} for its last 15 minutes"
        )
    for path in params.get("logs") or ():
        if not path.startswith("/") or "\0" in path:
            raise ValueError("logs: %r is not an absolute path" % path)
    journal = params.get("journal")
    if journal:
        if not 1 <= journal["since"] <= LONGEST:
            raise ValueError("journal.since: %d is not a number of minutes from 1 to %d" % (journal["since"], LONGEST))
        for unit in journal["units"] or ():
            if not unit or "\0" in unit:
                raise ValueError("journal.units: %r is not the name of a unit; see 'systemctl list-units'" % unit)
    if params.get("limit", 1) < 1:
        raise ValueError("limit: %d is below 1" % params["limit"])
