# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log lines, wherever they come from: one value for a line of a file and an entry of the journal."""

from __future__ import annotations

import dataclasses
import re

from ..model import EventSource

LINE_LIMIT = 16384
"""Bytes of a line that are looked at. A longer one is cut: no line can make the audit slow."""

_FILE = EventSource("log")


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of a log, not yet understood. Everything in it is hostile."""

    text: str
    pid: int | None = None
    """Who wrote it, as the journal vouches for it or as the line itself claims."""
    time: float | None = None
    """Unix time of the journal entry. None in a file: the time is then in the text."""
    program: str | None = None
    """The journal's word for who wrote it. None in a file: the program is then in the text."""
    unit: str | None = None
    """The systemd unit of the journal entry."""
    source: EventSource = _FILE
    written: float | None = None
    """When the file was last written, Unix time. It tells the year of a stamp that has none."""
    command: str = ""
    """What a person would type to see it."""


# "Nov 30 19:36:22 host doublezerod[1027617]: ..." (RFC 3164) and "2025-11-30T19:36:22Z host doublezerod[1027617]: ..."
_TAG = re.compile(r"(?P<tag>[A-Za-z0-9_./@-]{1,48})\[(?P<pid>\d{1,9})\]: ")


def writer(text: str) -> int | None:
    """The pid in the syslog tag before the message, None where there is no tag."""
    found = _TAG.search(text[:256])
    return int(found.group("pid")) if found else None
