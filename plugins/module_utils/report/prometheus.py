# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics in Prometheus' text format, for the textfile collector of node_exporter. Pure.

How many series there are depends on the hosts and the rules, not on what hosts send: a finding is counted by its host and
severity, and by its rule. What is not known has no series: a host that was not audited has no findings, which is not the same
as none.
"""

from __future__ import annotations

import hashlib
import typing as t

from ..rules import CHECKS
from ..rules.base import SEVERITIES
from . import waivers
from .fleet import AUDITED, STATUSES, open_of, profile
from .text import plain

PREFIX = "netmend_reclaim_"
OTHER = "other"
"""Stands for all rules that this controller does not know."""
_LABEL = 200
"""Characters of a host's name."""

_MOST = 2**53

Json = t.Mapping[str, t.Any]
Sample = t.Tuple[t.Dict[str, str], float]


def render(fleet: Json) -> str:
    """A fleet document."""
    lines: t.List[str] = []
    for name, help_text, samples in _metrics(fleet, _labels(fleet["hosts"])):
        lines += ["# HELP %s%s %s" % (PREFIX, name, help_text), "# TYPE %s%s gauge" % (PREFIX, name)]
        lines += ["%s%s%s %s" % (PREFIX, name, _label_set(labels), _number(value)) for labels, value in samples]
    return "\n".join(lines) + "\n"


def _metrics(fleet: Json, labels: t.Mapping[str, str]) -> t.Iterator[t.Tuple[str, str, t.List[Sample]]]:
    sums = fleet["summary"]
    hosts = [({"host": labels[name]}, host) for name, host in fleet["hosts"].items()]
    audited = [(label, host) for label, host in hosts if host["status"] == AUDITED]

    def each(value: t.Callable[[Json], float]) -> t.List[Sample]:
        return [(label, value(host)) for label, host in audited]

    def by_severity(value: t.Callable[[Json], t.Mapping[str, int]]) -> t.List[Sample]:
        return [
            (dict(label, severity=severity), number)
            for label, host in audited
            for severity, number in value(host).items()
        ]

    yield "report_timestamp_seconds", "When the report was made, in Unix time.", [({}, fleet["generated"])]
    yield (
        "hosts",
        "Hosts that were asked for, by what became of it.",
        [({"status": status}, sums[status]) for status in STATUSES],
    )
    yield (
        "host_audited",
        "Whether the host could be audited.",
        [(label, float(host["status"] == AUDITED)) for label, host in hosts],
    )
    yield (
        "audit_timestamp_seconds",
        "When the audit of the host began, in Unix time.",
        each(lambda host: host["started"]),
    )
    yield "audit_duration_seconds", "How long the audit of the host took.", each(lambda host: host["seconds"])
    yield (
        "host_profile_info",
        "The profiles of rules that the host was audited with; 1 for each host that has one.",
        [(dict(label, profile=plain(profile(host), _LABEL)), 1) for label, host in audited if profile(host)],
    )
    yield "findings", "Findings that are open: not waived.", by_severity(open_of)
    yield "waived_findings", "Findings that are waived.", each(lambda host: sum(map(_is_waived, host["findings"])))
    yield (
        "omitted_findings",
        "Findings that the host did not send, for there were too many.",
        each(lambda host: host["summary"]["omitted"]),
    )
    yield (
        "unread",
        "What could not be read on the host, so that nothing is known of it.",
        each(lambda host: len(host["unseen"]) + len(host["unsteady"])),
    )
    if fleet.get("history"):
        yield "new_findings", "Open findings that the report compared with did not have.", by_severity(_new)
        yield (
            "resolved_findings",
            "Findings of the report compared with that are gone.",
            [({"host": labels[name]}, number) for name, number in _resolved(fleet).items()],
        )
        yield (
            "baseline_timestamp_seconds",
            "When the report compared with was made, in Unix time.",
            [({}, fleet["history"]["baseline"]["generated"])],
        )
    yield (
        "rule_findings",
        "Findings of a rule on all hosts, whether waived or not.",
        [({"rule": rule}, number) for rule, number in _by_rule(sums["by_rule"]).items()],
    )
    yield (
        "lapsed_waivers",
        "Waivers that have expired and whose findings are open again.",
        [({}, len(waivers.lapsed(fleet)))],
    )


def _is_waived(finding: Json) -> bool:
    return bool(finding.get("waived"))


def _new(host: Json) -> t.Dict[str, int]:
    new = [item["severity"] for item in host["findings"] if item.get("standing") == "new" and not _is_waived(item)]
    return {severity: new.count(severity) for severity in SEVERITIES}


def _resolved(fleet: Json) -> t.Dict[str, int]:
    """By host, of those that were audited: of others nothing is known to be resolved."""
    found = {name: 0 for name, host in fleet["hosts"].items() if host["status"] == AUDITED}
    for item in fleet["history"]["resolved"]:
        if item["host"] in found:
            found[item["host"]] += 1
    return found


def _by_rule(found: t.Mapping[str, int]) -> t.Dict[str, int]:
    counts = dict.fromkeys([*sorted(CHECKS), OTHER], 0)
    for rule, number in found.items():
        counts[rule if rule in CHECKS else OTHER] += number
    return counts


def _labels(hosts: t.Iterable[str]) -> t.Dict[str, str]:
    """What each host is called: its name, or where that is not printable or too long, something like it; different for each."""
    labels: t.Dict[str, str] = {}
    for host in hosts:
        label = plain(host, _LABEL)
        if label != host:
            label += "~" + hashlib.sha256(host.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        labels[host] = label
    return labels


def _label_set(labels: t.Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{%s}" % ",".join('%s="%s"' % (key, _escaped(value)) for key, value in labels.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    """Exact up to where a double is; a host that counts further spoils no file."""
    shown = min(value, _MOST)
    return "%d" % shown if shown == int(shown) else repr(shown)
