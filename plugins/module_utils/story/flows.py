# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sends that a question is about: the one that was asked for, and those of sockets and witnesses. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..evidence.errors import DROPPED
from ..index import Index, is_unspecified
from ..model import Event, OwnerSession, Query, Session
from ..text import clean

MOST = 32
"""Different sends that are looked at."""
RECENT = 300.0
"""Seconds: what a witness told of longer ago is history."""
_MAPPED = "::ffff:"
_ENDED = ("TIME-WAIT", "CLOSE", "LISTEN")
_NAME = 64


@dataclasses.dataclass(frozen=True)
class Asked:
    """The question."""

    to: str
    source: str | None = None
    interface: str | None = None
    unit: str | None = None
    protocol: str | None = None
    """None where any will do."""
    port: int | None = None
    mark: int = 0
    uid: int | None = None


@dataclasses.dataclass(frozen=True)
class Witness:
    """Who tells of a send, in words, and what a person would type to see the same."""

    source: str
    """``kernel``, ``journal``, ``log``, ``strace``, ``status``..."""
    observed: str
    command: str
    count: int = 1
    first: float | None = None
    last: float | None = None
    going_on: bool | None = None


@dataclasses.dataclass(frozen=True)
class Flow:
    """One way of sending to the destination."""

    source: str | None
    """None where the kernel chooses."""
    interface: str | None
    protocol: str = "udp"
    port: int | None = None
    mark: int = 0
    uid: int | None = None
    program: str | None = None
    unit: str | None = None
    witnesses: t.Tuple[Witness, ...] = ()
    """None of them where it is the question itself."""

    @property
    def key(self) -> t.Hashable:
        return self.source, self.interface, self.protocol, self.mark


def flows(
    asked: Asked, index: Index, sessions: t.Iterable[Session], command: t.Callable[[Session], str]
) -> t.Tuple[Flow, ...]:
    """The question as a send, then all others to that destination that fit it, each once with all who tell of it.

    ``sessions`` are sockets; ``command`` shows one of them.
    """
    own = Flow(
        asked.source, asked.interface, asked.protocol or "udp", asked.port, asked.mark, asked.uid, unit=asked.unit
    )
    found: t.Dict[t.Hashable, Flow] = {own.key: own}
    for flow in _told(asked, index, sessions, command):
        known = found.get(flow.key)
        if known is not None:
            found[flow.key] = dataclasses.replace(
                known,
                port=known.port or flow.port,
                program=known.program or flow.program,
                unit=known.unit or flow.unit,
                witnesses=known.witnesses + flow.witnesses,
            )
        elif len(found) < MOST:
            found[flow.key] = flow
    return tuple(found.values())


def _told(
    asked: Asked, index: Index, sessions: t.Iterable[Session], command: t.Callable[[Session], str]
) -> t.Iterator[Flow]:
    now = index.snapshot.taken
    for session in sessions:
        flow = _of_socket(session, index, command)
        if flow is not None and plain(session.remote or "") == asked.to and _fits(asked, flow):
            yield flow
    for told in index.snapshot.owner_sessions:
        if told.peer == asked.to and (told.last is None or now - told.last < RECENT):
            flow = _of_owner(told, now)
            if _fits(asked, flow):
                yield flow
    for event in index.events:
        if event.remote_addr == asked.to and event.going_on is not False:
            flow = _of_event(event)
            if _fits(asked, flow):
                yield flow


def _fits(asked: Asked, flow: Flow) -> bool:
    """Is it the send that was asked about, as far as that was said? What is not known of a send may be anything."""
    pairs = (
        (asked.source, flow.source),
        (asked.interface, flow.interface),
        (asked.protocol, flow.protocol),
        (asked.port, flow.port),
        (asked.unit, flow.unit),
    )
    return all(wanted is None or known in (None, wanted) for wanted, known in pairs)


def _of_socket(session: Session, index: Index, command: t.Callable[[Session], str]) -> Flow | None:
    if session.remote is None or session.state in _ENDED:
        return None
    names = ", ".join("%s (pid %d)" % (clean(item.name, _NAME), item.pid) for item in session.processes[:3])
    text = "%s holds a %s socket, %s" % (names or "nobody that is seen", session.protocol, session.state)
    return Flow(
        source=_source(plain(session.local)),
        interface=index.name_of(session.ifindex),
        protocol=session.protocol if session.protocol in ("tcp", "udp") else "udp",
        port=session.remote_port or None,
        mark=session.mark,
        uid=session.uid,
        program=session.processes[0].name if session.processes else None,
        unit=session.unit,
        witnesses=(Witness("kernel", text, command(session)),),
    )


def _of_owner(told: OwnerSession, now: float) -> Flow:
    observed = told.sample or "%s has a session to %s" % (told.owner, told.peer)
    return Flow(
        source=_source(told.local),
        interface=told.interface,
        program=told.process.name if told.process else told.owner,
        unit=told.unit,
        witnesses=(
            Witness(
                told.source.partition(" ")[0],
                clean(observed, 400),
                told.command,
                max(told.errors, 1),
                told.first,
                told.last,
                None if told.last is None else now - told.last < RECENT,
            ),
        ),
    )


def _of_event(event: Event) -> Flow:
    # A packet that came in and was dropped: who would have got it, and by which link that sends, is not said.
    came_in = event.error == DROPPED
    return Flow(
        source=_source(event.local_addr),
        interface=None if came_in else event.interface,
        port=event.remote_port,
        program=None if came_in else event.program,
        unit=event.unit,
        witnesses=(
            Witness(event.source.kind, event.text, event.command, event.count, event.first, event.last, event.going_on),
        ),
    )


def _source(address: str | None) -> str | None:
    return None if address is None or is_unspecified(address) else address


def plain(address: str) -> str:
    """IPv4 over an IPv6 socket is IPv4 (RFC 4291, 2.5.5.2); a zone is told by the interface."""
    bare = address.partition("%")[0]
    return bare[len(_MAPPED) :] if bare.startswith(_MAPPED) and "." in bare else bare


def query(flow: Flow, asked: Asked, ifindex: int | None) -> Query:
    """The question to the oracle."""
    return Query(
        to=asked.to,
        source=flow.source,
        interface=ifindex,
        protocol=flow.protocol,
        port=flow.port,
        mark=flow.mark,
        uid=flow.uid,
    )
