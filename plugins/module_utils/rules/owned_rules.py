# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policy rules that an owner left behind when it died."""

from __future__ import annotations

import typing as t

from ..model import Finding, OwnerState, Rule
from .base import rule
from .common import OBJECTS, plural
from .owned import cause_of, of_whom, owner_of
from .policy import RuleCheck, texts_of
from .tally import Group, Tally

REFUSING = ("unreachable", "blackhole", "prohibit")
"""Actions of rules that refuse packets."""
_SELECTORS = ("src", "dst", "iif", "oif", "mark", "uid_range", "ip_proto", "sport", "dport", "tunnel_id")


def selects_all(item: Rule) -> bool:
    """Does a rule select all packets of its family?"""
    return all(getattr(item, name) is None for name in _SELECTORS) and not item.tos


class LeftRules(RuleCheck):
    """A check for policy rules that are left over: one finding for all of an owner."""

    def left_rules(self, items: t.Iterable[Rule]) -> t.Iterator[Finding]:
        states: t.Dict[str, OwnerState] = {}
        tally: Tally[t.Tuple[str, int], Rule] = Tally(kept=OBJECTS)
        for item in items:
            state = None if self.is_declared(item) else self.left(item)
            if state is not None:
                states[state.name] = state
                tally.add((state.name, item.family), item)
        for (name, family), group in tally:
            yield self._of_one(states[name], family, group)
        yield from self.others("rule", tally.others.count, texts_of(tally.others))

    def _of_one(self, state: OwnerState, family: int, group: Group[Rule]) -> Finding:
        severity, words = self.harm(group)
        one = group.items[0]
        return self.finding(
            "rule",
            {"owner": state.name, "family": family},
            "%s %s %s: %s."
            % (
                plural(group.count, "IPv%d policy rule" % family),
                "is" if group.count == 1 else "are",
                of_whom(state, "it" if group.count == 1 else "them"),
                words,
            ),
            [self.show(group), *self.witness(state, "rule")],
            severity=severity,
            remedy=self.mend(
                state,
                self.remove(group),
                table=one.table if group.count == 1 else None,
                interface=one.iif or one.oif if group.count == 1 else None,
            ),
            advice=self.said_of(state, "its rules"),
            owner=owner_of(state),
            count=group.count,
            samples=texts_of(group),
            details={"cause": cause_of(state)},
        )

    def harm(self, group: Group[Rule]) -> t.Tuple[str, str]:
        """Severity, and what the rules do."""
        raise NotImplementedError


@rule(
    id="RC305",
    name="rule-owner-gone",
    severity="medium",
    title="Policy rules of a daemon that is gone, or that does not want them any more",
    rationale=(
        "The kernel never removes a policy rule. Those of a VPN that was killed, or removed without a clean end, go on "
        "sending packets to its table: the routes that it left there carry them, or, where the table is empty by now, "
        "they fall through to another way than the one that was meant."
    ),
    proof=(
        "The rules fit what the owner's profile says of its rules (priority, table, mark, interface). No process of the "
        "owner runs; or it runs, was asked for all that it wants, and does not name them."
    ),
    false_positives=(
        "Where any owner that they fit is alive and did not disown them, or it is not known whether it lives, they stay; "
        "so do those of an owner that was never on this host, and all of the kernel. What intent declares is wanted. "
        "Rules that refuse packets are RC206."
    ),
    remedies=("owner.release", "owner.restart", "rule.del"),
)
class RuleOwnerGone(LeftRules):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._filled: t.Set[t.Tuple[int, t.Optional[int]]] = set()

    def routes(self, group: t.Any) -> None:
        self._filled.add((group.template.family, group.template.table))

    def conclude(self) -> t.Iterable[Finding]:
        yield from self.left_rules(item for item in self.candidates() if item.action not in REFUSING)

    def harm(self, group: Group[Rule]) -> t.Tuple[str, str]:
        # One that suppresses prefixes leads to a table of everybody's.
        leading = [item for item in group.items if item.suppress_prefixlen is None]
        if any((item.family, item.table) in self._filled for item in leading):
            return "medium", "packets are still led to its tables"
        return "low", "its tables are empty, so packets fall through to the next rule"
