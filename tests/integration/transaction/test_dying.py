# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever dies, the host is as before when the deadline is over."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction import clock, history
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.place import is_held

SOON = 15
"""Seconds in which a transaction is applied here, also on a slow machine, and which a test likes to wait."""


def test_nobody_confirms(host):
    before = host.state()
    result = host.reclaim(host.stale(), confirm_within=SOON)
    assert result["state"] == "armed" and host.state() != before
    standing = host.await_state(result["transaction_id"], "rolled-back")
    assert standing.last["by"] == "dead-man" and standing.last["not_restored"] == []
    assert clock.since_boot() >= standing.begin["deadline"]["since_boot"]
    assert host.state() == before
    late = host.transaction("confirmed", result["transaction_id"])
    assert late["failed"] and "it is rolled-back (it was not confirmed in time)" in late["msg"]


def test_the_module_is_killed_in_the_midst(host):
    plan, before = host.stale(), host.state()
    host.start("reclaim", plan=plan, confirm_within=SOON, faults={"die_before": 3}).killed()
    identifier = host.newest()
    assert host.standing(identifier).state == "applying"
    assert host.state() != before
    host.await_state(identifier, "rolled-back")
    assert host.state() == before


def test_the_module_hangs_in_the_midst(host):
    """The dead-man ends it: else it might go on when all is restored."""
    plan, before = host.stale(), host.state()
    run = host.start("reclaim", plan=plan, confirm_within=SOON, faults={"hold_at": 3})
    until(lambda: host.place().ids() and held_in(run.process.pid))
    identifier = host.newest()
    assert host.state() != before
    host.await_state(identifier, "rolled-back")
    run.killed()
    assert host.state() == before


def test_all_that_the_session_started_is_killed(host):
    """As when a connection is cut and its server ends what it started: the dead-man is of no session and no group."""
    plan, before = host.stale(), host.state()
    run = host.start("reclaim", plan=plan, confirm_within=SOON, prefix=("setsid", "--wait"))
    result = run.result()
    pid = host.standing(result["transaction_id"]).armed["pid"]
    with open("/proc/%d/stat" % pid, encoding="utf-8") as stream:
        parent, group, session = map(int, stream.read().rpartition(")")[2].split()[1:4])
    assert parent not in (os.getpid(), run.process.pid) and group == session and session != os.getsid(0)
    assert {os.readlink("/proc/%d/fd/%d" % (pid, number)) for number in range(3)} == {"/dev/null"}
    host.await_state(result["transaction_id"], "rolled-back")
    assert host.state() == before


def test_all_that_the_program_came_from_is_gone(host):
    """The dead-man runs a copy of its own: nothing of the module's directory is needed, nor of pyroute2's."""
    result = host.reclaim(host.stale(), confirm_within=SOON)
    program = pathlib.Path(history.Transaction(host.place(), result["transaction_id"]).program)
    assert (program / "pyroute2" / "netlink" / "nlsocket.py").is_file()
    pid = host.standing(result["transaction_id"]).armed["pid"]
    command = pathlib.Path("/proc/%d/cmdline" % pid).read_bytes().decode().split("\0")
    assert command[1:3] == ["-I", str(program / "main.py")]
    opened = {os.readlink("/proc/%d/fd/%s" % (pid, number)) for number in os.listdir("/proc/%d/fd" % pid)}
    assert not [path for path in opened if path.startswith(str(pathlib.Path.cwd()))]
    host.await_state(result["transaction_id"], "rolled-back")
    until(lambda: not program.exists())


def test_confirming_ends_the_dead_man(host):
    result = host.reclaim(host.stale())
    transaction = history.Transaction(host.place(), result["transaction_id"])
    assert is_held(transaction.dead_man_lock)
    host.transaction("confirmed")
    until(lambda: not is_held(transaction.dead_man_lock))
    assert sorted(os.listdir(transaction.directory)) == ["dead-man.lock", "journal", "work.lock"]


def test_what_a_killed_run_and_a_killed_dead_man_left_is_settled_first(host):
    plan, before = host.stale(), host.state()
    host.start("reclaim", plan=plan, faults={"die_before": 3}).killed()
    left = host.newest()
    os.kill(host.standing(left).armed["pid"], signal.SIGKILL)
    until(lambda: not is_held(history.Transaction(host.place(), left).dead_man_lock))
    would = host.reclaim(plan, _ansible_check_mode=True)
    assert would["settled"][0]["transaction_id"] == left and "would be settled first" in would["settled"][0]["words"]
    assert host.standing(left).state == "applying"
    result = host.reclaim(plan)
    assert result["state"] == "armed", result
    (settled,) = result["settled"]
    assert settled["transaction_id"] == left and settled["words"].startswith(
        "rolled back, because neither its dead-man"
    )
    assert [step["result"] for step in result["steps"]] == ["done"] * 5
    host.transaction("rolled_back")
    assert host.state() == before


