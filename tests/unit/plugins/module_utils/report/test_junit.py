# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, junit
from ansible_collections.netmend.reclaim.plugins.module_utils.report.text import plain
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

junitparser = pytest.importorskip("junitparser")
pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report.texts import TEXTS  # noqa: E402
from hypothesis import given  # noqa: E402


def read(document):
    """As programs do that know nothing but the format."""
    return {suite.name: suite for suite in junitparser.JUnitXml.fromstring(junit.render(document).encode())}


def judged():
    """One finding of edge3 is resolved; another of edge1 was not looked at."""
    return samples.judged(edge3=samples.registered(samples.litter(5)))


def cases(suite):
    return {case.name.split()[0]: case for case in suite}


def test_a_suite_for_each_host_and_a_case_for_each_rule():
    suites = read(judged())
    assert list(suites) == ["db7", "db8", "db9", "dfw-mn-bm1", "edge1", "edge2", "edge3"]
    assert [case.name for case in suites["edge3"]] == [
        "RC101 socket-source-gone",
        "RC102 owner-session-source-gone",
        "RC301 rule-table-empty",
    ]
    assert all(case.is_passed for case in suites["edge3"])
    assert suites["dfw-mn-bm1"].timestamp == "2025-11-24T07:59:58"
    assert suites["dfw-mn-bm1"].time == 0.412


def test_the_sums_are_those_of_the_cases():
    root = junitparser.JUnitXml.fromstring(junit.render(judged()).encode())
    told = (root.tests, root.failures, root.errors, root.skipped)
    root.update_statistics()
    assert told == (root.tests, root.failures, root.errors, root.skipped) == (15, 3, 2, 2)
    for suite in root:
        told = (suite.tests, suite.failures, suite.errors, suite.skipped)
        suite.update_statistics()
        assert told == (suite.tests, suite.failures, suite.errors, suite.skipped)


def test_a_finding_fails_with_cause_evidence_and_commands():
    (told,) = cases(read(judged())["dfw-mn-bm1"])["RC102"].result
    finding = samples.finding()
    assert isinstance(told, junitparser.Failure)
    assert told.message == finding["cause"]
    assert told.type == "high"
    for item in finding["evidence"]:
        assert "%s: %s\n  $ %s\n" % (item["source"], item["observed"], item["command"]) in told.text
    assert "mend: systemctl restart doublezerod.service" in told.text
    assert "known, since 2025-11-24 07:00:00 UTC" in told.text


def test_what_is_waived_is_skipped_with_the_reason_unless_more_is_open():
    suites = read(judged())
    (told,) = cases(suites["edge2"])["RC301"].result
    reason = "waived by dana until 2025-12-31: the table is filled again when the second uplink comes (NET-114)"
    assert isinstance(told, junitparser.Skipped)
    assert told.message == reason
    case = cases(suites["edge1"])["RC301"]
    (told,) = case.result
    assert isinstance(told, junitparser.Failure)
    assert "10.9.3.0/24" in told.text and "10.9.2.0/24" not in told.text
    assert case.system_out.startswith(reason + "\n")


def test_a_host_without_an_audit_is_an_error_and_one_that_left_is_skipped():
    suites = read(judged())
    results = {name: next(iter(suites[name])).result[0] for name in ("db7", "db8", "db9")}
    assert isinstance(results["db7"], junitparser.Error) and "Connection refused" in results["db7"].message
    assert isinstance(results["db8"], junitparser.Error) and "pyroute2" in results["db8"].message
    assert isinstance(results["db9"], junitparser.Skipped)


def test_a_rule_whose_findings_were_not_sent_does_not_pass():
    result = samples.registered(samples.litter())
    result["summary"].update(omitted=3, total=4, by_rule={"RC301": 2, "RC101": 2})
    found = cases(read(fleet.document({"a": result}, samples.NOON))["a"])
    assert found["RC101"].result[0].message == "2 more findings not sent by the host: raise reclaim_limit"
    assert "1 more finding not sent by the host" in found["RC301"].result[0].text
    assert found["RC102"].is_passed


def test_what_could_not_be_read_is_told():
    root = ET.fromstring(junit.render(judged()).encode())
    assert samples.NOT_ROOT["what"] in root.findtext("testsuite[@name='edge1']/system-out")


def test_what_was_found_before_and_not_looked_at_does_not_pass():
    document = samples.judged(edge2=samples.registered(samples.finding(), samples.litter(2)))
    (told,) = cases(read(document)["edge2"])["RC102"].result
    assert isinstance(told, junitparser.Skipped)
    assert told.message == "not looked at this time, found before: " + samples.finding()["cause"]


@given(TEXTS)
def test_whatever_hosts_say_the_xml_holds_it(text):
    document = samples.everywhere(text)
    made = junit.render(document)
    root = ET.fromstring(made.encode())
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {plain(name) for name in document["hosts"]}
    case = suites[plain(text)].find("testcase")
    failure = case.find("failure")
    lines = failure.text.split("\n")
    assert failure.get("message") == plain(text)
    assert "high (proven): " + plain(text) in lines or len(text) > 1900
    assert "  $ " + plain(text) in lines or not text or len(text) > 1900
    assert text == "" or len(text) > 1900 or plain(text) in case.find("system-out").text
    assert root.get("failures") == root.get("errors") == "1"
