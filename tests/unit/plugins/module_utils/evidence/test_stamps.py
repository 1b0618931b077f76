# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times as log lines print them, and the headers that they stand in."""

from __future__ import annotations

import datetime
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.header import split
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.stamps import stamp_at, unix_time

AT = 1764531382.662807


@pytest.fixture(autouse=True)
def berlin(monkeypatch):
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


CET = datetime.timezone(datetime.timedelta(hours=1))


def local(*parts: int) -> float:
    return datetime.datetime(*parts, tzinfo=CET).timestamp()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-11-30T19:36:22.662807168Z", AT),
        ("2025-11-30T20:36:22.662807168+01:00", AT),
        ("2025-11-30 14:36:22,662807 -0500", AT),
        ("2025/11/30 19:36:22.662807 UTC", AT),
        ("2025-11-30 20:36:22.662807", AT),
        ("1970-01-01T00:00:00Z", 0.0),
        ("1764531382.662807", AT),
        ("1764531382662", 1764531382.662),
        ("1764531382662807168", AT),
        ("2025-13-30T19:36:22Z", None),
        ("2025-11-30T19:36:22Zulu", None),
        ("2025-11-30", None),
        ("22", None),
        ("NaN", None),
        ("", None),
    ],
)
def test_times(text: str, expected: float | None) -> None:
    assert unix_time(text) == expected


@pytest.mark.parametrize(
    ("stamp", "written", "expected"),
    [
        ("Nov 30 19:36:22", local(2025, 12, 1), local(2025, 11, 30, 19, 36, 22)),
        ("Dec 31 23:59:59", local(2026, 1, 1), local(2025, 12, 31, 23, 59, 59)),
        ("Jan  1 00:00:00", local(2026, 1, 1), local(2026, 1, 1)),
        # after what the file was written last: of the year before
        ("Nov 30 19:36:22", local(2025, 11, 30, 19, 30), local(2024, 11, 30, 19, 36, 22)),
        # the clock of who wrote it is a moment ahead
        ("Nov 30 19:36:22", local(2025, 11, 30, 19, 36, 21), local(2025, 11, 30, 19, 36, 22)),
        ("Feb 29 12:00:00", local(2027, 6, 1), local(2024, 2, 29, 12)),
        ("Feb 30 12:00:00", local(2027, 6, 1), None),
        ("Nov 30 19:36:22", None, None),
        ("Nov 30 19:36:22", 1e300, None),
    ],
)
def test_a_stamp_without_a_year_is_of_the_last_one_before_the_file_was_written(stamp, written, expected) -> None:
    found = stamp_at(stamp, 0, written)
    assert found is not None
    assert found == (expected, len(stamp))


@pytest.mark.parametrize(
    ("text", "program", "pid", "moment"),
    [
        ("Nov 30 19:36:22 host a[12]: m", "a", 12, local(2025, 11, 30, 19, 36, 22)),
        ("<13>Nov 30 19:36:22 host a[12]: m", "a", 12, local(2025, 11, 30, 19, 36, 22)),
        ("Nov 30 19:36:22 host kernel: m", "kernel", None, local(2025, 11, 30, 19, 36, 22)),
        ("Nov 30 19:36:22 host postfix/smtp[12]: m", "postfix/smtp", 12, local(2025, 11, 30, 19, 36, 22)),
        ("2025-11-30T19:36:22.662807+00:00 host a[12]: m", "a", 12, AT),
        ("<34>1 2025-11-30T19:36:22.662807Z host a 12 ID47 - m", "a", 12, AT),
        ('<34>1 2025-11-30T19:36:22.662807Z host a 12 ID47 [x@1 k="v"][y@1 k="v"] \ufeffm', "a", 12, AT),
        ("<34>1 - - - - - - m", None, None, None),
        ("2025-11-30T19:36:22.662807Z stderr F m", None, None, AT),
        ("[2025-11-30T19:36:22.662807Z] m", None, None, AT),
        ("[1764531382.662807] m", None, None, AT),
        ("E1130 20:36:22.662807   12345 reflector.go:138] m", None, None, AT),
        ("E1330 20:36:22.662807   12345 reflector.go:138] m", None, None, None),
        ("12:M 30 Nov 2025 20:36:22.662 * m", None, 12, 1764531382.662),
        ("    12:20251130:203622.662 m", None, 12, 1764531382.662),
        ("Sun Nov 30 20:36:22 2025 m", None, None, 1764531382.0),
        ("30-Nov-2025 20:36:22.662 m", None, None, 1764531382.662),
        ("2016-06-15_08:06:06.86992 m", None, None, 1465977966.86992),
        ("2025-11-30T19:36:22.662807Z ERROR m", None, None, AT),
        ("m", None, None, None),
    ],
)
def test_headers(text, program, pid, moment) -> None:
    head = split(text, local(2025, 12, 1))
    assert (head.program, head.pid, head.time) == (program, pid, moment)
    assert head.message.replace("ERROR", "").lstrip("* ") == "m"


@pytest.mark.parametrize(
    "text",
    [
        "2025-11-30T19:36:22.662807Z ERROR hyper: m",
        "2025-11-30T19:36:22.662807Z host hyper::client: m",
        "2025-11-30 19:36:22 thread client: m",
        "2025-11-30 19:36:22 -0500: client: m",
        "[2025-11-30T19:36:22Z] a b[1]: m",
    ],
)
def test_what_a_program_prints_after_its_own_stamp_is_no_syslog_tag(text) -> None:
    head = split(text, None)
    assert (head.program, head.pid) == (None, None)
