# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rules run, and how bad their findings are: the argument spec of what examines a host."""

from __future__ import annotations

import typing as t

from .weights import OPTIONS as WEIGHT

OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "rules": {
        "type": "dict",
        "default": {},
        "options": {
            "include": {"type": "list", "elements": "str", "default": []},
            "exclude": {"type": "list", "elements": "str", "default": []},
            "severities": {"type": "list", "elements": "dict", "default": [], "options": WEIGHT},
        },
    },
    "profile": {"type": "list", "elements": "raw", "default": []},
}
"""``profile`` holds names by then: the action made options of what the profiles say."""
