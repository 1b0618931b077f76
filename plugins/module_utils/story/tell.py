# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""explain_info: asks the kernel, the witnesses and the rules about one flow, and puts the answers together."""

from __future__ import annotations

import dataclasses
import typing as t

from ..audit import Look, as_json, bounded, chosen, look, request
from ..bounds import take
from ..commands import inside, ip
from ..evidence.firewall.flow import Evaluator
from ..evidence.resolving import Resolved, host_name, is_address, resolve
from ..info.reach import QUESTION, explained, question
from ..model import Answer, Finding, Owner, Query, Session, Unseen
from ..reach import ChainLink, Reach
from ..reach.barrier import Barrier, barrier, evaluator
from ..reach.base import ifindex
from ..text import clean
from .fallen import Fallen, fallen
from .flows import Asked, Flow, flows, plain, query
from .mends import Mend, mends, vain
from .names import ITSELF, MOST, Name, Server, Tried, shown
from .relevant import CONFIGURATION, relevant
from .verdict import VERDICTS, first_of, unanswered, verdict, worst

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel
    from ..probing.aims import Aim

SOCKETS = 256
"""Sockets to the destination that are looked at."""
FINDINGS = 20
_ROUTELESS = ("no-route", "route-throw")
_LOST = (*_ROUTELESS, "nexthop-dead", "neighbour-failed")
"""Causes that may come from a default route, or from the host's own configuration."""


@dataclasses.dataclass(frozen=True)
class Told:
    """One send with all that is known of it."""

    to: str
    flow: Flow
    reach: Reach
    verdict: str
    findings: t.Sequence[Finding]
    barrier: t.Optional[Barrier]
    """What the firewall does to it; None where that was not looked at."""
    fell: t.Optional[Fallen]
    """The link that took the routes along."""


def explain_info(params: t.Mapping[str, t.Any], kernel: Kernel) -> t.Dict[str, t.Any]:
    """What the module returns. Raises ValueError for options that make no sense."""
    asked, is_name = _asked(params)
    wanted = request(params)
    unseen: t.List[Unseen] = []
    resolved = resolve(asked.to, kernel.netns, unseen) if is_name else None
    if wanted.probes:
        wanted = dataclasses.replace(wanted, aims=_aims(asked, resolved))
    seen = look(kernel, wanted, chosen(wanted.include, wanted.exclude))
    name = None if resolved is None else _named(resolved, kernel, seen, unseen)
    targets = [asked] if name is None else _targets(asked, name)
    gateways = [item["gateway"] for item in wanted.intent.routes if item.get("gateway")]
    firewall = evaluator(seen.sight.index)
    told = [_told(seen, gateways, firewall, *each) for each in _sends(targets[:MOST], seen, kernel)]
    if name is not None and name.servers:
        told = [dataclasses.replace(each, verdict=unanswered(each.verdict, name.server.answers)) for each in told]
    # Of the addresses of a name that is the one that is tried first, and those that somebody is seen to send to.
    real = [each for each in told if each.to == targets[0].to or each.flow.witnesses]
    main = real[worst([each.verdict for each in real])]
    tried = [] if name is None or name.servers else _tried(told)
    findings = first_of(main.verdict, main.findings)
    owner = _owner(main.flow, findings)
    first = [time for time in _firsts(main, findings) if time is not None]
    witnesses = [dataclasses.asdict(item) for each in _same(main, told) for item in each.flow.witnesses]
    return {
        "question": dataclasses.asdict(asked),
        "name": None if name is None else shown(name, tried, max(len(targets) - MOST, 0)),
        "verdict": main.verdict,
        "meaning": VERDICTS[main.verdict],
        "errno": main.reach.errno,
        "cause": _cause(main, findings, name),
        "explanation": main.reach.explanation,
        "flow": _shown(main),
        "chain": [dataclasses.asdict(item) for item in _chain(main, name, tried)],
        "others": [_shown(each) for each in real if each is not main],
        "witnesses": witnesses,
        "owner": None if owner is None else dataclasses.asdict(owner),
        "since": min(first) if first else None,
        "going_on": _going_on(witnesses),
        "mends": [dataclasses.asdict(item) for item in _mends(main, findings, kernel)],
        "does_not": [dataclasses.asdict(item) for item in vain(main.verdict)],
        "findings": take((bounded(as_json(item)) for item in main.findings), FINDINGS)[0],
        "findings_elsewhere": len(seen.sight.findings) - len(main.findings),
        "unseen": [dataclasses.asdict(item) for item in [*unseen, *seen.unseen, *kernel.unseen]],
    }


