# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""systemd units by cgroup (systemd's CGROUP_DELEGATION and its cgroup-util.c; cgroups(7))."""

from __future__ import annotations

import os
import re
import typing as t

from ..model import Unseen
from .processes import note

MAX_CGROUPS = 50000
"""Directories that are walked. A host has some hundreds; a cgroup may hold as many as its user likes."""
_UNIT = re.compile(
    r"[A-Za-z0-9:_.\\-]{1,200}(@[A-Za-z0-9:_.\\@-]{0,200})?\.(service|scope|socket|mount|swap|slice)\Z", re.ASCII
)
_USER_MANAGER = re.compile(r"user@\d{1,10}\.service\Z", re.ASCII)
_LIMIT = 255


def unit_in(path: str) -> str | None:
    """The unit of a cgroup path, None where there is none (``/``, ``/docker/…``, a slice without a unit).

    As systemd finds it: the first component that is no slice, not the last one, because what is below a unit is
    delegated and named by whoever runs there. ``/system.slice/foo.service/sub`` is foo.service, and what runs in a
    container under ``/machine.slice/libpod-….scope/…/foo.service`` is that scope. A unit of a user's own manager is
    shown with it, ``user@1000.service/foo.service``: a user may call a unit what he likes, also as a system's unit.
    """
    parts = iter(path.strip("/").split("/"))
    unit = _first_unit(parts)
    if unit is None or not _USER_MANAGER.match(unit):
        return unit
    inner = _first_unit(parts)
    return unit if inner is None else "%s/%s" % (unit, inner)


def _first_unit(parts: t.Iterator[str]) -> str | None:
    for part in parts:
        # systemd puts an underscore before a name that would clash with a cgroup file's
        name = part[1:] if part.startswith("_") else part
        if len(name) > _LIMIT or not _UNIT.match(name):
            return None
        if not name.endswith(".slice"):
            return name
    return None


def unit_of(pid: int) -> str | None:
    """The unit that a process runs in, from /proc/PID/cgroup; None where it has none or is gone."""
    unified, legacy = _paths(pid)
    root = _manager_root()
    for path in (unified, legacy):
        if path is None:
            continue
        if root and path.startswith(root + "/"):
            path = path[len(root) :]
        unit = unit_in(path)
        if unit is not None:
            return unit
    return None


def _paths(pid: int) -> t.Tuple[t.Optional[str], t.Optional[str]]:
    """The paths of a process in cgroup2 and in systemd's own hierarchy of cgroup v1."""
    unified = legacy = None
    try:
        with open("/proc/%d/cgroup" % pid, encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            for line in stream:
                _number, _colon, rest = line.rstrip("\n").partition(":")
                controllers, _colon, path = rest.partition(":")
                if controllers == "":
                    unified = path
                elif controllers == "name=systemd":
                    legacy = path
    except OSError:
        pass
    return unified, legacy


def _manager_root() -> str:
    """Where the system manager itself stands: not at the root in a container that sees its host's cgroups."""
    unified, legacy = _paths(1)
    path = unified if unified and unified != "/" else legacy or ""
    return path[: -len("/init.scope")] if path.endswith("/init.scope") else ""


class Units:
    """Unit names by cgroup id. The cgroups are walked once, at the first question."""

    def __init__(self, unseen: t.List[Unseen], root: str | None = None) -> None:
        self._unseen = unseen
        self._root = root
        self._units: t.Dict[int, t.Optional[str]] | None = None

    def of(self, cgroup: int | None) -> str | None:
        """The unit of the cgroup with this id (INET_DIAG_CGROUP_ID: its directory's inode), None for none."""
        if cgroup is None:
            return None
        if self._units is None:
            self._units = self._walk()
        return self._units.get(cgroup)

    def _walk(self) -> t.Dict[int, t.Optional[str]]:
        root = self._root or _cgroup2()
        if root is None:
            note(self._unseen, "systemd units of sockets", "no cgroup2 file system is mounted here")
            return {}
        units: t.Dict[int, t.Optional[str]] = {}
        # Breadth first: what the system made comes before what is nested deep in a delegated cgroup.
        level = [("", root)]
        while level:
            following = []
            for path, place in level:
                try:
                    with os.scandir(place) as entries:
                        children = [
                            (entry.name, entry.inode()) for entry in entries if entry.is_dir(follow_symlinks=False)
                        ]
                except OSError:  # gone meanwhile
                    continue
                for name, inode in children:
                    if len(units) >= MAX_CGROUPS:
                        note(
                            self._unseen,
                            "systemd units of some sockets",
                            "there are more than %d cgroups" % MAX_CGROUPS,
                        )
                        return units
                    below = "%s/%s" % (path, name)
                    units[inode] = unit_in(below)
                    following.append((below, os.path.join(place, name)))
            level = following
        return units


def _cgroup2() -> str | None:
    """Where cgroup2 is mounted (/proc/self/mountinfo; proc(5)): /sys/fs/cgroup, or a folder in it on hybrid hosts."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
            for line in stream:
                before, _dash, after = line.partition(" - ")
                fields = before.split(" ")
                if after.startswith("cgroup2 ") and len(fields) > 4:
                    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), fields[4])
    except OSError:
        pass
    return None
