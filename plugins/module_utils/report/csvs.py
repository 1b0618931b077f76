# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings as a table for a spreadsheet: CSV (RFC 4180), one row for each finding of each host. Pure.

Each host is there at least once: one without findings, or without an audit, has a row that says so. Where a text begins
with what makes a spreadsheet compute it (CWE-1236), an apostrophe is put before it; so it is where one stands there already,
so that taking one off always gives the text back.
"""

from __future__ import annotations

import csv
import io
import json
import typing as t

from .fleet import AUDITED, profile
from .text import plain, utc

COLUMNS = (
    "host", "state", "severity", "rule", "name", "confidence", "standing", "since", "waived_by", "waived_until",
    "waived_reason", "kind", "object", "count", "samples", "owner", "cause", "evidence", "commands", "remedy", "advice",
    "fingerprint", "profile",
)  # fmt: skip
"""``state`` is ``open``, ``waived``, ``resolved`` or ``unlooked`` (found before, not looked at this time); of a host without a
finding ``clean``, ``unreachable``, ``failed`` or ``skipped``; ``not-sent`` counts those that a host left out. What is several
things has one to a line."""

_COMPUTED = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'")
_CELL = 30000
"""Characters; spreadsheets end a cell at 32,767."""

Row = t.Dict[str, t.Any]


def render(fleet: t.Mapping[str, t.Any]) -> str:
    """A fleet document."""
    stream = io.StringIO()
    # All quoted: else a spreadsheet that parts cells at semicolons would make cells of what is in one.
    writer = csv.DictWriter(stream, COLUMNS, restval="", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows({key: cell(value) for key, value in row.items()} for row in _rows(fleet))
    return stream.getvalue()


def cell(value: t.Any) -> str:
    """A number, a text, or a list of them, as text that no spreadsheet computes."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    text = "\n".join(plain(item, _CELL) for item in values)
    text = text if len(text) <= _CELL else text[:_CELL] + "…"
    return "'" + text if text.lstrip().startswith(_COMPUTED) else text


def _rows(fleet: t.Mapping[str, t.Any]) -> t.Iterator[Row]:
    for name, host in fleet["hosts"].items():
        if host["status"] != AUDITED:
            yield {"host": name, "state": host["status"], "cause": host["reason"]}
            continue
        for finding in host["findings"]:
            yield dict(_finding(name, finding), profile=profile(host))
        omitted = host["summary"]["omitted"]
        if omitted:
            words = "findings that the host did not send: raise reclaim_limit"
            yield {"host": name, "state": "not-sent", "count": omitted, "cause": words, "profile": profile(host)}
        elif not host["findings"]:
            yield {"host": name, "state": "clean", "profile": profile(host)}
    for state in ("resolved", "unlooked"):
        for gone in (fleet.get("history") or {}).get(state, ()):
            told = {key: gone[key] for key in ("host", "severity", "rule", "name", "cause", "fingerprint")}
            yield dict(told, state=state, since=_time(gone["first_seen"]))


def _finding(host: str, finding: t.Mapping[str, t.Any]) -> Row:
    waived = finding.get("waived") or {}
    same = ("severity", "rule", "name", "confidence", "count", "samples", "cause", "advice", "fingerprint")
    return {
        "host": host,
        "state": "waived" if waived else "open",
        **{key: finding[key] for key in same},
        "standing": finding.get("standing"),
        "since": _time(finding.get("since")),
        **{"waived_" + key: waived.get(key) for key in ("by", "until", "reason")},
        "kind": finding["object"]["kind"],
        "object": json.dumps(finding["object"]["selector"], ensure_ascii=False, sort_keys=True),
        "owner": (finding["owner"] or {}).get("name"),
        "evidence": ["%s: %s" % (item["source"], item["observed"]) for item in finding["evidence"]],
        "commands": [item["command"] for item in finding["evidence"] if item["command"]],
        "remedy": [step["command"] for step in finding["remedy"]],
    }


def _time(seconds: t.Optional[float]) -> t.Optional[str]:
    return None if seconds is None else utc(seconds)
