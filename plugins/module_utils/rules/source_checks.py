# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel drops when it comes in, because its source would be reached by another link (rp_filter)."""

from __future__ import annotations

import dataclasses
import typing as t

from .. import switches
from ..commands import inside as run_inside
from ..evidence.errors import DROPPED
from ..index import is_unspecified
from ..model import Answer, Event, Evidence, Finding, Link, OwnerSession, Query, Session, SourceCheck, Step
from .base import CONFIDENCES, rule
from .common import SAMPLES, HostCheck, family_of, is_multicast, plural, several, shown
from .persistence import GOING_ON
from .sessions import BATCH, LIVE, QUESTIONS, ends

COUNTER = "TcpExt IPReversePathFilter"
CLAIMS = 4096
"""Flows of one link that are judged."""
FLOWS = 256
"""Pairs of addresses that a finding names."""
_DROPS = (DROPPED, "EINVAL")
"""What a lookup says to it: since Linux 6.14 the latter, as of other packets that the kernel does not take."""
_STRICT = 1
_ANSWERED = ("ESTAB", "CLOSE-WAIT", "FIN-WAIT-1", "SYN-RECV")
_EXEMPT = ("vrf", "vti", "xfrm")
"""Links whose packets are looked up in another table, or that are not checked: they were decrypted here."""
_PLAIN_RULES = 3
"""The kernel's own: local, main, default."""


@dataclasses.dataclass(frozen=True)
class _Claim:
    """That packets from ``remote`` to ``local`` come in by a link."""

    ifindex: int
    local: str
    remote: str
    confidence: str
    words: str
    """The flow, as it is shown."""
    witness: t.Union[Session, OwnerSession, Event]
    protocol: str | None = None
    sport: int | None = None
    port: int | None = None
    mark: int = 0

    @property
    def arrivals(self) -> t.List[Query]:
        """The same packet coming in: as it is, and as it would be if something marked it as what is sent."""
        plain = Query(
            to=self.local,
            source=self.remote,
            iif=self.ifindex,
            protocol=self.protocol,
            sport=self.port,
            port=self.sport,
        )
        return [plain, dataclasses.replace(plain, mark=self.mark)] if self.mark else [plain]

    @property
    def back(self) -> Query:
        """What the kernel asks itself: the way to the source."""
        return Query(to=self.remote, source=self.local, protocol=self.protocol, sport=self.sport, port=self.port)


@dataclasses.dataclass(frozen=True)
class _Drop:
    """A claim that the kernel confirms."""

    claim: _Claim
    errno: str
    ways: t.Tuple[int, ...]
    """The links that a packet to the source leaves by."""


