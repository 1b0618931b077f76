# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The systemd units of owners: one question for all of them (systemctl(1), org.freedesktop.systemd1(5))."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from . import asking

RUNS = "/run/systemd/system"
"""Is there where systemd is the init system (sd_booted(3))."""
_PROPERTIES = "Id,LoadState,ActiveState,UnitFileState"


@dataclasses.dataclass(frozen=True)
class Unit:
    """A unit that systemd knows."""

    name: str
    active: str
    """``active``, ``reloading``, ``inactive``, ``failed``, ``activating``, ``deactivating``, ``maintenance``."""
    enabled: bool | None
    """Is it started at boot? None where it may be, by another unit."""


def show(patterns: t.Collection[str]) -> t.Dict[str, Unit]:
    """The loaded units with these names, or that fit these patterns, by name. Raises as :mod:`.asking` does."""
    if not patterns or not os.path.isdir(RUNS):
        return {}
    argv = ["systemctl", "show", "--property=" + _PROPERTIES, "--", *patterns]
    return parse(asking.run(argv))


def parse(text: str) -> t.Dict[str, Unit]:
    """What ``systemctl show`` prints: a block of lines for each unit. A unit that is not installed is left out."""
    found = {}
    for block in text.split("\n\n"):
        said = dict(line.partition("=")[::2] for line in block.splitlines())
        if said.get("LoadState") == "loaded" and said.get("Id"):
            found[said["Id"]] = Unit(said["Id"], said.get("ActiveState", ""), _enabled(said.get("UnitFileState", "")))
    return found


def _enabled(state: str) -> bool | None:
    if state in ("enabled", "enabled-runtime", "linked", "linked-runtime", "alias", "generated"):
        return True
    return None if state in ("static", "indirect", "transient", "") else False
