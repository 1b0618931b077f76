# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.journal import Journal, Unwritable


@pytest.fixture
def journal(tmp_path: pathlib.Path) -> Journal:
    made = Journal(str(tmp_path))
    made.begin(who="me")
    return made


def kinds(journal: Journal) -> list[str]:
    return [record["record"] for record in journal.read()]


def test_records_come_back_in_order(journal: Journal) -> None:
    journal.append("doing", step=1, seen=["ä\udcff"])
    journal.append("done", step=1)
    begin, doing, done = journal.read()
    assert (begin["who"], doing["step"], done["record"]) == ("me", 1, "done")
    assert doing["seen"] == ["ä\\xff"]
    assert [record["record"] for record in journal.read("done", "begin")] == ["begin", "done"]


def test_a_name_that_starts_like_another_is_another(journal: Journal) -> None:
    journal.append("do")
    journal.append("doing")
    assert [record["record"] for record in journal.read("do")] == ["do"]


@pytest.mark.parametrize("torn", [b"{", b'{"record":"confirmed"', b'{"record":"confirmed","at":1}'])
def test_a_line_without_its_end_was_never_written(journal: Journal, torn: bytes) -> None:
    with open(journal.path, "ab") as stream:
        stream.write(torn)
    assert kinds(journal) == ["begin"]
    journal.append("applied")
    assert kinds(journal) == ["begin", "applied"]


def test_a_torn_line_of_any_length_is_found(journal: Journal) -> None:
    for size in (1, (1 << 16) - 1, 1 << 16, (1 << 16) + 1, 1 << 18):
        with open(journal.path, "ab") as stream:
            stream.write(b"x" * size)
        journal.append("note", size=size)
    assert [record["size"] for record in journal.read("note")] == [1, (1 << 16) - 1, 1 << 16, (1 << 16) + 1, 1 << 18]


def test_no_journal_is_no_records(tmp_path: pathlib.Path) -> None:
    journal = Journal(str(tmp_path))
    assert journal.read() == [] and journal.size() == 0


def test_what_cannot_be_written_is_told(tmp_path: pathlib.Path) -> None:
    journal = Journal(str(tmp_path / "none"))
    with pytest.raises(Unwritable, match="No such file or directory"):
        journal.begin()
    with pytest.raises(Unwritable, match="journal .* cannot be written"):
        journal.append("doing")
    assert journal.append_at_last("rolled-back") is False


def test_room_is_kept_for_the_last_records(journal: Journal, tmp_path: pathlib.Path) -> None:
    assert os.stat(tmp_path / "reserve").st_blocks * 512 >= 1 << 16
    assert journal.append_at_last("rolled-back")
    assert (tmp_path / "reserve").exists()  # it was not needed
    journal.settle()
    assert os.listdir(tmp_path) == ["journal"]
    journal.settle()
