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


SWITCH = "net.ipv4.conf.a/1.rp_filter"


def test_source_checks_take_the_larger_of_all_and_the_link(netns) -> None:
    one = netns()
    one.sh("ip link add name a.1 type veth peer name b; cd /proc/sys/net/ipv4/conf; echo 0 > default/rp_filter")
    for everywhere, own, effective in ((0, 1, 1), (1, 0, 1), (1, 2, 2), (2, 1, 2), (0, 0, 0)):
        one.sh("cd /proc/sys/net/ipv4/conf; echo %d > all/rp_filter; echo %d > a.1/rp_filter" % (everywhere, own))
        told = {check.interface: check for check in sysctl.source_checks(one.name)}
        assert set(told) == {"all", "default", "a.1", "b", "lo"}
        assert (told["a.1"].own, told["a.1"].effective) == (own, effective)
        assert told["all"].own == everywhere and not told["a.1"].marked
    one.sh("echo 1 > /proc/sys/net/ipv4/conf/all/src_valid_mark")
    assert all(check.marked for check in sysctl.source_checks(one.name))


def test_a_switch_is_read_and_set_in_its_namespace(netns) -> None:
    one, other = netns(), netns()
    for namespace in (one, other):
        namespace.sh("ip link add name a.1 type veth peer name b; echo 1 > /proc/sys/net/ipv4/conf/a.1/rp_filter")
    sysctl.write(one.name, SWITCH, "2")
    assert (sysctl.read(one.name, SWITCH), sysctl.read(other.name, SWITCH)) == ("2", "1")
    # sysctl(8) means the same switch by that name
    assert one.sh("sysctl -n %s" % SWITCH).strip() == "2"
    one.sh("ip link del a.1")
    assert sysctl.read(one.name, SWITCH) is None
    with pytest.raises(FileNotFoundError):
        sysctl.write(one.name, SWITCH, "2")


@pytest.mark.parametrize(
    "name",
    ["net.ipv4.conf.a.1.rp_filter", "net.ipv4.conf.//.rp_filter", "net.ipv4.conf.all.rp_filter", "kernel.panic", ""],
)
def test_no_other_switch_is_touched(netns, name: str) -> None:
    one = netns()
    with pytest.raises(ValueError, match="no switch that a step may set"):
        sysctl.read(one.name, name)
    with pytest.raises(ValueError, match="no switch that a step may set"):
        sysctl.write(one.name, name, "2")
    with pytest.raises(ValueError, match="cannot be '3'"):
        sysctl.write(one.name, SWITCH, "3")
