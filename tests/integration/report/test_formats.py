# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The formats of a report as a person asks for them, and as the programs that they are for take them."""

from __future__ import annotations

import csv
import io
import json
import pathlib
import subprocess
import sys

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, junit
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
FOUND = {
    "reclaim_rules": {"include": ["RC207"]},
    "reclaim_intent": {"routes": [{"dst": "192.0.2.0/28"}, {"dst": "192.0.2.16/28"}]},
}
PLAYBOOK = "netmend.reclaim.audit"


def asked(stand, **options):
    return stand.play("-i", stand.inventory({"here": HERE}), PLAYBOOK, "-e", json.dumps(dict(FOUND, **options)))


def test_the_formats_that_are_asked_for(stand):
    run = asked(stand, reclaim_report_formats=["csv", "junit", "markdown"])
    assert run.code == 0, run.output
    report = run.reports / "latest"
    written = sorted(path.name for path in report.iterdir() if path.suffix != ".json")
    assert written == ["findings.csv", "hosts", "junit.xml", "summary.md"]
    assert len(run.fleet["hosts"]["here"]["findings"]) == 2
    rows = list(csv.DictReader(io.StringIO((report / "findings.csv").read_text(encoding="utf-8"), newline="")))
    assert [(row["host"], row["state"], row["rule"]) for row in rows] == [("here", "open", "RC207")] * 2
    assert 'tests="1" failures="1"' in (report / "junit.xml").read_text(encoding="utf-8")
    assert "RC207" in (report / "summary.md").read_text(encoding="utf-8")
    # No page to point at: the directory.
    (said,) = [line for line in run.output.splitlines() if line.startswith("Report: ")]
    assert pathlib.Path(said[len("Report: ") :]) == report.resolve()


def test_an_unknown_format_is_told_before_anything_runs(stand):
    run = asked(stand, reclaim_report_formats=["pdf"])
    assert run.code == 2
    assert "value of reclaim_report_formats must be one or more of" in run.output
    assert not stand.reports.exists()


@pytest.mark.parametrize("results", [samples.fleet_of_few, samples.hostile_fleet])
def test_junit2html_reads_the_junit_file(tmp_path, results):
    path = tmp_path / "junit.xml"
    path.write_text(junit.render(fleet.document(results(), samples.NOON)), encoding="utf-8")
    page = tmp_path / "page.html"
    subprocess.run([sys.executable, "-m", "junit2htmlreport", path, page], check=True, timeout=120)
    shown = page.read_text(encoding="utf-8")
    assert "RC102 owner-session-source-gone" in shown
    assert "<img src=x" not in shown
