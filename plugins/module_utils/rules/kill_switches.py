# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a VPN that is gone left of its firewall, above all its kill switch: it goes on doing what it was made for."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from ..commands import inside
from ..evidence.firewall import words
from ..evidence.firewall.flow import Evaluator, Packet, Place
from ..model import Evidence, Finding, FirewallChain, Link, Mark, OwnerState
from .base import rule
from .common import OBJECTS, SAMPLES, plural, several, shown
from .owned import OwnedCheck, cause_of, of_whom, owner_of
from .tally import Group, Tally

VISITS = 500_000
"""Rules that are looked at in all."""
EXCEPTIONS = 32
"""Links and marks of one chain that are tried."""
_TRIED: t.Mapping[int, t.Tuple[t.Tuple[str, str, int], ...]] = {
    4: (("udp", "203.0.113.1", 33434), ("tcp", "198.51.100.1", 443)),
    6: (("udp", "2001:db8:1::1", 33434), ("tcp", "2001:db8:2::1", 443)),
}
"""Packets that no exception but one for a whole link or mark is made for (addresses for documentation: RFC 5737, 3849)."""


@dataclasses.dataclass(frozen=True)
class Switch:
    """A base chain that drops all but what goes through some link, or bears some mark."""

    family: int
    place: Place
    """What drops."""
    base: FirewallChain
    links: t.Tuple[str, ...]
    marks: t.Tuple[int, ...]


