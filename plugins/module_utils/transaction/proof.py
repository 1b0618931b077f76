# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proof on the host itself: what the kernel answered before it answers after, and all is as wanted.

It proves nothing about reaching the host from outside: that needs a fresh connection.
"""

from __future__ import annotations

import typing as t

from ..kernel.port import Kernel
from ..model import Query
from ..rehearsal.run import shown
from .acts import Act, not_as_wanted


class Before:
    """The destinations that answer before anything is changed."""

    def __init__(self, kernel: Kernel, destinations: t.Sequence[Query]) -> None:
        answers = kernel.lookup(destinations, match=False)
        self._reached = [query for query, answer in zip(destinations, answers) if answer.errno is None]

    @property
    def count(self) -> int:
        return len(self._reached)

    def broken(self, kernel: Kernel, acts: t.Sequence[Act]) -> t.List[str]:
        """What is wrong now, in words; empty where all is well."""
        gone = {act.seen.object.ifindex for act in acts if act.step.op == "link.del" and act.seen is not None}
        asked = [query for query in self._reached if query.interface not in gone]
        lost = [
            "%s was reached before and is not any more: %s" % (shown(query), answer.errno)
            for query, answer in zip(asked, kernel.lookup(asked, match=False))
            if answer.errno is not None
        ]
        return not_as_wanted(kernel, acts) + lost
