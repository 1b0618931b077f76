# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A profile: how to recognise an owner's objects, whether it is alive, what it wants, and how it lets go. Data, never code.

Shipped profiles are the YAML files in ``profiles/``; the controller reads them and hands them over with the module's
arguments (a managed host has no YAML parser). Users add their own in the same schema, ``OPTIONS``.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..model import Mark
from .marks import mark
from .placeholders import names

_COMM_BYTES = 15
"""What the kernel keeps of a command name (TASK_COMM_LEN without its end)."""

_STRINGS: t.Dict[str, t.Any] = {"type": "list", "elements": "str", "default": []}

OPTIONS: t.Dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "objects": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "kind": {"type": "str", "required": True, "choices": ["link", "address", "route", "rule", "firewall"]},
            "name": {"type": "str"},
            "link_kind": {"type": "str"},
            "interface": {"type": "str"},
            "proto": {"type": "str"},
            "tables": _STRINGS,
            "priorities": _STRINGS,
            "fwmarks": _STRINGS,
            "prefix": {"type": "str"},
            "unmarked": {"type": "bool", "default": False},
            "suppresses": {"type": "int"},
            "before_own": {"type": "bool", "default": False},
            "proves": {"type": "bool", "default": True},
        },
    },
    "processes": _STRINGS,
    "units": _STRINGS,
    "scope": {"type": "str", "choices": ["namespace", "host"], "default": "namespace"},
    "outlives": {"type": "bool", "default": False},
    "lives_in_links": {"type": "bool", "default": False},
    "programs": _STRINGS,
    "paths": _STRINGS,
    "wants": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "kind": {"type": "str", "required": True, "choices": ["link", "address", "route", "rule"]},
            "selector": {"type": "dict", "required": True},
            "sockets": _STRINGS,
            "request": {"type": "str"},
            "command": _STRINGS,
            "files": _STRINGS,
            "format": {"type": "str", "choices": ["json", "text"], "default": "json"},
            "select": {"type": "str", "default": ""},
            "where": {"type": "dict", "default": {}},
            "begin": {"type": "str"},
            "end": {"type": "str"},
            "pattern": {"type": "str"},
            "complete": {"type": "bool", "default": False},
        },
    },
    "sessions": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "selector": {"type": "dict", "required": True},
            "sockets": _STRINGS,
            "listens": {"type": "bool", "default": False},
            "request": {"type": "str", "required": True},
            "format": {"type": "str", "choices": ["json", "metrics"], "default": "json"},
            "select": {"type": "str", "default": ""},
            "where": {"type": "dict", "default": {}},
        },
    },
    "release": _STRINGS,
    "restart": _STRINGS,
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

_UNIT = re.compile(r"[A-Za-z0-9:_.\\@*?\[\]-]{1,255}\.(service|socket|target|mount|timer|path|scope)\Z")
_REQUEST = re.compile(r"/[!-~]*\Z")
PLACEHOLDERS = ("interface", "address", "dst", "table")
"""What ``release`` may name in braces."""