@rule(
    id="RC503",
    name="rp-filter-drops",
    severity="high",
    title="Packets are dropped because they come in by another link than the one that leads to their source",
    rationale=(
        "With rp_filter 1 (strict) the kernel takes a packet only where a packet to its source would leave by the same "
        "link. Where the two directions take different ways (two uplinks, a tunnel beside the default route, a policy rule "
        "by mark or user), what comes in is dropped without a trace: no log, no ICMP error, nothing in the firewall. "
        "Captures show it arriving, and the program never gets it."
    ),
    proof=(
        "The larger of all.rp_filter and the link's own is 1. The kernel is asked for a packet from that source to that "
        "address coming in by that link, as it asks itself, and refuses it; and it leads a packet to that source out of "
        "other links only. That packets come in there is known from a socket that is bound to the link (nothing else "
        "reaches it), from a socket whose packets leave by that link from its address, from a session that its owner has "
        "over that link, or from the kernel's own log of martian sources."
    ),
    false_positives=(
        "Loose mode (2) and none (0) drop no packet whose source is reached by another link, and neither does strict mode "
        "where one of several next hops is that link: the kernel's own answer tells. A connection that is "
        "established was let through once, and the kernel remembers its way until the routes change: it counts only while "
        "IPReversePathFilter rises. Where "
        "src_valid_mark is on and a packet may be marked on its way in, or policy rules choose by what is not known of it (ports, "
        "TOS), it is a hint. Links in a VRF, and those of IPsec "
        "(whose decrypted packets are not checked), are left out. A counter that rises with no flow known is told of the "
        "host, without a remedy: it may be a forged source, which the filter is there for."
    ),
    remedies=("sysctl.set",),
)
class SourceCheckDrops(HostCheck):
    budget = QUESTIONS

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        checks = {check.interface: check for check in self.index.snapshot.rp_filter}
        self._everywhere = checks.get("all")
        self._strict = {link.ifindex: checks[link.name] for link in self.index.links if self._checks(link, checks)}
        rules = self.index.rules(4)
        self._by_policy = len(rules) > _PLAIN_RULES
        self._by_port = any(item.ip_proto or item.sport or item.dport for item in rules)
        self._by_user = any(item.uid_range for item in rules)
        self._by_tos = any(item.tos for item in rules)
        self._rising = next((event for event in self.index.events if event.source.counter == COUNTER), None)
        self._pending: t.Dict[Query, t.Tuple[int, Session]] = {}
        self._claims: t.Dict[int, t.Dict[_Claim, int]] = {}

    def _checks(self, link: Link, checks: t.Mapping[str, SourceCheck]) -> bool:
        master = self.index.link(link.master)
        if link.loopback or not link.up or link.kind in _EXEMPT or (master is not None and master.kind == "vrf"):
            return False
        return link.name in checks and checks[link.name].effective == _STRICT

    # The stream -----------------------------------------------------------------------------------

    def session(self, session: Session) -> None:
        if session.remote is None or session.family != 4 or session.inode == 0 or session.state not in LIVE:
            return
        if session.transparent or not (self._by_policy or session.ifindex in self._strict):
            return
        if not self._strict or not self._usable(session.local, session.remote):
            return
        if session.state in _ANSWERED and session.protocol == "tcp" and self._rising is None:
            return
        ports = self._by_port and session.protocol != "raw"
        query = Query(
            to=session.remote,
            source=session.local,
            interface=session.ifindex,
            protocol=session.protocol if ports else None,
            sport=session.local_port if ports else None,
            port=session.remote_port if ports else None,
            mark=session.mark,
            uid=session.uid if self._by_user else None,
        )
        count, first = self._pending.get(query, (0, session))
        self._pending[query] = (count + 1, first)
        if len(self._pending) >= BATCH:
            self._drain()

    def _usable(self, local: str | None, remote: str | None) -> bool:
        """Can it be the source and the destination of a packet that comes in for this host?"""
        if local is None or remote is None or family_of(local) != 4 or family_of(remote) != 4:
            return False
        bad = is_unspecified(local) or is_unspecified(remote) or is_multicast(local) or is_multicast(remote)
        return not bad and self.index.is_local(local)

    def _drain(self) -> None:
        answers = self.answers(self._pending)
        for query, (count, session) in self._pending.items():
            answer = answers.get(query)
            if answer is None or answer.errno is not None or answer.route is None:
                continue  # what is not even sent is RC103's
            for hop in answer.route.hops[:1]:
                claim = self._of_socket(session, query, hop.ifindex)
                if claim is not None:
                    self._note(claim, count)
        self._pending = {}

    def _of_socket(self, session: Session, query: Query, leaves_by: int | None) -> _Claim | None:
        ifindex = session.ifindex if session.ifindex is not None else leaves_by
        if ifindex is None or ifindex not in self._strict:
            return None
        if session.ifindex is None and session.local not in {item.address for item in self.index.addresses_on(ifindex)}:
            return None  # the answer comes to where the address is
        bound, waiting = session.ifindex is not None, session.state == "SYN-SENT"
        if bound:
            confidence = "proven" if waiting else "strong"
        else:
            confidence = "strong" if waiting or self._rising is not None else "hint"
        return _Claim(
            ifindex,
            session.local,
            query.to,
            confidence,
            ends(session),
            session,
            query.protocol,
            query.sport,
            query.port,
            query.mark,
        )

    def _note(self, claim: _Claim, count: int = 1) -> None:
        known = self._claims.setdefault(claim.ifindex, {})
        if claim in known or len(known) < CLAIMS:
            known[claim] = known.get(claim, 0) + count

    def _witnesses(self) -> t.Iterator[_Claim]:
        """What owners and the kernel's log say comes in by a link."""
        for told in self.index.snapshot.owner_sessions:
            link = self.index.link_named(told.interface)
            if link is not None and link.ifindex in self._strict and self._usable(told.local, told.peer):
                local, peer = told.local or "", told.peer or ""
                yield _Claim(link.ifindex, local, peer, "strong", "%s -> %s" % (local, peer), told)
        for event in self.index.events:
            if event.error != DROPPED or event.source.kind == "counter" or event.last is None:
                continue
            link = self.index.link_named(event.interface)
            recent = self.index.snapshot.taken - event.last <= GOING_ON
            if recent and link is not None and link.ifindex in self._strict:
                local, remote = event.local_addr or "0.0.0.0", event.remote_addr or "0.0.0.0"
                if self._usable(local, remote):
                    confidence = "proven" if self._rising is not None else "strong"
                    yield _Claim(link.ifindex, local, remote, confidence, "%s -> %s" % (local, remote), event)

    # What is told ---------------------------------------------------------------------------------

    def conclude(self) -> t.Iterable[Finding]:
        self._drain()
        for claim in self._witnesses() if self._strict else ():
            self._note(claim)
        found = False
        for ifindex, claims in sorted(self._claims.items(), key=lambda pair: self.raw_name(pair[0])):
            drops = list(self._confirmed(claims))
            if drops:
                found = True
                yield self._finding(ifindex, drops, sum(claims[drop.claim] for drop in drops))
        if self._rising is not None and not found:
            yield self._counted(self._rising)

    def _confirmed(self, claims: t.Iterable[_Claim]) -> t.Iterator[_Drop]:
        """Those that the kernel drops, the surest first."""
        claims = sorted(claims, key=lambda claim: (CONFIDENCES.index(self._confidence(claim)), claim.words))
        answers = self.answers(query for claim in claims for query in (*claim.arrivals, claim.back))
        for claim in claims:
            said = [answers.get(query) for query in claim.arrivals]
            errno = said[0].errno if said[0] is not None else None
            ways = self._ways(answers.get(claim.back))
            if errno is None or not all(answer is not None and answer.errno in _DROPS for answer in said):
                continue
            # A source that the kernel takes from no link is another matter: it has to lead to it, by other links only.
            if ways and claim.ifindex not in ways:
                yield _Drop(claim, errno, ways)

    def _confidence(self, claim: _Claim) -> str:
        """As the claim has it, where all is known by which the kernel may choose the way back."""
        unknown = self._by_tos or (self._by_port and claim.protocol is None)
        return "hint" if unknown or self._strict[claim.ifindex].marked else claim.confidence

    def _ways(self, answer: Answer | None) -> t.Tuple[int, ...]:
        route = None if answer is None or answer.errno is not None else answer.match or answer.route
        if route is None or route.type != "unicast":
            return ()
        hops = self.index.with_hops(route).hops
        return tuple(dict.fromkeys(hop.ifindex for hop in hops if hop.ifindex is not None))

    def _finding(self, ifindex: int, drops: t.Sequence[_Drop], count: int) -> Finding:
        check, first = self._strict[ifindex], drops[0]
        name, raw = self.name(ifindex), self.raw_name(ifindex)
        others = several([self.name(number) for number in first.ways])
        confidence = self._confidence(first.claim)
        pairs = [(drop.claim.local, drop.claim.remote) for drop in drops]
        numbered = any(item.family == 4 for item in self.index.addresses_on(ifindex))
        return self.finding(
            "link",
            {"interface": raw, "check": "rp_filter"},
            "What comes in by %s from %s is dropped: rp_filter is strict there, and a packet to it would leave by %s."
            % (name, several(list(dict.fromkeys(drop.claim.remote for drop in drops))), others),
            self._evidence(check, first),
            severity="low" if confidence == "hint" else None,
            confidence=confidence,
            remedy=self._remedy(check) if numbered else (),
            advice=self._advice(raw, first, numbered),
            count=count,
            samples=tuple(dict.fromkeys(drop.claim.words for drop in drops[:SAMPLES])),
            details={
                "cause": "asymmetric-path",
                "errno": first.errno,
                "local": first.claim.local,
                "peers": list(dict.fromkeys(drop.claim.remote for drop in drops))[:SAMPLES],
                "flows": [list(pair) for pair in dict.fromkeys(pairs)][:FLOWS],
                "leaves_by": [self.raw_name(number) for number in first.ways],
            },
        )

    def _remedy(self, check: SourceCheck) -> t.Iterator[Step]:
        name = switches.spelled(check.interface, "rp_filter")
        if name is not None:
            args = {"name": name, "value": switches.WANTED["rp_filter"][0], "seen": str(check.own)}
            command = ["sysctl", "-w", "%s=%s" % (name, args["value"])]
            yield Step("sysctl.set", args, run_inside(self.index.snapshot.netns, *command))

    def _advice(self, raw: str, first: _Drop, numbered: bool) -> str:
        claim = first.claim
        said = (
            "If the two ways are not wanted, mend the routes instead: a route to %s by %s, or a rule from %s to a table "
            "that has one. " % (claim.remote, shown(raw), claim.local)
        )
        if not numbered:
            return said + "Loose mode does not help: a link without an IPv4 address takes only what it leads to itself."
        name = switches.spelled(raw, "rp_filter")
        if name is None:
            return said + "If they are, set the link's rp_filter to 2 (loose)."
        said += (
            "If they are, loose mode (2) on this link lets it through, and drops only sources that no link leads to. The "
            "larger of all and the link's own counts, so 2 on the link is enough. It is gone with the next boot, and with "
            "the link: to keep it, write '%s = 2' into a file of its own in /etc/sysctl.d." % name
        )
        if self._strict[claim.ifindex].marked:
            said += " Packets may be marked on their way in here, and then be let through."
        return said

    def _evidence(self, check: SourceCheck, first: _Drop) -> t.Iterator[Evidence]:
        claim = first.claim
        raw = self.raw_name(claim.ifindex)
        yield self._witnessed(claim)
        yield self._switches(check)
        arrival = ["route", "get", claim.local, "from", claim.remote, "iif", raw]
        yield self.saw("a packet from %s that comes in by %s is refused" % (claim.remote, shown(raw)), *arrival)
        ways = several([self.name(number) for number in first.ways])
        yield self.saw("a packet to it leaves by %s" % ways, "route", "get", claim.remote, "from", claim.local)
        if self._rising is not None:
            yield _counted(self._rising)

    def _witnessed(self, claim: _Claim) -> Evidence:
        witness = claim.witness
        if isinstance(witness, Session):
            flags = {"tcp": "-tanp", "udp": "-uanp", "raw": "-wanp"}[witness.protocol]
            link = self.name(claim.ifindex)
            how = "is bound to %s" % link if witness.ifindex is not None else "sends by %s from its address" % link
            observed = "a %s socket (%s) %s: %s" % (witness.protocol.upper(), witness.state, how, claim.words)
            command = run_inside(self.index.snapshot.netns, "ss", flags, "dst", claim.remote)
            return Evidence("kernel", observed, command)
        if isinstance(witness, OwnerSession):
            observed = "%s has a session with %s over %s" % (
                shown(witness.owner),
                claim.remote,
                self.name(claim.ifindex),
            )
            return Evidence(witness.source or "status", observed, witness.command)
        source = witness.source
        return Evidence("%s %s" % (source.kind, source.unit or source.path or ""), witness.text, witness.command)

    def _switches(self, *checks: SourceCheck) -> Evidence:
        """rp_filter of all and of these links."""
        everywhere = self._everywhere.own if self._everywhere is not None else 0
        told = ["all has %d" % everywhere] + ["%s has %d" % (shown(check.interface), check.own) for check in checks]
        names = [switches.spelled(check.interface, "rp_filter") for check in checks]
        command = ["sysctl", "net.ipv4.conf.all.rp_filter", *(name for name in names if name is not None)]
        observed = "rp_filter: %s; the larger counts, and 1 is strict" % ", ".join(told)
        return Evidence("kernel", observed, run_inside(self.index.snapshot.netns, *command))

    def _counted(self, event: Event) -> Finding:
        strict = sorted(self._strict.values(), key=lambda check: check.interface)
        names = [shown(check.interface) for check in strict]
        where = "no link checks strictly now: no link at all leads to the sources"
        if names:
            where = "%s strictly" % plural(len(names), "link checks", "links check") + ": " + several(names)
        return self.finding(
            "host",
            {"counter": COUNTER},
            "Packets that come in are dropped right now because their sources are reached another way (%s)." % where,
            [_counted(event), self._switches(*strict[:3])],
            severity="low",
            confidence="hint",
            advice=(
                "The kernel does not count by link, nor by source, and what it drops may be forged: it is what the filter is "
                "for. To see which, let it log them (sysctl -w net.ipv4.conf.all.log_martians=1), and audit again with the "
                "journal: what is logged is then judged flow by flow."
            ),
            count=event.count,
            details={"cause": "counter-rising", "rate": event.rate, "links": [check.interface for check in strict]},
            first_seen=event.first,
            last_seen=event.last,
        )


def _counted(event: Event) -> Evidence:
    return Evidence("counter %s" % event.source.path, event.text, event.command)