def _asked(params: t.Mapping[str, t.Any]) -> t.Tuple[Asked, bool]:
    """The question as it was asked, and whether its destination is a name."""
    to = str(params["to"])
    is_name = not is_address(to)
    options = {name: params.get(name) for name in QUESTION}
    if is_name:
        host_name(to, "to")
        # All the rest is checked before a name is asked for: with an address of the kind that the source can send to.
        options["to"] = "::1" if ":" in str(options["source"]) else "127.0.0.1"
    said = question(options, "")
    unit = params.get("unit")
    if unit and "." not in unit:
        unit += ".service"
    asked = Asked(
        to=to if is_name else said["to"],
        source=said["source"],
        interface=said["interface"],
        unit=unit,
        protocol=params.get("protocol"),
        port=said["port"],
        mark=said["mark"],
        uid=said["uid"],
    )
    return asked, is_name


def _aims(asked: Asked, resolved: t.Optional[Resolved]) -> t.Tuple[Aim, ...]:
    """What probes are sent to: the destination that was asked about, and no other; of a name, the address tried first."""
    from ..probing.aims import Aim  # late: few ask for it

    ends = [(asked.to, asked.interface)] if resolved is None else resolved.addresses[:1]
    return tuple(
        Aim(to, asked.source, asked.interface or link, asked.mark, wanted_by="the question") for to, link in ends
    )


def _named(resolved: Resolved, kernel: Kernel, seen: Look, unseen: t.List[Unseen]) -> Name:
    """The name; where it does not resolve, with one query to each server."""
    netns = None if kernel.netns is None else str(kernel.netns)
    if resolved.error is None:
        return Name(resolved, netns)
    from ..evidence.asking_names import replies  # late: most names resolve
    from ..evidence.resolvers import of_the_host

    known = seen.sight.snapshot.resolvers
    resolvers = (of_the_host(unseen) if known is None else known) or (ITSELF,)
    said = replies(resolvers, resolved.name, kernel.netns)
    return Name(resolved, netns, tuple(Server(*each) for each in zip(resolvers, said)))


def _targets(asked: Asked, name: Name) -> t.List[Asked]:
    """What is sent to: the addresses of the name, or the server that was asked for them in vain."""
    if name.servers:
        resolver = name.server.resolver
        return [Asked(resolver.address, None, resolver.interface, None, "udp", resolver.port, 0, asked.uid)]
    return [
        dataclasses.replace(asked, to=address, interface=asked.interface or link)
        for address, link in name.addresses(asked.source)
    ]


def _tried(told: t.Sequence[Told]) -> t.List[Tried]:
    """Each address once, with the send that was asked about: it is the first to its address."""
    first: t.Dict[str, Told] = {}
    for each in told:
        first.setdefault(each.to, each)
    return [
        Tried(to, each.verdict, each.reach.errno, each.reach.reachable, each.reach.explanation)
        for to, each in first.items()
    ]


def _sends(
    targets: t.Sequence[Asked], seen: Look, kernel: Kernel
) -> t.List[t.Tuple[Asked, Flow, Query, Reach, Answer]]:
    """The sends to the destinations, with the kernel's answers."""
    index = seen.sight.index
    sockets = _sockets({asked.to for asked in targets}, kernel)
    found = [
        (asked, flow)
        for asked in targets
        for flow in flows(asked, index, sockets, lambda session: _shows(session, kernel))
    ]
    queries = [query(flow, asked, ifindex(index, flow.interface)) for asked, flow in found]
    answered = explained(kernel, index, queries, [flow.interface for _asked, flow in found])
    return [
        (asked, flow, query, reach, answer) for (asked, flow), query, (answer, reach) in zip(found, queries, answered)
    ]


def _sockets(to: t.Container[str], kernel: Kernel) -> t.List[Session]:
    """The sockets to the destinations, with who holds them."""
    found = []
    for session in kernel.sessions():
        if session.remote is not None and plain(session.remote) in to:
            found.append(session)
            if len(found) == SOCKETS:
                break
    holders = kernel.holders({session.inode for session in found} - {0}) if found else {}
    return [dataclasses.replace(session, processes=holders.get(session.inode, ())) for session in found]


def _shows(session: Session, kernel: Kernel) -> str:
    netns = None if kernel.netns is None else str(kernel.netns)
    return inside(netns, "ss", "-tuwanp", "dst", session.remote or "")


