# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration files below a root: the host's own, or that of a container. Bounded; what is not there is nothing."""

from __future__ import annotations

import errno
import itertools
import os
import posixpath
import stat
import typing as t

from ..model import Unseen

LARGEST = 1 << 20
"""Bytes of a file that are taken. A larger one is no configuration that a person wrote."""
_ENTRIES = 4096
"""Names of a directory."""
_LINKS = 40
"""Symbolic links on the way to a file, as many as Linux follows (path_resolution(7))."""
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ESRCH)


class Tree:
    """A root directory. Paths are absolute and stand for what a process with that root would see."""

    def __init__(self, root: str, unseen: t.List[Unseen], what: str = "configuration") -> None:
        self._root = root.rstrip("/")
        self._unseen = unseen
        self._what = what

    def text(self, path: str) -> str | None:
        """The text of a regular file; None where it is not there, or cannot be read (which ``unseen`` is told)."""
        try:
            # O_NONBLOCK: opening a FIFO must not wait for its writer.
            descriptor = os.open(self.real(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            with open(descriptor, "rb") as stream:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    return None
                data = stream.read(LARGEST + 1)
        except OSError as exc:
            self._tell(path, exc)
            return None
        if len(data) > LARGEST:
            self.miss(path, "it has more than %d bytes" % LARGEST)
            return None
        return data.decode("utf-8", "replace")

    def names(self, directory: str) -> t.List[str]:
        """The names in a directory, sorted."""
        try:
            with os.scandir(self.real(directory)) as entries:
                found = [entry.name for entry in itertools.islice(entries, _ENTRIES + 1)]
        except OSError as exc:
            self._tell(directory, exc)
            return []
        if len(found) > _ENTRIES:
            self.miss(directory, "it has more than %d entries: not all of them were read" % _ENTRIES)
        return sorted(found)[:_ENTRIES]

    def stat(self, path: str) -> os.stat_result | None:
        try:
            return os.stat(self.real(path))
        except OSError:
            return None

    def target(self, path: str) -> str | None:
        """Where a symbolic link points to, as it is written; None for what is none."""
        directory, _slash, name = path.rpartition("/")
        try:
            return os.readlink(os.path.join(self.real(directory or "/"), name))
        except OSError:
            return None

    def real(self, path: str) -> str:
        """Where a file really is: symbolic links are followed as below this root. Raises OSError."""
        if not self._root:
            return path
        done, todo, followed = "/", [part for part in path.split("/") if part], 0
        while todo:
            part = todo.pop(0)
            if part == "..":
                done = posixpath.dirname(done)
                continue
            here = posixpath.join(done, part)
            try:
                target = os.readlink(self._root + here)
            except OSError as exc:
                if exc.errno != errno.EINVAL:  # EINVAL: it is no symbolic link
                    raise
                done = here
                continue
            followed += 1
            if followed > _LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            done = "/" if target.startswith("/") else done
            todo = [piece for piece in target.split("/") if piece not in ("", ".")] + todo
        return self._root + done

    def miss(self, path: str, why: str) -> None:
        """Tell ``unseen`` of it, once."""
        item = Unseen("%s %s" % (self._what, path), why)
        if item not in self._unseen:
            self._unseen.append(item)

    def _tell(self, path: str, exc: OSError) -> None:
        if exc.errno not in _ABSENT:
            self.miss(path, exc.strerror or str(exc))
