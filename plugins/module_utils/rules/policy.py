# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policy rules that lead nowhere: their table is empty, their interface or their source is gone."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ..model import Evidence, Finding, Query, RouteGroup, Rule, Step
from ..reach.policy import prefix_length, rule_text, table_name
from .base import rule
from .common import OBJECTS, SAMPLES, plural, several, shown
from .owned import OwnedCheck, Settled
from .tally import Group, Tally

_Key = t.Tuple[t.Any, ...]


def is_host(prefix: str | None) -> bool:
    return prefix is not None and prefix_length(prefix) == (128 if ":" in prefix else 32)


def where_to(item: Rule) -> str:
    """``lookup 100``, ``prohibit``..."""
    return "lookup %s" % rule_text(item).rpartition("lookup ")[2] if item.action == "lookup" else item.action


def rule_words(item: Rule) -> t.List[object]:
    """A rule as ``ip rule add`` and ``ip rule del`` take it."""
    words: t.List[object] = ["not"] if item.invert else []
    words += ["from", item.src or "all"]
    words += ["to", item.dst] if item.dst else []
    if item.mark is not None:
        words += [
            "fwmark",
            "0x%x%s" % (item.mark, "" if item.mask in (None, 0xFFFFFFFF) else "/0x%x" % (item.mask or 0)),
        ]
    words += ["iif", item.iif] if item.iif else []
    words += ["oif", item.oif] if item.oif else []
    words += ["uidrange", "%d-%d" % item.uid_range] if item.uid_range else []
    words += ["ipproto", item.ip_proto] if item.ip_proto else []
    words += ["sport", "%d-%d" % item.sport] if item.sport else []
    words += ["dport", "%d-%d" % item.dport] if item.dport else []
    words += ["tos", "0x%02x" % item.tos] if item.tos else []
    words += ["pref", item.priority]
    if item.action == "goto":
        return words + ["goto", item.goto]
    if item.action != "lookup":
        return words + [item.action]
    words += ["l3mdev"] if item.l3mdev else ["lookup", table_name(item.table)]
    words += [] if item.suppress_prefixlen is None else ["suppress_prefixlength", item.suppress_prefixlen]
    return words + ([] if item.suppress_ifgroup is None else ["suppress_ifgroup", item.suppress_ifgroup])


def rule_args(item: Rule) -> t.Dict[str, t.Any]:
    """All that the rule says, and so what it does not say: the arguments of a step about this very rule.

    Whether the kernel finds its interface or its target is no part of the rule.
    """
    said = {field.name: (getattr(item, field.name), field.default) for field in dataclasses.fields(item)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, (value, default) in said.items()
        if value != default and name not in ("detached", "unresolved")
    }


