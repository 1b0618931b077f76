# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VPN daemons."""

from __future__ import annotations

from .base import Phrasing

PHRASINGS = (
    # write UDPv4: Network is unreachable (code=101); Android: write UDP []: ...; 2.6: ... (fd=5,code=101)
    Phrasing(
        "openvpn write",
        ("write udp", "write tcp", "read udp"),
        r"\b(?:write|read) (?:UDP|TCP)(?:v[46])?(?:_CLIENT|_SERVER)?(?: \[[^\]]{0,80}\])?: <sent> "
        r"\((?:fd=\d{1,9},)?code=\d{1,3}\)",
    ),
    # TCP: connect to [AF_INET]192.0.2.1:1194 failed: Network is unreachable
    Phrasing(
        "openvpn connect",
        ("connect to [af_inet",),
        r"\bconnect to \[AF_INET6?\](?P<remote>[0-9A-Fa-f.:]{2,45}):<remote_port> failed: <error><end>",
    ),
    # TCP/UDP: Socket bind failed on local address [AF_INET]192.0.2.1:1194: Cannot assign requested address (errno=99)
    Phrasing(
        "openvpn bind",
        ("socket bind failed on local address",),
        r"\bSocket bind failed on local address \[AF_INET6?\](?P<local>[0-9A-Fa-f.:]{2,45}):<local_port>: <error><end>",
    ),
    # error writing to socket: Network is unreachable
    Phrasing("strongswan write", ("writing to socket",), r"\berror writing to socket: <sent><end>"),
    # received netlink error: Network is unreachable (101)
    Phrasing("strongswan route", ("received netlink error",), r"\breceived netlink error: <error> \(\d{1,3}\)"),
    # sendto on eth0 to 192.0.2.1:500 failed in ...: Network is unreachable (errno 101)
    Phrasing(
        "libreswan send",
        ("sendto on ",),
        r"\bsendto on <interface> to <remote> failed in [^:\n]{1,80}: <sent> \(errno \d{1,3}\)",
    ),
    # ERROR: asynchronous network error report on eth0 (192.0.2.1:500) ..., complainant 192.0.2.1: No route to host [errno 113,
    Phrasing(
        "libreswan report",
        ("asynchronous network error report",),
        r"\basynchronous network error report on <interface> \(<local>\)[^,\n]{0,200}, complainant [^\s,]{1,64}: <error> "
        r"\[errno \d{1,3}, ",
    ),
    # WARNING: sendto failed (101) Network unreachable
    Phrasing("n2n", ("sendto failed (",), r"\bsendto failed \(\d{1,3}\) <sent><end>"),
)
