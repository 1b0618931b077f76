# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab mended: planned, reviewed, held back where it is out of proportion, applied, undone. In a lab of its own.

Each fixture is one run of a person, and asks for those before it.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import time
import typing as t

import namespaces
import pytest
from hosts import ALLOCATED, HOSTS, PEERS
from lab_runs import Audited, Auditor, host_named, standing
from place import Place, until

QUIET_SECONDS = 12
"""The daemon writes of its failures at most once in five seconds: two lines would be due."""
LEFTOVERS = (
    "10.1.0.0/17 via 192.0.2.1 dev eth0 src 192.0.2.131",
    "10.1.128.0/17 via 192.0.2.1 dev eth0 src 192.0.2.131",
)
CHANGING = {"link1", "policy1", "router1"}
"""Hosts whose plans touch the kernel's tables."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Place]:
    with standing(tmp_path_factory.mktemp("mended")) as made:
        yield made


@pytest.fixture(scope="module")
def person(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Auditor:
    return Auditor(place, tmp_path_factory.mktemp("person"))


def tables(place: Place) -> dict[str, str]:
    """All that a plan could change on each host."""
    words = (
        "-4 rule",
        "-6 rule",
        "-4 route show table all",
        "-6 route show table all",
        "nexthop",
        "-br addr",
        "-br link",
    )
    return {
        host.name: "".join(namespaces.show(place.netns(host.name), each) for each in words)
        + "".join(line for line in namespaces.show(place.netns(host.name), "neigh").splitlines() if "PERMANENT" in line)
        for host in HOSTS
    }


def mend(run: Audited, host: str) -> t.Any:
    return run.fleet["mends"][host]


def rules(findings: t.Iterable[t.Mapping[str, t.Any]]) -> set[str]:
    return {finding["rule"] for finding in findings}


def diffs(run: Audited) -> str:
    """What the play that mends showed, without the headings."""
    shown = run.output.partition("PLAY [Mend]")[2].partition("PLAY [Look again]")[0]
    return re.sub(r"(?m)^(PLAY|TASK).*\n", "", shown)


@pytest.fixture(scope="module")
def planned(place: Place, person: Auditor) -> Audited:
    before = tables(place)
    run = person.play("remediate", "--limit", "faulty", "-e", "reclaim_confirm_after=1")
    assert run.code == 0, run.output
    assert tables(place) == before
    return run


@pytest.fixture(scope="module")
def reviewed(planned: Audited, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The plans that somebody kept: not that of vpn1."""
    kept = tmp_path_factory.mktemp("review") / "plans"
    shutil.copytree(planned.reports / "latest" / "plans", kept)
    (kept / "vpn1.json").unlink()
    return kept


def apply(person: Auditor, plans: pathlib.Path, *words: str) -> Audited:
    return person.play(
        "remediate", "--limit", "faulty", "-e", "reclaim_mode=apply", "-e", "reclaim_plans=%s" % plans, "--diff", *words
    )


def test_it_stops_for_a_review(planned: Audited) -> None:
    plans = planned.reports.resolve() / "latest" / "plans"
    assert {path.stem for path in plans.iterdir()} >= {"vpn1", *CHANGING}
    assert "-e reclaim_mode=apply -e reclaim_plans=%s" % plans.resolve() in " ".join(planned.output.split())
    assert "changed=0" in planned.output and "changed=1" not in planned.output
    plan = json.loads((plans / "router1.json").read_text())
    assert [step["op"] for step in plan["steps"] if "10.1.0.0/17" in step["dsts"]] == ["route.del"]
    assert plan["withheld"]


def test_the_plan_of_the_incident_restarts_its_owner(planned: Audited) -> None:
    plan = json.loads((planned.reports / "latest" / "plans" / "vpn1.json").read_text())
    (step,) = plan["steps"]
    assert step["op"] == "owner.restart"
    assert ALLOCATED in step["why"]


@pytest.fixture(scope="module")
def refused(place: Place, person: Auditor, reviewed: pathlib.Path) -> Audited:
    """The sum of all plans is more than is allowed."""
    before = tables(place)
    run = apply(person, reviewed, "-e", "reclaim_fleet_max_removals=2")
    assert tables(place) == before
    return run


def test_the_preflight_stops_all_hosts(refused: Audited) -> None:
    assert refused.code != 0
    said = " ".join(refused.output.split())
    assert "Nothing is changed on any host: the plans of 2 hosts remove" in said
    assert "reclaim_fleet_max_removals allows 2" in said
    assert "PLAY [Mend]" not in refused.output


