# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With which profiles of rules a host was audited, as each format says it; and nothing of it where no host has one."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, table
from ansible_collections.netmend.reclaim.plugins.module_utils.report.formats import FORMATS
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report.samples import (
    NOON,
    finding,
    litter,
    registered,
)


@pytest.fixture
def document():
    node = registered(finding(), litter(), profile=["kubernetes-node", "vpn-host"])
    return fleet.document({"node": node, "edge": registered(profile=["router"]), "web": registered(litter())}, NOON)


def test_the_table_says_how_many_hosts_have_which(document) -> None:
    said = table.lines(document, 100)
    assert "Profiles: none on 1 host, kubernetes-node + vpn-host on 1 host, router on 1 host" in said


def test_markdown(document) -> None:
    text = FORMATS["markdown"].render(document)
    assert (
        "## Profiles of rules\n\n* none: 1 host\n* `kubernetes-node + vpn-host`: 1 host\n* `router`: 1 host\n" in text
    )


def test_csv(document) -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"].render(document))))
    assert [(row["host"], row["profile"]) for row in rows] == [
        ("edge", "router"),
        ("node", "kubernetes-node + vpn-host"),
        ("node", "kubernetes-node + vpn-host"),
        ("web", ""),
    ]


def test_junit(document) -> None:
    root = ET.fromstring(FORMATS["junit"].render(document))
    found = {suite.get("name"): [one.attrib for one in suite.iter("property")] for suite in root.iter("testsuite")}
    assert found["node"] == [{"name": "profile", "value": "kubernetes-node + vpn-host"}]
    assert found["web"] == []
    assert all(suite[0].tag == "properties" for suite in root.iter("testsuite") if suite.get("name") != "web")


def test_sarif(document) -> None:
    results = json.loads(FORMATS["sarif"].render(document))["runs"][0]["results"]
    assert sorted(result["properties"].get("profile", "") for result in results) == [
        "",
        "kubernetes-node + vpn-host",
        "kubernetes-node + vpn-host",
    ]


def test_prometheus(document) -> None:
    text = FORMATS["prometheus"].render(document)
    lines = [line for line in text.splitlines() if line.startswith("netmend_reclaim_host_profile_info{")]
    assert lines == [
        'netmend_reclaim_host_profile_info{host="edge",profile="router"} 1',
        'netmend_reclaim_host_profile_info{host="node",profile="kubernetes-node + vpn-host"} 1',
    ]


def test_without_profiles_nothing_is_said_of_them() -> None:
    plain = fleet.document({"web": registered(litter()), "old": registered(profile=[])}, NOON)
    assert fleet.profiles(plain) == {}
    assert not any("rofile" in line for line in table.lines(plain, 100))
    assert "rofile" not in FORMATS["markdown"].render(plain) + FORMATS["junit"].render(plain)


def test_what_a_host_calls_a_profile_is_bounded() -> None:
    host = fleet.host("h", registered(profile=["\x1b" + "x" * 500] * 500))
    assert fleet.profile(host).isprintable()
    assert len(fleet.profile(host)) < 1000


def test_what_is_no_list_of_names_is_refused() -> None:
    assert "result.profile" in fleet.host("h", registered(profile=[7]))["reason"]
