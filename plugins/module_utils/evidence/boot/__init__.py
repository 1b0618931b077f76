# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What persistent configuration makes at the next boot: files of all managers that take effect then, as objects."""

from __future__ import annotations

from .reading import read

__all__ = ["read"]
