# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The story on one screen: what it shows, and that nothing from a host gets out of its place."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report.story import lines

FLOW = {
    "to": "216.238.110.55", "source": "209.245.225.161", "interface": "doublezero0", "protocol": "udp", "port": 44880, "mark": 0,
    "program": "doublezerod", "unit": "doublezerod.service", "verdict": "source-gone",
}  # fmt: skip
STORY = {
    "question": {"to": "216.238.110.55"},
    "name": None,
    "verdict": "source-gone",
    "meaning": "It is sent from an address that is not this host's any more.",
    "cause": "doublezerod keeps sending from 209.245.225.161.",
    "explanation": "The source is not an address of this host.",
    "flow": FLOW,
    "chain": [{"kind": "source", "text": "209.245.225.161 is not local", "ok": False, "command": "ip route show table local"}],
    "witnesses": [
        {"source": "journal", "observed": "sendmsg: network is unreachable", "command": "journalctl -u doublezerod",
         "count": 12, "first": 1764531000.0, "last": 1764531382.0, "going_on": True},
    ],
    "owner": {"name": "doublezerod", "alive": True, "unit": "doublezerod.service", "known_by": "its process"},
    "since": 1764531000.0,
    "going_on": True,
    "mends": [{"what": "owner.restart", "command": "systemctl restart doublezerod.service", "rule": "RC102"}],
    "does_not": [{"what": "Adding a route", "why": "the kernel refuses the source first"}],
    "others": [dict(FLOW, source=None, interface=None, program=None, unit=None, port=None, mark=16, verdict="ok")],
    "findings": [{"rule": "RC102", "severity": "high", "cause": "It is so."}],
    "findings_elsewhere": 3,
    "unseen": [{"what": "raw sockets", "why": "no module"}],
}  # fmt: skip


def test_all_parts_are_there_in_their_order() -> None:
    said = lines("vpn1", STORY, 100)
    labels = [line[:10].strip() for line in said if line[:10].strip()]
    assert labels == ["FLOW", "VERDICT", "CAUSE", "KERNEL", "CHAIN", "WITNESSES", "OWNER", "SINCE", "MENDS", "DOES NOT",
                      "OTHERS", "FINDINGS", "UNSEEN"]  # fmt: skip
    text = "\n".join(said)
    assert "vpn1: udp from 209.245.225.161 on doublezero0 to 216.238.110.55 port 44880, by doublezerod" in text
    assert "[12 times from 2025-11-30 19:30:00 UTC to" in " ".join(text.split())
    assert "udp to 216.238.110.55 mark 0x10: ok" in text
    assert "3 more findings, about something else" in text


def test_a_name_stands_beside_the_address_that_it_led_to() -> None:
    name = {"name": "vpn.example.net", "error": None, "fallback": "It works only where it falls back."}
    said = lines("vpn1", dict(STORY, name=name), 200)
    assert said[0].endswith("by doublezerod (doublezerod.service), which is vpn.example.net")
    assert "FALLBACK  It works only where it falls back." in said
    failed = dict(name, error="EAI_AGAIN", fallback=None)
    said = lines("vpn1", dict(STORY, name=failed), 200)
    assert said[0].endswith(", asked for vpn.example.net")
    assert not any(line.startswith("FALLBACK") for line in said)


@pytest.mark.parametrize("width", [10, 60, 100, 400])
def test_commands_are_whole_at_every_width(width) -> None:
    said = lines("vpn1", STORY, width)
    assert any(line.endswith("$ systemctl restart doublezerod.service") for line in said)
    assert all(len(line) <= max(width, 40) for line in said if "$ " not in line)


def test_a_story_without_witness_owner_or_mend() -> None:
    bare = dict(
        STORY, verdict="unexplained", witnesses=[], owner=None, since=None, going_on=None, mends=[], does_not=[]
    )
    text = "\n".join(lines("vpn1", bare, 100))
    assert "No socket and no log that was read tells of such a send." in text
    assert "Nobody is known to own it." in text
    assert "Nothing on this host is known to mend it." in text


def test_what_a_host_says_stays_text_on_its_line() -> None:
    hostile = "a\x1b[2Jb\nMENDS     rm -rf /\u202e"
    shown = dict(STORY, cause=hostile, witnesses=[dict(STORY["witnesses"][0], observed=hostile)],
                 owner=dict(STORY["owner"], name=hostile))  # fmt: skip
    said = lines(hostile, shown, 100)
    assert not any(line.startswith("MENDS     rm") for line in said)
    assert not any(character in line for line in said for character in "\x1b\n\u202e")
