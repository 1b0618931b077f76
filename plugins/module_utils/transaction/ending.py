# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List the transactions of a host, confirm the pending one, take one back."""

from __future__ import annotations

import os
import typing as t

from ..evidence.way_in import ways_in
from ..kernel.port import Kernel
from ..model import WayIn
from . import arming, health, history, journal, result, rollback, undo, who
from .acts import Act
from .history import ARMED, CONFIRMED, ENDED, ROLLED_BACK, Standing, Transaction
from .journal import Unwritable
from .place import Place
from .preparing import Refused, Wishes
from .reclaim import transact
from .result import Result
from .variables import TRANSPORT_VARIABLE

_OVER_SSH = ("ssh", "paramiko", "paramiko_ssh", "libssh")
_LISTED = 100


def transaction(params: t.Mapping[str, t.Any], kernel: Kernel, check: bool) -> Result:
    """The result of the module transaction from its arguments."""
    wishes = Wishes.of(params)
    health.validate(params["health_checks"])
    place = Place.of(params["state_dir"], kernel.netns)
    place.check()
    if params["state"] == "listed":
        return _list(place)
    found = _chosen(place, params["transaction_id"])
    if params["state"] == "confirmed":
        return _confirm(*found, kernel, params["health_checks"], check)
    return _take_back(*found, kernel, wishes, check)


def _list(place: Place) -> Result:
    pending = history.pending(place)
    told = [result.summary(*found) for _number, found in zip(range(_LISTED), history.every(place))]
    return {
        "schema": result.SCHEMA,
        "changed": False,
        "transactions": told,
        "pending": None if pending is None else pending[0].id,
    }


def _chosen(place: Place, identifier: str | None) -> t.Tuple[Transaction, Standing]:
    """The one that is named, or the pending one. Raises ValueError where there is none."""
    if identifier is not None:
        return history.find(place, identifier)
    found = history.pending(place)
    if found is None:
        raise ValueError("no transaction is pending in %s; name one with transaction_id" % place.path)
    return found


def _confirm(
    transaction: Transaction, standing: Standing, kernel: Kernel, checks: t.Sequence[health.Check], check: bool
) -> Result:
    if standing.state == CONFIRMED:
        return _told(transaction, standing)
    if not standing.pending:
        return dict(_told(transaction, standing), failed=True, msg=_why_not(transaction, standing))
    _may_be_confirmed(transaction, standing)
    _expect_fresh(ways_in(kernel), standing)
    if check:
        return _told(transaction, standing, changed=True)
    wrong = health.failing(kernel, checks, standing.seconds_left - 1)
    if wrong is not None:
        return _failed_check(transaction, kernel, wrong)
    with transaction.place.locked():
        now = t.cast(Standing, transaction.standing())
        if now.state != CONFIRMED:
            _may_be_confirmed(transaction, now)
            try:
                transaction.journal.append(journal.CONFIRMED)
            except Unwritable as exc:
                raise ValueError("it is not confirmed, and will be rolled back: %s" % exc) from exc
            transaction.journal.settle()
    arming.disarm(transaction, now)
    return _told(transaction, t.cast(Standing, transaction.standing()), changed=True)


def _may_be_confirmed(transaction: Transaction, standing: Standing) -> None:
    if standing.state != ARMED:
        raise ValueError(_why_not(transaction, standing))
    if standing.seconds_left <= 0:
        raise ValueError("transaction %s cannot be confirmed: its time is up, and it is rolled back" % transaction.id)


def _why_not(transaction: Transaction, standing: Standing) -> str:
    words = standing.last.get("why")
    because = " (%s)" % words if words else ""
    return "transaction %s cannot be confirmed: it is %s%s" % (transaction.id, standing.state, because)


def _expect_fresh(ways: t.Sequence[WayIn], standing: Standing) -> None:
    """The connection that a change was made over proves nothing: it may live on where a new one cannot be made."""
    before = standing.begin["who"]["ways_in"][:1]  # the nearest; those behind it are of jumps between hosts
    over_ssh = os.environ.get(TRANSPORT_VARIABLE, "").rpartition(".")[2] in _OVER_SSH
    if over_ssh and before and before == who.ends(ways[:1]):
        raise ValueError(
            "this is the connection that the change was made over, which proves nothing: confirm from a fresh one "
            "(ansible.builtin.meta: reset_connection)"
        )


def _failed_check(transaction: Transaction, kernel: Kernel, wrong: str) -> Result:
    with_words = "it was not confirmed: %s" % wrong
    try:
        rollback.roll_back(transaction, kernel, "a health check", with_words)
    except rollback.Settled:
        pass
    standing = t.cast(Standing, transaction.standing())
    return dict(_told(transaction, standing, changed=True), failed=True, msg="%s: %s" % (standing.state, with_words))


def _take_back(transaction: Transaction, standing: Standing, kernel: Kernel, wishes: Wishes, check: bool) -> Result:
    if standing.state in (ROLLED_BACK, ENDED):
        return _told(transaction, standing)
    if standing.state == CONFIRMED:
        return _undo(transaction, standing, kernel, wishes, check)
    if check:
        return _told(transaction, standing, changed=True)
    try:
        rollback.roll_back(transaction, kernel, who.in_words(who.who(ways_in(kernel))), "it was asked for")
    except rollback.Settled:
        pass
    standing = t.cast(Standing, transaction.standing())
    if standing.state != ROLLED_BACK:
        raise ValueError("transaction %s was %s meanwhile" % (transaction.id, standing.state))
    told = _told(transaction, standing, changed=True)
    if told["not_restored"]:
        return dict(told, failed=True, msg="rolled back, but: %s" % "; ".join(told["not_restored"]))
    return told


def _undo(transaction: Transaction, standing: Standing, kernel: Kernel, wishes: Wishes, check: bool) -> Result:
    """A transaction of its own: armed, proven, and to be confirmed."""
    lasting: t.List[str] = []

    def find() -> t.List[Act]:
        acts, stays = undo.acts_of(kernel, transaction, standing)
        lasting.extend(stays)
        return acts

    try:
        told = transact(
            transaction.place,
            kernel,
            find,
            wishes,
            check,
            lambda acts: undo.plan_of(transaction, acts),
            undoes=transaction.id,
        )
    except Refused as exc:
        return result.refused(str(exc), exc.rehearsal, undoes=transaction.id)
    return dict(told, not_restored=told["not_restored"] + lasting)


def _told(transaction: Transaction, standing: Standing, changed: bool = False) -> Result:
    return result.result(
        standing.state,
        changed=changed,
        transaction_id=transaction.id,
        undoes=standing.begin["undoes"],
        deadline=result.deadline(standing) if standing.pending else None,
        dead_man=result.dead_man(standing),
        not_restored=list(standing.last.get("not_restored", [])),
    )
