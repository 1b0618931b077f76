# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan files: written as a person reviews them, checked when they come back."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Plan, PlanStep, Withheld
from ansible_collections.netmend.reclaim.plugins.module_utils.plan import wire
from ansible_collections.netmend.reclaim.plugins.module_utils.report import jsons, plans
from ansible_collections.netmend.reclaim.plugins.module_utils.report.names import file_names

HOST = {"hostname": "edge1", "machine_id": "m", "boot_id": "b", "netns": None}
STEP = PlanStep("owner.restart", (), "systemctl restart d", "it holds a dead session", args={
    "owner": "d", "unit": "d.service", "argv": ["systemctl", "restart", "d"]
})  # fmt: skip
PLAN = wire.to_json(Plan(HOST, "1", 1.0, "netmend.reclaim 0", (STEP,)))
EMPTY = wire.to_json(Plan(HOST, "1", 1.0, "netmend.reclaim 0"))
HELD = wire.to_json(
    Plan(HOST, "1", 1.0, "netmend.reclaim 0", withheld=(Withheld("0" * 16, "RC204", "route.del", "hint", "No."),))
)


def written(directory, planned):
    names = file_names(planned)
    for host, plan in planned.items():
        (directory / names[host]).write_text(plan if isinstance(plan, str) else jsons.render(plan))
    return str(directory)


def test_plans_that_say_something_are_kept():
    results = {"a": {"plan": PLAN}, "b": {"plan": EMPTY}, "c": {"plan": None}, "d": None, "e": {"plan": HELD}}
    assert plans.sent(results) == ({"a": PLAN, "e": HELD}, [])


def test_the_plan_of_an_audit_that_failed_does_not_count():
    assert plans.sent({"a": {"plan": PLAN, "failed": True}}) == ({}, [])


@pytest.mark.parametrize("wrong", ["text", {"steps": []}, dict(PLAN, generation="2"), dict(PLAN, steps=[float("nan")])])
def test_what_a_host_sends_is_not_trusted_and_stops_no_other(wrong):
    kept, told = plans.sent({"bad": {"plan": wrong}, "good": {"plan": PLAN}})
    assert kept == {"good": PLAN}
    assert len(told) == 1 and told[0].startswith("bad sent what is no plan: ")


def test_what_is_written_comes_back(tmp_path):
    hosts = ["edge1", "Edge1", "../up", "a/b", ".hidden"]
    directory = written(tmp_path, dict.fromkeys(hosts, PLAN))
    assert len(os.listdir(directory)) == len(hosts)
    found = plans.read(directory, [*hosts, "left-alone"])
    assert set(found) == set(hosts)
    assert all(reviewed.plan.steps == (STEP,) for reviewed in found.values())
    assert all(os.path.dirname(reviewed.path) == directory for reviewed in found.values())


def test_a_plan_is_laid_out_for_people_and_keeps_its_digest(tmp_path):
    directory = written(tmp_path, {"edge1": PLAN})
    text = (tmp_path / "edge1.json").read_text()
    assert text.count("\n") > 20
    assert json.loads(text) == PLAN
    assert plans.read(directory, ["edge1"])["edge1"].plan == wire.from_json(PLAN)


def test_all_that_cannot_be_used_is_named(tmp_path):
    changed = json.loads(json.dumps(PLAN))
    changed["steps"][0]["args"]["argv"] = ["rm", "-rf", "/"]
    directory = written(tmp_path, {"broken": "{", "changed": changed, "good": PLAN})
    (tmp_path / "closed.json").mkdir()
    with pytest.raises(plans.Unreadable) as told:
        plans.read(directory, ["broken", "changed", "closed", "good"])
    words = str(told.value).split("; ")
    assert [os.path.basename(word.split(" ")[0]) for word in words] == ["broken.json", "changed.json", "closed.json"]
    assert "it was changed after it was made" in words[1]


def test_a_directory_that_is_not_there_is_told(tmp_path):
    with pytest.raises(plans.Unreadable, match="is no directory"):
        plans.read(str(tmp_path / "nowhere"), ["edge1"])


