# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A summary in Markdown, for a comment on a pull request or a chat: the worst first, never too long for one. Pure.

What came from hosts never becomes markup: it is escaped, or stands in code.
"""

from __future__ import annotations

import re
import typing as t

from ..rules.base import SEVERITIES
from . import waivers
from .fleet import AUDITED, STATUSES, Shared, profiles, shared, unseen, verdict
from .text import count, short, utc

_LONGEST = 60000
"""Characters of all; GitHub takes 65,536 for a comment."""
_FINDINGS = 50
_OTHERS = 10
"""Entries of any other list."""
_HOSTS = 5
"""Hosts that an entry names."""
_APART = "\u2060"
"""Parts what services would turn into a link or a mention even where it is escaped; not seen."""
_ACTIVE = re.compile(r"(?<=[@#])(?=\w)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")

Json = t.Mapping[str, t.Any]


def render(fleet: Json) -> str:
    """A fleet document."""
    head = ["# Network audit: %s" % escaped(verdict(fleet), 200), "", _figures(fleet)]
    head += ["", *_severities(fleet)]
    head += _list("Went wrong", [escaped(words, 400) for words in fleet.get("problems", ())])
    head += _list("Profiles of rules", ["%s: %s" % (*one,) for one in _profiles(fleet)])
    head += _list("Waivers that have expired", [escaped(waivers.words(item), 400) for item in waivers.lapsed(fleet)])
    absent = [host for host in fleet["hosts"].values() if host["status"] != AUDITED]
    absent.sort(key=lambda host: STATUSES.index(host["status"]))
    head += _list(
        "Not audited",
        ["%s, %s: %s" % (code(host["name"], 60), host["status"], escaped(host["reason"], 200)) for host in absent],
    )
    groups = shared(fleet)
    still = [one for one in groups if not one.finding.get("waived")]
    history = fleet.get("history") or {}
    tail = _list("Resolved", [_past(item) for item in history.get("resolved", ())])
    tail += _list("Not looked at this time", [_past(item) for item in history.get("unlooked", ())])
    tail += _list("Waived", [_waived(one) for one in groups if one.finding.get("waived")])
    tail += _list(
        "Could not be read",
        [
            "%s, on %s: %s" % (escaped(what, 100), _hosts(hosts), escaped(why, 200))
            for what, why, hosts in unseen(fleet)
        ],
    )
    used = sum(len(line) + 1 for line in [*head, *tail])
    body = _list("Findings", [_finding(one) for one in still[:_FINDINGS]], _LONGEST - used, len(still))
    return "\n".join([*head, *body, *tail]) + "\n"


def escaped(value: object, limit: int) -> str:
    """Text that stays text: every character that could be markup is escaped."""
    return _PUNCTUATION.sub(r"\\\g<0>", _ACTIVE.sub(_APART, short(value, limit)))


def code(value: object, limit: int) -> str:
    """Text as code, whatever backticks it has."""
    text = short(value, limit)
    if not text.strip():
        return "(empty)"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in " `" or text[-1] in " `" else ""
    return fence + pad + text + pad + fence


def _figures(fleet: Json) -> str:
    sums = fleet["summary"]
    hosts = ", ".join("%d %s" % (sums[status], status) for status in STATUSES if sums[status])
    text = "%s. %s: %s. " % (utc(fleet["generated"]), count(sums["hosts"], "host"), hosts or "none")
    text += count(sums["total"], "finding") + "".join(
        f", {sums[key]:,} {key}" for key in ("new", "waived", "resolved") if sums.get(key)
    )
    baseline = (fleet.get("history") or {}).get("baseline")
    return text + (". Compared with %s." % code(baseline["name"], 100) if baseline else ".")


def _severities(fleet: Json) -> t.List[str]:
    sums = fleet["summary"]
    still = sums.get("open", sums)
    return [
        "| %s |" % " | ".join(SEVERITIES),
        "|" + "---:|" * len(SEVERITIES),
        "| %s |" % " | ".join(f"{still[severity]:,}" for severity in SEVERITIES),
    ]


def _profiles(fleet: Json) -> t.Iterator[t.Tuple[str, str]]:
    for name, hosts in profiles(fleet).items():
        yield code(name, 200) if name else "none", count(hosts, "host")


def _list(title: str, entries: t.Sequence[str], room: int = _LONGEST, total: int = 0) -> t.List[str]:
    """A section, unless it is empty; of ``total`` entries these are the first."""
    total = total or len(entries)
    most = _OTHERS if room == _LONGEST else len(entries)
    lines: t.List[str] = []
    room -= 200  # the heading, and how many more there are
    for entry in entries[:most]:
        room -= len(entry) + 3
        if room < 0:
            break
        lines.append("* " + entry.lstrip())  # what is indented would be a block of code
    if len(lines) < total:
        lines.append(f"* … and {total - len(lines):,} more in the whole report")
    return ["", "## %s" % title, "", *lines] if lines else []


def _finding(one: Shared) -> str:
    finding = one.finding
    standing = ", new" if finding.get("standing") == "new" else ""
    text = "**%s%s** %s on %s: %s" % (
        finding["severity"], standing, _rule(finding), _hosts(one.hosts), escaped(finding["cause"], 400),
    )  # fmt: skip
    command = next((item["command"] for item in finding["evidence"] if item["command"]), "")
    return text + (" See: %s" % code(command, 300) if command else "")


def _past(item: Json) -> str:
    cause = escaped(item["cause"], 200)
    return "**%s** %s on %s: %s" % (item["severity"], _rule(item), code(item["host"], 60), cause)


def _waived(one: Shared) -> str:
    waiver = one.finding["waived"]
    until = "until %s by %s: %s" % (waiver["until"], escaped(waiver["by"], 60), escaped(waiver["reason"], 200))
    return "**%s** %s on %s, %s" % (one.finding["severity"], _rule(one.finding), _hosts(one.hosts), until)


def _rule(item: Json) -> str:
    return "%s %s" % (escaped(item["rule"], 40), escaped(item["name"], 60))


def _hosts(names: t.Sequence[str]) -> str:
    text = ", ".join(code(name, 60) for name in names[:_HOSTS])
    return text + (f" and {len(names) - _HOSTS:,} more" if len(names) > _HOSTS else "")
