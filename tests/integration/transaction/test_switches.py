# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sysctl.set: compared with what was seen, set, and set back whatever dies."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel

from . import plans

SOON = 15
"""Seconds in which a transaction is applied here, also on a slow machine, and which a test likes to wait."""
STRICT = """
ip link add dev up.2 type veth peer name up3 && ip link set up.2 up
cd /proc/sys/net/ipv4/conf && echo 0 > all/rp_filter && echo 1 > up0/rp_filter && echo 1 > up.2/rp_filter
"""


@pytest.fixture
def strict(host):
    """A host that checks strictly what comes in by two of its links."""
    host.ns.sh(STRICT)
    return host


def filters(host) -> list[str]:
    return host.ns.sh("cd /proc/sys/net/ipv4/conf; cat up0/rp_filter up.2/rp_filter").split()


def planned(host, *links: str, stale: bool = False, seen: str = "1") -> dict:
    """A plan that loosens these links; with ``stale`` one that takes a stale rule as well."""
    with Kernel(host.name) as kernel:
        rules = list(kernel.seen("rule", lambda rule: rule.priority == 100)) if stale else []
        steps = [("rule.del", each) for each in rules]
        return plans.plan(kernel, *steps, switches=tuple(plans.switch(link, seen) for link in links))


def test_check_mode_shows_what_the_real_run_does(strict) -> None:
    plan = planned(strict, "up.2", stale=True)
    told = strict.reclaim(plan, _ansible_check_mode=True, rehearse=True)
    assert (told["state"], filters(strict)) == ("planned", ["1", "1"]), told
    done = strict.reclaim(plan, rehearse=True)
    assert (done["state"], filters(strict)) == ("armed", ["1", "2"]), done
    assert done["diff"] == told["diff"]
    first = done["diff"][0]
    assert (first["before"], first["after"]) == (
        "net.ipv4.conf.up/2.rp_filter = 1\n",
        "net.ipv4.conf.up/2.rp_filter = 2\n",
    )
    assert any(words.startswith("sysctl.set: ") for words in done["rehearsal"]["not_rehearsed"])


def test_undone_and_the_undo_undone(strict) -> None:
    first = strict.reclaim(planned(strict, "up0", "up.2"))
    strict.transaction("confirmed")
    assert filters(strict) == ["2", "2"]
    told = strict.transaction("rolled_back", first["transaction_id"], _ansible_check_mode=True)
    undo = strict.transaction("rolled_back", first["transaction_id"])
    assert undo["state"] == "armed" and undo["diff"] == told["diff"], undo
    strict.transaction("confirmed")
    assert filters(strict) == ["1", "1"]
    again = strict.transaction("rolled_back", undo["transaction_id"])
    assert again["state"] == "armed", again
    strict.transaction("confirmed")
    assert filters(strict) == ["2", "2"]


def test_a_second_run_has_nothing_to_do(strict) -> None:
    plan = planned(strict, "up0")
    strict.reclaim(plan)
    strict.transaction("confirmed")
    again = strict.reclaim(plan)
    assert again["state"] == "nothing-to-do" and "is 2 already" in again["steps"][0]["words"], again


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("echo 0 > /proc/sys/net/ipv4/conf/up.2/rp_filter", "it is 0, not 1"),
        ("ip link del up.2", "it is gone, not 1"),
        ("echo 2 > /proc/sys/net/ipv4/conf/all/rp_filter", "checks no stricter than that now"),
    ],
)
def test_what_changed_since_is_left_alone(strict, change: str, words: str) -> None:
    plan = planned(strict, "up.2")
    strict.ns.sh(change)
    before = strict.ns.sh("grep -r . /proc/sys/net/ipv4/conf/*/rp_filter")
    result = strict.reclaim(plan)
    assert result["state"] == "nothing-to-do" and words in result["steps"][0]["words"], result
    assert strict.ns.sh("grep -r . /proc/sys/net/ipv4/conf/*/rp_filter") == before


def test_no_filter_is_switched_on(strict) -> None:
    """Loose is stricter than none, where all has none either."""
    strict.ns.sh("echo 0 > /proc/sys/net/ipv4/conf/up0/rp_filter")
    result = strict.reclaim(planned(strict, "up0", seen="0"))
    assert result["state"] == "nothing-to-do" and filters(strict)[0] == "0", result


