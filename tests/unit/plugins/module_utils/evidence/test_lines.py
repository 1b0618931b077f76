# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log files and the journal, read as lines."""

from __future__ import annotations

import os

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import files, journal
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.errors import errno_in
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.line import LINE_LIMIT, writer


@pytest.mark.parametrize(
    ("text", "pid"),
    [
        ("Nov 30 19:36:22 host doublezerod[1027617]: {}", 1027617),
        ("2025-11-30T19:36:22Z host a/b.c[7]: x", 7),
        ("no header [12]: x", None),
        ('{"msg":"' + "x" * 300 + ' tag[5]: "}', None),
        ("", None),
    ],
)
def test_the_writer_is_in_the_header(text, pid) -> None:
    assert writer(text) == pid


def test_only_the_end_of_a_file_is_read(tmp_path) -> None:
    log = tmp_path / "log"
    log.write_text("".join("a[%d]: line\n" % number for number in range(1000)))
    assert [line.pid for line in files.lines(str(log), tail=60)] == [996, 997, 998, 999]
    assert len(list(files.lines(str(log)))) == 1000


def test_what_follows_a_cut_is_no_line(tmp_path) -> None:
    log = tmp_path / "log"
    log.write_text("x" * LINE_LIMIT + "forged[1]: x\nafter[2]: x\n")
    assert [line.pid for line in files.lines(str(log))] == [None, 2]


def test_bytes_that_are_no_text(tmp_path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\xff\xfe\x00d[3]: x\n")
    assert [line.pid for line in files.lines(str(log))] == [3]


def test_only_regular_files(tmp_path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(ValueError, match="is not a regular file"):
        list(files.lines(str(fifo)))
    with pytest.raises(FileNotFoundError):
        list(files.lines(str(tmp_path / "absent")))


def test_journal_entries() -> None:
    read = journal.entry
    line = read(b'{"MESSAGE":"hello","_PID":"12","__REALTIME_TIMESTAMP":"1764531382662807"}')
    assert (line.text, line.pid, line.time) == ("hello", 12, pytest.approx(1764531382.662807))
    raw = read(b'{"MESSAGE":[104,255],"__REALTIME_TIMESTAMP":"0"}')
    assert (raw.text, raw.pid) == ("h\ufffd", None)
    for broken in (
        b"",
        b"{}",
        b"[]",
        b'{"MESSAGE":null,"__REALTIME_TIMESTAMP":"0"}',
        b'{"MESSAGE":[1e9],"__REALTIME_TIMESTAMP":"0"}',
    ):
        assert read(broken) is None


def test_a_host_without_journal_says_so(monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(journal.NoJournal, match="no journalctl"):
        list(journal.lines("x.service", 15))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("write udp 0.0.0.0:44880->216.238.110.55:44880: sendmsg: network is unreachable", "ENETUNREACH"),
        ("sendto: Network is unreachable", "ENETUNREACH"),
        ("route ip+net: no such network interface", "ENODEV"),
        ('interface "doublezero0" not found', "ENODEV"),
        ("bind: Cannot assign requested address", "EADDRNOTAVAIL"),
        ("connect: No route to host", "EHOSTUNREACH"),
        ("connection refused", None),
        ("file not found", None),
    ],
)
def test_errors_by_their_words(text, name) -> None:
    assert errno_in(text) == name
