# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that programs wrote: what they tell, and that the others tell nothing."""

from __future__ import annotations

import itertools
import pathlib
import re
import time
import typing as t

import pytest
import yaml
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.line import LINE_LIMIT, Line
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.phrasings import TABLE
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.phrasings.base import Phrasing
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.recognise import recognise
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Event, EventSource

try:
    from re import _parser as parser  # type: ignore[attr-defined]
except ImportError:  # before Python 3.11
    import sre_parse as parser

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
NEAR_MISSES = samples("near_misses.yml")


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


def test_there_are_many_of_them() -> None:
    assert len({sample["text"] for sample in PHRASINGS}) == len(PHRASINGS) >= 80
    assert len({sample["program"] for sample in PHRASINGS}) >= 40
    assert len({sample["text"] for sample in NEAR_MISSES}) == len(NEAR_MISSES) >= 30
    # where it was seen: an issue, or a file of a public repository
    assert [
        sample for sample in PHRASINGS if not re.fullmatch(r"[\w.-]+/[\w.-]+(#\d+| [\w./-]+\.\w+)", sample["seen"])
    ] == []


@pytest.mark.parametrize("header", ["", "Nov 30 19:36:22 host daemon[12]: "])
@pytest.mark.parametrize("sample", NEAR_MISSES, ids=lambda sample: sample["why"])
def test_a_line_that_merely_holds_the_words_is_no_event(sample, header) -> None:
    assert recognise(Line(header + sample["text"], written=WRITTEN)) is None


@pytest.mark.parametrize("phrasing", TABLE, ids=lambda phrasing: phrasing.name)
def test_each_phrasing_was_seen(phrasing) -> None:
    """There is a sample that it recognises, and that needs it: without it nothing else, or less, is told."""
    others = [other for other in TABLE if other is not phrasing]
    for sample in PHRASINGS:
        line = Line(sample["text"], written=WRITTEN)
        if recognise(line) != recognise(line, others):
            return
    pytest.fail("no sample needs the phrasing %s" % phrasing.name)


@pytest.mark.parametrize("phrasing", TABLE, ids=lambda phrasing: phrasing.name)
def test_each_needle_is_one(phrasing) -> None:
    assert all(needle == needle.lower() for needle in phrasing.needles)
    for sample in PHRASINGS:
        if phrasing.compiled.search(sample["text"]):
            assert any(needle in sample["text"].lower() for needle in phrasing.needles)


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


REFUSED = "dial tcp 198.51.100.7:443: connect: network is unreachable"
AT = 1764531382.662807


@pytest.mark.parametrize(
    ("text", "more"),
    [
        # logfmt, with the flow in fields of its own
        (
            'time=2025-11-30T19:36:22.662807Z level=WARN msg="cannot send" err="network is unreachable" '
            "local_addr=192.0.2.10:44880 dst=198.51.100.7:443 iface=eth0 pid=812 service=prober",
            {"program": "prober", "pid": 812, "local_addr": "192.0.2.10", "local_port": 44880, "interface": "eth0"},
        ),
        # JSON, nested, with a count of milliseconds
        (
            '{"time":1764531382662,"err":{"type":"Error","message":"connect ENETUNREACH 198.51.100.7:443"},"pid":812}',
            {"pid": 812, "first": 1764531382.662, "last": 1764531382.662},
        ),
        # a container's log file: a line within a line
        ('{"log":"%s\\n","stream":"stderr","time":"2025-11-30T19:36:22.662807Z"}' % REFUSED, {}),
        ("2025-11-30T19:36:22.662807Z stderr F %s" % REFUSED, {}),
        ("<28>1 2025-11-30T19:36:22.662807Z h prober 812 - - %s" % REFUSED, {"program": "prober", "pid": 812}),
        ("2025-11-30T20:36:22.662807+01:00 h prober[812]: %s" % REFUSED, {"program": "prober", "pid": 812}),
        # a wildcard is kept as printed where no field names the address
        ('{"ts":%s,"error":"write udp [::]:9->198.51.100.7:443: sendmsg: network is unreachable"}' % AT,
         {"local_addr": "::", "local_port": 9}),
    ],
)  # fmt: skip
def test_the_formats_that_logs_have(text, more) -> None:
    wanted = {
        "error": "ENETUNREACH",
        "remote_addr": "198.51.100.7",
        "remote_port": 443,
        "first": AT,
        "last": AT,
        **more,
    }
    assert told(recognise(Line(text, written=WRITTEN))) == wanted


