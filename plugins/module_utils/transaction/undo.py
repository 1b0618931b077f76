# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inverse of a past transaction, from its journal: what is to be done to take it back, last step first."""

from __future__ import annotations

import time
import typing as t

from .. import hostid
from ..kernel import namespace
from ..kernel.port import Kernel
from ..model import Plan, PlanStep
from ..plan import wire
from . import journal, spelling
from .acts import Act
from .history import Standing, Transaction
from .journal import Record
from .objectless import handler_of
from .preparing import Refused


def acts_of(kernel: Kernel, transaction: Transaction, standing: Standing) -> t.Tuple[t.List[Act], t.List[str]]:
    """The steps, and what cannot be taken back, in words. Raises Refused."""
    if standing.begin["boot_id"] != hostid.boot_id():
        raise Refused(
            "%s cannot be undone: the host was rebooted since, and what the transaction changed went with it. What is "
            "there now comes from the host's configuration: audit again" % transaction.id
        )
    if standing.begin["network"] != namespace.identity(kernel.netns):
        raise Refused("%s cannot be undone: it was about another network namespace" % transaction.id)
    done = {record["step"] for record in standing.results if record["record"] == journal.DONE}
    records = [record for record in transaction.journal.read(journal.DOING) if record["step"] in done]
    able = [record for record in reversed(records) if record["inverse"]]
    lasting = [record["lasting"] for record in records if record["lasting"]]
    return [_act(kernel, number, record, transaction.id) for number, record in enumerate(able, 1)], lasting


def plan_of(transaction: Transaction, acts: t.Sequence[Act]) -> t.Dict[str, t.Any]:
    """The same as a plan, for the journal and whoever reads it."""
    (record,) = transaction.journal.read(journal.PLAN)
    taken_back = record["plan"]
    steps = tuple(act.step for act in acts)
    return wire.to_json(Plan(taken_back["host"], "", time.time(), taken_back["made_by"], steps))


def _act(kernel: Kernel, number: int, record: Record, identifier: str) -> Act:
    seen = next(iter(spelling.from_json(kernel, record["seen"])), None)
    handler = handler_of(record["op"])
    step = PlanStep(
        op=record["inverse"],
        findings=(),
        command="undo: " + record["command"],
        why="takes back step %d of transaction %s" % (record["step"], identifier),
        kind=None if seen is None else seen.kind,
        object={} if seen is None else wire.view(seen.object),
        raw="" if seen is None else seen.raw.hex(),
        dsts=() if seen is None else seen.dsts,
        args={} if handler is None else handler.taken_back(record["args"]),
        inverse=record["op"],
    )
    # What takes back an undo is the step itself.
    return Act(number, step, seen, None if record["undoes"] else record)
