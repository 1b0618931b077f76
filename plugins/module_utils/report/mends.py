# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of the plans of all hosts: what was mended, what remains, and the transactions to take back. Pure."""

from __future__ import annotations

import typing as t

from ..shapes import Check, ShapeError, count, each, maybe, record, text
from .text import plain

NOT_BEGUN, FAILED = "not-begun", "failed"
GOOD = ("confirmed", "nothing-to-do", "planned")
"""How applying a plan ends well."""
_STEPS = 200
"""Steps that are kept of a host's plan: the journal on the host has them all."""
_WORDS = 1000

_STEP = record({"number": count, "op": text, "command": text, "count": count, "result": text, "words": text})
_APPLIED = record({"state": text, "transaction_id": maybe(text), "steps": each(_STEP), "not_restored": each(text)})
_BRIEF = record(dict.fromkeys(("rule", "name", "severity", "cause", "fingerprint"), text))

check: Check = record(
    {
        "state": text,
        "transaction_id": maybe(text),
        "words": text,
        "steps": each(_STEP),
        "not_restored": each(text),
        "mended": each(_BRIEF),
        "remaining": each(_BRIEF),
        "new": each(_BRIEF),
    }
)
"""Is a value from a report what became of a host's plan?"""

Mend = t.Dict[str, t.Any]
_Hosts = t.Mapping[str, t.Mapping[str, t.Any]]


def mends(
    applied: t.Mapping[str, t.Optional[t.Mapping[str, t.Any]]], before: _Hosts, after: _Hosts
) -> t.Dict[str, Mend]:
    """Of each host that a plan was applied to, or was to be: how it went, and the findings that went, stayed and came.

    ``applied`` maps hosts to what Ansible registered for reclaim; ``before`` and ``after`` hold the hosts of two fleet
    documents.
    """
    return {
        name: {**_ended(result), **_compared(before.get(name, {}), after.get(name, {}))}
        for name, result in sorted(applied.items())
        if result
    }


def _ended(result: t.Mapping[str, t.Any]) -> Mend:
    words = plain(" ".join(str(result.get("msg") or "").split()), _WORDS)
    if result.get("skipped"):
        return _without(NOT_BEGUN, "it was not begun, because another host could not be mended")
    if result.get("unreachable"):
        return _without("unreachable", words)
    try:
        _APPLIED(result, "result")
    except ShapeError as error:
        return _without(FAILED, words or "what the host sent back is no result of a transaction: %s" % error)
    return {
        "state": result["state"] if not result.get("failed") or result["state"] not in GOOD else FAILED,
        "transaction_id": result["transaction_id"],
        "words": words,
        "steps": [dict(step) for step in result["steps"][:_STEPS]],
        "not_restored": list(result["not_restored"]),
    }


def _without(state: str, words: str) -> Mend:
    return {"state": state, "transaction_id": None, "words": words, "steps": [], "not_restored": []}


def _compared(before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]) -> Mend:
    """By fingerprint. Where there is no audit to compare with, nothing is known to be mended."""
    if "findings" not in before or "findings" not in after:
        return {"mended": [], "remaining": [], "new": []}
    old = {finding["fingerprint"]: finding for finding in before["findings"]}
    now = {finding["fingerprint"]: finding for finding in after["findings"]}
    return {
        "mended": [_brief(finding) for mark, finding in old.items() if mark not in now],
        "remaining": [_brief(finding) for mark, finding in now.items() if mark in old],
        "new": [_brief(finding) for mark, finding in now.items() if mark not in old],
    }


def _brief(finding: t.Mapping[str, t.Any]) -> Mend:
    return {key: finding[key] for key in ("rule", "name", "severity", "cause", "fingerprint")}


def failing(found: t.Mapping[str, Mend]) -> t.List[str]:
    """The hosts whose plan was not applied as it should."""
    return [name for name, mend in found.items() if mend["state"] not in GOOD]