def test_a_record_without_a_message_that_tells_of_it_is_no_event() -> None:
    for text in (
        '{"level":"info","topic":"network is unreachable"}',
        'level=info topic="sendto: Network is unreachable"',
    ):
        assert recognise(Line(text)) is None


def test_no_more_than_the_limit_is_looked_at() -> None:
    text = "x" * LINE_LIMIT + " sendto: Network is unreachable"
    assert recognise(Line(text)) is None
    assert recognise(Line(text[100:])) is not None


MEBIBYTE = 1 << 20


def hostile(phrasing: Phrasing) -> t.Iterator[str]:
    """Texts of 1 MiB that a pattern could lose itself in: beginnings of what it looks for, over and over."""
    for sample in PHRASINGS:
        found = phrasing.compiled.search(sample["text"])
        if found:
            text = found.group()
            for part in (text, text[:-1], text[: 2 * len(text) // 3], text[: len(text) // 3], text[len(text) // 3 :]):
                yield (part * (MEBIBYTE // max(len(part), 1)))[:MEBIBYTE]
                yield (part + "a" * 300) * (MEBIBYTE // (len(part) + 300))
            return


@pytest.mark.parametrize("phrasing", TABLE, ids=lambda phrasing: phrasing.name)
def test_a_hostile_line_cannot_stall_a_phrasing(phrasing) -> None:
    """The work grows as the line does. Where it grew with its square, a line of 1 MiB would not end within hours."""
    for text in hostile(phrasing):
        for _found in itertools.islice(phrasing.compiled.finditer(text), 2000):
            pass


@pytest.mark.parametrize("phrasing", TABLE, ids=lambda phrasing: phrasing.name)
def test_no_quantifier_is_without_bound(phrasing) -> None:
    def walk(parsed: t.Any) -> None:
        for operation, argument in parsed:
            if str(operation) in ("MAX_REPEAT", "MIN_REPEAT"):
                assert argument[1] < 1000, "a quantifier without a bound"
            for inner in argument if isinstance(argument, (tuple, list)) else ():
                if isinstance(inner, parser.SubPattern):
                    walk(inner)
                elif isinstance(inner, list):
                    for branch in inner:
                        if isinstance(branch, parser.SubPattern):
                            walk(branch)

    walk(parser.parse(phrasing.compiled.pattern, phrasing.compiled.flags))


@pytest.mark.parametrize(
    "text",
    [
        "sendto: Network is unreachable " * 40000,
        "sendto: Network is unreachable? " * 40000,
        "Nov 30 19:36:22 host " * 50000 + "sendto: Network is unreachable",
        "[" * MEBIBYTE + "Errno 101] Network is unreachable",
        '{"a":' * 200000 + " network is unreachable }",
        '{"error":"' + "x" * MEBIBYTE + '","msg":"network is unreachable"}',
        "network is unreachable err=" + 'a="' * 300000,
        'network is unreachable err="' + "\\" * MEBIBYTE,
        "<1>1 2025-11-30T19:36:22Z h a 1 - " + "[x]" * 300000 + "network is unreachable",
        "\0" * MEBIBYTE,
        "\u0130" * MEBIBYTE + "network is unreachable",
        "os error errno enetunreach eperm " * 30000,
    ],
    ids=range(12),
)
def test_a_hostile_line_cannot_stall_the_whole(text) -> None:
    for _time in range(50):
        recognise(Line(text, written=WRITTEN))
        recognise(Line(text[-LINE_LIMIT:], written=WRITTEN))


hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
PIECES = sorted({piece for sample in PHRASINGS for piece in re.split(r"(?<=[ :,=(\"])", sample["text"]) if piece})


@hypothesis.given(st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=25).map("".join)))
@hypothesis.settings(max_examples=300)
def test_nothing_is_told_that_the_text_does_not_hold(text) -> None:
    event = recognise(Line(text, written=WRITTEN))
    if event is None:
        return
    for name in ("program", "interface"):
        assert getattr(event, name) is None or getattr(event, name) in text
    for name in ("local_port", "remote_port", "pid"):
        assert getattr(event, name) is None or str(getattr(event, name)) in text
    assert event.unit is None or event.unit in text
    for address in (event.local_addr, event.remote_addr):
        if address is not None and ":" not in address:
            assert address in text


@hypothesis.given(
    st.sampled_from(PHRASINGS),
    st.integers(0, 400),
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.integers(0, 20),
)
@hypothesis.settings(max_examples=300)
def test_no_damage_to_a_line_raises(sample, position, other, width) -> None:
    text = sample["text"]
    recognise(Line(text[:position] + other + text[position + width :], written=WRITTEN))
