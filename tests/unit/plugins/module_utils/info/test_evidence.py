# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""evidence_info: what is asked, and what is returned."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.info.evidence import evidence_info
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Event

JOURNAL = {"since": 15, "units": None, "cursor": None}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "nothing was asked: .*logs.*journal"),
        ({"logs": []}, "nothing was asked"),
        ({"logs": ["log"]}, "logs: 'log' is not an absolute path"),
        ({"logs": ["/a\0b"]}, "logs: .* is not an absolute path"),
        ({"journal": {**JOURNAL, "since": 0}}, "journal.since: 0 is not a number of minutes from 1 to"),
        ({"journal": {**JOURNAL, "units": [""]}}, "journal.units: '' is not the name of a unit"),
        ({"logs": ["/x"], "limit": 0}, "limit: 0 is below 1"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(options, words) -> None:
    with pytest.raises(ValueError, match=words):
        evidence_info({"limit": 100, **options})


def test_events_have_exactly_the_fields_of_the_model_and_a_limit(tmp_path) -> None:
    log = tmp_path / "x"
    log.write_text("".join("x[%d]: sendto: Network is unreachable\n" % (number % 7) for number in range(50)))
    result = evidence_info({"logs": [str(log), "/nowhere/x"], "limit": 3})
    assert len(result["events"]) == 3
    assert result["omitted"] == 4
    assert set(result["events"][0]) == {field.name for field in dataclasses.fields(Event)}
    assert set(result["events"][0]["source"]) == {"kind", "path", "unit", "line", "cursor"}
    assert result["events"][0]["count"] == 8
    assert result["unseen"] == [{"what": "log /nowhere/x", "why": "No such file or directory"}]
