# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, history
from ansible_collections.netmend.reclaim.plugins.module_utils.shapes import ShapeError
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report.test_schema import validator

HOUR = 3600.0
A, B, C = samples.litter(1), samples.litter(2), samples.litter(3)


class Runs:
    """One run after another, as the action goes about it."""

    def __init__(self):
        self.last = None
        self.at = samples.NOON

    def run(self, base=None, **hosts):
        self.at += HOUR
        document = history.compare(fleet.document(hosts, self.at), base or self.last, self.last)
        known = json.loads(json.dumps(history.state(document, self.last)))
        document = history.with_trend(document, self.last)
        validator("history-1.json").validate(known)
        validator("fleet-1.json").validate(json.loads(json.dumps(document)))
        self.last = history.load(known, "run at %d" % self.at)
        return document


def standings(document, host="a"):
    return [finding["standing"] for finding in document["hosts"][host]["findings"]]


def marks(document, key="resolved"):
    return [(item["host"], item["fingerprint"]) for item in document["history"][key]]


def test_the_first_run_has_nothing_to_compare_with():
    document = Runs().run(a=samples.registered(A))
    assert document["history"] is None
    assert standings(document) == [None]
    assert document["hosts"]["a"]["findings"][0]["since"] == document["generated"]


def test_new_known_and_resolved():
    runs = Runs()
    first = runs.run(a=samples.registered(A, B))
    document = runs.run(a=samples.registered(B, C))
    assert standings(document) == ["known", "new"]
    assert marks(document) == [("a", A["fingerprint"])]
    assert [finding["since"] for finding in document["hosts"]["a"]["findings"]] == [first["generated"], runs.at]
    assert document["history"]["resolved"][0]["first_seen"] == first["generated"]
    assert (document["summary"]["new"], document["summary"]["resolved"]) == (1, 1)
    assert document["history"]["baseline"] == {
        "generated": first["generated"],
        "name": "run at %d" % first["generated"],
    }
    assert document["history"]["not_compared"] == []


def test_what_comes_back_is_new_and_stands_since_then():
    runs = Runs()
    runs.run(a=samples.registered(A))
    runs.run(a=samples.registered())
    document = runs.run(a=samples.registered(A))
    assert standings(document) == ["new"]
    assert document["hosts"]["a"]["findings"][0]["since"] == runs.at


@pytest.mark.parametrize("absent", [samples.unreachable(), samples.failed(), None])
def test_a_host_that_is_not_audited_has_nothing_resolved_and_is_compared_when_it_is_back(absent):
    runs = Runs()
    first = runs.run(a=samples.registered(A, B), b=samples.registered())
    document = runs.run(a=absent, b=samples.registered())
    assert (marks(document), document["history"]["not_compared"]) == ([], ["a"])
    document = runs.run(a=samples.registered(B, C), b=samples.registered())
    assert (standings(document), marks(document)) == (["known", "new"], [("a", A["fingerprint"])])
    assert document["hosts"]["a"]["findings"][0]["since"] == first["generated"]


def test_hosts_that_a_run_left_out_are_compared_with_when_they_were_last_audited():
    runs = Runs()
    runs.run(a=samples.registered(A), b=samples.registered(B))
    part = runs.run(b=samples.registered(B, C))
    assert (standings(part, "b"), marks(part), part["history"]["not_compared"]) == (["known", "new"], [], ["a"])
    whole = runs.run(a=samples.registered(A), b=samples.registered(B, C))
    assert (standings(whole), standings(whole, "b"), marks(whole)) == (["known"], ["known", "known"], [])
    assert [point["partial"] for point in whole["history"]["trend"]] == [False, True, False]


def test_a_host_that_joins_has_new_findings():
    runs = Runs()
    runs.run(a=samples.registered(A))
    document = runs.run(a=samples.registered(A), b=samples.registered(A))
    assert (standings(document, "b"), document["history"]["not_compared"]) == (["new"], ["b"])


def test_one_fingerprint_twice_on_a_host():
    runs = Runs()
    runs.run(a=samples.registered(A))
    document = runs.run(a=samples.registered(A, A))
    assert (standings(document), marks(document)) == (["known", "known"], [])
    document = runs.run(a=samples.registered())
    assert marks(document) == [("a", A["fingerprint"])]


