# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import threading

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report.textfile import TextfileError, write


def test_it_replaces_what_is_there_for_others_to_read(tmp_path):
    path = tmp_path / "a.prom"
    mask = os.umask(0o077)
    try:
        assert write(str(path), "old\n") == str(path)
        write(str(path), "new\n")
    finally:
        os.umask(mask)
    assert path.read_text() == "new\n"
    assert path.stat().st_mode & 0o7777 == 0o644
    assert os.listdir(tmp_path) == ["a.prom"]


def test_who_reads_meanwhile_reads_all_of_it(tmp_path):
    path = tmp_path / "a.prom"
    texts = {letter * 200_000 + "\n" for letter in "ab"}
    write(str(path), min(texts))
    ended = threading.Event()

    def change():
        for _time in range(50):
            for text in texts:
                write(str(path), text)
        ended.set()

    writer = threading.Thread(target=change)
    writer.start()
    reads = 0
    while not ended.is_set():
        assert path.read_text() in texts
        reads += 1
    writer.join()
    assert reads


@pytest.mark.parametrize("kind", ["link", "dangling", "directory", "fifo"])
def test_nothing_but_a_file_is_replaced(tmp_path, kind):
    path, other = tmp_path / "a.prom", tmp_path / "other"
    if kind == "link":
        other.write_text("mine")
        path.symlink_to(other)
    elif kind == "dangling":
        path.symlink_to(other)
    elif kind == "directory":
        path.mkdir()
    else:
        os.mkfifo(path)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(TextfileError, match=r"a\.prom is there and is no regular file"):
        write(str(path), "x\n")
    assert sorted(os.listdir(tmp_path)) == before
    assert kind != "link" or other.read_text() == "mine"


def test_a_directory_that_is_not_there_is_told_with_what_to_do(tmp_path):
    with pytest.raises(
        TextfileError, match=r"No such file or directory\. Set reclaim_prometheus_textfile to a file in"
    ):
        write(str(tmp_path / "none" / "a.prom"), "x\n")


def test_what_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.prom"
    write(str(path), "old\n")
    with pytest.raises(UnicodeEncodeError):
        write(str(path), "\ud800")
    assert os.listdir(tmp_path) == ["a.prom"]
    assert path.read_text() == "old\n"
