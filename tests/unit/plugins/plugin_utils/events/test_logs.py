# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log files that are written, rotated, truncated and made while they are followed."""

from __future__ import annotations

import os
import pathlib

from ansible_collections.netmend.reclaim.plugins.plugin_utils.events import logs
from ansible_collections.netmend.reclaim.plugins.plugin_utils.events.happening import MISSED, Happening
from ansible_collections.netmend.reclaim.plugins.plugin_utils.events.splitting import Splitter

ERROR = "Nov 30 19:36:22 h prog[7]: dial udp 192.0.2.%d:9: connect: network is unreachable\n"


class Followed:
    def __init__(self, path: pathlib.Path) -> None:
        self.told: list[Happening] = []
        self.log = logs.Log(str(path), self.told.append)

    def heard(self) -> list[object]:
        """The addresses that were told since the last time."""
        while self.log.read():
            pass
        found = [dict(item.subject).get("remote_addr", item.kind) for item in self.told]
        self.told.clear()
        return found


def write(path: pathlib.Path, *numbers: int) -> None:
    with path.open("a") as stream:
        stream.writelines(ERROR % number for number in numbers)


def test_what_was_there_before_is_not_told(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "log"
    write(path, 1)
    followed = Followed(path)
    write(path, 2, 3)
    assert followed.heard() == ["192.0.2.2", "192.0.2.3"]
    assert followed.heard() == []


def test_a_file_that_is_made_later_is_read_from_its_beginning(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "log"
    followed = Followed(path)
    assert followed.heard() == []
    write(path, 1)
    assert followed.heard() == ["192.0.2.1"]


def test_nothing_is_lost_when_it_is_rotated(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "log"
    write(path, 1)
    followed = Followed(path)
    path.rename(tmp_path / "log.1")
    write(tmp_path / "log.1", 2)
    assert followed.heard() == ["192.0.2.2"]
    write(tmp_path / "log.1", 3)  # its writer has not been told yet
    write(path, 4)
    assert followed.heard() == ["192.0.2.3", "192.0.2.4"]


def test_a_file_that_was_truncated_in_place_is_read_again(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "log"
    write(path, 1, 2, 3)
    followed = Followed(path)
    os.truncate(path, 0)
    write(path, 4)
    assert followed.heard() == ["192.0.2.4"]


def test_more_than_can_be_read_is_told(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "log"
    path.touch()
    followed = Followed(path)
    with path.open("r+b") as stream:
        stream.truncate(40 << 20)
        stream.seek(0, os.SEEK_END)
        stream.write(b"\n")
    write(path, 9)
    assert followed.heard() == [MISSED, "192.0.2.9"]


def test_lines_are_put_together_and_cut() -> None:
    splitter = Splitter(8)
    assert list(splitter.feed(b"abc")) == []
    assert list(splitter.feed(b"d\nefg\nh")) == [b"abcd", b"efg"]
    assert list(splitter.feed(b"0123456789")) == [b"h0123456"]
    assert list(splitter.feed(b"more of it\nnext\n")) == [b"next"]


def test_what_is_no_file_is_waited_for(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert Followed(tmp_path / "fifo").heard() == []
