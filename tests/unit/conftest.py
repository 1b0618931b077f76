# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the property tests look for examples."""

from __future__ import annotations

from ansible_collections.netmend.reclaim.tests.fixtures import examples

examples.settle()
