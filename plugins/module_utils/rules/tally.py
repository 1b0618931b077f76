# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many objects, one finding: groups in bounded memory, however many objects or distinct keys a host has. Pure."""

from __future__ import annotations

import typing as t

GROUPS = 200
"""Distinct keys that are told apart; what comes after them is counted together."""
KEPT = 20
"""Objects that a group keeps whole; the others it counts."""

Key = t.TypeVar("Key", bound=t.Hashable)
Item = t.TypeVar("Item")


class Group(t.Generic[Item]):
    """How many, and the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.items: t.List[Item] = []


class Tally(t.Generic[Key, Item]):
    """Groups by key. ``others`` has what came when there were ``groups`` of them already."""

    def __init__(self, groups: int = GROUPS, kept: int = KEPT) -> None:
        self._most = groups
        self._kept = kept
        self._groups: t.Dict[Key, Group[Item]] = {}
        self.others: Group[Item] = Group()

    def add(self, key: Key, item: Item, count: int = 1) -> None:
        group = self._groups.get(key)
        if group is None:
            group = self.others
            if len(self._groups) < self._most:
                group = self._groups[key] = Group()
        group.count += count
        if len(group.items) < self._kept:
            group.items.append(item)

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> t.Iterator[t.Tuple[Key, Group[Item]]]:
        """The groups in an order that does not depend on that of the stream."""
        return iter(sorted(self._groups.items(), key=lambda pair: repr(pair[0])))