@pytest.fixture(scope="module")
def confused(
    place: Place, person: Auditor, refused: Audited, reviewed: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> Audited:
    """Two hosts are given the plan of a third."""
    mixed = tmp_path_factory.mktemp("mixed")
    for name in ("link1", "router1"):
        shutil.copy(reviewed / "policy1.json", mixed / (name + ".json"))
    before = tables(place)
    run = apply(person, mixed)
    assert tables(place) == before
    return run


def test_another_host_s_plan_is_refused_and_nothing_is_begun_after_it(confused: Audited) -> None:
    assert confused.code != 0
    assert mend(confused, "link1")["state"] == "refused"
    assert mend(confused, "link1")["words"]
    assert mend(confused, "router1")["state"] == "not-begun"
    assert "2 hosts could not be mended (link1, router1)" in " ".join(confused.output.split())


@pytest.fixture(scope="module")
def checked(place: Place, person: Auditor, confused: Audited, reviewed: pathlib.Path) -> Audited:
    before = tables(place)
    run = apply(person, reviewed, "--check")
    assert run.code == 0, run.output
    assert tables(place) == before
    return run


@pytest.fixture(scope="module")
def applied(place: Place, person: Auditor, checked: Audited, reviewed: pathlib.Path) -> Audited:
    run = apply(person, reviewed)
    assert run.code == 0, run.output
    return run


def test_check_mode_shows_what_the_real_run_does(checked: Audited, applied: Audited) -> None:
    assert "+dst: 10.7.0.0/16" in diffs(applied) and "-dst: 10.1.0.0/17" in diffs(applied)
    assert diffs(checked) == diffs(applied)
    assert {name: one["state"] for name, one in checked.fleet["mends"].items()} == dict.fromkeys(CHANGING, "planned")


def test_what_was_reviewed_is_mended(applied: Audited, place: Place) -> None:
    assert {name: one["state"] for name, one in applied.fleet["mends"].items()} == dict.fromkeys(CHANGING, "confirmed")
    assert rules(mend(applied, "router1")["mended"]) >= {"RC201", "RC205", "RC207", "RC208", "RC408"}
    assert rules(mend(applied, "policy1")["mended"]) >= {"RC301", "RC302", "RC303", "RC304"}
    assert rules(mend(applied, "link1")["mended"]) == {"RC401"}
    assert not any(line in namespaces.show(place.netns("router1"), "route show table 100") for line in LEFTOVERS)
    assert "10.7.0.0/16" in namespaces.show(place.netns("router1"), "route show table main")


def test_what_remains_is_told_beside_it(applied: Audited) -> None:
    assert "RC209" in rules(mend(applied, "router1")["remaining"])
    for name in CHANGING:
        assert re.search(r"%s: confirmed \(%s\)" % (name, mend(applied, name)["transaction_id"]), applied.output)
    assert "Mended" in (applied.reports / "latest" / "index.html").read_text()


def test_a_host_without_a_plan_file_is_left_alone(applied: Audited) -> None:
    assert "vpn1" not in applied.fleet["mends"]
    assert applied.findings("vpn1", "RC102")


def test_the_same_plans_again_change_nothing(
    person: Auditor, applied: Audited, reviewed: pathlib.Path, place: Place
) -> None:
    before = tables(place)
    run = apply(person, reviewed)
    assert tables(place) == before
    assert not any(one["state"] == "confirmed" for one in run.fleet["mends"].values()), run.output


def test_what_was_done_is_listed_and_taken_back(person: Auditor, applied: Audited, place: Place) -> None:
    done = mend(applied, "router1")["transaction_id"]
    listed = person.play("rollback", "--limit", "router1")
    assert listed.code == 0 and "%s: confirmed" % done in listed.output, listed.output
    undone = person.play("rollback", "--limit", "router1", "-e", "reclaim_transaction_id=latest")
    assert undone.code == 0, undone.output
    table = namespaces.show(place.netns("router1"), "route show table 100")
    assert all(line in table for line in LEFTOVERS), table
    assert "10.7.0.0/16" not in namespaces.show(place.netns("router1"), "route show table main")
    again = person.play("rollback", "--limit", "router1", "-e", "reclaim_transaction_id=latest")
    assert again.code == 0 and "changed=0" in again.output, again.output


@pytest.fixture(scope="module")
def restarted(place: Place, person: Auditor, planned: Audited) -> Audited:
    old = place.program(host_named("vpn1"), "doublezerod").pid
    run = person.play(
        "remediate", "--limit", "vpn1,vpn2", "-e", "reclaim_mode=auto", "-e", "reclaim_remedies=owner.restart"
    )
    assert run.code == 0, run.output
    assert place.program(host_named("vpn1"), "doublezerod").pid != old
    return run


def test_the_incident_is_mended_by_restarting_its_owner(restarted: Audited) -> None:
    found = mend(restarted, "vpn1")
    assert (found["state"], rules(found["mended"]), found["remaining"], found["new"]) == (
        "confirmed",
        {"RC102"},
        [],
        [],
    )
    assert [step["op"] for step in found["steps"]] == ["owner.restart"]
    assert restarted.findings("vpn1") == []
    assert set(restarted.fleet["mends"]) == {"vpn1"}


def test_the_healthy_session_is_back_and_the_log_is_quiet(restarted: Audited, place: Place) -> None:
    control = place.control(host_named("vpn1"))
    until("the sessions of vpn1 are up", lambda: control.all_up(PEERS))
    told = len(control.errors())
    assert told
    quiet_until = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < quiet_until:
        assert len(control.errors()) == told
        assert control.all_up(PEERS)
        time.sleep(0.5)


def test_a_second_run_plans_nothing(restarted: Audited, person: Auditor, place: Place) -> None:
    pid = place.program(host_named("vpn1"), "doublezerod").pid
    run = person.play(
        "remediate", "--limit", "vpn1,vpn2", "-e", "reclaim_mode=auto", "-e", "reclaim_remedies=owner.restart"
    )
    assert run.code == 0, run.output
    assert run.fleet["mends"] == {}
    assert not list(run.reports.glob("*/plans"))
    assert place.program(host_named("vpn1"), "doublezerod").pid == pid


def test_no_mode_goes_without_what_it_needs(person: Auditor) -> None:
    for words in (("-e", "reclaim_mode=auto"), ("-e", "reclaim_mode=apply")):
        run = person.play("remediate", "--limit", "plain1", *words)
        assert run.code != 0
        assert "reclaim_mode=auto needs reclaim_remedies" in " ".join(run.output.split())
        assert not run.reports.exists()


def test_no_dead_man_is_left(applied: Audited, restarted: Audited, place: Place) -> None:
    """Each ends when its transaction is settled."""
    path = str(place.where)

    def left() -> list[str]:
        found = []
        for name in os.listdir("/proc"):
            try:
                command = pathlib.Path("/proc", name, "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if path in command and "main.py" in command:
                found.append(command)
        return found

    until("the dead-men of %s are gone" % path, lambda: not left())
