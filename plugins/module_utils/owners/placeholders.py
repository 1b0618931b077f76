# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of a profile in which ``{name}`` is filled in, or the first characters of it, ``{name:12}``.

Not str.format: nothing but a name is looked up. Pure.
"""

from __future__ import annotations

import re
import typing as t

_FIELD = re.compile(r"\{(@?[A-Za-z_][A-Za-z0-9_.-]*)(?::([1-9]\d?))?\}")


def names(text: str) -> t.List[str]:
    """What stands in braces. Raises ValueError for braces that stand for nothing."""
    rest = _FIELD.sub("", text)
    if "{" in rest or "}" in rest:
        raise ValueError("%r: expected a name in braces, such as {interface}" % text)
    return [name for name, _length in _FIELD.findall(text)]


def fill(text: str, values: t.Mapping[str, object]) -> str | None:
    """The text with its values; None where one of them is not known."""
    if any(values.get(name) is None for name in names(text)):
        return None
    return _FIELD.sub(lambda found: str(values[found.group(1)])[: int(found.group(2) or 0) or None], text)
