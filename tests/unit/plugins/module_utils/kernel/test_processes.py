# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes by the real /proc of whoever runs the tests; what needs root is in tests/integration/kernel."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import processes
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Process, Unseen

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="there is no /proc")

NAMED = """
import ctypes, sys
ctypes.CDLL(None).prctl(15, bytes.fromhex(sys.argv[1]), 0, 0, 0)
print("named", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def child():
    """``pid = child(name)``: a process whose command name is that, in bytes."""
    made = []

    def start(name: bytes) -> int:
        made.append(
            subprocess.Popen([sys.executable, "-c", NAMED, name.hex()], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        )
        assert made[-1].stdout.readline() == b"named\n"
        return made[-1].pid

    yield start
    for process in made:
        process.communicate(timeout=20)


def test_holders_of_a_socket() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, socket.socket() as other:
        inode, second = os.fstat(one.fileno()).st_ino, os.fstat(other.fileno()).st_ino
        found = processes.holders([inode], [])
        assert [process.pid for process in found[inode]] == [os.getpid()]
        assert second not in found
        everything = processes.holders(None, [])
        assert os.getpid() in [process.pid for process in everything[inode]]
        assert os.getpid() in [process.pid for process in everything[second]]
    assert inode not in processes.holders([inode], [])


def test_the_walk_ends_when_all_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "pids", lambda: iter_and_fail(os.getpid()))

    def iter_and_fail(pid: int):
        yield pid
        raise AssertionError("looked further")

    with socket.socket() as held:
        inode = os.fstat(held.fileno()).st_ino
        assert list(processes.holders([inode], [])) == [inode]


def test_nothing_asked_nothing_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "pids", lambda: pytest.fail("walked /proc"))
    assert processes.holders([], []) == {}
    assert processes.holders([0], []) == {}


def test_start_time(child) -> None:
    before = time.time()
    pid = child(b"young")
    found = processes.read(pid)
    assert found is not None
    assert found.started is not None
    tick = 0.02  # it is counted in hundredths of a second; a tick of each end
    assert before - tick < found.started < time.time() + tick


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"doublezerod", "doublezerod"),
        (b"exactly15bytes!", "exactly15bytes!"),
        (b"a) R 1 (b", "a) R 1 (b"),
        (b"\x1b[31mred\n", "\\x1b[31mred\\n"),
        ("\u202egnp.exe".encode(), "\\u202egnp.exe"),
        (b"\xff\xfe\x80", "\\xff\\xfe\\x80"),
        (b"<b>&amp;", "<b>&amp;"),
        (b" ", " "),
        (b"\x01" * 15, "\\x01" * 15),
    ],
)
def test_hostile_names(child, name: bytes, shown: str) -> None:
    pid = child(name)
    found = processes.read(pid)
    assert found is not None
    assert found.name == shown
    wanted = name.decode("utf-8", "surrogateescape")
    assert pid in [process.pid for process in processes.named(None, [wanted])]
    assert pid not in [process.pid for process in processes.named(None, ["else"])]


def test_a_long_name_is_found_by_what_the_kernel_keeps_of_it(child) -> None:
    pid = child(b"a-very-long-daemon-name"[:15])
    found = processes.named(None, ["a-very-long-daemon-name", "other"])
    assert pid in [process.pid for process in found]


def test_a_process_that_is_gone(child) -> None:
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    assert processes.read(pid) is None
    assert processes.sockets_of(pid) == set()


def test_what_is_unseen_is_noted_once() -> None:
    unseen: list[Unseen] = []
    processes.note(unseen, "a", "b")
    processes.note(unseen, "a", "b")
    processes.note(unseen, "a", "c")
    assert unseen == [Unseen("a", "b"), Unseen("a", "c")]


def test_a_namespace_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no-such-netns"):
        processes.named("no-such-netns", ["x"])


def test_result_is_a_process() -> None:
    assert isinstance(processes.read(os.getpid()), Process)
