# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Plan, PlanStep
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.fleet import Tally, objections, tally


def step(op: str, *dsts: str) -> PlanStep:
    return PlanStep(op, (), "command", "why", dsts=dsts)


def losing(*removals: int) -> dict[str, Tally]:
    return {"host%d" % number: Tally(1, count, count, 0) for number, count in enumerate(removals)}


def test_a_plan_is_counted_by_what_it_takes_away():
    steps = (
        step("owner.restart"),
        step("route.add", "10.0.0.0/8"),
        step("rule.del"),
        step("route.del", "10.1.0.0/16", "10.2.0.0/16"),
    )
    assert tally(Plan({}, "", 0.0, "", steps)) == Tally(steps=4, objects=5, removals=3, withheld=0)


def test_removals_of_all_hosts_add_up():
    assert objections(losing(6, 4), hosts=10, max_removals=10, max_percent=100) == []
    (said,) = objections(losing(6, 5), hosts=10, max_removals=10, max_percent=100)
    assert "2 hosts remove 11 objects together, 6 of them on host0; reclaim_fleet_max_removals allows 10" in said


@pytest.mark.parametrize(("hosts", "percent", "good"), [(100, 4, True), (99, 4, False), (4, 99, False), (4, 100, True)])
def test_hosts_that_lose_something_are_a_share_of_all(hosts, percent, good):
    said = objections(losing(1, 1, 1, 1), hosts=hosts, max_removals=10, max_percent=percent)
    assert (said == []) is good
    assert good or "4 of %d hosts" % hosts in said[0]


def test_a_share_means_little_among_few():
    assert objections(losing(1, 1, 1), hosts=3, max_removals=10, max_percent=0) == []


def test_hosts_that_lose_nothing_do_not_count():
    tallies = {"host%d" % number: Tally(1, 1, 0, 0) for number in range(9)}
    assert objections(tallies, hosts=9, max_removals=0, max_percent=0) == []
