# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RC102, the incident: the log names the session, the kernel confirms it."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.intent import load
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Address,
    Answer,
    Link,
    OwnerSession,
    Process,
    Snapshot,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.owner_sessions import OwnerSessionSourceGone

NOW = 1_800_000_000.0
TUNNEL = Link(7, "doublezero0", kind="gre", up=True)
SESSION = OwnerSession(
    owner="doublezerod",
    process=Process(4711, "doublezerod"),
    unit="doublezerod.service",
    interface="doublezero0",
    local="209.245.225.161",
    peer="216.238.110.55",
    errors=9,
    first=NOW - 120,
    last=NOW - 5,
    error="ENETUNREACH",
    source="journal of doublezerod.service",
    command="journalctl --unit=doublezerod.service",
    sample="...",
    restart=("systemctl", "restart", "doublezerod.service"),
)


def refused(queries):
    return [Answer("ENETUNREACH") for _query in queries]


def granted(queries):
    return [Answer(None) for _query in queries]


def findings(*sessions, ask=refused, intent=None, **tables):
    snapshot = Snapshot(taken=NOW, owner_sessions=sessions, **dict({"links": (TUNNEL,)}, **tables))
    return list(OwnerSessionSourceGone(Index(snapshot), ask, load(intent or {})).conclude())


def test_the_incident() -> None:
    asked = []
    (found,) = findings(SESSION, ask=lambda queries: asked.extend(queries) or refused(queries))
    assert [(query.to, query.source, query.interface) for query in asked] == [("216.238.110.55", "209.245.225.161", 7)]
    assert (found.rule, found.severity, found.confidence) == ("RC102", "high", "proven")
    assert found.selector == {"owner": "doublezerod", "interface": "doublezero0", "local": "209.245.225.161"}
    assert found.details["cause"] == "source-not-local"
    assert found.details["peers"] == ["216.238.110.55"]
    assert "Adding a route will not help" in found.advice
    assert "must be restarted" in found.advice
    assert [(step.op, step.command) for step in found.remedy] == [
        ("owner.restart", "systemctl restart doublezerod.service")
    ]
    assert found.owner is not None and found.owner.alive and found.owner.process == SESSION.process
    assert any(item.command == "ip address show to 209.245.225.161" for item in found.evidence)
    assert any("from 209.245.225.161 oif doublezero0" in item.command for item in found.evidence)


def test_sessions_of_one_source_are_one_finding() -> None:
    other = dataclasses.replace(SESSION, peer="198.51.100.7")
    elsewhere = dataclasses.replace(SESSION, local="192.0.2.9")
    found = findings(SESSION, other, elsewhere)
    assert sorted((item.selector["local"], item.count) for item in found) == [("192.0.2.9", 1), ("209.245.225.161", 2)]


def test_errors_add_up_over_the_peers_of_one_source() -> None:
    """The daemon writes one line in five seconds for all sessions together: none of them may have three alone."""
    several = [dataclasses.replace(SESSION, peer="198.51.100.%d" % n, errors=1, last=NOW - n) for n in range(1, 4)]
    assert [item.count for item in findings(*several)] == [3]


def test_the_link_is_gone() -> None:
    local = Address(4, 2, SESSION.local, 32)
    (found,) = findings(SESSION, links=(Link(2, "eth0"),), addresses=(local,), ask=granted)
    assert found.details["cause"] == "device-gone"
    assert "on doublezero0" in found.cause and "the interface does not exist any more" in found.cause
    assert "Adding a route will not help" in found.advice


def test_a_declared_address_is_brought_back() -> None:
    intent = {"addresses": [{"address": "209.245.225.161/32", "interface": "doublezero0"}]}
    (found,) = findings(SESSION, intent=intent)
    assert [step.op for step in found.remedy] == ["address.add"]
    assert found.remedy[0].command == "ip address add 209.245.225.161/32 dev doublezero0"


@pytest.mark.parametrize("unit", ["session-3.scope", "user@1000.service/x.service", None])
def test_what_systemctl_cannot_restart(unit) -> None:
    (found,) = findings(dataclasses.replace(SESSION, unit=unit, restart=()))
    assert found.remedy == ()
    assert "must be restarted" in found.advice


@pytest.mark.parametrize(
    ("sessions", "given"),
    [
        pytest.param([SESSION], {"addresses": (Address(4, 2, SESSION.local, 32),)}, id="a log that lies: held here"),
        pytest.param([SESSION], {"local": ("209.245.225.0/24",)}, id="AnyIP in the local table"),
        pytest.param([SESSION], {"ask": granted}, id="the kernel would send it"),
        pytest.param([dataclasses.replace(SESSION, last=NOW - 900)], {}, id="it stopped long ago"),
        pytest.param([dataclasses.replace(SESSION, errors=2)], {}, id="too few errors"),
        pytest.param([dataclasses.replace(SESSION, first=NOW - 6)], {}, id="the race of a teardown"),
        pytest.param([dataclasses.replace(SESSION, process=None)], {}, id="nobody runs"),
        pytest.param([], {}, id="no session"),
    ],
)
def test_near_misses(sessions, given) -> None:
    assert findings(*sessions, **given) == []


