# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import urllib.parse

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, sarif
from ansible_collections.netmend.reclaim.plugins.module_utils.report.names import file_names
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report.texts import TEXTS  # noqa: E402
from hypothesis import given  # noqa: E402


def read(document):
    (run,) = json.loads(sarif.render(document))["runs"]
    return run


def judged():
    """One finding of edge3 is resolved; another of edge1 was not looked at."""
    return samples.judged(edge3=samples.registered(samples.litter(5)))


def host(result):
    return result["locations"][0]["logicalLocations"][0]["name"]


def test_the_rules_are_those_of_the_registry():
    driver = read(judged())["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == sorted(CHECKS)
    (rule,) = [rule for rule in driver["rules"] if rule["id"] == "RC102"]
    about = CHECKS["RC102"].description
    assert rule["name"] == "OwnerSessionSourceGone"
    assert about.rationale in rule["fullDescription"]["text"]
    assert "Proof: " in rule["help"]["text"] and "`" not in rule["helpUri"]
    assert rule["defaultConfiguration"]["level"] == "error"
    assert driver["semanticVersion"].count(".") == 2


def test_more_results_than_a_service_takes_are_left_out_from_the_end(monkeypatch):
    whole = read(judged())
    monkeypatch.setattr(sarif, "_MOST", 4)
    cut = read(judged())
    assert cut["results"] == whole["results"][:4]
    first = cut["invocations"][0]["toolExecutionNotifications"][0]
    assert first["message"]["text"] == "3 more results, the least pressing, did not fit: fleet.json has them"
    rest = cut["invocations"][0]["toolExecutionNotifications"][1:]
    assert rest == whole["invocations"][0]["toolExecutionNotifications"]


def test_what_is_there_now_comes_before_what_is_gone_however_bad_that_was():
    before = samples.judged(edge3=samples.registered(samples.litter(5, severity="critical")))
    assert [one["baselineState"] for one in read(before)["results"]].index("absent") == 5


def test_the_results_the_worst_first_and_their_states():
    results = read(judged())["results"]
    assert [
        (host(one), one["ruleId"], one["level"], one["baselineState"], bool(one["suppressions"])) for one in results
    ] == [
        ("dfw-mn-bm1", "RC102", "error", "unchanged", False),
        ("dfw-mn-bm1", "RC301", "note", "unchanged", False),
        ("edge1", "RC301", "note", "unchanged", True),
        ("edge1", "RC301", "note", "new", False),
        ("edge2", "RC301", "note", "unchanged", True),
        ("edge3", "RC301", "note", "absent", False),
        ("edge1", "RC301", "none", "unchanged", False),
    ]
    assert [one.get("kind") for one in results] == [None] * 6 + ["open"]


def test_a_result_tells_what_the_finding_tells():
    run = read(judged())
    one, finding = run["results"][0], samples.finding()
    assert run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == "RC102"
    assert one["message"]["text"] == "dfw-mn-bm1: " + finding["cause"]
    assert one["properties"]["evidence"] == finding["evidence"]
    assert one["properties"]["remedy"] == ["systemctl restart doublezerod.service"]
    assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "hosts/dfw-mn-bm1.json"


def test_a_waiver_is_a_suppression_with_its_reason():
    (suppression,) = read(judged())["results"][2]["suppressions"]
    assert suppression["kind"] == "external" and suppression["status"] == "accepted"
    assert suppression["justification"].startswith("dana lets it be until 2025-12-31: the table is filled again")


def test_a_fingerprint_is_of_the_finding_on_its_host():
    prints = [one["partialFingerprints"]["primaryLocationLineHash"] for one in read(judged())["results"]]
    assert len(set(prints)) == len(prints)
    later = fleet.document(samples.fleet_of_few(), samples.NOON + 86400)
    assert {one["partialFingerprints"]["primaryLocationLineHash"] for one in read(later)["results"]} <= set(prints)


def test_hosts_without_an_audit_make_the_run_incomplete():
    (invocation,) = read(judged())["invocations"]
    told = [(note["level"], note["message"]["text"]) for note in invocation["toolExecutionNotifications"]]
    assert told[0][0] == "error" and told[0][1].startswith("db7 was not audited (unreachable): Failed to connect")
    assert [level for level, _text in told] == ["error", "error", "warning", "warning"]
    assert told[3][1].startswith("Could not be read on edge1, edge2: owners of other users' sockets")
    assert invocation["executionSuccessful"] is False
    (good,) = read(fleet.document({"a": samples.registered()}, samples.NOON))["invocations"]
    assert good["executionSuccessful"] is True
    assert (good["startTimeUtc"], good["endTimeUtc"]) == ("2025-11-24T07:59:58Z", "2025-11-24T08:00:00Z")


def test_what_is_not_compared_has_no_state():
    results = read(fleet.document(samples.fleet_of_few(), samples.NOON))["results"]
    assert not [one for one in results if "baselineState" in one]


def test_text_is_no_link_and_no_argument():
    """As SARIF 2.1.0 has them in messages, sections 3.11.5 and 3.11.6."""
    document = fleet.document(
        {"a": samples.registered(samples.finding(cause="{0} [x](http://y) [::1]:53"))}, samples.NOON
    )
    assert read(document)["results"][0]["message"]["text"] == r"a: {{0}} \[x\](http://y) \[::1\]:53"


@given(TEXTS)
def test_whatever_hosts_say_the_log_holds_it(text):
    document = samples.everywhere(text)
    made = sarif.render(document)
    assert made.isascii()
    results = json.loads(made)["runs"][0]["results"]
    assert [one.get("baselineState") for one in results] == ["new", "unchanged", "absent"]
    for one in results:
        assert one["ruleId"] and "ruleIndex" not in one
        uri = one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert urllib.parse.unquote(uri) == "hosts/" + file_names(document["hosts"])[text]
        assert urllib.parse.urlsplit(uri).path == uri
