# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The formats of a report as a person asks for them, and as the programs that they are for take them."""

from __future__ import annotations

import csv
import io
import json
import os
import pathlib
import subprocess
import sys

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, junit, prometheus, sarif
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

jsonschema = pytest.importorskip("jsonschema")

HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
FOUND = {
    "reclaim_rules": {"include": ["RC207"]},
    "reclaim_intent": {"routes": [{"dst": "192.0.2.0/28"}, {"dst": "192.0.2.16/28"}]},
}
PLAYBOOK = "netmend.reclaim.audit"
DOCUMENTS = {
    "judged": lambda: samples.judged(edge3=samples.registered(samples.litter(5))),
    "hostile": lambda: fleet.document(samples.hostile_fleet(), samples.NOON),
    "everywhere": lambda: samples.everywhere('[x](http://x.y) {0} "\\ \x00<b>'),
    "none": lambda: fleet.document({}, samples.NOON),
}


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


@pytest.mark.parametrize("name", DOCUMENTS)
def test_promtool_accepts_the_metrics(promtool, name):
    text = prometheus.render(DOCUMENTS[name]())
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_promtool_would_say_what_is_wrong(promtool):
    done = subprocess.run(
        [promtool, "check", "metrics"], input="x{a=} 1\n", capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0


@pytest.mark.parametrize("name", DOCUMENTS)
def test_sarif_follows_the_published_schema(multitool, name):
    schema = json.loads((multitool.parent / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    log = json.loads(sarif.render(DOCUMENTS[name]()))
    assert [error.message for error in validator.iter_errors(log)] == []
    log["runs"][0]["tool"]["driver"]["rules"][0]["defaultConfiguration"]["level"] = "loud"
    assert len(list(validator.iter_errors(log))) == 1


@pytest.fixture
def tool(multitool, tmp_path):
    """The multitool on a log."""

    def run(verb, log, *options):
        path = tmp_path / "findings.sarif"
        path.write_text(log, encoding="utf-8")
        environment = dict(os.environ, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT="1")
        environment["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = str(tmp_path / "net")
        command = [multitool, verb, path, *options]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True).stdout

    return run


@pytest.fixture
def complaints(tool, tmp_path):
    """What the multitool's own validator says of a log: ids of its rules."""

    def validate(log):
        found = tmp_path / "found.sarif"
        options = ("--output", found, "--log", "ForceOverwrite", "--level", "Error;Warning", "--kind", "Fail")
        tool("validate", log, *options)
        return [one["ruleId"] for one in json.loads(found.read_text(encoding="utf-8"))["runs"][0]["results"]]

    return validate


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_multitool_has_no_complaint(complaints, name):
    assert complaints(sarif.render(DOCUMENTS[name]())) == []


def test_the_multitool_would_complain(complaints):
    log = json.loads(sarif.render(DOCUMENTS["judged"]()))
    log["runs"][0]["results"][0]["message"] = {}
    assert complaints(json.dumps(log)) == ["JSON1017"]


def test_the_multitool_reads_the_results_back(tool):
    out = tool("project", sarif.render(DOCUMENTS["judged"]()), "--columns", "RuleId,Level,BaselineState,Location.Uri")
    rows = [list(row.values()) for row in csv.DictReader(io.StringIO(out))]
    assert rows == [
        ["RC102", "Error", "Unchanged", "hosts/dfw-mn-bm1.json"],
        ["RC301", "Note", "Unchanged", "hosts/dfw-mn-bm1.json"],
        ["RC301", "Note", "Unchanged", "hosts/edge1.json"],
        ["RC301", "Note", "New", "hosts/edge1.json"],
        ["RC301", "Note", "Unchanged", "hosts/edge2.json"],
        ["RC301", "Note", "Absent", "hosts/edge3.json"],
        ["RC301", "None", "Unchanged", "hosts/edge1.json"],
    ]


def test_the_metrics_are_put_where_prometheus_finds_them(stand):
    path = stand.path / "metrics" / "reclaim.prom"
    path.parent.mkdir()
    run = asked(stand, reclaim_report_formats=["prometheus", "sarif"], reclaim_prometheus_textfile=str(path))
    assert run.code == 0, run.output
    report = run.reports / "latest"
    assert path.read_text() == (report / "metrics.prom").read_text()
    assert 'netmend_reclaim_rule_findings{rule="RC207"} 2\n' in path.read_text()
    results = json.loads((report / "findings.sarif").read_text())["runs"][0]["results"]
    assert [one["ruleId"] for one in results] == ["RC207", "RC207"]


def test_metrics_that_cannot_be_written_fail_the_run_and_lose_no_report(stand):
    mine = stand.path / "mine"
    mine.write_text("mine")
    link = stand.path / "reclaim.prom"
    link.symlink_to(mine)
    run = asked(stand, reclaim_prometheus_textfile=str(link))
    assert run.code == 2
    words = " ".join(run.output.split())
    assert "The metrics cannot be written: %s is there and is no regular file" % link in words
    assert "Traceback" not in run.output
    assert mine.read_text() == "mine"
    assert len(run.fleet["hosts"]["here"]["findings"]) == 2
