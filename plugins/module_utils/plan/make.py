# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From findings to a plan: ordered steps, each with its precondition, and a reason for all that got none. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..bounds import encodable
from ..commands import ip
from ..identity import canonical, fingerprint
from ..index import Index
from ..inverse import inverse_of
from ..model import OPS, Finding, Plan, PlanStep, Seen, Step, Withheld
from ..rules.base import SEVERITIES
from ..text import clean
from .guards import Caps, Change, Guard, LiveOwners
from .ops import LASTING, REMOVALS, TAKEN_BACK, WITHOUT_OBJECT, kind_of
from .risk import risk_of
from .select import Resolved
from .wire import view

MADE_BY = "netmend.reclaim 0.1.0"
STEPS = 2000
"""Steps that a plan may have: more is no plan that anybody reviews. A step may be about any number of routes."""
WITHHELD = 1000
"""Remedies without a step that are told one by one; more of a rule, for the same reason, are counted with one of them."""
_WORDS = 500
_SHOWN = 3
"""Commands that are spelled out where one would take too much."""

Place = t.Tuple[str, int]
"""A step of a remedy: the finding's fingerprint, and which of its steps."""
_Key = t.Tuple[str, str, int]


@dataclasses.dataclass(frozen=True)
class Case:
    """All that a plan is made from, beside the findings."""

    index: Index
    resolved: t.Mapping[Place, Resolved]
    """Of each step that is about objects: which ones."""
    guards: t.Sequence[Guard]
    caps: Caps
    allowed: t.Collection[str]
    """Ops."""
    before: t.Optional[t.Collection[str]] = None
    """Fingerprints of the findings of an earlier sighting; None where there was none."""


def make(
    findings: t.Sequence[Finding],
    case: Case,
    host: t.Mapping[str, t.Any],
    generation: str,
    created: float,
    limits: t.Mapping[str, t.Any],
) -> Plan:
    """The plan for these findings. The worst come first where the caps leave no room for all."""
    planner = _Planner(case)
    numbered = sorted(((fingerprint(item), item) for item in findings), key=_worst_first)
    for mark, finding in numbered:
        planner.note_owner(mark, finding)
    for mark, finding in numbered:
        planner.plan(mark, finding)
    steps = planner.steps()
    return Plan(
        host={key: host.get(key) for key in ("hostname", "machine_id", "boot_id", "netns")},
        generation=generation,
        created=float(int(created)),
        made_by=MADE_BY,
        steps=steps,
        withheld=planner.withheld(),
        protected=tuple(encodable(text) for guard in case.guards for text in guard.words),
        limits=dict(limits),
        links={
            str(number): encodable(case.index.name_of(number)) for number in sorted(planner.links) if number is not None
        },
    )


def _worst_first(pair: t.Tuple[str, Finding]) -> t.Tuple[int, str, str]:
    return SEVERITIES.index(pair[1].severity), pair[1].rule, pair[0]


def _switched_back(op: str) -> t.Tuple[t.Optional[str], str]:
    """What undoes an op about no object, or why nothing does."""
    return TAKEN_BACK.get(op), LASTING.get(op, "")


class _Draft:
    """A step that is being put together: more findings may want the same."""

    def __init__(self, step: Step, finding: Finding, seen: Seen | None) -> None:
        self.step = step
        self.finding = finding
        self.seen = seen
        self.dsts: t.Dict[str, None] = {}
        self.marks: t.Dict[str, None] = {}
        self.whole = False
        """Is it all that the remedy's command is about?"""


