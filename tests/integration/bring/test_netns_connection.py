# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that are network namespaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest


def test_each_namespace_has_facts_of_its_own(lab):
    subprocess.run(["ip", "-n", lab.netns, "link", "add", "brt0", "type", "veth", "peer", "name", "brt1"], check=True)
    subprocess.run(["ip", "-n", lab.netns, "link", "set", "brt0", "up"], check=True)
    subprocess.run(["ip", "-n", lab.netns, "address", "add", "192.0.2.1/24", "dev", "brt0"], check=True)
    result = lab.run("ansible.builtin.setup", {"gather_subset": ["!all", "network"]}, python=sys.executable)
    facts = result.only()["ansible_facts"]
    assert set(facts["ansible_interfaces"]) == {"lo", "brt0", "brt1"}
    assert facts["ansible_all_ipv4_addresses"] == ["192.0.2.1"]


def test_the_cgroup_tree_is_kept(lab):
    listing = sorted(os.listdir("/sys/fs/cgroup"))
    result = lab.run("ansible.builtin.command", {"argv": ["ls", "/sys/fs/cgroup"]}, python=sys.executable)
    assert sorted(result.only()["stdout"].split()) == listing


def test_mounts_of_a_task_stay_in_it(lab):
    def mounts():
        return [line for line in open("/proc/self/mountinfo") if line.split()[4].startswith("/sys")]

    before = mounts()
    lab.run("ansible.builtin.command", {"argv": ["true"]}, python=sys.executable)
    assert mounts() == before


def test_output_exit_code_and_quoting_are_kept(lab):
    command = r"""printf '%s|' "a b" 'c"d' '$HOME' "it's"; echo oops >&2; exit 7"""
    result = lab.run("ansible.builtin.shell", {"cmd": command}, python=sys.executable)
    answer = result.only()
    assert (answer["stdout"], answer["stderr"], answer["rc"]) == ("""a b|c"d|$HOME|it's|""", "oops", 7)


def test_files_are_those_of_the_controller(lab, tmp_path):
    target = tmp_path / "copied"
    result = lab.run("ansible.builtin.copy", {"content": "x\n", "dest": str(target)}, python=sys.executable)
    assert result.status == {"h0": "ok"}, result.output
    assert target.read_text() == "x\n"


def test_a_process_id_names_its_namespace(lab):
    child = subprocess.Popen(["ip", "netns", "exec", lab.netns, "sleep", "60"])
    try:
        result = lab.run("netmend.reclaim.interface_info", python=sys.executable, ansible_netns=str(child.pid))
        assert [link["name"] for link in result.only()["interfaces"]] == ["lo"]
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nmb-none-such", "there is no network namespace 'nmb-none-such'"),
        ("../../etc/passwd", "neither the name of a network namespace"),
        ("x; touch /tmp/nmb-injected", "neither the name of a network namespace"),
        ("--target", "there is no network namespace"),
    ],
)
def test_a_namespace_that_is_not_there_makes_the_host_unreachable(lab, name, words):
    result = lab.run("ansible.builtin.ping", python=sys.executable, ansible_netns=name)
    assert result.status == {"h0": "unreachable"}, result.output
    assert words in result.only()["msg"]
    assert not os.path.exists("/tmp/nmb-injected")


def test_a_file_that_is_no_namespace_makes_the_host_unreachable(lab):
    path = "/run/netns/%s-file" % lab.netns
    open(path, "w").close()
    try:
        result = lab.run("ansible.builtin.ping", python=sys.executable, ansible_netns=lab.netns + "-file")
    finally:
        os.unlink(path)
    assert result.status == {"h0": "unreachable"}, result.output
    assert "cannot be entered" in result.only()["msg"]


def test_without_the_capability_the_host_is_unreachable_in_words(lab):
    """The same root without CAP_SYS_ADMIN: another user could not run this interpreter everywhere."""
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv from util-linux")
    result = lab.run(
        "ansible.builtin.ping",
        python=sys.executable,
        prefix=("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"),
    )
    assert result.status == {"h0": "unreachable"}, result.output
    assert "CAP_SYS_ADMIN" in result.only()["msg"]


def test_another_command_may_enter(lab, tmp_path):
    """As with 'sudo -n nsenter': the command comes with arguments of its own."""
    wrapper = tmp_path / "enter"
    wrapper.write_text('#!/bin/sh\n[ "$1" = -n ] || exit 9\nshift\necho "$@" >>%s\nexec "$@"\n' % (tmp_path / "log"))
    wrapper.chmod(0o755)
    result = lab.run("ansible.builtin.ping", python=sys.executable, ansible_netns_enter="%s -n nsenter" % wrapper)
    assert result.status == {"h0": "ok"}, result.output
    assert ("nsenter --net=/run/netns/%s" % lab.netns) in (tmp_path / "log").read_text()


def test_become_works_inside(lab):
    if not os.path.exists("/usr/bin/python3"):
        pytest.skip("needs a system Python that every user may run")
    result = lab.run(
        "ansible.builtin.command",
        {"cmd": "sh -c 'id -un; ls /sys/class/net'"},
        python="/usr/bin/python3",
        ansible_become=True,
        ansible_become_method="su",
        ansible_become_user="nobody",
        ansible_become_flags="-s /bin/sh",
    )
    assert result.only()["stdout"].split() == ["nobody", "lo"], result.output
