# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.bounds import bounded_result, encodable, size_of, take


def test_take_counts_what_it_does_not_keep():
    assert take(iter(range(1000)), 3) == ([0, 1, 2], 1000)
    assert take([], 3) == ([], 0)
    assert take([1, 2], 0) == ([], 2)


def test_take_stops_at_the_size():
    taken, total = take(("x" * 98 for _number in range(50)), limit=50, most_bytes=1000)
    assert (len(taken), total) == (10, 50)


def test_take_keeps_one_item_however_large_it_is():
    taken, total = take(["x" * 5000, "y"], limit=5, most_bytes=1000)
    assert (len(taken[0]), len(taken), total) == (5000, 1, 2)


def test_a_small_result_is_left_alone():
    result = {"routes": [{"dst": "192.0.2.0/24"}], "total": 1}
    assert bounded_result(result) == result


def test_a_large_result_loses_the_end_of_its_largest_list_and_says_so():
    result = {"small": ["a"] * 10, "large": ["b" * 100] * 1000, "total": 1000}
    bounded = bounded_result(result, most_bytes=20000)
    assert size_of(bounded) <= 20000
    assert bounded["cut"] == {"large": 1000}
    assert bounded["small"] == result["small"]
    assert 0 < len(bounded["large"]) < 1000
    assert bounded["total"] == 1000
    assert len(result["large"]) == 1000


def test_a_large_plan_is_whole_and_costs_the_findings_nothing():
    result = {"findings": ["a" * 100] * 100, "plan": {"steps": [{"dsts": "192.0.2.0/24 " * 10000}]}}
    assert bounded_result(result, most_bytes=20000) == result
    result["findings"] *= 10
    bounded = bounded_result(result, most_bytes=20000)
    assert bounded["cut"] == {"findings": 1000} and bounded["plan"] == result["plan"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("café", "café"),
        (os.fsdecode(b"a\xffb"), "a\\xffb"),
        ("\ud800", "\\ud800"),
        ("\ud800" + os.fsdecode(b"\xff"), "\\ud800\\udcff"),
    ],
)
def test_text_that_is_no_unicode_can_be_encoded(text, shown):
    assert encodable({text: [text, (text, 1, None)]}) == {shown: [shown, [shown, 1, None]]}
    assert json.loads(json.dumps(encodable(text), ensure_ascii=False).encode()) == shown
