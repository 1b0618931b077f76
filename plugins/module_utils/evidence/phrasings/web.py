# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Web servers and proxies."""

from __future__ import annotations

from .base import Phrasing

_NGINX = r"\[(?:error|crit|alert|emerg|warn)\] <pid>#\d{1,9}: (?:\*\d{1,12} )?"

PHRASINGS = (
    # [error] 32197#32197: *6552 connect() to 192.0.2.1:8080 failed (101: Network is unreachable) while connecting to upstream
    Phrasing(
        "nginx connect to",
        ("connect() to ",),
        _NGINX + r"connect\(\) to <remote> failed \(\d{1,3}: <sent>\)",
    ),
    # [error] 12#12: *73 connect() failed (113: No route to host) while connecting to upstream, ... upstream: "192.0.2.1:9090"
    Phrasing(
        "nginx connect",
        ("connect() failed",),
        _NGINX + r"connect\(\) failed \(\d{1,3}: <sent>\) while connecting to upstream"
        r"(?:[^\n]{0,300}?, upstream: \"(?P<remote>[^\s\"]{1,200})\")?",
    ),
    # Server x/y is DOWN, reason: Layer4 connection problem, info: "Host is unreachable", check duration: 1890ms.
    Phrasing(
        "haproxy",
        ("layer4 connection problem",),
        r"(?:\(<pid>\) : )?\bServer \S{1,200} is DOWN, reason: Layer4 connection problem, info: \"<error>\"",
    ),
    # commBind: Cannot bind socket FD 13 to [::1]: (99) Cannot assign requested address
    Phrasing(
        "squid", ("cannot bind socket fd",), r"\bCannot bind socket FD \d{1,9} to <local>: \(\d{1,3}\) <error><end>"
    ),
)
