# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One transaction, from its begin to where it waits to be confirmed: begin, checkpoint, arm, apply, prove.

Nothing is changed before the journal says so, and before the dead-man is armed. The first failure rolls all back.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import time
import typing as t

from .. import hostid
from ..kernel import namespace
from ..kernel.port import Kernel
from ..model import Query, Seen, WayIn
from . import acts, arming, clock, journal, rollback, running, settle, spelling
from .acts import Act, Ready
from .history import Standing, Transaction, pending
from .journal import Record, Unwritable
from .objectless import handler_of
from .place import KEPT, Place, held
from .proof import Before
from .who import who

COMMAND_SECONDS = 90.0
"""For a command of an owner: restarting a daemon takes its time."""
_OWNER_SECONDS = 20.0
"""For an owner to bring back what it wants, after such a command."""
_ROLLBACK_SECONDS = 60.0
_GLANCE = 0.1
_NAMED = 5


class Failed(Exception):
    """Something was tried and did not work, so that all is rolled back; the message says what."""


@dataclasses.dataclass(frozen=True)
class Task:
    """What one transaction is to do."""

    plan: t.Mapping[str, t.Any]
    """As the journal keeps it."""
    acts: t.Sequence[Act]
    destinations: t.Sequence[Query]
    """What must stay reachable."""
    ways_in: t.Sequence[WayIn]
    confirm_within: int
    undoes: str | None = None
    """Id of the transaction that this one takes back."""


@dataclasses.dataclass
class Outcome:
    """What became of it."""

    state: str
    transaction: Transaction
    standing: Standing
    ready: Ready
    results: t.Dict[int, t.Dict[str, t.Any]]
    """Number of a step to what became of it."""
    why: str = ""
    """Why it was rolled back."""
    not_restored: t.List[str] = dataclasses.field(default_factory=list)


_Came = t.Tuple[int, t.Sequence[str], t.Sequence[t.Tuple[str, str]]]
"""How many objects were changed, which were so already, and which failed with what."""


def _together(act: Act) -> str | int:
    """Routes are changed together where they follow each other, because their tables are long; all else one by one."""
    if act.step.kind != "route":
        return act.number
    return act.step.op if act.undoes is None else "undoes " + act.undoes["op"]


class _Overtaken(Exception):
    """Somebody else rolls back."""


def carry_out(place: Place, kernel: Kernel, task: Task) -> Outcome:
    """Apply it and leave it to be confirmed, or roll it back.

    Raises Pending, Unwritable, NotArmed and what the kernel raises where nothing was changed.
    """
    before = Before(kernel, task.destinations)
    with contextlib.ExitStack() as working:
        transaction = _begin(place, kernel, task, working)
        work = _Work(transaction, kernel, task, before)
        try:
            try:
                work.prepare()
            except _Overtaken:
                raise
            except Exception as exc:
                _abandon(transaction, str(exc))
                raise
            work.run()
            return work.outcome()
        except _Overtaken:
            pass  # whoever rolls back waits for the lock of the work
    _wait(transaction)
    return work.outcome()


def _begin(place: Place, kernel: Kernel, task: Task, working: contextlib.ExitStack) -> Transaction:
    """From now on this is the one that is pending. Raises Pending, Unwritable."""
    with place.locked():
        other = pending(place)
        if other is not None:
            raise settle.Pending(settle.refusal(*other))
        for identifier in place.ids()[KEPT - 1 :]:
            place.remove(identifier)
        transaction = Transaction(place, place.new())
        working.enter_context(held(transaction.work_lock, 0))
        try:
            transaction.journal.begin(
                who=who(task.ways_in),
                boot_id=hostid.boot_id(),
                netns=kernel.netns,
                network=namespace.identity(kernel.netns),
                deadline={
                    "at": round(time.time() + task.confirm_within, 3),
                    "since_boot": clock.since_boot() + task.confirm_within,
                },
                digest=task.plan["digest"],
                undoes=task.undoes,
            )
        except Unwritable:
            place.remove(transaction.id)
            raise
    return transaction


def _abandon(transaction: Transaction, why: str) -> None:
    """It ended before anything was changed."""
    with transaction.place.locked():
        standing = transaction.standing()
        transaction.journal.append_at_last(journal.ENDED, why="nothing was changed: %s" % why)
        transaction.journal.settle()
    if standing is not None:
        arming.disarm(transaction, standing)


def _wait(transaction: Transaction) -> None:
    """Until whoever rolls back is done, or takes too long."""
    give_up = time.monotonic() + _ROLLBACK_SECONDS
    while time.monotonic() < give_up and t.cast(Standing, transaction.standing()).pending:
        time.sleep(_GLANCE)


