# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import units
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Unseen

ID = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/", None),
        ("", None),
        ("/init.scope", "init.scope"),
        ("/system.slice", None),
        ("/system.slice/doublezerod.service", "doublezerod.service"),
        ("/system.slice/foo.service/sub/deeper", "foo.service"),
        ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"),
        (
            "/system.slice/system-openvpn\\x2dclient.slice/openvpn-client@a\\x2db.service",
            "openvpn-client@a\\x2db.service",
        ),
        ("/system.slice/dbus.socket", "dbus.socket"),
        ("/system.slice/_cpu.service", "cpu.service"),
        ("/user.slice/user-1000.slice/session-3.scope", "session-3.scope"),
        ("/user.slice/user-1000.slice/user@1000.service", "user@1000.service"),
        ("/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service/init.scope"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/x.service", "user@1000.service/x.service"),
        # whoever a user says that he is, his unit is not the system's
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/doublezerod.service",
            "user@1000.service/doublezerod.service",
        ),
        ("/user.slice/user-1000.slice/user@1000.service/<script>.service", "user@1000.service"),
        # containers: what runs inside is the container's own affair
        ("/machine.slice/libpod-%s.scope/container/system.slice/sshd.service" % ID, "libpod-%s.scope" % ID),
        ("/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service", "systemd-nspawn@web.service"),
        ("/system.slice/docker-%s.scope" % ID, "docker-%s.scope" % ID),
        ("/docker/%s" % ID, None),
        ("/lxc.payload.web/system.slice/nginx.service", None),
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-%s.scope" % ID,
            "cri-containerd-%s.scope" % ID,
        ),
        ("/system.slice/bad\nname.service", None),
        ("/system.slice/%s.service" % ("x" * 300), None),
        ("/.service", None),
    ],
)
def test_unit_of_a_path(path: str, unit: str | None) -> None:
    assert units.unit_in(path) == unit


def test_ids_are_the_inodes_of_the_directories(tmp_path: pathlib.Path) -> None:
    service = tmp_path / "system.slice" / "foo.service"
    inner = service / "sub"
    inner.mkdir(parents=True)
    (service / "cgroup.procs").write_text("1\n")
    unseen: list[Unseen] = []
    known = units.Units(unseen, root=str(tmp_path))
    assert known.of(os.stat(service).st_ino) == "foo.service"
    assert known.of(os.stat(inner).st_ino) == "foo.service"
    assert known.of(os.stat(tmp_path / "system.slice").st_ino) is None
    assert known.of(os.stat(service / "cgroup.procs").st_ino) is None
    assert known.of(None) is None
    assert unseen == []
    # walked once: what came later belongs to the next audit
    late = tmp_path / "system.slice" / "late.service"
    late.mkdir()
    assert known.of(os.stat(late).st_ino) is None


def test_no_walk_before_a_question(tmp_path: pathlib.Path) -> None:
    known = units.Units([], root=str(tmp_path))
    (tmp_path / "a.service").mkdir()
    assert known.of(os.stat(tmp_path / "a.service").st_ino) == "a.service"


def test_a_crowd_of_cgroups_is_bounded(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "MAX_CGROUPS", 10)
    deep = tmp_path / "user.slice"
    for number in range(20):
        (deep / ("x%d.scope" % number)).mkdir(parents=True)
    (tmp_path / "a.service").mkdir()
    unseen: list[Unseen] = []
    known = units.Units(unseen, root=str(tmp_path))
    # what lies near the root is seen whatever lies deep
    assert known.of(os.stat(tmp_path / "a.service").st_ino) == "a.service"
    assert unseen == [Unseen("systemd units of some sockets", "there are more than 10 cgroups")]


def test_own_unit_is_that_of_proc_self_cgroup() -> None:
    with open("/proc/self/cgroup", encoding="utf-8") as stream:
        paths = {line.rstrip("\n").split(":", 2)[1]: line.rstrip("\n").split(":", 2)[2] for line in stream}
    expected = {units.unit_in(paths[name]) for name in ("", "name=systemd") if name in paths} | {None}
    assert units.unit_of(os.getpid()) in expected


def test_a_process_that_is_gone_has_no_unit() -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    assert units.unit_of(child) is None
