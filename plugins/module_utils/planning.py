# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planning for one network namespace: what is asked for, the two sightings, and the guards that they are held against."""

from __future__ import annotations

import dataclasses
import typing as t

from .evidence.way_in import ways_in
from .hostid import host, is_own
from .identity import canonical, fingerprint, generation
from .index import Index
from .kernel import normal
from .kernel.port import Kernel
from .model import Finding, Plan, Seen, Snapshot
from .plan import protect
from .plan.guards import Caps, Guard, KernelObjects
from .plan.keepers import Keepers
from .plan.make import Case, Place, make
from .plan.ops import allowed_by
from .plan.options import REMEDIES
from .plan.select import Resolved, confirmed
from .plan.way import WayInGuard
from .resolve import resolve

if t.TYPE_CHECKING:
    from .audit import Sight

Sleep = t.Callable[[float], None]
_Named = t.Dict[t.Tuple[str, str, str], Resolved]


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What is asked of a plan."""

    protect: t.Tuple[t.Mapping[str, t.Any], ...] = ()
    protect_way_in: bool = True
    max_removals: int = 50
    max_percent: int = 20
    remedies: t.Tuple[str, ...] = REMEDIES
    confirm_after: int = 5
    """Seconds between the two sightings."""

    @property
    def limits(self) -> t.Dict[str, t.Any]:
        """As the plan tells them."""
        said = dataclasses.asdict(self)
        said["protect"] = [{key: value for key, value in item.items() if value is not None} for item in self.protect]
        return dict(said, remedies=list(self.remedies))


def wishes(params: t.Mapping[str, t.Any]) -> Wishes:
    """From the module's arguments; what is None is not said. Raises ValueError that names what is wrong."""
    names = [field.name for field in dataclasses.fields(Wishes)]
    said: t.Dict[str, t.Any] = {}
    for name in names:
        value = params.get(name)
        if value is not None:
            said[name] = tuple(value) if isinstance(value, list) else value
    made = Wishes(**said)
    if made.confirm_after < 0:
        raise ValueError("confirm_after: %d seconds; expected 0 or more" % made.confirm_after)
    _check(made)
    return made


def _check(asked: Wishes) -> None:
    allowed_by(asked.remedies)
    protect.load(asked.protect, Index(Snapshot()))
    Caps(asked.max_removals, asked.max_percent, {})


def plan(kernel: Kernel, asked: Wishes, look: t.Callable[[], Sight], sleep: Sleep) -> Plan:
    """Look twice, and plan for what was there both times; once, where nothing is to be planned."""
    first = look()
    allowed = allowed_by(asked.remedies)
    told = [finding for finding in first.findings if finding.confidence != "hint"]
    if not any(step.op in allowed for finding in told for step in finding.remedy):
        return _made(kernel, asked, first, {}, None)
    before = _by_name(first.findings, resolve(kernel, first.index, first.findings))
    sleep(asked.confirm_after)
    second = look()
    resolved = resolve(kernel, second.index, second.findings)
    for name, (place, now) in _named(second.findings, resolved).items():
        resolved[place] = confirmed(before.get(name, Resolved()), now, _identity)
    seen_before = {fingerprint(finding) for finding in first.findings}
    return _made(kernel, asked, second, resolved, seen_before)


def _made(
    kernel: Kernel,
    asked: Wishes,
    sight: Sight,
    resolved: t.Mapping[Place, Resolved],
    before: t.Collection[str] | None,
) -> Plan:
    index = sight.index
    return make(
        sight.findings,
        Case(
            index=index,
            resolved=resolved,
            guards=_guards(kernel, asked, index),
            caps=Caps(asked.max_removals, asked.max_percent, sight.totals),
            allowed=allowed_by(asked.remedies),
            before=before,
        ),
        host=host(kernel.netns),
        generation=generation(sight.snapshot),
        created=sight.snapshot.taken,
        limits=asked.limits,
    )


def _guards(kernel: Kernel, asked: Wishes, index: Index) -> t.List[Guard]:
    way_in = ways_in(kernel) if asked.protect_way_in and is_own(kernel.netns) else ()
    way = WayInGuard(index, way_in, kernel.lookup)
    return [KernelObjects(index), Keepers(index), way, *protect.load(asked.protect, index)]


def _named(
    findings: t.Iterable[Finding], resolved: t.Mapping[Place, Resolved]
) -> t.Dict[t.Tuple[str, str, str], t.Tuple[Place, Resolved]]:
    """By what a step says: its number may be another one at the other sighting."""
    named = {}
    for finding in findings:
        mark = fingerprint(finding)
        for number, step in enumerate(finding.remedy):
            if (mark, number) in resolved:
                named[mark, step.op, canonical(step.args)] = ((mark, number), resolved[mark, number])
    return named


def _by_name(findings: t.Iterable[Finding], resolved: t.Mapping[Place, Resolved]) -> _Named:
    return {name: found for name, (_place, found) in _named(findings, resolved).items()}


def _identity(seen: Seen) -> t.Hashable:
    return normal.identity(seen.kind, seen.raw)
