# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One audit of one network namespace: one process, one pass.

Small tables once, large ones streamed once past the rules, then the findings: named, sorted, bounded.
"""

from __future__ import annotations

import dataclasses
import os
import time
import typing as t

from . import intent as declared
from . import persistence, witnesses
from .bounds import encodable, shortened, size_of, take
from .hostid import host
from .identity import canonical, fingerprint, generation
from .index import Index
from .kernel.netlink import Overrun
from .kernel.port import Kernel
from .model import TABLE_LOCAL, Finding, Snapshot, Unseen
from .owners import profile
from .rules import CHECKS, weights
from .rules.base import SEVERITIES, Check

if t.TYPE_CHECKING:
    from .planning import Sleep, Wishes
    from .probing.aims import Aim

SCHEMA = "1.1"
STEPS = 20
"""Steps of a remedy that a finding shows; a plan has them all."""
FINDING_BYTES = 20 * 1000
"""What no finding may exceed as JSON."""
FINDINGS_BYTES = 500 * 1000
"""What all that a host sends back may take together; the rest is counted."""
UNSEEN = 200
"""Things that could not be read that are named; the rest is counted."""
UNSEEN_BYTES = 50 * 1000
_PARTS = {
    "object": 3000,
    "samples": 3000,
    "cause": 1000,
    "evidence": 4000,
    "owner": 1000,
    "remedy": 4000,
    "advice": 1000,
    "details": 2000,
}
"""Bytes of the parts of a finding that is too large: together with the rest less than FINDING_BYTES."""
_TRIES = 3
_KINDS = {
    "links": "link",
    "addresses": "address",
    "rules": "rule",
    "nexthops": "nexthop",
    "neighbours": "neighbour",
}
_Examined = t.Tuple[t.List[Finding], t.Dict[str, int], t.Dict[str, int]]
"""Findings, what was counted, and how many objects there are of the kinds that are streamed."""


@dataclasses.dataclass(frozen=True)
class Sight:
    """What one look at the host showed."""

    snapshot: Snapshot
    findings: t.Tuple[Finding, ...]
    totals: t.Mapping[str, int]
    """How many objects of each kind there are: what shares are taken of."""

    @property
    def index(self) -> Index:
        return Index(self.snapshot)


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked of an audit."""

    include: t.Tuple[str, ...] = ()
    """Rule ids; none means all."""
    exclude: t.Tuple[str, ...] = ()
    severities: t.Tuple[weights.Weight, ...] = ()
    """Where a finding is not as bad, or worse, than its rule says; the last one that fits holds."""
    rule_profiles: t.Tuple[str, ...] = ()
    """The names of the profiles of rules that these come from."""
    intent: declared.Intent = declared.Intent()
    profiles: t.Tuple[profile.Profile, ...] = ()
    logs: t.Tuple[str, ...] = ()
    firewall: bool = True
    """Is the firewall read?"""
    firewall_trace: bool = False
    """Is what it seems to drop proven by a packet that the kernel traces?"""
    evidence: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    """Which other witnesses are asked, as evidence_info takes them: ``journal``, ``strace``, ``counters``."""
    resolver_query: bool = False
    """Is each resolver sent one query?"""
    probes: bool = False
    """Are packets sent to find out how large ones come through?"""
    aims: t.Optional[t.Tuple[Aim, ...]] = None
    """Where to; None is to what sockets and tunnels send to."""
    boot_root: t.Optional[str] = None
    """The root of the files that configure the next boot; None is the host's own."""
    limit: int = 200
    """Findings in the result; the rest is counted."""
    plan: t.Optional[Wishes] = None
    """What is asked of a plan; None where none is wanted."""


def request(params: t.Mapping[str, t.Any]) -> Request:
    """A request from the module's arguments. Raises ValueError that names what is wrong."""
    rules = params.get("rules") or {}
    limit = params.get("limit")
    asked = None
    if params.get("plan"):
        from .planning import wishes  # late: most audits do not plan, and pay for each import

        asked = wishes(params)
    if params.get("firewall_trace") and params.get("firewall") is False:
        raise ValueError("firewall_trace: it proves what is found in the firewall; expected firewall: true with it")
    if limit is not None and limit < 1:
        raise ValueError("limit: %d findings; expected at least 1" % limit)
    intent = declared.load(params.get("intent") or {})
    profiles = tuple(profile.load(item) for item in params.get("owners") or ())
    strangers = sorted(set(intent.owners) - {item.name for item in profiles})
    if strangers:
        known = ", ".join(sorted(item.name for item in profiles))
        raise ValueError(
            "intent.owners: nobody describes %s, so it cannot be told whether it runs; those described are %s. Describe it "
            "with owners" % (", ".join(strangers), known or "none")
        )
    return Request(
        include=tuple(rules.get("include") or ()),
        exclude=tuple(rules.get("exclude") or ()),
        severities=tuple(weights.load(item) for item in rules.get("severities") or ()),
        rule_profiles=tuple(str(name) for name in params.get("profile") or ()),
        intent=intent,
        profiles=profiles,
        logs=tuple(params.get("logs") or ()),
        firewall=params.get("firewall") is not False,
        firewall_trace=bool(params.get("firewall_trace")),
        evidence=witnesses.options(params),
        resolver_query=bool(params.get("resolver_query")),
        probes=bool(params.get("probes")),
        boot_root=_root(params.get("boot_root")),
        limit=limit or Request.limit,
        plan=asked,
    )


