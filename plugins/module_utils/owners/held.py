# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sessions that a running owner itself says it holds: its status and its metrics as witnesses.

Unlike a log they tell how it is now. Whether such a session can send is for the kernel to say.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import shlex
import typing as t

from ..commands import inside
from ..model import OwnerSession, Process, Unseen, Want
from ..text import clean
from . import answers, asking
from .profile import Ask, Profile

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel

MAX_SESSIONS = 1000
"""Sessions of one process that are kept."""
_LISTENERS = 4
_PRIVILEGED = 1024
"""Ports below are those of protocols (BGP), not of metrics."""
_INIT = 1

_Key = t.Tuple[t.Optional[str], t.Optional[str], t.Optional[str]]


def held_sessions(profiles: t.Iterable[Profile], kernel: Kernel, unseen: t.List[Unseen]) -> t.Tuple[OwnerSession, ...]:
    """What the owners that live in this namespace say of their sessions; what cannot be asked is added to ``unseen``."""
    told: t.List[OwnerSession] = []
    for profile in profiles:
        for process, unit in kernel.running(profile.processes) if profile.sessions else ():
            asker = _Asker(kernel, process, asking.Once())
            wants: t.List[Want] = []
            for ask in profile.sessions:
                try:
                    wants.extend(asker.ask(ask))
                except (OSError, ValueError) as exc:
                    why = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
                    item = Unseen("sessions of %s (GET %s)" % (profile.name, ask.request), clean(why, 200))
                    if item not in unseen:
                        unseen.append(item)
            told.extend(fold(profile, process, unit, wants))
    return tuple(told)


def fold(profile: Profile, process: Process, unit: str | None, told: t.Iterable[Want]) -> t.List[OwnerSession]:
    """One claim for each session of what a process told: those that it holds, with the errors that it counted."""
    errors: t.Dict[_Key, int] = {}
    held: t.Dict[_Key, Want] = {}
    for want in told:
        said = want.selector
        key = (said.get("interface"), said.get("local"), said.get("peer"))
        if "errors" in said:
            errors[key] = errors.get(key, 0) + said["errors"]
        elif len(held) < MAX_SESSIONS:
            held.setdefault(key, want)
    named = {key[:2] for key in held if key[2] is not None}
    return [
        OwnerSession(
            owner=profile.name,
            process=process,
            unit=unit,
            interface=key[0],
            local=key[1],
            peer=key[2],
            errors=errors.get(key) or errors.get((*key[:2], None), 0),
            source=want.source,
            command=want.command,
            sample=_words(key),
            restart=profile.restart,
            advice=profile.advice,
            held=True,
        )
        for key, want in held.items()
        if key[2] is not None or key[:2] not in named  # the same told once with its peers is told whole
    ]


def _words(key: _Key) -> str:
    said = zip(("on %s", "from %s", "to %s"), key)
    return "it holds a session " + " ".join(words % value for words, value in said if value is not None)


@dataclasses.dataclass(frozen=True)
class _Asker:
    """Asks one process."""

    kernel: Kernel
    process: Process
    once: asking.Once

    def ask(self, ask: Ask) -> t.Tuple[Want, ...]:
        wants: t.List[Want] = []
        for name, command, get in self._listeners(ask) if ask.listens else self._sockets(ask):
            text = self.once((name, ask.request), get)
            wants.extend(answers.read(ask, text, "%s GET %s" % (name, ask.request), command).wants)
        return tuple(wants)

    def _sockets(self, ask: Ask) -> t.Iterator[t.Tuple[str, str, t.Callable[[], str]]]:
        pids = [self.process.pid] + ([_INIT] if self.kernel.of_the_system() else [])
        for path in asking.files(ask.sockets)[:1]:
            command = shlex.join(["curl", "--silent", "--unix-socket", path, "http://localhost" + ask.request])
            yield (
                "status of %s on %s" % (self.process.name, path),
                command,
                functools.partial(asking.get, path, ask.request, pids),
            )

    def _listeners(self, ask: Ask) -> t.Iterator[t.Tuple[str, str, t.Callable[[], str]]]:
        for address, port in self._places()[:_LISTENERS]:
            where = ("[%s]:%d" if ":" in address else "%s:%d") % (address, port)
            netns = None if self.kernel.netns is None else str(self.kernel.netns)
            command = inside(netns, "curl", "--silent", "http://%s%s" % (where, ask.request))
            yield (
                "metrics of %s on %s" % (self.process.name, where),
                command,
                functools.partial(self._over_tcp, address, port, ask.request),
            )

    def _over_tcp(self, address: str, port: int, request: str) -> str:
        with self.kernel.dial(address, port, asking.TIMEOUT) as connection:
            return asking.over(connection, request)

    def _places(self) -> t.List[t.Tuple[str, int]]:
        """Where the process can be reached on the loopback."""
        found = set()
        for address, port in self.kernel.listeners(self.process.pid):
            parsed = ipaddress.ip_address(address)
            if port < _PRIVILEGED or not (parsed.is_loopback or parsed.is_unspecified):
                continue
            loopback = "127.0.0.1" if parsed.version == 4 else "::1"
            found.add((address if parsed.is_loopback else loopback, port))
        return sorted(found)
