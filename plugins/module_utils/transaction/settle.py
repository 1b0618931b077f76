# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an earlier run left behind is settled before anything else begins: a pending transaction that nobody will end.

It is pending rightly while its dead-man lives, or while whoever began it is at work.
"""

from __future__ import annotations

import typing as t

from .. import hostid
from ..kernel import namespace
from ..kernel.port import Kernel
from . import arming, journal, rollback
from .history import Standing, Transaction, every
from .place import Place, is_held

_OVERDUE = 30.0
"""Seconds behind the deadline after which a dead-man that did not fire will not."""


class Pending(Exception):
    """A transaction of somebody else is neither confirmed nor rolled back; the message says whose, and until when."""


def settle(place: Place, kernel: Kernel) -> t.List[t.Dict[str, str]]:
    """Settle what is left over; what was done about each, for people to read. Raises Pending."""
    told = []
    for transaction, standing, why in _left_over(place):
        lost_with = _gone_with(standing, kernel)
        words = _end(transaction, standing, lost_with) if lost_with else _roll_back(transaction, kernel, why)
        told.append({"transaction_id": transaction.id, "words": words})
    return told


def foretell(place: Place) -> t.List[t.Dict[str, str]]:
    """What ``settle`` would find, for check mode. Raises Pending."""
    return [
        {"transaction_id": transaction.id, "words": "would be settled first: %s" % why}
        for transaction, _standing, why in _left_over(place)
    ]


def _left_over(place: Place) -> t.Iterator[t.Tuple[Transaction, Standing, str]]:
    for transaction, standing in every(place):
        if standing.pending:
            why = _why_left(transaction, standing)
            if why is None:
                raise Pending(refusal(transaction, standing))
            yield transaction, standing, why


def refusal(transaction: Transaction, standing: Standing) -> str:
    return (
        "%s is neither confirmed nor rolled back yet: wait for it, or end it with netmend.reclaim.transaction. Nothing "
        "was changed" % transaction.in_words(standing)
    )


def _why_left(transaction: Transaction, standing: Standing) -> str | None:
    """Why nobody will end it; None where it is rightly pending."""
    if standing.begin["boot_id"] != hostid.boot_id():
        return "the host was rebooted"
    if standing.seconds_left < -_OVERDUE:
        return "its deadline is long past"
    if is_held(transaction.work_lock) or arming.lives(transaction, standing):
        return None
    return "neither its dead-man nor who began it is there any more"


def _gone_with(standing: Standing, kernel: Kernel) -> str | None:
    """Why there is nothing left to roll back; None where there is."""
    if standing.begin["boot_id"] != hostid.boot_id():
        return "ended by a reboot: what it changed is gone with the kernel that held it"
    if standing.begin["network"] != namespace.identity(kernel.netns):
        return "ended: it was about another network namespace, which nobody watches over any more"
    return None


def _end(transaction: Transaction, standing: Standing, why: str) -> str:
    with transaction.place.locked():
        transaction.journal.append_at_last(journal.ENDED, why=why)
        transaction.journal.settle()
    arming.disarm(transaction, standing)
    return why


def _roll_back(transaction: Transaction, kernel: Kernel, why: str) -> str:
    try:
        lost = rollback.roll_back(transaction, kernel, "the next run", why)
    except rollback.Settled as exc:
        return str(exc)
    return "rolled back, because %s%s" % (why, "".join("; " + words for words in lost))
