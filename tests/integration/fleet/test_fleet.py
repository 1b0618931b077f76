# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One report of two hundred hosts, right to the last finding; and two runs later what is new, known and resolved.

Each host is a network namespace. Which faults are planted on which stands in ``story``; what the reports must say of them is
reckoned from that (expected.py) and compared whole.
"""

from __future__ import annotations

import collections
import csv
import dataclasses
import datetime
import io
import json
import os
import pathlib
import subprocess
import sys
import typing as t
import uuid
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report.test_schema import validator
from expected import Expected, Truth
from many_hosts import Fleet
from planted import FAULTS

jsonschema = pytest.importorskip("jsonschema")

ROOT = pathlib.Path(__file__).resolve().parents[3]
HOSTS = 200
GONE = (7, 100, 199)
PAGE_BYTES = 10 << 20
COMMENT = 65536
"""Characters that a comment on a pull request may have."""
FORMATS = ["json", "html", "junit", "sarif", "prometheus", "markdown", "csv"]
PAST = str(datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=2))
WAIVERS = [
    {"id": "old", "selector": {"rule": "RC204"}, "reason": "until the move", "by": "dana", "until": PAST},
    {
        "id": "spare",
        "selector": {"rule": "RC301", "host": "host1*"},
        "reason": "NET-1",
        "by": "kim",
        "until": "2099-12-31",
    },
    {"id": "idle", "selector": {"rule": "RC409"}, "reason": "NET-2", "by": "kim", "until": "2099-12-31"},
]


@dataclasses.dataclass
class Run:
    """One run, and what it must have said."""

    code: int
    output: str
    path: pathlib.Path
    fleet: t.Any
    told: Expected


class Controller:
    """Runs playbooks over the hosts, with the collection of this checkout."""

    def __init__(self, truth: Truth, where: pathlib.Path) -> None:
        self.truth = truth
        self.where = where
        self.reports = where / "reports"
        self._intents = {number: declared for number in truth.fleet.numbers if (declared := truth.declared(number))}
        """What is declared for hosts: it stays so when it is there."""
        home = where / "collections" / "ansible_collections" / "netmend"
        home.mkdir(parents=True)
        (home / "reclaim").symlink_to(ROOT)

    def audit(self, numbers: t.Collection[int], **options: t.Any) -> Run:
        told = self.truth.run(numbers)
        given = dict(options, reclaim_report_dir=str(self.reports), reclaim_report_formats=FORMATS)
        done = self.play("audit", numbers, given)
        assert done.returncode in (0, 2) and "Report: " in done.stdout, done.stdout[-3000:]
        path = (self.reports / "latest").resolve()
        return Run(done.returncode, done.stdout, path, json.loads((path / "fleet.json").read_text("utf-8")), told)

    def play(
        self, name: str, numbers: t.Collection[int], given: t.Mapping[str, t.Any]
    ) -> subprocess.CompletedProcess[str]:
        fleet = self.truth.fleet
        inventory = self.where / "inventory.json"
        more: t.Dict[int, t.Dict[str, t.Any]] = {
            number: {"reclaim_intent": declared} for number, declared in self._intents.items()
        }
        for number in self.truth.gone:
            more.setdefault(number, {})["ansible_host"] = fleet.netns(number) + "-gone"
        fleet.inventory(inventory, more)
        limit = self.where / "limit"
        limit.write_text("".join("%s\n" % fleet.name(number) for number in numbers))
        environment = dict(
            os.environ,
            ANSIBLE_COLLECTIONS_PATH=str(self.where / "collections"),
            ANSIBLE_HOME=str(self.where / "home"),
            ANSIBLE_LOCAL_TEMP=str(self.where / "tmp"),
            ANSIBLE_PIPELINING="1",
            ANSIBLE_NOCOLOR="1",
        )
        for unwanted in ("ANSIBLE_CONFIG", "ANSIBLE_FORCE_COLOR", "ANSIBLE_INVENTORY", "PYTHONPATH"):
            environment.pop(unwanted, None)
        argv = [os.path.join(os.path.dirname(sys.executable), "ansible-playbook"), "netmend.reclaim." + name]
        argv += ["-i", str(inventory), "--limit", "@%s" % limit, "--forks", "6", "-e", json.dumps(given)]
        return subprocess.run(
            argv, cwd=self.where, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=1500, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Controller]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces are made as root")
    fleet = Fleet("nmf%s-" % uuid.uuid4().hex[:6], HOSTS)
    truth = Truth(fleet, GONE)
    try:
        fleet.make(fleet.numbers)
        for place, name in enumerate(FAULTS):
            truth.plant(name, *(number for number in fleet.numbers if number % 20 == place))
        truth.plant("litter", *(number for number in fleet.numbers if number % 33 == 1 and number % 20))
        truth.plant("detached", *(number for number in fleet.numbers if number % 50 == 11))
        yield Controller(truth, tmp_path_factory.mktemp("fleet"))
    finally:
        fleet.remove()


@pytest.fixture(scope="module")
def story(controller: Controller) -> t.List[Run]:
    """Three runs. What happens between them is all kinds of things that may happen to a finding and to a host."""
    truth, everybody = controller.truth, list(controller.truth.fleet.numbers)
    runs = [controller.audit(everybody)]

    for place, name in enumerate(FAULTS):
        truth.mend(name, 20 + place)
    truth.plant("litter", 10, 11, 12)
    truth.plant("sourceless", 13)
    truth.plant("orphan", 14)
    truth.plant("detached", 42)
    some = [*range(10, 15), *range(20, 29), 42, 43, 100]
    runs.append(controller.audit(some))

    truth.plant("litter", 20)
    truth.mend("sourceless", 13)
    truth.mend("orphan", 41)
    truth.plant("shadowed", 150)
    truth.mend("detached", 63)
    truth.gone.update({46, 63, 64})
    truth.gone.remove(7)
    runs.append(controller.audit(everybody, reclaim_waivers=WAIVERS, reclaim_fail_on="low"))
    return runs


each_run = pytest.mark.parametrize("number", [0, 1, 2])


@each_run
def test_one_report_right_to_the_last_finding(story: t.List[Run], number: int) -> None:
    run = story[number]
    hosts = run.fleet["hosts"]
    assert {name: host["status"] for name, host in hosts.items()} == run.told.status, run.output[-3000:]
    found = {
        name: sorted((each["rule"], each["object"]["kind"], json.dumps(each["object"]["selector"], sort_keys=True), each["fingerprint"])
                     for each in host["findings"])
        for name, host in hosts.items() if host["status"] == "audited"
    }  # fmt: skip
    assert found == {
        name: sorted((each.rule, each.kind, json.dumps(each.selector, sort_keys=True), each.mark) for each in items)
        for name, items in run.told.found.items()
    }
    assert not any(host["summary"]["omitted"] or host["unsteady"] for host in hosts.values() if "summary" in host)
    total = run.fleet["summary"]
    statuses = collections.Counter(run.told.status.values())
    assert (total["hosts"], total["audited"]) == (len(run.told.status), statuses["audited"])
    assert (total["unreachable"], total["failed"]) == (statuses["unreachable"], 0)
    rules = collections.Counter(each.rule for items in run.told.found.values() for each in items)
    assert (total["by_rule"], total["total"]) == (dict(sorted(rules.items())), sum(rules.values()))


def test_the_first_run_has_what_it_is_to_have(story: t.List[Run]) -> None:
    """So that nothing above is compared with nothing."""
    total = story[0].fleet["summary"]
    assert (total["hosts"], total["unreachable"]) == (200, 3)
    assert len(total["by_rule"]) == len(FAULTS) and total["total"] > 90
    assert story[0].code == 0


@each_run
def test_what_is_new_known_and_resolved_is_right_for_every_host(story: t.List[Run], number: int) -> None:
    run = story[number]
    at = [one.fleet["generated"] for one in story]
    judged = {
        (name, each["fingerprint"]): (each["standing"], each["since"])
        for name, host in run.fleet["hosts"].items()
        for each in host.get("findings", ())
    }
    assert judged == {key: (run.told.standing[key], at[run.told.since[key] - 1]) for key in run.told.standing}
    history = run.fleet["history"]
    if number == 0:
        assert history is None
        return
    resolved = {(each["host"], each["fingerprint"]): each["first_seen"] for each in history["resolved"]}
    assert resolved == {key: at[since - 1] for key, since in run.told.resolved.items()}
    assert len(history["resolved"]) == run.fleet["summary"]["resolved"] == len(resolved)
    assert history["unlooked"] == []
    assert history["not_compared"] == run.told.not_compared
    assert [point["generated"] for point in history["trend"]] == at[: number + 1]
    assert [point["partial"] for point in history["trend"]] == [False, True, False][: number + 1]


def test_the_story_has_all_that_it_is_to_show(story: t.List[Run]) -> None:
    second, third = (run.told for run in story[1:])
    standings = collections.Counter(third.standing.values())
    assert standings["new"] >= 2 and standings["known"] > 80
    assert len(second.resolved) == len(FAULTS) and len(third.resolved) == 2
    # Gone, mended meanwhile: not resolved, for nobody has looked.
    assert third.status["host063"] == "unreachable" and not any(host == "host063" for host, _mark in third.resolved)
    assert set(third.since.values()) == {1, 2, 3}


def test_an_expired_waiver_speaks_up_and_what_is_waived_raises_no_alarm(story: t.List[Run]) -> None:
    run = story[2]
    expired = [
        each for host in run.fleet["hosts"].values() for each in host.get("findings", ()) if each["rule"] == "RC204"
    ]
    said = " ".join(run.output.split())
    assert "The waiver old of dana expired after %s, and %d findings" % (PAST, len(expired)) in said
    states = {each["id"]: (each["state"], each["findings"]) for each in run.fleet["waivers"]}
    waived = sorted(
        name for name, host in run.fleet["hosts"].items() for each in host.get("findings", ()) if each["waived"]
    )
    expect = sorted(
        name
        for name, items in run.told.found.items()
        for each in items
        if each.rule == "RC301" and name.startswith("host1")
    )
    assert waived == expect and len(expect) > 4
    assert states == {"old": ("expired", len(expired)), "spare": ("in-use", len(waived)), "idle": ("unused", 0)}
    assert run.fleet["summary"]["waived"] == len(waived)
    assert run.code == 2
    low = [name for name, items in run.told.found.items() if any(_alarms(name, each.rule) for each in items)]
    assert "a finding of severity low or above on %d hosts" % len(low) in said
    assert "5 hosts could not be audited" in said


def _alarms(host: str, rule: str) -> bool:
    """Is it open, and of severity low at least?"""
    return rule not in ("RC205", "RC208") and not (rule == "RC301" and host.startswith("host1"))


def test_what_is_waived_is_in_no_plan(controller: Controller, story: t.List[Run]) -> None:
    waived = [
        int(name[4:])
        for name, host in story[2].fleet["hosts"].items()
        for each in host.get("findings", ())
        if each["waived"]
    ]
    numbers = sorted({*waived[:4], 20, 11, 61, 62})
    reports = controller.where / "planned"
    given = {"reclaim_report_dir": str(reports), "reclaim_waivers": WAIVERS, "reclaim_confirm_after": 1}
    done = controller.play("remediate", numbers, given)
    assert done.returncode == 0, done.stdout[-3000:]
    plans = {path.stem: json.loads(path.read_text("utf-8")) for path in (reports / "latest" / "plans").iterdir()}
    for number in numbers:
        name = controller.truth.fleet.name(number)
        told = {each.mark: each for each in story[2].told.found[name]}
        planned = {mark for step in plans[name]["steps"] for mark in step["findings"]} if name in plans else set()
        let_be = {mark for mark, each in told.items() if each.rule == "RC301" and name.startswith("host1")}
        assert planned == {mark for mark, each in told.items() if each.rule in ("RC201", "RC301", "RC302")} - let_be, (
            name
        )
        held = (
            {each["finding"] for each in plans[name]["withheld"] if each["reason"] == "waived"}
            if name in plans
            else set()
        )
        assert held == let_be


@each_run
def test_the_files_follow_their_schemas(story: t.List[Run], number: int) -> None:
    run = story[number]
    assert [error.message for error in validator("fleet-1.json").iter_errors(run.fleet)] == []
    one = validator("audit-host-1.json")
    files = list((run.path / "hosts").iterdir())
    assert len(files) == len(run.told.status)
    for path in files:
        assert [error.message for error in one.iter_errors(json.loads(path.read_text("utf-8")))] == []
    known = json.loads((run.path / "history.json").read_text("utf-8"))
    assert [error.message for error in validator("history-1.json").iter_errors(known)] == []


@each_run
def test_every_format_tells_of_every_host(
    story: t.List[Run], multitool: pathlib.Path, promtool: str, number: int
) -> None:
    run = story[number]
    shown = [(name, each) for name, items in run.told.found.items() for each in items]

    page = (run.path / "index.html").read_bytes()
    assert len(page) < PAGE_BYTES
    assert all(name.encode() in page for name, items in run.told.found.items() if items)

    tests = ET.parse(run.path / "junit.xml").getroot()
    suites = {suite.get("name"): suite for suite in tests.iter("testsuite")}
    assert set(suites) == set(run.told.status)

    schema = json.loads((multitool.parent / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    log = json.loads((run.path / "findings.sarif").read_text("utf-8"))
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(log)] == []
    results = [one for one in log["runs"][0]["results"] if one.get("baselineState") != "absent"]
    assert collections.Counter(one["ruleId"] for one in results) == collections.Counter(
        each.rule for _name, each in shown
    )

    text = (run.path / "metrics.prom").read_text("utf-8")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    rows = list(csv.DictReader(io.StringIO((run.path / "findings.csv").read_text(encoding="utf-8"), newline="")))
    told = [(row["host"], row["rule"]) for row in rows if row["state"] in ("open", "waived")]
    assert sorted(told) == sorted((name, each.rule) for name, each in shown)

    assert len((run.path / "summary.md").read_text("utf-8")) <= COMMENT
