# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be asked of a plan. Apart from the planning itself: most audits do not plan, and pay for each import."""

from __future__ import annotations

import typing as t

KINDS = ("link", "address", "route", "rule", "nexthop", "neighbour", "flow", "session", "owner")
PROTECT: t.Dict[str, t.Dict[str, t.Any]] = {
    "kind": {"type": "str", "choices": list(KINDS)},
    "interface": {"type": "str"},
    "address": {"type": "str"},
    "prefix": {"type": "str"},
    "table": {"type": "int"},
    "proto": {"type": "str"},
    "priority": {"type": "int"},
    "mark": {"type": "int"},
    "owner": {"type": "str"},
    "unit": {"type": "str"},
    "rule": {"type": "str"},
}
"""The argument spec of one selector."""
REMEDIES = ("owner.*", "link.up", "address.add", "route.*", "rule.*", "nexthop.del", "neighbour.del")
OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "protect": {"type": "list", "elements": "dict", "default": [], "options": PROTECT},
    "protect_way_in": {"type": "bool", "default": True},
    "max_removals": {"type": "int", "default": 50},
    "max_percent": {"type": "int", "default": 20},
    "remedies": {"type": "list", "elements": "str", "default": list(REMEDIES)},
    "confirm_after": {"type": "int", "default": 5},
}
"""The argument spec of what is asked of a plan."""
