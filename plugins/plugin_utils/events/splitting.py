# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bytes that come in pieces, as lines of a bounded length."""

from __future__ import annotations

import typing as t


class Splitter:
    """Of a line longer than ``limit`` the first bytes are kept; the rest of it is no line of its own."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._begun = b""
        self._skip = False

    def feed(self, data: bytes) -> t.Iterator[bytes]:
        """The lines that are whole now, without their ends."""
        parts = data.split(b"\n")
        for part in parts[:-1]:
            line, skip = self._begun + part, self._skip
            self._begun, self._skip = b"", False
            if not skip:
                yield line[: self._limit]
        if self._skip:
            return
        self._begun += parts[-1]
        if len(self._begun) > self._limit:
            yield self._begun[: self._limit]
            self._begun, self._skip = b"", True
