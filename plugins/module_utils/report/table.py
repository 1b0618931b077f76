# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The short table that ends a run: what is wrong, where, and why. Pure."""

from __future__ import annotations

import textwrap
import typing as t

from ..rules.base import SEVERITIES
from . import waivers
from .fleet import AUDITED, STATUSES, profiles, shared, unseen
from .text import count, plain, short, utc

ROWS = 40
"""Findings that are shown; the rest is counted."""
_OTHERS = 10
"""Rows for hosts that were not audited, and for what was not seen."""
_CAUSE_LINES = 6
_NARROW = 36
"""Columns that a cause needs to stand beside its finding; with fewer it stands below."""
_HOST = 26

Paint = t.Callable[[str, str], str]
"""Colours a text as befits a severity or status."""

_Row = t.Tuple[str, str, str, str]


def no_paint(word: str, text: str) -> str:
    return text


def lines(
    fleet: t.Mapping[str, t.Any],
    width: int,
    paint: Paint = no_paint,
    measure: t.Callable[[str], int] = len,
) -> t.List[str]:
    """The table, fitted to ``width`` columns. ``measure`` says how many columns a text takes."""
    rows = _findings(fleet)
    for status in STATUSES:
        if status != AUDITED:
            rows += _absent(fleet, status)
    said = _layout(rows, width, paint, measure) if rows else []
    notes = [*_mends(fleet, width), *_profiles(fleet, width), *_waivers(fleet, width), *_unseen(fleet, width)]
    return (
        said + ([""] if said and notes else []) + notes + ([""] if said or notes else []) + _wrap(total(fleet), width)
    )


def total(fleet: t.Mapping[str, t.Any]) -> str:
    """``4 hosts: 3 audited, 1 unreachable. 3 findings on 2 hosts: 1 high, 2 low.``, and what changed."""
    sums = fleet["summary"]
    states = ", ".join(f"{sums[status]:,} {status}" for status in STATUSES if sums[status])
    text = count(sums["hosts"], "host") + (": %s. " % states if states else ". ")
    if not sums["total"]:
        return text + ("No findings." + _changes(fleet) if sums["audited"] else "Nothing was audited.")
    split = ", ".join(f"{sums[severity]:,} {severity}" for severity in SEVERITIES if sums[severity])
    where = count(sums["with_findings"], "host")
    return text + "%s on %s: %s." % (count(sums["total"], "finding"), where, split) + _changes(fleet)


def _changes(fleet: t.Mapping[str, t.Any]) -> str:
    """`` Since 2025-11-24 08:00:00 UTC: 2 new, 1 resolved. 3 waived.``"""
    sums, said = fleet["summary"], ""
    if fleet.get("history"):
        since = utc(fleet["history"]["baseline"]["generated"])
        said += f" Since {since}: {sums['new']:,} new, {sums['resolved']:,} resolved."
    return said + (f" {sums['waived']:,} waived." if sums.get("waived") else "")


def _findings(fleet: t.Mapping[str, t.Any]) -> t.List[_Row]:
    groups = [one for one in shared(fleet) if not one.finding.get("waived")]
    rows = []
    for one in groups[:ROWS]:
        finding = one.finding
        cause = ("new: " if finding.get("standing") == "new" else "") + plain(finding["cause"], 600)
        rows.append((_hosts(one.hosts), finding["severity"], short(finding["rule"], 10), cause))
    shown = sum(len(one.hosts) for one in groups[:ROWS])
    left = fleet["summary"]["total"] - fleet["summary"].get("waived", 0) - shown
    if left > 0:
        rows.append(("…", "", "", "%s; the page has them" % count(left, "more finding")))
    return rows


def _absent(fleet: t.Mapping[str, t.Any], status: str) -> t.List[_Row]:
    alike: t.Dict[str, t.List[str]] = {}
    for name, item in fleet["hosts"].items():
        if item["status"] == status:
            alike.setdefault(item["reason"], []).append(name)
    rows = [(_hosts(names), status, "", plain(reason, 300)) for reason, names in list(alike.items())[:_OTHERS]]
    left = sum(len(names) for names in list(alike.values())[_OTHERS:])
    if left:
        rows.append((f"… {left:,} more", status, "", "the page says why"))
    return rows


