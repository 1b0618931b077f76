# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who began a transaction: what the journal keeps, and what the next one is told who finds it pending."""

from __future__ import annotations

import os
import pwd
import typing as t

from ..kernel.processes import start_of
from ..model import WayIn
from ..text import clean
from .variables import CONTROLLER_VARIABLE

_NOBODY = "4294967295"
_LONGEST = 200


def who(ways_in: t.Sequence[WayIn]) -> t.Dict[str, t.Any]:
    return {
        "user": clean(_user(), _LONGEST),
        "controller": clean(os.environ.get(CONTROLLER_VARIABLE, ""), _LONGEST) or None,
        "ways_in": ends(ways_in),
        "pid": os.getpid(),
        "started": start_of(os.getpid()),
    }


def ends(ways_in: t.Sequence[WayIn]) -> t.List[t.Dict[str, t.Any]]:
    """What tells one connection from another, the nearest first."""
    return [{"peer": way.peer, "peer_port": way.peer_port, "local": way.local} for way in ways_in]


def in_words(known: t.Mapping[str, t.Any]) -> str:
    """``alice, who came in from 192.0.2.7, controller bob@laptop``."""
    peers = list(dict.fromkeys(way["peer"] for way in known["ways_in"]))
    parts = [known["user"]]
    if peers:
        parts.append("who came in from %s" % " and ".join(peers))
    if known["controller"]:
        parts.append("controller %s" % known["controller"])
    return ", ".join(parts)


def _user() -> str:
    """Who logged in, whoever he became since; else who asked sudo; else who this is."""
    try:
        with open("/proc/self/loginuid", encoding="ascii") as stream:
            text = stream.read().strip()
    except OSError:
        text = _NOBODY
    if text == _NOBODY:
        text = os.environ.get("SUDO_UID", "")
    uid = int(text) if text.isascii() and text.isdigit() else os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "user %d" % uid
