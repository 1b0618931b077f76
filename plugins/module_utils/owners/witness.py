# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask the witnesses: what the logs of the owners that run here say of their sessions."""

from __future__ import annotations

import shlex
import typing as t

from ..evidence import files, journal
from ..evidence.line import Line
from ..model import Event, OwnerSession, Process, Unseen
from .profile import Profile
from .sessions import Claims

WINDOW = 15
"""Minutes of the journal that are read: what goes on shows in it, what is older is history."""

Running = t.Callable[[t.Collection[str]], t.Sequence[t.Tuple[Process, t.Optional[str]]]]
"""The running processes with one of these command names, each with its systemd unit."""
_Owner = t.Tuple[Profile, t.Sequence[t.Tuple[Process, t.Optional[str]]]]
"""A profile with its running processes."""


def owner_sessions(
    profiles: t.Iterable[Profile],
    running: Running,
    logs: t.Sequence[str],
    events: t.Iterable[Event],
    unseen: t.List[Unseen],
) -> t.Tuple[OwnerSession, ...]:
    """What the journal of each owner's unit, the given log files, and ``events`` of strace say of sessions that owners
    hold, one claim for each session and witness. Each journal and each log is read once, whoever it is of. What cannot be
    read is added to ``unseen``."""
    told: t.List[OwnerSession] = []
    traced = [event for event in events if event.source.kind == "strace" and event.pid is not None]
    of_units: t.Dict[str, t.List[_Owner]] = {}
    owners: t.List[_Owner] = []
    for profile in profiles:
        processes = running(profile.processes) if profile.session_logs else ()
        if not processes:
            continue
        told.extend(_traced(profile, processes, traced))
        owners.append((profile, processes))
        for unit in {unit for _process, unit in processes if unit}:
            of_units.setdefault(unit, []).append((profile, processes))
    for unit, concerned in sorted(of_units.items()):
        command = shlex.join(journal.command(unit, WINDOW))
        told.extend(_logged(journal.lines(unit, WINDOW), "journal of %s" % unit, command, concerned, unseen))
    for path in logs if owners else ():
        command = shlex.join(["tail", "--lines=100", path])
        told.extend(_logged(files.lines(path), "log %s" % path, command, owners, unseen))
    return _one_each(told)


def _logged(
    lines: t.Iterator[Line], source: str, command: str, owners: t.Iterable[_Owner], unseen: t.List[Unseen]
) -> t.Iterator[OwnerSession]:
    """What one log says of these owners' sessions."""
    claims = [Claims(profile, processes, source, command) for profile, processes in owners]
    for line in _readable(lines, source, unseen):
        for each in claims:
            each.take(line)
    for each in claims:
        yield from each.sessions()


def _readable(lines: t.Iterator[Line], what: str, unseen: t.List[Unseen]) -> t.Iterator[Line]:
    """The lines, as far as they can be read."""
    try:
        yield from lines
    except (OSError, ValueError, journal.NoJournal) as exc:
        why = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        if not any(item.what == what for item in unseen):
            unseen.append(Unseen(what, why))


def _traced(
    profile: Profile, processes: t.Iterable[t.Tuple[Process, t.Optional[str]]], events: t.Iterable[Event]
) -> t.Iterator[OwnerSession]:
    """What the kernel answered to an owner's own sends, as strace saw it."""
    running = {process.pid: (process, unit) for process, unit in processes}
    for event in events:
        if event.pid not in running or event.remote_addr is None or _wildcard(event.local_addr):
            continue
        process, unit = running[event.pid]
        if event.last is not None and not process.may_have_told(event.last, named=True):
            continue  # another process had that number
        yield OwnerSession(
            owner=profile.name,
            process=process,
            unit=unit,
            interface=event.interface,
            local=event.local_addr,
            peer=event.remote_addr,
            errors=event.count,
            first=event.first,
            last=event.last,
            error=event.error,
            source="strace %s" % (event.source.path or "of pid %d" % process.pid),
            command=event.command,
            sample=event.text,
            restart=profile.restart,
            advice=profile.advice,
        )


def _wildcard(address: str | None) -> bool:
    return address in (None, "0.0.0.0", "::")


def _one_each(told: t.Iterable[OwnerSession]) -> t.Tuple[OwnerSession, ...]:
    """A session that one witness tells of twice (a unit of two processes' journal) is told once."""
    best: t.Dict[t.Tuple[object, ...], OwnerSession] = {}
    for session in told:
        key = (session.owner, session.process, session.interface, session.local, session.peer, session.source)
        if key not in best or session.errors > best[key].errors:
            best[key] = session
    return tuple(best.values())
