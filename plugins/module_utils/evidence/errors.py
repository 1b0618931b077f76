# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an error's words, name or number to its errno: the unreachable family, as Linux numbers it (errno(3)).

The words are those of glibc's and musl's ``strerror``, of BSD's (programs that were ported keep them), and of Go's and
Rust's own tables.
"""

from __future__ import annotations

import re

UNREACHABLE = ("ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "ENODEV", "ENETDOWN")
"""What of itself speaks of the network."""
REFUSED = ("EPERM", "EACCES", "EINVAL")
"""What a send may get too: a firewall, a prohibiting route, a source that is not local. Most often it is of a file."""
DROPPED = "EXDEV"
"""Of a packet that came in by a link that does not lead to its source: no program hears of it, only the kernel tells."""

WORDS = (
    ("network is unreachable", "ENETUNREACH"),
    ("network unreachable", "ENETUNREACH"),
    ("no route to host", "EHOSTUNREACH"),
    ("host is unreachable", "EHOSTUNREACH"),
    ("host unreachable", "EHOSTUNREACH"),
    ("cannot assign requested address", "EADDRNOTAVAIL"),
    ("can't assign requested address", "EADDRNOTAVAIL"),
    ("address not available", "EADDRNOTAVAIL"),
    ("no such device", "ENODEV"),
    ("no such network interface", "ENODEV"),
    ("network is down", "ENETDOWN"),
    ("operation not permitted", "EPERM"),
    ("permission denied", "EACCES"),
    ("invalid argument", "EINVAL"),
)
NUMBERS = {
    "101": "ENETUNREACH",
    "113": "EHOSTUNREACH",
    "99": "EADDRNOTAVAIL",
    "19": "ENODEV",
    "100": "ENETDOWN",
    "1": "EPERM",
    "13": "EACCES",
    "22": "EINVAL",
}
_BY_WORDS = dict(WORDS)
_NAMES = frozenset(UNREACHABLE + REFUSED)


def errno_named(text: str) -> str | None:
    """The errno that a text is, and nothing else: its words, its name or its number; None for any other text."""
    upper = text.upper()
    return upper if upper in _NAMES else _BY_WORDS.get(text.lower()) or NUMBERS.get(text)


def errno_in(text: str) -> str | None:
    """The errno of what of itself speaks of the network that a text names anywhere; None where it names none."""
    lowered = text.lower()
    for words, name in WORDS:
        if name in UNREACHABLE and words in lowered:
            return name
    # Go's net package, newer daemons: interface "doublezero0" not found
    if "interface" in lowered and "not found" in lowered:
        return "ENODEV"
    return None


def words_of(*names: str) -> str:
    """A pattern for the words of these errnos, the longest first. Case is the caller's to ignore."""
    return "|".join(sorted((re.escape(words) for words, name in WORDS if name in names), key=len, reverse=True))
