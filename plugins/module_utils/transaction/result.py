# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules return of a transaction: docs/schema/transaction-1.json."""

from __future__ import annotations

import typing as t

from ..rehearsal.run import Changed, Rehearsal, shown
from . import clock, who
from .acts import Act, Ready, diff
from .engine import Outcome
from .history import ARMED, Standing, Transaction

SCHEMA = "1.0"
NOTHING, REFUSED, PLANNED = "nothing-to-do", "refused", "planned"
Result = t.Dict[str, t.Any]


def result(state: str, **fields: t.Any) -> Result:
    """All fields are there in each result."""
    whole = {
        "schema": SCHEMA,
        "state": state,
        "changed": False,
        "transaction_id": None,
        "undoes": None,
        "steps": [],
        "deadline": None,
        "dead_man": None,
        "rehearsal": None,
        "settled": [],
        "not_restored": [],
        "diff": [],
    }
    return dict(whole, **fields)


def refused(words: str, rehearsal: Rehearsal | None = None, **fields: t.Any) -> Result:
    return result(REFUSED, failed=True, msg=words, rehearsal=rehearsed(rehearsal), **fields)


def of_outcome(outcome: Outcome, wanted: t.Sequence[Act], **fields: t.Any) -> Result:
    """What became of a transaction that began."""
    whole = result(
        outcome.state,
        changed=outcome.state == ARMED and bool(outcome.ready.acts) or bool(outcome.not_restored),
        transaction_id=outcome.transaction.id,
        undoes=outcome.standing.begin["undoes"],
        steps=steps(wanted, outcome.ready, outcome.results, "not-done"),
        dead_man=dead_man(outcome.standing),
        not_restored=list(outcome.not_restored),
        diff=diff(outcome.ready.acts),
        **fields,
    )
    if outcome.state == ARMED:
        whole["deadline"] = deadline(outcome.standing)
        return whole
    words = ["%s: %s" % (outcome.state, outcome.why), *outcome.not_restored]
    return dict(whole, failed=True, msg=". ".join(words))


def steps(
    wanted: t.Sequence[Act], ready: Ready, results: t.Mapping[int, t.Mapping[str, t.Any]], otherwise: str
) -> t.List[Result]:
    """``otherwise``: what became of a step that can be done and was not yet."""
    able = {act.number: act for act in ready.acts}
    told = []
    for act in wanted:
        now = able.get(act.number)
        known: t.Mapping[str, t.Any] = {"result": "skipped" if now is None else otherwise, "words": ""}
        known = results.get(act.number, known)
        told.append(
            {
                "number": act.number,
                "op": act.step.op,
                "command": act.step.command,
                "count": 0 if now is None else now.count,
                "result": known["result"],
                "words": "; ".join(filter(None, (known["words"], ready.skipped.get(act.number, "")))),
            }
        )
    return told


def deadline(standing: Standing) -> Result:
    return {
        "at": clock.shown(standing.begin["deadline"]["at"]),
        "seconds_left": round(max(0.0, standing.seconds_left), 1),
    }


def dead_man(standing: Standing) -> Result | None:
    armed = standing.armed
    return None if armed is None else {"how": armed["how"], "why": armed.get("why") or ""}


def rehearsed(rehearsal: Rehearsal | None) -> Result | None:
    if rehearsal is None:
        return None
    return {
        "done": rehearsal.done,
        "why_not": rehearsal.why_not,
        "lost": [_changed(one) for one in rehearsal.lost],
        "moved": [_changed(one) for one in rehearsal.moved],
        "looked_up": rehearsal.looked_up,
        "not_rehearsed": list(rehearsal.not_rehearsed),
    }


def _changed(changed: Changed) -> Result:
    return {"destination": shown(changed.query), "before": changed.before, "after": changed.after}


def summary(transaction: Transaction, standing: Standing) -> Result:
    """One of the list."""
    last = standing.last
    return {
        "transaction_id": transaction.id,
        "state": standing.state,
        "pending": standing.pending,
        "begun": clock.shown(standing.begin["at"]),
        "since": clock.shown(last["at"]),
        "who": who.in_words(standing.begin["who"]),
        "undoes": standing.begin["undoes"],
        "digest": standing.begin["digest"],
        "done": sum(record["record"] == "done" for record in standing.results),
        "why": last.get("why", ""),
        "not_restored": list(last.get("not_restored", [])),
        "deadline": deadline(standing) if standing.pending else None,
    }
