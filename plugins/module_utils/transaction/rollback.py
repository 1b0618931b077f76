# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put everything back as it was before a transaction, and see that it is so.

Who rolls back is decided under the lock; whoever else tries finds it settled. It needs the journal to be readable, not
writable, and may be done again from the start when it broke off.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
import typing as t

from ..kernel.port import Kernel
from ..kernel.processes import start_of
from ..kernel.restore import difference
from . import arming, journal, spelling
from .history import ROLLING_BACK, Standing, Transaction
from .journal import Record
from .objectless import handler_of
from .place import Held, held

_WORKER = 5.0
"""Seconds that whoever applies the plan is given to stop by himself."""
_TRIES = 4
_PAUSE = 0.5
"""Between two tries: a link that was just set up takes no routes before it has a carrier, an address settles."""


class Settled(Exception):
    """There is nothing to roll back any more."""

    def __init__(self, standing: Standing) -> None:
        super().__init__("it is %s already" % standing.state)
        self.standing = standing


def roll_back(transaction: Transaction, kernel: Kernel, by: str, why: str, working: bool = False) -> t.List[str]:
    """Returns what could not be restored, in words. ``working``: the caller holds the lock of the work.

    Raises Settled where somebody else was first.
    """
    with transaction.place.locked():
        standing = _pending(transaction)
        if standing.state != ROLLING_BACK:
            transaction.journal.append_at_last(journal.ROLLING_BACK, by=by, why=why)
    with contextlib.nullcontext() if working else _work(transaction, standing):
        standing = _pending(transaction)
        lost = _restore(transaction, kernel)
        with transaction.place.locked():
            transaction.journal.append_at_last(journal.ROLLED_BACK, by=by, why=why, not_restored=lost)
            transaction.journal.settle()
    arming.disarm(transaction, standing)
    return lost


def prove(kernel: Kernel) -> None:
    """Read what a rollback reads, so that all that it needs is known to be there."""
    difference(kernel.checkpoint(()), ())


def _pending(transaction: Transaction) -> Standing:
    standing = transaction.standing()
    if standing is None:
        raise ValueError("transaction %s never began" % transaction.id)
    if not standing.pending:
        raise Settled(standing)
    return standing


@contextlib.contextmanager
def _work(transaction: Transaction, standing: Standing) -> t.Iterator[None]:
    """Be the only one who changes something. Who applies the plan sees that it is rolled back, and stops; where it does
    not, it hangs, and is ended."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(held(transaction.work_lock, _WORKER))
        except Held:
            worker = standing.begin["who"]
            if worker["pid"] != os.getpid() and start_of(worker["pid"]) == worker["started"]:
                os.kill(worker["pid"], signal.SIGKILL)
            stack.enter_context(held(transaction.work_lock, _WORKER))
        yield


def _restore(transaction: Transaction, kernel: Kernel) -> t.List[str]:
    done = transaction.journal.read(journal.DOING)
    lost: t.List[str] = []
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        lost = []
        for routes, group in itertools.groupby(reversed(done), _takes_routes):
            records = list(group)
            if routes:
                lost += _bring_back(kernel, records)
            else:
                lost += [words for record in records for words in _undo(kernel, record)]
        lost += [words for record in transaction.journal.read(journal.CHECKPOINT) for words in _unlike(kernel, record)]
        if not lost:
            break
    return lost + [record["lasting"] for record in done if record["lasting"]]


def _undo(kernel: Kernel, record: Record) -> t.List[str]:
    """Take one step back, whether it was done, done in part, or only announced. What could not be, in words."""
    handler = handler_of(record["op"])
    if handler is not None:
        wrong = handler.do(kernel.netns, record["inverse"], handler.taken_back(record["args"]))
        return [] if wrong is None else _not_restored([(record["command"], wrong)])
    if not record["seen"]:
        return []
    try:
        (seen,) = spelling.from_json(kernel, record["seen"])
        if record["undoes"]:
            failed = kernel.change(record["undoes"], [seen])[0].failed
        else:
            failed = kernel.restore(record["op"], seen, tuple(spelling.from_json(kernel, record["collateral"]))).failed
    except (OSError, ValueError) as exc:
        failed = ((record["command"], str(exc)),)
    return _not_restored(failed)


def _takes_routes(record: Record) -> bool:
    return record["op"] == "route.del" and not record["undoes"]


def _bring_back(kernel: Kernel, records: t.Sequence[Record]) -> t.List[str]:
    """Undo steps that took routes, together: their tables are long."""
    try:
        seens = [seen for record in records for seen in spelling.from_json(kernel, record["seen"])]
        collateral = [seen for record in records for seen in spelling.from_json(kernel, record["collateral"])]
        failed = kernel.restore_routes(seens, collateral).failed
    except (OSError, ValueError) as exc:
        failed = ((records[-1]["command"], str(exc)),)
    return _not_restored(failed)


def _not_restored(failed: t.Sequence[t.Tuple[str, str]]) -> t.List[str]:
    return ["%s was not restored: %s" % failure for failure in failed]


def _unlike(kernel: Kernel, record: Record) -> t.List[str]:
    """What differs from the state before the first step."""
    before = tuple(spelling.from_json(kernel, record["before"]))
    try:
        return list(difference(before, kernel.checkpoint(spelling.from_json(kernel, record["of"]))))
    except OSError as exc:
        return ["whether all is as before could not be seen: %s" % exc]
