# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of JSON values that are not trusted, and how larger ones are made of smaller ones. Pure.

A check takes a value and the words for where it stands, and raises ShapeError where it is not what it should be.
"""

from __future__ import annotations

import math
import typing as t

Check = t.Callable[[t.Any, str], None]

_END_OF_TIME = 253402300800.0
"""9999-12-31: what lies beyond has no date."""


class ShapeError(ValueError):
    """A value is not what it should be; the message says where and what was expected."""


def expect(good: bool, where: str, what: str) -> None:
    if not good:
        raise ShapeError("%s is not %s" % (where, what))


def text(value: t.Any, where: str) -> None:
    expect(isinstance(value, str), where, "text")


def flag(value: t.Any, where: str) -> None:
    expect(isinstance(value, bool), where, "true or false")


def count(value: t.Any, where: str) -> None:
    expect(isinstance(value, int) and not isinstance(value, bool) and value >= 0, where, "a count")


def seconds(value: t.Any, where: str) -> None:
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    expect(good and 0 <= value < _END_OF_TIME, where, "a time in seconds")


def mapping(value: t.Any, where: str) -> None:
    expect(isinstance(value, dict) and all(isinstance(name, str) for name in value), where, "an object")


def word(words: t.Sequence[str]) -> Check:
    def check(value: t.Any, where: str) -> None:
        expect(isinstance(value, str) and value in words, where, "one of %s" % ", ".join(words))

    return check


def maybe(inner: Check) -> Check:
    def check(value: t.Any, where: str) -> None:
        if value is not None:
            inner(value, where)

    return check


def each(inner: Check) -> Check:
    def check(value: t.Any, where: str) -> None:
        expect(isinstance(value, list), where, "a list")
        for number, item in enumerate(value):
            inner(item, "%s[%d]" % (where, number))

    return check


def values(inner: Check) -> Check:
    def check(value: t.Any, where: str) -> None:
        mapping(value, where)
        for item in value.values():
            inner(item, "a value of " + where)

    return check


def record(fields: t.Mapping[str, Check], closed: bool = False) -> Check:
    """All of these; others are let through, so that a newer host can be read, unless it is ``closed``."""

    def check(value: t.Any, where: str) -> None:
        mapping(value, where)
        for name, inner in fields.items():
            expect(name in value, where, "complete: %s is missing" % name)
            inner(value[name], "%s.%s" % (where, name))
        if closed:
            unknown = sorted(set(value) - set(fields))
            if unknown:
                raise ShapeError("%s has what nobody expects there: %s" % (where, ", ".join(map(repr, unknown[:3]))))

    return check
