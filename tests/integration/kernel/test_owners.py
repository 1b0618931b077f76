# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is an owner alive? Real processes in real namespaces, and what those are told who may not see them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import OwnerState, Unseen
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.profile import load
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.states import states
from ansible_collections.netmend.reclaim.tests.integration.kernel.test_processes import as_nobody

NAME = "nmt-owner"
PROGRAM = """
import ctypes, sys
ctypes.CDLL(None).prctl(15, sys.argv[1].encode(), 0, 0, 0)
print("ready", flush=True)
sys.stdin.read()
"""
PROFILE = {"name": "mine", "processes": [NAME], "objects": [{"kind": "link", "name": "mine*"}]}


def state(netns: str | int | None, unseen: list[Unseen] | None = None, **said: object) -> OwnerState:
    with Kernel(netns) as kernel:
        (found,) = states([load(dict(PROFILE, **said))], kernel, [] if unseen is None else unseen)
    return found


@pytest.fixture
def daemon(netns):
    def start(namespace) -> subprocess.Popen[str]:
        child = namespace.start([sys.executable, "-c", PROGRAM, NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdout.readline() == "ready\n"
        return child

    return start


def test_alive_until_it_is_killed_though_nobody_waits_for_it(netns, daemon) -> None:
    namespace = netns()
    child = daemon(namespace)
    alive = state(namespace.name)
    assert alive.alive is True and alive.present and alive.known_by == "process %s (pid %d)" % (NAME, child.pid)
    assert alive.process is not None and alive.process.pid == child.pid
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it stays as a zombie
    unseen: list[Unseen] = []
    dead = state(namespace.name, unseen)
    assert (dead.alive, dead.present, dead.process) == (False, False, None)
    assert dead.known_by == "no process %s runs here" % NAME
    assert unseen == []


def test_a_process_elsewhere(netns, daemon) -> None:
    here, there = netns(), netns()
    daemon(there)
    assert state(here.name).alive is False
    assert state(here.name).known_by.endswith("(it runs in another network namespace)")
    assert state(here.name, scope="host").alive is True


def test_who_may_not_see_does_not_say_dead(netns, daemon) -> None:
    namespace = netns()
    daemon(namespace)
    unseen: list[Unseen] = []

    def asked() -> tuple[OwnerState, list[Unseen]]:
        return state(None, unseen), unseen

    with namespace.entered():
        found, _told = as_nobody(asked)
        assert found.alive is True, "/proc/PID/net shows it to anyone"
        hidden, _told = as_nobody(asked, hidepid=2)
    assert hidden.alive is None and hidden.known_by == "this user is not shown all processes"
    assert state(None).alive is False


def test_what_is_meant_to_stay_is_gone_only_with_its_program(netns, tmp_path) -> None:
    namespace = netns()
    program, config = tmp_path / "minectl", tmp_path / "mine.conf"
    said = {"outlives": True, "programs": [str(program)], "paths": [str(tmp_path / "*.conf")]}
    config.touch()
    gone = state(namespace.name, **said)
    assert (gone.alive, gone.present) == (False, True)
    program.touch()
    stopped = state(namespace.name, **said)
    assert (stopped.alive, stopped.present) == (None, True)
    assert stopped.known_by.endswith("but what it makes is meant to stay then, and %s is installed" % program)
    assert state(namespace.name, **{**said, "outlives": False}).alive is False


def test_the_configuration_of_what_is_dead(netns, tmp_path) -> None:
    namespace = netns()
    config = tmp_path / "mine.conf"
    ask = {
        "kind": "address",
        "files": [str(tmp_path / "*.conf")],
        "format": "text",
        "begin": r"^\s*virtual_ipaddress\s*\{",
        "end": r"\}",
        "pattern": r"^\s*(?P<address>[0-9A-Fa-f.:]+(/\d+)?)(?=\s|$)",
        "selector": {"address": "{address}"},
    }
    said = {"paths": [str(config)], "wants": [ask]}
    assert state(namespace.name, **said).wants is None, "it was never here"
    config.write_text(
        "vrrp_instance a {\n  virtual_ipaddress {\n    192.0.2.50/24 dev eth0\n    # 192.0.2.51\n  }\n}\n"
    )
    (want,) = state(namespace.name, **said).wants or ()
    assert (want.kind, want.selector, want.source) == ("address", {"address": "192.0.2.50/24"}, str(config))
    assert want.command == "cat %s" % config
    config.unlink()
    config.mkdir()
    unseen: list[Unseen] = []
    assert state(namespace.name, unseen, **said).wants is None
    assert [(item.what, item.why) for item in unseen] == [("what mine wants (address)", "Is a directory")]


TUNNELS = {
    "processes": [],
    "lives_in_links": True,
    "programs": ["/bin/true"],
    "objects": [
        {"kind": "link", "link_kind": "veth"},
        {"kind": "rule", "tables": ["51820-51839"], "unmarked": True},
        {"kind": "rule", "tables": ["254"], "suppresses": 0, "before_own": True},
    ],
}


def test_what_lives_in_its_links_goes_with_them(netns) -> None:
    namespace = netns()
    gone = state(namespace.name, **TUNNELS)
    assert (gone.alive, gone.present, gone.known_by) == (False, True, "none of its links is here")
    namespace.sh("ip link add tunnel type veth peer name other")
    alive = state(namespace.name, **TUNNELS)
    assert (alive.alive, alive.known_by[:9]) == (True, "its link ")
    namespace.sh("ip link del tunnel")
    assert state(namespace.name, **TUNNELS).alive is False


def test_a_link_of_another_kind_is_known_by_the_name_of_its_file(netns, tmp_path) -> None:
    """What carries it may be a program that no profile knows."""
    namespace = netns()
    ask = {"kind": "link", "files": [str(tmp_path / "*.conf")], "format": "text", "selector": {"name": "{@stem}"}}
    namespace.sh("ip tuntap add wg0 mode tun")
    said = dict(TUNNELS, wants=[ask])
    assert state(namespace.name, **said).alive is False
    (tmp_path / "wg0.conf").touch()
    named = state(namespace.name, **said)
    assert (named.alive, named.known_by) == (True, "its link wg0 is here")
    namespace.sh("ip link del wg0")
    gone = state(namespace.name, **said)
    assert gone.alive is False and gone.wants is None, "what it wanted may be of somebody else by now"


@pytest.mark.parametrize("pattern", ["*.conf", "deeper/*.conf"])
def test_where_its_files_may_not_be_read_it_is_not_known(netns, pattern: str) -> None:
    namespace = netns()
    unseen: list[Unseen] = []
    with tempfile.TemporaryDirectory() as hidden:  # nobody may look into it
        ask = {"kind": "link", "files": ["%s/%s" % (hidden, pattern)], "format": "text"}

        def asked() -> tuple[OwnerState, list[Unseen]]:
            said = dict(TUNNELS, wants=[dict(ask, selector={"name": "{@stem}"})])
            return state(None, unseen, **said), unseen

        with namespace.entered():
            found, told = as_nobody(asked)
    assert found.alive is None
    assert found.known_by.endswith("but what its links are called cannot be read (Permission denied)")
    assert [(item.what, item.why) for item in told] == [("what mine wants (link)", "Permission denied")]


def test_a_table_of_its_rules_that_has_routes_is_in_use(netns) -> None:
    namespace = netns()
    namespace.sh("ip rule add not fwmark 51820 table 51820")
    namespace.sh("ip rule add table main suppress_prefixlength 0")
    namespace.sh("ip route add 198.51.100.0/24 dev lo")
    assert state(namespace.name, **TUNNELS).alive is False
    namespace.sh("ip route add blackhole default table 51820")
    used = state(namespace.name, **TUNNELS)
    assert used.alive is None
    assert used.known_by == "none of its links is here, but its rules lead to table 51820, and that has routes"
    namespace.sh("ip route del blackhole default table 51820")
    assert state(namespace.name, **TUNNELS).alive is False
