# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a capture on the host: it is this user's alone, never fills the disk, and does not stay.

It lies in the task's temporary directory, which Ansible removes. What a capture leaves that was killed together with its
connection, the next one removes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import secrets
import stat
import time
import typing as t

_NAME = "netmend-capture-%s.%s"
_OURS = re.compile(r"netmend-capture-[0-9a-f]{16}\.pcap(?:ng)?\Z")
_TASKS = re.compile(r"ansible-(?:tmp|moduletmp)-[0-9A-Za-z._-]+\Z")
_OLD = 6 * 3600
"""Seconds after which a file that nobody writes to is not being fetched either."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
SHARE, LEAST, MOST = 20, 64 << 20, 1 << 30
"""What stays free: the twentieth part of the file system, but at least 64 MiB, and no more than 1 GiB."""


class Full(Exception):
    """There is no room for more."""


class File:
    """A new file in a directory. Raises ValueError where it could take room that others need."""

    def __init__(self, directory: str, ending: str, most_bytes: int) -> None:
        check_space(directory, most_bytes)
        self.path = os.path.join(directory, _NAME % (secrets.token_hex(8), ending))
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self.size = 0

    def __enter__(self) -> File:
        return self

    def __exit__(self, kind: object, *exc: object) -> None:
        os.close(self._descriptor)
        if kind is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)

    def write(self, data: bytes) -> None:
        """All of it or nothing. Raises Full."""
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as exc:
            if exc.errno not in _FULL:
                raise
            os.ftruncate(self._descriptor, self.size)
            os.lseek(self._descriptor, self.size, os.SEEK_SET)
            raise Full from exc
        self.size += len(data)

    def hold_space(self) -> None:
        """Raises Full where others have taken so much meanwhile that no more may be written."""
        status = os.fstatvfs(self._descriptor)
        if status.f_bavail * status.f_frsize < kept_free(status):
            raise Full

    def checksum(self) -> str:
        """SHA-256, in hexadecimal digits."""
        digest = hashlib.sha256()
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        for part in iter(lambda: os.read(self._descriptor, 1 << 20), b""):
            digest.update(part)
        return digest.hexdigest()


def kept_free(status: os.statvfs_result) -> int:
    """Bytes."""
    return min(max(status.f_blocks * status.f_frsize // SHARE, LEAST), MOST)


def check_space(directory: str, most_bytes: int) -> None:
    """Raises ValueError where a file of that size would leave too little."""
    status = os.statvfs(directory)
    free, kept = status.f_bavail * status.f_frsize, kept_free(status)
    if free - most_bytes < kept:
        raise ValueError(
            "%s has %d MiB left, and %d MiB of them are left alone: a capture of up to %d KiB does not fit. Allow fewer "
            "bytes, make room, or set remote_tmp to a directory with more"
            % (directory, free >> 20, kept >> 20, -(-most_bytes // 1024))
        )


def sweep(directory: str, now: float | None = None) -> t.List[str]:
    """Remove what captures have left in the temporary directories beside this one; what was removed.

    Only regular files of this user with our names, that are old and that nobody holds.
    """
    removed = []
    parent = os.path.dirname(os.path.abspath(directory))
    now = time.time() if now is None else now
    for task in _listed(parent, _TASKS):
        for name in _listed(os.path.join(parent, task), _OURS):
            path = os.path.join(parent, task, name)
            with contextlib.suppress(OSError):
                if _is_left(path, now):
                    os.unlink(path)
                    removed.append(path)
                    os.rmdir(os.path.join(parent, task))  # where nothing else is in it
    return removed


def _listed(directory: str, pattern: t.Pattern[str]) -> t.List[str]:
    try:
        status = os.lstat(directory)
        if not stat.S_ISDIR(status.st_mode):
            return []
        return [name for name in os.listdir(directory) if pattern.match(name)]
    except OSError:
        return []


def _is_left(path: str, now: float) -> bool:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or now - status.st_mtime < _OLD:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    finally:
        os.close(descriptor)
