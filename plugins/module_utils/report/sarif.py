# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SARIF 2.1.0 (OASIS), for code scanning services and their like. Pure.

The rules are those of the registry. A finding is a result, located in the host's file of the report, as services want a file,
and logically in the host and its object. What is waived is suppressed, what is resolved is absent, and what was found before
and not looked at this time is open. Hosts that could not be audited are notifications of an incomplete run.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import typing as t
import urllib.parse

from ..plan.make import MADE_BY
from ..rules import CHECKS
from ..rules.base import SEVERITIES, Description
from .fleet import AUDITED, SKIPPED, profile, unseen
from .names import file_names
from .text import count, plain

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
HOME = "https://github.com/netmend/reclaim"
LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
RANKS = {"critical": 100.0, "high": 80.0, "medium": 50.0, "low": 20.0, "info": 5.0}
"""Of 100: SARIF has fewer levels than there are severities."""
_RULES = {rule: number for number, rule in enumerate(sorted(CHECKS))}
"""Rule id to its place among the rules of the run."""
_NAME = 300
"""Characters of a name."""
_MOST = 25000
"""Results. A service refuses a file with more (GitHub: 25,000 in a run, of which it takes the 5,000 worst)."""
_UNSEEN = 100
"""Notifications about what could not be read."""
_NAMED = 10
"""Hosts that one of them names."""

Json = t.Dict[str, t.Any]
Given = t.Mapping[str, t.Any]


