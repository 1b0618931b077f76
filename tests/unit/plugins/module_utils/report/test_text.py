# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report.text import count, plain, short, utc


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("eth0", "eth0"),
        ("Zürich 東京", "Zürich 東京"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b31m", "\\x9b31m"),
        ("a\r\nb\tc\x00\x7f", "a\\r\\nb\\tc\\x00\\x7f"),
        ("\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\udcff", "\\udcff"),
        (7, "7"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, shown):
    assert plain(text) == shown


def test_long_text_is_bounded_and_says_so():
    assert plain("x" * 5000, 100) == "x" * 100 + "… (4900 more characters)"
    assert plain("x" * 100, 100) == "x" * 100


def test_short_never_exceeds_its_limit():
    for text in ("x" * 50, "\u202e" * 50, "x" * 10, ""):
        assert len(short(text, 10)) <= 10
    assert short("x" * 11, 10) == "x" * 9 + "…"


def test_counts_and_times():
    assert [count(0, "host"), count(1, "host"), count(1000, "host")] == ["0 hosts", "1 host", "1,000 hosts"]
    assert count(2, "thing", "things more") == "2 things more"
    assert count(2, "address") == "2 addresses"
    assert utc(1763971200.9) == "2025-11-24 08:00:00 UTC"
