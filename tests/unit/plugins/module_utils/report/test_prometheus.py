# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, prometheus
from ansible_collections.netmend.reclaim.plugins.module_utils.report.text import plain
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

parser = pytest.importorskip("prometheus_client.parser")
pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report.texts import TEXTS  # noqa: E402
from hypothesis import given  # noqa: E402


def read(document):
    """By name and labels, as Prometheus' own client reads them."""
    families = parser.text_string_to_metric_families(prometheus.render(document))
    found = {}
    for sample in (sample for family in families for sample in family.samples):
        key = (sample.name[len(prometheus.PREFIX) :], *sorted(sample.labels.items()))
        assert key not in found, "a series that is there twice"
        found[key] = sample.value
    return found


def test_the_values_are_those_of_the_report():
    found = read(samples.judged(edge3=samples.registered(samples.litter(5))))
    assert found["report_timestamp_seconds",] == samples.NOON
    assert found["baseline_timestamp_seconds",] == samples.NOON - 3600
    assert found["audit_timestamp_seconds", ("host", "edge1")] == samples.NOON - 2
    assert found["audit_duration_seconds", ("host", "edge1")] == 0.412
    assert found["lapsed_waivers",] == 1
    assert {key[1][1]: value for key, value in found.items() if key[0] == "hosts"} == {
        "audited": 4,
        "unreachable": 1,
        "failed": 1,
        "skipped": 1,
    }
    high, low = ("severity", "high"), ("severity", "low")
    assert found["findings", ("host", "dfw-mn-bm1"), high] == 1
    assert found["findings", ("host", "edge1"), low] == 1  # and one that is waived
    assert found["waived_findings", ("host", "edge1")] == 1
    assert found["new_findings", ("host", "edge1"), low] == 1
    assert found["new_findings", ("host", "dfw-mn-bm1"), high] == 0
    assert found["resolved_findings", ("host", "edge3")] == 1
    assert found["unread", ("host", "edge2")] == 1
    assert found["rule_findings", ("rule", "RC301")] == 4
    assert found["rule_findings", ("rule", "RC207")] == 0


def test_of_a_host_without_an_audit_nothing_is_known_and_that_is_not_zero():
    found = read(samples.judged())
    about = [key[0] for key in found if ("host", "db7") in key]
    assert about == ["host_audited"]
    assert found["host_audited", ("host", "db7")] == 0


def test_with_nothing_to_compare_with_nothing_is_new_or_resolved():
    names = {key[0] for key in read(fleet.document(samples.fleet_of_few(), samples.NOON))}
    assert not names & {"new_findings", "resolved_findings", "baseline_timestamp_seconds"}


def test_how_many_series_there_are_depends_on_hosts_and_rules_alone():
    few = {"a": samples.registered(samples.litter())}
    many = {"a": samples.registered(*(samples.litter(number, rule="R%d" % number) for number in range(1, 200)))}
    first, second = (read(fleet.document(results, samples.NOON)) for results in (few, many))
    assert set(first) == set(second)
    assert second["rule_findings", ("rule", prometheus.OTHER)] == 199
    assert len([key for key in first if key[0] == "rule_findings"]) == len(CHECKS) + 1


def test_a_host_that_counts_to_infinity_spoils_nothing():
    result = samples.registered(samples.litter())
    result["summary"].update(omitted=10**4000, low=10**4000)
    found = read(fleet.document({"a": result}, samples.NOON))
    assert found["omitted_findings", ("host", "a")] == 2**53


@given(TEXTS)
def test_whatever_hosts_are_called_they_are_told_apart(text):
    names = list(
        dict.fromkeys([text, text + " ", text + "\n", plain(text), text[:199], text + "x" * 300, text + "x" * 301])
    )
    found = read(fleet.document({name: samples.registered(samples.litter()) for name in names}, samples.NOON))
    assert len([key for key in found if key[0] == "host_audited"]) == len(names)
    assert sum(value for key, value in found.items() if key[0] == "findings") == len(names)


@given(TEXTS)
def test_whatever_hosts_say_the_format_holds(text):
    found = read(samples.everywhere(text))
    assert sum(value for key, value in found.items() if key[0] == "findings") == 1
    assert sum(value for key, value in found.items() if key[0] == "rule_findings") == 2
