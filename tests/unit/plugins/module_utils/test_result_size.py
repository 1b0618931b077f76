# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host sends back stays small, whatever it holds, and says what was left out."""

from __future__ import annotations

import json
import pathlib

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import (
    FINDING_BYTES,
    FINDINGS_BYTES,
    UNSEEN_BYTES,
    as_json,
    audit,
    bounded,
    not_seen,
    request,
    told,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.bounds import (
    bounded_result,
    encodable,
    shortened,
    size_of,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Evidence,
    Finding,
    Owner,
    Process,
    Step,
    Unseen,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.test_audit import Port

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

RESULT_BYTES = 600 * 1000
"""What the documentation of audit_info promises."""
SCHEMA = pathlib.Path(__file__).resolve().parents[4] / "docs" / "schema" / "audit-host-1.json"

short = st.text(max_size=40)
# A large text is a short one many times over: hypothesis need not draw each character.
texts = st.builds(lambda text, times: text * times, short, st.sampled_from([0, 1, 1, 1, 50, 3000]))
lists = st.builds(lambda items, times: items * times, st.lists(texts, max_size=3), st.sampled_from([1, 1, 30, 300]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(short, inner, max_size=12),
    max_leaves=12,
)
objects = st.dictionaries(short, values, max_size=12) | st.builds(
    lambda text, number: {"%s%d" % (text, each): text for each in range(number)}, texts, st.sampled_from([0, 9, 500])
)
findings = st.builds(
    Finding,
    rule=st.sampled_from(["RC101", "RC204", "RC301"]),
    severity=st.sampled_from(["high", "low"]),
    confidence=st.just("proven"),
    kind=st.just("route"),
    selector=objects,
    cause=texts,
    evidence=lists.map(lambda items: tuple(Evidence(text, text, text) for text in items)),
    count=st.integers(1, 1 << 40),
    samples=lists.map(tuple),
    owner=st.none() | st.builds(Owner, texts, st.booleans(), texts, texts, st.builds(Process, st.just(7), texts)),
    remedy=st.builds(
        lambda args, text, number: (Step("rule.del", args, text),) * number, objects, texts, st.sampled_from([0, 1, 90])
    ),
    advice=texts,
    details=objects,
)
example = hypothesis.settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large],
)


def litter(number: int, **more) -> Finding:
    given = {
        "rule": "RC301",
        "severity": "low",
        "confidence": "proven",
        "kind": "rule",
        "selector": {"priority": number},
        "cause": "The rule %d looks up a table that is empty." % number,
        "evidence": (Evidence("rules", "%d: from all lookup %d" % (number, number), "ip rule"),),
        "remedy": (Step("rule.del", {"priority": number}, "ip rule del priority %d" % number),),
        "advice": "Remove it.",
        "details": {"cause": "table-empty"},
    }
    return Finding(**dict(given, **more))


@example
@hypothesis.given(values, st.integers(2, 5000))
def test_what_is_shortened_fits_and_is_of_the_same_kind(value, most):
    less = shortened(value, most)
    assert type(less) is type(value)
    assert not isinstance(value, (str, list, dict)) or size_of(less) <= most
    assert (less == value) == (size_of(value) <= most) or not isinstance(value, (str, list, dict))


@example
@hypothesis.given(findings)
def test_no_finding_is_larger_than_what_is_promised(finding):
    whole = encodable(as_json(finding))
    made = bounded(as_json(finding))
    assert size_of(made) <= FINDING_BYTES
    assert set(made) == {*whole, "cut"}
    changed = {name for name in whole if made[name] != whole[name]}
    # A remedy that lost steps tells how many there are in all.
    assert changed - {"remedy_omitted"} == set(made["cut"])
    assert len(made["remedy"]) + made["remedy_omitted"] == len(finding.remedy)
    assert bool(made["cut"]) == (size_of(dict(whole, cut=[])) > FINDING_BYTES)
    # What identifies a finding is of all of it.
    assert made["fingerprint"] == whole["fingerprint"]


@example
@hypothesis.given(findings)
def test_a_report_takes_what_was_shortened(finding):
    jsonschema = pytest.importorskip("jsonschema")
    made = bounded(as_json(finding))
    schema = dict(json.loads(SCHEMA.read_text(encoding="utf-8")))
    validator = jsonschema.Draft202012Validator({"$ref": "#/$defs/finding", "$defs": schema["$defs"]})
    assert [error.message for error in validator.iter_errors(made)] == []
    host = fleet.host("h", samples.registered(dict(made, severity="low")))
    assert host["status"] == "audited", host
    said = fleet.unseen({"hosts": {"h": host}})
    assert len(said) == bool(made["cut"])
    assert all("too large" in why and "cut" in why for _what, why, _hosts in said)


def test_ten_thousand_findings_are_counted_and_the_worst_are_sent():
    many = [litter(number) for number in range(10000)]
    shown = told(many, 200)
    assert [finding["object"]["selector"]["priority"] for finding in shown] == list(range(200))
    assert size_of(shown) < FINDINGS_BYTES
    # Whoever asks for more gets what is promised, and no more.
    more = told(many, 10000)
    assert 500 < len(more) < 2000 and FINDINGS_BYTES * 0.99 < size_of(more) < FINDINGS_BYTES + 2 * len(more)


def test_findings_that_are_all_as_large_as_they_may_be():
    many = [
        litter(number, samples=("x" * 900,) * 20, evidence=(Evidence("a", "b" * 4000, "c"),) * 20)
        for number in range(500)
    ]
    shown = told(many, 500)
    assert 20 < len(shown) < 500
    assert size_of(shown) < FINDINGS_BYTES + 2 * len(shown)
    assert all(finding["cut"] == ["samples", "evidence"] for finding in shown)


def test_what_could_not_be_read_is_bounded_and_the_rest_is_counted():
    seen_twice = Unseen("a file", "not allowed")
    assert not_seen([seen_twice, seen_twice]) == [{"what": "a file", "why": "not allowed"}]
    many = not_seen(Unseen("file %d" % number, "\x1b" * 5000) for number in range(10000))
    assert size_of(many) < UNSEEN_BYTES + 500
    assert many[0]["what"] == "file 0"
    assert many[-1] == {"what": "more", "why": "%d more things could not be read" % (10000 - len(many) + 1)}


class Hostile(Port):
    """A host with as many sessions from addresses that are gone as there may be, and as much that could not be read."""

    def __init__(self) -> None:
        super().__init__()
        self.unseen = [Unseen("x" * 9000, "y%d" % number * 3000) for number in range(3000)]

    def sessions(self):
        for session in super().sessions():
            for number in range(3000):
                yield type(session)(
                    4, "udp", "198.51.100.%d" % (number % 250), 1000 + number, "192.0.2.9", 9, inode=number
                )


def test_the_whole_result_is_smaller_than_what_is_promised_and_is_not_cut_again():
    result = audit(Hostile(), request({"limit": 100000}))
    assert 100_000 < size_of(result) < RESULT_BYTES
    assert result["summary"]["total"] == len(result["findings"]) + result["summary"]["omitted"]
    assert bounded_result(result) == result


@example
@hypothesis.given(st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.one_of(values, lists, objects)))
def test_no_result_of_any_module_is_larger_than_its_bound(result):
    made = bounded_result(result, most_bytes=3000)
    assert size_of(made) <= 3000 + size_of(made.get("cut", {})) + 10
    assert set(made) - {"cut"} == set(result)
    changed = {name for name in result if made[name] != encodable(result[name])}
    assert changed == set(made.get("cut", {}))
