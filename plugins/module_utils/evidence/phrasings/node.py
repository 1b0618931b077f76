# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Node.js: system call, name of the errno, ``address:port`` without brackets, and the own end where there is one."""

from __future__ import annotations

from .base import Phrasing

_ENDS = r"(?P<remote>[0-9A-Fa-f.:]{2,45}):<remote_port>"
_NAMES = ("enetunreach", "ehostunreach", "eaddrnotavail", "enetdown", "enodev", "eperm", "eacces", "einval")
_NAME = r"(?P<error>%s)" % "|".join(_NAMES)

PHRASINGS = (
    # connect ENETUNREACH 192.0.2.1:80 - Local (0.0.0.0:0)
    Phrasing(
        "node connect from",
        ("- local (",),
        r"\bconnect %s %s - Local \((?P<local>[0-9A-Fa-f.:]{2,45}):<local_port>\)" % (_NAME, _ENDS),
    ),
    # connect EHOSTUNREACH 192.0.2.1:80
    Phrasing("node connect to", ("connect e",), r"\bconnect %s %s(?![\w:])" % (_NAME, _ENDS)),
    # Error: connect ENETUNREACH
    Phrasing("node connect", ("error: connect e",), r"\bError: connect %s<end>" % _NAME),
)
