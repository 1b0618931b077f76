# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The info modules where they are not allowed everything, and where what they read is hostile or large."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

WITHOUT_SYS_ADMIN = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin")


def ip(lab, *words, **more):
    subprocess.run(["ip", "-n", lab.netns, *words], check=True, capture_output=True, text=True, **more)


def test_a_namespace_that_may_not_be_entered_is_a_failure_in_words(lab):
    result = lab.run(
        "netmend.reclaim.interface_info",
        {"netns": lab.netns},
        python=sys.executable,
        prefix=WITHOUT_SYS_ADMIN,
        ansible_connection="local",
    )
    assert result.status == {"h0": "failed"}, result.output
    assert "not permitted" in result.only()["msg"]
    assert "network namespace" in result.only()["msg"]


@pytest.mark.parametrize("module", ["route_info", "interface_info", "session_info"])
def test_another_user_sees_what_he_may_and_is_told_what_not(lab, module):
    if not os.path.exists("/usr/bin/python3"):
        pytest.skip("needs a system Python that every user may run")
    holder = subprocess.Popen(
        ["ip", "netns", "exec", lab.netns, sys.executable, "-c"]
        + ["import socket, time; s = socket.create_server(('127.0.0.1', 7100)); print(1, flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout.readline() == b"1\n"
        arguments = {"processes": True, "protocol": ["tcp"]} if module == "session_info" else None
        result = lab.run(
            "netmend.reclaim." + module,
            arguments,
            python="/usr/bin/python3",
            ansible_become=True,
            ansible_become_method="su",
            ansible_become_user="nobody",
            ansible_become_flags="-s /bin/sh",
        )
    finally:
        holder.kill()
        holder.wait()
    assert result.status == {"h0": "ok"}, result.output
    answer = result.only()
    assert answer["changed"] is False
    assert answer["total"] >= 1
    if module == "session_info":
        assert [item["local_port"] for item in answer["sessions"]] == [7100]
        assert any("process" in item["what"] for item in answer["unseen"]), answer["unseen"]


def test_a_hostile_name_is_shown_and_nothing_more(lab):
    name = "$(id)'\"<b>;x"
    ip(lab, "link", "add", name, "type", "veth", "peer", "name", "nmb1")
    ip(lab, "link", "set", name, "up")
    ip(lab, "address", "add", "192.0.2.1/24", "dev", name)
    links = lab.run("netmend.reclaim.interface_info", {"address": "192.0.2.1"}, python=sys.executable)
    assert [link["name"] for link in links.only()["interfaces"]] == [name]
    routes = lab.run("netmend.reclaim.route_info", {"table": "local", "summary": True}, python=sys.executable)
    assert name in routes.only()["counts"]["interface"]


def test_a_large_table_gives_a_small_result(lab):
    ip(lab, "link", "set", "lo", "up")
    lines = ("route add 10.%d.%d.%d/32 dev lo table 77" % (n >> 16, n >> 8 & 255, n & 255) for n in range(20000))
    ip(lab, "-batch", "-", input="\n".join(lines))
    for arguments in ({"limit": 20000}, {"summary": True, "limit": 20000}, {"table": "77", "proto": "boot"}):
        answer = lab.run("netmend.reclaim.route_info", arguments, python=sys.executable).only()
        assert answer["total"] >= 20000
        assert len(json.dumps(answer)) < 250000
        assert answer["truncated"] is ("summary" not in arguments)
