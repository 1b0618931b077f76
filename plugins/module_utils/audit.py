# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One audit of one network namespace: one process, one pass.

Small tables once, large ones streamed once past the rules, then the findings: named, sorted, bounded.
"""

from __future__ import annotations

import dataclasses
import hashlib
import time
import typing as t

from . import intent as declared
from .hostid import host
from .identity import canonical, fingerprint
from .index import Index
from .kernel.netlink import Overrun
from .kernel.port import Kernel
from .model import Finding, Snapshot, Unseen
from .owners import profile
from .owners.witness import owner_sessions
from .rules import CHECKS
from .rules.base import SEVERITIES, Check

SCHEMA = "1.0"
STEPS = 20
"""Steps of a remedy that a finding shows; a plan has them all."""
_TRIES = 3
_Seen = t.Tuple[t.List[Finding], t.Dict[str, int]]


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked of an audit."""

    include: t.Tuple[str, ...] = ()
    """Rule ids; none means all."""
    exclude: t.Tuple[str, ...] = ()
    intent: declared.Intent = declared.Intent()
    profiles: t.Tuple[profile.Profile, ...] = ()
    logs: t.Tuple[str, ...] = ()
    limit: int = 200
    """Findings in the result; the rest is counted."""


def request(params: t.Mapping[str, t.Any]) -> Request:
    """A request from the module's arguments. Raises ValueError that names what is wrong."""
    rules = params.get("rules") or {}
    limit = params.get("limit")
    if limit is not None and limit < 1:
        raise ValueError("limit: %d findings; expected at least 1" % limit)
    return Request(
        include=tuple(rules.get("include") or ()),
        exclude=tuple(rules.get("exclude") or ()),
        intent=declared.load(params.get("intent") or {}),
        profiles=tuple(profile.load(item) for item in params.get("owners") or ()),
        logs=tuple(params.get("logs") or ()),
        limit=limit or Request.limit,
    )


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


def audit(kernel: Kernel, request: Request) -> t.Dict[str, t.Any]:
    """Audit the namespace of ``kernel``; the result is JSON as docs/schema/audit-host-1.json describes it."""
    started = time.time()
    unseen: t.List[Unseen] = []
    checks = chosen(request.include, request.exclude)
    sessions = owner_sessions(request.profiles, kernel.running, request.logs, unseen)
    snapshot = dataclasses.replace(kernel.snapshot(), owner_sessions=sessions, taken=time.time())
    findings, counts = _from_the_start(lambda: _examine(kernel, Index(snapshot), checks, request.intent))
    findings.sort(key=_worst_first)
    shown = findings[: request.limit]
    unseen.extend(kernel.unseen)
    return {
        "schema": SCHEMA,
        "host": host(),
        "netns": snapshot.netns,
        "started": round(started, 3),
        "seconds": round(time.time() - started, 3),
        "rules": [check.description.id for check in checks],
        "findings": [as_json(finding) for finding in shown],
        "summary": summary(findings, len(findings) - len(shown)),
        "unseen": [dataclasses.asdict(item) for item in unseen],
        "unsteady": sorted(set(kernel.unsteady)),
        "snapshot": {
            "generation": generation(snapshot),
            "counts": dict(_small(snapshot), **counts),
        },
    }


def _from_the_start(examine: t.Callable[[], _Seen]) -> _Seen:
    """A stream that breaks off halfway has shown the checks a part of its table: they are made anew."""
    for _attempt in range(_TRIES - 1):
        try:
            return examine()
        except Overrun:
            continue
    return examine()


def _examine(kernel: Kernel, index: Index, classes: t.Sequence[t.Type[Check]], intent: declared.Intent) -> _Seen:
    checks = [check(index, kernel.lookup, intent, kernel.holders) for check in classes]
    counts = {"routes": 0, "sessions": 0}
    watching = [check for check in checks if check.watches("routes")]
    if watching:
        for group in kernel.route_groups():
            counts["routes"] += group.count
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
    return [finding for check in checks for finding in check.conclude()], counts


def _small(snapshot: Snapshot) -> t.Dict[str, int]:
    names = ("links", "addresses", "rules", "nexthops", "neighbours")
    return {name: len(getattr(snapshot, name)) for name in names}


def _worst_first(finding: Finding) -> t.Tuple[int, str, str]:
    return SEVERITIES.index(finding.severity), finding.rule, canonical(finding.selector)


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


def generation(snapshot: Snapshot) -> str:
    """A digest of what somebody configured: equal while links, addresses, rules and next hops are the same.

    Neighbours and lifetimes are left out, for they change by themselves.
    """
    addresses = [
        dataclasses.replace(address, valid_lifetime=None, preferred_lifetime=None) for address in snapshot.addresses
    ]
    parts: t.List[t.Sequence[t.Any]] = [snapshot.links, addresses, snapshot.rules, snapshot.nexthops]
    text = canonical([[dataclasses.asdict(item) for item in part] for part in parts])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
