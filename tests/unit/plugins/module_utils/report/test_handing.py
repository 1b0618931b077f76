# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import zlib

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, handing, merging, slices
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples


def test_slices_that_were_handed_on_are_merged_to_the_whole():
    results = samples.fleet_of_few()
    document = fleet.document(results, samples.NOON)
    handed = {}
    for number in range(3):
        mine = {name: results[name] for name in sorted(results)[number::3]}
        part = handing.report(fleet.document(mine, samples.NOON), {})
        handed[handing.SLICE % (100 + number)] = handing.pack(part)
    found = slices.with_handed(slices.read([]), handed)
    assert not found.wrong
    merged = merging.merge(found.slices, results)
    assert (merged.missing, merged.twice) == ((), ())
    assert fleet.assembled(merged.hosts, samples.NOON, merged.mends) == json.loads(json.dumps(document))


def test_only_what_no_job_has_taken_yet_is_a_slice():
    variables = {
        "reclaim_slice_7": "x",
        "reclaim_slice_12": "",
        "reclaim_slice": "1/2",
        "reclaim_slice_numbers": [1],
        "a_reclaim_slice_3": "y",
    }
    assert handing.slices(variables) == {"reclaim_slice_7": "x"}


def test_a_plan_is_handed_on_as_it_was_written_and_not_as_the_host_sent_it():
    item = dict(name="web1", status="audited", plan={"steps": [1, 2]})
    document = {"schema": "1.2", "generated": 1.0, "hosts": {"web1": item, "web2": {"name": "web2"}}, "summary": {}}
    said = handing.report(document, {"web1": {"steps": [1]}})
    assert said["hosts"]["web1"]["plan"] == {"steps": [1]}
    assert said["hosts"]["web2"] == {"name": "web2"}
    assert "summary" not in said
    # Where the waivers were wrong, no plan was written.
    assert handing.report(document, {})["hosts"]["web1"]["plan"] is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        7,
        "{}",
        "no base64!",
        base64.b64encode(b"no zlib").decode(),
        base64.b64encode(zlib.compress(b"{")).decode(),
        base64.b64encode(zlib.compress(b"{}")[:-1]).decode(),
        base64.b64encode(zlib.compress(b"{}") + b"more").decode(),
    ],
)
def test_what_is_something_else_is_refused_by_its_name(text):
    with pytest.raises(handing.HandingError, match="reclaim_slice_7 is not what a job of this collection handed on"):
        handing.unpack("reclaim_slice_7", text)


def test_what_unpacks_to_more_than_is_sane_is_refused(monkeypatch):
    monkeypatch.setattr(handing, "_UNPACKED", 1000)
    assert handing.unpack("x", handing.pack("a" * 500)) == "a" * 500
    with pytest.raises(handing.HandingError, match="too large"):
        handing.unpack("x", handing.pack("a" * 1000))


def test_what_is_too_large_is_not_handed_on(monkeypatch):
    monkeypatch.setattr(handing, "MOST", 20)
    assert handing.pack({})
    with pytest.raises(handing.HandingError, match="Audit in more slices"):
        handing.pack({"a": "bcdefghijklmnopqrstuvwxyz"})


def test_what_is_damaged_is_told_and_the_others_are_merged():
    good = handing.pack(handing.report(fleet.document({"web1": samples.registered()}, samples.NOON), {}))
    found = slices.with_handed(
        slices.read([]), {"reclaim_slice_1": good, "reclaim_slice_2": good[:-9], "reclaim_slice_3": handing.pack([])}
    )
    assert [one.name for one in found.slices] == ["reclaim_slice_1"]
    assert found.wrong[0].startswith("reclaim_slice_2 is not what a job of this collection handed on: ")
    assert found.wrong[1].startswith("reclaim_slice_3 is no report of this collection: ")
