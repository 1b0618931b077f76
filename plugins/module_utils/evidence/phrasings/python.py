# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python: OSError as it is printed, and what asyncio, urllib3 and aiohttp make of it."""

from __future__ import annotations

from .base import Phrasing

PHRASINGS = (
    # HTTPSConnectionPool(host='192.0.2.1', port=443): Max retries ... [Errno 101] Network is unreachable'))
    Phrasing(
        "python urllib3",
        ("connectionpool(host=",),
        r"ConnectionPool\(host='<remote>', port=<remote_port>\): [^\n]{0,400}?\[Errno \d{1,3}\] <error>(?!\w)",
    ),
    # OSError(113, "Connect call failed ('2001:db8::1', 443, 0, 0)"); [Errno 113] Connect call failed ('192.0.2.1', 80)
    Phrasing(
        "python asyncio",
        ("connect call failed",),
        r"(?:OSError\(|\[Errno )(?P<error>101|113|99|100)(?:, [\"']|\] )Connect call failed \('<remote>', <remote_port>",
    ),
    # [Errno 101] Cannot connect to host example.com:80 ssl:False [Can not connect to example.com:80 [Network is unreachable]]
    Phrasing(
        "python aiohttp",
        ("cannot connect to host",),
        r"Cannot connect to host <remote> ssl:\w{1,20} \[(?:Can not connect to [^\s\[\]]{1,255} \[)?<error>\]",
    ),
    # OSError: [Errno 101] Network is unreachable
    Phrasing("python", ("[errno ",), r"\[Errno (?:101|113|99|100|19)\] <error><end>"),
)
