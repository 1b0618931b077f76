# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Owners that live in their links: a tunnel that the kernel itself carries has no process, and is there while its link is.

Whose a link is, is taken broadly here, for a link that is none of the owner's only keeps what could be removed.
"""

from __future__ import annotations

import typing as t

from ..index import Index
from ..model import Snapshot, Want
from . import asking
from .fits import fits, specific, wanted
from .profile import Profile

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel


def link_of(profile: Profile, kernel: Kernel) -> str | None:
    """The name of a link that the owner's marks fit, or that has the name of one of its files."""
    index = Index(Snapshot(links=kernel.links()))
    named, _why = _named(profile)
    for link in index.links:
        fit = any(fits(index, mark, link) is not False for mark in profile.objects)
        if fit or any(wanted(index, want, link) is not False for want in named):
            return link.name
    return None


def unclear(profile: Profile, kernel: Kernel) -> str:
    """Why it cannot be told that the owner is gone though none of its links is here; empty where it can."""
    _wants, why = _named(profile)
    if why:
        return "what its links are called cannot be read (%s)" % why
    index = Index(Snapshot(rules=kernel.rules()))
    rules = [
        rule
        for rule in index.snapshot.rules
        if any(specific(mark) and fits(index, mark, rule, profile.objects) is not False for mark in profile.objects)
    ]
    for family, table in sorted({(rule.family, rule.table or 0) for rule in rules} - _SHARED):
        # The kernel takes a link's routes away with it: these are over another link, or refuse packets on purpose.
        if next(iter(kernel.routes(family=family, table=table)), None) is not None:
            return "its rules lead to table %d, and that has routes" % table
    return ""


_SHARED = {(family, table) for family in (4, 6) for table in (0, 253, 254, 255)}
"""Tables that have routes whoever is there."""


def _named(profile: Profile) -> t.Tuple[t.List[Want], str]:
    """The links that its files name, and why that is not known."""
    found: t.List[Want] = []
    for ask in profile.wants:
        if ask.kind != "link" or not ask.files:
            continue
        try:
            found.extend(asking.in_files(ask).wants)
        except (OSError, ValueError) as exc:
            return found, asking.why(exc)
    return found, ""
