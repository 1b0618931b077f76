# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mends what an owner left over, or holds though it should not: ask the owner, restart it, or go round it. Pure."""

from __future__ import annotations

import shlex
import typing as t

from ..model import OwnerState, Step
from .placeholders import fill


def steps(state: OwnerState, objects_steps: t.Sequence[Step], **placeholders: object) -> t.Tuple[Step, ...]:
    """The steps of a remedy, the gentlest that is there: the owner lets go, is restarted, or its object is removed.

    ``objects_steps`` remove the kernel's object; they are for an owner that is dead and will not come back by itself. One
    that starts at boot is started again instead: it would take up its object then anyway. ``placeholders`` are what
    the words of ``release`` name in braces (interface, address, dst, table); None is not known. Nothing at all where it is
    not known whether the owner is alive.
    """
    if state.alive is None:
        return ()
    if state.alive:
        release = _filled(state.release, placeholders)
        if release:
            return (_step("owner.release", state, release),)
        return (_step("owner.restart", state, state.restart),) if state.restart else ()
    if state.enabled and state.restart:
        return (_step("owner.restart", state, state.restart),)
    return tuple(objects_steps)


def _filled(argv: t.Sequence[str], values: t.Mapping[str, object]) -> t.Tuple[str, ...]:
    """The argument vector; none where one of its placeholders is not known, or would be read as an option."""
    filled = []
    for word in argv:
        text = fill(word, values)
        if text is None or (text.startswith("-") and not word.startswith("-")):
            return ()
        filled.append(text)
    return tuple(filled)


def _step(op: str, state: OwnerState, argv: t.Sequence[str]) -> Step:
    return Step(op, {"owner": state.name, "unit": state.unit, "argv": list(argv)}, shlex.join(argv))
