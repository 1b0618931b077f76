# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What owners that live keep: no change takes it from them, whichever finding asks for it. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..index import Index
from ..model import Address, Link, OwnerState, Route, Rule
from ..owners.whose import is_left, whose
from ..text import clean
from .guards import Change, Guard
from .ops import REMOVALS

Item = t.Union[Link, Address, Route, Rule]
_KINDS = ("link", "address", "route", "rule")
_NAME = 64


class Keepers(Guard):
    """An object that fits an owner is not removed while that owner lives and did not disown it, or while it is not known
    whether it lives: it would put the object back, or work no more without it."""

    reason = "owner-alive"

    def __init__(self, index: Index) -> None:
        living = [state for state in index.owners if state.alive is not False]
        self._index = _only(index, living)
        self._choosy = _only(index, [state for state in living if _is_choosy(state)])
        """With those only to whom the destination of a route makes a difference."""

    def objection(self, change: Change) -> str:
        if change.op not in REMOVALS or change.kind not in _KINDS or not self._index.owners:
            return ""
        for item in (change.item, *self._with_it(change)):
            words = _objection(self._index, item)
            if words:
                return words
        return ""

    def looks_at_destinations(self, change: Change) -> bool:
        return change.op == "route.del" and bool(self._choosy.owners)

    def objection_to(self, change: Change, dst: str) -> str:
        return _objection(self._choosy, dataclasses.replace(change.item, dst=dst))

    def _with_it(self, change: Change) -> t.Iterator[Item]:
        """What goes with a link, or does not work without it."""
        if change.kind == "link":
            number = change.item.ifindex
            yield from self._index.addresses_on(number)
            for link in self._index.links:
                if number in (link.master, link.parent, link.underlay) and link.peer_netns is None:
                    yield link


def _only(index: Index, owners: t.Iterable[OwnerState]) -> Index:
    return Index(dataclasses.replace(index.snapshot, owners=tuple(owners)))


def _is_choosy(state: OwnerState) -> bool:
    marked = any(mark.kind == "route" and mark.prefix for mark in state.marks)
    return marked or any(want.kind == "route" and "dst" in want.selector for want in state.wants or ())


def _objection(index: Index, item: Item) -> str:
    state = whose(index, item)
    if state is None or (state.alive and is_left(index, item) is not None):
        return ""
    name = clean(state.name, _NAME)
    what = clean(item.name if isinstance(item, Link) else item.address if isinstance(item, Address) else "it", _NAME)
    if state.alive:
        return "%s is alive, and %s is its own, as far as that can be told" % (name, what)
    return "%s may be of %s, and whether that is alive is not known" % (what, name)
