# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What modules have in common that change nothing, and need nothing but Python on the managed host."""

    DOCUMENTATION = r"""
options: {}
attributes:
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: N/A
    details:
      - This module changes nothing.
  platform:
    description: The operating systems of managed hosts.
    support: full
    platforms: linux
  async:
    description: Can be run with C(async).
    support: full
  action:
    description: Part of the module runs on the controller.
    support: none
requirements:
  - Python 3.9 or later on the managed host
"""
