# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A profile: how to recognise an owner, where its sessions show, and how it is restarted. Data, never code.

Shipped profiles are the YAML files in ``profiles/``; the controller reads them and hands them over with the module's
arguments (a managed host has no YAML parser). Users add their own in the same schema, ``OPTIONS``.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

OPTIONS: t.Dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "processes": {"type": "list", "elements": "str", "required": True},
    "restart": {"type": "list", "elements": "str", "default": []},
    "advice": {"type": "str", "default": ""},
    "session_logs": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "format": {"type": "str", "choices": ["json"], "default": "json"},
            "match": {"type": "dict", "required": True},
            "time": {"type": "str", "default": "time"},
            "error": {"type": "str", "default": "error"},
            "field": {"type": "str", "required": True},
            "pattern": {"type": "str", "required": True},
        },
    },
}
"""The argument spec of one profile."""


@dataclasses.dataclass(frozen=True)
class SessionLog:
    """Log lines that name a session: JSON objects, whatever stands before them on the line."""

    match: t.Mapping[str, str]
    """Fields that such a line has, with their exact text."""
    time: str
    """Field with the time (RFC 3339)."""
    error: str
    """Field with the error's text."""
    field: str
    """Field that names the session."""
    pattern: t.Pattern[str]
    """Reads ``peer`` and, where the text has them, ``local`` and ``interface`` from that field."""


@dataclasses.dataclass(frozen=True)
class Profile:
    """One kind of owner."""

    name: str
    processes: t.Tuple[str, ...]
    """Command names (comm, 15 bytes at most)."""
    restart: t.Tuple[str, ...] = ()
    """The argument vector that restarts it; never a shell string."""
    advice: str = ""
    session_logs: t.Tuple[SessionLog, ...] = ()


def load(data: t.Mapping[str, t.Any]) -> Profile:
    """A profile from validated arguments. Raises ValueError that names the profile and the field."""
    name = data["name"]
    processes = tuple(data["processes"])
    for process in processes:
        if len(process.encode()) > 15:
            raise ValueError(
                "owner %s: process name %r is longer than 15 bytes, what the kernel keeps" % (name, process)
            )
    return Profile(
        name=name,
        processes=processes,
        restart=tuple(data.get("restart") or ()),
        advice=data.get("advice") or "",
        session_logs=tuple(_session_log(name, item) for item in data.get("session_logs") or ()),
    )


def _session_log(owner: str, data: t.Mapping[str, t.Any]) -> SessionLog:
    try:
        pattern = re.compile(data["pattern"])
    except re.error as exc:
        raise ValueError("owner %s: session_logs.pattern is not a regular expression: %s" % (owner, exc)) from exc
    if "peer" not in pattern.groupindex:
        raise ValueError("owner %s: session_logs.pattern must have a group named 'peer': %s" % (owner, pattern.pattern))
    return SessionLog(
        match={str(key): str(value) for key, value in data["match"].items()},
        time=data.get("time") or "time",
        error=data.get("error") or "error",
        field=data["field"],
        pattern=pattern,
    )
