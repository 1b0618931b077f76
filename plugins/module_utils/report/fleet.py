# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One document of what all hosts sent back: what every format renders, and what fleet.json holds. Pure."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ..rules.base import SEVERITIES
from . import mends, shape
from .text import count, plain, short

SCHEMA = "1.2"

AUDITED, UNREACHABLE, FAILED, SKIPPED = STATUSES = ("audited", "unreachable", "failed", "skipped")

_REASON = 4000
"""Characters of a reason that are kept: a traceback's worth."""
_PROFILE = 60
"""Characters of a profile's name that are shown."""
_PROFILES = 8
"""Profiles of one host that are shown."""
_PREFIX = re.compile(r"^((Task|Action) failed: )+")


JUDGED = ("standing", "since", "waived")
"""What a report says of a finding, and no host of its own."""

Results = t.Mapping[str, t.Optional[t.Mapping[str, t.Any]]]
"""Each host's inventory name to what Ansible registered for a task; None where it never came to that."""


def document(
    results: Results,
    generated: float,
    applied: t.Optional[Results] = None,
    before: t.Optional[t.Mapping[str, t.Mapping[str, t.Any]]] = None,
) -> t.Dict[str, t.Any]:
    """The fleet document (docs/schema/fleet-1.json).

    ``results`` are those of the audits, ``applied`` those of the plans that were applied before them, ``before`` are the
    hosts of the fleet document from before that. ``generated`` is Unix time.
    """
    hosts = {name: host(name, results[name]) for name in sorted(results)}
    return assembled(hosts, generated, None if applied is None else mends.mends(applied, before or {}, hosts))


def assembled(
    hosts: t.Mapping[str, t.Mapping[str, t.Any]],
    generated: float,
    mended: t.Optional[t.Mapping[str, mends.Mend]] = None,
) -> t.Dict[str, t.Any]:
    """The fleet document of hosts that are told already; ``mended`` is None where no plan was applied."""
    made = {"schema": SCHEMA, "generated": generated, "summary": summary(list(hosts.values())), "hosts": dict(hosts)}
    return made if mended is None else dict(made, mends=dict(mended))


def host(name: str, result: t.Optional[t.Mapping[str, t.Any]]) -> t.Dict[str, t.Any]:
    """What is known of one host (docs/schema/audit-host-1.json): its audit, or why there is none."""
    if result is None:
        return without(name, SKIPPED, "it left the play before it was audited")
    if result.get("unreachable"):
        return without(name, UNREACHABLE, result.get("msg"))
    if result.get("skipped"):
        return without(name, SKIPPED, result.get("skip_reason"))
    if result.get("failed"):
        return without(name, FAILED, result.get("msg"), result.get("module_stderr"))
    try:
        told = shape.audit(result)
        findings = [{key: item[key] for key in item if key not in JUDGED} for item in told["findings"]]
        return {"name": name, "status": AUDITED, **told, "findings": findings}
    except shape.ShapeError as error:
        return without(name, FAILED, "what the host sent back is not the result of an audit: %s" % error)


def without(name: str, status: str, *reasons: t.Any) -> t.Dict[str, t.Any]:
    """A host without an audit, and why there is none."""
    said = [" ".join(str(reason).split()) for reason in reasons if reason]
    # What Ansible puts before the reason says no more than the status does.
    said = [_PREFIX.sub("", text) for text in said] or ["no reason was given"]
    return {"name": name, "status": status, "schema": SCHEMA, "reason": " ".join(said)[:_REASON]}


