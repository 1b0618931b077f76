# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, table
from ansible_collections.netmend.reclaim.plugins.module_utils.report.mends import failing, mends
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report.test_schema import validator

GONE = samples.finding()
LEFT = samples.finding(fingerprint="1" * 16)
CAME = samples.finding(fingerprint="2" * 16)


def marks(found, key):
    return [item["fingerprint"] for item in found[key]]


def test_findings_are_mended_remain_or_are_new():
    (found,) = mends(
        {"a": samples.applied()}, {"a": samples.audit(GONE, LEFT)}, {"a": samples.audit(LEFT, CAME)}
    ).values()
    assert (marks(found, "mended"), marks(found, "remaining"), marks(found, "new")) == (
        [GONE["fingerprint"]], [LEFT["fingerprint"]], [CAME["fingerprint"]]
    )  # fmt: skip
    assert found["state"] == "confirmed"
    assert found["transaction_id"] == "20260501T120000Z-4f2a91"
    assert found["steps"][0]["command"] == "ip rule del pref 9"


def test_what_cannot_be_compared_is_not_called_mended():
    absent = {"name": "a", "status": "unreachable", "schema": "1.0", "reason": "gone"}
    for before, after in ((samples.audit(GONE), absent), (absent, samples.audit()), (samples.audit(GONE), {})):
        (found,) = mends({"a": samples.applied()}, {"a": before}, {"a": after}).values()
        assert found["mended"] == []


@pytest.mark.parametrize(
    ("result", "state", "fails"),
    [
        (samples.applied(), "confirmed", False),
        (samples.applied(state="nothing-to-do", transaction_id=None, steps=[]), "nothing-to-do", False),
        (samples.applied(state="planned", transaction_id=None), "planned", False),
        (samples.applied(state="rolled-back", failed=True, msg="it\nbroke"), "rolled-back", True),
        (samples.applied(state="refused", failed=True, msg="another host's plan"), "refused", True),
        (samples.applied(failed=True, msg="odd"), "failed", True),
        ({"skipped": True, "changed": False}, "not-begun", True),
        ({"unreachable": True, "msg": "no route"}, "unreachable", True),
        ({"failed": True, "msg": "a traceback"}, "failed", True),
        ({"state": "confirmed", "steps": "many"}, "failed", True),
    ],
)
def test_how_it_ended(result, state, fails):
    found = mends({"a": result}, {}, {})
    assert found["a"]["state"] == state
    assert failing(found) == (["a"] if fails else [])
    if fails:
        assert found["a"]["words"]
        assert "\n" not in found["a"]["words"]


def test_a_host_without_a_plan_is_not_told_of():
    assert mends({"a": None, "b": samples.applied(), "c": {}}, {}, {}).keys() == {"b"}


def test_a_report_with_mends_is_as_its_schema_says():
    document = fleet.document(
        {"a": samples.registered(LEFT), "b": samples.unreachable()},
        samples.NOON,
        {"a": samples.applied(), "b": {"unreachable": True, "msg": "no route"}},
        {"a": samples.audit(GONE, LEFT)},
    )
    validator("fleet-1.json").validate(document)
    assert fleet.failing(document, "never") == ["1 host could not be mended (b)"]
    said = " ".join("\n".join(table.lines(document, 100)).split())
    assert "a: confirmed (20260501T120000Z-4f2a91), 1 finding mended, 1 remaining" in said
    assert "b: unreachable, 0 findings mended. no route" in said


def test_hostile_mends_do_nothing_to_a_terminal():
    for line in table.lines(fleet.document(*_arguments(*samples.hostile_mends())), 100):
        assert line.isprintable()


def _arguments(results, applied, before):
    return results, samples.NOON, applied, before
