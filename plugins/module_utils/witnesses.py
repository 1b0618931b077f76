# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that an audit hears beside the kernel's tables: logs, owners, configuration. Claims, for rules to hold against it."""

from __future__ import annotations

import os
import time
import typing as t

from . import hostid
from .evidence.folding import fold
from .evidence.resolvers import resolvers
from .info.evidence import OPTIONS as EVIDENCE
from .info.evidence import check, witnessed
from .intent import OPTIONS as INTENT
from .kernel.port import Kernel
from .model import BootObject, Event, Firewall, OwnerSession, OwnerState, PathProbe, Resolver, Unseen
from .owners.held import held_sessions
from .owners.profile import OPTIONS as OWNER
from .owners.states import states
from .owners.witness import WINDOW, owner_sessions

if t.TYPE_CHECKING:
    from .audit import Request

OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "intent": {"type": "dict", "default": {}, "options": INTENT},
    "owners": {"type": "list", "elements": "dict", "default": [], "options": OWNER},
    "firewall": {"type": "bool", "default": True},
    "firewall_trace": {"type": "bool", "default": False},
    "resolver_query": {"type": "bool", "default": False},
    "probes": {"type": "bool", "default": False},
    "boot_root": {"type": "path"},
    **EVIDENCE,
}
"""The argument spec of what an audit is told and whom it asks."""
_COMM = 15
"""Bytes of a command name that the kernel keeps (TASK_COMM_LEN without its end)."""
_SYSTEMD = "/run/systemd/system"
"""Is there where systemd is the init system (sd_booted(3))."""


def options(params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The witnesses that are asked, from a module's arguments. Raises ValueError that names what is wrong."""
    asked = {name: params[name] for name in EVIDENCE if name != "logs" and params.get(name)}
    if asked:
        check(asked)
    return asked


def hear(request: Request, kernel: Kernel, unseen: t.List[Unseen]) -> t.Dict[str, t.Any]:
    """Fields of a Snapshot, by name. What cannot be read is added to ``unseen``."""
    events = _events(request, kernel, unseen)
    owners = states(request.profiles, kernel, unseen)
    sessions = (
        *owner_sessions(request.profiles, kernel.running, request.logs, events, unseen),
        *held_sessions(request.profiles, kernel, unseen),
    )
    return {
        "boot": _boot(request, kernel, owners, unseen),
        "events": events,
        "firewall": _firewall(request, kernel, unseen),
        "owner_sessions": sessions,
        "owners": owners,
        "probes": _probes(request, kernel, sessions, unseen),
        "resolvers": _resolvers(request, kernel, unseen),
    }


def _boot(
    request: Request, kernel: Kernel, owners: t.Sequence[OwnerState], unseen: t.List[Unseen]
) -> t.Tuple[BootObject, ...] | None:
    """What the host's configuration makes at boot is for the namespace that the host started with, and for no other."""
    if request.boot_root is None and (kernel.of_the_system() is False or hostid.name_of(kernel.netns) is not None):
        return None
    from .evidence import boot

    alive = {state.name: state.alive for state in owners} if request.boot_root is None else {}
    return boot.read(kernel.links(), alive, unseen, request.boot_root or "/")


def _resolvers(request: Request, kernel: Kernel, unseen: t.List[Unseen]) -> t.Tuple[Resolver, ...] | None:
    found = resolvers(kernel.netns, unseen)
    if not request.resolver_query or not found:
        return found
    from .evidence import asking_names

    return asking_names.asked(found, kernel.netns)


def _probes(
    request: Request, kernel: Kernel, sessions: t.Sequence[OwnerSession], unseen: t.List[Unseen]
) -> t.Tuple[PathProbe, ...]:
    if not request.probes:
        return ()
    from .probing import aims, witness

    wanted = request.aims
    if wanted is None:
        own = {address.address for address in kernel.addresses()}
        wanted = aims.chosen(kernel.links(), kernel.sessions(("tcp", "udp")), sessions, own)
    return witness.probed(wanted, kernel.netns, unseen)


def _firewall(request: Request, kernel: Kernel, unseen: t.List[Unseen]) -> Firewall | None:
    if not request.firewall:
        return None
    from .evidence import firewall

    return firewall.read(kernel.netns, unseen)


def _events(request: Request, kernel: Kernel, unseen: t.List[Unseen]) -> t.Tuple[Event, ...]:
    """What was asked for; without that the journal's last minutes, where there is one."""
    asked = dict(request.evidence, logs=request.logs)
    if asked.get("journal") is None and os.path.isdir(_SYSTEMD):
        asked["journal"] = {"since": WINDOW, "units": (), "cursor": None}
    pid = (asked.get("strace") or {}).get("pid")
    if pid is not None and kernel.living_here([pid])[pid] is False:
        unseen.append(Unseen("sends of process %d" % pid, "it lives in another network namespace than the audited one"))
        del asked["strace"]
    return of_here(fold(witnessed(asked, unseen, kernel.netns), time.time()), kernel)


def of_here(events: t.Sequence[Event], kernel: Kernel) -> t.Tuple[Event, ...]:
    """Those of the kernel port's network namespace, and of now.

    The journal, and often a log, is that of the whole host: an event of a process that runs elsewhere is not of here. Where
    the process is gone, or not told, it counts for the namespace that the logs are of: the journal's is the one that this
    process is in. What a program said before it was started anew is history: the sessions that it spoke of went with it.
    """
    if not events:
        return ()
    living = kernel.living_here({event.pid for event in events if event.pid is not None})
    names = {event.program for event in events if event.program}
    running = kernel.processes(names) if names else ()

    def here(event: Event) -> bool:
        lives = None if event.pid is None else living[event.pid]
        return lives if lives is not None else kernel.netns is None or event.source.kind != "journal"

    def past(event: Event) -> bool:
        if event.last is None or event.program is None or (event.pid is not None and living[event.pid]):
            return False
        return any(
            process.name == event.program[:_COMM] and not process.may_have_told(event.last, named=False)
            for process in running
        )

    return tuple(event for event in events if here(event) and not past(event))