class _Planner:
    def __init__(self, case: Case) -> None:
        self._case = case
        self._wanted = LiveOwners()
        self._drafts: t.Dict[_Key, _Draft] = {}
        self._left: t.Dict[t.Tuple[str, t.Optional[str], str], t.Tuple[Withheld, int]] = {}
        """By finding, or by rule, with op and reason: the first, and how many more there are."""
        self.links: t.Set[int] = set()

    def steps(self) -> t.Tuple[PlanStep, ...]:
        drafts = sorted(self._drafts.values(), key=lambda draft: OPS.index(draft.step.op))
        return tuple(self._finished(draft) for draft in drafts)

    def withheld(self) -> t.Tuple[Withheld, ...]:
        """One for each finding, op and reason, however many objects it is about; one for each rule where there are too many."""
        return tuple(
            dataclasses.replace(item, words="%s (and %d more)" % (item.words, more)) if more else item
            for item, more in self._left.values()
        )

    def note_owner(self, mark: str, finding: Finding) -> None:
        """What an owner who is alive wants is nobody's to take, whichever finding asks for it."""
        owner = finding.owner
        if owner is None or not owner.alive:
            return
        for number, step in enumerate(finding.remedy):
            if _is_the_owners(step):
                for seen in self._case.resolved.get((mark, number), Resolved()).seens:
                    self._wanted.want(owner.name, seen.kind, seen.raw.hex(), seen.dsts)

    def plan(self, mark: str, finding: Finding) -> None:
        if not finding.remedy:
            self._leave(
                mark, finding, None, "no-remedy", finding.advice or "No change on this host is known to mend it."
            )
        known = 0
        for number, step in enumerate(finding.remedy):
            reason, words = self._refused(mark, finding, step)
            if reason:
                self._leave(mark, finding, step.op, reason, words)
            elif step.op in WITHOUT_OBJECT:
                self._add_switch(mark, finding, step)
            else:
                known += self._add(mark, finding, step, self._case.resolved.get((mark, number), Resolved()))
        # Steps about objects of a small table name them one by one; one about routes selects them.
        removals = [step for step in finding.remedy if step.op in REMOVALS and step.op != "route.del"]
        if known and len(removals) == len(finding.remedy) and known < finding.count:
            words = "%d of its %d objects have no step: intent declares them, or they are more than a finding takes up."
            self._leave(mark, finding, removals[0].op, "no-remedy", words % (finding.count - known, finding.count))

    def _refused(self, mark: str, finding: Finding, step: Step) -> t.Tuple[str, str]:
        """Why a step must not be planned, whatever it is about."""
        if finding.confidence == "hint":
            return "hint", "The finding is a guess: only a person can tell whether it is right."
        if step.op not in self._case.allowed:
            return "not-allowed", "%s is not among the remedies that are allowed." % step.op
        owner = finding.owner
        if owner is not None and owner.alive and _is_the_owners(step):
            return "owner-alive", "%s is alive: it is the one to let go of it." % clean(owner.name, 64)
        if self._case.before is not None and mark not in self._case.before:
            return "seen-once", "It was not there at the first of the two sightings."
        return "", ""

    # Steps about an owner or a switch ------------------------------------------------------------

    def _add_switch(self, mark: str, finding: Finding, step: Step) -> None:
        args = encodable(dict(step.args))
        key = (step.op, canonical(args), 0)
        if key not in self._drafts:
            for guard in self._case.guards:
                words = guard.objection(Change(step.op, finding, None, step.args))
                if words:
                    self._leave(mark, finding, step.op, guard.reason, "%s." % words)
                    return
            if not self._has_room(mark, finding, step.op):
                return
            self._drafts[key] = _Draft(step, finding, None)
        self._drafts[key].marks[mark] = None

    # Steps about objects -------------------------------------------------------------------------

    def _add(self, mark: str, finding: Finding, step: Step, found: Resolved) -> int:
        """Plan one step of a remedy; how many objects it is about, planned or not."""
        if found.problem:
            self._leave(mark, finding, step.op, "inexact", found.problem)
            return 0
        if found.changed or not found.seens:
            words = "%d of its objects looked otherwise at the first sighting." % found.changed
            self._leave(mark, finding, step.op, "changed", words if found.changed else "It is not there any more.")
        if step.op in REMOVALS and found.count > finding.count:
            words = "It was about %d objects when it was found and would take %d now." % (finding.count, found.count)
            self._leave(mark, finding, step.op, "changed", words)
            return 0
        unguarded = (self._unguarded(mark, finding, step, seen) for seen in found.seens)
        kept = [seen for seen in unguarded if seen is not None]
        news = self._new(step.op, kept)
        count = sum(seen.count for _key, seen in news)
        if step.op in REMOVALS and count:
            words = self._case.caps.take(kind_of(step.op) or "", count)
            if words:
                self._leave(mark, finding, step.op, "cap", "%s." % words)
                return found.count + found.changed
        for key, seen in self._places(step.op, kept):
            if key not in self._drafts:
                if not self._has_room(mark, finding, step.op):
                    break
                self._drafts[key] = _Draft(step, finding, seen)
            draft = self._drafts[key]
            draft.whole = draft.whole or len(kept) == len(found.seens) == 1 and seen.count == found.count
            draft.dsts.update(dict.fromkeys(seen.dsts))
            draft.marks[mark] = None
        return found.count + found.changed

    def _places(self, op: str, seens: t.Iterable[Seen]) -> t.Iterator[t.Tuple[_Key, Seen]]:
        """The key of each object: the same for the same object. Of objects that are alike, each has its own."""
        alike: t.Dict[bytes, int] = {}
        for seen in seens:
            number = alike.get(seen.raw, 0) if not seen.dsts else 0
            alike[seen.raw] = number + 1
            yield (op, seen.raw.hex(), number), seen

    def _new(self, op: str, seens: t.Iterable[Seen]) -> t.List[t.Tuple[_Key, Seen]]:
        """What no step takes yet."""
        news = []
        for key, seen in self._places(op, seens):
            draft = self._drafts.get(key)
            if draft is None:
                news.append((key, seen))
            elif seen.dsts:
                dsts = tuple(dst for dst in seen.dsts if dst not in draft.dsts)
                news += [(key, dataclasses.replace(seen, dsts=dsts))] if dsts else []
        return news

    def _unguarded(self, mark: str, finding: Finding, step: Step, seen: Seen) -> Seen | None:
        """The object as far as no guard objects; None where nothing is left of it."""
        change = Change(step.op, finding, self._case.index.with_hops(seen.object), step.args)
        if step.op in REMOVALS:
            left, owner = self._wanted.split(seen.kind, seen.raw.hex(), seen.dsts)
            if owner:
                self._leave(mark, finding, step.op, "owner-alive", "%s is alive and wants it." % clean(owner, 64))
                if not left:
                    return None
                seen = dataclasses.replace(seen, dsts=left)
        for guard in self._case.guards:
            words = guard.objection(change)
            if words:
                self._leave(mark, finding, step.op, guard.reason, "%s." % words)
                return None
            if seen.dsts and guard.looks_at_destinations(change):
                refused = {dst: guard.objection_to(change, dst) for dst in seen.dsts}
                for words in filter(None, refused.values()):
                    self._leave(mark, finding, step.op, guard.reason, "%s." % words)
                seen = dataclasses.replace(seen, dsts=tuple(dst for dst, words in refused.items() if not words))
                if not seen.dsts:
                    return None
        return seen

    def _has_room(self, mark: str, finding: Finding, op: str) -> bool:
        if len(self._drafts) < STEPS:
            return True
        self._leave(mark, finding, op, "cap", "A plan has %d steps at most." % STEPS)
        return False

    def _leave(self, mark: str, finding: Finding, op: str | None, reason: str, words: str) -> None:
        key = mark, op, reason
        if key not in self._left and len(self._left) >= WITHHELD:
            key = finding.rule, op, reason
        item, more = self._left.get(key, (None, -1))
        if item is None:
            item = Withheld(mark, finding.rule, op, reason, clean(encodable(words), _WORDS))
        self._left[key] = item, more + 1

    def _finished(self, draft: _Draft) -> PlanStep:
        step, seen = draft.step, draft.seen
        if seen is not None:
            self.links.update(_links_of(seen.object))
        inverse, why_not = _switched_back(step.op) if seen is None else inverse_of(step.op, seen)
        risk, because = risk_of(step.op, draft.finding)
        return PlanStep(
            op=step.op,
            findings=tuple(draft.marks),
            command=encodable(step.command if draft.whole or seen is None else self._narrower(step.op, seen, draft)),
            why=encodable(draft.finding.cause),
            kind=kind_of(step.op),
            object={} if seen is None else view(seen.object),
            raw="" if seen is None else seen.raw.hex(),
            dsts=tuple(draft.dsts),
            args=encodable(dict(step.args)) if seen is None else {},
            inverse=inverse,
            no_inverse=why_not,
            risk=risk,
            risk_because=because,
        )

    def _narrower(self, op: str, seen: Seen, draft: _Draft) -> str:
        """The command for a part of what the remedy's own command would take."""
        if not seen.dsts or op != "route.del":
            return draft.step.command
        item, netns = seen.object, self._case.index.snapshot.netns
        words = ["table", item.table, "proto", item.proto] + (["metric", item.metric] if item.metric else [])
        commands = [ip(netns, "-%d" % item.family, "route", "del", dst, *words) for dst in list(draft.dsts)[:_SHOWN]]
        more = len(draft.dsts) - _SHOWN
        return "; ".join(commands) + ("  # and %d more" % more if more > 0 else "")


def _is_the_owners(step: Step) -> bool:
    """Would it take a kernel object from its owner? A connection that is dead is no such thing."""
    return step.op in REMOVALS and step.op != "socket.destroy"


def _links_of(item: t.Any) -> t.Set[int]:
    numbers = [getattr(item, "ifindex", None)] + [hop.ifindex for hop in getattr(item, "hops", ())]
    return {number for number in numbers if number is not None}