class _Work:
    def __init__(self, transaction: Transaction, kernel: Kernel, task: Task, before: Before) -> None:
        self._transaction = transaction
        self._kernel = kernel
        self._task = task
        self._size = transaction.journal.size()
        self._ready = Ready((), {})
        self._results: t.Dict[int, t.Dict[str, t.Any]] = {}
        self._before = before
        self._why = ""
        self._lost: t.List[str] = []

    def prepare(self) -> None:
        """All that comes before the first change. Raises Unwritable and NotArmed."""
        self._note(journal.PLAN, plan=self._task.plan)
        self._ready = acts.ready(self._kernel, self._task.acts)
        concerned = [act.seen for act in self._ready.acts if act.seen is not None]
        self._note(
            journal.CHECKPOINT,
            of=spelling.to_json(concerned),
            before=spelling.to_json(self._kernel.checkpoint(concerned)),
        )
        left = self._standing().seconds_left
        self._note(journal.ARMED, **arming.arm(self._transaction, left))

    def run(self) -> None:
        """Apply and prove; the first failure of whatever kind rolls back."""
        try:
            for number, words in self._ready.skipped.items():
                self._note(journal.SKIPPED, step=number, words=words)
            for _alike, acts in itertools.groupby(self._ready.acts, _together):
                self._do(list(acts))
            self._note(journal.APPLIED)
            self._prove()
            self._note(journal.PROOF, looked_up=self._before.count)
        except _Overtaken:
            raise
        except Exception as exc:
            self._why = str(exc)
            self._lost = rollback.roll_back(self._transaction, self._kernel, "the same run", self._why, working=True)

    def _prove(self) -> None:
        """Raises Failed. An owner that was told to do something takes its time until all is there again."""
        owners = any(act.step.op.startswith("owner.") for act in self._ready.acts)
        give_up = time.monotonic() + (min(_OWNER_SECONDS, self._standing().seconds_left / 2) if owners else 0)
        broken = self._before.broken(self._kernel, self._ready.acts)
        while broken and time.monotonic() < give_up:
            time.sleep(_GLANCE)
            broken = self._before.broken(self._kernel, self._ready.acts)
        if broken:
            raise Failed("; ".join(broken))

    def outcome(self) -> Outcome:
        standing = self._standing()
        return Outcome(
            state=standing.state,
            transaction=self._transaction,
            standing=standing,
            ready=self._ready,
            results=self._results,
            why=self._why or standing.last.get("why", ""),
            not_restored=self._lost or standing.last.get("not_restored", []),
        )

    def _do(self, acts: t.Sequence[Act]) -> None:
        """One act, or several of one op that are done together: each is announced before the first of them is done."""
        for act, collateral in zip(acts, self._collaterals(acts)):
            step = act.step
            self._note(
                journal.DOING,
                step=act.number,
                op=step.op,
                command=step.command,
                seen=spelling.to_json([] if act.seen is None else [act.seen]),
                collateral=spelling.to_json(collateral),
                args=dict(step.args),
                undoes=None if act.undoes is None else act.undoes["op"],
                inverse=step.inverse,
                lasting="" if step.inverse else "%s cannot be taken back: %s" % (step.command, step.no_inverse),
            )
            self._results[act.number] = {"result": "failed", "words": "it broke off"}
        wrong = ""
        for act, (done, already, failed) in zip(acts, self._act(acts)):
            if failed:
                words = "; ".join("%s: %s" % failure for failure in failed[:_NAMED])
                self._results[act.number] = {"result": "failed", "words": words}
                self._note(journal.FAILED, step=act.number, done=done, words=words)
                wrong = wrong or "step %d (%s) failed: %s" % (act.number, act.step.command, words)
            else:
                self._results[act.number] = {"result": "done", "words": ""}
                self._note(journal.DONE, step=act.number, done=done, already=len(already))
        if wrong:
            raise Failed(wrong)

    def _collaterals(self, acts: t.Sequence[Act]) -> t.Sequence[t.Sequence[Seen]]:
        """What the kernel takes along with each; nothing with what takes back a step."""
        seens = [act.seen for act in acts if act.seen is not None and act.undoes is None]
        if len(seens) < len(acts):
            return [()] * len(acts)
        return self._kernel.collaterals(acts[0].step.op, seens)

    def _act(self, acts: t.Sequence[Act]) -> t.Sequence[_Came]:
        """What came of each."""
        first = acts[0]
        handler = handler_of(first.step.op)
        if handler is not None:
            wrong = handler.do(self._kernel.netns, first.step.op, first.step.args)
            return [(1, (), ()) if wrong is None else (0, (), ((first.step.op, wrong),))]
        if first.seen is None:
            seconds = min(COMMAND_SECONDS, self._standing().seconds_left)
            wrong = running.run(first.step.args["argv"], seconds)
            return [(1, (), ()) if wrong is None else (0, (), ((first.step.op, wrong),))]
        seens = [t.cast(Seen, act.seen) for act in acts]
        if first.undoes is None:
            return self._kernel.change(first.step.op, seens)
        op = first.undoes["op"]
        collaterals = [spelling.from_json(self._kernel, t.cast(Record, act.undoes)["collateral"]) for act in acts]
        if op != "route.del":
            return [self._kernel.restore(op, *each) for each in zip(seens, collaterals)]
        done, already, failed = self._kernel.restore_routes(seens, [each for some in collaterals for each in some])
        return [(done, already, failed)] + [(0, (), failed)] * (len(acts) - 1)

    def _note(self, record: str, **fields: t.Any) -> None:
        """Write a record, unless somebody else has written one: that is who rolls back. Raises _Overtaken, Unwritable."""
        transaction = self._transaction
        with transaction.place.locked():
            if transaction.journal.size() != self._size:
                raise _Overtaken
            transaction.journal.append(record, **fields)
            self._size = transaction.journal.size()

    def _standing(self) -> Standing:
        return t.cast(Standing, self._transaction.standing())
