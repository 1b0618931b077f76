# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directories that nobody but their user can change: what is kept there may be trusted, and run."""

from __future__ import annotations

import os
import stat


class Unsafe(Exception):
    """Somebody else could put something into the directory; the message says who and where."""


def check_ancestors(path: str) -> None:
    """Nobody but root and the user may be able to put another directory in the place of one on the way."""
    while True:
        status = os.lstat(path)
        if status.st_uid not in (0, os.geteuid()):
            raise Unsafe("%s belongs to user %d" % (path, status.st_uid))
        if status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX:
            raise Unsafe("%s is writable by others (mode %04o)" % (path, stat.S_IMODE(status.st_mode)))
        parent = os.path.dirname(path)
        if parent == path:
            return
        path = parent


def wrong_with(path: str) -> str | None:
    """Why a directory of ours is not to be trusted, or None."""
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        return "is a symbolic link"
    if not stat.S_ISDIR(status.st_mode):
        return "is not a directory"
    if status.st_uid != os.geteuid():
        return "belongs to user %d, not to %d" % (status.st_uid, os.geteuid())
    if stat.S_IMODE(status.st_mode) != 0o700:
        return "has mode %04o, not 0700" % stat.S_IMODE(status.st_mode)
    return None
