# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bursts folded, and nothing lost."""

from __future__ import annotations

import collections
import dataclasses
import random

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.folding import (
    GOING_ON,
    MOST_OF_A_SOURCE,
    Folding,
    fold,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Event, EventSource

LOG = EventSource("log", path="/var/log/x", line=1)
NOW = 1000000.0


def event(time: float | None = NOW, **fields) -> Event:
    return Event(**{"error": "ENETUNREACH", "source": LOG, "first": time, "last": time, **fields})


def test_a_burst_is_one_event() -> None:
    (folded,) = fold([event(NOW - 5 * number, text=str(number)) for number in range(11)], NOW)
    assert (folded.first, folded.last, folded.count) == (NOW - 50, NOW, 11)
    assert folded.rate == pytest.approx(11 / 50)
    assert folded.text == "0"  # the last one
    assert folded.going_on is True


def test_a_single_one_has_no_rate_but_its_own() -> None:
    assert fold([event()], NOW)[0].rate is None
    counter = event(first=NOW - 5, count=50, rate=10.0)
    assert fold([counter], NOW)[0] == dataclasses.replace(counter, going_on=True)
    assert fold([event(), event()], NOW)[0].rate is None  # both in one moment


@pytest.mark.parametrize(
    ("last", "going_on"),
    [
        (NOW - GOING_ON, True),
        (NOW - GOING_ON - 1, False),
        (NOW + GOING_ON, True),
        (NOW + GOING_ON + 1, False),
        (None, None),
    ],
)
def test_going_on(last, going_on) -> None:
    assert fold([event(last)], NOW)[0].going_on is going_on


@pytest.mark.parametrize(
    "other",
    [
        {"error": "EPERM"},
        {"program": "a"},
        {"unit": "a.service"},
        {"pid": 1},
        {"local_addr": "192.0.2.1"},
        {"remote_addr": "192.0.2.1"},
        {"remote_port": 1},
        {"interface": "a"},
        {"source": EventSource("log", path="/var/log/y")},
    ],
)
def test_what_differs_is_told_apart(other) -> None:
    assert len(fold([event(), event(**other)], NOW)) == 2


def test_a_client_that_tries_again_from_another_port_is_one_trouble() -> None:
    (folded,) = fold([event(local_port=port) for port in (40001, 40002)], NOW)
    assert (folded.count, folded.local_port) == (2, None)
    (folded,) = fold([event(local_port=44880) for _time in range(2)], NOW)
    assert folded.local_port == 44880


def test_the_line_that_told_of_it_last_is_the_source() -> None:
    lines = [event(NOW + number, source=dataclasses.replace(LOG, line=number)) for number in (1, 3, 2)]
    assert fold(lines, NOW)[0].source.line == 3


def test_a_log_and_what_was_rotated_away_from_it_are_one_source() -> None:
    paths = ("/var/log/x.2.gz", "/var/log/x", "/var/log/x-20251130.xz", "/var/log/x.1")
    told = [event(NOW - age, source=EventSource("log", path=path, line=age)) for age, path in enumerate(paths)]
    (folded,) = fold(told, NOW)
    assert (folded.count, folded.source) == (4, EventSource("log", path="/var/log/x.2.gz", line=0))


def test_times_that_are_not_known() -> None:
    (folded,) = fold([event(None, text="a"), event(None, text="b")], NOW)
    assert (folded.count, folded.first, folded.last, folded.rate, folded.going_on) == (2, None, None, None, None)
    (folded,) = fold([event(None), event(5.0), event(None)], NOW)
    assert (folded.count, folded.first, folded.last) == (3, 5.0, 5.0)


def test_the_most_recent_first_and_the_most_numerous() -> None:
    told = [event(1.0, pid=1), event(2.0, pid=2), event(None, pid=3), event(2.0, pid=4), event(2.0, pid=4)]
    for _turn in range(5):
        random.shuffle(told)
        assert [item.pid for item in fold(told, NOW)] == [4, 2, 1, 3]


def test_a_flood_is_counted_and_does_not_hide_another_source() -> None:
    flood = [
        event(remote_addr="198.51.100.%d" % (number % 256), remote_port=number)
        for number in range(3 * MOST_OF_A_SOURCE)
    ]
    other = event(source=EventSource("log", path="/var/log/y"), remote_addr="192.0.2.1")
    folded = fold([*flood, other], NOW)
    assert len(folded) == MOST_OF_A_SOURCE + 2
    assert sum(item.count for item in folded) == len(flood) + 1
    rest = [item for item in folded if item.remote_addr is None]
    assert [(item.count, item.source.path) for item in rest] == [(2 * MOST_OF_A_SOURCE, "/var/log/x")]
    assert other.remote_addr in {item.remote_addr for item in folded}


def test_a_flood_of_sources_is_counted() -> None:
    folding = Folding(most_of_a_source=2, most=10)
    for number in range(100):
        folding.add(event(source=EventSource("journal", unit="u%d.service" % number)))
    folded = folding.events(NOW)
    assert len(folded) == 11
    assert sum(item.count for item in folded) == 100
    assert [item.count for item in folded if item.source.unit is None] == [90]


hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
TIMES = st.none() | st.floats(0, 2 * NOW)
EVENTS = st.builds(
    lambda error, port, pid, path, time, count: event(
        time, error=error, local_port=port, pid=pid, source=EventSource("log", path=path), count=count
    ),
    st.sampled_from(["ENETUNREACH", "EPERM"]),
    st.none() | st.integers(1, 3),
    st.none() | st.integers(1, 3),
    st.sampled_from(["/a", "/b"]),
    TIMES,
    st.integers(1, 100),
)


@hypothesis.given(st.lists(EVENTS, max_size=60), st.integers(1, 4), st.integers(1, 6))
def test_nothing_is_lost_and_nothing_grows(events, of_a_source, most) -> None:
    folding = Folding(of_a_source, most)
    for item in events:
        folding.add(item)
    folded = folding.events(NOW)
    counts = collections.Counter()
    for item in events:
        counts[item.error] += item.count
    for item in folded:
        counts[item.error] -= item.count
        assert item.first is None or item.last is None or item.first <= item.last
    assert not +counts
    assert not -counts
    assert len(folded) <= most + 3 * 2  # two errors, each with the rest of two sources and of sources beyond
    known = [item.last for item in events if item.last is not None]
    assert max((item.last for item in folded if item.last is not None), default=None) == max(known, default=None)


@hypothesis.given(st.lists(EVENTS, max_size=40), st.randoms())
def test_the_order_of_telling_does_not_matter(events, chance) -> None:
    """Which of two that were told in one moment is the last may differ, and the text with it: here they have none."""
    shuffled = list(events)
    chance.shuffle(shuffled)
    assert fold(events, NOW) == fold(shuffled, NOW)
