# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Samples of a metrics endpoint, in the text format of Prometheus (exposition formats, version 0.0.4). Pure."""

from __future__ import annotations

import re
import typing as t

_LINE = 4096
"""Characters of a line; a longer one is no sample."""
_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_LABEL = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|\})')
_ESCAPE = re.compile(r"\\(.)")


def samples(text: str) -> t.Iterator[t.Dict[str, str]]:
    """The labels of each sample, with ``@name`` and ``@value``. Lines of another form are left out."""
    for line in text.splitlines():
        found = _NAME.match(line) if len(line) <= _LINE else None
        if not found:
            continue
        labels: t.Dict[str, str] = {}
        rest: t.Optional[str] = line[found.end() :]
        if rest and rest.startswith("{"):
            labels, rest = _labels(rest[1:])
        words = (rest or "").split()
        if words:
            yield dict(labels, **{"@name": found.group(), "@value": words[0]})


def _labels(text: str) -> t.Tuple[t.Dict[str, str], t.Optional[str]]:
    """The labels up to the closing brace, and what follows it; None where there is none."""
    labels: t.Dict[str, str] = {}
    place = 0
    while True:
        if text[place:].lstrip().startswith("}"):
            return labels, text[text.index("}", place) + 1 :]
        found = _LABEL.match(text, place)
        if not found:
            return labels, None
        labels[found.group(1)] = _ESCAPE.sub(
            lambda each: "\n" if each.group(1) == "n" else each.group(1), found.group(2)
        )
        place = found.end()
        if found.group(3) == "}":
            return labels, text[place:]
