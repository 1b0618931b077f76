# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results that stay small and clean whatever the host holds. Pure."""

from __future__ import annotations

import itertools
import json
import typing as t

from .text import clean

RESULT_BYTES = 200 * 1000
"""What a module's structured result should stay below: decoding costs about a second per megabyte and host."""
LARGEST_RESULT_BYTES = 1000 * 1000
"""What no result may exceed."""

WHOLE = ("plan",)
"""Parts of a result that are worthless when they are cut. They bound themselves, and their bulk is in few long texts."""

_FORMS = ((4000, 200), (1000, 50), (250, 20), (80, 8), (20, 2))
"""Characters of a text and entries of a list, fewer and fewer until a value fits."""
_NAMES = 8
"""Entries that an object keeps at least: records of fewer fields keep all of them."""
_DEPTH = 5
"""Levels of lists and objects that are kept where anything has to go."""


def size_of(value: t.Any) -> int:
    """Bytes of a value as JSON."""
    return len(json.dumps(value))


def take(
    items: t.Iterable[t.Any],
    limit: int,
    show: t.Callable[[t.Any], t.Any] | None = None,
    most_bytes: int = RESULT_BYTES,
) -> t.Tuple[t.List[t.Any], int]:
    """The first items that fit the limit and the size, as ``show`` shows them, and how many there are in all."""
    taken: t.List[t.Any] = []
    total = used = 0
    full = limit <= 0
    for item in items:
        total += 1
        if full:
            continue
        shown = item if show is None else show(item)
        used += size_of(shown)
        if used > most_bytes and taken:
            full = True
            continue
        taken.append(shown)
        full = len(taken) >= limit
    return taken, total


def shortened(value: t.Any, most_bytes: int) -> t.Any:
    """The value where it fits the size, and where it is a number. Else one of the same type that fits: without the ends of
    its longest texts, lists and objects, and where that is not enough, empty. A text that was cut ends in an ellipsis."""
    if size_of(value) <= most_bytes or not isinstance(value, (str, list, dict)):
        return value
    for characters, entries in _FORMS:
        less = _less(value, characters, entries, _DEPTH)
        if size_of(less) <= most_bytes:
            return less
    return type(value)()


def _less(value: t.Any, characters: int, entries: int, depth: int) -> t.Any:
    if isinstance(value, str):
        return clean(value, characters) if len(value) > characters else value
    if not isinstance(value, (dict, list)):
        return value
    if depth == 0:
        return type(value)()
    if isinstance(value, list):
        return [_less(item, characters, entries, depth - 1) for item in value[:entries]]
    kept = itertools.islice(value.items(), max(entries, _NAMES))
    return {_less(name, characters, 0, 0): _less(item, characters, entries, depth - 1) for name, item in kept}


def bounded_result(result: t.Mapping[str, t.Any], most_bytes: int = LARGEST_RESULT_BYTES) -> t.Dict[str, t.Any]:
    """The result with text that can be encoded, cut to the size that no result may exceed. ``WHOLE`` does not count.

    The largest of its values loses half until all fits: a list its second half, anything else, and a list of one item, the
    ends of what is in it. ``cut`` then maps the value's name to how many items it had, or bytes where it is no list.
    """
    bounded = t.cast(t.Dict[str, t.Any], encodable(result))
    cut: t.Dict[str, int] = {}
    while True:
        sizes = {name: size_of(value) for name, value in bounded.items() if name not in WHOLE}
        # Each with its quoted name, a colon, a comma and two spaces.
        if not sizes or sum(sizes.values()) + sum(size_of(name) + 4 for name in sizes) <= most_bytes:
            return bounded
        name = max(sizes, key=lambda one: (sizes[one], one))
        value = bounded[name]
        many = isinstance(value, list) and len(value) > 1
        less = value[: len(value) // 2] if many else shortened(value, sizes[name] // 2)
        if size_of(less) >= sizes[name]:
            return bounded  # nothing is left that could be cut
        cut.setdefault(name, len(value) if isinstance(value, list) else sizes[name])
        bounded[name] = less
        bounded["cut"] = cut


def encodable(value: t.Any) -> t.Any:
    """The same value with text that every JSON reader takes: bytes that were no UTF-8 are shown as ``\\xff``."""
    if isinstance(value, str):
        return _encodable_text(value)
    if isinstance(value, t.Mapping):
        return {encodable(name): encodable(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encodable(item) for item in value]
    return value


def _encodable_text(text: str) -> str:
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        pass
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # surrogates that stand for no byte
        return text.encode("utf-8", "backslashreplace").decode()
    return raw.decode("utf-8", "backslashreplace")
