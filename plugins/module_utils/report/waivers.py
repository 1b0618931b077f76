# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waivers: findings that somebody has looked at and lets be until a day, with the reason. Pure.

A waiver that has expired waives nothing any more, and is told with what it covered.
"""

from __future__ import annotations

import dataclasses
import datetime
import fnmatch
import typing as t

from ..rules import CHECKS
from ..rules.base import SEVERITIES
from . import fleet
from .text import count, plain

IN_USE, UNUSED, EXPIRED = "in-use", "unused", "expired"

SELECTOR: t.Dict[str, t.Dict[str, t.Any]] = {
    "rule": {"type": "str"},
    "host": {"type": "str"},
    "severity": {"type": "str", "choices": list(reversed(SEVERITIES))},
    "owner": {"type": "str"},
    "kind": {"type": "str"},
    "object": {"type": "dict"},
    "fingerprint": {"type": "str"},
}
OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "id": {"type": "str"},
    "selector": {"type": "dict", "required": True, "options": SELECTOR},
    "reason": {"type": "str", "required": True},
    "by": {"type": "str", "required": True},
    "until": {"type": "str", "required": True},
}
"""The argument spec of one waiver."""

Json = t.Dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Waiver:
    """One of them."""

    id: str
    selector: t.Mapping[str, t.Any]
    reason: str
    by: str
    until: datetime.date
    """The last day that it holds, in UTC."""

    def fits(self, host: str, finding: t.Mapping[str, t.Any]) -> bool:
        """Does the finding have all that the selector says?"""
        return all(_FITS[key](host, finding, wanted) for key, wanted in self.selector.items())

    def holds(self, at: float) -> bool:
        """Does it still at this Unix time?"""
        return self.until >= _today(at)

    @property
    def told(self) -> Json:
        """What a finding says that it waives."""
        return {"reason": self.reason, "by": self.by, "until": self.until.isoformat(), "id": self.id}


def load(given: t.Sequence[t.Mapping[str, t.Any]]) -> t.Tuple[Waiver, ...]:
    """From what the argument spec let through. Raises ValueError that names what is wrong."""
    made: t.List[Waiver] = []
    for number, item in enumerate(given, 1):
        name = str(item.get("id") or "#%d" % number)
        where = "the waiver %s" % name
        if any(other.id == name for other in made):
            raise ValueError("%s: another waiver has the same id; expected one id for each" % where)
        for key in ("reason", "by"):
            if not str(item[key]).strip():
                raise ValueError("%s: %s is empty; expected %s" % (where, key, _WHAT[key]))
        made.append(
            Waiver(name, _selector(where, item["selector"]), item["reason"], item["by"], _day(where, item["until"]))
        )
    return tuple(made)


_WHAT = {"reason": "why the finding is let be", "by": "who answers for it"}


def _day(where: str, value: str) -> datetime.date:
    try:
        if len(value) != len("2026-12-31"):
            raise ValueError
        return datetime.datetime.strptime(value, "%Y-%m-%d").date()
    except ValueError:
        raise ValueError("%s: until is %r; expected its last day like 2026-12-31" % (where, value)) from None


def _selector(where: str, given: t.Mapping[str, t.Any]) -> Json:
    said = {key: value for key, value in given.items() if value is not None}
    for key, value in said.get("object", {}).items():
        if not isinstance(value, (str, int)):
            raise ValueError(
                "%s: object.%s is %r; expected a text, which may be a pattern, or a number" % (where, key, value)
            )
    if "rule" in said and not any(fnmatch.fnmatchcase(rule, said["rule"]) for rule in CHECKS):
        raise ValueError("%s: no rule has the id %s; the rules are in the rule catalogue" % (where, said["rule"]))
    if not any(_narrows(key, value) for key, value in said.items()):
        raise ValueError(
            "%s: its selector fits every finding; expected one that names a rule, a host, a severity, an owner, a kind, an "
            "object or a fingerprint" % where
        )
    return said


def _narrows(key: str, value: t.Any) -> bool:
    if key == "rule":
        return not all(fnmatch.fnmatchcase(rule, value) for rule in CHECKS)
    if key == "object":
        return any(_narrows("", str(item)) for item in value.values())
    return bool(value.strip("*?"))


def _pattern(value: t.Any, wanted: t.Any) -> bool:
    """A list fits where one of its values does."""
    if isinstance(value, list):
        return any(_pattern(item, wanted) for item in value)
    return value is not None and fnmatch.fnmatchcase(str(value), str(wanted))


def _object(_host: str, finding: t.Mapping[str, t.Any], wanted: t.Mapping[str, t.Any]) -> bool:
    selector = finding["object"]["selector"]
    return all(_pattern(selector.get(key), value) for key, value in wanted.items())


_FITS: t.Dict[str, t.Callable[[str, t.Mapping[str, t.Any], t.Any], bool]] = {
    "rule": lambda _host, finding, wanted: _pattern(finding["rule"], wanted),
    "host": lambda host, _finding, wanted: _pattern(host, wanted),
    "severity": lambda _host, finding, wanted: bool(finding["severity"] == wanted),
    "owner": lambda _host, finding, wanted: _pattern((finding["owner"] or {}).get("name"), wanted),
    "kind": lambda _host, finding, wanted: _pattern(finding["object"]["kind"], wanted),
    "object": _object,
    "fingerprint": lambda _host, finding, wanted: bool(finding["fingerprint"] == wanted),
}


def apply(document: t.Mapping[str, t.Any], given: t.Sequence[Waiver]) -> Json:
    """The fleet document with what is waived marked; None for ``waivers`` where there is none.

    The day is the document's own, in UTC. Of two waivers that fit, the first one waives.
    """
    at = document["generated"]
    valid = [waiver for waiver in given if waiver.holds(at)]
    expired = [waiver for waiver in given if not waiver.holds(at)]
    fit = dict.fromkeys((waiver.id for waiver in given), 0)
    hosts = {}
    for name, item in document["hosts"].items():
        findings = []
        for finding in item.get("findings", ()):
            fitting = [waiver for waiver in valid if waiver.fits(name, finding)]
            # What another waiver covers is not open again because this one has expired.
            for waiver in fitting or [waiver for waiver in expired if waiver.fits(name, finding)]:
                fit[waiver.id] += 1
            findings.append(dict(finding, waived=fitting[0].told if fitting else None))
        hosts[name] = dict(item, findings=findings) if "findings" in item else item
    told = [
        {
            **waiver.told,
            "selector": dict(waiver.selector),
            "state": EXPIRED if not waiver.holds(at) else IN_USE if fit[waiver.id] else UNUSED,
            "findings": fit[waiver.id],
        }
        for waiver in given
    ]
    return fleet.summed(dict(document, hosts=hosts, waivers=told or None))


def _today(at: float) -> datetime.date:
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).date()


def about(given: t.Sequence[Waiver], at: float) -> t.Callable[[str], bool]:
    """Tells of a host whether one of these waivers that hold may be about it."""
    hosts = [str(waiver.selector.get("host", "*")) for waiver in given if waiver.holds(at)]
    return lambda name: any(fnmatch.fnmatchcase(name, pattern) for pattern in hosts)


def lapsed(document: t.Mapping[str, t.Any]) -> t.List[t.Mapping[str, t.Any]]:
    """The waivers that have expired and covered what is open again."""
    return [item for item in document.get("waivers") or () if item["state"] == EXPIRED and item["findings"]]


def words(item: t.Mapping[str, t.Any]) -> str:
    """One that has expired, in a sentence."""
    covered = count(item["findings"], "finding")
    again = "is open again" if item["findings"] == 1 else "are open again"
    return "The waiver %s of %s expired after %s, and %s that it covered %s. Its reason was: %s" % (
        plain(item["id"], 60),
        plain(item["by"], 60),
        item["until"],
        covered,
        again,
        plain(item["reason"], 300),
    )


def idle(document: t.Mapping[str, t.Any]) -> t.List[t.Mapping[str, t.Any]]:
    """The waivers that fit nothing in this report."""
    return [item for item in document.get("waivers") or () if not item["findings"]]
