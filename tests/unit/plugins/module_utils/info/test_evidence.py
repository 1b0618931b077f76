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
        ({"strace": {"seconds": 15}}, "strace: expected exactly one of path .*, not none of them"),
        (
            {"strace": {"pid": 7, "unit": "x.service", "seconds": 15}},
            "strace: expected exactly one .*, not pid and unit",
        ),
        ({"strace": {"path": "trace"}}, "strace.path: 'trace' is not an absolute path"),
        ({"strace": {"pid": 0, "seconds": 15}}, "strace.pid: 0 is not a process id from 1 to 4194304; see 'ps -e'"),
        ({"strace": {"unit": "", "seconds": 15}}, "strace.unit: '' is not the name of a unit"),
        ({"strace": {"pid": 7, "seconds": 301}}, "strace.seconds: 301 is not a number of seconds from 1 to 300"),
        ({"logs": ["/x"], "netns": "vpn1"}, "netns: only counters are read in a network namespace; ask for them"),
        ({"counters": {"seconds": 1}, "netns": "a/b"}, "netns 'a/b' is neither the name of a network namespace .* nor"),
        ({"counters": {"seconds": 1}, "netns": "nmt-absent"}, "there is no network namespace 'nmt-absent'"),
        ({"counters": {"seconds": 0}}, "counters.seconds: 0 is not a number of seconds from 1 to 300"),
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
    assert set(result["events"][0]["source"]) == {"kind", "path", "unit", "line", "cursor", "counter"}
    assert result["events"][0]["count"] == 8
    assert result["unseen"] == [{"what": "log /nowhere/x", "why": "No such file or directory"}]


def test_a_trace_that_somebody_wrote(tmp_path) -> None:
    trace = tmp_path / "trace"
    line = '[pid 8] sendto(3, "", 0, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.9")}, 16)'
    trace.write_text("strace -f -p 7\n" + 5 * (line + " = -1 ENETUNREACH (Network is unreachable)\n"))
    result = evidence_info({"strace": {"path": str(trace)}, "limit": 9})
    (event,) = result["events"]
    assert (event["count"], event["pid"], event["remote_addr"], event["going_on"]) == (5, 7, "192.0.2.9", None)
    assert event["source"] == dict(dict.fromkeys(("unit", "cursor", "counter")), kind="strace", path=str(trace), line=6)
    assert event["command"] == "sed --quiet 6p %s" % trace
    result = evidence_info({"strace": {"path": "/nowhere/x"}, "limit": 9})
    assert result["unseen"] == [{"what": "strace /nowhere/x", "why": "No such file or directory"}]