def render(fleet: Given) -> str:
    """A fleet document."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(fleet)]}
    # No blanks: a program reads it, services bound its size, and fleet.json beside it says the same to a person.
    return json.dumps(log, separators=(",", ":"), allow_nan=False) + "\n"


def _run(fleet: Given) -> Json:
    name, version = MADE_BY.split()
    results = _results(fleet)
    return {
        "tool": {
            "driver": {
                "name": name,
                "semanticVersion": version,
                "informationUri": HOME,
                "rules": [_rule(CHECKS[rule].description) for rule in _RULES],
            }
        },
        "automationDetails": {"id": "%s/audit/%s" % (name, _utc(fleet["generated"]))},
        "invocations": [_invocation(fleet, max(len(results) - _MOST, 0))],
        "columnKind": "unicodeCodePoints",
        "results": results[:_MOST],
    }


def _rule(one: Description) -> Json:
    told = (
        ("Proof", one.proof),
        ("What would look the same and be healthy", one.false_positives),
        ("What may mend it", ", ".join(one.remedies) or "only a person"),
    )
    return {
        "id": one.id,
        "name": "".join(word.capitalize() for word in one.name.split("-")),
        "shortDescription": {"text": _sentence(one.title)},
        "fullDescription": {"text": _sentence(one.rationale)},
        "help": {
            "text": "\n\n".join("%s: %s" % (title, _sentence(text)) for title, text in told),
            "markdown": "\n\n".join("**%s**: %s" % (title, _sentence(text)) for title, text in told),
        },
        "helpUri": "%s/blob/main/docs/rules.md#%s-%s" % (HOME, one.id.lower(), one.name.lower()),
        "defaultConfiguration": {"level": LEVELS[one.severity], "rank": RANKS[one.severity]},
        "properties": {"tags": ["network", one.severity]},
    }


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _results(fleet: Given) -> t.List[Json]:
    """What is there now, the worst first, before what is not: services stop reading where there are too many."""
    history = fleet.get("history") or {}
    found = [
        (name, item, _found(item, profile(host)))
        for name, host in fleet["hosts"].items()
        for item in host.get("findings", ())
    ]
    found += [(item["host"], item, {"baselineState": "absent"}) for item in history.get("resolved", ())]
    # Nobody knows whether it is still there: it is no failure, and it is not gone.
    unlooked = {"kind": "open", "level": "none", "baselineState": "unchanged"}
    found += [(item["host"], item, unlooked) for item in history.get("unlooked", ())]
    files = file_names({*fleet["hosts"], *(host for host, _item, _more in found)})
    found.sort(key=lambda one: ("object" not in one[1], SEVERITIES.index(one[1]["severity"])))
    return [{**_result(host, item, files[host]), **more} for host, item, more in found]


def _result(host: str, item: Given, file: str) -> Json:
    """What findings of now and of an earlier report have in common."""
    rule = plain(item["rule"], _NAME)
    mark = hashlib.sha256(json.dumps([host, item["fingerprint"]]).encode("ascii")).hexdigest()[:32]
    result: Json = {
        "ruleId": rule or "-",
        "level": LEVELS[item["severity"]],
        "rank": RANKS[item["severity"]],
        "message": {"text": _message("%s: %s" % (host, item["cause"]))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": urllib.parse.quote("hosts/" + file)},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [_logical(host, "host")],
            }
        ],
        # Of one host; the first is the one that GitHub compares by.
        "partialFingerprints": {"primaryLocationLineHash": mark, "netmendReclaim/v1": mark},
        # Of all results or of none: an empty list says that this one is not suppressed.
        "suppressions": [],
    }
    if item["rule"] in _RULES:
        result["ruleIndex"] = _RULES[item["rule"]]
    return result


def _found(finding: Given, profile: str) -> Json:
    """What a finding of now, of a host that was audited with these profiles, has beside that."""
    states = {"new": "new", "known": "unchanged"}
    more: Json = {"baselineState": states[finding["standing"]]} if finding.get("standing") else {}
    waived = finding.get("waived")
    if waived:
        words = "%s lets it be until %s: %s" % (waived["by"], waived["until"], waived["reason"])
        more["suppressions"] = [{"kind": "external", "status": "accepted", "justification": plain(words)}]
    more["properties"] = {
        "severity": finding["severity"],
        "confidence": finding["confidence"],
        "object": json.dumps(finding["object"], sort_keys=True),
        "owner": plain((finding["owner"] or {}).get("name", ""), _NAME),
        "count": finding["count"],
        "evidence": [
            {key: plain(item[key]) for key in ("source", "observed", "command")} for item in finding["evidence"]
        ],
        "remedy": [plain(step["command"]) for step in finding["remedy"]],
        "advice": plain(finding["advice"]),
    }
    if profile:
        more["properties"]["profile"] = profile
    return more


def _logical(name: str, kind: str) -> Json:
    shown = plain(name, _NAME) or "-"
    return {"name": shown, "fullyQualifiedName": shown, "kind": kind}


def _message(text: str) -> str:
    """Plain text in the grammar of a message, where braces stand for arguments and brackets for links."""
    shown = plain(text).replace("{", "{{").replace("}", "}}")
    return re.sub(r"[\[\]]", r"\\\g<0>", shown) if "](" in shown else shown


def _invocation(fleet: Given, left_out: int) -> Json:
    notes = []
    if left_out:
        words = "%s, the least pressing, did not fit: fleet.json has them" % count(left_out, "more result")
        notes.append(_note("warning", words))
    for name, host in fleet["hosts"].items():
        if host["status"] != AUDITED:
            level = "warning" if host["status"] == SKIPPED else "error"
            words = "%s was not audited (%s): %s" % (name, host["status"], host["reason"])
            notes.append(dict(_note(level, words), locations=[{"logicalLocations": [_logical(name, "host")]}]))
    for name, host in fleet["hosts"].items():
        omitted = host["summary"]["omitted"] if host["status"] == AUDITED else 0
        if omitted:
            notes.append(
                _note("warning", "%s did not send %s: raise reclaim_limit" % (name, count(omitted, "finding")))
            )
    blind = unseen(fleet)
    for what, why, hosts in blind[:_UNSEEN]:
        where = ", ".join(plain(name, 60) for name in hosts[:_NAMED])
        where += " and %s" % count(len(hosts) - _NAMED, "more host") if len(hosts) > _NAMED else ""
        notes.append(_note("warning", "Could not be read on %s: %s (%s)" % (where, what, why)))
    if len(blind) > _UNSEEN:
        notes.append(_note("warning", "%s could not be read" % count(len(blind) - _UNSEEN, "more thing")))
    starts = [host["started"] for host in fleet["hosts"].values() if host["status"] == AUDITED]
    return {
        "executionSuccessful": not any(note["level"] == "error" for note in notes),
        "startTimeUtc": _utc(min([*starts, fleet["generated"]])),
        "endTimeUtc": _utc(fleet["generated"]),
        "toolExecutionNotifications": notes,
    }


def _note(level: str, words: str) -> Json:
    return {"level": level, "message": {"text": _message(words)}}


def _utc(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
