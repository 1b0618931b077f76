# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results that stay small and clean whatever the host holds. Pure."""

from __future__ import annotations

import json
import typing as t

RESULT_BYTES = 200 * 1000
"""What a module's structured result should stay below: decoding costs about a second per megabyte and host."""
LARGEST_RESULT_BYTES = 1000 * 1000
"""What no result may exceed."""

WHOLE = ("plan",)
"""Parts of a result that are worthless when they are cut. They bound themselves, and their bulk is in few long texts."""


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


def bounded_result(result: t.Mapping[str, t.Any], most_bytes: int = LARGEST_RESULT_BYTES) -> t.Dict[str, t.Any]:
    """The result with text that can be encoded, cut to the size that no result may exceed. ``WHOLE`` does not count.

    The largest of its lists loses its second half until all fits; ``cut`` then maps the list's name to how many items
    it had.
    """
    bounded = t.cast(t.Dict[str, t.Any], encodable(result))
    cut: t.Dict[str, int] = {}
    while size_of({name: value for name, value in bounded.items() if name not in WHOLE}) > most_bytes:
        lists = [(size_of(value), name) for name, value in bounded.items() if isinstance(value, list) and value]
        if not lists:
            break
        name = max(lists)[1]
        cut.setdefault(name, len(bounded[name]))
        bounded[name] = bounded[name][: len(bounded[name]) // 2]
        bounded["cut"] = cut
    return bounded


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