def _told(
    seen: Look,
    gateways: t.Sequence[str],
    firewall: Evaluator | None,
    asked: Asked,
    flow: Flow,
    query: Query,
    reach: Reach,
    answer: Answer,
) -> Told:
    index = seen.sight.index
    hop = answer.route.hops[0] if answer.route is not None and answer.route.hops else None
    chosen_source = answer.route.prefsrc if answer.route is not None else None
    lost = reach.cause in _LOST
    fell = fallen(index, asked.to, gateways) if reach.cause in _ROUTELESS else None
    addresses = [asked.to, flow.source or chosen_source, hop.gateway if hop else None]
    links = [flow.interface, index.name_of(hop.ifindex) if hop else None, fell.link.name if fell else None]
    findings = relevant(
        seen.sight.findings,
        [text for text in addresses if text],
        [name for name in links if name and name != "lo"],
        [unit for unit in (flow.unit, asked.unit) if unit],
        CONFIGURATION if lost else (),
        lost,
    )
    stands = barrier(index, firewall, query, answer)
    said = verdict(reach, findings, stands is not None and stands.blocks, fell is not None)
    return Told(asked.to, flow, reach, said, findings, stands, fell)


def _chain(told: Told, name: Name | None, tried: t.Sequence[Tried]) -> t.List[ChainLink]:
    """From the question to the wire; the firewall is met once the way is known."""
    start = [] if name is None else name.chain([(item.address, item.verdict) for item in tried])
    return [*start, *told.reach.chain, *([told.barrier.link] if told.barrier is not None else [])]


def _cause(told: Told, findings: t.Sequence[Finding], name: Name | None) -> str:
    if name is None or not name.servers:
        return _why(told, findings)
    said = name.server.words
    if told.verdict == "name" or (told.verdict == "configuration" and not findings):
        return "%s: %s." % (name.failure, said)
    return "%s: %s. %s" % (name.failure, said, _why(told, findings))


def _why(told: Told, findings: t.Sequence[Finding]) -> str:
    fell = told.fell
    if told.verdict == "link-down" and fell is not None:
        return "No route leads to %s: %s, which holds %s/%d, %s, and its routes went with it." % (
            told.to,
            clean(fell.link.name, 64),
            fell.address.address,
            fell.address.prefixlen,
            fell.state,
        )
    if findings:
        return findings[0].cause
    if told.verdict == "firewall" and told.barrier is not None:
        return "The routes lead there, and the firewall takes it: %s." % told.barrier.words
    return told.reach.explanation


def _same(main: Told, told: t.Sequence[Told]) -> t.List[Told]:
    """The sends from the same source over the same link: who tells of one tells of the other."""
    key = main.to, main.flow.source, main.flow.interface
    return [each for each in told if (each.to, each.flow.source, each.flow.interface) == key]


def _mends(told: Told, findings: t.Sequence[Finding], kernel: Kernel) -> t.Tuple[Mend, ...]:
    found = mends(told.verdict, findings)
    if told.fell is not None and not told.fell.link.up and not any(item.command for item in found):
        netns = None if kernel.netns is None else str(kernel.netns)
        found = (Mend("link.up", ip(netns, "link", "set", "dev", told.fell.link.name, "up")), *found[1:])
    return found


def _owner(flow: Flow, findings: t.Sequence[Finding]) -> t.Optional[Owner]:
    for finding in findings:
        if finding.owner is not None:
            return finding.owner
    if flow.program or flow.unit:
        # Only the kernel knows that it is there: a log may be of a program that is gone.
        held = any(item.source == "kernel" for item in flow.witnesses)
        told = " and ".join(sorted({item.source for item in flow.witnesses})) or "question"
        known_by = "it holds the socket" if held else "the %s names it" % told
        name = flow.program or flow.unit or "?"
        return Owner(name=name, alive=True if held else None, known_by=known_by, unit=flow.unit)
    return None


def _firsts(main: Told, findings: t.Sequence[Finding]) -> t.Iterator[t.Optional[float]]:
    for finding in findings[:1]:
        yield finding.first_seen
    for item in main.flow.witnesses:
        yield item.first


def _going_on(witnesses: t.Sequence[t.Mapping[str, t.Any]]) -> t.Optional[bool]:
    """Does some witness say that it goes on now? None where none knows."""
    said = [item["going_on"] for item in witnesses if item["going_on"] is not None]
    return any(said) if said else None


def _shown(told: Told) -> t.Dict[str, t.Any]:
    flow = told.flow
    return {
        "to": told.to,
        "source": flow.source,
        "interface": flow.interface,
        "protocol": flow.protocol,
        "port": flow.port,
        "mark": flow.mark,
        "program": None if flow.program is None else clean(flow.program, 64),
        "unit": flow.unit,
        "reachable": told.reach.reachable,
        "errno": told.reach.errno,
        "cause": told.reach.cause,
        "verdict": told.verdict,
        "explanation": told.reach.explanation,
        "told_by": sorted({item.source for item in flow.witnesses}) or ["question"],
    }
