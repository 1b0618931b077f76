# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions that live in an owner's memory and are told of by a witness (DESIGN: the incident)."""

from __future__ import annotations

import shlex
import typing as t

from ..model import Answer, Evidence, Finding, Link, Owner, OwnerSession, Process, Query, Step
from .base import rule
from .common import SAMPLES, HostCheck, family_of, inside, plural, restartable, several, shown
from .persistence import ERRORS, GOING_ON, persists

_Group = t.Tuple[str, int, t.Optional[str], t.Optional[str]]


@rule(
    id="RC102",
    name="owner-session-source-gone",
    severity="high",
    title="A daemon keeps sending from an address or link that is gone",
    rationale=(
        "A daemon that chooses the source of each packet itself (IP_PKTINFO) keeps a session in its memory after the "
        "session's address left the host. Each send fails with ENETUNREACH, for ever, and nothing in the kernel's "
        "socket table shows it. The words 'network is unreachable' send people looking for a route; none is missing."
    ),
    proof=(
        "The running daemon's own log names the session, several times, over a stretch of time and until now; or its "
        "metrics say that it holds the session now, and that several sends failed; or two witnesses that do not know of "
        "each other (log, strace, the daemon's own status or metrics) tell of it. The kernel says that the session's "
        "source is not local to the host, and refuses the same send, or that its link is gone."
    ),
    false_positives=(
        "Lines of a process that is gone are history. A single error is the race of a teardown. What the log says of "
        "an address that is local, on whichever link, is not believed."
    ),
    remedies=("owner.restart", "address.add"),
)
class OwnerSessionSourceGone(HostCheck):
    def conclude(self) -> t.Iterable[Finding]:
        groups: t.Dict[_Group, t.List[OwnerSession]] = {}
        for session in self.index.snapshot.owner_sessions:
            if session.process is not None and self._stale(session):
                key = (session.owner, session.process.pid, session.interface, session.local)
                groups.setdefault(key, []).append(session)
        for sessions in groups.values():
            finding = self._judge(sorted(sessions, key=lambda session: (session.held, session.peer or "")))
            if finding is not None:
                yield finding

    def _stale(self, session: OwnerSession) -> bool:
        link_gone = session.interface is not None and self.index.link_named(session.interface) is None
        return link_gone or self._source_gone(session)

    def _source_gone(self, session: OwnerSession) -> bool:
        return session.local is not None and not self.index.is_local(session.local)

    def _judge(self, sessions: t.Sequence[OwnerSession]) -> Finding | None:
        taken = self.index.snapshot.taken
        held = [session for session in sessions if session.held]
        counted = max((session.errors for session in held), default=0)
        errors, first, last = most_telling(session for session in sessions if not session.held)
        if last is not None and taken - last > GOING_ON and not held:
            return None
        if not persists(errors, first, last) and not _agreed(sessions) and counted < ERRORS:
            return None
        link = self.index.link_named(sessions[0].interface)
        # Witnesses of one session ask the same.
        queries = list(dict.fromkeys(_query(session, link) for session in sessions))
        answers = self.ask(queries)
        if self._source_gone(sessions[0]) and any(answer.errno is None for answer in answers):
            return None  # the kernel would send it: the claim is not confirmed
        return self._finding(
            sessions, link, (queries[0], answers[0]), max(errors, counted), first, taken if held else last
        )

    def _finding(
        self,
        sessions: t.Sequence[OwnerSession],
        link: Link | None,
        asked: t.Tuple[Query, Answer],
        errors: int,
        first: float | None,
        last: float | None,
    ) -> Finding:
        session = sessions[0]
        process = t.cast(Process, session.process)  # sessions of nobody were left out
        source_gone = self._source_gone(session)
        errno = asked[1].errno or session.error
        peers = list(dict.fromkeys(item.peer for item in sessions if item.peer is not None))
        return self.finding(
            "session",
            {"owner": session.owner, "interface": session.interface, "local": session.local},
            "%s (pid %d%s) keeps sending%s%s%s, but %s: each send fails with %s."
            % (
                session.owner,
                process.pid,
                ", unit %s" % shown(session.unit) if session.unit else "",
                " from %s" % session.local if session.local else "",
                " on %s" % shown(session.interface) if session.interface else "",
                " to %s" % several(peers) if peers else "",
                "that source is not an address of this host any more"
                if source_gone
                else "the interface does not exist any more",
                errno,
            ),
            self._evidence(sessions, link, asked, source_gone),
            confidence="proven",
            remedy=self._remedy(session),
            advice=_advice(session, source_gone),
            owner=Owner(
                name=session.owner,
                alive=True,
                known_by="the running process %s (pid %d) %s itself"
                % (process.name, process.pid, "says so" if session.held else "writes these lines"),
                unit=session.unit,
                process=process,
            ),
            count=len(peers) or 1,
            samples=tuple(peers[:SAMPLES]),
            details={
                "cause": "source-not-local" if source_gone else "device-gone",
                "errno": errno,
                "local": session.local,
                "interface": session.interface,
                "peers": peers[:SAMPLES],
                "errors": errors,
                "errors_over_seconds": None if first is None or last is None else round(last - first, 1),
            },
            first_seen=first,
            last_seen=last,
        )

    def _evidence(
        self,
        sessions: t.Sequence[OwnerSession],
        link: Link | None,
        asked: t.Tuple[Query, Answer],
        source_gone: bool,
    ) -> t.Iterator[Evidence]:
        session = sessions[0]
        told: t.Dict[str, OwnerSession] = {}
        for witness in sessions:
            told.setdefault(witness.source, witness)
        for witness in told.values():
            failed = ", and %s failed" % plural(witness.errors, "send") if witness.held and witness.errors else ""
            yield Evidence(witness.source, witness.sample + failed, witness.command)
        if source_gone and session.local is not None:
            yield from self.holds_address(session.local)
        if session.interface is not None:
            seen = "the link %s %s" % (shown(session.interface), "exists" if link else "does not exist")
            yield self.saw(seen, "link", "show", "dev", session.interface)
        query, answer = asked
        if answer.errno is not None:
            words = ["route", "get", query.to]
            words += ["from", session.local] if session.local else []
            words += ["oif", link.name] if link else []
            yield self.saw("a send to %s is refused: %s" % (query.to, answer.errno), *words)

    def _remedy(self, session: OwnerSession) -> t.Iterator[Step]:
        brought_back = list(self.declared_address(session.local)) if session.local else []
        if brought_back:
            yield from brought_back
            return
        argv = list(session.restart)
        if not argv and session.unit and restartable(session.unit):
            argv = ["systemctl", "restart", session.unit]
        if argv:
            yield Step("owner.restart", {"owner": session.owner, "unit": session.unit, "argv": argv}, shlex.join(argv))


