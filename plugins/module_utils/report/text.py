# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that came from a host, made fit to be shown. Pure."""

from __future__ import annotations

import datetime


def plain(value: object, limit: int = 2000) -> str:
    """One line of printable text, at most about ``limit`` characters.

    What steers a terminal, turns the direction of writing or cannot be seen (Unicode categories C and Z but the
    space) is written as its escape, so that nothing looks like something else.
    """
    text = str(value)
    cut = len(text) - limit
    if cut > 0:
        text = text[:limit]
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
    return "%s… (%d more characters)" % (shown, cut) if cut > 0 else shown


def short(value: object, limit: int) -> str:
    """Printable text of at most ``limit`` characters, cut without a word about it."""
    text = plain(value, limit)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def count(number: int, one: str, many: str = "") -> str:
    """``1 host``, ``2 hosts``, ``1,000 addresses``."""
    plural = many or one + ("es" if one.endswith("s") else "s")
    return f"{number:,} {one if number == 1 else plural}"


def utc(seconds: float) -> str:
    """Unix time as ``2026-11-21 08:15:00 UTC``."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
