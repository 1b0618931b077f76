# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import sysctl
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Unseen


def test_nonlocal_bind_of_the_namespace(netns) -> None:
    one, other = netns(), netns()
    assert sysctl.nonlocal_bind(one.name) == ()
    one.sh("echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind")
    assert sysctl.nonlocal_bind(one.name) == (4,)
    one.sh("echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind")
    assert sysctl.nonlocal_bind(one.name) == (4, 6)
    one.sh("echo 0 > /proc/sys/net/ipv4/ip_nonlocal_bind")
    assert sysctl.nonlocal_bind(one.name) == (6,)
    assert sysctl.nonlocal_bind(other.name) == ()


def test_forwarding_of_all_and_of_one_link(netns) -> None:
    one, other = netns(), netns()
    one.sh("ip link add name a type veth peer name b")
    one.sh("echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/forwarding")
    other.sh("echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/forwarding")
    assert sysctl.forwarding(one.name) == ()
    one.sh("echo 1 > /proc/sys/net/ipv4/conf/a/forwarding")
    assert sysctl.forwarding(one.name) == (4,)
    one.sh("echo 1 > /proc/sys/net/ipv6/conf/b/forwarding")
    assert sysctl.forwarding(one.name) == (4, 6)
    one.sh("echo 0 > /proc/sys/net/ipv4/conf/a/forwarding; echo 0 > /proc/sys/net/ipv6/conf/b/forwarding")
    # what links to come start with forwards nothing yet
    one.sh("echo 1 > /proc/sys/net/ipv4/conf/default/forwarding; echo 1 > /proc/sys/net/ipv6/conf/default/forwarding")
    assert sysctl.forwarding(one.name) == ()
    one.sh("echo 1 > /proc/sys/net/ipv4/ip_forward")
    assert sysctl.forwarding(one.name) == (4,)
    assert sysctl.forwarding(other.name) == ()


def test_the_caller_stays_where_it_was(netns) -> None:
    before = os.stat("/proc/thread-self/ns/net").st_ino
    sysctl.forwarding(netns().name)
    assert os.stat("/proc/thread-self/ns/net").st_ino == before


def test_by_pid(netns) -> None:
    namespace = netns()
    namespace.sh("echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind")
    child = namespace.start(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write("x\n")
    child.stdin.flush()
    assert child.stdout.readline() == "x\n"
    assert sysctl.nonlocal_bind(child.pid) == (4,)


def test_a_namespace_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="nmt-absent"):
        sysctl.forwarding("nmt-absent")


def test_proc_without_sysctls_is_unseen(netns, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(sysctl, "_ROOT", str(tmp_path / "net"))
    unseen: list[Unseen] = []
    assert sysctl.nonlocal_bind(None, unseen) == ()
    assert sysctl.forwarding(None, unseen) == ()
    assert [item.what for item in unseen] == ["forwarding and ip_nonlocal_bind"]
