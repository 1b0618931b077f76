# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole way through Ansible: applied, confirmed over a connection that was made afterwards, or left to the dead-man."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction import history
from ansible_collections.netmend.reclaim.tests.integration.bring import conftest as bring
from ansible_collections.netmend.reclaim.tests.integration.transaction.test_dying import SOON, until

MODULE, PAST = "netmend.reclaim.reclaim", "netmend.reclaim.transaction"

bare_python = bring.bare_python


class Managed:
    """A host of the fixture ``host``, reached by Ansible."""

    def __init__(self, host, directory) -> None:
        directory.mkdir(mode=0o700)
        self.host = host
        self.lab = bring.Lab(directory)
        self.lab.remove()  # its own namespace: the host's is used instead
        self.lab.netns = host.name

    def run(self, module, python=sys.executable, **arguments):
        options = arguments.pop("options", ())
        variables = arguments.pop("variables", {})
        arguments["state_dir"] = str(self.host.state_dir)
        result = self.lab.run(module, arguments, python=python, options=options, **variables)
        assert len(result.hosts) == 1, result.output
        return dict(result.only(), failed=result.status["h0"] == "failed")


@pytest.fixture
def managed(host, tmp_path):
    return Managed(host, tmp_path / "ansible")


def test_confirmed_over_a_fresh_connection(managed):
    host = managed.host
    result = managed.run(MODULE, plan=host.stale(), health_checks=[{"reach": "203.0.113.9"}])
    assert result.get("state") == "confirmed", result
    assert result["changed"] and result["confirmed_over"] == 1
    assert host.standing(result["transaction_id"]).state == "confirmed"
    assert "@" in host.standing(result["transaction_id"]).begin["who"]["controller"]


def test_another_namespace_than_the_one_that_the_connection_arrives_in(managed):
    """Over the local connection, which has nothing to reset."""
    host = managed.host
    before = host.state()
    given = {"plan": host.stale(), "netns": host.name, "variables": {"ansible_connection": "local"}}
    result = managed.run(MODULE, **given, health_checks=[{"reach": "203.0.113.9", "source": "192.0.2.1"}])
    assert result.get("state") == "confirmed", result
    undone = managed.run(
        PAST,
        state="rolled_back",
        transaction_id=result["transaction_id"],
        netns=host.name,
        variables={"ansible_connection": "local"},
        confirm_within=SOON,
        health_checks=[{"command": ["sh", "-c", "kill -9 $PPID"]}],  # the confirming module
    )
    assert undone["failed"] and undone["state"] == "rolled-back", undone
    assert host.standing(undone["transaction_id"]).last["by"] == "dead-man"
    assert host.state() != before
    assert managed.run(PAST, netns=host.name)["transactions"][1]["state"] == "confirmed"


def test_taken_back_and_confirmed_over_a_fresh_connection(managed):
    host = managed.host
    before = host.state()
    done = managed.run(MODULE, plan=host.stale())
    undone = managed.run(PAST, state="rolled_back", transaction_id=done["transaction_id"])
    assert (undone["state"], undone["undoes"]) == ("confirmed", done["transaction_id"]), undone
    assert host.state() == before
    listed = managed.run(PAST)
    assert [one["state"] for one in listed["transactions"]] == ["confirmed", "confirmed"]


def test_a_health_check_that_fails(managed):
    host = managed.host
    before = host.state()
    result = managed.run(MODULE, plan=host.stale(), health_checks=[{"command": ["false"]}])
    assert result["failed"] and result["state"] == "rolled-back" and not result["changed"], result
    assert "health_checks[0]: false ended with status 1" in result["msg"]
    assert host.state() == before


def test_check_mode_and_diff(managed):
    host = managed.host
    plan, before = host.stale(), host.state()
    told = managed.run(MODULE, plan=plan, options=("--check", "--diff"))
    assert told["state"] == "planned" and told["changed"] and host.state() == before
    done = managed.run(MODULE, plan=plan, options=("--diff",))
    assert done["state"] == "confirmed" and done["diff"] == told["diff"] and len(done["diff"]) == 5


def test_a_health_check_that_says_too_much_is_refused_before_anything_is_changed(managed):
    before = managed.host.state()
    result = managed.run(
        MODULE, plan=managed.host.stale(), health_checks=[{"reach": "192.0.2.1", "tcp": "h", "port": 1}]
    )
    assert result["failed"] and "mutually exclusive" in result["msg"]
    assert managed.host.state() == before


@pytest.mark.parametrize("version", ["3.9", "3.13"])
def test_a_host_without_pyroute2_has_a_dead_man_with_a_copy_of_its_own(managed, bare_python, version):
    """Both come from archives that are gone when the module ends."""
    host = managed.host
    python = managed.lab.python(bare_python(version))
    plan, before = host.stale(), host.state()
    checks = [{"command": ["sh", "-c", "rm -rf %s && kill -9 $PPID" % managed.lab.cache]}]
    result = managed.run(MODULE, python=python, plan=plan, confirm_within=2 * SOON, health_checks=checks)
    assert result["failed"] and result["state"] == "rolled-back", result
    assert host.standing(result["transaction_id"]).last["by"] == "dead-man"
    assert host.state() == before


def test_the_controller_is_killed_between_apply_and_confirm(managed):
    host = managed.host
    plan, before = host.stale(), host.state()
    lab = managed.lab
    running = threading.Thread(
        target=lambda: lab.run(
            MODULE,
            {
                "plan": plan,
                "state_dir": str(host.state_dir),
                "confirm_within": 2 * SOON,
                "health_checks": [{"command": ["sleep", "600"], "timeout": 60}],
            },
            python=sys.executable,
        )
    )
    running.start()
    until(lambda: [one.state for _transaction, one in history.every(host.place())] == ["armed"])
    until(lambda: "sleep" in names(descendants(os.getpid())))
    dead_man = host.standing(host.newest()).armed["pid"]
    killed = [pid for pid in descendants(os.getpid()) if pid != dead_man]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    running.join()
    assert host.state() != before
    host.await_state(host.newest(), "rolled-back")
    assert host.state() == before


def descendants(pid):
    found = []
    for child in subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split():
        if os.path.exists("/proc/%s" % child):
            found += [int(child), *descendants(int(child))]
    return found


def names(pids):
    text = subprocess.run(
        ["ps", "-o", "comm=", "-p", ",".join(map(str, pids)) or "1"], capture_output=True, text=True, check=False
    ).stdout
    return text.split()
