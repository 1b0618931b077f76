# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a profile says of its owner's objects, read into marks. Pure."""

from __future__ import annotations

import ipaddress
import typing as t

from ..model import Mark

FIELDS: t.Mapping[str, t.FrozenSet[str]] = {
    "link": frozenset(("name", "link_kind")),
    "address": frozenset(("interface", "link_kind", "proto", "prefix")),
    "route": frozenset(("interface", "link_kind", "proto", "tables", "prefix")),
    "rule": frozenset(
        ("interface", "proto", "tables", "priorities", "fwmarks", "prefix", "unmarked", "suppresses", "before_own")
    ),
    "firewall": frozenset(("name",)),
}
"""What can be said of the objects of each kind."""

_RANGES = ("tables", "priorities", "fwmarks")
_LONGEST = 128
_LARGEST = 2**32 - 1


def mark(data: t.Mapping[str, t.Any]) -> Mark:
    """A mark from validated arguments. Raises ValueError that names the field and what was expected."""
    kind = data["kind"]
    said = {
        field: value
        for field, value in data.items()
        if field not in ("kind", "proves") and not (value is None or value is False or value in ([], ()))
    }
    unknown = sorted(set(said) - FIELDS[kind])
    if unknown:
        raise ValueError(
            "objects: a %s has no %s; expected some of %s" % (kind, ", ".join(unknown), ", ".join(sorted(FIELDS[kind])))
        )
    if not said:
        raise ValueError("objects: every %s would fit; expected some of %s" % (kind, ", ".join(sorted(FIELDS[kind]))))
    return Mark(
        kind=kind,
        name=said.get("name"),
        link_kind=said.get("link_kind"),
        interface=said.get("interface"),
        proto=None if "proto" not in said else str(said["proto"]),
        prefix=None if "prefix" not in said else _prefix(said["prefix"]),
        unmarked=bool(said.get("unmarked")),
        suppresses=None if "suppresses" not in said else _length(said["suppresses"]),
        before_own=bool(said.get("before_own")),
        proves=data.get("proves") is not False,
        **{field: tuple(_range(field, item) for item in said.get(field, ())) for field in _RANGES},
    )


def _range(field: str, text: t.Any) -> t.Tuple[int, int]:
    """``52``, ``0xca6c`` or ``5210-5270``."""
    first, dash, last = str(text).partition("-")
    try:
        low = int(first, 0)
        high = int(last, 0) if dash else low
    except ValueError:
        low, high = 1, 0
    if not 0 <= low <= high <= _LARGEST:
        raise ValueError("objects.%s: %r is neither a number nor a range such as 5210-5270" % (field, str(text)))
    return low, high


def _length(number: t.Any) -> int:
    if not 0 <= int(number) <= _LONGEST:
        raise ValueError("objects.suppresses: %d is not the length of a prefix, 0 to %d" % (number, _LONGEST))
    return int(number)


def _prefix(text: t.Any) -> str:
    try:
        return str(ipaddress.ip_network(str(text)))
    except ValueError as exc:
        raise ValueError("objects.prefix: %s" % exc) from exc
