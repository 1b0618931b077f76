# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of each owner: was it ever here, is it alive, what does it want."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import glob
import os
import shlex
import typing as t

from ..model import OwnerState, Process, Unseen, Want
from ..text import clean
from . import answers, asking, in_links, systemd
from .profile import Ask, Profile

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel
    from ..kernel.processes import Daemon

_SHOWN = 3
"""Names in a sentence."""
_NAME = 64
"""Characters of a name."""
_INIT = 1
_GONE = ("inactive", "failed")


@dataclasses.dataclass(frozen=True)
class _Host:
    """What the whole host showed, asked once for all owners."""

    daemons: t.Mapping[str, t.Sequence[Daemon]]
    """By command name."""
    all_shown: bool
    units: t.Mapping[str, systemd.Unit]
    units_count: bool
    """Are the host's services in this network namespace, so that their state tells of it?"""
    unit_of: t.Callable[[int], t.Optional[str]]
    once: asking.Once
    kernel: Kernel


def states(profiles: t.Iterable[Profile], kernel: Kernel, unseen: t.List[Unseen]) -> t.Tuple[OwnerState, ...]:
    """The state of each profile's owner; what cannot be read is added to ``unseen``."""
    profiles = tuple(profiles)
    if not profiles:
        return ()
    host = _look(profiles, kernel, unseen)
    return tuple(_state(profile, host, unseen) for profile in profiles)


def _look(profiles: t.Sequence[Profile], kernel: Kernel, unseen: t.List[Unseen]) -> _Host:
    names = {name for profile in profiles for name in profile.processes}
    found, all_shown = kernel.daemons(names)
    by_name: t.Dict[str, t.List[Daemon]] = {}
    for daemon in found:
        by_name.setdefault(daemon.process.name, []).append(daemon)
    try:
        units = systemd.show(sorted({unit for profile in profiles for unit in profile.units}))
    except (OSError, ValueError) as exc:
        units = {}
        unseen.append(Unseen("systemd units of owners", asking.why(exc)))
    return _Host(by_name, all_shown, units, kernel.of_the_system() is True, kernel.unit_of, asking.Once(), kernel)


def _state(profile: Profile, host: _Host, unseen: t.List[Unseen]) -> OwnerState:
    daemons = [daemon for name in profile.processes for daemon in host.daemons.get(name, ())]
    here = [daemon for daemon in daemons if daemon.here or profile.scope == "host"]
    units = _units(profile, host)
    program = next(iter(_existing(profile.programs)), None)
    trace = next(iter(_existing(profile.paths)), None)
    alive, known_by = _alive(profile, host, daemons, here, units, program)
    process = here[0].process if here else None
    unit = _unit(here, units, host)
    known = host.units.get(unit) if unit else None
    present = bool(here or units or program or trace)
    wants: t.Optional[t.Tuple[Want, ...]] = None
    complete: t.Tuple[str, ...] = ()
    if _can_tell(profile, alive, present):
        wants, complete = _wants(
            profile, host, [daemon.process.pid for daemon in daemons if daemon.here], alive, unseen
        )
    return OwnerState(
        name=profile.name,
        alive=alive,
        known_by=known_by,
        present=present,
        unit=unit,
        enabled=known.enabled if known else None,
        process=process,
        lives_in_links=profile.lives_in_links,
        marks=profile.objects,
        wants=wants,
        complete=complete,
        restart=_restart(profile, unit, known),
        release=profile.release,
        advice=profile.advice,
    )


# Is it alive? --------------------------------------------------------------------------------------------------------


def _alive(
    profile: Profile,
    host: _Host,
    daemons: t.Sequence[Daemon],
    here: t.Sequence[Daemon],
    units: t.Sequence[systemd.Unit],
    program: str | None,
) -> t.Tuple[t.Optional[bool], str]:
    """Whether an owner is alive, and how that is known."""
    if here:
        return True, "process %s" % _process(here[0].process)
    link = in_links.link_of(profile, host.kernel) if profile.lives_in_links else None
    if link is not None:
        return True, "its link %s is here" % clean(link, _NAME)
    # A unit that only brought its links up stays active without them, as Debian's wg-quick@.service does.
    gone_too = (*_GONE, "active") if profile.lives_in_links else _GONE
    active = [unit for unit in units if unit.active not in gone_too]
    if active and not profile.processes:
        return True, "%s is %s" % (active[0].name, active[0].active)
    unclear = [daemon for daemon in daemons if daemon.here is None]
    if unclear:
        return None, "process %s runs, in which network namespace is not shown" % _process(unclear[0].process)
    if profile.processes and not host.all_shown:
        return None, "this user is not shown all processes"
    gone = _gone(profile, daemons, units)
    if active:  # it is being started, or runs under a name that the profile does not know
        return None, gone
    if profile.outlives and program is not None:
        return None, "%s, but what it makes is meant to stay then, and %s is installed" % (gone, program)
    keeps = in_links.unclear(profile, host.kernel) if profile.lives_in_links else ""
    if keeps:
        return None, "%s, but %s" % (gone, keeps)
    return False, gone


