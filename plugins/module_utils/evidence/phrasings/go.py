# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Go's net package: ``net.OpError`` says operation, network, ends and cause, whatever the program."""

from __future__ import annotations

from .base import Phrasing

PHRASINGS = (
    # write udp 0.0.0.0:44880->216.238.110.55:44880: sendmsg: network is unreachable
    Phrasing(
        "go both ends",
        ("->",),
        r"\b(?:dial|write|read|writeto|set) (?:tcp|udp|ip)[46]?(?::\w{1,12})? <local>-><remote>: (?:\w{1,20}: )?<sent>(?!\w)",
    ),
    # listen tcp 192.0.2.1:80: bind: cannot assign requested address
    Phrasing("go listen", ("listen ",), r"\blisten (?:tcp|udp|ip)[46]?(?::\w{1,12})? <local>: bind: <error>(?!\w)"),
    # dial tcp 192.0.2.1:443: connect: network is unreachable
    Phrasing("go dial", ("dial ",), r"\bdial (?:tcp|udp|ip)[46]?(?::\w{1,12})? <remote>: (?:\w{1,20}: )?<sent>(?!\w)"),
    # write udp [::]:38621: sendmmsg: network is unreachable (a batch of packets: only the socket's own end is known)
    Phrasing(
        "go batch",
        ("write ", "read "),
        r"\b(?:write|read) (?:tcp|udp|ip)[46]?(?::\w{1,12})? <local>: (?:\w{1,20}: )?<sent>(?!\w)",
    ),
    # route ip+net: no such network interface
    Phrasing("go interface", ("route ip+net",), r"\broute ip\+net: (?P<error>no such network interface)(?!\w)"),
    # interface "doublezero0" not found
    Phrasing("go no interface", ('interface "',), r'\binterface "<interface>" not found(?!\w)', error="ENODEV"),
)
