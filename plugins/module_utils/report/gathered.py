# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the page tells of findings, hosts and waivers, gathered from a fleet document. Pure."""

from __future__ import annotations

import typing as t

from ..rules import CHECKS
from ..rules.base import SEVERITIES
from . import chain, plans, waivers
from .fleet import AUDITED, open_of, shared

_STEPS = 20
"""Steps of plans, and reasons for none, that one finding shows."""
NEW, KNOWN, WAIVED, UNCOMPARED = STATES = ("new", "known", "waived", "not compared")

Json = t.Dict[str, t.Any]
_Fleet = t.Mapping[str, t.Any]


def findings(fleet: _Fleet, numbers: t.Mapping[str, int], files: t.Mapping[str, str]) -> t.List[Json]:
    """All findings, the worst first, with what the page adds to each. Hosts have ``numbers`` there, and ``files``."""
    told = _plans(fleet)
    made = []
    for number, one in enumerate(shared(fleet), 1):
        steps, withheld = _planned(told, one.finding["fingerprint"], one.hosts)
        links = chain.chain(one.finding)
        made.append(
            {
                **one.finding,
                "waived": one.finding.get("waived"),
                "since": one.finding.get("since"),
                "id": "f%d" % number,
                "hosts": one.hosts,
                "where": [(name, numbers[name]) for name in one.hosts],
                "state": WAIVED if one.finding.get("waived") else one.finding.get("standing") or UNCOMPARED,
                "file": files[one.hosts[0]],
                "links": links,
                "way": chain.words(links),
                "steps": steps,
                "withheld": withheld,
                "mend": _mend(one.finding, steps, withheld),
            }
        )
    return made


def _mend(finding: t.Mapping[str, t.Any], steps: t.Sequence[Json], withheld: t.Sequence[Json]) -> Json:
    """What resolves it, in one line: the command, or else the advice; and why a plan does not have it."""
    planned = [step["command"] for step in steps if step["command"]]
    commands = planned or [step["command"] for step in finding["remedy"] if step["command"]]
    return {
        "planned": bool(steps),
        "command": commands[0] if commands else "",
        "more": len(commands) - 1 if commands else 0,
        "words": finding["advice"],
        "held": withheld[0]["words"].rstrip(".") if withheld and not steps else "",
    }


def _plans(fleet: _Fleet) -> t.Dict[t.Tuple[str, str], t.Tuple[t.List[Json], t.List[Json]]]:
    """What each host's plan says of each fingerprint: its steps, and why there are none."""
    found: t.Dict[t.Tuple[str, str], t.Tuple[t.List[Json], t.List[Json]]] = {}
    sent = {name: item["plan"] for name, item in fleet["hosts"].items() if item.get("plan")}
    # As they are written beside the report: without what mends what is waived.
    for name, plan in plans.let_be(sent, fleet["hosts"], _doubted(fleet)).items():
        for step in plan["steps"]:
            for mark in step["findings"]:
                found.setdefault((name, mark), ([], []))[0].append(step)
        for held in plan["withheld"]:
            found.setdefault((name, held["finding"]), ([], []))[1].append(held)
    return found


def _doubted(fleet: _Fleet) -> t.Callable[[str], bool]:
    """Tells of a host whether a waiver may be about findings that it did not send."""
    try:
        return waivers.about(waivers.load(fleet.get("waivers") or ()), fleet["generated"])
    except ValueError:  # merged from reports whose waivers do not fit together
        return lambda _host: True


def _planned(
    said: t.Mapping[t.Tuple[str, str], t.Tuple[t.List[Json], t.List[Json]]], mark: str, hosts: t.Sequence[str]
) -> t.Tuple[t.List[Json], t.List[Json]]:
    """The same of a finding that hosts share: what their plans have alike comes once, with the hosts."""
    steps: t.Dict[t.Tuple[t.Any, ...], t.List[str]] = {}
    withheld: t.Dict[t.Tuple[t.Any, ...], t.List[str]] = {}
    keys = ("op", "command", "risk", "risk_because", "inverse", "no_inverse")
    for name in hosts if said else ():
        own_steps, own_withheld = said.get((name, mark), ([], []))
        for step in own_steps:
            steps.setdefault(tuple(step[key] for key in keys), []).append(name)
        for held in own_withheld:
            withheld.setdefault((held["op"], held["words"]), []).append(name)
    return (
        [dict(zip(keys, key), hosts=names) for key, names in list(steps.items())[:_STEPS]],
        [dict(zip(("op", "words"), key), hosts=names) for key, names in list(withheld.items())[:_STEPS]],
    )


def rules(found: t.Iterable[Json]) -> t.List[Json]:
    """The findings under the rule and severity that they belong to, the worst first."""
    groups: t.Dict[t.Tuple[str, str], Json] = {}
    severities = set()
    for finding in found:
        check = CHECKS.get(finding["rule"])
        group = groups.setdefault(
            (finding["severity"], finding["rule"]),
            {
                "severity": finding["severity"],
                "first": finding["severity"] not in severities,
                "id": finding["rule"],
                "name": finding["name"],
                "about": check.description if check else None,
                "findings": [],
                "hosts": set(),
            },
        )
        severities.add(finding["severity"])
        group["findings"].append(finding)
        group["hosts"].update(finding["hosts"])
    return list(groups.values())


def hosts(fleet: _Fleet, told: t.Iterable[Json], untold: t.Iterable[Json], files: t.Mapping[str, str]) -> t.List[Json]:
    """The audited hosts, the worst first, each with its findings that the page tells as links, and how many it does not."""
    links: t.Dict[str, t.List[Json]] = {}
    for finding in told:
        brief = {key: finding[key] for key in ("id", "rule", "name", "state", "severity")}
        for name in finding["hosts"]:
            links.setdefault(name, []).append(brief)
    missing: t.Dict[str, int] = {}
    for finding in untold:
        for name in finding["hosts"]:
            missing[name] = missing.get(name, 0) + 1
    made = []
    for name, item in fleet["hosts"].items():
        if item["status"] == AUDITED:
            still = open_of(item)
            made.append(
                {
                    **item,
                    "open": still,
                    "open_total": sum(still.values()),
                    "waived": sum(bool(finding.get("waived")) for finding in item["findings"]),
                    "links": links.get(name, ()),
                    "untold": missing.get(name, 0),
                    "file": files[name],
                }
            )
    return sorted(made, key=_worst_first)


def _worst_first(host: t.Mapping[str, t.Any]) -> t.Tuple[t.List[int], int, str]:
    return [-host["open"][severity] for severity in SEVERITIES], -host["summary"]["total"], host["name"]


def tally(fleet: _Fleet, found: t.Iterable[Json]) -> t.List[Json]:
    """Of each severity: what is open, how much of it is new, and what is waived."""
    new = dict.fromkeys(SEVERITIES, 0)
    for finding in found:
        new[finding["severity"]] += len(finding["hosts"]) * (finding["state"] == NEW)
    sums = fleet["summary"]
    still = sums.get("open", sums)
    return [
        {
            "severity": severity,
            "open": still[severity],
            "new": new[severity],
            "waived": sums[severity] - still[severity],
        }
        for severity in SEVERITIES
    ]
