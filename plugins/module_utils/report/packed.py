# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pieces of the page that are rarely looked at, packed small: the page's script unpacks them when they are opened. Pure.

What thousands of findings say is nearly the same, so it packs to a twentieth; and a browser that need not lay it out opens the
page at once.
"""

from __future__ import annotations

import base64
import itertools
import json
import typing as t
import zlib

CHUNK = 200
"""Pieces that are packed together; page.js knows the number from the page."""
ROOM = 3 * 1024 * 1024
"""Characters that all chunks may take. Of what does not fit the page says where it is."""


def pack(pieces: t.Iterable[str], room: int = ROOM) -> t.List[str]:
    """Chunks of the first pieces, as many as fit into so many characters: JSON lists, deflated (RFC 1950), in base64."""
    chunks: t.List[str] = []
    left = iter(pieces)
    while True:
        some = list(itertools.islice(left, CHUNK))
        if not some:
            return chunks
        chunk = base64.b64encode(zlib.compress(json.dumps(some).encode("ascii"), 9)).decode("ascii")
        room -= len(chunk)
        if room < 0:
            return chunks
        chunks.append(chunk)
