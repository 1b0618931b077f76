# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import io

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import csvs, fleet
from ansible_collections.netmend.reclaim.plugins.module_utils.report.text import plain
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report.texts import TEXTS  # noqa: E402
from hypothesis import given  # noqa: E402


def read(document):
    return list(csv.DictReader(io.StringIO(csvs.render(document), newline=""), strict=True))


def judged():
    """One finding of edge3 is resolved; another of edge1 was not looked at."""
    return samples.judged(edge3=samples.registered(samples.litter(5)))


def back(cell):
    """What stood in a cell before it was made harmless."""
    return cell[1:] if cell.startswith("'") else cell


def test_every_host_is_there_and_every_finding_has_a_row():
    rows = read(judged())
    assert [(row["host"], row["state"], row["severity"], row["rule"]) for row in rows] == [
        ("db7", "unreachable", "", ""),
        ("db8", "failed", "", ""),
        ("db9", "skipped", "", ""),
        ("dfw-mn-bm1", "open", "high", "RC102"),
        ("dfw-mn-bm1", "open", "low", "RC301"),
        ("edge1", "waived", "low", "RC301"),
        ("edge1", "open", "low", "RC301"),
        ("edge2", "waived", "low", "RC301"),
        ("edge3", "clean", "", ""),
        ("edge3", "resolved", "low", "RC301"),
        ("edge1", "unlooked", "low", "RC301"),
    ]


def test_a_row_tells_what_the_finding_tells():
    (row,) = read(fleet.document({"edge1": samples.registered(samples.finding())}, samples.NOON))
    finding = samples.finding()
    assert row["cause"] == finding["cause"]
    assert row["commands"].split("\n") == [item["command"] for item in finding["evidence"]]
    assert row["samples"].split("\n") == finding["samples"]
    assert (row["owner"], row["count"], row["confidence"]) == ("doublezerod", "2", "proven")
    assert '"local": "209.245.225.161"' in row["object"]


def test_standing_and_waiver():
    rows = read(judged())
    waived = next(row for row in rows if row["state"] == "waived")
    assert (waived["waived_by"], waived["waived_until"]) == ("dana", "2025-12-31")
    assert "NET-114" in waived["waived_reason"]
    assert (waived["standing"], waived["since"]) == ("known", "2025-11-24 07:00:00 UTC")


def test_what_a_host_left_out_is_counted():
    result = samples.registered(samples.litter())
    result["summary"]["omitted"] = 7
    assert [(row["state"], row["count"]) for row in read(fleet.document({"a": result}, samples.NOON))] == [
        ("open", "1"),
        ("not-sent", "7"),
    ]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", " =1", "=cmd|' /C calc'!A0", "\uff1d1", "'=1"]
)
def test_no_cell_is_computed(text):
    cell = csvs.cell(text)
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))
    assert back(cell) == plain(text)


@given(TEXTS)
def test_whatever_hosts_say_the_table_holds_it(text):
    rows = read(samples.everywhere(text))
    assert sorted(row["state"] for row in rows) == ["open", "resolved", "unreachable", "waived"]
    for row in rows:
        assert list(row) == list(csvs.COLUMNS)
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert len(cell) < 32767
    row = next(row for row in rows if row["state"] == "waived")
    shown = plain(text, 30000)
    assert {back(row[key]) for key in ("host", "rule", "name", "kind", "cause", "advice", "owner")} == {shown}
    assert {back(row[key]) for key in ("waived_by", "waived_reason", "fingerprint")} == {shown}