class RuleCheck(OwnedCheck):
    """A check that collects policy rules and tells of those together that share priority and destination table."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.tally: Tally[_Key, Rule] = Tally(kept=OBJECTS)

    def candidates(self) -> t.Iterator[Rule]:
        """The rules that somebody other than the kernel made."""
        return (item for item in self.index.snapshot.rules if item.proto != "kernel")

    def collect(self, item: Rule) -> None:
        self.tally.add((item.family, item.priority, item.action, item.table if item.table is not None else -1), item)

    def selector(self, group: Group[Rule]) -> t.Dict[str, t.Any]:
        """What all rules of the group have in common."""
        first = group.items[0]
        made: t.Dict[str, t.Any] = {
            "family": first.family, "priority": first.priority, "action": first.action, "table": first.table,
        }  # fmt: skip
        for key in ("src", "dst", "iif", "oif", "mark"):
            values = {getattr(item, key) for item in group.items}
            if len(values) == 1 and group.count == len(group.items):
                made["from" if key == "src" else "to" if key == "dst" else key] = values.pop()
        return made

    def is_declared(self, item: Rule) -> bool:
        return any(declares(wanted, item) for wanted in self.intent.rules)

    def remove(self, group: Group[Rule]) -> t.Iterator[Step]:
        for item in group.items:
            if not self.is_declared(item):
                yield self.step("rule.del", rule_args(item), "rule", "del", *rule_words(item), family=item.family)

    def settle(self, group: Group[Rule], advice: str) -> Settled:
        """Who is to take the rules of a group away."""
        one = group.items[0]
        return self.settled(
            "rule", group.items, self.remove(group), advice, table=one.table, interface=one.iif or one.oif
        )

    def show(self, group: Group[Rule]) -> Evidence:
        first = group.items[0]
        texts = [rule_text(item) + (" [detached]" if item.detached else "") for item in group.items[:SAMPLES]]
        alike = all(item.priority == first.priority for item in group.items)
        words = ["pref", first.priority] if alike else []
        return self.saw(several(texts, total=group.count), "rule", "show", *words, family=first.family)


def declares(wanted: t.Mapping[str, t.Any], item: Rule) -> bool:
    """Is this the rule that intent declares? What it does not say may be anything."""
    if wanted["family"] != item.family:
        return False
    pairs = (
        ("priority", item.priority), ("from", item.src), ("to", item.dst), ("iif", item.iif), ("oif", item.oif),
        ("mark", item.mark), ("table", item.table),
    )  # fmt: skip
    return all(wanted.get(key) is None or wanted[key] == value for key, value in pairs)


def texts_of(group: Group[Rule]) -> t.Tuple[str, ...]:
    return tuple(rule_text(item) for item in group.items[:SAMPLES])


@rule(
    id="RC301",
    name="rule-table-empty",
    severity="medium",
    title="Policy rules lead to a table that has no routes",
    rationale=(
        "A packet that a rule sends to an empty table falls through to the next rule: what was to go through the VPN "
        "goes out in the clear, what was to leave by the second uplink leaves by the first. The rule stays when the "
        "daemon that filled the table dies or cleans up by halves."
    ),
    proof="All routes of all tables were read; the rule's table has none in its family.",
    false_positives=(
        "Table default (253) is empty on every host, main may be. A table with only throw, blackhole, unreachable or "
        "prohibit routes is not empty. Rules that suppress short prefixes only filter. An l3mdev rule names no table; "
        "the table of a VRF belongs to the VRF. A rule whose interface is gone is RC302. An owner that lives may have "
        "nothing to put there yet (strongSwan's table 220 without a tunnel): that is told as info, and its rule stays."
    ),
    remedies=("owner.release", "owner.restart", "rule.del", "route.add"),
)
class RuleTableEmpty(RuleCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        vrf = {link.vrf_table for link in self.index.links if link.vrf_table is not None}
        self._empty: t.Dict[t.Tuple[int, int], t.List[Rule]] = {}
        for item in self.candidates():
            if item.action != "lookup" or item.table is None or item.table in (0, 253, 254, 255) or item.l3mdev:
                continue
            if item.table in vrf or item.suppress_prefixlen is not None or item.suppress_ifgroup is not None:
                continue
            if not item.detached:
                self._empty.setdefault((item.family, item.table), []).append(item)

    def routes(self, group: RouteGroup) -> None:
        self._empty.pop((group.template.family, group.template.table), None)

    def conclude(self) -> t.Iterable[Finding]:
        tally: Tally[t.Tuple[int, int], Rule] = Tally(kept=OBJECTS)
        for key, items in self._empty.items():
            for item in items:
                tally.add(key, item)
        for (family, table), group in tally:
            settled = self.settle(
                group,
                "Either the owner of table %d is to fill it again, or its rules are left over. Until then packets that "
                "were meant for it take another way." % table,
            )
            yield self.finding(
                "rule",
                {"family": family, "table": table},
                "%s to table %d, which has no routes: their packets fall through to the next rule."
                % (plural(group.count, "IPv%d rule leads" % family, "IPv%d rules lead" % family), table),
                [
                    self.show(group),
                    self.saw("table %d is empty" % table, "route", "show", "table", table, family=family),
                    *settled.evidence,
                ],
                severity="info" if settled.keeps else None,
                confidence="proven",
                remedy=settled.remedy,
                advice=settled.advice,
                owner=settled.owner,
                count=group.count,
                samples=texts_of(group),
                details={"cause": "table-empty"},
            )
        yield from self.others("rule", tally.others.count, texts_of(tally.others))


@rule(
    id="RC302",
    name="rule-detached",
    severity="low",
    title="Policy rules name an interface that does not exist",
    rationale=(
        "A rule with iif or oif stays when its interface goes; it selects nothing until an interface of that name comes "
        "again, and then it selects whatever that one carries. Container networks leave such rules by the hundred."
    ),
    proof="The kernel itself flags the rule: ip rule shows [detached].",
    false_positives=(
        "Only the kernel's flag counts: a rule whose interface exists, in whatever state, is not detached. The rule of an "
        "owner that lives waits for an interface that it makes: that is told as info, and the rule stays."
    ),
    remedies=("owner.release", "owner.restart", "rule.del"),
)
class RuleDetached(RuleCheck):
    def conclude(self) -> t.Iterable[Finding]:
        for item in self.candidates():
            if item.detached:
                self.collect(item)
        for _key, group in self.tally:
            first = group.items[0]
            names = [shown(getattr(item, item.detached[0])) for item in group.items]
            wanted = {link["name"] for link in self.intent.links} & {
                getattr(item, side) for item in group.items for side in item.detached
            }
            settled = self.settle(
                group, "If the interface is to come back (a VPN that is off), the rules may wait for it."
            )
            yield self.finding(
                "rule",
                self.selector(group),
                "%s (priority %d, %s) for an interface that does not exist: %s."
                % (
                    plural(group.count, "IPv%d rule waits" % first.family, "IPv%d rules wait" % first.family),
                    first.priority,
                    where_to(first),
                    several(list(dict.fromkeys(names)), total=None if group.count <= len(names) else group.count),
                ),
                [self.show(group), *settled.evidence],
                severity="medium" if wanted else "info" if settled.keeps else None,
                confidence="proven",
                remedy=() if wanted else settled.remedy,
                advice=(
                    "Intent declares the interface: bring it back, and the rules work again."
                    if wanted
                    else settled.advice
                ),
                owner=settled.owner,
                count=group.count,
                samples=texts_of(group),
                details={"cause": "device-gone"},
            )
        yield from self.others("rule", self.tally.others.count, texts_of(self.tally.others))


@rule(
    id="RC303",
    name="rule-source-gone",
    severity="low",
    title="Policy rules select a source address that is not the host's any more",
    rationale=(
        "A rule `from X` that was made for one of the host's addresses stays when the address leaves: the kernel never "
        "removes rules. It selects nothing, until X is given to something that this host forwards for."
    ),
    proof="The rule's source is one address; no link holds it, the local table has no entry for it, and the kernel "
    "refuses a send from it.",
    false_positives=(
        "A source wider than one address may be that of forwarded packets. Where the host forwards and the address is "
        "directly on one of its links, or has a route of its own, it is somebody else's; with the default route only, "
        "the finding is a hint. Rules with iif are about forwarded packets."
    ),
    remedies=("owner.release", "owner.restart", "rule.del", "address.add"),
)
class RuleSourceGone(RuleCheck):
    def conclude(self) -> t.Iterable[Finding]:
        gone: t.List[t.Tuple[Rule, str]] = []
        for item in self.candidates():
            if item.src is None or not is_host(item.src) or item.invert or item.iif is not None:
                continue
            address = item.src.partition("/")[0]
            if not self.index.is_local(address) and not ipaddress.ip_address(address).is_multicast:
                gone.append((item, address))
        known = {item.address for item in self.index.snapshot.neighbours if item.state not in ("FAILED", "INCOMPLETE")}
        answers = self.answers(Query(to=address) for _item, address in gone)
        hints = set()
        for item, address in gone:
            answer = answers.get(Query(to=address))
            if answer is not None and answer.route is not None and answer.route.type == "local":
                continue  # it came back meanwhile
            if item.family in self.index.snapshot.forwarding:
                if address in known or _is_own(answer):
                    continue
                if answer is None or answer.errno is None:
                    hints.add(address)
            self.collect(item)
        for _key, group in self.tally:
            yield self._finding(group, hints)
        yield from self.others("rule", self.tally.others.count, texts_of(self.tally.others))

    def _finding(self, group: Group[Rule], hints: t.Set[str]) -> Finding:
        first = group.items[0]
        addresses = list(dict.fromkeys((item.src or "").partition("/")[0] for item in group.items))
        hint = any(address in hints for address in addresses)
        back = [step for address in addresses for step in self.declared_address(address)]
        settled = self.settle(group, "No packet of this host can have that source.")
        evidence = [self.show(group), *self.holds_address(addresses[0]), *settled.evidence]
        if first.family == 4:
            answer = self.answer(Query(to=addresses[0], source=addresses[0]))
            if answer is not None and answer.errno is not None:
                words = ["route", "get", addresses[0], "from", addresses[0]]
                evidence.append(self.saw("a send from it is refused: %s" % answer.errno, *words))
        return self.finding(
            "rule",
            self.selector(group),
            "%s (priority %d, %s) %s source that is not an address of this host: %s."
            % (
                plural(group.count, "IPv%d rule" % first.family),
                first.priority,
                where_to(first),
                "selects a" if group.count == 1 else "select each a",
                several(addresses, total=group.count if group.count > len(group.items) else None),
            ),
            evidence,
            severity="medium" if back else "info" if hint else None,
            confidence="hint" if hint else "proven",
            remedy=back or (() if hint else settled.remedy),
            advice=(
                "Intent declares the address: bring it back, and the rule selects again."
                if back
                else "The host forwards: the address may be that of another host behind it."
                if hint
                else settled.advice
            ),
            owner=settled.owner,
            count=group.count,
            samples=texts_of(group),
            details={"cause": "source-not-local", "addresses": addresses[:SAMPLES]},
        )


def _is_own(answer: t.Any) -> bool:
    """Does a route of its own, not the default one, lead to it?"""
    match = None if answer is None else answer.match
    return match is not None and match.dst is not None and prefix_length(match.dst) > 0
