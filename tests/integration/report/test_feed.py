# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report action under ansible-playbook, fed with results that a stand-in for audit_info sends back."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

HERE = pathlib.Path(__file__).resolve().parent


def test_every_kind_of_host_is_in_the_report_and_in_the_table(feed):
    run = feed(samples.fleet_of_few())
    assert run.code == 2, run.output  # the host that left the play
    assert {name: host["status"] for name, host in run.fleet["hosts"].items()} == {
        "db7": "unreachable",
        "db8": "failed",
        "db9": "skipped",
        "dfw-mn-bm1": "audited",
        "edge1": "audited",
        "edge2": "audited",
        "edge3": "audited",
    }
    judged = {"standing": None, "since": run.fleet["generated"], "waived": None}
    assert run.fleet["hosts"]["edge1"]["findings"] == [dict(samples.litter(number), **judged) for number in (2, 3)]
    assert "Connection refused" in run.fleet["hosts"]["db7"]["reason"]
    lines = run.output.splitlines()
    assert "HOST        SEVERITY     RULE   CAUSE" in lines
    assert "db8         failed              pyroute2 is wanted and not there" in lines
    (path,) = [line[len("Report: ") :] for line in lines if line.startswith("Report: ")]
    assert os.path.samefile(path, run.reports / "latest" / "index.html")
    assert "changed=1" not in run.output


def test_nothing_found(feed):
    run = feed({"edge3": samples.registered()}, "-e", "fail_on=info")
    assert run.code == 0, run.output
    assert "1 host: 1 audited. No findings." in run.output


@pytest.mark.parametrize("batch", ["1", "2", "50%"])
def test_batches_end_in_one_report(feed, batch):
    results = samples.fleet_of_few()
    del results["db9"]
    run = feed(results, "-e", "batch=" + batch)
    assert run.code == 0, run.output
    assert len(run.names()) == 1
    assert len(run.fleet["hosts"]) == 6
    assert run.output.count("HOST ") == 1
    assert "more to audit before the report is written" in run.output


def test_a_host_that_leaves_the_play_keeps_no_batch_waiting(feed):
    results = {"a": samples.registered(), "z": None, "b": samples.registered()}
    run = feed(results, "-e", "batch=2")
    assert run.code == 2, run.output
    assert {name: host["status"] for name, host in run.fleet["hosts"].items()} == {
        "a": "audited",
        "b": "audited",
        "z": "skipped",
    }


def test_limit(feed):
    run = feed(samples.fleet_of_few(), "--limit", "edge*")
    assert run.code == 0, run.output
    assert sorted(run.fleet["hosts"]) == ["edge1", "edge2", "edge3"]


def test_check_mode_writes_the_report_too(feed):
    run = feed({"edge1": samples.registered(samples.litter())}, "--check", "--diff")
    assert run.code == 0, run.output
    assert run.fleet["summary"]["total"] == 1


@pytest.mark.parametrize(("threshold", "code"), [("high", 2), ("critical", 0), ("never", 0)])
def test_failing_comes_after_the_report_and_says_how_many(feed, threshold, code):
    results = {"bad": samples.registered(samples.finding()), "good": samples.registered()}
    run = feed(results, "-e", "fail_on=" + threshold)
    assert run.code == code, run.output
    assert sorted(run.fleet["hosts"]) == ["bad", "good"]
    said = "a finding of severity high or above on 1 host (bad). The report: %s" % (run.reports / run.names()[0])
    assert (said in " ".join(run.output.split())) == bool(code)
    if code:
        assert run.output.index("HOST ") < run.output.index("a finding of severity high")


def test_a_run_that_must_not_pass_blindly_fails_for_what_it_could_not_audit(feed):
    run = feed({"gone": samples.unreachable()}, "-e", "fail_on=critical")
    assert run.code == 2
    assert "1 host could not be audited (gone)" in " ".join(run.output.split())


def test_two_runs_and_what_was_there_stay(feed, stand):
    stand.reports.mkdir()
    (stand.reports / "notes.txt").write_text("mine")
    feed({"a": samples.registered()})
    run = feed({"a": samples.registered(samples.litter())})
    assert len(run.names()) == 3
    assert (stand.reports / "notes.txt").read_text() == "mine"
    assert run.fleet["summary"]["total"] == 1


