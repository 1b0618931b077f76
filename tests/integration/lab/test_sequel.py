# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes after the incident. This file is the last one here, for its tests change the lab."""

from __future__ import annotations

import datetime

import namespaces
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.owner_sessions import GOING_ON
from hosts import CLIENTS, PEERS
from lab_runs import Audited, Auditor, brief, host_named, script
from place import Place


def test_after_the_restart_the_host_is_clean_though_the_lines_are_still_there(
    audited: Audited, auditor: Auditor, lab: Place
) -> None:
    host = host_named("vpn1")
    assert audited.findings("vpn1", "RC102")
    old = lab.program(host, "doublezerod").pid
    done = script("restart", lab, "vpn1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert lab.program(host, "doublezerod").pid != old

    run = auditor.audit("--limit", "vpn1")
    assert run.findings("vpn1") == [], brief(run.findings("vpn1"))
    assert lab.control(host).all_up(PEERS)
    last = lab.control(host).errors()[-1]
    assert last["error"].endswith("sendmsg: network is unreachable")
    written = datetime.datetime.fromisoformat(last["time"][:19] + "+00:00").timestamp()
    assert run.host("vpn1")["started"] - written < GOING_ON, (
        "the lines are so old that their age alone makes them history"
    )


def test_the_lie_is_believed_when_it_is_true(audited: Audited, auditor: Auditor, lab: Place) -> None:
    """It is the kernel that the lying log was held against, and nothing else that kept it from being believed."""
    address = CLIENTS["vpn3"][0]
    assert audited.findings("vpn3") == []
    namespaces.batch(lab.netns("vpn3"), "address delete %s/32 dev doublezero0" % address)
    (finding,) = auditor.audit("--limit", "vpn3").findings("vpn3", "RC102")
    assert finding["object"]["selector"]["local"] == address
    assert PEERS[0] in finding["samples"]