def _mends(fleet: t.Mapping[str, t.Any], width: int) -> t.List[str]:
    """``edge1: confirmed (20260501T120000Z-4f2a91), 3 findings mended, 1 remains``"""
    said = []
    found = fleet.get("mends", {})
    for name, mend in list(found.items())[:ROWS]:
        went = ["%s mended" % count(len(mend["mended"]), "finding")]
        went += ["%s new" % count(len(mend["new"]), "finding")] if mend["new"] else []
        went += ["%d remaining" % len(mend["remaining"])] if mend["remaining"] else []
        ended = short(mend["state"], 20) + (
            " (%s)" % plain(mend["transaction_id"], 60) if mend["transaction_id"] else ""
        )
        words = ". %s" % plain(mend["words"], 600) if mend["words"] else ""
        said += _wrap("%s: %s, %s%s" % (short(name, _HOST), ended, ", ".join(went), words), width)
    if len(found) > ROWS:
        said.append("… and %s; the page has them." % count(len(found) - ROWS, "more host"))
    return said


def _profiles(fleet: t.Mapping[str, t.Any], width: int) -> t.List[str]:
    """``Profiles: router on 2 hosts, none on 1 host``"""
    found = profiles(fleet)
    said = ["%s on %s" % (name or "none", count(hosts, "host")) for name, hosts in list(found.items())[:_OTHERS]]
    more = " and %d others" % (len(found) - _OTHERS) if len(found) > _OTHERS else ""
    return _wrap("Profiles: %s%s" % (", ".join(said), more), width) if said else []


def _waivers(fleet: t.Mapping[str, t.Any], width: int) -> t.List[str]:
    said = [words for item in waivers.lapsed(fleet)[:_OTHERS] for words in _wrap(waivers.words(item), width)]
    idle = waivers.idle(fleet)
    if idle:
        names = ", ".join(plain(item["id"], 60) for item in idle[:_OTHERS])
        more = f" and {len(idle) - _OTHERS:,} more" if len(idle) > _OTHERS else ""
        said += _wrap("Fits nothing here: %s %s%s" % ("waiver" if len(idle) == 1 else "waivers", names, more), width)
    return said


def _unseen(fleet: t.Mapping[str, t.Any], width: int) -> t.List[str]:
    said = []
    found = unseen(fleet)
    for what, why, hosts in found[:_OTHERS]:
        said += _wrap("Not seen on %s: %s (%s)" % (_hosts(hosts), plain(what, 200), plain(why, 300)), width)
    if len(found) > _OTHERS:
        said.append("… and %s; the page has them." % count(len(found) - _OTHERS, "more thing", "more things"))
    return said


def _hosts(names: t.Sequence[str]) -> str:
    more = f" +{len(names) - 1:,}" if len(names) > 1 else ""
    return short(names[0], _HOST - len(more)) + more


def _wrap(text: str, width: int, indent: str = "  ") -> t.List[str]:
    return textwrap.wrap(text, max(width, 20), subsequent_indent=indent, break_on_hyphens=False)


def _cause(text: str, width: int) -> t.List[str]:
    return textwrap.wrap(text, max(width, 20), max_lines=_CAUSE_LINES, placeholder=" …", break_on_hyphens=False) or [""]


def _layout(rows: t.Sequence[_Row], width: int, paint: Paint, measure: t.Callable[[str], int]) -> t.List[str]:
    head: _Row = ("HOST", "SEVERITY", "RULE", "CAUSE")
    sizes = [max(measure(row[column]) for row in (head, *rows)) for column in range(3)]
    left = sum(sizes) + 2 * len(sizes)
    if width - left < _NARROW:
        said = []
        for host, word, rule, text in rows:
            said.append(" ".join(part for part in (paint(word, word) if word else "", rule, host) if part))
            said += ["  " + line for line in _cause(text, width - 2)]
        return said
    said = ["%s  %s  %s  %s" % (*(_pad(head[column], sizes[column], measure) for column in range(3)), head[3])]
    for row in rows:
        cause = _cause(row[3], width - left)
        cells = [_pad(row[column], sizes[column], measure) for column in range(3)]
        if row[1]:
            cells[1] = paint(row[1], cells[1])
        said.append("  ".join(cells) + "  " + cause[0])
        said += [" " * left + line for line in cause[1:]]
    return said


def _pad(text: str, size: int, measure: t.Callable[[str], int]) -> str:
    return text + " " * (size - measure(text))