def summary(hosts: t.Sequence[t.Mapping[str, t.Any]]) -> t.Dict[str, t.Any]:
    """The totals over all hosts."""
    audited = [item["summary"] for item in hosts if item["status"] == AUDITED]
    by_rule: t.Dict[str, int] = {}
    for item in audited:
        for rule, number in item["by_rule"].items():
            by_rule[rule] = by_rule.get(rule, 0) + number
    totals: t.Dict[str, t.Any] = {"hosts": len(hosts)}
    for status in STATUSES:
        totals[status] = sum(item["status"] == status for item in hosts)
    totals["with_findings"] = sum(item["total"] > 0 for item in audited)
    for key in (*SEVERITIES, "total", "omitted"):
        totals[key] = sum(item[key] for item in audited)
    totals["by_rule"] = dict(sorted(by_rule.items()))
    found = [finding for item in hosts for finding in item.get("findings", ())]
    totals["new"] = sum(finding.get("standing") == "new" and not finding.get("waived") for finding in found)
    totals["resolved"] = 0
    totals["waived"] = sum(bool(finding.get("waived")) for finding in found)
    each = [open_of(item) for item in hosts if item["status"] == AUDITED]
    totals["open"] = {severity: sum(item[severity] for item in each) for severity in SEVERITIES}
    return totals


