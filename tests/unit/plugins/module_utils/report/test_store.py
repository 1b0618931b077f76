# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import json
import os
import pathlib
import threading

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, history
from ansible_collections.netmend.reclaim.plugins.module_utils.report.formats import Format, chosen
from ansible_collections.netmend.reclaim.plugins.module_utils.report.names import file_names
from ansible_collections.netmend.reclaim.plugins.module_utils.report.store import (
    StoreError,
    baseline,
    last,
    locked,
    prune,
    reports,
    save_baseline,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.report.store import store as store_in
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

pytest.importorskip("jinja2")

NOON = datetime.datetime.fromtimestamp(samples.NOON, datetime.timezone.utc)


def store(directory, made, now, formats=None):
    return store_in(directory, made, now, formats or chosen())


def document(results=None):
    return fleet.document(samples.fleet_of_few() if results is None else results, samples.NOON)


def test_a_report_is_complete_and_latest_points_at_it(tmp_path):
    made = document()
    stored = store(str(tmp_path / "new" / "reports"), made, NOON)
    path = pathlib.Path(stored.path)
    assert path == tmp_path / "new" / "reports" / "2025-11-24T080000Z"
    assert sorted(item.name for item in path.iterdir()) == ["fleet.json", "hosts", "index.html"]
    assert json.loads((path / "fleet.json").read_text()) == made
    for name, host in made["hosts"].items():
        assert json.loads((path / "hosts" / (name + ".json")).read_text()) == host
    assert os.readlink(stored.latest) == path.name
    assert os.listdir(path.parent) in (["latest", path.name], [path.name, "latest"])


def test_plans_stand_beside_the_hosts_under_the_same_names(tmp_path):
    made = document()
    name = sorted(made["hosts"])[0]
    stored = store_in(str(tmp_path), made, NOON, chosen(), {name: {"steps": [1]}})
    plans = pathlib.Path(stored.path) / "plans"
    assert os.listdir(plans) == [name + ".json"]
    assert json.loads((plans / (name + ".json")).read_text()) == {"steps": [1]}


def test_the_directory_s_name_is_in_utc(tmp_path):
    tokyo = NOON.astimezone(datetime.timezone(datetime.timedelta(hours=9)))
    assert os.path.basename(store(str(tmp_path), document(), tokyo).path) == "2025-11-24T080000Z"


def test_runs_at_once_know_of_each_other(tmp_path):
    """Each audits a host of its own; what they found is all known in the end, and each report is whole."""
    path = str(tmp_path / "reports")
    begin = threading.Barrier(6)
    wrong = []

    def run(number):
        try:
            begin.wait(60)
            with locked(path, 60) as problem:
                before = last(path)[0]
                past = before.past if before else None
                made = fleet.document({"host%d" % number: samples.registered(samples.litter(number))}, samples.NOON)
                known = history.state(history.compare(made, past, past), past)
                store_in(path, made, NOON, chosen(["json"]), None, known)
                wrong.extend([problem] if problem else [])
        except BaseException as error:
            wrong.append(error)
            raise

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == []
    names = reports(path)
    assert len(names) == 6
    assert sorted(
        host for name in names for host in json.loads((tmp_path / "reports" / name / "fleet.json").read_text())["hosts"]
    ) == ["host%d" % number for number in range(6)]
    assert os.readlink(os.path.join(path, "latest")) == names[-1]
    assert sorted(last(path)[0].past.hosts) == ["host%d" % number for number in range(6)]


def test_who_does_not_get_the_lock_says_so_and_goes_on(tmp_path):
    path = str(tmp_path)
    with locked(path) as problem, locked(path, 0) as second:
        assert (problem, "another run has been writing its report for 0 seconds" in second) == ("", True)
    with locked(path, 0) as third:
        assert third == ""


def test_a_directory_that_cannot_be_locked_is_no_problem_of_the_lock(tmp_path):
    (tmp_path / "file").write_text("")
    with locked(str(tmp_path / "file" / "reports"), 0) as problem:
        assert problem == ""


def test_runs_of_one_second_do_not_meet(tmp_path):
    (tmp_path / "2025-11-24T080000Z-2").write_text("a file of someone else")
    names = [os.path.basename(store(str(tmp_path), document({}), NOON).path) for _number in range(3)]
    assert names == ["2025-11-24T080000Z", "2025-11-24T080000Z-3", "2025-11-24T080000Z-4"]
    assert os.readlink(tmp_path / "latest") == names[-1]
    assert (tmp_path / "2025-11-24T080000Z-2").read_text() == "a file of someone else"


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_latest_that_is_no_link_is_left_alone_and_told(tmp_path, kind):
    latest = tmp_path / "latest"
    latest.mkdir() if kind == "directory" else latest.write_text("mine")
    stored = store(str(tmp_path), document(), NOON)
    assert stored.latest is None
    assert "something that is not a symbolic link has this name" in stored.problem
    assert latest.is_dir() if kind == "directory" else latest.read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["2025-11-24T080000Z", "latest"]


def test_where_links_cannot_be_made_the_report_is_there_and_it_is_told(tmp_path, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refuse)
    stored = store(str(tmp_path), document(), NOON)
    assert os.path.exists(os.path.join(stored.path, "index.html"))
    assert (stored.latest, stored.problem) == (
        None,
        "%s does not point at this report: Operation not permitted" % (tmp_path / "latest"),
    )


def test_a_directory_that_cannot_be_made_is_an_error_that_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/reports: Not a directory\. Set reclaim_report_dir to a directory"):
        store(str(tmp_path / "file" / "reports"), document(), NOON)


def test_what_fails_midway_leaves_nothing_behind(tmp_path):
    def full(_document):
        raise OSError(28, "No space left on device")

    store(str(tmp_path), document(), NOON)
    with pytest.raises(StoreError, match="No space left on device"):
        store(str(tmp_path), document(), NOON, {"html": Format("index.html", full)})
    assert sorted(os.listdir(tmp_path)) == ["2025-11-24T080000Z", "latest"]


def test_file_names_are_safe_and_apart():
    hosts = [
        *samples.HOSTILE, "..", ".", ".hidden", "../../etc/passwd", "/etc/passwd", "a/b", "Web1", "web1", "WEB1", "東京",
        "a%2Fb", "x" * 300, "x" * 300 + "y", "fe80::1%eth0",
    ]  # fmt: skip
    names = file_names(hosts)
    assert sorted(names) == sorted(hosts)
    assert len({name.lower() for name in names.values()}) == len(hosts)
    for name in names.values():
        assert name.isascii()
        assert name.isprintable()
        assert len(name) < 255
        assert "/" not in name
        assert not name.startswith(".")
        assert name.endswith(".json")


def test_an_ordinary_host_has_its_name():
    assert file_names(["web-1.example.net", "192.0.2.1"]) == {
        "web-1.example.net": "web-1.example.net.json",
        "192.0.2.1": "192.0.2.1.json",
    }


def test_hostile_hosts_are_stored(tmp_path):
    made = document(samples.hostile_fleet())
    path = pathlib.Path(store(str(tmp_path), made, NOON).path)
    stored = [json.loads(item.read_text()) for item in (path / "hosts").iterdir()]
    assert {item["name"] for item in stored} == set(made["hosts"])
    assert sorted(os.listdir(tmp_path)) == ["2025-11-24T080000Z", "latest"]
    assert (path / "fleet.json").read_text().isascii()


# Earlier reports, and baselines ---------------------------------------------------------------------------------------

HOUR = datetime.timedelta(hours=1)


def kept(directory, number=1):
    """That many reports, an hour apart; the names."""
    for hour in range(number):
        at = NOON + hour * HOUR
        made = fleet.document(samples.fleet_of_few(), at.timestamp())
        store_in(str(directory), made, at, chosen(), None, history.state(made, None))
    return reports(str(directory))


def test_the_last_report_is_read_from_what_is_known(tmp_path):
    names = kept(tmp_path, 3)
    known, wrong = last(str(tmp_path))
    assert (known.path, known.past.name, wrong) == (str(tmp_path / names[-1] / "history.json"), names[-1], [])
    assert known.past.generated == samples.NOON + 7200
    assert set(known.past.hosts) == {"dfw-mn-bm1", "edge1", "edge2", "edge3"}


def test_no_report_is_nothing_wrong(tmp_path):
    assert last(str(tmp_path)) == (None, [])
    assert last(str(tmp_path / "absent")) == (None, [])


def test_latest_tells_which_is_the_last_and_the_names_where_it_does_not(tmp_path):
    names = kept(tmp_path, 3)
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").symlink_to(names[0])
    assert last(str(tmp_path))[0].past.name == names[0]
    for broken in ("absent", "../elsewhere"):
        (tmp_path / "latest").unlink()
        (tmp_path / "latest").symlink_to(broken)
        assert last(str(tmp_path))[0].past.name == names[-1]


def test_a_damaged_report_is_told_and_the_one_before_is_taken(tmp_path):
    names = kept(tmp_path, 2)
    (tmp_path / names[1] / "history.json").write_text('{"schema": "1.0", "gen')
    known, (wrong,) = last(str(tmp_path))
    assert known.past.name == names[0]
    assert str(tmp_path / names[1] / "history.json") in wrong and "damaged" in wrong


def test_a_report_from_before_there_was_a_history(tmp_path):
    (name,) = kept(tmp_path)
    (tmp_path / name / "history.json").unlink()
    known, wrong = last(str(tmp_path))
    assert (known.path, wrong) == (str(tmp_path / name / "fleet.json"), [])
    assert set(known.past.hosts) == {"dfw-mn-bm1", "edge1", "edge2", "edge3"}


def test_reports_of_one_second_are_in_their_order(tmp_path):
    for number in (10, 2, 9):
        (tmp_path / ("2025-11-24T080000Z-%d" % number)).mkdir()
    (tmp_path / "2025-11-24T080000Z").mkdir()
    assert [name.partition("Z")[2] for name in reports(str(tmp_path))] == ["", "-2", "-9", "-10"]


def test_a_baseline_is_found_by_its_name_and_a_report_by_its_path(tmp_path, monkeypatch):
    (name,) = kept(tmp_path)
    known = json.loads((tmp_path / name / "history.json").read_text())
    for _again in range(2):
        path = save_baseline(str(tmp_path), "golden", known)
    assert path == str(tmp_path / "baselines" / "golden.json")
    assert os.listdir(tmp_path / "baselines") == ["golden.json"]
    found = baseline(str(tmp_path), "golden")
    assert (found.path, found.past.name, found.past.generated) == (path, "golden", samples.NOON)
    monkeypatch.chdir(tmp_path)
    for wanted in (name, str(tmp_path / name), "%s/fleet.json" % name, "latest", "baselines/golden.json"):
        assert set(baseline(str(tmp_path), wanted).past.hosts) == set(found.past.hosts)
    assert baseline(str(tmp_path), "%s/history.json" % name).past.name == name


def test_a_baseline_that_is_not_there_is_told_with_those_that_are(tmp_path):
    with pytest.raises(StoreError, match="There is no baseline gold: neither a saved one \\(none is saved in "):
        baseline(str(tmp_path), "gold")
    (name,) = kept(tmp_path)
    save_baseline(str(tmp_path), "golden", json.loads((tmp_path / name / "history.json").read_text()))
    with pytest.raises(StoreError, match=r"neither a saved one \(golden\) nor a report at /"):
        baseline(str(tmp_path), "gold")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "7.0"}', "[" * 100000, '{"schema": "1.2", "summary": {}}']
)
def test_a_baseline_of_something_else_is_refused(tmp_path, text):
    (tmp_path / "it.json").write_text(text)
    with pytest.raises(StoreError, match="it.json cannot be compared with: it is damaged, or something else"):
        baseline(str(tmp_path), str(tmp_path / "it.json"))


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", "/etc/x", ".hidden", "a\x00b", "a b", "x" * 65, "a\n"])
def test_a_baseline_s_name_leads_nowhere(tmp_path, name):
    with pytest.raises(StoreError, match="is no name for it"):
        save_baseline(str(tmp_path / "reports"), name, {})
    assert os.listdir(tmp_path) == []


