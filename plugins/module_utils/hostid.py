# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which host this is, which boot of it, and which of its network namespaces."""

from __future__ import annotations

import os
import platform
import typing as t

from .kernel.namespace import path_of

_NAMES = "/run/netns"


def host(netns: str | int | None = None) -> t.Dict[str, t.Any]:
    """The host as an audit, a plan and a journal name it; ``netns`` as the kernel port was given it."""
    return {
        "hostname": platform.node(),
        "kernel": os.uname().release,
        "boot_id": boot_id(),
        "machine_id": machine_id(),
        "netns": name_of(netns),
    }


def boot_id() -> str | None:
    """Another one after each boot; None where /proc does not show it."""
    return _line("/proc/sys/kernel/random/boot_id")


def machine_id() -> str | None:
    """The same for as long as the host is installed (machine-id(5)); None where it has none."""
    return _line("/etc/machine-id") or _line("/var/lib/dbus/machine-id")


def name_of(netns: str | int | None = None) -> str | None:
    """The name (ip-netns(8)) of a network namespace; None for the one that the host started with, and without a name.

    Each way to ask for one namespace (by its name, by a process in it, by being there) gives the same answer.
    """
    own = _mark("/proc/thread-self/ns/net" if netns is None else path_of(netns))
    if own is None or own == _mark("/proc/1/ns/net"):
        return None
    try:
        names = sorted(os.listdir(_NAMES))
    except OSError:
        return None
    if netns is not None and str(netns) in names:
        return str(netns)  # a namespace may have more than one name
    return next((name for name in names if _mark(os.path.join(_NAMES, name)) == own), None)


def is_own(netns: str | int | None) -> bool:
    """Is it the namespace that this process is in?"""
    return netns is None or _mark(path_of(netns)) == _mark("/proc/thread-self/ns/net")


def _mark(path: str) -> t.Tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _line(path: str) -> str | None:
    try:
        with open(path, encoding="ascii", errors="backslashreplace") as stream:
            return stream.readline(128).strip() or None
    except OSError:
        return None
