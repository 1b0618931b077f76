# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock of deadlines: one that nobody sets, and that goes on while the host sleeps."""

from __future__ import annotations

import time


def since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def shown(at: float) -> str:
    """A Unix time as people read it."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))
