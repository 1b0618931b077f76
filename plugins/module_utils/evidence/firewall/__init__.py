# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The firewall of one network namespace, whoever manages it: what there is, what it does to a packet that this host sends,
and the kernel's own word on that."""

from __future__ import annotations

from .reading import read

__all__ = ["read"]
