# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the firewall takes of the packets that this host sends."""

from __future__ import annotations

import dataclasses
import typing as t

from ..evidence.firewall import allow, words
from ..evidence.firewall.flow import Evaluator, Packet, Place, Verdict, packet
from ..index import is_unspecified
from ..model import Answer, Event, Evidence, Finding, Flow, Query, Session, Step
from .base import rule
from .common import SAMPLES, endpoint, is_link_local, is_multicast, plural, shown
from .sessions import BATCH, LIVE, QUESTIONS, Held, SocketCheck, ends, get_words

PENDING = 65536
"""Sessions that are kept until connection tracking has told of their state."""
_REFUSED = ("EPERM", "EACCES")
_ANSWERED = ("ENETUNREACH", "EHOSTUNREACH", "ECONNREFUSED")
"""What a program hears of a firewall that rejects with an ICMP error."""

_Tuple = t.Tuple[str, str, t.Optional[int], str, t.Optional[int]]


@rule(
    id="RC501",
    name="firewall-blocks-session",
    severity="high",
    title="The firewall drops what a live session sends",
    rationale=(
        "A packet that the firewall drops or rejects on its way out has a source, a route and a link that are in order: "
        "the program hears EPERM ('operation not permitted'), or nothing at all and tries again for ever, and all that "
        "looks at routes finds nothing. A leftover of a VPN's kill switch looks the same."
    ),
    proof=(
        "The kernel finds a route for the packet; the rules of the hooks output and postrouting, walked in the kernel's "
        "order with the packet's addresses, ports, link, mark, user and connection state, end in one that drops it. With "
        "C(firewall_trace) the kernel's own trace of one packet of that flow confirms it."
    ),
    false_positives=(
        "A rule that is not understood, or that looks at what is not known, makes a hint of all that follows it, and a "
        "hint is only told where a connection does not come about or a program says that it was refused. A session whose "
        "connection is established is judged as such. Multicast and what stays on this host are left out, and so is what "
        "the kernel itself refuses: that is RC103's."
    ),
    remedies=("firewall.allow",),
)
class FirewallBlocksSession(SocketCheck):
    budget = QUESTIONS

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        found = self.index.snapshot.firewall
        self._evaluator = None if found is None else Evaluator(found)
        self._takes = {family: self._evaluator is not None and self._evaluator.takes(family) for family in (4, 6)}
        self._asked: t.Dict[Query, t.List[Session]] = {}
        self._pending: t.Dict[_Tuple, t.Tuple[Session, Packet, Verdict]] = {}
        self._tracked = False
        self._flows: t.Dict[t.Tuple[t.Any, ...], t.Tuple[Packet, Verdict]] = {}

    def session(self, session: Session) -> None:
        if not self._takes[session.family] or session.remote is None or session.inode == 0 or session.transparent:
            return
        if session.state not in LIVE or session.protocol not in ("tcp", "udp"):
            return
        if is_multicast(session.remote) or (is_link_local(session.remote) and session.ifindex is None):
            return
        self._asked.setdefault(_query(session), []).append(session)
        if len(self._asked) >= BATCH:
            self._judge_asked()

    def _judge_asked(self) -> None:
        answers = self.answers(self._asked)
        for query, sessions in self._asked.items():
            answer = answers.get(query)
            if answer is None or answer.errno is not None or _stays_here(answer):
                continue
            for session in sessions:
                self._judge_session(session, packet(query, answer, self.index.link))
        self._asked.clear()

    def _judge_session(self, session: Session, flow: Packet) -> None:
        opening = session.state == "SYN-SENT"
        if session.protocol == "tcp" and not opening:
            flow = dataclasses.replace(flow, state="established")
        found = self._verdict(flow)
        if found is None or not _may_block(found) or not (found.settled or opening):
            return
        if session.protocol == "udp":
            # Whether an answer ever came, the socket does not tell: only where that changes nothing it is not asked.
            later = self._verdict(dataclasses.replace(flow, state="established"))
            if later is None or not (later.blocks and later.settled):
                if len(self._pending) < PENDING:
                    self._pending[_tuple(session)] = session, flow, found
                return
        self._take(session, flow, found)

    def flow(self, flow: Flow) -> None:
        """An audit shows what is tracked after the sockets."""
        self._tracked = True
        if self._asked:
            self._judge_asked()
        if "seen-reply" in flow.status and self._pending:
            self._pending.pop((flow.protocol, flow.src, flow.sport, flow.dst, flow.dport), None)

    def conclude(self) -> t.Iterable[Finding]:
        if self._evaluator is None:
            return
        self._judge_asked()
        if self._tracked:
            for session, flow, found in self._pending.values():
                self._take(session, flow, found)
        told: t.Set[Event] = set()
        for finding in super().conclude():
            peers = set(finding.details["peers"])
            told.update(event for event in self._witnesses() if event.remote_addr in peers)
            yield finding
        yield from self._events(told)

    def _verdict(self, flow: Packet) -> Verdict | None:
        return None if self._evaluator is None else self._evaluator.verdict(flow)

    def _take(self, session: Session, flow: Packet, found: Verdict) -> None:
        key = (*_key(found), found.settled)
        self._flows.setdefault((session.protocol, session.local, session.unit, session.uid, *key), (flow, found))
        self.collect(session, key)

    def _judge(self, held: Held) -> Finding | None:
        flow, found = self._flows[held.key]
        first = held.first
        place = found.place
        if place is None:
            return None
        peers = sorted({socket.remote for socket in held.sockets if socket.remote is not None})
        refusals = [event for event in self._witnesses() if event.remote_addr in peers]
        evidence = [self.ss("%s: %s" % (held.words, ends(first)), first)]
        evidence += [*self._shown(_query(first), found), *_said(refusals)]
        return self.finding(
            "session",
            dict(held.selector, **words.identity(place)),
            "%s has %s whose packets the firewall %s: %s%s."
            % (
                held.words,
                plural(held.count, "%s session" % first.protocol),
                _does(found),
                words.place(place),
                ", or a rule before it" if found.settled and found.confidence == "hint" else "",
            ),
            evidence,
            severity=None if found.settled else "medium",
            confidence="strong" if found.settled else "hint",
            remedy=self._allow(held.sockets, flow, found),
            advice=_ADVICE + self._doubts(found),
            owner=held.owner,
            count=held.count,
            samples=tuple(sorted(ends(socket) for socket in held.sockets)),
            details=dict(_details(flow, found), peers=peers, inodes=held.inodes),
        )

    def _allow(self, sessions: t.Iterable[Session], flow: Packet, found: Verdict) -> t.Iterator[Step]:
        """A rule for each destination; none where the place is not sure."""
        if found.confidence != "strong" or found.place is None:
            return
        ends = dict.fromkeys((session.remote or "", session.remote_port) for session in sessions)
        for to, port in list(ends)[:SAMPLES]:
            step = allow.step(self.index.snapshot.netns, found.place, dataclasses.replace(flow, to=to, port=port))
            if step is not None:
                yield step

    def _shown(self, query: Query, found: Verdict) -> t.Iterator[Evidence]:
        """That the kernel has a way, and what stands in it."""
        yield self.saw("the kernel has a route for it", *get_words(query, self.raw_name))
        netns = self.index.snapshot.netns
        for place in (found.place, *found.others):
            if place is not None:
                told = ", ".join(filter(None, (words.place(place), words.counted(place))))
                yield Evidence("firewall", told, words.showing(netns, place.chain))

    def _doubts(self, found: Verdict) -> str:
        if found.confidence == "strong":
            return ""
        return (
            " What these rules do to it could not be told from outside: %s. Audit with firewall_trace to be sure."
            % ("; ".join(found.blurred) or "a rule that could not be read")
        )

    # What programs say ----------------------------------------------------------------------------

    def _witnesses(self) -> t.Iterator[Event]:
        for event in self.index.events:
            if event.error in _REFUSED + _ANSWERED and event.remote_addr is not None and event.going_on is not False:
                yield event

    def _events(self, told: t.Collection[Event]) -> t.Iterator[Finding]:
        """Refusals of which no session is left: a program that opens a socket for each try."""
        seen: t.Set[t.Tuple[t.Any, ...]] = set()
        for event in self._witnesses():
            key = (event.remote_addr, event.remote_port, event.unit, event.program)
            if event in told or key in seen:
                continue
            finding = self._judge_event(event)
            if finding is not None:
                seen.add(key)
                yield finding

    def _judge_event(self, event: Event) -> Finding | None:
        to = event.remote_addr or ""
        if is_multicast(to) or (is_link_local(to) and event.interface is None):
            return None
        link = self.index.link_named(event.interface)
        source = None if event.local_addr is None or is_unspecified(event.local_addr) else event.local_addr
        query = Query(to=to, source=source, interface=link.ifindex if link else None)
        answer = self.answer(query)
        if answer is None or answer.errno is not None or _stays_here(answer):
            return None
        more = {"sport": event.local_port or None, "port": event.remote_port, "mark": None, "uid": None}
        flows = [packet(query, answer, self.index.link, protocol=each, **more) for each in ("udp", "tcp")]
        verdicts = [self._verdict(flow) for flow in flows]
        blocked = [(flow, each) for flow, each in zip(flows, verdicts) if each is not None and _may_block(each)]
        if not blocked:
            return None
        flow, found = blocked[0]
        if event.error in _ANSWERED and found.outcome != "reject":
            return None
        place = found.place
        if place is None:
            return None
        sure = len(blocked) == len(flows) and all(each.settled for _flow, each in blocked)
        who = shown(event.unit or event.program)
        return self.finding(
            "flow",
            {
                "to": to,
                "port": event.remote_port,
                "unit": event.unit,
                "program": event.program,
                **words.identity(place),
            },
            "%s says that its packets to %s are refused (%s), and the firewall %s them: %s."
            % (
                who if event.unit or event.program else "A witness",
                to if event.remote_port is None else endpoint(to, event.remote_port),
                event.error,
                _does(found) if sure else "may well take",
                words.place(place),
            ),
            [*_said([event]), *self._shown(query, found)],
            severity=None if sure else "medium",
            confidence="strong" if sure else "hint",
            advice=_ADVICE + self._doubts(found),
            count=event.count,
            first_seen=event.first,
            last_seen=event.last,
            details=dict(_details(flow, found), peers=[to]),
        )


