# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a send reaches its destination or not: the kernel's answer, explained. Pure; the kernel has the last word."""

from __future__ import annotations

from .base import CAUSES, ChainLink, Reach
from .explain import explain

__all__ = ("CAUSES", "ChainLink", "Reach", "explain")
