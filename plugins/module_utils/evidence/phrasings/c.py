# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C: ``perror``, ``strerror`` and syslog's ``%m`` after a socket call, or after words that name one, whatever the program."""

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
    # connect to 192.0.2.1 port 22: Network is unreachable
    Phrasing(
        "c connect to",
        _WORDS,
        r"\bconnect(?:ion|ing|\(2?\))? to (?:host |address |server )?<remote>(?:,? port <remote_port>)?"
        r"(?: failed)?(?:[:,]| -) <error><end>",
    ),
    # ping: sendmsg: Network is unreachable
    Phrasing(
        "ping",
        ("ping: ", "ping6: "),
        r"\b(?P<program>ping6?|arping|traceroute6?|fping6?): (?:sendto|sendmsg|connect|bind)(?: [\w.:%-]{1,60})?: <sent><end>",
    ),
    # sendto: Network is unreachable
    Phrasing(
        "c call",
        _SENT,
        r"\b(?:sendto|sendmsg|sendmmsg|send|connect)(?:\(\d?\)|\(\.\.\.\))?(?:\[\d{1,9}\])?(?: failed| error)?: <sent><end>",
    ),
    # bind: Cannot assign requested address
    Phrasing("c bind", _WORDS, r"\bbind(?:\(\d?\))?(?: failed| error)?: <error><end>"),
)
