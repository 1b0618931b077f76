# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab itself: it survives being killed half-way, stands beside another one, and leaves nothing behind."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time
import typing as t

import namespaces
import pytest
from hosts import HOSTS
from lab_runs import SCRIPTS, new_place, script
from place import Place
from programs import Program


def own_state() -> str:
    """Links, addresses, routes and rules of the namespace that the tests run in, without lifetimes."""
    words = (
        ["link"],
        ["address"],
        ["route", "show", "table", "all"],
        ["-6", "route", "show", "table", "all"],
        ["rule"],
    )
    shown = [subprocess.run(["ip", *each], capture_output=True, text=True, check=True).stdout for each in words]
    return "\n".join(
        line for text in shown for line in text.splitlines() if "_lft" not in line and "expires" not in line
    )


@pytest.fixture
def other(tmp_path: pathlib.Path) -> t.Iterator[Place]:
    place = new_place(tmp_path)
    yield place
    script("down", place)


def test_a_lab_that_was_killed_half_way_is_made_beside_another_one_and_removed_without_a_trace(
    lab: Place, other: Place
) -> None:
    before = own_state()
    argv = [sys.executable, str(SCRIPTS / "lab.py"), "up", "--prefix", other.prefix, "--dir", str(other.where)]
    first = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(other.hosts.glob("app1/*.stat")):
        assert first.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert script("status", other).returncode == 1
    left = [(program, program.pid) for program in other.programs() if program.alive()]
    assert left

    done = script("up", other)
    assert done.returncode == 0, done.stdout + done.stderr
    assert script("status", other).returncode == 0
    assert not any(_is_running(program, pid) for program, pid in left)
    programs = {program.stat: program.pid for program in other.programs()}

    again = script("up", other)
    assert "stands already" in again.stdout
    assert {program.stat: program.pid for program in other.programs()} == programs

    assert own_state() == before
    running = [(program, program.pid) for program in other.programs()]
    assert script("down", other).returncode == 0
    assert not any(_is_running(program, pid) for program, pid in running)
    assert not any(namespaces.exists(name) for name in other.names)
    assert not other.where.exists()
    assert own_state() == before
    assert script("status", lab).returncode == 0, "the other lab still stands"


def _is_running(program: Program, pid: int) -> bool:
    """Is there a process with this id that is the program's?"""
    try:
        return program.name.encode() in pathlib.Path("/proc/%d/cmdline" % pid).read_bytes()
    except FileNotFoundError:
        return False


def test_down_where_there_is_nothing_does_nothing(other: Place) -> None:
    done = script("down", other)
    assert (done.returncode, done.stderr) == (0, "")
    assert not other.where.exists()


def test_a_namespace_of_somebody_else_is_left_alone(other: Place) -> None:
    name = other.netns(HOSTS[0].name)
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        for action in ("up", "down"):
            done = script(action, other)
            assert namespaces.exists(name)
            assert action == "down" or (done.returncode == 1 and "ip netns delete %s" % name in done.stderr)
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def test_a_process_that_got_the_id_of_one_of_ours_is_left_alone(other: Place) -> None:
    """The id in the file is that of a living process, the start time is not."""
    where = other.where
    where.mkdir(parents=True)
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        program = Program(where, "app")
        stat = pathlib.Path("/proc/%d/stat" % bystander.pid).read_text()
        program.stat.write_text(stat)
        assert program.alive()
        fields = stat.split()
        fields[21] = str(int(fields[21]) - 1)
        program.stat.write_text(" ".join(fields))
        assert not program.alive()
        program.stop()
        assert bystander.poll() is None
        program.stat.write_text(stat)
        program.stop()
        assert bystander.wait(timeout=10) == -signal.SIGTERM
    finally:
        bystander.kill()
        bystander.wait()


def test_who_is_not_root_is_told(tmp_path: pathlib.Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    # Loaded as root, for others may not read the checkout.
    code = "import os, sys; sys.path.insert(0, %r); import lab; os.setuid(65534); sys.exit(lab.main(['up']))"
    done = subprocess.run(
        [sys.executable, "-c", code % str(SCRIPTS)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 2
    assert "as root" in done.stderr