def test_a_baseline_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "baselines").write_text("")
    with pytest.raises(StoreError, match=r"The baseline cannot be saved: .*/baselines/x\.json: "):
        save_baseline(str(tmp_path), "x", {})


# Old reports ----------------------------------------------------------------------------------------------------------


def test_only_old_reports_are_deleted(tmp_path):
    names = kept(tmp_path, 5)
    save_baseline(str(tmp_path), "golden", {})
    assert prune(str(tmp_path), 0) == ([], "")
    assert prune(str(tmp_path), 2) == (names[:3], "")
    assert sorted(os.listdir(tmp_path)) == [*names[3:], "baselines", "latest"]
    assert prune(str(tmp_path), 2) == ([], "")


def test_what_a_link_points_at_and_what_is_spared_is_kept(tmp_path):
    names = kept(tmp_path, 5)
    (tmp_path / "release").symlink_to(names[0])
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").symlink_to(names[1])
    assert prune(str(tmp_path), 1, [str(tmp_path / names[2])]) == ([names[3]], "")


def test_what_only_has_the_name_of_a_report_is_left_alone(tmp_path):
    outside = tmp_path / "outside"
    kept(outside)
    (source,) = reports(str(outside))
    directory = tmp_path / "reports"
    names = kept(directory, 1)
    (directory / "2020-01-01T000000Z").mkdir()
    (directory / "2020-01-01T000000Z" / "thesis.txt").write_text("mine")
    (directory / "2020-01-02T000000Z").write_text("a file")
    (directory / "2020-01-03T000000Z").symlink_to(outside / source)
    (directory / "2020-01-04T000000Z" / "hosts").mkdir(parents=True)
    (directory / "2020-01-04T000000Z" / "fleet.json").symlink_to(outside / source / "fleet.json")
    before = sorted(os.listdir(directory))
    assert prune(str(directory), 1) == ([], "")
    assert sorted(os.listdir(directory)) == before
    assert names[0] in before


def test_no_link_in_a_report_is_followed(tmp_path):
    directory = tmp_path / "reports"
    names = kept(directory, 2)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("mine")
    (directory / names[0] / "hosts" / "link").symlink_to(tmp_path / "precious")
    assert prune(str(directory), 1) == ([names[0]], "")
    assert (tmp_path / "precious" / "file").read_text() == "mine"


def test_what_cannot_be_deleted_is_told(tmp_path, monkeypatch):
    names = kept(tmp_path, 2)

    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("shutil.rmtree", refuse)
    gone, problem = prune(str(tmp_path), 1)
    assert gone == [names[0]]
    assert problem.startswith("Old reports were not all deleted: ") and problem.endswith(": Permission denied")