def test_what_was_handed_on_is_written_for_these_hosts_and_nothing_else_is_left_there(tmp_path):
    directory = str(tmp_path / "approved")
    plans.put(directory, ["edge1", "edge2", "Edge1"], {"edge1": PLAN, "Edge1": HELD, "edge2": PLAN, "other": PLAN})
    assert set(plans.read(directory, ["edge1", "edge2", "Edge1"])) == {"edge1", "edge2", "Edge1"}
    assert len(os.listdir(directory)) == 3
    # The next run was only approved for one of them.
    plans.put(directory, ["edge1", "edge2", "Edge1"], {"edge2": PLAN})
    assert set(plans.read(directory, ["edge1", "edge2", "Edge1"])) == {"edge2"}
    assert len(os.listdir(directory)) == 1


@pytest.mark.parametrize("wrong", [None, [], "text"])
def test_what_was_handed_on_and_is_no_plans_is_refused(tmp_path, wrong):
    with pytest.raises(plans.Unreadable, match="what was handed on are no plans"):
        plans.put(str(tmp_path), ["edge1"], wrong)


def test_where_they_cannot_be_written_it_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(plans.Unreadable, match="cannot be written"):
        plans.put(str(tmp_path / "file" / "approved"), ["edge1"], {})


# What is waived ------------------------------------------------------------------------------------------------------


def restart(unit, *marks):
    args = {"owner": "d", "unit": unit, "argv": ["systemctl", "restart", unit]}
    return PlanStep("owner.restart", marks, "systemctl restart " + unit, "it holds a dead session", args=args)


ONE, TWO, THREE = "1" * 16, "2" * 16, "3" * 16
MENDING = wire.to_json(
    Plan(HOST, "1", 1.0, "netmend.reclaim 0", (restart("a", ONE), restart("b", ONE, TWO), restart("c", THREE)))
)
WAIVED = {"reason": "wait\u202e for NET-114", "by": "dana", "until": "2025-12-31", "id": "w"}


def host(*findings):
    return {"h": {"findings": [{"fingerprint": mark, "rule": "RC102", "waived": waived} for mark, waived in findings]}}


def test_what_is_waived_gets_no_step_and_the_plan_says_why():
    found = plans.let_be({"h": MENDING}, host((ONE, WAIVED), (TWO, None), (THREE, None)))
    plan = wire.from_json(found["h"])
    assert [step.args["unit"] for step in plan.steps] == ["c"]
    assert {(item.finding, item.reason) for item in plan.withheld} == {(ONE, "waived"), (TWO, "waived")}
    words = {item.finding: item.words for item in plan.withheld}
    assert words[ONE].startswith("dana lets it be until 2025-12-31 (waiver w): wait")
    assert words[TWO].startswith(
        "It is open, and gets no step, for the same step would mend another finding, RC102 %s. Of that one: dana lets it be until "
        "2025-12-31 (waiver w): wait" % ONE
    )
    assert words[TWO].endswith("for NET-114. To mend this one, narrow or end the waiver, or make the change by hand.")
    assert all(item.words.isascii() for item in plan.withheld)


def test_one_step_for_an_open_finding_and_several_waived_ones():
    plan = wire.to_json(Plan(HOST, "1", 1.0, "netmend.reclaim 0", (restart("b", ONE, TWO, THREE),)))
    found = plans.let_be({"h": plan}, host((ONE, WAIVED), (TWO, None), (THREE, dict(WAIVED, id="v"))))
    words = {item.finding: item.words for item in wire.from_json(found["h"]).withheld}
    assert "would mend another finding, RC102 %s (and 1 more). Of that one: dana lets it be" % ONE in words[TWO]
    assert words[ONE] != words[THREE]
    # Of what a host only counted nobody knows whether it is waived.
    found = plans.let_be({"h": plan}, host((ONE, None), (TWO, None)), lambda _host: True)
    words = {item.finding: item.words for item in wire.from_json(found["h"]).withheld}
    assert "Of that one: The host only counted it" in words[ONE]


def test_a_plan_of_what_is_open_is_left_as_the_host_made_it():
    found = plans.let_be({"h": MENDING}, host((ONE, None), (TWO, None), (THREE, None)), lambda _host: True)
    assert found["h"] is MENDING


def test_what_the_host_did_not_show_gets_no_step_where_a_waiver_may_fit_it():
    for doubted, units in ((True, ["a"]), (False, ["a", "b", "c"])):
        found = plans.let_be({"h": MENDING}, host((ONE, None)), lambda _host, doubted=doubted: doubted)
        assert [step.args["unit"] for step in wire.from_json(found["h"]).steps] == units
    assert wire.from_json(plans.let_be({"h": MENDING}, {"h": {}}, lambda _host: True)["h"]).steps == ()
