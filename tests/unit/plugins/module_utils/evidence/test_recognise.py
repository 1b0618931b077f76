# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that programs wrote: what they tell, and that the others tell nothing."""

from __future__ import annotations

import pathlib
import time
import typing as t

import pytest
import yaml
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.line import LINE_LIMIT, Line
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.recognise import recognise
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Event, EventSource

FIXTURES = pathlib.Path(__file__).parents[4] / "fixtures"
WRITTEN = 1764590400.0
TOLD = (
    "error",
    "program",
    "unit",
    "pid",
    "local_addr",
    "local_port",
    "remote_addr",
    "remote_port",
    "interface",
    "first",
    "last",
)


def samples(name: str) -> t.List[t.Dict[str, t.Any]]:
    return t.cast(t.List[t.Dict[str, t.Any]], yaml.safe_load((FIXTURES / name).read_text(encoding="utf-8")))


PHRASINGS = samples("phrasings.yml")


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def told(event: Event | None) -> t.Dict[str, t.Any]:
    """What an event says, without what it does not know."""
    assert event is not None
    return {name: getattr(event, name) for name in TOLD if getattr(event, name) is not None}


def wanted(sample: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    fields = dict(sample["expected"])
    if "time" in fields:
        fields["first"] = fields["last"] = fields.pop("time")
    return fields


@pytest.mark.parametrize("sample", PHRASINGS, ids=lambda sample: sample["program"])
def test_a_phrasing_tells_what_it_holds_and_no_more(sample) -> None:
    assert told(recognise(Line(sample["text"], written=WRITTEN))) == wanted(sample)


def test_the_incidents_line() -> None:
    text = (FIXTURES / "incident" / "journal.log").read_text(encoding="utf-8").rstrip("\n")
    assert text == PHRASINGS[0]["text"]
    event = recognise(Line(text, source=EventSource("log", path="/var/log/x", line=7), command="tail /var/log/x"))
    assert event == Event(
        error="ENETUNREACH",
        source=EventSource("log", path="/var/log/x", line=7),
        text=text,
        program="doublezerod",
        pid=1027617,
        local_addr="209.245.225.161",
        local_port=44880,
        remote_addr="216.238.110.55",
        remote_port=44880,
        interface="doublezero0",
        first=1764531382.662807,
        last=1764531382.662807,
        count=1,
        command="tail /var/log/x",
    )


def test_what_the_journal_vouches_for_counts_before_what_the_text_says() -> None:
    line = Line(PHRASINGS[0]["text"], pid=1, time=5.0, program="liar", unit="liar.service")
    event = recognise(line)
    assert event is not None
    assert (event.pid, event.first, event.program, event.unit) == (1, 5.0, "liar", "liar.service")


def test_no_more_than_the_limit_is_looked_at() -> None:
    text = "x" * LINE_LIMIT + " sendto: Network is unreachable"
    assert recognise(Line(text)) is None
    assert recognise(Line(text[100:])) is not None