SELECTORS: t.Mapping[str, t.Tuple[str, ...]] = {
    "link": ("name",),
    "address": ("address", "interface", "prefix"),
    "route": ("dst", "table", "gateway", "interface", "proto"),
    "rule": ("priority", "table", "mark", "src", "dst", "iif", "oif"),
    "session": ("interface", "local", "peer", "errors"),
}
"""What an answer may say of an object of each kind."""


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
class Ask:
    """One question to an owner. Exactly one of ``sockets``, ``listens``, ``command`` and ``files`` says how it is asked."""

    kind: str
    """Of the objects that the answer tells of."""
    selector: t.Mapping[str, str]
    """What identifies such an object: a text for each key, in which ``{field}`` is filled in from the answer."""
    sockets: t.Tuple[str, ...] = ()
    """Unix sockets with HTTP on them; the first that answers is believed."""
    listens: bool = False
    """It is asked over HTTP where its process listens on TCP itself, on the loopback or any address."""
    request: str = ""
    """The path that is requested there (GET)."""
    command: t.Tuple[str, ...] = ()
    files: t.Tuple[str, ...] = ()
    """Patterns (glob)."""
    format: str = "json"
    """``json``, ``text``, or ``metrics`` (Prometheus): each sample has its labels, ``@name`` and ``@value`` as fields."""
    select: t.Tuple[str, ...] = ()
    """JSON: the way to the objects, key by key; ``*`` is each item of a list or object."""
    where: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Fields that such an object has, with a pattern (fnmatch) for their text."""
    begin: t.Pattern[str] | None = None
    """Text: only what stands between a line that has this and the next that has ``end``."""
    end: t.Pattern[str] | None = None
    pattern: t.Pattern[str] | None = None
    """Text: each find in a line is an object; its named groups are the fields."""
    complete: bool = False
    """Does it name all objects of this kind that the owner wants? What it does not name is then not wanted."""

    @property
    def fields(self) -> t.FrozenSet[str]:
        """What is filled in from the answer."""
        return frozenset(name for text in self.selector.values() for name in names(text))


@dataclasses.dataclass(frozen=True)
class Profile:
    """One kind of owner."""

    name: str
    processes: t.Tuple[str, ...] = ()
    """Command names (comm, 15 bytes at most)."""
    restart: t.Tuple[str, ...] = ()
    """The argument vector that restarts it; never a shell string. Empty: its systemd unit is restarted, where known."""
    advice: str = ""
    session_logs: t.Tuple[SessionLog, ...] = ()
    objects: t.Tuple[Mark, ...] = ()
    units: t.Tuple[str, ...] = ()
    """systemd units; patterns are taken (``wg-quick@*.service``)."""
    scope: str = "namespace"
    """``host``: a process elsewhere on the host may own objects here."""
    outlives: bool = False
    """Is what it makes meant to stay while it does not run? It then counts as gone only when its program is gone too."""
    lives_in_links: bool = False
    """Does it live while one of its links is here, one that its marks fit or that its files name, whatever runs? Without
    one, and without a process, it is gone, though its program be installed."""
    programs: t.Tuple[str, ...] = ()
    """Paths (glob) of what must be there for it to run."""
    paths: t.Tuple[str, ...] = ()
    """Paths (glob) that show that it was ever here: state, configuration."""
    wants: t.Tuple[Ask, ...] = ()
    sessions: t.Tuple[Ask, ...] = ()
    """How it tells of the sessions that it holds now, and (``errors``) how many of their sends failed."""
    release: t.Tuple[str, ...] = ()


def load(data: t.Mapping[str, t.Any]) -> Profile:
    """A profile from validated arguments. Raises ValueError that names the profile and the field."""
    name = data["name"]
    try:
        return _load(name, data)
    except ValueError as exc:
        raise ValueError("owner %s: %s" % (name, exc)) from exc


def _load(name: str, data: t.Mapping[str, t.Any]) -> Profile:
    processes = _texts(data, "processes")
    for process in processes:
        if len(process.encode()) > _COMM_BYTES:
            raise ValueError("process name %r is longer than %d bytes, what the kernel keeps" % (process, _COMM_BYTES))
    objects = tuple(mark(item) for item in data.get("objects") or ())
    outlives, lives_in_links = bool(data.get("outlives")), bool(data.get("lives_in_links"))
    if outlives and lives_in_links:
        raise ValueError("outlives, lives_in_links: what lives in its links is gone with them; expected one of the two")
    if lives_in_links and not any(item.kind == "link" for item in objects):
        raise ValueError(
            "lives_in_links: objects has no link, so nobody could tell whether one is there; name its links"
        )
    if not (processes or outlives or lives_in_links):
        raise ValueError(
            "processes: none is named, so nobody could tell whether it is alive; name them, or say outlives: true or "
            "lives_in_links: true of what works without a process"
        )
    release = _texts(data, "release")
    for unknown in sorted({name for word in release for name in names(word)} - set(PLACEHOLDERS)):
        raise ValueError("release: {%s} is not known; expected {%s}" % (unknown, "}, {".join(PLACEHOLDERS)))
    for unit in _texts(data, "units"):
        if not _UNIT.match(unit):
            raise ValueError("units: %r is not the name of a unit, such as frr.service" % unit)
    for field in ("programs", "paths"):
        for path in _texts(data, field):
            _absolute(field, path)
    return Profile(
        name=name,
        processes=processes,
        restart=_texts(data, "restart"),
        advice=data.get("advice") or "",
        session_logs=tuple(_session_log(item) for item in data.get("session_logs") or ()),
        objects=objects,
        units=_texts(data, "units"),
        scope=data.get("scope") or "namespace",
        outlives=outlives,
        lives_in_links=lives_in_links,
        programs=_texts(data, "programs"),
        paths=_texts(data, "paths"),
        wants=tuple(_ask("wants", item) for item in data.get("wants") or ()),
        sessions=tuple(_ask("sessions", dict(item, kind="session")) for item in data.get("sessions") or ()),
        release=release,
    )


def _texts(data: t.Mapping[str, t.Any], field: str) -> t.Tuple[str, ...]:
    value = data.get(field) or ()
    if isinstance(value, str):
        raise ValueError("%s: expected a list, not the text %r" % (field, value))
    return tuple(str(item) for item in value)


def _absolute(field: str, path: str) -> None:
    if not path.startswith("/"):
        raise ValueError("%s: %r is not an absolute path" % (field, path))


def _pattern(field: str, text: str | None) -> t.Pattern[str] | None:
    if text is None:
        return None
    try:
        return re.compile(text)
    except re.error as exc:
        raise ValueError("%s is not a regular expression: %s" % (field, exc)) from exc


def _ask(field: str, data: t.Mapping[str, t.Any]) -> Ask:
    try:
        return _checked(_read_ask(data))
    except ValueError as exc:
        raise ValueError("%s: %s" % (field, exc)) from exc


def _read_ask(data: t.Mapping[str, t.Any]) -> Ask:
    return Ask(
        kind=data["kind"],
        selector={str(key): str(value) for key, value in data["selector"].items()},
        sockets=_texts(data, "sockets"),
        listens=bool(data.get("listens")),
        request=data.get("request") or "",
        command=_texts(data, "command"),
        files=_texts(data, "files"),
        format=data.get("format") or "json",
        select=tuple(filter(None, (data.get("select") or "").split("."))),
        where={str(key): str(value) for key, value in (data.get("where") or {}).items()},
        begin=_pattern("begin", data.get("begin")),
        end=_pattern("end", data.get("end")),
        pattern=_pattern("pattern", data.get("pattern")),
        complete=bool(data.get("complete")),
    )


def _checked(ask: Ask) -> Ask:
    if len(list(filter(None, (ask.sockets, ask.listens, ask.command, ask.files)))) != 1:
        known = "sockets and listens" if ask.kind == "session" else "sockets, command and files"
        raise ValueError("expected exactly one of %s" % known)
    if bool(ask.sockets or ask.listens) != bool(_REQUEST.match(ask.request)):
        raise ValueError("request: expected a path such as /status where it is asked over HTTP, and only there")
    for path in (*ask.sockets, *ask.files):
        _absolute("sockets and files", path)
    if ask.complete and not ask.sockets:
        raise ValueError("complete: only what the owner itself answers on its socket can be")
    unknown = sorted(set(ask.selector) - set(SELECTORS[ask.kind]))
    if unknown or not ask.selector:
        raise ValueError(
            "selector: of a %s, expected some of %s, not %s" % (ask.kind, ", ".join(SELECTORS[ask.kind]), unknown)
        )
    if ask.format == "text":
        _check_text(ask)
    elif ask.pattern or ask.begin or ask.end:
        raise ValueError("begin, end and pattern read text; expected format: text")
    for text in ask.selector.values():
        names(text)
    return ask


def _check_text(ask: Ask) -> None:
    if ask.select or ask.where:
        raise ValueError("select and where read JSON; expected format: json")
    if (ask.begin is None) != (ask.end is None):
        raise ValueError("expected both begin and end, or neither")
    groups = set(ask.pattern.groupindex) if ask.pattern else set()
    unknown = sorted(name for name in ask.fields - groups if not name.startswith("@"))
    if unknown:
        raise ValueError("pattern must have a group named %s" % ", ".join(map(repr, unknown)))


def _session_log(data: t.Mapping[str, t.Any]) -> SessionLog:
    pattern = _pattern("session_logs.pattern", data["pattern"])
    if pattern is None or "peer" not in pattern.groupindex:
        raise ValueError("session_logs.pattern must have a group named 'peer': %s" % data["pattern"])
    return SessionLog(
        match={str(key): str(value) for key, value in data["match"].items()},
        time=data.get("time") or "time",
        error=data.get("error") or "error",
        field=data["field"],
        pattern=pattern,
    )
