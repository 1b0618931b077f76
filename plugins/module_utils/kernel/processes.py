# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes, as /proc shows them (proc(5), namespaces(7)). What it hides is listed as unseen, never an error."""

from __future__ import annotations

import dataclasses
import functools
import os
import time
import typing as t

from ..model import Process, Unseen
from ..text import clean
from .namespace import entered

_COMM_BYTES = 15
"""TASK_COMM_LEN without its end: the kernel cuts longer names."""
_SOCKET = "socket:["
_START_TIME = 19
"""Index of starttime (field 22 of /proc/PID/stat) behind the command name, which is field 2."""

_ENDED = (b"Z", b"X", b"x")
"""States of what has ended (proc_pid_stat(5))."""

Holders = t.Dict[int, t.Tuple[Process, ...]]


def holders(inodes: t.Collection[int] | None, unseen: t.List[Unseen]) -> Holders:
    """Which processes hold the sockets with these inodes; of all sockets where ``inodes`` is None.

    One walk over /proc/*/fd. With inodes it ends as soon as each has a holder: a second process that shares the same
    socket may then be missing. A socket that nobody holds is not in the result.
    """
    wanted = None if inodes is None else set(inodes) - {0}
    found: t.Dict[int, t.List[Process]] = {}
    missing = set(wanted or ())
    if wanted is not None and not wanted:
        return {}
    hidden = 0
    for pid in pids():
        held = sockets_of(pid)
        if held is None:
            hidden += 1
            continue
        if wanted is not None:
            held &= wanted
        if not held:
            continue
        process = read(pid)
        if process is None:
            continue
        for inode in held:
            found.setdefault(inode, []).append(process)
        missing -= held
        if wanted is not None and not missing:
            break
    if missing or wanted is None:
        if hidden:
            note(unseen, "processes of other users' sockets", "/proc/PID/fd of other users needs CAP_SYS_PTRACE (root)")
        _tell_hidden(False, unseen)
    return {inode: tuple(processes) for inode, processes in found.items()}


@dataclasses.dataclass(frozen=True)
class Daemon:
    """A running process, and whether it lives in the network namespace that was asked about; None where that is hidden."""

    process: Process
    here: bool | None


def named(netns: str | int | None, names: t.Collection[str], unseen: t.List[Unseen] | None = None) -> t.List[Process]:
    """The processes with one of these command names that live in a network namespace, by pid.

    Raises ValueError and PermissionError as ``namespace.entered`` does.
    """
    found, _all_shown = daemons(netns, names, [] if unseen is None else unseen)
    return [daemon.process for daemon in found if daemon.here]


def daemons(netns: str | int | None, names: t.Collection[str], unseen: t.List[Unseen]) -> t.Tuple[t.List[Daemon], bool]:
    """The processes of the whole host with one of these command names, by pid; and whether all processes are shown.

    One walk over /proc. What has ended and was not yet waited for (a zombie) does not run. Raises as ``named`` does.
    """
    wanted = {name.encode("utf-8", "surrogateescape")[:_COMM_BYTES] for name in names}
    with entered(netns):
        home = _namespaces("thread-self")
    found = []
    hidden = False
    for pid in pids():
        comm, started, state = _stat(pid)
        if comm not in wanted:
            hidden = hidden or (comm is None and os.path.isdir("/proc/%d" % pid))
            continue
        if state in _ENDED:
            continue
        lives = _same(home, _namespaces(str(pid)))
        if lives is None and _stat(pid)[2] in (None, *_ENDED):
            continue  # it ended meanwhile
        found.append(Daemon(Process(pid, _shown(comm), started), lives))
        if lives is None:
            what = "network namespace of %s (pid %d)" % (_shown(comm), pid)
            note(unseen, what, "/proc does not show it to this user")
    return found, not _tell_hidden(hidden, unseen)