TRACED = dataclasses.replace(
    SESSION,
    errors=1,
    first=None,
    last=None,
    source="strace /tmp/trace",
    command="cat /tmp/trace",
    sample="sendmsg(...)",
)
ONCE = dataclasses.replace(SESSION, errors=1, first=NOW - 5, last=NOW - 5)


def test_two_witnesses_that_agree_are_one_finding_with_both_as_evidence() -> None:
    (found,) = findings(ONCE, TRACED)
    assert (found.count, found.details["errors"]) == (1, 1)
    assert [item.source for item in found.evidence][:2] == ["journal of doublezerod.service", "strace /tmp/trace"]
    assert (found.first_seen, found.last_seen) == (NOW - 5, NOW - 5)
    assert "Adding a route will not help" in found.advice


def test_a_witness_does_not_add_to_the_errors_that_another_saw() -> None:
    (found,) = findings(SESSION, dataclasses.replace(SESSION, source="log /var/log/doublezerod.log"))
    assert found.details["errors"] == SESSION.errors


@pytest.mark.parametrize(
    "witnesses",
    [
        pytest.param((ONCE,), id="one alone"),
        pytest.param((TRACED,), id="one alone, without time"),
        pytest.param((ONCE, dataclasses.replace(ONCE, source="log /var/log/x")), id="the same text in two places"),
        pytest.param((ONCE, dataclasses.replace(TRACED, peer="198.51.100.7")), id="of two sessions"),
        pytest.param((dataclasses.replace(ONCE, first=NOW - 900, last=NOW - 900), TRACED), id="it stopped long ago"),
    ],
)
def test_witnesses_that_do_not_agree(witnesses) -> None:
    assert findings(*witnesses) == []


HELD = dataclasses.replace(
    SESSION,
    peer=None,
    first=None,
    last=None,
    error=None,
    held=True,
    source="metrics of doublezerod on 127.0.0.1:9100 GET /metrics",
    command="curl --silent http://127.0.0.1:9100/metrics",
    sample="it holds a session on doublezero0 from 209.245.225.161",
)


def test_the_owner_says_itself_that_it_holds_what_fails() -> None:
    asked = []
    (found,) = findings(HELD, ask=lambda queries: asked.extend(queries) or refused(queries))
    assert [(query.to, query.source) for query in asked] == [("203.0.113.1", "209.245.225.161")]
    assert "keeps sending from 209.245.225.161 on doublezero0, but that source" in found.cause
    assert found.details["errno"] == "ENETUNREACH" and found.details["errors"] == 9
    assert (found.first_seen, found.last_seen, found.count) == (None, NOW, 1)
    assert found.evidence[0].source == HELD.source and found.evidence[0].observed.endswith(", and 9 sends failed")
    assert found.owner is not None and found.owner.known_by.endswith("says so itself")
    assert [step.op for step in found.remedy] == ["owner.restart"]


def test_that_it_holds_it_and_nothing_failed_is_no_finding() -> None:
    assert findings(dataclasses.replace(HELD, errors=2)) == []
    assert findings(dataclasses.replace(HELD, errors=0, source="status of x GET /status")) == []


def test_one_error_of_what_it_still_holds_is_no_race_of_a_teardown() -> None:
    (found,) = findings(ONCE, dataclasses.replace(HELD, errors=0, source="status of x GET /status"))
    assert found.samples == (SESSION.peer,) and found.last_seen == NOW


def test_it_holds_what_a_log_told_of_long_ago() -> None:
    (found,) = findings(HELD, dataclasses.replace(SESSION, first=NOW - 1200, last=NOW - 900))
    assert (found.first_seen, found.last_seen) == (NOW - 1200, NOW)


def test_witnesses_with_and_without_peers_are_one_finding() -> None:
    held = [dataclasses.replace(HELD, peer=peer, errors=700) for peer in ("216.238.110.55", "198.51.100.7")]
    (found,) = findings(*held, SESSION)
    assert (found.count, sorted(found.samples)) == (2, ["198.51.100.7", "216.238.110.55"])
    assert [item.source for item in found.evidence[:2]] == [SESSION.source, HELD.source]
    assert found.details["errors"] == 700, "what it counted is of all its peers together"


def test_what_it_holds_and_can_send_is_well() -> None:
    assert findings(HELD, addresses=(Address(4, 7, "209.245.225.161", 32),)) == []
    assert findings(HELD, ask=granted) == []
