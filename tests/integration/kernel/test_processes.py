# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes by namespace, and what a user without privileges is told: less, but never an error and never "clean"."""

from __future__ import annotations

import ctypes
import os
import pickle
import socket
import subprocess
import sys
import traceback
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import (
    conntrack,
    netlink,
    processes,
    sessions,
    units,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Unseen

NOBODY = 65534
_CLONE_NEWNS = 0x20000
_MS_PRIVATE_REC = 0x44000
_PR_SET_DUMPABLE = 4

NAMED = """
import ctypes, socket, sys
ctypes.CDLL(None).prctl(15, bytes.fromhex(sys.argv[1]), 0, 0, 0)
held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
held.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 7)
held.bind(("127.0.0.1", 5000))
print("ready", flush=True)
sys.stdin.read()
"""


def as_nobody(function: t.Callable[[], t.Any], hidepid: int | None = None) -> t.Any:
    """What a function returns in a process that has no privileges, and with hidepid in a /proc that hides others'.

    The mount is in a mount namespace of that process alone.
    """
    netlink.Netlink(netlink.NETLINK_SOCK_DIAG).close()  # import pyroute2 while its files can surely be read
    receive, send = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(receive)
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if hidepid is not None:
                for failed in (
                    libc.unshare(_CLONE_NEWNS),
                    libc.mount(b"none", b"/", None, _MS_PRIVATE_REC, None),
                    libc.mount(b"proc", b"/proc", b"proc", 0, b"hidepid=%d" % hidepid),
                ):
                    if failed:
                        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # else it may not read its own /proc/PID/fd
            result = pickle.dumps((True, function()))
        except BaseException:
            result = pickle.dumps((False, traceback.format_exc()))
        with os.fdopen(send, "wb") as stream:
            stream.write(result)
        os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as stream:
        worked, value = pickle.loads(stream.read())
    os.waitpid(pid, 0)
    assert worked, value
    return value


@pytest.fixture
def named(netns):
    def start(namespace: t.Any, name: bytes) -> int:
        child = namespace.start(
            [sys.executable, "-c", NAMED, name.hex()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert child.stdout.readline() == "ready\n"
        return child.pid

    return start


def test_named_processes_of_one_namespace(netns, named) -> None:
    one, other = netns(), netns()
    here, there = named(one, b"nmt-daemon"), named(other, b"nmt-daemon")
    unseen: list[Unseen] = []
    assert [process.pid for process in processes.named(one.name, ["nmt-daemon"], unseen)] == [here]
    assert [process.pid for process in processes.named(other.name, ["nmt-daemon"], unseen)] == [there]
    assert [process.pid for process in processes.named(there, ["nmt-daemon"], unseen)] == [there]
    assert processes.named(None, ["nmt-daemon"], unseen) == []
    assert processes.named(one.name, ["nmt-other"], unseen) == []
    assert unseen == []


def test_a_hostile_name_in_a_session(netns, named) -> None:
    namespace = netns()
    pid = named(namespace, "\x1b]0;\u202e\n".encode())
    (found,) = sessions.stream(namespace.name, ("udp",), processes=True)
    assert [(process.pid, process.name) for process in found.processes] == [(pid, "\\x1b]0;\\u202e\\n")]


def test_not_root(netns, named) -> None:
    """Sockets come, also others'; who holds them and their marks are said to be unseen."""
    namespace = netns()
    pid = named(namespace, b"nmt-daemon")

    def read() -> t.Any:
        unseen: list[Unseen] = []
        with socket.socket() as own:
            own.bind(("127.0.0.1", 0))
            own.listen()
            found = list(sessions.stream(None, ("tcp", "udp"), processes=True, unseen=unseen))
            mine = [s for s in found if s.inode == os.fstat(own.fileno()).st_ino]
        return found, mine, os.getpid(), unseen

    with namespace.entered():
        found, mine, me, unseen = as_nobody(read)
    (theirs,) = [s for s in found if s.local_port == 5000]
    assert theirs.inode
    assert theirs.processes == ()
    assert theirs.mark == 0  # it is 7
    assert [process.pid for process in mine[0].processes] == [me]
    assert {item.what for item in unseen} >= {"processes of other users' sockets", "marks of sockets (SO_MARK)"}
    assert all(item.why for item in unseen)
    # root sees the same socket whole
    (whole,) = sessions.stream(namespace.name, ("udp",), processes=True)
    assert (whole.mark, [process.pid for process in whole.processes]) == (7, [pid])


def test_not_root_still_tells_namespaces_apart(netns, named) -> None:
    """/proc/PID/ns/net of root's processes is not for others; which namespace they are in is seen all the same."""
    one, other = netns(), netns()
    here = named(one, b"nmt-daemon")
    named(other, b"nmt-daemon")

    def read() -> t.Any:
        unseen: list[Unseen] = []
        with pytest.raises(PermissionError):
            os.stat("/proc/%d/ns/net" % here)
        return [process.pid for process in processes.named(None, ["nmt-daemon"], unseen)], unseen

    with one.entered():
        found, unseen = as_nobody(read)
    assert found == [here]
    assert unseen == []


@pytest.mark.parametrize("hidepid", [1, 2])
def test_hidden_proc(netns, named, hidepid: int) -> None:
    namespace = netns()
    pid = named(namespace, b"nmt-daemon")

    def read() -> t.Any:
        told: list[list[Unseen]] = [[], [], []]
        found = list(sessions.stream(None, ("udp",), processes=True, unseen=told[0]))
        some = processes.holders([s.inode for s in found], told[1])
        return found, some, processes.named(None, ["nmt-daemon"], told[2]), units.unit_of(pid), told

    with namespace.entered():
        found, some, daemons, unit, told = as_nobody(read, hidepid)
    assert [(s.local_port, s.processes) for s in found] == [(5000, ())]
    assert some == {}
    assert daemons == []
    assert unit is None
    in_part = "processes of other users' sockets" if hidepid == 1 else "processes of other users"
    assert in_part in {item.what for item in told[0]}
    assert in_part in {item.what for item in told[1]}
    assert {item.what for item in told[2]} == {"processes of other users"}


def test_a_namespace_that_may_not_be_entered(netns) -> None:
    name = netns().name

    def read() -> t.Any:
        told = []
        for call in (
            lambda: list(sessions.stream(name)),
            lambda: list(conntrack.stream(name, [])),
            lambda: processes.named(name, ["x"]),
        ):
            with pytest.raises(PermissionError):
                call()
            told.append(True)
        return told

    assert as_nobody(read) == [True, True, True]
