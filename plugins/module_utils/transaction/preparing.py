# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that comes before the first write, of a plan and of an undo alike: check mode ends behind it."""

from __future__ import annotations

import dataclasses
import typing as t

from .. import hostid
from ..evidence.way_in import ways_in
from ..index import Index
from ..kernel.port import Kernel
from ..model import Finding, Plan, Query, WayIn
from ..plan import protect, wire
from ..plan.guards import Change, Guard, KernelObjects
from ..plan.way import WayInGuard
from ..rehearsal import destinations
from ..rehearsal.run import Rehearsal, rehearse
from . import acts, spelling
from .acts import Act, Ready

SHORTEST, LONGEST = 5, 86400
"""Seconds that a transaction may wait to be confirmed."""
_NAMED = 5
_THIS_HOST = (
    ("machine_id", "it was made on another host: machine id %s, here it is %s"),
    ("hostname", "it was made on another host: %s, this is %s"),
    ("boot_id", "the host was rebooted since it was made (boot id %s, now %s): audit again"),
    ("netns", "it was made in another network namespace: %s, this is %s"),
)


class Refused(Exception):
    """The plan is not applied; the message says why. Nothing was changed."""

    def __init__(self, words: str, rehearsal: Rehearsal | None = None) -> None:
        super().__init__(words)
        self.rehearsal = rehearsal


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What whoever asks wants to be heeded."""

    confirm_within: int = 120
    rehearse: bool = True
    protect: t.Sequence[t.Mapping[str, t.Any]] = ()
    protect_way_in: bool = True

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any]) -> Wishes:
        """From the module's arguments. Raises ValueError."""
        seconds = params["confirm_within"]
        if not SHORTEST <= seconds <= LONGEST:
            raise ValueError("confirm_within: %d seconds; expected %d to %d" % (seconds, SHORTEST, LONGEST))
        return cls(seconds, params["rehearse"], params["protect"] or (), params["protect_way_in"])


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What may be done."""

    ready: Ready
    ways_in: t.Tuple[WayIn, ...]
    destinations: t.Tuple[Query, ...]
    rehearsal: Rehearsal | None


def acts_of(kernel: Kernel, plan: Plan) -> t.List[Act]:
    """The steps of a plan for this host. Raises Refused."""
    here = hostid.host(kernel.netns)
    for name, words in _THIS_HOST:
        if plan.host[name] != here[name]:
            raise Refused("the plan is refused: " + words % (_value(plan.host[name]), _value(here[name])))
    names = {str(link.ifindex): link.name for link in kernel.links()}
    for number, name in plan.links.items():
        if names.get(number, name) != name:
            raise Refused(
                "the plan is refused: link %s was %s and is %s now: audit again" % (number, name, names[number])
            )
    return [_act(kernel, number, plan) for number in range(1, len(plan.steps) + 1)]


def _act(kernel: Kernel, number: int, plan: Plan) -> Act:
    step = plan.steps[number - 1]
    try:
        seen = spelling.of_step(kernel, step)
    except ValueError as exc:
        raise Refused("the plan is refused: step %d: its raw is no %s: %s" % (number, step.kind, exc)) from exc
    if seen is not None and wire.view(seen.object) != step.object:
        raise Refused("the plan is refused: step %d shows another object than the one it acts on" % number)
    return Act(number, step, seen)


def prepare(kernel: Kernel, wanted: t.Sequence[Act], wishes: Wishes) -> Prepared:
    """Compare with what is there, ask the guards, rehearse. Changes nothing. Raises Refused, ValueError."""
    ready = acts.ready(kernel, wanted)
    # A way into another namespace than that of the change is none that the change could cut.
    ways = ways_in(kernel)
    guarded = ways if wishes.protect_way_in and hostid.is_own(kernel.netns) else ()
    _ask_guards(kernel, ready, guarded, wishes)
    protected = [destinations.of_way_in(way) for way in guarded]
    protected += [query for selector in wishes.protect for query in destinations.of_selector(selector)]
    reached = destinations.live(kernel, protected)
    rehearsal = None
    if wishes.rehearse and ready.acts:
        rehearsal = rehearse(kernel, [(act.step.op, act.seen) for act in ready.acts], reached)
        if rehearsal.lost:
            lost = ", ".join("%s (%s)" % (one.query.to, one.after) for one in rehearsal.lost[:_NAMED])
            raise Refused("the plan is refused: as rehearsed it would lose %s" % lost, rehearsal)
    return Prepared(ready, ways, reached, rehearsal)


def _ask_guards(kernel: Kernel, ready: Ready, ways: t.Sequence[WayIn], wishes: Wishes) -> None:
    index = Index(kernel.snapshot())
    guards: t.List[Guard] = [KernelObjects(index), *protect.load(wishes.protect, index)]
    if ways:
        guards.append(WayInGuard(index, ways, kernel.lookup))
    for act in ready.acts:
        for guard in guards:
            words = _objection(guard, act, index)
            if words:
                raise Refused("the plan is refused: step %d (%s): %s" % (act.number, act.step.command, words))


def _objection(guard: Guard, act: Act, index: Index) -> str:
    item = None if act.seen is None else index.with_hops(act.seen.object)
    finding = Finding("", "info", "proven", act.step.kind or "owner", {}, act.step.why, ())
    change = Change(act.step.op, finding, item, act.step.args)
    words = guard.objection(change)
    if words or act.seen is None or not guard.looks_at_destinations(change):
        return words
    return next(filter(None, (guard.objection_to(change, dst) for dst in act.seen.dsts)), "")


def _value(value: t.Any) -> str:
    return "none" if value is None else str(value)
