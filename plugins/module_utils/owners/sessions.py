# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sessions that a live owner's own log complains about.

A log is a witness: what it says becomes a claim (OwnerSession), which rules hold against the kernel. Lines of a process
that is gone are history and are left out.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import typing as t

from ..evidence.errors import errno_in
from ..evidence.line import Line
from ..evidence.stamps import unix_time
from ..model import OwnerSession, Process
from ..text import clean
from .profile import Profile, SessionLog

_SAMPLE = 400
MAX_SESSIONS = 1000
"""Distinct sessions that are kept of one log; a hostile log cannot fill the memory."""

_Key = t.Tuple[int, t.Optional[str], t.Optional[str], str]


@dataclasses.dataclass(frozen=True)
class Told:
    """What one line says of one session."""

    interface: str | None
    local: str | None
    peer: str
    error: str | None
    time: float | None


@dataclasses.dataclass
class _Fold:
    told: Told
    first: float
    last: float
    errors: int
    sample: str


def read(line: Line, log: SessionLog) -> Told | None:
    """What a line says by the profile's description of it; None where it is not such a line."""
    start = line.text.find("{")
    if start < 0 or any(value not in line.text for value in log.match.values()):
        return None
    try:
        fields = json.loads(line.text[start:])
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or any(fields.get(key) != value for key, value in log.match.items()):
        return None
    found = log.pattern.search(str(fields.get(log.field, "")))
    if not found:
        return None
    groups = found.groupdict()
    peer, local = _address(groups["peer"]), _address(groups.get("local"))
    if peer is None:
        return None
    time = line.time if line.time is not None else unix_time(str(fields.get(log.time, "")))
    return Told(groups.get("interface"), local, peer, errno_in(str(fields.get(log.error, ""))), time)


class Claims:
    """What one log says of the sessions of one owner's running processes, taken line by line: one claim per session.

    ``processes`` are (process, systemd unit) pairs. A line counts when its process runs and wrote it after it was
    started, and when it tells an error of the unreachable family at a known time.
    """

    def __init__(
        self, profile: Profile, processes: t.Sequence[t.Tuple[Process, str | None]], source: str, command: str
    ) -> None:
        self._profile = profile
        self._running = {process.pid: (process, unit) for process, unit in processes}
        self._source = source
        self._command = command
        self._folds: t.Dict[_Key, _Fold] = {}

    def take(self, line: Line) -> None:
        pid = line.pid
        if pid is None and len(self._running) == 1:
            pid = next(iter(self._running))  # a file without a syslog header; the time decides
        if pid not in self._running:
            return
        for log in self._profile.session_logs:
            told = read(line, log)
            if told is None or told.error is None or told.time is None:
                continue
            if not self._running[pid][0].may_have_told(told.time, named=line.pid is not None):
                continue
            _add(self._folds, (pid, told.interface, told.local, told.peer), told, told.time, line.text)
            break

    def sessions(self) -> t.List[OwnerSession]:
        return [
            OwnerSession(
                owner=self._profile.name,
                process=self._running[key[0]][0],
                unit=self._running[key[0]][1],
                interface=None if item.told.interface is None else clean(item.told.interface, 64),
                local=item.told.local,
                peer=item.told.peer,
                errors=item.errors,
                first=item.first,
                last=item.last,
                error=item.told.error,
                source=self._source,
                command=self._command,
                sample=clean(item.sample, _SAMPLE),
                restart=self._profile.restart,
                advice=self._profile.advice,
            )
            for key, item in self._folds.items()
        ]


def _add(folds: t.Dict[_Key, _Fold], key: _Key, told: Told, time: float, text: str) -> None:
    item = folds.get(key)
    if item is None:
        if len(folds) < MAX_SESSIONS:
            folds[key] = _Fold(told, time, time, 1, text)
        return
    item.errors += 1
    item.first = min(item.first, time)
    if time >= item.last:
        item.told, item.last, item.sample = told, time, text


def _address(text: str | None) -> str | None:
    try:
        return str(ipaddress.ip_address(text)) if text else None
    except ValueError:
        return None
