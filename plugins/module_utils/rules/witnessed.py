# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors that witnesses tell of, held against the kernel."""

from __future__ import annotations

import dataclasses
import typing as t

from ..index import is_unspecified
from ..model import Answer, Event, Evidence, Finding, Owner, Query, Session
from ..reach import explain
from ..reach.base import ifindex
from .base import rule
from .common import SAMPLES, HostCheck, plural, restartable, several, shown
from .persistence import ERRORS, GOING_ON, persists

_Group = t.Tuple[t.Optional[str], t.Optional[str], t.Optional[str], t.Optional[str], str]
_ROUTES_SAY = ("ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "ENODEV", "ENETDOWN", "EINVAL", "EACCES", "EPERM")
_WHOSE_SENDS = (
    "The kernel counts such sends and does not say whose they are, nor where to. Read the journal and the logs of the last "
    "minutes (evidence_info with journal), or trace a suspect (evidence_info with strace): that names source, interface and "
    "destination."
)
_WHOSE_PACKETS = (
    "The kernel counts such packets and does not say where to. Watch what comes in on the suspected link (tcpdump), and ask "
    "for its destination with 'ip route get ADDRESS iif LINK from SENDER'."
)


@dataclasses.dataclass(frozen=True)
class _Claim:
    """An event with the question that it comes down to, and the kernel's answer."""

    event: Event
    query: Query
    answer: Answer
    cause: str
    words: str


@rule(
    id="RC105",
    name="unreachable-errors",
    severity="medium",
    title="A program is told again and again that its sends are refused, and the kernel would refuse them now",
    rationale=(
        "The words 'network is unreachable' in a log do not say why. The same words mean a route that is missing, a source "
        "that is gone, a rule or route that refuses, or a link that is down, and each is mended otherwise."
    ),
    proof=(
        "Several errors of one program, over a stretch of time and until now, from its log, the journal or strace; and the "
        "kernel, asked for the same source, interface and destination, refuses the send now and says why."
    ),
    false_positives=(
        "Where the kernel would send now, the claim is not believed. A single error is a race. Sessions that an owner's own "
        "witnesses tell of are RC102. A log is a witness: nothing is removed because of it."
    ),
    remedies=(),
)
class UnreachableErrors(HostCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        events = [event for event in self.index.events if self._counts(event)]
        self._flows = [event for event in events if event.remote_addr is not None and not self._is_told_by_owner(event)]
        self._counters = [event for event in events if event.source.kind == "counter" and event.count >= ERRORS]
        self._peers = {event.remote_addr for event in self._flows}
        self._sockets: t.Dict[str, Session] = {}

    def session(self, session: Session) -> None:
        if (
            session.remote in self._peers
            and session.remote is not None
            and session.state not in ("TIME-WAIT", "LISTEN")
        ):
            self._sockets.setdefault(session.remote, session)

    def _counts(self, event: Event) -> bool:
        if event.source.kind == "counter":
            return event.error in _ROUTES_SAY
        recent = event.last is not None and self.index.snapshot.taken - event.last <= GOING_ON
        return recent and event.error in _ROUTES_SAY

    def _is_told_by_owner(self, event: Event) -> bool:
        """Is it RC102's? That needs a source or link that is gone."""
        return any(
            told.peer == event.remote_addr
            and told.process is not None
            and event.pid in (None, told.process.pid)
            and (
                (told.interface is not None and self.index.link_named(told.interface) is None)
                or (told.local is not None and not self.index.is_local(told.local))
            )
            for told in self.index.snapshot.owner_sessions
        )

    def conclude(self) -> t.Iterable[Finding]:
        groups: t.Dict[_Group, t.List[_Claim]] = {}
        for claim in self._refused():
            event = claim.event
            local = None if claim.query.source is None else event.local_addr
            key = (event.program, event.unit, local, event.interface, claim.cause)
            groups.setdefault(key, []).append(claim)
        for claims in groups.values():
            events = [claim.event for claim in claims]
            firsts = [event.first for event in events if event.first is not None]
            lasts = [event.last for event in events if event.last is not None]
            first, last = min(firsts, default=None), max(lasts, default=None)
            errors = sum(event.count for event in events)
            if persists(errors, first, last):
                yield self._finding(sorted(claims, key=_by_peer), errors, first, last)
        for event in self._counters:
            yield from self._rising(event)

    def _refused(self) -> t.Iterator[_Claim]:
        queries = {id(event): self._query(event) for event in self._flows}
        answers = self.answers(queries.values())
        for event in self._flows:
            query = queries[id(event)]
            answer = answers.get(query)
            if answer is None or answer.errno is None:
                continue  # beyond the budget, or the kernel would send it
            reach = explain(self.index, query, answer, interface=event.interface)
            yield _Claim(event, query, answer, reach.cause, reach.explanation)

    def _query(self, event: Event) -> Query:
        source = event.local_addr
        return Query(
            to=event.remote_addr or "",
            source=None if source is None or is_unspecified(source) else source,
            interface=ifindex(self.index, event.interface),
        )

    def _finding(self, claims: t.Sequence[_Claim], errors: int, first: float | None, last: float | None) -> Finding:
        claim, event = claims[0], claims[0].event
        peers = list(dict.fromkeys(each.event.remote_addr or "" for each in claims))
        who = shown(event.program or event.unit or "a program")
        return self.finding(
            "session",
            {
                "program": event.program,
                "unit": event.unit,
                "local": None if claim.query.source is None else event.local_addr,
                "interface": event.interface,
                "cause": claim.cause,
            },
            "%s%s was told %s when it sent to %s: %s"
            % (
                who,
                " (%s)" % shown(event.unit) if event.unit and event.program else "",
                "%s %s" % (event.error, plural(errors, "time")),
                several(peers),
                claim.words,
            ),
            self._evidence(claims),
            confidence="proven" if any(peer in self._sockets for peer in peers) else "strong",
            advice=_advice(event, claim.cause),
            owner=self._owner(event),
            count=len(peers),
            samples=tuple(peers[:SAMPLES]),
            details={
                "cause": claim.cause,
                "errno": claim.answer.errno,
                "told": event.error,
                "peers": peers[:SAMPLES],
                "local": event.local_addr,
                "errors": errors,
                "pid": event.pid,
            },
            first_seen=first,
            last_seen=last,
        )

    def _evidence(self, claims: t.Sequence[_Claim]) -> t.Iterator[Evidence]:
        for each in claims[:3]:
            source = each.event.source
            yield Evidence(
                "%s %s" % (source.kind, source.unit or source.path or ""), each.event.text, each.event.command
            )
        claim = claims[0]
        words: t.List[object] = ["route", "get", claim.query.to]
        words += ["from", claim.query.source] if claim.query.source else []
        words += ["oif", claim.event.interface] if claim.event.interface else []
        yield self.saw("a send to %s is refused: %s" % (claim.query.to, claim.answer.errno), *words)
        socket = self._sockets.get(claim.query.to)
        if socket is not None:
            observed = "a %s socket to %s is there (%s)" % (socket.protocol, claim.query.to, socket.state)
            yield self.listed("session", observed)

    def _owner(self, event: Event) -> Owner | None:
        if event.program is None and event.unit is None:
            return None
        name = event.program or event.unit or ""
        return Owner(name=shown(name), alive=None, known_by="the %s names it" % event.source.kind, unit=event.unit)

    def _rising(self, event: Event) -> t.Iterator[Finding]:
        counter = event.source.counter or event.source.path or ""
        forwarded = "InNoRoutes" in counter
        if forwarded and (6 if counter.startswith("Ip6") else 4) not in self.index.snapshot.forwarding:
            return  # what others send here by mistake
        told = "Packets that this host should forward" if forwarded else "Sends of this host"
        yield self.finding(
            "host",
            {"counter": counter},
            "%s are refused right now for want of a route%s: %s."
            % (told, "" if forwarded else " or a source", event.text.rstrip(".")),
            [Evidence("counter %s" % event.source.path, event.text, event.command)],
            # The kernel itself says that it goes on; that it does harm is not said: who has IPv4 only tries IPv6 in vain.
            severity="low",
            confidence="proven",
            advice=_WHOSE_PACKETS if forwarded else _WHOSE_SENDS,
            count=event.count,
            details={"cause": "counter-rising", "rate": event.rate},
            first_seen=event.first,
            last_seen=event.last,
        )


def _by_peer(claim: _Claim) -> t.Tuple[str, str]:
    return claim.event.remote_addr or "", claim.event.source.kind


def _advice(event: Event, cause: str) -> str:
    if cause == "source-not-local":
        who = "restart %s" % event.unit if event.unit and restartable(event.unit) else "restart the program"
        return (
            "Adding a route will not help: the kernel refuses the source before it looks for a route. Bring the address "
            "back, or have the program let go of it (%s). The explain playbook tells the whole story of one flow." % who
        )
    return "The explain playbook tells the whole story of one flow, with what mends it and what does not."