def test_a_place_that_cannot_be_written_is_a_clear_error_after_the_table(feed, stand):
    (stand.path / "file").write_text("")
    run = feed({"a": samples.registered(samples.litter())}, "-e", "path=file/reports")
    assert run.code == 2
    assert "The report cannot be written: %s: Not a directory." % (stand.path / "file" / "reports") in run.output
    assert "low       RC301" in run.output
    assert "Traceback" not in run.output


def test_a_relative_path_and_a_home_stand_where_the_user_stands(feed, stand):
    run = feed({"a": samples.registered()}, "-e", "path=~/audits", HOME=str(stand.path / "me"))
    assert run.code == 0, run.output
    assert (stand.path / "me" / "audits" / "latest" / "index.html").is_file()


def test_hosts_that_send_anything(feed):
    results = {
        name: result
        for name, result in samples.hostile_fleet().items()
        # Ansible itself refuses text that is not Unicode, in inventories and results.
        if not result.get("unreachable") and not result.get("failed") and "\udcff" not in name
    }
    run = feed(results)
    assert run.code == 0, run.output
    assert {host["status"] for host in run.fleet["hosts"].values()} == {"audited"}
    assert len(run.fleet["hosts"]) == len(samples.HOSTILE) - 1
    table = run.output[run.output.index("HOST ") : run.output.index("Report: ")]
    assert all(char.isprintable() or char == "\n" for char in table)
    assert "{{ 7 * 7 }}{% raw %}" in table


def test_a_host_that_sends_back_something_else(feed):
    run = feed({"liar": {"findings": "none", "changed": False}, "other": samples.registered()})
    assert run.code == 0, run.output
    assert run.fleet["hosts"]["liar"]["status"] == "failed"
    assert "not the result of an audit" in run.fleet["hosts"]["liar"]["reason"]
    assert run.fleet["hosts"]["other"]["status"] == "audited"


def test_an_empty_play_is_quiet(feed, stand):
    run = feed({"a": samples.registered()}, "--limit", "nobody")
    assert "Traceback" not in run.output
    assert not stand.reports.exists()


def test_colours_only_where_they_are_wanted(feed):
    plain = feed({"a": samples.registered(samples.finding())})
    assert "\x1b" not in plain.output
    coloured = feed({"a": samples.registered(samples.finding())}, ANSIBLE_FORCE_COLOR="1", ANSIBLE_NOCOLOR="0")
    assert "\x1b[0;31mhigh" in coloured.output


def test_the_template_is_found_in_an_installed_collection(feed, stand, tmp_path):
    """Built and installed from a tarball, not linked to the checkout."""
    root = tmp_path / "source"
    for folder in ("meta", "playbooks", "plugins", "roles"):
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(HERE.parents[2] / folder, root / folder, ignore=ignored)
    for file in ("galaxy.yml", "README.md"):
        shutil.copy(HERE.parents[2] / file, root)
    galaxy = [str(pathlib.Path(sys.executable).parent / "ansible-galaxy"), "collection"]
    environment = dict(os.environ, ANSIBLE_HOME=str(tmp_path / "home"), ANSIBLE_COLLECTIONS_PATH=str(tmp_path / "none"))
    environment.pop("PYTHONPATH", None)
    built = tmp_path / "built"
    subprocess.run([*galaxy, "build", "--output-path", built, root], check=True, env=environment, timeout=120)
    (tarball,) = built.iterdir()
    link = stand.collections / "ansible_collections" / "netmend" / "reclaim"
    link.unlink()
    subprocess.run(
        [*galaxy, "install", "--offline", "--force", tarball, "-p", stand.collections],
        check=True,
        env=environment,
        timeout=120,
    )
    assert link.is_dir()
    assert not link.is_symlink()
    run = feed({"a": samples.registered(samples.litter())})
    assert run.code == 0, run.output
    assert "RC301" in (run.reports / "latest" / "index.html").read_text(encoding="utf-8")