def most_telling(sessions: t.Iterable[OwnerSession]) -> t.Tuple[int, t.Optional[float], t.Optional[float]]:
    """Errors, and the first and last of them, as the witness with most to say tells: two that saw the same sends are not
    twice as many sends."""
    told: t.Dict[str, t.List[OwnerSession]] = {}
    for session in sessions:
        told.setdefault(session.source, []).append(session)
    best: t.Tuple[int, t.Optional[float], t.Optional[float]] = (0, None, None)
    for items in told.values():
        firsts = [item.first for item in items if item.first is not None]
        lasts = [item.last for item in items if item.last is not None]
        errors = sum(item.errors for item in items)
        if firsts and lasts and (best[1] is None or errors > best[0]):
            best = (errors, min(firsts), max(lasts))
    return best if best[1] is not None else (sum(max(item.errors, 1) for item in sessions), None, None)


def _agreed(sessions: t.Iterable[OwnerSession]) -> bool:
    """Do witnesses of two kinds tell of one session? A daemon's log and its own output in a second file are of one kind."""
    kinds: t.Dict[t.Optional[str], t.Set[str]] = {}
    for session in sessions:
        kind = session.source.partition(" ")[0]
        kinds.setdefault(session.peer, set()).add("log" if kind == "journal" else kind)
    of_all = kinds.get(None, set())
    return any(len(found | of_all) > 1 for found in kinds.values())


def _advice(session: OwnerSession, source_gone: bool) -> str:
    said = (
        "Adding a route will not help: the kernel refuses the source before it looks for a route."
        if source_gone
        else "Adding a route will not help: the link that the session names is gone.",
        "The session lives in the memory of %s, so %s must be restarted (or asked to let go of it); destroying its "
        "socket would end its healthy sessions too." % (session.owner, session.owner),
        "" if session.unit else "No systemd unit is known for the process: restart it the way it was started.",
        session.advice,
    )
    return " ".join(filter(None, said))


def _query(session: OwnerSession, link: Link | None) -> Query:
    # Where the witness names no peer: a source that is gone is refused whatever the destination.
    anywhere = inside("::/0" if session.local and family_of(session.local) == 6 else "0.0.0.0/0")
    return Query(to=session.peer or anywhere, source=session.local, interface=link.ifindex if link else None)
