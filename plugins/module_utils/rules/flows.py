# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection tracking entries that go on translating to an address that is gone."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ..commands import inside as run_inside
from ..model import Answer, Evidence, Finding, Flow, Query, Step
from .base import rule
from .common import SAMPLES, HostCheck, endpoint, family_of, plural, several
from .nexthops import no_carrier
from .tally import Group, Tally

GROUPS = 100
FLOWS = 256
"""Flows of one address that a finding takes up, a step for each."""
QUESTIONS = 65536
BATCH = 1024
"""Targets that are asked about together."""

_SILENT = ("FAILED", "INCOMPLETE")
"""States of neighbours that do not answer. While packets keep coming, the kernel goes on asking and seldom shows FAILED."""

_Key = t.Tuple[str, str, str]
"""Protocol, reason, address."""

_WHY = {
    "target-unreachable": "the kernel refuses packets to it",
    "target-link-down": "the link that it was on is down",
    "target-failed": "it does not answer on the link that its subnet is on",
    "source-not-local": "it is not an address of this host any more",
}


@rule(
    id="RC106",
    name="flow-stale",
    severity="medium",
    title="Tracked flows are still translated to an address that is gone",
    rationale=(
        "The kernel chooses the translation of a flow with its first packet and keeps it for as long as packets come. When "
        "the container, the pod or the address behind it goes, a UDP flow that never pauses goes on to nowhere, although "
        "the rules name another target by now: a restart of the service does not help, nor does a new route."
    ),
    proof=(
        "The entry is translated to a target that the kernel refuses, whose link is down, or that is in a subnet of this "
        "host and does not answer there (FAILED, or INCOMPLETE while packets keep coming); or from a source that no link holds and the local table "
        "does not have."
    ),
    false_positives=(
        "Flows that only pass, and those that are translated to a target on another host that the kernel reaches, are "
        "left out, as are those in a conntrack zone and of other protocols than TCP and UDP. A source that is not local may "
        "be of a pool that is routed here: where answers were seen the finding is a hint. Where rules select by interface or "
        "mark, what the kernel says of a target may not hold for a forwarded packet: a hint as well. A target that the "
        "default route takes, though it was of a subnet that this host had, cannot be told from one elsewhere."
    ),
    remedies=("flow.del",),
)
class FlowStale(HostCheck):
    budget = QUESTIONS

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._tally: Tally[_Key, Flow] = Tally(GROUPS, FLOWS)
        self._answered: t.Set[_Key] = set()
        self._known: t.Dict[str, t.Optional[str]] = {}
        self._buffer: t.List[Flow] = []
        self._asked: t.Set[str] = set()
        self._sources: t.Dict[str, bool] = {}
        selecting = [item for item in self.index.snapshot.rules if item.iif or item.oif or item.mark is not None]
        self._selecting = {item.family for item in selecting}

    # The stream -----------------------------------------------------------------------------------

    def flow(self, flow: Flow) -> None:
        if flow.protocol not in ("tcp", "udp") or flow.zone or flow.reply_src is None or flow.reply_dst is None:
            return
        if "src-nat" in flow.status and flow.reply_dst != flow.src and not self._is_local(flow.reply_dst):
            self._collect(flow, "source-not-local", flow.reply_dst)
        elif "dst-nat" in flow.status and flow.reply_src != flow.dst and not self._is_local(flow.reply_src):
            self._buffer.append(flow)
            if flow.reply_src not in self._known:
                self._asked.add(flow.reply_src)
            if len(self._asked) >= BATCH or len(self._buffer) >= 4 * BATCH:
                self._drain()

    def _is_local(self, address: str) -> bool:
        if address not in self._sources:
            if len(self._sources) >= QUESTIONS:
                self._sources.clear()
            parsed = ipaddress.ip_address(address)
            self._sources[address] = self.index.is_local(address) or parsed.is_multicast or parsed.is_loopback
        return self._sources[address]

    def _collect(self, flow: Flow, reason: str, address: str) -> None:
        key = (flow.protocol, reason, address)
        if "seen-reply" in flow.status and len(self._answered) < QUESTIONS:
            self._answered.add(key)
        self._tally.add(key, flow)

    def _drain(self) -> None:
        queries = {target: Query(to=target) for target in sorted(self._asked)}
        answers = self.answers(queries.values())
        if len(self._known) + len(queries) > QUESTIONS:
            self._known = {}
        self._known.update((target, self._gone(target, answers.get(query))) for target, query in queries.items())
        for flow in self._buffer:
            reason = self._known.get(flow.reply_src or "")
            if reason is not None and flow.reply_src is not None:
                self._collect(flow, reason, flow.reply_src)
        self._buffer, self._asked = [], set()

    def _gone(self, target: str, answer: Answer | None) -> str | None:
        """Why a target cannot be there; None where it may be."""
        if answer is None:
            return None
        if answer.errno is not None:
            return "target-unreachable"
        hops = answer.route.hops if answer.route is not None else ()
        if len(hops) != 1 or hops[0].gateway is not None or hops[0].ifindex is None:
            return None
        link = self.index.link(hops[0].ifindex)
        if link is not None and (not link.up or no_carrier(link)):
            return "target-link-down"
        entry = self.index.neighbour(hops[0].ifindex, target)
        return "target-failed" if entry is not None and entry.state in _SILENT else None

    # What is told ---------------------------------------------------------------------------------

    def conclude(self) -> t.Iterable[Finding]:
        self._drain()
        sources = {key[2]: Query(to=key[2]) for key, _group in self._tally if key[1] == "source-not-local"}
        answers = self.answers(sources.values())
        for key, group in self._tally:
            protocol, reason, address = key
            answer = answers.get(sources[address]) if address in sources else None
            if answer is None or answer.route is None or answer.route.type != "local":
                yield self._finding(key, group)
        yield from self.others("flow", self._tally.others.count, map(_text, self._tally.others.items[:SAMPLES]))

    def _finding(self, key: _Key, group: Group[Flow]) -> Finding:
        protocol, reason, address = key
        family = family_of(address)
        pooled = reason == "source-not-local" and key in self._answered
        selected = reason == "target-unreachable" and family in self._selecting
        samples = tuple(_text(flow) for flow in group.items[:SAMPLES])
        return self.finding(
            "flow",
            {
                "protocol": protocol,
                "address": address,
                "translated": "source" if reason == "source-not-local" else "target",
            },
            "%s still translated %s %s, but %s."
            % (
                plural(group.count, "%s flow is" % protocol.upper(), "%s flows are" % protocol.upper()),
                "to come from" if reason == "source-not-local" else "to",
                address,
                _WHY[reason],
            ),
            [self._listing(key, samples, group.count), *self._proof(reason, address)],
            severity=None if reason != "source-not-local" else "low",
            confidence="hint" if pooled or selected else "proven" if reason == "target-unreachable" else "strong",
            remedy=[self._removal(flow) for flow in group.items],
            advice=self._advice(reason, pooled, selected),
            count=group.count,
            samples=samples,
            details={"cause": reason},
        )

    def _advice(self, reason: str, pooled: bool, selected: bool) -> str:
        if pooled:
            return (
                "Answers were seen: the address may be of a pool that is routed to this host. Only a person can tell."
            )
        if selected:
            return (
                "Policy rules select by interface or mark here: a forwarded packet may find another way to the target."
            )
        said = "Remove the entries: the next packet of each flow makes a new one, by the rules as they are now."
        if reason == "source-not-local":
            return said + " A rule that still prescribes the address is to be corrected first."
        return (
            said
            + " A rule that still leads to the target (a container or service that is gone) is its owner's to take."
        )

    def _listing(self, key: _Key, samples: t.Sequence[str], count: int) -> Evidence:
        protocol, reason, address = key
        option = "--reply-dst" if reason == "source-not-local" else "--reply-src"
        command = run_inside(self.index.snapshot.netns, "conntrack", "-L", "-p", protocol, option, address)
        return Evidence("kernel", several(samples, total=count), command)

    def _proof(self, reason: str, address: str) -> t.Iterator[Evidence]:
        if reason == "source-not-local":
            yield from self.holds_address(address)
            return
        yield self.saw(_WHY[reason], "route", "get", address)
        if reason == "target-failed":
            yield self.saw("it is FAILED or INCOMPLETE", "neigh", "show", "to", address)

    def _removal(self, flow: Flow) -> Step:
        """The step that removes one entry: known by the tuples of both directions."""
        args = {
            field.name: getattr(flow, field.name)
            for field in dataclasses.fields(flow)
            if field.name not in ("status", "timeout", "mark", "zone")
        }
        words: t.List[object] = ["-D", "-p", flow.protocol, "-s", flow.src, "-d", flow.dst]
        for option, port in (("--sport", flow.sport), ("--dport", flow.dport)):
            words += [option, port] if port is not None else []
        return Step("flow.del", args, run_inside(self.index.snapshot.netns, "conntrack", *map(str, words)))


def _text(flow: Flow) -> str:
    """``192.0.2.1:4000 > 198.51.100.1:53 (10.0.0.9:53 > 192.0.2.1:4000)``."""
    return "%s > %s (%s > %s)" % (
        endpoint(flow.src, flow.sport or 0),
        endpoint(flow.dst, flow.dport or 0),
        endpoint(flow.reply_src or "?", flow.reply_sport or 0),
        endpoint(flow.reply_dst or "?", flow.reply_dport or 0),
    )
