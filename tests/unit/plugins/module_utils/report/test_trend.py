# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.netmend.reclaim.plugins.module_utils.report.trend import HEIGHT, WIDTH, chart


def point(**sums):
    return {**dict.fromkeys(("critical", "high", "medium", "low", "info"), 0), **sums}


def bars(points):
    return chart(points).bars


def test_one_run_is_no_trend():
    assert chart([]) is chart([point(high=1)]) is None


def test_the_worst_stands_at_the_bottom_and_the_tallest_bar_fills_the_height():
    old, low, high = bars([point(high=1), point(high=1, low=3)]), *bars([point(), point(high=1, low=3)])
    assert [(one.severity, one.height) for one in old] == [("high", 30), ("high", 30), ("low", 90)]
    assert (low.severity, low.y + low.height) == ("high", HEIGHT)
    assert (high.severity, high.y, high.y + high.height) == ("low", 0, low.y)


def test_all_runs_fit_also_where_nothing_was_found():
    assert bars([point()] * 60) == []
    for runs in (2, 10, 60):
        drawn = chart([point(info=number) for number in range(runs)])
        assert drawn.width <= WIDTH
        assert all(one.x + one.width <= drawn.width and one.y >= 0 for one in drawn.bars)
