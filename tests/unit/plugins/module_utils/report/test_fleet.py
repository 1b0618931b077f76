# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples


def document(results):
    return fleet.document(results, samples.NOON)


def test_each_host_is_there_as_what_it_is():
    made = document(samples.fleet_of_few())
    assert {name: host["status"] for name, host in made["hosts"].items()} == {
        "db7": "unreachable",
        "db8": "failed",
        "db9": "skipped",
        "dfw-mn-bm1": "audited",
        "edge1": "audited",
        "edge2": "audited",
        "edge3": "audited",
    }
    assert made["hosts"]["db7"]["reason"] == "Failed to connect to the host via ssh: Connection refused"
    assert made["hosts"]["dfw-mn-bm1"] == {
        "name": "dfw-mn-bm1",
        "status": "audited",
        **samples.audit(samples.finding(), samples.litter(1)),
    }


def test_the_totals():
    assert document(samples.fleet_of_few())["summary"] == {
        "hosts": 7,
        "audited": 4,
        "unreachable": 1,
        "failed": 1,
        "skipped": 1,
        "with_findings": 3,
        "critical": 0,
        "high": 1,
        "medium": 0,
        "low": 4,
        "info": 0,
        "total": 5,
        "omitted": 0,
        "by_rule": {"RC102": 1, "RC301": 4},
        "new": 0,
        "resolved": 0,
        "waived": 0,
        "open": {"critical": 0, "high": 1, "medium": 0, "low": 4, "info": 0},
    }


def test_a_reason_is_without_what_only_ansible_cares_for():
    result = {"failed": True, "msg": "Task failed: Action failed: no JSON", "module_stderr": "python3: not\n found\n"}
    assert fleet.host("h", result)["reason"] == "no JSON python3: not found"
    assert fleet.host("h", {"failed": True})["reason"] == "no reason was given"


@pytest.mark.parametrize(
    ("break_it", "where"),
    [
        (lambda result: result.update(findings="none"), "result.findings is not a list"),
        (lambda result: result["findings"][0].update(severity="<b>"), "result.findings[0].severity is not one of"),
        (lambda result: result["findings"][0].update(count=-1), "result.findings[0].count is not a count"),
        (lambda result: result["findings"][0].update(count=True), "result.findings[0].count is not a count"),
        (lambda result: result.update(started=1e300), "result.started is not a time"),
        (lambda result: result.update(started=float("nan")), "not JSON"),
        (lambda result: result["findings"][0]["details"].update(deep=float("inf")), "not JSON"),
        (lambda result: result["snapshot"].update(counts={"links": "many"}), "a value of result.snapshot.counts"),
        (lambda result: result.pop("summary"), "summary is missing"),
        (lambda result: result["findings"].append(7), "result.findings[1] is not an object"),
    ],
)
def test_an_answer_that_is_no_audit_is_a_failure_that_says_where(break_it, where):
    result = samples.registered(samples.finding())
    break_it(result)
    host = document({"h": result})["hosts"]["h"]
    assert host["status"] == "failed"
    assert where in host["reason"]


def test_a_newer_host_may_say_more():
    result = samples.registered(samples.finding(mood="blue"))
    result["snapshot"]["counts"]["flows"] = 7
    host = document({"h": result})["hosts"]["h"]
    assert host["status"] == "audited"
    assert host["findings"][0]["mood"] == "blue"


def test_a_host_does_not_waive_its_own_findings():
    result = samples.registered(samples.finding(waived={"by": "me"}, standing="known", since=1.0))
    assert document({"h": result})["hosts"]["h"]["findings"] == [samples.finding()]


def test_what_ansible_adds_is_not_kept():
    host = fleet.host("h", dict(samples.registered(), invocation={"module_args": {"password": "x"}}))
    assert "password" not in json.dumps(host)
    assert "changed" not in host


def test_what_hosts_share_comes_once_and_the_worst_first():
    groups = fleet.shared(document(samples.fleet_of_few()))
    assert [(one.finding["rule"], one.hosts) for one in groups] == [
        ("RC102", ("dfw-mn-bm1",)),
        ("RC301", ("edge1", "edge2")),
        ("RC301", ("dfw-mn-bm1",)),
        ("RC301", ("edge1",)),
    ]


def test_times_do_not_keep_shared_findings_apart():
    results = {name: samples.registered(samples.finding(last_seen=at)) for name, at in (("a", 1.0), ("b", 2.0))}
    assert [one.hosts for one in fleet.shared(document(results))] == [("a", "b")]


def test_unseen_and_unsteady_come_with_their_hosts():
    results = samples.fleet_of_few()
    results["edge3"]["unsteady"] = ["routes"]
    rows = fleet.unseen(document(results))
    assert [(what, hosts) for what, _why, hosts in rows] == [
        (samples.NOT_ROOT["what"], ("edge1", "edge2")),
        ("routes", ("edge3",)),
    ]


@pytest.mark.parametrize(
    ("threshold", "said"),
    [
        ("never", []),
        ("critical", ["2 hosts could not be audited (db7, db8)"]),
        (
            "high",
            [
                "a finding of severity high or above on 1 host (dfw-mn-bm1)",
                "2 hosts could not be audited (db7, db8)",
            ],
        ),
        (
            "info",
            [
                "a finding of severity info or above on 3 hosts (dfw-mn-bm1, edge1, edge2)",
                "2 hosts could not be audited (db7, db8)",
            ],
        ),
    ],
)
def test_what_a_run_fails_for(threshold, said):
    assert fleet.failing(document(samples.fleet_of_few()), threshold) == said


def test_a_clean_fleet_fails_at_no_threshold():
    assert fleet.failing(document({"a": samples.registered()}), "info") == []


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ({}, "No host was asked for."),
        ({"a": samples.unreachable()}, "The host could not be audited."),
        ({"a": samples.unreachable(), "b": samples.failed()}, "No host could be audited."),
        ({"a": samples.registered()}, "Nothing was found on the one audited host."),
        ({"a": samples.registered(), "b": samples.registered()}, "Nothing was found on any audited host."),
        (
            {"a": samples.registered(samples.litter())},
            "Nothing pressing; 1 of 1 audited host has something to tidy up.",
        ),
        ({"a": samples.registered(samples.finding())}, "1 of 1 audited host needs attention now."),
        (samples.fleet_of_few(), "1 of 4 audited hosts needs attention now."),
    ],
)
def test_the_verdict(results, said):
    assert fleet.verdict(document(results)) == said
