# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of sections with KEY=VALUE lines: systemd's (systemd.syntax(7)) and NetworkManager's (nm-settings-keyfile(5)). Pure."""

from __future__ import annotations

import typing as t

LINES = 20000
LENGTH = 4096
"""Characters of a line."""


class Entry(t.NamedTuple):
    """One setting."""

    key: str
    value: str
    path: str
    line: int


class Section(t.NamedTuple):
    """One section. The same name may come more than once in a file."""

    name: str
    entries: t.List[Entry]

    def last(self, key: str) -> Entry | None:
        """The setting that counts where only one does."""
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)

    def text(self, key: str) -> str | None:
        """Its value; None where it is not there, or empty."""
        entry = self.last(key)
        return entry.value or None if entry is not None else None

    def each(self, key: str) -> t.List[Entry]:
        """Settings that add up, an empty one being none."""
        return [entry for entry in self.entries if entry.key == key and entry.value]

    def every(self, *keys: str) -> t.List[Entry]:
        """The same where an empty one takes back those with its key that stand before."""
        found: t.List[Entry] = []
        for entry in self.entries:
            if entry.key in keys:
                if entry.value:
                    found.append(entry)
                else:
                    found = [each for each in found if each.key != entry.key]
        return found


def parse(text: str, path: str, continued: bool = False) -> t.List[Section]:
    """The sections in their order. ``continued``: a backslash at the end of a line goes on in the next one."""
    found: t.List[Section] = []
    begun: t.Optional[t.Tuple[int, str]] = None
    for number, raw in enumerate(text.split("\n", LINES)[:LINES], 1):
        line = raw[:LENGTH].strip()
        if line.startswith(("#", ";")):
            continue
        start, whole = (number, line) if begun is None else (begun[0], (begun[1] + " " + line)[:LENGTH])
        if continued and whole.endswith("\\"):
            begun = start, whole[:-1].rstrip()
            continue
        begun = None
        if whole.startswith("[") and whole.endswith("]"):
            found.append(Section(whole[1:-1], []))
        elif found:
            key, equals, value = whole.partition("=")
            if equals:
                found[-1].entries.append(Entry(key.strip(), value.strip(), path, start))
    return found


def merged(sections: t.Iterable[Section], name: str) -> Section:
    """All sections of one name as one, for those that add up."""
    return Section(name, [entry for section in sections if section.name == name for entry in section.entries])
