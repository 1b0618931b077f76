# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C: ``perror``, ``strerror`` and syslog's ``%m`` after a socket call or words for one, whatever the program; and the tools
that say so on a terminal or in somebody's log."""

from __future__ import annotations

from .base import Phrasing

_WORDS = (
    "unreachable",
    "no route to host",
    "assign requested address",
    "address not available",
    "no such device",
    "network is down",
)
_SENT = (*_WORDS, "not permitted", "permission denied", "invalid argument")

PHRASINGS = (
    Phrasing("ping", ("ping: ", "ping6: "), r"\b(?P<program>ping6?): (?:sendto|sendmsg|connect): <sent><end>"),
    Phrasing(
        "ssh",
        ("ssh: connect to host",),
        r"\b(?P<program>ssh): connect to host <remote> port <remote_port>: <error><end>",
    ),
    Phrasing("telnet", ("telnet: ",), r"\b(?P<program>telnet): Unable to connect to remote host: <error><end>"),
    # Bind to port 22 on 192.0.2.1 failed: Cannot assign requested address.
    Phrasing("sshd bind", ("bind to port",), r"\bBind to port <local_port> on <local> failed: <error><end>"),
    # Cannot initiate the connection to deb.debian.org:80 (2001:db8::1). - connect (101: Network is unreachable)
    Phrasing(
        "apt",
        (". - connect (",),
        r"\b(?:connect|connection) to [\w.-]{1,255}:<remote_port> \(<remote>\)\. - connect \(\d{1,3}: <error>\)",
    ),
    # Connecting to example.com|2001:db8::1|:443... failed: Network is unreachable.
    Phrasing(
        "wget",
        ("... failed: ",),
        r"\bConnecting to [\w.-]{1,255}\|(?P<remote>[0-9A-Fa-f.:]{2,45})\|:<remote_port>\.\.\. failed: <error><end>",
    ),
    Phrasing("curl bind", ("bind failed with errno",), r"\bbind failed with errno \d{1,3}: <error><end>"),
    Phrasing("curl at once", ("immediate connect fail",), r"\bImmediate connect fail for <remote>: <error><end>"),
    # connect to 192.0.2.1 port 22: Network is unreachable; connect() to [2001:db8::1]:9999 failed: Network is unreachable (101)
    Phrasing(
        "c connect to",
        _WORDS,
        r"\bconnect(?:\(2?\))? to (?:host |server )?<remote>(?:,? port <remote_port>)?(?: failed)?: <error><end>",
    ),
    # sendto: Network is unreachable; sendto failed: Cannot assign requested address
    Phrasing(
        "c call",
        _SENT,
        r"\b(?:sendto|sendmsg|sendmmsg|connect)(?:\(\d?\))?(?: failed| error)?: <sent><end>",
    ),
    # Unable to bind UDP socket: Cannot assign requested address; bind() failed: Cannot assign requested address
    Phrasing(
        "c bind",
        _WORDS,
        r"\bbind(?:\(\d?\))?(?: failed| (?:UDP |TCP )?socket)?: <error><end>",
    ),
)
