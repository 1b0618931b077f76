# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is new, what is known and what is resolved since an earlier report. Pure.

Each report keeps beside it what is known of every host so far (history.json): the findings of its last audit, and since when
they stand. A host that was left out of a run (``--limit``) or could not be reached keeps what an earlier report knew of it, so
that one file is all that the next report is compared with, whatever was deleted in between.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..rules.base import SEVERITIES
from ..shapes import ShapeError, count, each, flag, mapping, maybe, record, seconds, text, values, word
from . import fleet

SCHEMA = "1.0"
NEW, KNOWN = "new", "known"
POINTS = 60
"""Runs that the trend keeps."""
FORGET = 180 * 86400.0
"""Seconds after which a host, or a finding, that no run has looked at any more is forgotten."""
_CAUSE = 1000
"""Characters of a cause that are kept."""
_BRIEF = ("rule", "name", "severity", "cause", "fingerprint")

Json = t.Dict[str, t.Any]
_Place = t.Tuple[int, str]
"""Where a finding stands among those of its host: the worst first, then by rule."""


@dataclasses.dataclass(frozen=True)
class Sight:
    """What the audits of one host had seen at a time."""

    at: float
    """Unix time of the last one."""
    rules: t.FrozenSet[str]
    """Those that have run."""
    blind: t.FrozenSet[str]
    """What could not be read."""
    cut: t.Optional[_Place]
    """Where the list of findings ended, if there were more than a host sends back."""
    findings: t.Mapping[str, t.Mapping[str, t.Any]]
    """By fingerprint: what identifies each, ``since`` and ``seen``."""


@dataclasses.dataclass(frozen=True)
class Past:
    """What is known from earlier reports."""

    name: str
    generated: float
    hosts: t.Mapping[str, Sight]
    trend: t.Tuple[t.Mapping[str, t.Any], ...] = ()


# Comparing ------------------------------------------------------------------------------------------------------------


def compare(document: t.Mapping[str, t.Any], base: t.Optional[Past], last: t.Optional[Past]) -> Json:
    """The fleet document with the standing of each finding against ``base``, and since when it stands by ``last``.

    ``last`` is what the newest earlier report knew; ``base`` is the same, or a named baseline; None where there is none.
    """
    at = document["generated"]
    hosts: t.Dict[str, t.Any] = {}
    resolved: t.List[Json] = []
    unlooked: t.List[Json] = []
    for name, item in document["hosts"].items():
        if item["status"] != fleet.AUDITED:
            hosts[name] = item
            continue
        now = _sight(item, at)
        before = base.hosts.get(name) if base else None
        stood = last.hosts.get(name) if last else None
        hosts[name] = dict(
            item,
            findings=[
                dict(
                    finding,
                    standing=_standing(finding, before) if base else None,
                    since=_since(finding["fingerprint"], stood, at),
                )
                for finding in item["findings"]
            ],
        )
        if before is not None:
            gone = [finding for mark, finding in before.findings.items() if mark not in now.findings]
            for finding in gone:
                (resolved if _would_be_seen(finding, before, now) else unlooked).append(_told(name, finding))
    made = dict(document, hosts=hosts, history=None)
    if base:
        audited = {name for name, item in hosts.items() if item["status"] == fleet.AUDITED}
        made["history"] = {
            "baseline": {"generated": base.generated, "name": base.name},
            "resolved": sorted(resolved, key=_worst_first),
            "unlooked": sorted(unlooked, key=_worst_first),
            "not_compared": sorted(audited ^ set(base.hosts) | set(hosts) - audited),
            "trend": [],
        }
    return fleet.summed(made)


def with_trend(document: t.Mapping[str, t.Any], last: t.Optional[Past]) -> Json:
    """The document with the trend up to itself, where it was compared. Last of all: the point counts what is waived."""
    if not document.get("history"):
        return dict(document)
    return dict(document, history=dict(document["history"], trend=_trend(document, last)))


def _standing(finding: t.Mapping[str, t.Any], before: t.Optional[Sight]) -> t.Optional[str]:
    """What nobody had looked at before is new to the reader; what may have been cut off the list is not known to be."""
    if before is None:
        return NEW
    if finding["fingerprint"] in before.findings:
        return KNOWN
    was_cut = finding["rule"] in before.rules and before.cut is not None and _place(finding) >= before.cut
    return None if was_cut else NEW


def _would_be_seen(finding: t.Mapping[str, t.Any], before: Sight, now: Sight) -> bool:
    """Would this audit have shown the finding if it were still there? Only then is it resolved."""
    looked = finding["rule"] in now.rules and not now.blind - before.blind
    return looked and (now.cut is None or _place(finding) < now.cut)


def _since(mark: str, stood: t.Optional[Sight], at: float) -> float:
    return float(stood.findings[mark]["since"]) if stood is not None and mark in stood.findings else at


def _told(host: str, finding: t.Mapping[str, t.Any]) -> Json:
    return {"host": host, **{key: finding[key] for key in _BRIEF}, "first_seen": finding["since"]}


def _worst_first(told: t.Mapping[str, t.Any]) -> t.Tuple[_Place, str, str]:
    return _place(told), told["host"], told["fingerprint"]


def _place(finding: t.Mapping[str, t.Any]) -> _Place:
    return SEVERITIES.index(finding["severity"]), finding["rule"]