@pytest.mark.parametrize(
    "less",
    [
        samples.registered(rules=["RC101"]),
        samples.registered(unseen=[samples.NOT_ROOT]),
        samples.registered(unsteady=["routes"]),
    ],
)
def test_what_an_audit_did_not_look_at_is_not_resolved_until_one_looks(less):
    runs = Runs()
    first = runs.run(a=samples.registered(A))
    for _again in range(2):
        document = runs.run(a=less)
        assert (marks(document), marks(document, "unlooked")) == ([], [("a", A["fingerprint"])])
    document = runs.run(a=samples.registered(A))
    assert (standings(document), document["hosts"]["a"]["findings"][0]["since"]) == (["known"], first["generated"])
    runs.run(a=less)
    document = runs.run(a=samples.registered())
    assert (marks(document), marks(document, "unlooked")) == ([("a", A["fingerprint"])], [])


def cut(*findings):
    """A host that had more to send."""
    result = samples.registered(*findings)
    result["summary"]["omitted"] = 5
    return result


def test_what_may_have_been_cut_off_is_neither_resolved_nor_new():
    worse = samples.finding()
    runs = Runs()
    runs.run(a=samples.registered(worse, A, B))
    document = runs.run(a=cut(A))
    assert marks(document) == [("a", worse["fingerprint"])]  # it would have come first
    assert marks(document, "unlooked") == [("a", B["fingerprint"])]
    document = runs.run(a=samples.registered(worse, A, B, C))
    assert standings(document) == ["new", "known", "known", None]


def test_the_trend_is_of_the_last_runs_and_ends_with_this_one():
    runs = Runs()
    for number in range(history.POINTS + 5):
        document = runs.run(a=samples.registered(*[A, B, C][: number % 3 + 1]))
    trend = document["history"]["trend"]
    assert len(trend) == history.POINTS
    assert trend[-1]["generated"] == document["generated"]
    assert [point["generated"] for point in trend] == sorted(point["generated"] for point in trend)
    assert {key: trend[-1][key] for key in ("hosts", "low", "total", "new", "resolved")} == {
        "hosts": 1, "low": 2, "total": 2, "new": 1, "resolved": 0
    }  # fmt: skip


def test_a_named_baseline_is_compared_with_while_the_last_report_tells_since_when():
    runs = Runs()
    base = history.load(history.state(fleet.document({"a": samples.registered(A)}, samples.NOON), None), "golden")
    runs.run(a=samples.registered(A, B))
    first = runs.at
    for _again in range(2):
        document = runs.run(base, a=samples.registered(B))
        assert (standings(document), marks(document)) == (["new"], [("a", A["fingerprint"])])
        assert document["hosts"]["a"]["findings"][0]["since"] == first
        assert document["history"]["baseline"]["name"] == "golden"


def test_a_report_of_before_is_compared_with_by_its_fleet_document():
    document = fleet.document(samples.fleet_of_few(), samples.NOON)
    past = history.load(json.loads(json.dumps(document)), "old")
    again = history.compare(dict(document, generated=samples.NOON + 1), past, past)
    assert {finding["standing"] for host in again["hosts"].values() for finding in host.get("findings", ())} == {
        "known"
    }
    assert again["history"]["not_compared"] == ["db7", "db8", "db9"]
    assert again["hosts"]["edge1"]["findings"][0]["since"] == samples.NOON


def test_hosts_that_nobody_audits_any_more_are_forgotten():
    runs = Runs()
    runs.run(a=samples.registered(A), b=samples.registered())
    runs.at += history.FORGET
    runs.run(b=samples.registered())
    assert set(runs.last.hosts) == {"b"}


@pytest.mark.parametrize(
    "value",
    [
        None, [], {}, {"schema": "2.0"}, {"schema": "1.0"}, {"schema": "1.0", "generated": "now", "hosts": {}, "trend": []},
        {"schema": "1.0", "generated": 1, "hosts": {"a": {}}, "trend": []}, {"schema": "1.1", "summary": {}},
        {"schema": "1.1", "summary": {}, "generated": 1.0, "hosts": {"a": {"status": "audited"}}},
        {"schema": "1.0", "generated": 1, "hosts": {}, "trend": [{}]},
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(value):
    with pytest.raises(ShapeError):
        history.load(value, "x")


def test_hostile_hosts_are_compared():
    runs = Runs()
    runs.run(**samples.hostile_fleet())
    document = runs.run(**samples.hostile_fleet())
    assert document["summary"]["new"] == 0
    assert document["summary"]["resolved"] == 0


def test_the_sample_of_a_judged_fleet_is_as_its_schema_says():
    document = samples.judged()
    validator("fleet-1.json").validate(document)
    assert document["summary"]["waived"] == 2
    assert document["summary"]["new"] == 1
    assert [item["state"] for item in document["waivers"]] == ["in-use", "unused", "expired"]