def summed(document: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The document with the totals of what it holds by now."""
    totals = summary(list(document["hosts"].values()))
    resolved = len((document.get("history") or {}).get("resolved", ()))
    return dict(document, summary=dict(totals, resolved=resolved))


def open_of(host: t.Mapping[str, t.Any]) -> t.Dict[str, int]:
    """How many findings of each severity an audited host has that are not waived."""
    waived = [finding["severity"] for finding in host["findings"] if finding.get("waived")]
    return {severity: max(host["summary"][severity] - waived.count(severity), 0) for severity in SEVERITIES}


def failing(fleet: t.Mapping[str, t.Any], threshold: str, new_only: bool = False) -> t.List[str]:
    """Why a run fails that is to fail from this severity on: in words, one entry for each kind of reason.

    What is waived does not count; with ``new_only``, what is known does not either. A host that could not be audited is not
    known to be clean, so it counts too. ``never`` fails for nothing but a plan that could not be applied.
    """
    unmended = mends.failing(fleet.get("mends", {}))
    said = [(unmended, "%s could not be mended" % count(len(unmended), "host"))]
    if threshold != "never":
        severities = SEVERITIES[: SEVERITIES.index(threshold) + 1]
        found, blind = [], []
        for name, item in fleet["hosts"].items():
            if item["status"] in (UNREACHABLE, FAILED):
                blind.append(name)
            elif item["status"] == AUDITED and _alarming(item, severities, new_only):
                found.append(name)
        level = threshold if len(severities) == 1 else threshold + " or above"
        which = "a new finding" if new_only else "a finding"
        said.append((found, "%s of severity %s on %s" % (which, level, count(len(found), "host"))))
        said.append((blind, "%s could not be audited" % count(len(blind), "host")))
    return ["%s (%s)" % (text, named(names)) for names, text in said if names]


def _alarming(host: t.Mapping[str, t.Any], severities: t.Collection[str], new_only: bool) -> bool:
    if not new_only:
        still = open_of(host)
        return any(still[severity] for severity in severities)
    return any(
        finding["severity"] in severities and finding.get("standing") == "new" and not finding.get("waived")
        for finding in host["findings"]
    )


def named(names: t.Sequence[str], most: int = 10) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(short(name, 60) for name in names[:most]) + more


def profile(host: t.Mapping[str, t.Any]) -> str:
    """``kubernetes-node + vpn-host``: the profiles of rules that a host was audited with; empty without one."""
    return " + ".join(plain(name, _PROFILE) for name in host.get("profile", ())[:_PROFILES])


def profiles(fleet: t.Mapping[str, t.Any]) -> t.Dict[str, int]:
    """How many hosts were audited with which profiles, the most first; none has the empty name. Empty where no host had one."""
    found: t.Dict[str, int] = {}
    for item in fleet["hosts"].values():
        if item["status"] == AUDITED:
            found[profile(item)] = found.get(profile(item), 0) + 1
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0]))) if set(found) - {""} else {}


def worst(host: t.Mapping[str, t.Any]) -> t.Optional[str]:
    """The highest severity that an audited host has."""
    return next((severity for severity in SEVERITIES if host["summary"][severity]), None)


@dataclasses.dataclass(frozen=True)
class Shared:
    """One finding and the hosts that have it in the same words."""

    finding: t.Mapping[str, t.Any]
    hosts: t.Tuple[str, ...]


def shared(fleet: t.Mapping[str, t.Any]) -> t.List[Shared]:
    """All findings, the worst first, of a rule those of most hosts; what several hosts have alike but for its times comes once."""
    found: t.Dict[str, t.Tuple[t.Mapping[str, t.Any], t.List[str]]] = {}
    for name, item in fleet["hosts"].items():
        for finding in item.get("findings", ()):
            same = {key: value for key, value in finding.items() if key not in ("first_seen", "last_seen", "since")}
            found.setdefault(json.dumps(same, sort_keys=True), (finding, []))[1].append(name)
    groups = [Shared(finding, tuple(dict.fromkeys(hosts))) for finding, hosts in found.values()]
    return sorted(groups, key=_worst_first)


def _worst_first(one: Shared) -> t.Tuple[int, str, bool, bool, int, t.Tuple[str, ...]]:
    """Of a rule, what is open before what is waived, and what is new before what is known."""
    finding = one.finding
    later = bool(finding.get("waived")), finding.get("standing") != "new"
    return (SEVERITIES.index(finding["severity"]), finding["rule"], *later, -len(one.hosts), one.hosts)


def unseen(fleet: t.Mapping[str, t.Any]) -> t.List[t.Tuple[str, str, t.Tuple[str, ...]]]:
    """What could not be read, why, and on which hosts; what most hosts could not read comes first."""
    found: t.Dict[t.Tuple[str, str], t.List[str]] = {}
    for name, item in fleet["hosts"].items():
        for one in item.get("unseen", ()):
            found.setdefault((one["what"], one["why"]), []).append(name)
        for table in item.get("unsteady", ()):
            key = (table, "it changed each time it was read, so something may have been missed")
            found.setdefault(key, []).append(name)
        for finding in item.get("findings", ()):
            if finding.get("cut"):
                key = (
                    "all of a finding of %s" % finding["rule"],
                    "it is too large: its %s cut" % _parts(finding["cut"]),
                )
                found.setdefault(key, []).append(name)
    rows = [(what, why, tuple(dict.fromkeys(hosts))) for (what, why), hosts in found.items()]
    return sorted(rows, key=lambda row: (-len(row[2]), row[0], row[1]))


def _parts(names: t.Sequence[str]) -> str:
    return "%s %s" % (", ".join(short(name, 20) for name in names[:10]), "is" if len(names) == 1 else "are")


def verdict(fleet: t.Mapping[str, t.Any]) -> str:
    """The result in one sentence."""
    total = fleet["summary"]
    if not total["hosts"]:
        return "No host was asked for."
    if not total["audited"]:
        return "No host could be audited." if total["hosts"] > 1 else "The host could not be audited."
    still = [open_of(item) for item in fleet["hosts"].values() if item["status"] == AUDITED]
    pressing = sum(bool(item["critical"] or item["high"]) for item in still)
    of = "of %s" % count(total["audited"], "audited host")
    if pressing:
        return "{:,} {} {} attention now.".format(pressing, of, "needs" if pressing == 1 else "need")
    untidy = sum(any(item.values()) for item in still)
    if untidy:
        return "Nothing pressing; {:,} {} {} something to tidy up.".format(untidy, of, "has" if untidy == 1 else "have")
    if total["with_findings"]:
        return "Nothing is open: all that was found is waived."
    return (
        "Nothing was found on the one audited host."
        if total["audited"] == 1
        else "Nothing was found on any %s." % ("audited host")
    )
