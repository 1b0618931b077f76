# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.text import clean


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("doublezerod", 15, "doublezerod"),
        ("été ☃", 15, "été ☃"),
        ("", 5, ""),
        ("a\nb\tc\rd", 20, "a\\nb\\tc\\rd"),
        ("\x1b[31mred", 20, "\\x1b[31mred"),
        ("\x00\x7f\x9b", 20, "\\x00\\x7f\\x9b"),
        ("exe\u202efdp", 20, "exe\\u202efdp"),
        ("\u2066x\u2069\u200f\u061c", 60, "\\u2066x\\u2069\\u200f\\u061c"),
        ("a\u2028b", 20, "a\\u2028b"),
        ("zero\u200bwidth", 20, "zero\\u200bwidth"),
        ("\U000e0041", 20, "\\U000e0041"),
        (b"caf\xc3\xa9", 20, "café"),
        (b"\xff\xfe", 20, "\\xff\\xfe"),
        (os.fsdecode(b"a\x80"), 20, "a\\x80"),
        ("\ud800", 20, "\\ud800"),
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        (b"abcdefg", 6, "abcde…"),
        ("abc\x1bdef", 6, "abc…"),  # an escape is whole or absent
        ("ab\x1b", 6, "ab\\x1b"),
        ("\x1b\x1b", 3, "…"),
        ("xy", 1, "…"),
        ("☃".encode() * 10, 4, "☃☃☃…"),
        (b"C:\\x", 10, "C:\\x"),
    ],
)
def test_clean(text: str | bytes, limit: int, expected: str) -> None:
    assert clean(text, limit) == expected


def test_any_text_becomes_one_printable_bounded_line() -> None:
    hypothesis = pytest.importorskip("hypothesis")
    strategies = hypothesis.strategies

    everything = strategies.text(strategies.characters(), max_size=50) | strategies.binary(max_size=200)

    @hypothesis.given(everything, strategies.integers(1, 60))
    def holds(text: str | bytes, limit: int) -> None:
        shown = clean(text, limit)
        assert shown.isprintable()
        assert len(shown) <= limit
        shown.encode("utf-8")
        if isinstance(text, str) and text.isprintable() and len(text) <= limit:
            assert shown == text

    holds()


def test_a_long_text_is_not_walked_to_its_end() -> None:
    seen = []

    class Counting(str):
        def __iter__(self):  # type: ignore[no-untyped-def]
            for character in str.__iter__(self):
                seen.append(character)
                yield character

    assert clean(Counting("\x01" * 1000), 8) == "\\x01…"
    assert len(seen) < 10
