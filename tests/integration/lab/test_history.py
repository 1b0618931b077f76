# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Audits of real hosts one after another: what is new, known and resolved, and a waiver that runs out."""

from __future__ import annotations

import dataclasses
import datetime
import json
import pathlib
import typing as t

import namespaces
from hosts import HOSTS
from lab_runs import Audited, Auditor
from place import Place

HEALTHY = next(host.name for host in HOSTS if not host.expect)
PLANTED = next(host.name for host in HOSTS if host.expect and host.name != "vpn1")
LITTER = "from 203.0.113.64/26 lookup 4242 priority 4711"


def standings(run: Audited, host: str) -> list[tuple[str, str]]:
    return [(finding["rule"], finding["standing"]) for finding in run.findings(host)]


def test_two_runs_later_new_known_and_resolved_are_right_and_an_expired_waiver_speaks_up(
    auditor: Auditor, lab: Place, tmp_path: pathlib.Path
) -> None:
    reports = tmp_path / "reports"

    def audit(hosts: str, **options: t.Any) -> Audited:
        given = json.dumps(dict(options, reclaim_report_dir=str(reports)))
        return dataclasses.replace(auditor.audit("--limit", hosts, "-e", given), reports=reports)

    both = "%s,%s" % (HEALTHY, PLANTED)
    first = audit(both)
    assert first.code == 0, first.output
    planted = [finding["rule"] for finding in first.findings(PLANTED)]
    assert planted and {standing for _rule, standing in standings(first, PLANTED)} == {None}
    assert first.findings(HEALTHY) == []
    began = first.fleet["generated"]

    namespaces.batch(lab.netns(HEALTHY), "rule add " + LITTER)
    try:
        second = audit(HEALTHY)
        assert second.code == 0, second.output
        assert standings(second, HEALTHY) == [("RC301", "new")]
        history = second.fleet["history"]
        assert (history["resolved"], history["not_compared"]) == ([], [PLANTED])
        (litter,) = second.findings(HEALTHY)
    finally:
        namespaces.batch(lab.netns(HEALTHY), "rule del " + LITTER)

    yesterday = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)
    waiver = {"id": "old", "selector": {"host": PLANTED}, "reason": "r", "by": "dana", "until": str(yesterday)}
    third = audit(both, reclaim_waivers=[waiver], reclaim_fail_on="info")
    assert third.code == 2, third.output
    assert standings(third, PLANTED) == [(rule, "known") for rule in planted]
    assert {finding["since"] for finding in third.findings(PLANTED)} == {began}
    (gone,) = third.fleet["history"]["resolved"]
    assert (gone["host"], gone["fingerprint"]) == (HEALTHY, litter["fingerprint"])
    assert gone["first_seen"] == litter["since"]
    assert third.fleet["history"]["not_compared"] == []
    said = " ".join(third.output.split())
    assert "The waiver old of dana expired after %s, and %d finding" % (yesterday, len(planted)) in said
    assert "a finding of severity info or above on 1 host (%s)" % PLANTED in said

    waived = audit(both, reclaim_waivers=[dict(waiver, until="2099-12-31")], reclaim_fail_on="info")
    assert waived.code == 0, waived.output
    assert waived.fleet["summary"]["waived"] == waived.fleet["summary"]["total"] == len(planted)
    assert len(waived.fleet["history"]["trend"]) == 4