_ADVICE = "Routes and addresses are in order: changing them will not help. Ask whoever made the rule whether it is still meant."


def _query(session: Session) -> Query:
    return Query(
        to=t.cast(str, session.remote),  # only connected sockets are asked about
        source=None if is_unspecified(session.local) else session.local,
        interface=session.ifindex,
        protocol=session.protocol,
        sport=session.local_port,
        port=session.remote_port,
        mark=session.mark,
        uid=session.uid,
    )


def _tuple(session: Session) -> _Tuple:
    return session.protocol, session.local, session.local_port, session.remote or "", session.remote_port


def _stays_here(answer: Answer) -> bool:
    return answer.route is not None and answer.route.type in ("local", "broadcast", "multicast", "anycast")


def _may_block(found: Verdict) -> bool:
    return found.blocks or (found.outcome == "unknown" and found.place is not None)


def _does(found: Verdict) -> str:
    if not found.settled:
        return "may well take"
    return "rejects" if found.outcome == "reject" else "drops"


def _key(found: Verdict) -> t.Tuple[t.Any, ...]:
    place = t.cast(Place, found.place)
    chain = place.chain
    number = 0 if place.rule is None else place.rule.number
    return chain.backend, chain.family, chain.table, chain.name, number, found.outcome


def _details(flow: Packet, found: Verdict) -> t.Dict[str, t.Any]:
    place = t.cast(Place, found.place)
    return {
        "cause": "firewall-%s" % (found.outcome if found.blocks else "unclear"),
        "errno": "EPERM",
        "flow": dataclasses.asdict(flow),
        "place": dict(
            words.identity(place),
            family=place.chain.family,
            number=0 if place.rule is None else place.rule.number,
            handle=None if place.rule is None else place.rule.handle,
            packets=place.packets,
            manager=place.chain.manager,
        ),
    }


def _said(events: t.Sequence[Event]) -> t.Iterator[Evidence]:
    """What witnesses say, a few of them."""
    for event in events[:3]:
        yield Evidence(
            event.source.kind, "%s: %s" % (event.error, event.text or "said %d times" % event.count), event.command
        )