@rule(
    id="RC502",
    name="firewall-owner-gone",
    severity="high",
    title="A kill switch, or a firewall table, is left over from a tunnel that is gone",
    rationale=(
        "A VPN's kill switch drops all that does not go into its tunnel, so that nothing leaks when the tunnel breaks. Its "
        "program removes it when it ends in order; killed, or removed with its tunnel, it leaves it behind. From then on "
        "the host sends nothing at all, and each send fails with EPERM, though addresses and routes are in order. Other "
        "tables of such a program stay as well, and drop or mark packets as they did for the tunnel."
    ),
    proof=(
        "A chain of the hook output or postrouting drops packets to any destination through each link that is there, and "
        "accepts the same packets through a link that is not there, or with a mark; and no live owner fits the chain, its "
        "table, or that link. Or a table has the name that the profile of an owner says, and all owners of which that is "
        "true are dead, one of which is or was on this host."
    ),
    false_positives=(
        "A firewall that lets out what is listed by address or port is no kill switch. Where one link that is up may be "
        "used, or a rule that is not understood may let the packets through, nothing is said. While an owner that the "
        "chain, the table or the link fits is alive, the block is its own: a VPN that reconnects. Where it is not known "
        "whether it lives, the finding is a hint. Where the tunnel is there, only a dead owner makes it one. A table "
        "that is no kill switch is told only of a dead owner."
    ),
    remedies=("owner.restart",),
)
class KillSwitchLeft(OwnedCheck):
    def conclude(self) -> t.Iterable[Finding]:
        firewall = self.index.snapshot.firewall
        if firewall is None:
            return
        evaluator = Evaluator(firewall, VISITS)
        told: t.Set[t.Tuple[str, ...]] = set()
        tables: t.Set[t.Tuple[str, str]] = set()
        for family in (4, 6):
            out = self._ways_out(family)
            for chain in evaluator.base(family) if out else ():
                found = _switch(evaluator, chain, family, [link.name for link in out])
                key = (chain.backend, chain.family, chain.table, chain.name)
                finding = self._judge(found) if found is not None and key not in told else None
                if found is not None and finding is not None:
                    told.add(key)
                    tables.update(((chain.family, chain.table), _table_of(found)))
                    yield finding
        yield from self._left_tables(table for table in firewall.tables if table[:2] not in tables)

    def _left_tables(self, tables: t.Iterable[t.Tuple[str, str, str]]) -> t.Iterator[Finding]:
        """Tables of nftables that a dead owner left: one finding for all of an owner."""
        states: t.Dict[str, OwnerState] = {}
        tally: Tally[str, t.Tuple[str, str]] = Tally(kept=OBJECTS)
        for family, name, backend in tables:
            owners = self._owners({"firewall": {name}}) if backend == "nft" else []
            dead = next((state for state in owners if state.alive is False and state.present), None)
            if dead is not None and all(state.alive is False for state in owners):
                states[dead.name] = dead
                tally.add(dead.name, (family, name))
        for owner, group in tally:
            yield self._left_by(states[owner], group)
        yield from self.others("firewall", tally.others.count, tuple(map(_named, tally.others.items[:SAMPLES])))

    def _left_by(self, dead: OwnerState, group: Group[t.Tuple[str, str]]) -> Finding:
        one, netns = group.count == 1, self.index.snapshot.netns
        samples = tuple(map(_named, group.items[:SAMPLES]))
        return self.finding(
            "firewall",
            {"owner": dead.name},
            "%s %s %s; what it made them for is still done: %s."
            % (
                plural(group.count, "firewall table"),
                "is" if one else "are",
                of_whom(dead, "it" if one else "them"),
                several(samples, total=group.count),
            ),
            [
                *(
                    Evidence(
                        "firewall", "table %s is there" % _named(table), inside(netns, "nft", "list", "table", *table)
                    )
                    for table in group.items[:SAMPLES]
                ),
                *self.witness(dead, "firewall"),
            ],
            severity="low",
            confidence="strong",
            remedy=self.mend(dead, ()),
            advice=self._said(
                dead, [inside(netns, "nft", "delete", "table", *table) for table in group.items[:SAMPLES]]
            ),
            owner=owner_of(dead),
            count=group.count,
            samples=samples,
            details={"cause": cause_of(dead)},
        )

    def _said(self, dead: OwnerState, commands: t.Sequence[str]) -> str:
        return "%s By hand: %s. No plan does that: a whole table of somebody else's is taken away by a person." % (
            self.said_of(dead, "what it left of the firewall"),
            "; ".join(commands),
        )

    def _ways_out(self, family: int) -> t.List[Link]:
        """The links that packets of a family could go out through."""
        held = {
            item.ifindex
            for item in self.index.snapshot.addresses
            if item.family == family and item.scope in ("global", "site")
        }
        return [link for link in self.index.links if link.up and not link.loopback and link.ifindex in held]

    def _judge(self, found: Switch) -> Finding | None:
        # Where one of them is there, packets go out: then only the owner tells that it is left over.
        absent = [] if any(map(self._is_there, found.links)) else list(found.links)
        chain = found.place.chain
        states = self._owners({"firewall": {chain.table, chain.name, found.base.name}, "link": set(found.links)})
        if any(state.alive for state in states):
            return None
        unknown = any(state.alive is None for state in states)
        dead = next((state for state in states if state.alive is False and state.present), None)
        if not absent and (dead is None or unknown):
            return None
        netns = self.index.snapshot.netns
        evidence = [
            Evidence("firewall", "%s drops it" % words.place(found.place), words.showing(netns, found.place.chain))
        ]
        evidence += [self.saw("there is no link %s" % shown(name), "-br", "link", "show") for name in absent[:3]]
        if dead is not None:
            evidence += self.witness(dead, "firewall")
        but = [*(shown(name) for name in found.links), *("mark 0x%x" % mark for mark in found.marks)]
        gone = "%s is not there any more" % several([shown(name) for name in absent]) if absent else ""
        died = "%s does not run any more" % shown(dead.name) if dead is not None else ""
        return self.finding(
            "firewall",
            {"link": found.links[0] if found.links else None, **words.identity(found.place)},
            "A kill switch is left over: %s lets out only what goes through %s, and %s."
            % (words.chain(found.base), several(but), " and ".join(filter(None, (gone, died)))),
            evidence,
            severity="high" if dead is not None else "medium",
            confidence="hint" if unknown else "strong",
            remedy=() if dead is None or unknown else self.mend(dead, ()),
            advice=self._advice(found, dead),
            owner=owner_of(dead),
            details={"cause": "kill-switch-left", "links": list(found.links), "marks": list(found.marks)},
        )

    def _is_there(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(link.name, _pattern(name)) for link in self.index.links)

    def _owners(self, said: t.Mapping[str, t.Collection[str]]) -> t.List[OwnerState]:
        """Whose these names of the firewall, or of links, may be, by what profiles say."""
        return [state for state in self.index.owners if any(_fits(mark, said) for mark in state.marks)]

    def _advice(self, found: Switch, dead: OwnerState | None) -> str:
        chain, netns = found.place.chain, self.index.snapshot.netns
        if chain.backend == "nft":
            command = inside(netns, "nft", "delete", "table", chain.family, chain.table)
            told = "take its table away: %s" % command
        elif found.place.rule is None:
            told = "let the chain accept: %s" % inside(
                netns, chain.backend, "-t", chain.table, "-P", chain.name, "ACCEPT"
            )
        else:
            number = found.place.rule.number
            told = "take the rule away: %s" % inside(netns, chain.backend, "-t", chain.table, "-D", chain.name, number)
        first = "" if dead is None else self.said_of(dead, "its rules") + " "
        return (
            "%sRoutes and addresses are in order: changing them will not help. To end the block without its owner, %s. "
            "No plan does that: a whole table of somebody else's is taken away by a person." % (first, told)
        )