def _root(path: str | None) -> str | None:
    if path is not None and not os.path.isdir(path):
        raise ValueError("boot_root: %s is no directory; expected one that has etc/ as the root of a host has" % path)
    return path


def chosen(include: t.Collection[str], exclude: t.Collection[str]) -> t.List[t.Type[Check]]:
    """The checks that an audit runs. Raises ValueError for an id that no rule has."""
    unknown = sorted((set(include) | set(exclude)) - set(CHECKS))
    if unknown:
        raise ValueError("no rule has the id %s; the rules are %s" % (", ".join(unknown), ", ".join(sorted(CHECKS))))
    ids = [name for name in sorted(CHECKS) if (not include or name in include) and name not in exclude]
    if not ids:
        raise ValueError("rules: what is included is all excluded again; nothing would be audited")
    return [CHECKS[name] for name in ids]


def audit_info(params: t.Mapping[str, t.Any], kernel: Kernel) -> t.Dict[str, t.Any]:
    """The result of the module audit_info from its arguments."""
    return audit(kernel, request(params))


def audit(kernel: Kernel, request: Request, sleep: Sleep = time.sleep) -> t.Dict[str, t.Any]:
    """Audit the namespace of ``kernel``; the result is JSON as docs/schema/audit-host-1.json describes it.

    With a plan it looks twice, ``sleep`` between, and tells what it saw last.
    """
    started = time.time()
    checks = chosen(request.include, request.exclude)
    looks: t.List[Look] = []

    def again() -> Sight:
        looks.append(look(kernel, request, checks))
        return looks[-1].sight

    made = None
    if request.plan is None:
        again()
    else:
        from .plan.wire import to_json
        from .planning import plan

        made = to_json(plan(kernel, request.plan, again, sleep))
    last = looks[-1]
    findings, snapshot = last.sight.findings, last.sight.snapshot
    shown = told(findings, request.limit)
    return {
        "schema": SCHEMA,
        "host": host(kernel.netns),
        "netns": snapshot.netns,
        "started": round(started, 3),
        "seconds": round(time.time() - started, 3),
        "profile": list(request.rule_profiles),
        "rules": [check.description.id for check in checks],
        "findings": shown,
        "summary": summary(findings, len(findings) - len(shown)),
        "unseen": not_seen([*last.unseen, *kernel.unseen]),
        "unsteady": sorted(set(kernel.unsteady)),
        "snapshot": {
            "generation": generation(snapshot),
            "counts": last.counts,
        },
        "plan": made,
    }


@dataclasses.dataclass(frozen=True)
class Look:
    """One look at the host, with what it could not see."""

    sight: Sight
    counts: t.Dict[str, int]
    unseen: t.List[Unseen]


def look(kernel: Kernel, request: Request, checks: t.Sequence[t.Type[Check]]) -> Look:
    """Hear the witnesses, read the tables, and show both to the checks."""
    unseen: t.List[Unseen] = []
    said = witnesses.hear(request, kernel, unseen)
    snapshot = dataclasses.replace(kernel.snapshot(), taken=time.time(), **said)
    findings, counts, totals = _from_the_start(lambda: _examine(kernel, Index(snapshot), checks, request.intent))
    findings = persistence.advised(Index(snapshot), findings)
    if request.firewall_trace:
        from .evidence.firewall.proving import proven  # late: it starts programs, and few audits ask for it

        findings = proven(findings, kernel.netns, unseen)
    findings = weights.weighed(findings, request.severities)
    small = _small(snapshot)
    totals.update((_KINDS[name], number) for name, number in small.items())
    return Look(Sight(snapshot, tuple(sorted(findings, key=_worst_first)), totals), dict(small, **counts), unseen)