def test_of_a_link_that_all_makes_strict(strict) -> None:
    strict.ns.sh("cd /proc/sys/net/ipv4/conf; echo 1 > all/rp_filter; echo 0 > up0/rp_filter")
    done = strict.reclaim(planned(strict, "up0", seen="0"))
    assert filters(strict)[0] == "2"
    assert strict.transaction("rolled_back", done["transaction_id"])["state"] == "rolled-back"
    assert filters(strict)[0] == "0"


def test_nobody_confirms(strict) -> None:
    done = strict.reclaim(planned(strict, "up0", "up.2", stale=True), confirm_within=SOON)
    assert done["state"] == "armed" and filters(strict) == ["2", "2"]
    standing = strict.await_state(done["transaction_id"], "rolled-back")
    assert standing.last["by"] == "dead-man" and standing.last["not_restored"] == []
    assert filters(strict) == ["1", "1"]


@pytest.mark.parametrize("faults", [{"die_setting": "before"}, {"die_setting": "after"}, {"die_before": 1}])
def test_the_module_is_killed_in_the_midst(strict, faults: dict) -> None:
    plan, before = planned(strict, "up0", "up.2", stale=True), strict.state()
    strict.start("reclaim", plan=plan, confirm_within=SOON, faults=faults).killed()
    standing = strict.await_state(strict.newest(), "rolled-back")
    assert standing.last["not_restored"] == []
    assert filters(strict) == ["1", "1"] and strict.state() == before


def test_what_a_killed_run_and_a_killed_dead_man_left_is_settled_first(strict) -> None:
    plan = planned(strict, "up0", "up.2", stale=True)
    strict.start("reclaim", plan=plan, faults={"die_before": 1}).killed()
    left = strict.newest()
    assert filters(strict) == ["2", "2"]
    os.kill(strict.standing(left).armed["pid"], signal.SIGKILL)
    again = strict.reclaim(plan)
    assert again["state"] == "armed" and again["settled"][0]["transaction_id"] == left, again
    assert [step["result"] for step in again["steps"]] == ["done"] * 3
    strict.transaction("rolled_back")
    assert filters(strict) == ["1", "1"]


def test_a_later_failure_sets_it_back(strict) -> None:
    result = strict.reclaim(planned(strict, "up0", stale=True), faults={"fail_at": 1})
    assert result["failed"] and result["state"] == "rolled-back" and filters(strict) == ["1", "1"], result


def test_what_somebody_else_set_meanwhile_stays_and_is_told(strict) -> None:
    done = strict.reclaim(planned(strict, "up0"))
    strict.ns.sh("echo 0 > /proc/sys/net/ipv4/conf/up0/rp_filter")
    result = strict.transaction("rolled_back", done["transaction_id"])
    assert any("it is 0, not 2" in words for words in result["not_restored"]), result
    assert filters(strict)[0] == "0"


@pytest.mark.parametrize("selector", [{"interface": "up0"}, {"kind": "link", "interface": "up*"}])
def test_a_link_that_is_protected_keeps_its_filter(strict, selector: dict) -> None:
    result = strict.reclaim(planned(strict, "up0"), protect=[selector])
    assert result["state"] == "refused" and "covers it" in result["msg"], result
    assert filters(strict) == ["1", "1"]
    other = strict.reclaim(planned(strict, "up0"), protect=[{"interface": "up9"}, {"kind": "address"}])
    assert other["state"] == "armed", other


def test_another_value_or_another_switch_is_refused(strict) -> None:
    plan = planned(strict, "up0")
    for key, value in (("value", "0"), ("name", "net.ipv4.conf.up0.forwarding"), ("name", "../../kernel/panic")):
        steps = [dict(plan["steps"][0], args=dict(plan["steps"][0]["args"], **{key: value}))]
        result = strict.reclaim(plans.changed(plan, steps=steps))
        assert result["state"] == "refused" and "args" in result["msg"], (key, result)
    assert filters(strict) == ["1", "1"]