def test_what_an_earlier_boot_left_is_told(host):
    host.reclaim(host.stale())
    left = host.newest()
    os.kill(host.standing(left).armed["pid"], signal.SIGKILL)
    host.reboot(left)
    mended = host.state()
    result = host.reclaim(host.stale_again())
    assert result["settled"] == [
        {
            "transaction_id": left,
            "words": "ended by a reboot: what it changed is gone with the kernel that held it",
        }
    ], result
    assert host.standing(left).state == "ended"
    assert host.state() == mended


def test_what_cannot_be_restored_is_said(host):
    host.ns.sh("ip link add tmp0 type veth peer name tmp1 && ip link set tmp0 up && ip link set tmp1 up")
    host.ns.sh("ip address add 203.0.113.1/24 dev tmp0 && ip route add 10.9.0.0/16 via 203.0.113.2 table 109")
    (route,) = host.seen("route", lambda route: route.table == 109)
    result = host.reclaim(host.plan(("route.del", route)))
    assert result["state"] == "armed", result
    host.ns.sh("ip link del tmp0")  # somebody else does
    back = host.transaction("rolled_back")
    assert back["state"] == "rolled-back" and back["failed"], back
    assert any("10.9.0.0/16 was not restored" in words for words in back["not_restored"]), back
    assert any("link tmp0 is gone" in words for words in back["not_restored"]), back
    (told, *_older) = host.transaction("listed")["transactions"]
    assert told["not_restored"] == back["not_restored"]


def test_a_full_disk_changes_nothing(host, tmp_path):
    """The state directory is a file system of a few pages, in mounts of the module's own."""
    before = host.state()
    for pages in (1, 2, 4, 8, 16, 20, 24, 32, 48, 64):
        run = host.start(
            "reclaim",
            plan=host.stale(),
            prefix=in_tmpfs(host.state_dir, "size=%dk" % (4 * pages)),
            confirm_within=SOON,
        )
        result = run.result()
        assert result["state"] == "refused", (pages, result)
        assert "No space left on device" in result["msg"] and "othing was changed" in result["msg"]
        assert host.state() == before


def test_a_disk_that_fills_up_midway_takes_all_back(host):
    before = host.state()
    run = host.start("reclaim", plan=host.stale(), prefix=in_tmpfs(host.state_dir, "size=8m"), faults={"fill_at": 3})
    result = run.result()
    assert result["state"] == "rolled-back" and "No space left on device" in result["msg"], result
    results = [step["result"] for step in result["steps"]]
    assert results[:3] == ["done"] * 3 and results[-1] == "not-done"  # what was left of its page took a record or two
    assert host.state() == before


def test_a_read_only_disk_changes_nothing(host):
    before = host.state()
    result = host.start("reclaim", plan=host.stale(), prefix=in_tmpfs(host.state_dir, "ro")).result()
    assert result["failed"] and "Read-only file system" in result["msg"] and "othing was changed" in result["msg"], (
        result
    )
    assert host.state() == before


@pytest.mark.parametrize(
    ("mode", "words"), [(0o755, "has mode 0755, not 0700"), (0o770, "has mode 0770, not 0700"), (None, "symbolic link")]
)
def test_a_state_directory_that_is_not_safe_is_refused(host, tmp_path, mode, words):
    before = host.state()
    if mode is None:
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        host.state_dir.symlink_to(tmp_path / "elsewhere")
    else:
        host.state_dir.mkdir()
        host.state_dir.chmod(mode)
    result = host.reclaim(host.stale())
    assert result["failed"] and words in result["msg"] and "Nothing was changed" in result["msg"]
    assert host.state() == before


def test_a_record_that_was_cut_short_is_as_if_never_written(host):
    result = host.reclaim(host.stale())
    journal = pathlib.Path(history.Transaction(host.place(), result["transaction_id"]).journal.path)
    with journal.open("ab") as stream:
        stream.write(b'{"record":"confirmed","at":1')
    assert host.transaction("listed")["pending"] == result["transaction_id"]
    host.transaction("confirmed")
    assert [json.loads(line)["record"] for line in journal.read_text().splitlines()][-2:] == ["proof", "confirmed"]


def in_tmpfs(directory, options):
    """A prefix that mounts a file system there, for what it starts alone."""
    directory.mkdir(mode=0o700, exist_ok=True)
    script = 'mount -t tmpfs -o mode=700,%s none "$0" && exec "$@"' % options
    return (shutil.which("unshare"), "--mount", "sh", "-c", script, str(directory))


def held_in(pid):
    with open("/proc/%d/stat" % pid, encoding="utf-8") as stream:
        return stream.read().rpartition(")")[2].split()[0] == "T"


def until(true):
    give_up = time.monotonic() + 60
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.05)