def _from_the_start(examine: t.Callable[[], _Examined]) -> _Examined:
    """A stream that breaks off halfway has shown the checks a part of its table: they are made anew."""
    for _attempt in range(_TRIES - 1):
        try:
            return examine()
        except Overrun:
            continue
    return examine()


def _examine(kernel: Kernel, index: Index, classes: t.Sequence[t.Type[Check]], intent: declared.Intent) -> _Examined:
    checks = [check(index, kernel.lookup, intent, kernel.holders) for check in classes]
    counts = {"routes": 0, "sessions": 0}
    totals = {"route": 0}
    watching = [check for check in checks if check.watches("routes")]
    if watching:
        for group in kernel.route_groups():
            counts["routes"] += group.count
            totals["route"] += group.count if group.template.table != TABLE_LOCAL else 0
            for check in watching:
                check.routes(group)
    watching = [check for check in checks if check.watches("session")]
    if watching:
        for session in kernel.sessions():
            counts["sessions"] += 1
            for check in watching:
                check.session(session)
    watching = [check for check in checks if check.watches("flow")]
    if watching:
        counts["flows"] = 0
        for flow in kernel.flows():
            counts["flows"] += 1
            for check in watching:
                check.flow(flow)
    totals.update(session=counts["sessions"], flow=counts.get("flows", 0))
    return [finding for check in checks for finding in check.conclude()], counts, totals


def _small(snapshot: Snapshot) -> t.Dict[str, int]:
    return {name: len(getattr(snapshot, name)) for name in _KINDS}


def _worst_first(finding: Finding) -> t.Tuple[int, str, str]:
    return SEVERITIES.index(finding.severity), finding.rule, canonical(finding.selector)


def told(findings: t.Iterable[Finding], limit: int) -> t.List[t.Dict[str, t.Any]]:
    """The first findings, as they are sent back: as many as are asked for, and as FINDINGS_BYTES can hold."""
    return take(findings, limit, lambda finding: bounded(as_json(finding)), FINDINGS_BYTES)[0]


def not_seen(items: t.Sequence[Unseen]) -> t.List[t.Dict[str, t.Any]]:
    """What could not be read, in words that are bounded, and how much more there is."""

    def show(item: Unseen) -> t.Any:
        return shortened(encodable(dataclasses.asdict(item)), UNSEEN_BYTES // UNSEEN)

    shown, total = take(dict.fromkeys(items), UNSEEN, show, UNSEEN_BYTES)
    if total > len(shown):
        shown.append({"what": "more", "why": "%d more things could not be read" % (total - len(shown))})
    return shown


def summary(findings: t.Sequence[Finding], omitted: int) -> t.Dict[str, t.Any]:
    """Counts of all findings, also of those that did not fit into the result."""
    counts: t.Dict[str, t.Any] = dict.fromkeys(SEVERITIES, 0)
    by_rule: t.Dict[str, int] = {}
    for finding in findings:
        counts[finding.severity] += 1
        by_rule[finding.rule] = by_rule.get(finding.rule, 0) + 1
    return dict(counts, total=len(findings), by_rule=by_rule, omitted=omitted)


def as_json(finding: Finding) -> t.Dict[str, t.Any]:
    """A finding as plain JSON values."""
    owner = finding.owner
    return {
        "rule": finding.rule,
        "name": CHECKS[finding.rule].description.name,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "object": {"kind": finding.kind, "selector": dict(finding.selector)},
        "count": finding.count,
        "samples": list(finding.samples),
        "cause": finding.cause,
        "evidence": [dataclasses.asdict(item) for item in finding.evidence],
        "owner": None if owner is None else dict(dataclasses.asdict(owner)),
        "remedy": [
            {"op": step.op, "args": dict(step.args), "command": step.command} for step in finding.remedy[:STEPS]
        ],
        "remedy_omitted": len(finding.remedy[STEPS:]),
        "advice": finding.advice,
        "details": dict(finding.details),
        "fingerprint": fingerprint(finding),
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
    }


def bounded(told: t.Dict[str, t.Any]) -> t.Dict[str, t.Any]:
    """A finding of ``as_json`` as it is sent back. One that is too large loses the ends of its largest parts, and says of
    which under ``cut``: what a host holds may be hostile, and its findings are many hosts' on the controller."""
    told = dict(encodable(told), cut=[])
    if size_of(told) <= FINDING_BYTES:
        return told
    for part, most in _PARTS.items():
        whole = told[part]
        if part == "object":
            told[part] = dict(whole, selector=shortened(whole["selector"], most))
        else:
            told[part] = shortened(whole, most)
        if told[part] != whole:
            told["cut"].append(part)
            told["remedy_omitted"] += len(whole) - len(told[part]) if part == "remedy" else 0
    return told
