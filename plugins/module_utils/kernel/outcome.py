# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of acting on objects: the answers of the port's writing half."""

from __future__ import annotations

import typing as t

from ..model import Seen


class Verified(t.NamedTuple):
    """What is still exactly there of one Seen. Texts name the objects (``10.1.0.0/24``)."""

    same: t.Optional[Seen]
    """As it is now; of many routes those that are still there; None where nothing is."""
    gone: t.Tuple[str, ...] = ()
    differs: t.Tuple[str, ...] = ()
    """Something stands in its place that is not the same."""


class Changed(t.NamedTuple):
    """What a change did with one Seen."""

    done: int = 0
    already: t.Tuple[str, ...] = ()
    """It was like that before."""
    failed: t.Tuple[t.Tuple[str, str], ...] = ()
    """What, and why: an errno's name, with the kernel's own words behind a colon where it gave any."""


class Restored(t.NamedTuple):
    """What came of undoing a step, all that it took along counted in."""

    done: int = 0
    already: t.Tuple[str, ...] = ()
    failed: t.Tuple[t.Tuple[str, str], ...] = ()
