# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apply one plan, and leave it to be confirmed."""

from __future__ import annotations

import typing as t

from ..kernel.port import Kernel
from ..plan import wire
from . import arming, engine, health, result, settle
from .acts import Act, called_for, diff
from .journal import Unwritable
from .place import Place
from .preparing import Refused, Wishes, acts_of, prepare
from .result import Result


def reclaim(params: t.Mapping[str, t.Any], kernel: Kernel, check: bool) -> Result:
    """The result of the module reclaim from its arguments."""
    wishes = Wishes.of(params)
    health.validate(params["health_checks"])
    place = Place.of(params["state_dir"], kernel.netns)
    try:
        plan = wire.from_json(params["plan"])
    except ValueError as exc:
        return result.refused("the plan is refused: %s" % exc)
    found = params.get("findings")
    calling = None if found is None else frozenset(found)

    def find() -> t.List[Act]:
        return called_for(acts_of(kernel, plan), calling)

    try:
        return transact(place, kernel, find, wishes, check, lambda _acts: params["plan"])
    except Refused as exc:
        return result.refused(str(exc), exc.rehearsal)


def transact(
    place: Place,
    kernel: Kernel,
    find: t.Callable[[], t.Sequence[Act]],
    wishes: Wishes,
    check: bool,
    plan_of: t.Callable[[t.Sequence[Act]], t.Mapping[str, t.Any]],
    undoes: str | None = None,
) -> Result:
    """One transaction, of a plan or of an undo: up to the first write in check mode. Raises Refused, ValueError."""
    place.check()
    try:
        if check:
            settled = settle.foretell(place)
        else:
            place.make()
            settled = settle.settle(place, kernel)
        wanted = find()
        prepared = prepare(kernel, wanted, wishes)
        ready, rehearsal = prepared.ready, result.rehearsed(prepared.rehearsal)
        if check or not ready.acts:
            return result.result(
                result.PLANNED if ready.acts else result.NOTHING,
                changed=bool(ready.acts),
                undoes=undoes,
                steps=result.steps(wanted, ready, {}, "planned"),
                diff=diff(ready.acts),
                rehearsal=rehearsal,
                settled=settled,
            )
        task = engine.Task(
            plan=plan_of(wanted),
            acts=wanted,
            destinations=prepared.destinations,
            ways_in=prepared.ways_in,
            confirm_within=wishes.confirm_within,
            undoes=undoes,
        )
        outcome = engine.carry_out(place, kernel, task)
    except (settle.Pending, Unwritable, arming.NotArmed) as exc:
        words = str(exc)
        return result.refused(words if "othing was changed" in words else words + ". Nothing was changed")
    return result.of_outcome(outcome, wanted, rehearsal=rehearsal, settled=settled)
