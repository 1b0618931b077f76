# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller tells the host beside the arguments, in the environment of the task."""

from __future__ import annotations

CONTROLLER_VARIABLE = "NETMEND_RECLAIM_CONTROLLER"
"""``user@host``."""
TRANSPORT_VARIABLE = "NETMEND_RECLAIM_TRANSPORT"
"""How it reaches the host: ``ssh``, ``local``..."""
