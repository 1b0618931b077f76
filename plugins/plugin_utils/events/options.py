# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source's options, checked. Messages say which, what was expected, and what it was."""

from __future__ import annotations

import dataclasses
import os
import socket
import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.namespace import path_of

_MOST_LOGS = 64
_MOST_UNITS = 64
_FOR_US = "eda_feedback_queue"
"""ansible-rulebook adds it to the options of a source that wants it."""


@dataclasses.dataclass(frozen=True)
class Options:
    """Each is described in extensions/eda/plugins/event_source/network.py."""

    host: str
    netns: str | None = None
    kernel: bool = True
    journal: bool = True
    units: t.Tuple[str, ...] = ()
    logs: t.Tuple[str, ...] = ()
    settle: float = 3.0
    at_most_every: float = 60.0
    remind: float = 3600.0
    at_start: bool = True


def load(args: t.Mapping[str, t.Any]) -> Options:
    """Raises ValueError."""
    left = {name: value for name, value in args.items() if name != _FOR_US}
    options = Options(
        host=_text(left.pop("host", None), "host") or socket.gethostname(),
        netns=_text(left.pop("netns", None), "netns"),
        kernel=_flag(left, "kernel"),
        journal=_flag(left, "journal"),
        units=_texts(left, "units", _MOST_UNITS),
        logs=_texts(left, "logs", _MOST_LOGS),
        settle=_seconds(left, "settle", 3.0, 0.1, 600.0),
        at_most_every=_seconds(left, "at_most_every", 60.0, 1.0, 86400.0),
        remind=_seconds(left, "remind", 3600.0, 1.0, 30 * 86400.0),
        at_start=_flag(left, "at_start"),
    )
    if left:
        known = ", ".join(field.name for field in dataclasses.fields(Options))
        raise ValueError("the event source has no option %s; it has %s" % (", ".join(sorted(map(str, left))), known))
    if options.netns is not None:
        path_of(options.netns)
    for path in options.logs:
        if not os.path.isabs(path):
            raise ValueError("logs: the path of a log file must be absolute, and %r is not" % path)
    for unit in options.units:
        if unit.startswith("-"):
            raise ValueError("units: %r is no name of a systemd unit" % unit)
    if not (options.kernel or options.journal or options.logs):
        raise ValueError("nothing is followed: leave kernel or journal true, or name log files in logs")
    return options


def _text(value: t.Any, name: str) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):  # a rulebook's template makes a number of a pid
        value = str(value)
    if not isinstance(value, str) or len(value) > 255 or not value.isprintable():
        raise ValueError("%s: a text of at most 255 printable characters is expected, not %r" % (name, value))
    return value


def _texts(left: t.Dict[str, t.Any], name: str, most: int) -> t.Tuple[str, ...]:
    value = left.pop(name, None) or []
    if not isinstance(value, (list, tuple)) or len(value) > most:
        raise ValueError("%s: a list of at most %d texts is expected, not %r" % (name, most, value))
    texts = [_text(item, name) for item in value]
    return tuple(dict.fromkeys(text for text in texts if text))


def _flag(left: t.Dict[str, t.Any], name: str) -> bool:
    value = left.pop(name, True)
    if not isinstance(value, bool):
        raise ValueError("%s: true or false is expected, not %r" % (name, value))
    return value


def _seconds(left: t.Dict[str, t.Any], name: str, default: float, least: float, most: float) -> float:
    value = left.pop(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ValueError("%s: seconds from %g to %g are expected, not %r" % (name, least, most, value))
    return float(value)