def _table_of(found: Switch) -> t.Tuple[str, str]:
    return found.place.chain.family, found.place.chain.table


def _named(table: t.Tuple[str, str]) -> str:
    return "%s %s" % (table[0], shown(table[1]))


def _fits(mark: Mark, said: t.Mapping[str, t.Collection[str]]) -> bool:
    """Is one of these names as a mark says?"""
    pattern = mark.name
    return pattern is not None and any(fnmatch.fnmatchcase(name, pattern) for name in said.get(mark.kind, ()))


def _switch(evaluator: Evaluator, chain: FirewallChain, family: int, out: t.Sequence[str]) -> Switch | None:
    """What a base chain drops through each link that is there, and what it lets out all the same."""
    if not evaluator.takes_any(chain):
        return None
    links, marks = _exceptions(evaluator, chain)
    if not links and not marks:
        return None
    fitting = [name for name in links if _passes(evaluator, chain, family, oif=name.replace("*", "0"))]
    others = [name for name in out if not any(fnmatch.fnmatchcase(name, _pattern(each)) for each in fitting)]
    places = [_dropped(evaluator, chain, family, oif=name) for name in others]
    if not places or any(place is None for place in places):
        return None
    bearing = [mark for mark in marks if _passes(evaluator, chain, family, oif=others[0], mark=mark)]
    if not fitting and not bearing:
        return None
    return Switch(family, t.cast(Place, places[0]), chain, tuple(fitting), tuple(bearing))


def _exceptions(evaluator: Evaluator, chain: FirewallChain) -> t.Tuple[t.List[str], t.List[int]]:
    """The links and marks that rules look at."""
    links: t.Dict[str, None] = {}
    marks: t.Dict[int, None] = {}
    for each in evaluator.within(chain):
        for item in each.rules:
            for match in item.matches:
                values = [value[0][0] for value in match.values] if len(match.fields) == 1 else []
                if match.fields == ("oifname",):
                    links.update(dict.fromkeys(value for value in values if value != "lo"))
                elif match.fields == ("mark",):
                    marks.update(dict.fromkeys(value for value in values if value))
    return list(links)[:EXCEPTIONS], list(marks)[:EXCEPTIONS]


def _packets(family: int, **more: t.Any) -> t.Iterator[Packet]:
    for protocol, to, port in _TRIED[family]:
        yield Packet(family, protocol, to, None, None, port, to_type="unicast", **more)


def _dropped(evaluator: Evaluator, chain: FirewallChain, family: int, **more: t.Any) -> Place | None:
    """The place that drops all that is tried."""
    places = []
    for each in _packets(family, **more):
        found = evaluator.verdict_of(chain, each)
        if found is None or not (found.blocks and found.settled):
            return None
        places.append(found.place)
    return places[0]


def _passes(evaluator: Evaluator, chain: FirewallChain, family: int, **more: t.Any) -> bool:
    verdicts = [evaluator.verdict_of(chain, each) for each in _packets(family, **more)]
    return all(found is not None and found.outcome == "accept" and found.settled for found in verdicts)


def _pattern(name: str) -> str:
    """A link's name in a rule as a pattern: only a star at its end stands for more."""
    star = name.endswith("*")
    plain = name[:-1] if star else name
    return "".join("[%s]" % char if char in "*?[" else char for char in plain) + ("*" if star else "")
