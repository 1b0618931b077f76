# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbook writes to AWX, from nothing to nothing: these tests are one story and run in their order.

To write requests.yml anew: RECLAIM_WRITE=1 pytest tests/integration/awx
"""

from __future__ import annotations

import copy
import os
import pathlib
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.model import OPS
from conftest import ORGANIZATION, Run, Stand
from told import told

GOLDEN = pathlib.Path(__file__).resolve().parent / "requests.yml"
HEAD = """---
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What the playbook netmend.reclaim.awx writes to an AWX that has nothing of it yet, request by request; <names> stand for numbers.
"""
ASKED: dict[str, t.Any] = {
    "reclaim_awx_organization": ORGANIZATION,
    "reclaim_awx_image": "registry.example.org/netmend-reclaim:0.2.0",
    "reclaim_awx_scm_url": "https://git.example.org/ops/network.git",
    "reclaim_awx_inventory_path": "inventory/hosts.yml",
    "reclaim_awx_credentials": ["fleet ssh key"],
    "reclaim_awx_extra_vars": {"reclaim_max_removals": 20, "reclaim_protect": [{"interface": "bond0"}]},
}


def well(run: Run) -> Run:
    assert run.code == 0, run.output
    assert all(request.status < 300 for request in run.written), run.written
    return run


@pytest.fixture(scope="module")
def before(stand: Stand) -> t.Any:
    """All that is in AWX before the first run, with things of the same names in another organization."""
    (default,) = [key for key, item in stand.awx.objects["organizations"].items() if item["name"] == "Default"]
    for resource in ("workflow_job_templates", "inventories"):
        for name in ("netmend", "netmend fleet audit"):
            stand.awx.put(resource, name=name, organization=default)
    return copy.deepcopy(stand.awx.objects)


@pytest.fixture(scope="module")
def first(stand: Stand, before: t.Any) -> Run:
    return well(stand.play(ASKED))


def test_check_mode_writes_nothing_where_there_is_nothing_yet(stand: Stand, before: t.Any) -> None:
    run = well(stand.play(ASKED, "--check"))
    assert not run.written and stand.awx.objects == before
    assert "Something above is not in AWX yet." in run.words


def test_a_first_run_makes_exactly_these_requests(stand: Stand, first: Run) -> None:
    text = HEAD + told(stand.awx, first.written)
    if os.environ.get("RECLAIM_WRITE"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_a_second_run_writes_nothing(stand: Stand, first: Run) -> None:
    run = well(stand.play(ASKED))
    assert not run.written
    assert "changed=0" in run.output


def test_check_mode_writes_nothing_and_says_what_it_would(stand: Stand, first: Run) -> None:
    run = well(stand.play(dict(ASKED, reclaim_awx_approval_timeout=60, reclaim_awx_forks=9), "--check"))
    assert not run.written
    assert "changed=1 " not in run.output and "changed=2 " in run.output


def test_what_is_changed_is_one_patch_of_that(stand: Stand, first: Run) -> None:
    run = well(stand.play(dict(ASKED, reclaim_awx_image="registry.example.org/other:1")))
    assert told(stand.awx, run.written).splitlines()[0] == "- PATCH: execution_environments <netmend>"
    assert len(run.written) == 1 and run.written[0].body["image"] == "registry.example.org/other:1"
    back = well(stand.play(dict(ASKED, reclaim_awx_approval_timeout=60, reclaim_awx_inventory_path="other.yml")))
    assert [line for line in told(stand.awx, back.written).splitlines() if line.startswith("- ")] == [
        "- PATCH: execution_environments <netmend>",
        "- PATCH: inventory_sources <netmend inventory>",
        "- PATCH: workflow_approval_templates <netmend mend as planned?>",
    ]
    assert {request.method for request in well(stand.play(ASKED)).written} == {"PATCH"}
    assert not well(stand.play(ASKED)).written


def test_a_schedule_is_removed_and_another_is_made(stand: Stand, first: Run) -> None:
    schedules = [
        {"name": "netmend daily audit", "state": "absent"},
        {
            "name": "edge every hour",
            "rrule": "DTSTART;TZID=Europe/Rome:20260101T003000 RRULE:FREQ=HOURLY;INTERVAL=1",
            "hosts": "edge",
            "fail_on": "critical",
            "enabled": False,
        },
    ]
    run = well(stand.play(dict(ASKED, reclaim_awx_schedules=schedules)))
    assert [request.method for request in run.written] == ["DELETE", "POST"]
    (schedule,) = stand.awx.objects["schedules"].values()
    assert schedule["extra_data"] == {"reclaim_hosts": "edge", "reclaim_fleet_fail_on": "critical"}
    assert schedule["enabled"] is False


def test_the_steps_of_the_workflow(stand: Stand, first: Run) -> None:
    """audit and plan -> merge -> approval -> mend -> audit again -> merge again"""
    awx = stand.awx
    flows = {key: item["name"] for key, item in awx.objects["workflow_job_templates"].items()}
    steps = {
        key: item
        for key, item in awx.objects["workflow_job_template_nodes"].items()
        if flows[item["workflow_job_template"]] == "netmend fleet mend"
    }
    after: dict[str, tuple[str, str]] = {}
    for key, item in steps.items():
        for kind in ("success_nodes", "always_nodes", "failure_nodes"):
            for other in awx.linked(key, kind):
                assert item["identifier"] not in after
                after[item["identifier"]] = (kind, steps[other]["identifier"])
    assert after == {
        "plan": ("always_nodes", "merge"),
        "merge": ("success_nodes", "approve"),
        "approve": ("success_nodes", "mend"),
        "mend": ("always_nodes", "audit again"),
        "audit again": ("always_nodes", "merge again"),
    }


def test_the_remedies_that_are_asked_for_are_ops_that_a_plan_may_have(stand: Stand, first: Run) -> None:
    choices = {
        tuple(question["choices"])
        for request in first.written
        if request.path.endswith("/survey_spec/")
        for question in request.body["spec"]
        if question["variable"] == "reclaim_remedies"
    }
    assert len(choices) == 1 and set(*choices) <= set(OPS)


def test_absent_in_check_mode_removes_nothing(stand: Stand, first: Run) -> None:
    before = copy.deepcopy(stand.awx.objects)
    run = well(stand.play(dict(ASKED, reclaim_awx_state="absent"), "--check"))
    assert not run.written and stand.awx.objects == before
    assert "changed=0" not in run.output


def test_absent_removes_all_that_was_made_and_only_that(stand: Stand, first: Run, before: t.Any) -> None:
    run = well(stand.play({"reclaim_awx_state": "absent", "reclaim_awx_organization": ORGANIZATION}))
    assert {request.method for request in run.written} == {"DELETE"}
    assert stand.awx.objects == before
    again = well(stand.play({"reclaim_awx_state": "absent", "reclaim_awx_organization": ORGANIZATION}))
    assert not again.written and "changed=0" in again.output


def test_an_inventory_that_is_there_is_used_and_left_alone(stand: Stand, first: Run, before: t.Any) -> None:
    asked = dict(ASKED, reclaim_awx_inventory="all of it", reclaim_awx_inventory_path="")
    well(stand.play(asked))
    assert not stand.awx.objects["inventory_sources"]
    (there,) = [key for key, item in stand.awx.objects["inventories"].items() if item["name"] == "all of it"]
    assert {item["inventory"] for item in stand.awx.objects["job_templates"].values()} == {there}
    well(stand.play(dict(asked, reclaim_awx_state="absent")))
    assert stand.awx.objects == before
