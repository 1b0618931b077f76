# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is what a host sent back an audit's result? A host is not trusted: the formats rely on what is checked here. Pure."""

from __future__ import annotations

import json
import math
import typing as t

from ..rules.base import CONFIDENCES, SEVERITIES

_Check = t.Callable[[t.Any, str], None]

_END_OF_TIME = 253402300800.0
"""9999-12-31: what lies beyond has no date."""


class ShapeError(ValueError):
    """A value is not what it should be; the message says where and what was expected."""


def audit(value: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The result of audit_info in plain JSON values, without what Ansible adds to it.

    Raises ShapeError.
    """
    try:
        plain = json.loads(json.dumps({key: value[key] for key in _AUDIT if key in value}, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ShapeError("the result is not JSON: %s" % error) from None
    _record(_AUDIT)(plain, "result")
    return t.cast("t.Dict[str, t.Any]", plain)


def _expect(good: bool, where: str, what: str) -> None:
    if not good:
        raise ShapeError("%s is not %s" % (where, what))


def _text(value: t.Any, where: str) -> None:
    _expect(isinstance(value, str), where, "text")


def _flag(value: t.Any, where: str) -> None:
    _expect(isinstance(value, bool), where, "true or false")


def _count(value: t.Any, where: str) -> None:
    _expect(isinstance(value, int) and not isinstance(value, bool) and value >= 0, where, "a count")


def _seconds(value: t.Any, where: str) -> None:
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    _expect(good and 0 <= value < _END_OF_TIME, where, "a time in seconds")


def _object(value: t.Any, where: str) -> None:
    _expect(isinstance(value, dict), where, "an object")


def _word(words: t.Sequence[str]) -> _Check:
    def check(value: t.Any, where: str) -> None:
        _expect(value in words, where, "one of %s" % ", ".join(words))

    return check


def _maybe(inner: _Check) -> _Check:
    def check(value: t.Any, where: str) -> None:
        if value is not None:
            inner(value, where)

    return check


def _each(inner: _Check) -> _Check:
    def check(value: t.Any, where: str) -> None:
        _expect(isinstance(value, list), where, "a list")
        for number, item in enumerate(value):
            inner(item, "%s[%d]" % (where, number))

    return check


def _values(inner: _Check) -> _Check:
    def check(value: t.Any, where: str) -> None:
        _object(value, where)
        for item in value.values():
            inner(item, "a value of " + where)

    return check


def _record(fields: t.Mapping[str, _Check]) -> _Check:
    """All of these; others are let through, so that a newer host can be read."""

    def check(value: t.Any, where: str) -> None:
        _object(value, where)
        for name, inner in fields.items():
            _expect(name in value, where, "complete: %s is missing" % name)
            inner(value[name], "%s.%s" % (where, name))

    return check


_OWNER = _record(
    {
        "name": _text,
        "alive": _maybe(_flag),
        "known_by": _text,
        "unit": _maybe(_text),
        "process": _maybe(_record({"pid": _count, "name": _text})),
    }
)

_FINDING = _record(
    {
        "rule": _text,
        "name": _text,
        "severity": _word(SEVERITIES),
        "confidence": _word(CONFIDENCES),
        "object": _record({"kind": _text, "selector": _object}),
        "count": _count,
        "samples": _each(_text),
        "cause": _text,
        "evidence": _each(_record({"source": _text, "observed": _text, "command": _text})),
        "owner": _maybe(_OWNER),
        "remedy": _each(_record({"op": _text, "args": _object, "command": _text})),
        "advice": _text,
        "details": _object,
        "fingerprint": _text,
        "first_seen": _maybe(_seconds),
        "last_seen": _maybe(_seconds),
    }
)

_AUDIT: t.Dict[str, _Check] = {
    "schema": _text,
    "host": _record({"hostname": _text, "kernel": _text, "boot_id": _maybe(_text)}),
    "started": _seconds,
    "seconds": _seconds,
    "netns": _maybe(_text),
    "rules": _each(_text),
    "findings": _each(_FINDING),
    "summary": _record(dict(dict.fromkeys(SEVERITIES, _count), total=_count, by_rule=_values(_count), omitted=_count)),
    "unseen": _each(_record({"what": _text, "why": _text})),
    "unsteady": _each(_text),
    "snapshot": _record({"generation": _text, "counts": _values(_count)}),
}
