# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import json
import os
import pathlib

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet
from ansible_collections.netmend.reclaim.plugins.module_utils.report.formats import FORMATS
from ansible_collections.netmend.reclaim.plugins.module_utils.report.names import file_names
from ansible_collections.netmend.reclaim.plugins.module_utils.report.store import StoreError
from ansible_collections.netmend.reclaim.plugins.module_utils.report.store import store as store_in
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

pytest.importorskip("jinja2")

NOON = datetime.datetime.fromtimestamp(samples.NOON, datetime.timezone.utc)


def store(directory, made, now, formats=None):
    return store_in(directory, made, now, formats or FORMATS)


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
    stored = store_in(str(tmp_path), made, NOON, FORMATS, {name: {"steps": [1]}})
    plans = pathlib.Path(stored.path) / "plans"
    assert os.listdir(plans) == [name + ".json"]
    assert json.loads((plans / (name + ".json")).read_text()) == {"steps": [1]}


def test_the_directory_s_name_is_in_utc(tmp_path):
    tokyo = NOON.astimezone(datetime.timezone(datetime.timedelta(hours=9)))
    assert os.path.basename(store(str(tmp_path), document(), tokyo).path) == "2025-11-24T080000Z"


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
        store(str(tmp_path), document(), NOON, {"index.html": full})
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
