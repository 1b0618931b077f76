# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook explain on the lab: the incident told on one screen, and a healthy host beside it."""

from __future__ import annotations

import pytest
from hosts import ALLOCATED, PEERS
from lab_runs import Auditor

LABELS = ("FLOW", "VERDICT", "CAUSE", "CHAIN", "WITNESSES", "OWNER", "SINCE", "MENDS", "DOES NOT")


def screen(auditor: Auditor, host: str, *words: str) -> str:
    done = auditor.play("explain", "--limit", host, *words)
    assert done.code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def incident(auditor: Auditor) -> str:
    """Only the destination is said: that is what the log's line shows."""
    return screen(auditor, "vpn1", "-e", "to=%s" % PEERS[0])


def test_the_incident_is_told_on_one_screen(incident: str) -> None:
    story = incident[incident.index("FLOW") :]
    story = story[: story.index("TASK [")] if "TASK [" in story else story
    lines = [line for line in story.splitlines() if line.strip()]
    assert [label for label in LABELS if not any(line.startswith(label) for line in lines)] == []
    assert len(lines) <= 60, story
    assert "source-gone" in story and ALLOCATED in story and "doublezerod" in story
    assert "Adding a route: the kernel refuses the source before it looks for a route." in " ".join(story.split())
    assert "RC102" in story
    assert "it goes on" in story


def test_nothing_was_changed(incident: str) -> None:
    assert "changed=0" in incident


def test_the_same_peer_is_fine_from_where_the_daemon_was_repaired(auditor: Auditor) -> None:
    said = screen(auditor, "vpn2", "-e", "to=%s" % PEERS[0])
    assert "VERDICT   ok" in said


def test_lies_in_the_log_are_not_believed(auditor: Auditor) -> None:
    said = screen(auditor, "vpn3", "-e", "to=%s" % PEERS[0])
    assert "VERDICT   ok" in said


def test_without_a_destination_it_says_what_to_type(auditor: Auditor) -> None:
    done = auditor.play("explain", "--limit", "vpn1")
    assert done.code != 0
    assert "Say which destination is meant: -e to=ADDRESS" in done.output


def test_a_destination_may_be_a_name(auditor: Auditor) -> None:
    said = screen(auditor, "vpn2", "-e", "to=localhost", "-e", "protocol=tcp", "-e", "dport=22")
    assert "VERDICT   ok" in said
    assert ", which is localhost" in said
    assert "getent ahosts localhost" in said


def test_what_is_no_name_is_said_so(auditor: Auditor) -> None:
    done = auditor.play("explain", "--limit", "vpn2", "-e", '{"to": "vpn; reboot"}')
    assert done.code != 0
    assert "to: 'vpn; reboot' is neither an address nor the name of a host" in " ".join(done.output.split())
