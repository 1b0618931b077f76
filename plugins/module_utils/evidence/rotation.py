# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of rotated log files."""

from __future__ import annotations

import re

# logrotate(8): x.1, x.2.gz, x-20251130, x-20251130.xz, and the other forms of dateformat that are in use
ROTATED = re.compile(
    r"(?:\.\d{1,4}|[.-]\d{8}(?:[-_T.]?\d{2,10})?|[.-]\d{4}-\d\d-\d\d(?:[-_T.]\d{1,10})?)(?:\.(?:gz|bz2|xz|zst|lz4))?\Z"
)


def log_of(path: str) -> str:
    """The log that a file was rotated away from, or is."""
    found = ROTATED.search(path)
    return path[: found.start()] if found else path