def _sight(item: t.Mapping[str, t.Any], at: float) -> Sight:
    """What one host's audit saw. Of findings with one fingerprint the first stands for all."""
    findings: t.Dict[str, t.Mapping[str, t.Any]] = {}
    for finding in item["findings"]:
        brief = {key: finding[key] for key in _BRIEF}
        brief.update(cause=brief["cause"][:_CAUSE], since=finding.get("since") or at, seen=at)
        findings.setdefault(finding["fingerprint"], brief)
    cut = max(map(_place, item["findings"]), default=(0, "")) if item["summary"]["omitted"] else None
    blind = {one["what"] for one in item["unseen"]} | set(item["unsteady"])
    return Sight(at, frozenset(item["rules"]), frozenset(blind), cut, findings)


# What is handed on ----------------------------------------------------------------------------------------------------


def state(document: t.Mapping[str, t.Any], last: t.Optional[Past]) -> Json:
    """What is known after this report (docs/schema/history-1.json), for the next one to be compared with."""
    at = document["generated"]
    known = {name: sight for name, sight in (last.hosts if last else {}).items() if at - sight.at < FORGET}
    for name, item in document["hosts"].items():
        if item["status"] == fleet.AUDITED:
            known[name] = _joined(known.get(name), _sight(item, at), at)
    return {
        "schema": SCHEMA,
        "generated": at,
        "hosts": {name: _sight_json(known[name]) for name in sorted(known)},
        "trend": _trend(document, last),
    }


def _joined(before: t.Optional[Sight], now: Sight, at: float) -> Sight:
    """What this audit would not have shown stays as it was known."""
    if before is None:
        return now
    kept = {
        mark: finding
        for mark, finding in before.findings.items()
        if mark not in now.findings and not _would_be_seen(finding, before, now) and at - finding["seen"] < FORGET
    }
    # As long as something waits for a look as good as the one that found it, that look is the measure.
    blind = now.blind & before.blind if kept else now.blind
    return Sight(at, now.rules | before.rules, blind, now.cut, {**now.findings, **kept})


def _trend(document: t.Mapping[str, t.Any], last: t.Optional[Past]) -> t.List[Json]:
    sums = document["summary"]
    point = {
        "generated": document["generated"],
        **{key: sums[key] for key in ("hosts", "audited", *SEVERITIES, "total", "waived", "new", "resolved")},
        "partial": bool(last and set(last.hosts) - set(document["hosts"])),
    }
    return [*(dict(item) for item in (last.trend if last else ())), point][-POINTS:]


def _sight_json(sight: Sight) -> Json:
    return {
        "audited": sight.at,
        "rules": sorted(sight.rules),
        "unseen": sorted(sight.blind),
        "cut": None if sight.cut is None else {"severity": SEVERITIES[sight.cut[0]], "rule": sight.cut[1]},
        "findings": [dict(finding) for finding in sight.findings.values()],
    }


# Reading --------------------------------------------------------------------------------------------------------------

_FINDING = {"rule": text, "name": text, "severity": word(SEVERITIES), "cause": text, "fingerprint": text}
_POINT = {"generated": seconds, **dict.fromkeys(("hosts", "audited", *SEVERITIES, "total", "waived", "new"), count)}
_STATE = record(
    {
        "schema": text,
        "generated": seconds,
        "hosts": values(
            record(
                {
                    "audited": seconds,
                    "rules": each(text),
                    "unseen": each(text),
                    "cut": maybe(record({"severity": word(SEVERITIES), "rule": text})),
                    "findings": each(record({**_FINDING, "since": seconds, "seen": seconds})),
                }
            )
        ),
        "trend": each(record({**_POINT, "resolved": count, "partial": flag})),
    }
)
_FLEET = record({"schema": text, "generated": seconds, "hosts": values(record({"status": word(fleet.STATUSES)}))})
_AUDITED = record(
    {
        "rules": each(text),
        "findings": each(record(_FINDING)),
        "summary": record({"omitted": count}),
        "unseen": each(record({"what": text})),
        "unsteady": each(text),
    }
)


def load(value: t.Any, name: str) -> Past:
    """What a history.json or a fleet.json says. Raises ShapeError."""
    mapping(value, "it")
    if not str(value.get("schema", "")).startswith("1."):
        raise ShapeError("it is no report of version 1")
    return _from_fleet(value, name) if "summary" in value else _from_state(value, name)


def _from_state(value: t.Mapping[str, t.Any], name: str) -> Past:
    _STATE(value, "history")
    hosts = {}
    for host, item in value["hosts"].items():
        cut = None if item["cut"] is None else _place(item["cut"])
        findings = {finding["fingerprint"]: finding for finding in item["findings"]}
        hosts[host] = Sight(item["audited"], frozenset(item["rules"]), frozenset(item["unseen"]), cut, findings)
    return Past(name, value["generated"], hosts, tuple(value["trend"][-POINTS:]))


def _from_fleet(value: t.Mapping[str, t.Any], name: str) -> Past:
    _FLEET(value, "report")
    hosts = {}
    for host, item in value["hosts"].items():
        if item["status"] == fleet.AUDITED:
            _AUDITED(item, "a host")
            hosts[host] = _sight(item, value["generated"])
    return Past(name, value["generated"], hosts)
