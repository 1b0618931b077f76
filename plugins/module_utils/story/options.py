# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument spec of explain_info."""

from __future__ import annotations

import typing as t

from ..rules.asked import OPTIONS as RULES
from ..witnesses import OPTIONS as WITNESSES

OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "netns": {"type": "str"},
    "to": {"type": "str", "required": True},
    "source": {"type": "str"},
    "interface": {"type": "str"},
    "unit": {"type": "str"},
    "protocol": {"type": "str", "choices": ["udp", "tcp", "icmp"]},
    "port": {"type": "int"},
    "mark": {"type": "str"},
    "uid": {"type": "int"},
    **RULES,
    **WITNESSES,
    "show": {"type": "bool", "default": False},
}
