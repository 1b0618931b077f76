# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that comes from the host, made safe to show on one line of a terminal, a log or a report."""

from __future__ import annotations

import typing as t

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
ELLIPSIS = "…"


def clean(text: t.Union[str, bytes], limit: int) -> str:
    """At most ``limit`` (1 or more) printable characters of ``text``; where it was cut, the last one is an ellipsis.

    What Unicode does not call printable (control characters, bidirectional overrides, zero-width and unassigned
    characters, line separators) and bytes that are no UTF-8 become backslash escapes: ``\\n``, ``\\x1b``, ``\\u202e``.
    An escape is never cut in half. A backslash itself is kept, so the result is for reading, not for decoding.
    """
    if isinstance(text, bytes):
        # A character has at most four bytes, so this many always overflow the limit where there are more.
        text = text[: 4 * limit + 4].decode("utf-8", "surrogateescape")
    if len(text) <= limit and text.isprintable():
        return text
    parts: t.List[str] = []
    used = 0
    for character in text:
        part = character if character.isprintable() else _escape(character)
        if used + len(part) > limit:
            while parts and used > limit - len(ELLIPSIS):
                used -= len(parts.pop())
            return "".join(parts) + ELLIPSIS
        parts.append(part)
        used += len(part)
    return "".join(parts)


def _escape(character: str) -> str:
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # a byte that os.fsdecode could not decode
        number -= 0xDC00
    if character in _SHORT:
        return _SHORT[character]
    if number < 0x100:
        return "\\x%02x" % number
    return "\\u%04x" % number if number < 0x10000 else "\\U%08x" % number
