# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run after another under ansible-playbook: what is new, known and resolved, what is waived, and what is kept."""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime
import json
import os
import pathlib
import shutil
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, history, store
from ansible_collections.netmend.reclaim.plugins.module_utils.report.formats import chosen
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

A, B, C = samples.litter(1), samples.litter(2), samples.litter(3)
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
YESTERDAY, TOMORROW = str(TODAY - datetime.timedelta(days=1)), str(TODAY + datetime.timedelta(days=1))


def until(true, seconds=240):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "not within %d seconds" % seconds
        time.sleep(0.1)


def standings(run, host):
    return [finding["standing"] for finding in run.fleet["hosts"][host]["findings"]]


def resolved(run):
    return [(item["host"], item["fingerprint"]) for item in run.fleet["history"]["resolved"]]


def said(run):
    return " ".join(run.output.split())


def options(**given):
    return "-e", json.dumps(given)


def waiver(**changes):
    return samples.waiver(**{"until": TOMORROW, **changes})


def test_two_runs_later_new_known_and_resolved_are_right(feed):
    feed({"one": samples.registered(A, B), "two": samples.registered(A), "gone": samples.registered(C)})
    feed({"one": samples.registered(B, C), "two": samples.registered(A), "gone": samples.unreachable()})
    run = feed({"one": samples.registered(C), "two": samples.registered(A, B), "gone": samples.registered(C)})
    assert run.code == 0, run.output
    assert (standings(run, "one"), standings(run, "two"), standings(run, "gone")) == (
        ["known"], ["known", "new"], ["known"]
    )  # fmt: skip
    assert resolved(run) == [("one", B["fingerprint"])]
    history = run.fleet["history"]
    assert history["baseline"]["name"] == run.names()[1]
    assert history["not_compared"] == []
    assert [(point["total"], point["new"], point["resolved"]) for point in history["trend"]] == [
        (4, 0, 0), (3, 1, 1), (4, 1, 1)
    ]  # fmt: skip
    assert ": 1 new, 1 resolved." in said(run)
    assert "two low RC301 new: The rule 'from 10.9.2.0/24 lookup 52'" in said(run)


def held_by_others(path):
    """Does another process have this directory open?"""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(entry) == str(path) and entry.parts[2] != str(os.getpid()):
                found.append(entry)
    return bool(found)


def test_a_run_waits_for_another_one_and_compares_with_what_that_wrote(stand, feed):
    stand.reports.mkdir()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with store.locked(str(stand.reports)):
            second = pool.submit(feed, {"one": samples.registered(A)})
            until(lambda: second.done() or held_by_others(stand.reports))
            assert not second.done(), second.result().output
            now = datetime.datetime.now(datetime.timezone.utc)
            first = fleet.document({"two": samples.registered(B)}, now.timestamp())
            stored = store.store(str(stand.reports), first, now, chosen(["json"]), None, history.state(first, None))
        run = second.result(300)
    assert run.code == 0, run.output
    assert run.fleet["history"]["baseline"]["name"] == os.path.basename(stored.path)
    known = json.loads((run.reports / "latest" / "history.json").read_text(encoding="utf-8"))
    assert sorted(known["hosts"]) == ["one", "two"]


def test_a_limited_run_between_loses_nothing(feed):
    fleet = {"one": samples.registered(A), "two": samples.registered(B)}
    feed(fleet)
    part = feed(fleet, "--limit", "two")
    assert (standings(part, "two"), part.fleet["history"]["not_compared"]) == (["known"], ["one"])
    run = feed({"one": samples.registered(A, C), "two": samples.registered()})
    assert (standings(run, "one"), resolved(run)) == (["known", "new"], [("two", B["fingerprint"])])


def test_a_run_fails_for_what_is_new_only(feed):
    first = feed({"a": samples.registered(samples.finding())}, *options(fail_on="high", fail_on_new=True))
    assert first.code == 0, first.output
    known = feed({"a": samples.registered(samples.finding(), A)}, *options(fail_on="high", fail_on_new=True))
    assert known.code == 0, known.output
    worse = feed(
        {"a": samples.registered(samples.finding()), "b": samples.registered(samples.finding())},
        *options(fail_on="high", fail_on_new=True),
    )
    assert worse.code == 2
    assert "a new finding of severity high or above on 1 host (b). The report: " in said(worse)


