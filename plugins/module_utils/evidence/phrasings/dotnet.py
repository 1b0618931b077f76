# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

""".NET: SocketException with the errno's number."""

from __future__ import annotations

from .base import Phrasing

PHRASINGS = (
    # System.Net.Sockets.SocketException (99): Cannot assign requested address
    Phrasing("dotnet", ("socketexception (",), r"SocketException \(\d{1,5}\): <error><end>"),
)
