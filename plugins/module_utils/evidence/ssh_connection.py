# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What SSH says of the connection that a process was started by.

It leaves the connection's ends in SSH_CONNECTION (sshd(8), ssh(1)) of what it starts. ``sudo`` takes that away, so the
ancestors of this process are asked too.
"""

from __future__ import annotations

import ipaddress
import os
import typing as t

from ..kernel import processes
from ..model import WayIn
from ..text import clean

_DEEPEST = 64
_NAME = 64


def told(pids: t.Iterable[int]) -> t.List[WayIn]:
    """The connections that these processes know of."""
    return [way for pid in pids for way in _told_by(pid)]


def ancestors() -> t.Iterator[int]:
    """This process, its parent, and so on up to the first one."""
    pid = os.getpid()
    for _step in range(_DEEPEST):
        yield pid
        parent = _parent(pid)
        if parent is None or parent <= 1:
            return
        pid = parent


def _parent(pid: int) -> int | None:
    try:
        with open("/proc/%d/status" % pid, "rb") as stream:
            for line in stream:
                if line.startswith(b"PPid:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return None


def _told_by(pid: int) -> t.Iterator[WayIn]:
    for variable in _environment(pid):
        name, _equals, value = variable.partition(b"=")
        if name == b"SSH_CONNECTION":
            way = parse(value.decode("ascii", "replace"), "SSH_CONNECTION of %s" % words(pid))
            if way is not None:
                yield way


def _environment(pid: int) -> t.List[bytes]:
    if pid == os.getpid():  # who has changed the user may not read even its own in /proc
        return [b"%s=%s" % pair for pair in os.environb.items()]
    try:
        with open("/proc/%d/environ" % pid, "rb") as stream:
            return stream.read().split(b"\0")
    except OSError:  # of another user, or gone
        return []


def parse(text: str, known_by: str) -> WayIn | None:
    """The value of SSH_CONNECTION: peer, its port, local address, local port; None for anything else."""
    words = text.split()
    if len(words) != 4 or not (words[1].isdigit() and words[3].isdigit()):
        return None
    try:
        peer, local = plain(words[0]), plain(words[2])
    except ValueError:
        return None
    return WayIn(peer, local, int(words[3]), int(words[1]), known_by)


def plain(address: str) -> str:
    """An address as the kernel's tables have it: IPv4 in IPv6 is IPv4; a link-local one keeps its link (``%eth0``)."""
    bare, percent, link = address.partition("%")
    parsed = ipaddress.ip_address(bare)
    mapped = parsed.ipv4_mapped if parsed.version == 6 else None
    return str(mapped or parsed) + percent + link


def words(pid: int) -> str:
    process = processes.read(pid)
    return "pid %d" % pid if process is None else "%s (pid %d)" % (clean(process.name, _NAME), pid)
