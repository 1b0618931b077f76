# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the transactions of one network namespace are kept, and its lock.

    /var/lib/netmend-reclaim/               of root alone
        lock                                held for moments: whoever decides something about a transaction holds it
        20260501T120000Z-4f2a91/            one transaction
            journal                         all that is known of it
            work.lock                       held by whoever changes or restores the kernel's state for it
            dead-man.lock                   held by its dead-man, where that is a process
            program/                        what the dead-man runs; removed when all is settled
        netns-NAME/                         the same for a network namespace that is not the host's own

A lock is the kernel's (flock): it ends with the process that holds it, however that ends.
"""

from __future__ import annotations

import calendar
import contextlib
import fcntl
import os
import re
import secrets
import shutil
import time
import typing as t

from .. import hostid
from ..private import Unsafe, check_ancestors, wrong_with

DEFAULT = "/var/lib/netmend-reclaim"
KEPT = 100
"""Settled transactions that are kept; older ones are removed when a new one begins."""
PATIENCE = 30.0
"""Seconds to wait for a lock that is held for moments."""
_PAUSE = 0.02
_STAMP = "%Y%m%dT%H%M%SZ"
_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}\Z")


class Held(Exception):
    """Somebody else holds a lock, and did not let go in time."""


class Place:
    """The directory of one network namespace's transactions."""

    def __init__(self, state_dir: str, name: str | None = None) -> None:
        if not os.path.isabs(state_dir):
            raise ValueError("state_dir %r is not an absolute path" % state_dir)
        self._base = os.path.normpath(state_dir)
        self.path = self._base if name is None else os.path.join(self._base, "netns-" + name)

    @classmethod
    def of(cls, state_dir: str, netns: str | int | None) -> Place:
        """The place for a namespace: None is the caller's own. Nothing is made yet."""
        return cls(state_dir, hostid.name_of(netns))

    def make(self) -> None:
        """Make it, where it is not there yet. Raises ValueError where somebody else could write to it."""
        try:
            os.makedirs(os.path.dirname(self._base), mode=0o755, exist_ok=True)
            for path in dict.fromkeys((self._base, self.path)):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(path, 0o700)
        except OSError as exc:
            raise ValueError("state_dir: %s cannot be made: %s. Nothing was changed" % (self.path, exc)) from exc
        self.check()

    def check(self) -> None:
        """Raises ValueError where it is there, and somebody else could write to it."""
        for path in dict.fromkeys((self._base, self.path)):
            try:
                wrong = wrong_with(path)
                check_ancestors(os.path.dirname(os.path.realpath(path)))
            except FileNotFoundError:
                return
            except (OSError, Unsafe) as exc:
                raise ValueError("state_dir: %s is not safe: %s. Nothing was changed" % (path, exc)) from exc
            if wrong:
                raise ValueError(
                    "state_dir: %s %s; expected a directory of this user alone. Nothing was changed" % (path, wrong)
                )

    @contextlib.contextmanager
    def locked(self) -> t.Iterator[None]:
        """Decide something: nobody else does meanwhile. Raises Held."""
        with held(os.path.join(self.path, "lock"), PATIENCE):
            yield

    def ids(self) -> t.List[str]:
        """The transactions, newest first."""
        try:
            return sorted((name for name in os.listdir(self.path) if _ID.match(name)), reverse=True)
        except FileNotFoundError:
            return []

    def directory(self, identifier: str) -> str:
        """Where one transaction is kept. Raises ValueError for what is no id."""
        if not _ID.match(identifier):
            raise ValueError("transaction_id %r is none; expected one like 20260501T120000Z-4f2a91" % identifier)
        return os.path.join(self.path, identifier)

    def new(self) -> str:
        """Make the directory of a new transaction; its id. Ids are in the order of what happened."""
        at = int(time.time())
        for newest in self.ids()[:1]:  # later than that, also where the clock was set back
            at = max(at, calendar.timegm(time.strptime(newest[:16], _STAMP)) + 1)
        identifier = "%s-%s" % (time.strftime(_STAMP, time.gmtime(at)), secrets.token_hex(3))
        os.mkdir(os.path.join(self.path, identifier), 0o700)
        sync_directory(self.path)
        return identifier

    def remove(self, identifier: str) -> None:
        shutil.rmtree(self.directory(identifier), ignore_errors=True)


@contextlib.contextmanager
def held(path: str, patience: float) -> t.Iterator[None]:
    """Hold a lock as long as the block lasts. Raises Held where somebody else does not let go of it in time."""
    descriptor = _open(path)
    try:
        give_up = time.monotonic() + patience
        while not _try(descriptor):
            if time.monotonic() >= give_up:
                raise Held("%s is held by another process for more than %d seconds" % (path, patience))
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)


def is_held(path: str) -> bool:
    """Does any process hold this lock?"""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: str) -> None:
    """What was made or renamed in it is there after a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # works where the disk turned read-only since
    except FileNotFoundError:
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
