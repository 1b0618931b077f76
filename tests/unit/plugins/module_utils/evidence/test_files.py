# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log files with those that were rotated away beside them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shlex
import subprocess

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import files


def texts(*paths, budget=files.TAIL):
    unseen = []
    read = [line.text for line in files.every([str(path) for path in paths], unseen, budget)]
    return read, {item.what.rpartition("/")[2]: item.why for item in unseen}


@pytest.fixture
def log(tmp_path):
    """x with four generations, each of one line, each older than the one before."""
    path = tmp_path / "x"
    path.write_bytes(b"now\n")
    (tmp_path / "x.1").write_bytes(b"one\n")
    (tmp_path / "x.2.gz").write_bytes(gzip.compress(b"two\n"))
    (tmp_path / "x-20251130.xz").write_bytes(lzma.compress(b"three\n"))
    (tmp_path / "x-2025-11-29.bz2").write_bytes(bz2.compress(b"four\n"))
    for age, name in enumerate(("x", "x.1", "x.2.gz", "x-20251130.xz", "x-2025-11-29.bz2")):
        os.utime(tmp_path / name, (2000000 - age * 1000,) * 2)
    return path


def test_what_was_rotated_away_is_read_too_the_newest_first(log) -> None:
    assert texts(log) == (["now", "one", "two", "three", "four"], {})


def test_each_line_says_where_it_stands_and_the_command_shows_it(log, tmp_path) -> None:
    log.write_text("first\nit's here\n")
    odd = tmp_path / "a b%d"
    odd.write_text("odd\n")
    for line in files.every([str(log), str(odd)], []):
        assert line.source.kind == "log"
        assert line.source.line in (1, 2)
        shown = subprocess.run(["sh", "-c", line.command], stdout=subprocess.PIPE, text=True, check=True).stdout
        assert shown == line.text + "\n"
        assert line.written == os.stat(line.source.path).st_mtime
        assert shlex.quote(line.source.path) in line.command


def test_what_is_not_a_rotated_file_is_not_read(log, tmp_path) -> None:
    for name in ("x.log", "x.1.tmp", "xy", "x-notes", "y.1", "x.conf.1"):
        (tmp_path / name).write_text("other\n")
    (tmp_path / "x.3").mkdir()
    (tmp_path / "x.4").symlink_to(tmp_path / "y.1")
    assert texts(log)[0] == ["now", "one", "two", "three", "four"]


def test_no_file_is_read_twice(log, tmp_path) -> None:
    (tmp_path / "again").symlink_to(log)
    os.link(log, tmp_path / "x.5")
    assert texts(log, log, tmp_path / "again", tmp_path / "x.1")[0] == ["now", "one", "two", "three", "four"]


def test_one_budget_for_all_and_what_it_did_not_reach_is_told(tmp_path) -> None:
    (tmp_path / "x").write_text("%07d\n" * 10 % tuple(range(10)))
    (tmp_path / "x.1").write_text("old\n")
    read, unseen = texts(tmp_path / "x", budget=40)
    assert read == ["%07d" % number for number in range(6, 10)]  # the first is most likely the rest of a line
    assert unseen == {"x": "only its last 40 bytes were read", "x.1": "the budget of bytes for all logs was used up"}


def test_a_file_that_grows_when_it_is_unpacked_does_not_grow_beyond_the_budget(tmp_path) -> None:
    (tmp_path / "x.1.gz").write_bytes(gzip.compress(b"0" * (8 << 20)))
    (tmp_path / "x.2.gz").write_bytes(gzip.compress(b"line\n" * 100000))
    os.utime(tmp_path / "x.2.gz", (1, 1))
    read, unseen = texts(tmp_path / "x", budget=(8 << 20) + 500)
    assert [len(text) for text in read[:1]] == [files.LINE_LIMIT]
    assert read[1:] == ["line"] * 100
    assert unseen["x.2.gz"].startswith("only its beginning was read")
    assert unseen["x"] == "No such file or directory"


def test_what_cannot_be_read_is_told_and_the_others_are_read(log, tmp_path) -> None:
    (tmp_path / "x.3.zst").write_bytes(b"\x28\xb5\x2f\xfd" + b"0" * 20)
    (tmp_path / "x.4.lz4").write_bytes(b"\x04\x22M\x18" + b"0" * 20)
    (tmp_path / "x.5.gz").write_bytes(gzip.compress(b"cut\n" * 1000)[:-10])
    (tmp_path / "x.6.gz").write_bytes(b"\x1f\x8b" + b"0" * 20)
    (tmp_path / "x.7.xz").write_bytes(b"\xfd7zXZ\x00" + b"0" * 20)
    (tmp_path / "x.8.bz2").write_bytes(b"BZh9" + b"0" * 20)
    (tmp_path / "d").mkdir()
    read, unseen = texts(log, tmp_path / "absent", tmp_path / "d")
    assert {"now", "one", "two", "three", "four"} <= set(read)
    assert set(unseen) == {"absent", "d", "x.3.zst", "x.4.lz4", "x.5.gz", "x.6.gz", "x.7.xz", "x.8.bz2"}
    assert "zstd" in unseen["x.3.zst"]
    assert "not a regular file" in unseen["d"]


def test_compression_is_told_by_the_content(tmp_path) -> None:
    (tmp_path / "plain.gz").write_text("plain\n")
    (tmp_path / "packed").write_bytes(gzip.compress(b"packed\n"))
    assert texts(tmp_path / "plain.gz", tmp_path / "packed") == (["plain", "packed"], {})


def test_where_only_the_end_was_read_no_number_is_known(tmp_path) -> None:
    (tmp_path / "x").write_text("a\nb\nc\n")
    assert [line.source.line for line in files.lines(str(tmp_path / "x"))] == [1, 2, 3]
    assert [line.source.line for line in files.lines(str(tmp_path / "x"), tail=4)] == [None]
