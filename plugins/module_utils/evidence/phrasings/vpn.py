# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VPN daemons."""

from __future__ import annotations

from .base import Phrasing

PHRASINGS = (
    # write UDPv4: Network is unreachable (code=101); newer: write UDPv4 []: ...; Android: write UDP [ENETUNREACH]: ...
    Phrasing(
        "openvpn write",
        ("write udp", "write tcp", "read udp"),
        r"\b(?:write|read) (?:UDP|TCP)(?:v[46])?(?:_CLIENT|_SERVER)?(?: \[[^\]]{0,80}\])?: <sent>(?: \([^)]{0,40}\))? \(code=\d{1,3}\)",
    ),
)
