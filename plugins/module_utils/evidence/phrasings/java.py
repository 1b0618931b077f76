# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Java and what runs beside it: exceptions of java.net, of Netty, and of Mono, which are called the same."""

from __future__ import annotations

from .base import Phrasing

_EXCEPTION = r"[.$](?:Annotated)?(?:Socket|Connect|NoRouteToHost|Bind)Exception: (?:\w{1,30}\(\.{0,3}\) failed: )?"

PHRASINGS = (
    # io.netty.channel.AbstractChannel$AnnotatedConnectException: Network is unreachable: /192.0.2.1:80
    Phrasing(
        "java to",
        ("exception: ",),
        _EXCEPTION + r"<error>: [\w.-]{0,255}/(?P<remote>[0-9A-Fa-f.:]{2,45}):<remote_port>",
    ),
    # java.net.NoRouteToHostException: No route to host (Host unreachable)
    Phrasing("java", ("exception: ",), _EXCEPTION + "<error><end>"),
)
