# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.running import run


def test_what_ends_well_has_nothing_to_say() -> None:
    assert run(["true"], 10) is None
    assert run(["sh", "-c", "echo much; exit 0"], 10) is None


def test_what_fails_says_what_it_said_on_one_clean_line() -> None:
    assert run(["sh", "-c", "printf 'a\\033[1m\\nb' >&2; exit 3"], 10) == (
        "sh -c printf 'a\\033[1m\\nb' >&2; exit 3 ended with status 3: a\\x1b[1m\\nb"
    )


def test_a_signal_is_a_failure() -> None:
    assert "status -15" in str(run(["sh", "-c", "kill $$"], 10))


def test_what_is_not_there_is_told() -> None:
    assert "cannot be run" in str(run(["/no/such/program"], 10))
    assert "cannot be run" in str(run(["a\0b"], 10))


def test_no_shell_sees_it(tmp_path: pathlib.Path) -> None:
    run(["echo", "$(touch %s)" % (tmp_path / "made")], 10)
    assert os.listdir(tmp_path) == []


def test_output_without_end_is_bounded() -> None:
    words = run(["sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x; exit 1"], 60)
    assert words is not None and len(words) < 1500


def test_what_does_not_end_is_ended_with_all_that_it_started(tmp_path: pathlib.Path) -> None:
    words = run(["sh", "-c", "sleep 300 & echo $! >%s/pid; echo so far; wait" % tmp_path], 1)
    assert words is not None and "did not end within 1 seconds: so far" in words
    pid = (tmp_path / "pid").read_text().strip()
    give_up = time.monotonic() + 60
    while not _ended(pid):
        assert time.monotonic() < give_up


def test_a_service_that_keeps_the_output_open_is_not_waited_for(tmp_path: pathlib.Path) -> None:
    assert run(["sh", "-c", "sleep 300 & echo $! >%s/pid" % tmp_path], 100) is None
    pid = (tmp_path / "pid").read_text().strip()
    assert not _ended(pid)
    os.kill(int(pid), 9)


@pytest.mark.parametrize("argv", [["sh", "-c", "exec >&- 2>&-; sleep 0.2; exit 4"]])
def test_what_closes_its_output_is_waited_for(argv: list[str]) -> None:
    assert "status 4" in str(run(argv, 10))


def _ended(pid: str) -> bool:
    """Gone, or dead and not yet buried by its new parent."""
    try:
        return pathlib.Path("/proc/%s/stat" % pid).read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
