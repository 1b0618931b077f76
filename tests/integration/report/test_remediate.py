# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook remediate up to where it would change something: this machine is only looked at."""

from __future__ import annotations

import json
import os

import pytest

HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
WANTED = {
    "reclaim_rules": {"include": ["RC207"]},
    "reclaim_intent": {"routes": [{"dst": "192.0.2.0/28", "interface": "lo"}]},
    "reclaim_confirm_after": 0,
}
PLAYBOOK = "netmend.reclaim.remediate"


def planned(stand, *names, **more):
    hosts = dict.fromkeys(names, HERE)
    run = stand.play("-i", stand.inventory(hosts), PLAYBOOK, "-e", json.dumps(dict(WANTED, **more)))
    assert run.code == 0, run.output
    return run


def kept(run):
    return run.reports.resolve() / "latest" / "plans"


@pytest.fixture
def root():
    if os.geteuid() != 0:
        pytest.skip("a plan is made of what root sees")


def test_a_plan_is_written_for_a_host_of_whatever_name(stand, root):
    names = ["edge1", "../../evil", "a/b", ".hidden", "{{ 7 * 7 }}"]
    run = planned(stand, *names)
    files = list(kept(run).iterdir())
    assert len(files) == len(names)
    assert all(json.loads(path.read_text())["steps"][0]["op"] == "route.add" for path in files)
    assert sorted(item.name for item in stand.path.iterdir() if "evil" in item.name) == []
    assert "Plans for 5 of 5 hosts; nothing removed in all." in run.output
    assert "PLAY [Mend]" in run.output and "skipping: no hosts matched" in run.output


def test_a_host_that_cannot_be_reached_keeps_no_other_from_its_plan(stand, root):
    gone = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    run = stand.play("-i", stand.inventory({"gone": gone, "here": HERE}), PLAYBOOK, "-e", json.dumps(WANTED))
    assert run.code == 0, run.output
    assert run.fleet["hosts"]["gone"]["status"] == "unreachable"
    assert [path.name for path in kept(run).iterdir()] == ["here.json"]


def test_what_is_wrong_with_a_plan_stops_before_any_host(stand, root):
    run = planned(stand, "one", "two")
    path = kept(run) / "two.json"
    plan = json.loads(path.read_text())
    plan["steps"][0]["dsts"] = "0.0.0.0/0"
    path.write_text(json.dumps(plan))
    stopped = stand.play(
        "-i", stand.inventory({"one": HERE, "two": HERE}), PLAYBOOK, "-e", json.dumps(WANTED),
        "-e", "reclaim_mode=apply", "-e", "reclaim_plans=%s" % kept(run), "--check",
    )  # fmt: skip
    assert stopped.code != 0
    assert "two.json is no plan that can be applied" in " ".join(stopped.output.split())
    assert "it was changed after it was made" in " ".join(stopped.output.split())
    assert "PLAY [Mend]" not in stopped.output


def test_a_directory_of_no_plans_leaves_all_hosts_alone(stand, root):
    (stand.path / "empty").mkdir()
    run = stand.play(
        "-i", stand.inventory({"one": HERE}), PLAYBOOK, "-e", json.dumps(WANTED),
        "-e", "reclaim_mode=apply", "-e", "reclaim_plans=empty", "--check",
    )  # fmt: skip
    assert run.code == 0, run.output
    assert "Plans for 0 of 1 host; nothing removed in all." in run.output
    assert "skipping: no hosts matched" in run.output


def test_too_many_hosts_are_out_of_proportion(stand, root):
    """Said while it is planned already; enforced when it is applied (the lab)."""
    hosts = ["h%d" % number for number in range(4)]
    run = planned(stand, *hosts, reclaim_fleet_max_removals=0, reclaim_fleet_max_percent=0)
    assert "Out of proportion" not in run.output  # adding takes nothing away


def test_what_is_waived_is_not_planned_and_the_plan_says_why(stand, root):
    routes = [{"dst": "192.0.2.0/28", "interface": "lo"}, {"dst": "192.0.2.16/28", "interface": "lo", "table": 77}]
    waiver = {"id": "later", "selector": {"object": {"dst": "192.0.2.16/*"}}, "by": "dana", "reason": "in spring"}
    run = planned(stand, "one", reclaim_intent={"routes": routes}, reclaim_waivers=[dict(waiver, until="2099-12-31")])
    plan = json.loads((kept(run) / "one.json").read_text())
    assert [step["dsts"] for step in plan["steps"]] == ["192.0.2.0/28"]
    (held,) = [item for item in plan["withheld"] if item["reason"] == "waived"]
    assert held["words"] == "dana lets it be until 2099-12-31 (waiver later): in spring"
    (waived,) = [item for item in run.fleet["hosts"]["one"]["findings"] if item["waived"]]
    assert waived["fingerprint"] == held["finding"]
    # It is refused by nobody who applies it: its digest is its own.
    checked = stand.play(
        "-i", stand.inventory({"one": HERE}), PLAYBOOK, "-e", json.dumps(WANTED),
        "-e", "reclaim_mode=apply", "-e", "reclaim_plans=%s" % kept(run), "--check",
    )  # fmt: skip
    assert checked.code == 0, checked.output
    expired = planned(
        stand, "one", reclaim_intent={"routes": routes}, reclaim_waivers=[dict(waiver, until="2020-01-01")]
    )
    assert len(json.loads((kept(expired) / "one.json").read_text())["steps"]) == 2


def test_what_came_since_the_run_before_is_new_after_mending_too(stand, root):
    """And not known, because the report in the middle of the run has it already."""
    first = planned(stand, "one")
    routes = [*WANTED["reclaim_intent"]["routes"], {"dst": "192.0.2.16/28", "interface": "lo"}]
    given = {"reclaim_mode": "auto", "reclaim_remedies": ["route.add"], "reclaim_intent": {"routes": routes}}
    run = stand.play(
        "-i", stand.inventory({"one": HERE}), PLAYBOOK, "-e", json.dumps(dict(WANTED, **given)), "--check"
    )  # fmt: skip
    assert run.code == 0, run.output
    before, _between, _after = first.names()
    assert run.fleet["mends"]["one"]["state"] == "planned"
    assert run.fleet["history"]["baseline"]["name"] == before
    assert sorted(finding["standing"] for finding in run.fleet["hosts"]["one"]["findings"]) == ["known", "new"]


def test_with_waivers_that_are_wrong_nothing_is_planned(stand, root):
    given = {"id": "x", "selector": {"rule": "RC*"}, "by": "dana", "reason": "r", "until": "2099-12-31"}
    run = stand.play(
        "-i", stand.inventory({"one": HERE}), PLAYBOOK, "-e", json.dumps(dict(WANTED, reclaim_waivers=[given])),
        "-e", "reclaim_mode=auto", "-e", json.dumps({"reclaim_remedies": ["route.add"]}),
    )  # fmt: skip
    assert run.code == 2, run.output
    assert "its selector fits every finding" in " ".join(run.output.split())
    assert "PLAY [Mend]" not in run.output
    assert run.fleet["summary"]["total"] == 1
    assert not kept(run).exists()


def test_a_wrong_option_is_told_before_anything_runs(stand):
    run = stand.play("-i", stand.inventory({"here": HERE}), PLAYBOOK, "-e", "reclaim_mode=now")
    assert run.code == 2
    assert "value of reclaim_mode must be one of" in run.output
    assert not stand.reports.exists()
