# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Weights: which finding is how bad on this kind of host."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import request
from ansible_collections.netmend.reclaim.plugins.module_utils.identity import fingerprint
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Evidence, Finding
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.weights import Weight, weighed


def finding(severity: str = "medium", cause: str = "table-unreferenced") -> Finding:
    return Finding(
        rule="RC204",
        severity=severity,
        confidence="strong",
        kind="route",
        selector={"table": 7},
        cause="Nothing leads to table 7.",
        evidence=(),
        details={"cause": cause},
    )


@pytest.mark.parametrize(
    ("weights", "severity"),
    [
        ([], "medium"),
        ([Weight("RC204", "low")], "low"),
        ([Weight("RC205", "low")], "medium"),
        ([Weight("RC204", "low", found="medium")], "low"),
        ([Weight("RC204", "low", found="high")], "medium"),
        ([Weight("RC204", "low", cause="table-unreferenced")], "low"),
        ([Weight("RC204", "low", cause="table-empty")], "medium"),
        ([Weight("RC204", "low"), Weight("RC204", "critical")], "critical"),
        # What is found is what the rule says, not what an earlier weight made of it.
        ([Weight("RC204", "low"), Weight("RC204", "info", found="low")], "low"),
    ],
)
def test_the_last_that_fits_holds(weights, severity) -> None:
    (weighed_one,) = weighed([finding()], weights)
    assert weighed_one.severity == severity
    assert fingerprint(weighed_one) == fingerprint(finding())
    assert bool(weighed_one.evidence) == (severity != "medium")


def test_the_evidence_says_what_changed_it() -> None:
    (told,) = weighed([finding()], [Weight("RC204", "low", reason="profile x: as\nit is")])[0].evidence
    assert told == Evidence("severity", "medium by its rule, low here (profile x: as\\nit is)", "")


def test_a_request_takes_them() -> None:
    asked = request(
        {
            "rules": {
                "severities": [{"rule": "RC204", "severity": "low", "cause": None, "found": "high", "reason": "so"}]
            }
        }
    )
    assert asked.severities == (Weight("RC204", "low", found="high", reason="so"),)


def test_an_unknown_rule() -> None:
    with pytest.raises(ValueError, match="no rule has the id RC999; the rules are RC101,"):
        request({"rules": {"severities": [{"rule": "RC999", "severity": "low"}]}})