def living_here(netns: str | int | None, pids: t.Iterable[int]) -> t.Dict[int, t.Optional[bool]]:
    """Whether each process lives in a network namespace; None where /proc does not show it, or it is gone."""
    with entered(netns):
        home = _namespaces("thread-self")
    return {pid: _same(home, _namespaces(str(pid))) for pid in pids}


def read(pid: int) -> Process | None:
    """A process; None where it is gone or hidden."""
    comm, started, _state = _stat(pid)
    return None if comm is None else Process(pid, _shown(comm), started)


def start_of(pid: int) -> int | None:
    """When a process was started, in ticks since boot: tells it from a later one with the same id. None: it is gone."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as stream:
            return int(stream.read().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return None


def pids() -> t.List[int]:
    """The processes that /proc shows, lowest first."""
    try:
        return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    except OSError:
        return []


def note(unseen: t.List[Unseen], what: str, why: str) -> None:
    """Add to what could not be seen, once."""
    item = Unseen(what, why)
    if item not in unseen:
        unseen.append(item)


def _tell_hidden(hidden: bool, unseen: t.List[Unseen]) -> bool:
    # Each pid namespace has a pid 1: where it is missing, /proc is mounted with hidepid=2 (proc(5)).
    if hidden or not os.path.isdir("/proc/1"):
        note(unseen, "processes of other users", "/proc is mounted with hidepid and shows only this user's processes")
        return True
    return False


def sockets_of(pid: int) -> t.Set[int] | None:
    """The inodes of the sockets that a process holds; None where that is not shown."""
    try:
        directory = os.open("/proc/%d/fd" % pid, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return None
    except OSError:  # it is gone
        return set()
    found = set()
    try:
        for name in os.listdir(directory):
            try:
                target = os.readlink(name, dir_fd=directory)
            except OSError:  # closed meanwhile
                continue
            if target.startswith(_SOCKET):
                found.add(int(target[len(_SOCKET) : -1]))
    except PermissionError:
        return None
    except OSError:
        pass
    finally:
        os.close(directory)
    return found


@functools.cache
def _boot_time() -> float:
    """Unix time of the boot. The kernel's own (btime in /proc/stat) leaves out what is less than a second.

    Taken once: each time it is another one by microseconds, and one process would not be the same twice.
    """
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _stat(pid: int) -> t.Tuple[t.Optional[bytes], t.Optional[float], t.Optional[bytes]]:
    """The raw command name, the start time (Unix time) and the state of a process; None for what is not shown."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as stream:
            text = stream.read()
    except OSError:
        return None, None, None
    # The name may hold anything, brackets and newlines too: it ends at the last bracket.
    start, end = text.find(b"("), text.rfind(b")")
    fields = text[end + 1 :].split()
    if start < 0 or end < start or len(fields) <= _START_TIME:
        return None, None, None
    started = _boot_time() + int(fields[_START_TIME]) / os.sysconf("SC_CLK_TCK")
    return text[start + 1 : end], started, fields[0]


def _shown(comm: bytes) -> str:
    return clean(comm, 4 * _COMM_BYTES)  # a byte may become an escape of four characters


_Namespaces = t.Tuple[t.Optional[int], t.Optional[int]]


def _namespaces(pid: str) -> _Namespaces:
    """Two marks of a process's network namespace: its inode, and that of its /proc/net/dev.

    The first needs CAP_SYS_PTRACE for other users' processes. The second does not, and is as good: each namespace has
    its own /proc/net with its own inodes.
    """
    marks: t.List[t.Optional[int]] = []
    for path in ("ns/net", "net/dev"):
        try:
            marks.append(os.stat("/proc/%s/%s" % (pid, path)).st_ino)
        except OSError:
            marks.append(None)
    return marks[0], marks[1]


def _same(one: _Namespaces, other: _Namespaces) -> bool | None:
    for mine, theirs in zip(one, other):
        if mine is not None and theirs is not None:
            return mine == theirs
    return None
