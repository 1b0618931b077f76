# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an owner answered, read as wants. Tolerant: what is not understood is left out, and said to be. Pure."""

from __future__ import annotations

import dataclasses
import fnmatch
import ipaddress
import json
import typing as t

from ..model import Want
from ..text import clean
from . import metrics
from .placeholders import fill
from .profile import Ask

MAX_WANTS = 4096
"""Objects of one answer that are taken up."""
_VALUE = 128
"""Characters of a value; a longer one is no name, address or prefix."""
_NUMBERS = ("table", "priority", "mark")
_ADDRESSES = ("address", "gateway")
_HOSTS = ("local", "peer")
_PREFIXES = ("dst", "src", "prefix")


@dataclasses.dataclass(frozen=True)
class Answered:
    """What one answer said."""

    wants: t.Tuple[Want, ...]
    whole: bool
    """All of it was understood."""


def read(ask: Ask, text: str, source: str, command: str, stem: str = "") -> Answered:
    """The wants in an answer. ``stem`` is a file's name without its directory and ending (``{@stem}``).

    Raises ValueError where the answer is not of the format at all.
    """
    wants: t.Dict[t.Tuple[t.Tuple[str, t.Any], ...], Want] = {}
    whole = True
    for fields in _objects(ask, text):
        selector = _selector(ask, dict(fields, **{"@stem": stem}))
        if selector is None or len(wants) >= MAX_WANTS:
            whole = False
            continue
        wants.setdefault(tuple(sorted(selector.items())), Want(ask.kind, selector, source, command))
    return Answered(tuple(wants.values()), whole)


def _objects(ask: Ask, text: str) -> t.Iterator[t.Dict[str, t.Any]]:
    if ask.format == "text":
        yield from _of_text(ask, text)
        return
    for item in metrics.samples(text) if ask.format == "metrics" else _selected(_json(text), ask.select):
        if not isinstance(item, dict):
            item = {"@value": item}
        if all(_has(item, path, like) for path, like in ask.where.items()):
            yield {name: _text(_at(item, name)) for name in ask.fields if name != "@stem"}


def _json(text: str) -> t.Any:
    try:
        return json.loads(text)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def _of_text(ask: Ask, text: str) -> t.Iterator[t.Dict[str, t.Any]]:
    if ask.pattern is None:  # that there is such a file says it all
        yield {}
        return
    for part in _parts(ask, text):
        for match in ask.pattern.finditer(part):
            yield match.groupdict()


def _parts(ask: Ask, text: str) -> t.Iterator[str]:
    """The lines, or what of them stands between ``begin`` and ``end``."""
    inside = ask.begin is None
    for line in text.splitlines():
        rest = line
        while ask.begin is not None and ask.end is not None:
            found = (ask.end if inside else ask.begin).search(rest)
            if not found or not found.end():
                break
            if inside:
                yield rest[: found.start()]
            inside, rest = not inside, rest[found.end() :]
        if inside:
            yield rest


def _selected(data: t.Any, path: t.Sequence[str]) -> t.Iterator[t.Any]:
    """What stands at a path; a list at its end stands for its items."""
    if not path:
        if isinstance(data, list):
            yield from data
        else:
            yield data
        return
    if path[0] == "*":
        items = data if isinstance(data, list) else data.values() if isinstance(data, dict) else ()
        for item in items:
            yield from _selected(item, path[1:])
    elif isinstance(data, dict) and path[0] in data:
        yield from _selected(data[path[0]], path[1:])


def _at(item: t.Any, path: str) -> t.Any:
    """The field with this name, or at this dotted path. A key may have dots itself: the longest one that is there is it."""
    if not isinstance(item, dict):
        return None
    if path in item:
        return item[path]
    end = len(path)
    while (end := path.rfind(".", 0, end)) > 0:
        if path[:end] in item:
            return _at(item[path[:end]], path[end + 1 :])
    return None


def _has(item: t.Mapping[str, t.Any], path: str, like: str) -> bool:
    text = _text(_at(item, path))
    return text is not None and fnmatch.fnmatchcase(text, like)


def _text(value: t.Any) -> str | None:
    """A value of JSON as text. An address may be a list of its bytes, as systemd's tools write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        if len(value) in (4, 16) and all(isinstance(item, int) and 0 <= item <= 255 for item in value):
            return str(ipaddress.ip_address(bytes(value)))
        return None
    return str(value) if isinstance(value, (str, int)) and value != "" else None


def _selector(ask: Ask, fields: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any] | None:
    """What identifies the object; None where a part is missing or makes no sense."""
    selector: t.Dict[str, t.Any] = {}
    for key, template in ask.selector.items():
        text = fill(template, fields)
        value = None if text is None or len(text) > _VALUE else _value(key, text.strip())
        if value is None:
            return None
        selector[key] = value
    return selector


def _value(key: str, text: str) -> t.Any:
    try:
        if key in _NUMBERS:
            return int(text, 0)
        if key == "errors":
            return max(int(float(text)), 0)
        if key in _HOSTS:
            return str(ipaddress.ip_address(text))
        if key in _ADDRESSES:
            interface = ipaddress.ip_interface(text)
            return str(interface) if "/" in text else str(interface.ip)
        if key in _PREFIXES:
            return str(ipaddress.ip_network(text, strict=False))
    except (ValueError, OverflowError):
        return None
    return clean(text, _VALUE) or None
