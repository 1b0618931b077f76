# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plans for the lab: each fault gets the step that one expects or the reason why not, a healthy host gets none."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.wire import from_json
from hosts import HOSTS
from lab_runs import Auditor, host_named
from place import Place

Plans = t.Mapping[str, t.Mapping[str, t.Any]]
HEALTHY = [host.name for host in HOSTS if not host.expect]


@pytest.fixture(scope="session")
def plans(auditor: Auditor) -> Plans:
    made = auditor.plans()
    assert set(made) == {host.name for host in HOSTS}
    return made


def steps(plan: t.Mapping[str, t.Any], *keys: str) -> list[tuple[t.Any, ...]]:
    """The op of each step, and what its object says."""
    return [(step["op"], step["dsts"], *(step["object"].get(key) for key in keys)) for step in plan["steps"]]


def withheld(plan: t.Mapping[str, t.Any]) -> set[tuple[str, str | None, str]]:
    return {(item["rule"], item["op"], item["reason"]) for item in plan["withheld"]}


@pytest.mark.parametrize("name", [host.name for host in HOSTS])
def test_each_plan_is_whole_and_of_its_host(plans: Plans, lab: Place, name: str) -> None:
    plan = from_json(plans[name])
    assert plan.host["netns"] == lab.netns(name)
    assert all(step.findings and step.why and step.command for step in plan.steps)


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_host_gets_no_plan(plans: Plans, name: str) -> None:
    assert (plans[name]["steps"], plans[name]["withheld"]) == ([], [])


def test_the_incident_is_mended_by_a_restart_of_its_daemon_and_nothing_else(plans: Plans) -> None:
    plan = plans["vpn1"]
    (step,) = plan["steps"]
    assert step["op"] == "owner.restart" and step["args"]["owner"] == "doublezerod"
    assert step["args"]["argv"][2:4] == ["restart", "vpn1"]
    assert step["kind"] is None and step["inverse"] is None and step["risk"] == "medium"
    assert plan["withheld"] == []


def test_routes(plans: Plans) -> None:
    plan = plans["router1"]
    assert steps(plan, "table", "metric", "prefsrc", "id", "address") == [
        ("route.add", "10.7.0.0/16", 254, 0, None, None, None),
        ("route.del", "10.1.0.0/17 10.1.128.0/17", 100, 0, "192.0.2.131", None, None),
        ("route.del", "10.5.0.0/16", 254, 200, None, None, None),
        ("nexthop.del", "", None, None, None, 66, None),
        ("neighbour.del", "", None, None, None, None, "10.8.0.9"),
    ]
    assert withheld(plan) == {
        ("RC202", None, "no-remedy"),
        ("RC204", None, "no-remedy"),  # its routes work: whose they are only a person knows
        ("RC209", None, "no-remedy"),  # intent does not say through which gateway
        ("RC402", None, "no-remedy"),
        ("RC406", None, "no-remedy"),
        ("RC407", None, "no-remedy"),
    }


def test_policy_rules(plans: Plans) -> None:
    plan = plans["policy1"]
    assert steps(plan, "priority", "table") == [
        ("rule.add", "", 2004, 254),
        ("rule.del", "", 2001, 2001),
        ("rule.del", "", 2002, 254),
        ("rule.del", "", 2003, 2003),
    ]
    assert withheld(plan) == set()


def test_links(plans: Plans) -> None:
    plan = plans["link1"]
    assert steps(plan, "name") == [("link.up", "", "lan1")]
    assert withheld(plan) == {(rule, None, "no-remedy") for rule in ("RC402", "RC403", "RC409")}


def test_sockets(plans: Plans) -> None:
    """They are the processes' own: nothing is taken from them that the user does not allow."""
    plan = plans["app1"]
    assert {op for op, *_rest in steps(plan)} <= {"owner.restart"}
    assert {rule for rule, _op, _reason in withheld(plan)} <= {"RC101", "RC103", "RC104"}
    assert {reason for _rule, _op, reason in withheld(plan)} <= {"no-remedy", "not-allowed"}


def test_planning_changes_nothing(plans: Plans, auditor: Auditor) -> None:
    again = auditor.plans("faulty")
    for name, plan in again.items():
        before = plans[name]
        assert [step["raw"] for step in plan["steps"]] == [step["raw"] for step in before["steps"]]
        assert plan["generation"] == before["generation"]
    assert host_named("vpn1").name in again
