# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Structured messages: JSON objects and logfmt pairs, as a flat mapping of texts."""

from __future__ import annotations

import json
import re
import typing as t

MAX_FIELDS = 256
_DEEPEST = 4
_PAIR = re.compile(
    r'(?<![\w.])(?P<key>[A-Za-z_][\w.-]{0,63})=(?:"(?P<quoted>(?:[^"\\]|\\.){0,8192})"|(?P<bare>[^\s"]{1,1024}))'
)
_LOGFMT = frozenset(("msg", "message", "err", "error", "level", "lvl", "severity"))
"""A line with one of these and another pair is logfmt; ``a=b`` alone stands in many a sentence."""

ERRORS = (
    "error",
    "err",
    "exception",
    "error.message",
    "err.message",
    "exception.message",
    "cause",
    "reason",
    "errmsg",
    "exc_info",
)
MESSAGES = ("msg", "message", "event", "short_message", "full_message")
WRAPPED = ("log", "MESSAGE")
"""Fields that hold a whole line of another program (container logs, exported journals)."""
TIMES = ("time", "ts", "timestamp", "@timestamp", "t", "T", "datetime", "eventTime")
PROGRAMS = (
    "program",
    "service",
    "service.name",
    "app",
    "process.name",
    "syslog_identifier",
    "SYSLOG_IDENTIFIER",
    "ident",
)
PIDS = ("pid", "process.pid", "process_id")
UNITS = ("_SYSTEMD_UNIT", "systemd_unit", "unit")


def fields(message: str) -> t.Dict[str, str] | None:
    """The fields of a structured message, nested names joined by dots; None for one that is not structured."""
    start = message.find("{")
    if start >= 0 and message.rstrip().endswith("}"):
        try:
            found = json.loads(message[start:])
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and found:
            flat: t.Dict[str, str] = {}
            before = message[:start].strip()
            if before:
                flat["message"] = before
            _flatten(found, "", flat, _DEEPEST)
            return flat
    pairs = {
        found.group("key"): found.group("bare") if found.group("quoted") is None else _unquoted(found.group("quoted"))
        for found in _PAIR.finditer(message)
    }
    return pairs if len(pairs) > 1 and _LOGFMT & pairs.keys() else None


def first_of(record: t.Mapping[str, str], names: t.Iterable[str]) -> str | None:
    """The first of these fields that the record has."""
    return next((record[name] for name in names if record.get(name)), None)


def _flatten(value: t.Any, name: str, into: t.Dict[str, str], deeper: int) -> None:
    if len(into) >= MAX_FIELDS:
        return
    if isinstance(value, dict):
        if deeper:
            for key, item in value.items():
                _flatten(item, "%s.%s" % (name, key) if name else str(key), into, deeper - 1)
    elif isinstance(value, list):
        if deeper:
            for number, item in enumerate(value[:16]):
                _flatten(item, "%s.%d" % (name, number), into, deeper - 1)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        into[name] = str(value)


def _unquoted(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\") if "\\" in text else text
