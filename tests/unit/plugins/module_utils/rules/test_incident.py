# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The incident as it was reported (malbeclabs/doublezero 2320): its one journal line and its trace, joined with the kernel."""

from __future__ import annotations

import dataclasses
import pathlib

import pytest
import yaml
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.events import from_logs, from_strace
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.folding import fold
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.intent import load
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Address, Answer, Link, Process, Snapshot
from ansible_collections.netmend.reclaim.plugins.module_utils.owners import profile
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.witness import owner_sessions
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.owner_sessions import OwnerSessionSourceGone
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.witnessed import UnreachableErrors

INCIDENT = pathlib.Path(__file__).resolve().parents[4] / "fixtures" / "incident"
JOURNAL, TRACE = str(INCIDENT / "journal.log"), str(INCIDENT / "strace.txt")
PROFILE = profile.load(
    yaml.safe_load((pathlib.Path(profile.__file__).parent / "profiles" / "doublezerod.yml").read_text(encoding="utf-8"))
)
WRITTEN = 1764531382.662807
DAEMON = Process(1027617, "doublezerod", WRITTEN - 86400)
TUNNEL = Link(7, "doublezero0", kind="gre", up=True, carrier=True)
GONE = "209.245.225.161"


def refused(queries):
    return [Answer("ENETUNREACH") for _query in queries]


def findings(logs=(JOURNAL,), traces=(TRACE,), daemon=DAEMON, ask=refused, **tables):
    """What the two rules about witnesses find on the host of the report, five seconds after the line."""
    unseen: list = []
    events = [*from_logs(logs, unseen), *(event for path in traces for event in from_strace(path, unseen))]
    told = fold(events, WRITTEN + 5)

    def running(names):
        return [(daemon, "doublezerod.service")] if daemon.name in names else []

    sessions = owner_sessions([PROFILE], running, list(logs), told, unseen)
    assert unseen == []
    snapshot = Snapshot(
        taken=WRITTEN + 5, links=(TUNNEL,), events=told, owner_sessions=sessions, **{"addresses": (), **tables}
    )
    checks = [check(Index(snapshot), ask, load({})) for check in (OwnerSessionSourceGone, UnreachableErrors)]
    return told, [finding for check in checks for finding in check.conclude()]


def test_two_witnesses_agree_and_are_one_finding() -> None:
    told, (found,) = findings()
    (line,) = [event for event in told if event.source.kind == "log"]
    (call,) = [event for event in told if event.source.kind == "strace" and event.remote_addr == line.remote_addr]
    for field in ("error", "local_addr", "remote_addr", "remote_port", "interface"):
        assert getattr(line, field) is not None, field
        assert getattr(line, field) == getattr(call, field), field

    assert (found.rule, found.confidence, found.details["cause"]) == ("RC102", "proven", "source-not-local")
    assert found.selector == {"owner": "doublezerod", "interface": "doublezero0", "local": GONE}
    assert found.owner is not None and found.owner.name == "doublezerod" and found.owner.alive
    assert [(step.op, step.command) for step in found.remedy] == [
        ("owner.restart", "systemctl restart doublezerod.service")
    ]
    assert "Adding a route will not help" in found.advice
    assert found.details["peers"] == ["185.189.45.80", "216.238.110.55"]
    sources = [item.source.partition(" ")[0] for item in found.evidence]
    assert sources[:2] in (["log", "strace"], ["strace", "log"]), "each witness speaks"
    assert "ENETUNREACH" in "".join(item.observed for item in found.evidence if item.source.startswith("strace"))
    assert all(item.command for item in found.evidence)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"traces": ()}, id="one line alone is a race"),
        pytest.param({"logs": ()}, id="a trace without times alone"),
        pytest.param(
            {"daemon": dataclasses.replace(DAEMON, started=WRITTEN + 2)}, id="the process was started after it"
        ),
        pytest.param({"daemon": dataclasses.replace(DAEMON, pid=7)}, id="another process runs now"),
        pytest.param({"addresses": (Address(4, 7, GONE, 32),)}, id="the address is there"),
        pytest.param({"ask": lambda queries: [Answer(None) for _query in queries]}, id="the kernel would send"),
    ],
)
def test_less_than_that_is_no_finding(given) -> None:
    _told, found = findings(**given)
    assert found == []
