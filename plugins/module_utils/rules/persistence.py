# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When what witnesses tell of is more than a race at teardown."""

from __future__ import annotations

GOING_ON = 300.0
"""Seconds: a daemon backs off to one minute and may share one line in five seconds among all its sessions."""
ERRORS = 3
STRETCH = 10.0
"""Seconds: one error while something is being torn down is a race, several over a stretch of time are not."""


def persists(errors: int, first: float | None, last: float | None) -> bool:
    """Several errors over a stretch of time. What has no time cannot show that."""
    return errors >= ERRORS and first is not None and last is not None and last - first >= STRETCH
