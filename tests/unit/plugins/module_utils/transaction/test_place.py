# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction import place as module
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.place import Held, Place, held, is_held


@pytest.fixture
def place(tmp_path: pathlib.Path) -> Place:
    made = Place(str(tmp_path / "state"))
    made.make()
    return made


def test_a_namespace_has_a_directory_of_its_own(tmp_path: pathlib.Path) -> None:
    made = Place(str(tmp_path / "a" / "state"), "blue")
    made.make()
    made.make()
    assert made.path == str(tmp_path / "a" / "state" / "netns-blue")
    for path in (tmp_path / "a" / "state", tmp_path / "a" / "state" / "netns-blue"):
        assert path.stat().st_mode & 0o777 == 0o700


def test_a_relative_directory_is_refused() -> None:
    with pytest.raises(ValueError, match="'state' is not an absolute path"):
        Place("state")


def test_a_directory_that_is_not_there_is_safe(tmp_path: pathlib.Path) -> None:
    place = Place(str(tmp_path / "none"))
    place.check()
    assert place.ids() == [] and not (tmp_path / "none").exists()


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o1700])
def test_a_directory_that_others_may_enter_is_refused(place: Place, mode: int) -> None:
    os.chmod(place.path, mode)
    with pytest.raises(ValueError, match="has mode %04o, not 0700.*Nothing was changed" % mode):
        place.make()


def test_a_directory_below_one_that_others_may_write_to_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(ValueError, match="open is writable by others"):
        Place(str(tmp_path / "open" / "state")).make()


def test_a_link_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "state").symlink_to("real")
    with pytest.raises(ValueError, match="is a symbolic link"):
        Place(str(tmp_path / "state")).make()


def test_a_file_in_its_place_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(ValueError, match="is not a directory"):
        Place(str(tmp_path / "state")).make()


def test_ids_are_newest_first_also_where_the_clock_goes_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for now in (1_800_000_000, 1_800_000_000, 1_700_000_000, 1_800_000_100, 5):
        monkeypatch.setattr(module.time, "time", lambda now=now: now)
        made.append(place.new())
    assert len(set(made)) == 5
    assert place.ids() == made[::-1]
    os.mkdir(os.path.join(place.path, "netns-other"))
    assert place.ids() == made[::-1]


@pytest.mark.parametrize(
    "identifier", ["", "..", "../x", "20260501T120000Z-4f2a91/..", "20260501T120000Z-4f2a91\n", "lock"]
)
def test_what_is_no_id_is_no_path(place: Place, identifier: str) -> None:
    with pytest.raises(ValueError, match="is none; expected one like"):
        place.directory(identifier)


def test_a_lock_is_one_s_alone_and_ends_with_it(place: Place) -> None:
    path = os.path.join(place.path, "lock")
    assert not is_held(path)
    with place.locked():
        assert is_held(path)
        with pytest.raises(Held, match="lock is held by another process"), held(path, 0.05):
            raise AssertionError("it was not held")
    assert not is_held(path)
    with place.locked():
        pass


def test_a_lock_ends_with_a_process_that_is_killed(place: Place) -> None:
    path = os.path.join(place.path, "lock")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with held(path, 0):
            os.write(writing, b"x")
            os.kill(os.getpid(), 9)
    os.read(reading, 1)
    os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)
    assert not is_held(path)
