# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way in: the connections that whoever runs this came in by. More than one is no harm: all are protected.

SSH says which (see ssh_connection), and so do the sockets that the ancestors of this process hold. A process that was made
to survive its session (an asynchronous task) has no ancestors left: then all sessions of the SSH server count.
"""

from __future__ import annotations

import typing as t

from ..kernel import processes
from ..kernel.port import Kernel
from ..model import Session, WayIn
from .ssh_connection import ancestors, plain, told, words

SERVERS = ("sshd", "sshd-session", "dropbear")


def ways_in(kernel: Kernel) -> t.Tuple[WayIn, ...]:
    """The connections by which this process was started, as far as they end in the namespace of ``kernel``.

    That must be the namespace that this process is in: a way into another one is no way in.
    """
    family = list(ancestors())
    said = told(family)
    inodes = {inode: pid for pid in reversed(family) for inode in processes.sockets_of(pid) or ()}
    held = _held(kernel, inodes, "socket of") if inodes else []
    if not said and not held:
        servers = kernel.processes(SERVERS)
        inodes = {inode: server.pid for server in servers for inode in processes.sockets_of(server.pid) or ()}
        held = _held(kernel, inodes, "any session of") if inodes else []
    ends: t.Dict[t.Tuple[str, int, str, int], WayIn] = {}
    for way in said + held:
        ends.setdefault((way.peer, way.peer_port, way.local, way.local_port), way)
    return tuple(ends.values())


def _held(kernel: Kernel, inodes: t.Mapping[int, int], how: str) -> t.List[WayIn]:
    found = []
    for session in kernel.sessions(protocols=("tcp",)):
        if session.inode in inodes and session.remote is not None and session.state == "ESTAB":
            found.append(_way(session, "%s %s" % (how, words(inodes[session.inode]))))
    return found


def _way(session: Session, known_by: str) -> WayIn:
    peer, local = plain(session.remote or ""), plain(session.local)
    return WayIn(peer, local, session.local_port, session.remote_port, known_by)