def _gone(profile: Profile, daemons: t.Sequence[Daemon], units: t.Sequence[systemd.Unit]) -> str:
    said = []
    if profile.processes:
        names = ", ".join(profile.processes[:_SHOWN]) + (", ..." if len(profile.processes) > _SHOWN else "")
        elsewhere = " (it runs in another network namespace)" if daemons else ""
        said.append("no process %s runs here%s" % (names, elsewhere))
    if units:
        said.append("%s is %s" % (units[0].name, clean(units[0].active, 32)))
    if profile.lives_in_links:
        said.append("none of its links is here")
    return "; ".join(said) or "nothing of it runs here"


def _process(process: Process) -> str:
    return "%s (pid %d)" % (process.name, process.pid)


def _existing(patterns: t.Iterable[str]) -> t.Iterator[str]:
    for pattern in patterns:
        if glob.has_magic(pattern):
            yield from glob.iglob(pattern)
        elif os.path.lexists(pattern):
            yield pattern


# Units ---------------------------------------------------------------------------------------------------------------


def _units(profile: Profile, host: _Host) -> t.List[systemd.Unit]:
    """The units of the owner that are loaded, those that run first. In another network namespace than the host's services
    they tell nothing of an owner that lives in one."""
    if not (host.units_count or profile.scope == "host"):
        return []
    found = [
        unit
        for pattern in profile.units
        for name, unit in sorted(host.units.items())
        if fnmatch.fnmatchcase(name, pattern)
    ]
    return sorted(dict.fromkeys(found), key=lambda unit: unit.active in _GONE)


def _unit(here: t.Sequence[Daemon], units: t.Sequence[systemd.Unit], host: _Host) -> str | None:
    """The unit that its processes run in; without a process the owner's own. None where there are several instances: which
    of them is concerned is not known."""
    found: t.Set[t.Optional[str]]
    if here:
        found = {host.unit_of(daemon.process.pid) for daemon in here}
    else:
        found = {unit.name for unit in units if "@" in unit.name} or {unit.name for unit in units[:1]}
    return found.pop() if len(found) == 1 else None


def _restart(profile: Profile, unit: str | None, known: systemd.Unit | None) -> t.Tuple[str, ...]:
    """How it is restarted. A unit that systemd does not know here cannot be."""
    if profile.restart and (known is not None or profile.restart[0] != "systemctl"):
        return profile.restart
    return ("systemctl", "restart", unit) if known is not None and unit is not None else ()


# What does it want? --------------------------------------------------------------------------------------------------


def _can_tell(profile: Profile, alive: bool | None, present: bool) -> bool:
    """Is there anyone, or anything of it, to ask? Of what is meant to outlive its program, the configuration that stayed
    behind names what others may have taken over."""
    return alive is not False or (present and not (profile.outlives or profile.lives_in_links))


def _wants(
    profile: Profile, host: _Host, pids: t.Sequence[int], alive: bool | None, unseen: t.List[Unseen]
) -> t.Tuple[t.Optional[t.Tuple[Want, ...]], t.Tuple[str, ...]]:
    """What it wants, None where nothing answered; and the kinds of objects of which that is all. ``pids`` are its own."""
    if host.units_count:
        pids = [*pids, _INIT]  # that opens the sockets of what it starts (systemd.socket(5))
    found: t.List[Want] = []
    good: t.Dict[str, bool] = {}
    complete = set()
    for ask in profile.wants:
        if alive is not True and not ask.files:
            continue  # who is not there cannot be asked
        try:
            answer = _asked(ask, host, pids)
        except (OSError, ValueError) as exc:
            item = Unseen("what %s wants (%s)" % (profile.name, ask.kind), asking.why(exc))
            if item not in unseen:
                unseen.append(item)
            good[ask.kind] = False
            continue
        found.extend(answer.wants)
        good[ask.kind] = good.get(ask.kind, True) and answer.whole
        if ask.complete:
            complete.add(ask.kind)
    wants = tuple(found) if found or any(good.values()) else None
    return wants, tuple(sorted(kind for kind in complete if good[kind]))


def _asked(ask: Ask, host: _Host, pids: t.Sequence[int]) -> answers.Answered:
    if ask.sockets:
        return _over_sockets(ask, host, pids)
    if ask.command:
        command = shlex.join(ask.command)
        text = host.once(ask.command, lambda: asking.run(ask.command))
        return answers.read(ask, text, command, command)
    return asking.in_files(ask)


def _over_sockets(ask: Ask, host: _Host, pids: t.Sequence[int]) -> answers.Answered:
    failed: Exception = ValueError("none of its sockets is there: %s" % ", ".join(ask.sockets))
    for path in ask.sockets:
        if not os.path.lexists(path):
            continue
        command = shlex.join(["curl", "--silent", "--unix-socket", path, "http://localhost" + ask.request])
        try:
            text = host.once((path, ask.request), functools.partial(asking.get, path, ask.request, pids))
            return answers.read(ask, text, "%s GET %s" % (path, ask.request), command)
        except (OSError, ValueError) as exc:
            failed = exc
    raise failed
