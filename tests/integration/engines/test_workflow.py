# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workflows that are declared in AWX, played through on a lab of their own: nothing is lost between the jobs, no slice's report is
merged twice, and what is applied is what was shown."""

from __future__ import annotations

import pathlib
import typing as t

import namespaces
import pytest
from hosts import HOSTS
from lab_runs import standing
from place import Place
from workflow import Job, Workflow

NAMES = sorted(host.name for host in HOSTS)
MENDED = ("link1", "policy1", "router1")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Place]:
    with standing(tmp_path_factory.mktemp("workflow")) as made:
        yield made


def routes(place: Place, name: str) -> str:
    return namespaces.show(place.netns(name), "route show table all")


class Mend(t.NamedTuple):
    flow: Workflow
    plan: list[Job]
    merge: Job


@pytest.fixture(scope="module")
def planned(place: Place, engines: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Mend:
    """Until the approval."""
    # reclaim_confirm_after stands for what a template may say; a workflow's answers are given to all jobs.
    answers = {"reclaim_hosts": ":".join([*MENDED, "peer1"]), "reclaim_confirm_after": 1}
    flow = Workflow("fleet mend", tmp_path_factory.mktemp("mend"), engines, place.inventory, answers)
    before = {name: routes(place, name) for name in MENDED}
    plan = flow.step("plan")
    (merge,) = flow.step("merge")
    assert {name: routes(place, name) for name in MENDED} == before
    return Mend(flow, plan, merge)


def test_slices_plan_and_hand_on_and_one_without_hosts_does_not_fail(planned: Mend) -> None:
    assert [job.code for job in planned.plan] == [0, 0, 0, 0], [job.output for job in planned.plan]
    for number, job in enumerate(planned.plan):
        mine = [name for name in NAMES[number::4] if name in (*MENDED, "peer1")]
        assert list(job.artifacts) == (["reclaim_slice_%d" % job.variables["awx_job_id"]] if mine else [])
        if mine:
            assert sorted(job.fleet["hosts"]) == mine
        else:
            assert "no hosts matched" in job.output


def test_the_merge_has_all_hosts_and_shows_what_is_to_be_approved(planned: Mend) -> None:
    merge = planned.merge
    assert merge.code == 0, merge.output
    assert {name: host["status"] for name, host in merge.fleet["hosts"].items()} == dict.fromkeys(
        sorted([*MENDED, "peer1"]), "audited"
    )
    assert "Plans for 3 of 4 hosts" in merge.output
    assert "\nrouter1:\n" in merge.output and "  ip -4 route del 10.5.0.0/16 table main" in merge.output


def test_what_was_merged_is_handed_on_to_no_later_job(planned: Mend) -> None:
    taken = {name for job in planned.plan for name in job.artifacts}
    assert taken and {name: planned.merge.artifacts[name] for name in taken} == dict.fromkeys(taken, "")
    assert set(planned.merge.artifacts) == {*taken, "reclaim_handed_plans"}


@pytest.fixture(scope="module")
def mended(planned: Mend) -> Job:
    """Approved."""
    (job,) = planned.flow.step("mend")
    return job


def test_what_was_approved_is_applied(mended: Job, place: Place) -> None:
    assert mended.code == 0, mended.output
    assert {name: one["state"] for name, one in mended.fleet["mends"].items()} == dict.fromkeys(MENDED, "confirmed")
    assert "10.7.0.0/16" in routes(place, "router1")
    assert mended.artifacts == {"reclaim_handed_plans": ""}


def test_the_fleet_is_audited_again_and_merged_without_what_was_before(planned: Mend, mended: Job) -> None:
    again = planned.flow.step("audit again")
    assert [job.code for job in again] == [0, 0, 0, 0], [job.output for job in again]
    (merge,) = planned.flow.step("merge again")
    fleet = merge.fleet
    assert sorted(fleet["hosts"]) == sorted([*MENDED, "peer1"])
    assert "in several reports that differ" not in merge.words
    gone = {one["fingerprint"] for one in mended.fleet["mends"]["router1"]["mended"]}
    assert gone and not gone & {one["fingerprint"] for one in fleet["hosts"]["router1"]["findings"]}
    # reclaim_awx_fail_on is high, and not everything has a remedy.
    assert merge.code == 2 and "of severity high or above" in merge.words, merge.output


def test_a_slice_that_was_killed_is_told_and_the_rest_is_merged(
    place: Place, engines: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    answers = {"reclaim_hosts": "lab", "reclaim_fleet_fail_on": "never"}
    flow = Workflow("fleet audit", tmp_path_factory.mktemp("audit"), engines, place.inventory, answers)
    slices = flow.step("audit")
    assert [job.code for job in slices] == [0, 0, 0, 0], [job.output for job in slices]
    flow.lose(slices[1])
    (merge,) = flow.step("merge")
    assert merge.code == 0, merge.output
    lost = NAMES[1::4]
    assert {name: host["status"] for name, host in merge.fleet["hosts"].items()} == {
        name: "failed" if name in lost else "audited" for name in NAMES
    }
    assert "in no report: %s" % ", ".join(lost) in merge.words