def test_a_named_baseline(feed, stand):
    first = feed({"a": samples.registered(A)}, *options(save_baseline="golden"))
    assert first.code == 0, first.output
    assert (stand.reports / "baselines" / "golden.json").is_file()
    feed({"a": samples.registered(B)})
    run = feed({"a": samples.registered(B)}, *options(baseline="golden"))
    assert (standings(run, "a"), resolved(run)) == (["new"], [("a", A["fingerprint"])])
    assert run.fleet["history"]["baseline"]["name"] == "golden"
    by_path = feed({"a": samples.registered(B)}, *options(baseline="reports/" + first.names()[0]))
    assert standings(by_path, "a") == ["new"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"baseline": "golden"}, "There is no baseline golden: neither a saved one"),
        ({"baseline": "inventory.sh"}, "inventory.sh cannot be compared with: it is damaged, or something else"),
        ({"save_baseline": "../up"}, "'../up' is no name for it"),
        ({"waivers": [{"reason": "x"}]}, "the waiver #1: missing required arguments: by, selector, until"),
        ({"waivers": ["x"]}, "The waivers are wrong, so none was applied and no plan was written: the waiver #1"),
        ({"waivers": [waiver(selector={"hots": "a"})]}, "selector.hots. Supported parameters include"),
        ({"waivers": [waiver(until="soon")]}, "until is 'soon'; expected its last day like 2026-12-31"),
        ({"waivers": [waiver(selector={"rule": "*"})]}, "its selector fits every finding"),
        ({"waiver_files": ["nowhere.yml"]}, "nowhere.yml cannot be read: No such file or directory"),
        ({"waiver_files": ["inventory.sh"]}, "inventory.sh holds no waivers"),
    ],
)
def test_what_is_wrong_is_told_and_the_report_is_written(feed, given, words):
    run = feed({"a": samples.registered(A)}, *options(**given))
    assert run.code == 2, run.output
    assert words in said(run)
    assert run.fleet["summary"]["total"] == 1
    assert run.fleet["waivers"] is None
    assert "Traceback" not in run.output
    # A name for a baseline is looked at when the report is written already.
    wrong = "save_baseline" not in given
    assert ("problems" in run.fleet) == wrong
    assert ("Went wrong" in (run.reports / "latest" / "index.html").read_text(encoding="utf-8")) == wrong


def test_a_damaged_report_is_told_and_the_one_before_is_compared_with(feed, stand):
    first = feed({"a": samples.registered(A)})
    damaged = feed({"a": samples.registered(A)})
    (stand.reports / damaged.names()[1] / "history.json").write_text("{", encoding="ascii")
    run = feed({"a": samples.registered(A)})
    assert run.code == 0, run.output
    assert "history.json cannot be compared with: it is damaged" in said(run)
    assert run.fleet["history"]["baseline"]["name"] == first.names()[0]


def test_what_is_new_cannot_be_told_without_any_report_that_can_be_read(feed, stand):
    (name,) = feed({"a": samples.registered(A)}).names()
    (stand.reports / name / "history.json").write_text("{", encoding="ascii")
    run = feed({"a": samples.registered(A)}, *options(fail_on="high", fail_on_new=True))
    assert run.code == 2
    assert "What is new cannot be told, for no earlier report could be read" in said(run)
    assert (standings(run, "a"), run.fleet["history"]) == ([None], None)


def test_waivers_of_a_list_and_of_files_as_a_person_writes_them(feed, stand):
    (stand.path / "more.yml").write_text(
        "reclaim_waivers:\n"
        "  - selector: {rule: RC102, host: a}\n"
        "    reason: it is restarted on Sunday\n"
        "    by: dana\n"
        "    until: %s\n" % TODAY,
        encoding="ascii",
    )
    variables = stand.path / "vars.yml"
    variables.write_text(
        "fail_on: low\n"
        "waiver_files: [more.yml]\n"
        "waivers:\n"
        "  - {id: nobody, selector: {host: nobody}, reason: r, by: b, until: %s}\n" % TOMORROW,
        encoding="ascii",
    )
    run = feed({"a": samples.registered(samples.finding())}, "-e", "@%s" % variables)
    assert run.code == 0, run.output
    assert run.fleet["hosts"]["a"]["findings"][0]["waived"] == {
        "id": "#2", "by": "dana", "until": str(TODAY), "reason": "it is restarted on Sunday"
    }  # fmt: skip
    assert [(item["id"], item["state"]) for item in run.fleet["waivers"]] == [("nobody", "unused"), ("#2", "in-use")]
    assert "1 finding on 1 host: 1 high. 1 waived." in said(run)
    assert "Fits nothing here: waiver nobody" in said(run)


def test_an_expired_waiver_speaks_up(feed):
    fleet = {"a": samples.registered(samples.finding()), "b": samples.registered(B)}
    waivers = [waiver(selector={"rule": "RC102"}, until=YESTERDAY)]
    feed(fleet)
    run = feed(fleet, *options(fail_on="high", waivers=waivers))
    assert run.code == 2
    words = "The waiver old-table of dana expired after %s, and 1 finding that it covered is open again." % YESTERDAY
    assert said(run).count(words) == 2  # as a warning, and in the table
    assert "a finding of severity high or above on 1 host (a)" in said(run)
    assert (run.fleet["waivers"][0]["state"], run.fleet["summary"]["waived"]) == ("expired", 0)
    renewed = feed(fleet, *options(fail_on="high", waivers=[dict(waivers[0], until=str(TODAY))]))
    assert renewed.code == 0, renewed.output


def test_old_reports_are_deleted_and_no_more_than_that(feed, stand):
    feed({"a": samples.registered(A)}, *options(save_baseline="golden"))
    (stand.reports / "notes.txt").write_text("mine")
    for _again in range(2):
        run = feed({"a": samples.registered(A)}, *options(keep=2))
        assert run.code == 0, run.output
    reports = [name for name in run.names() if name != "notes.txt"]
    assert len(reports) == 2
    assert os.readlink(stand.reports / "latest") == reports[-1]
    assert (stand.reports / "baselines" / "golden.json").is_file()
    # What is known outlives the reports.
    shutil.rmtree(stand.reports / reports[0])
    run = feed({"a": samples.registered()}, *options(keep=1))
    assert resolved(run) == [("a", A["fingerprint"])]
    assert len(run.fleet["history"]["trend"]) == 4
