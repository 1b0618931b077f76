# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What modules that only read the kernel have in common, beside ``port``."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would return without it.
    support: full
    details:
      - This module changes nothing and never reports a change.
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: N/A
    details:
      - This module changes nothing.
notes:
  - Without root or C(CAP_NET_ADMIN) the module still works. What it could not see is listed in RV(ignore:unseen).
"""
