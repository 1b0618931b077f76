# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an error's words to the name of its errno."""

from __future__ import annotations

_WORDS = (
    ("network is unreachable", "ENETUNREACH"),
    ("no route to host", "EHOSTUNREACH"),
    ("cannot assign requested address", "EADDRNOTAVAIL"),
    ("can't assign requested address", "EADDRNOTAVAIL"),
    ("no such device", "ENODEV"),
    ("no such network interface", "ENODEV"),
    ("network is down", "ENETDOWN"),
)


def errno_in(text: str) -> str | None:
    """The errno of the unreachable family that a text names; None where it names none."""
    lowered = text.lower()
    for words, name in _WORDS:
        if words in lowered:
            return name
    # Go's net package, newer daemons: interface "doublezero0" not found
    if "interface" in lowered and "not found" in lowered:
        return "ENODEV"
    return None
