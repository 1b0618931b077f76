# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing that happened is forgotten, events are kept apart, and what is kept is bounded: whatever happens when."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.plugin_utils.events.happening import ERROR, Fold, Happening
from ansible_collections.netmend.reclaim.plugins.plugin_utils.events.storm import STOPPED, Storm

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

SETTLE, EVERY, REMIND = 2.0, 30.0, 400.0


def happening(number: int, kind: str = "address-removed") -> Happening:
    return Happening(kind, (("address", "192.0.2.%d/32" % number),), "address")


def play(storm: Storm, what: t.Sequence[t.Tuple[float, Happening]], until: float) -> t.List[t.Tuple[float, t.Any]]:
    """As the event source does: each event is taken when it is due. ``what`` is in the order of time."""
    taken: t.List[t.Tuple[float, t.Tuple[Fold, ...]]] = []

    def take(before: float) -> None:
        due = storm.due()
        while due is not None and due <= before:
            taken.append((due, storm.take(due)))
            due = storm.due()

    for now, each in what:
        take(now)
        storm.add(each, now, now)
    take(until)
    return taken


MOMENTS = st.lists(
    st.tuples(
        st.integers(0, 480).map(lambda quarters: quarters / 4),  # which floats hold exactly
        st.integers(1, 6),
        st.sampled_from(["address-removed", ERROR]),
    ),
    min_size=1,
    max_size=60,
)


@hypothesis.given(MOMENTS, st.integers(1, 8))
def test_each_happening_is_in_an_event_after_it_and_events_are_kept_apart(
    moments: t.List[t.Tuple[float, int, str]], most: int
) -> None:
    what, now = [], 0.0
    for pause, number, kind in moments:
        now += pause
        what.append((now, happening(number, kind)))
    storm = Storm(SETTLE, EVERY, REMIND, most)
    taken = play(storm, what, now + REMIND + EVERY + SETTLE)
    assert storm.due() is None
    assert sum(fold.count for _at, folds in taken for fold in folds) == len(what)
    for at, each in what:
        after = [folds for when, folds in taken if when >= at]
        assert any(
            fold.happening.kind == each.kind and fold.first <= at <= fold.last for folds in after for fold in folds
        )
    times = [at for at, _folds in taken]
    assert all(later - earlier >= EVERY for earlier, later in zip(times, times[1:]))
    assert all(len(folds) <= most + 2 for _at, folds in taken)  # and one of each kind for the rest


def test_a_storm_that_fits_in_a_window_is_one_event() -> None:
    what = [(0.002 * number, happening(number % 7)) for number in range(10000)]
    ((at, folds),) = play(Storm(SETTLE, EVERY, REMIND), what, 1000.0)
    assert at == pytest.approx(0.002 * 9999 + SETTLE)
    assert (len(folds), sum(fold.count for fold in folds)) == (7, 10000)


def test_a_storm_that_does_not_end_is_an_event_each_time() -> None:
    what = [(0.5 * number, happening(1)) for number in range(240)]
    taken = play(Storm(SETTLE, EVERY, REMIND), what, 1000.0)
    assert [at for at, _folds in taken] == [30.0, 60.0, 90.0, 120.0]
    assert sum(folds[0].count for _at, folds in taken) == 240


def test_the_last_one_after_an_event_is_told_when_the_time_has_come() -> None:
    taken = play(Storm(SETTLE, EVERY, REMIND), [(0.0, happening(1)), (2.5, happening(2))], 1000.0)
    assert [at for at, _folds in taken] == [2.0, 32.0]


def test_an_error_that_goes_on_is_told_once_and_then_now_and_then() -> None:
    what = [(5.0 * number, happening(1, ERROR)) for number in range(100)]
    taken = play(Storm(SETTLE, EVERY, REMIND), what, 2000.0)
    assert [at for at, _folds in taken] == [2.0, 402.0, 802.0]
    assert sum(folds[0].count for _at, folds in taken) == 100


def test_an_error_that_had_stopped_is_news_again() -> None:
    what = [(0.0, happening(1, ERROR)), (STOPPED + 5, happening(1, ERROR))]
    taken = play(Storm(SETTLE, EVERY, remind=10000.0), what, 1000.0)
    assert [at for at, _folds in taken] == [2.0, STOPPED + 5 + SETTLE]


def test_news_brings_along_what_waits_for_its_reminder() -> None:
    what = [(0.0, happening(1, ERROR)), (40.0, happening(1, ERROR)), (50.0, happening(2))]
    taken = play(Storm(SETTLE, EVERY, REMIND), what, 3000.0)
    assert [at for at, _folds in taken] == [2.0, 52.0]
    assert {fold.happening.kind for fold in taken[1][1]} == {ERROR, "address-removed"}
