# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel itself, where it is told to log what it does not take (log_martians)."""

from __future__ import annotations

from ..errors import DROPPED
from .base import Phrasing

PHRASINGS = (
    # IPv4: martian source 198.51.100.1 from 203.0.113.9, on dev eth1: the packet's destination, its source, where it came in
    Phrasing(
        "kernel martian",
        ("martian source ",),
        r"\bmartian source <local> from <remote>, on dev <interface>(?![\w.])",
        error=DROPPED,
    ),
)
