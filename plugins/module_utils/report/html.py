# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one HTML page that needs nothing else. Pure but for reading its own template."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import typing as t
import urllib.parse

from ..rules import CHECKS
from ..rules.base import SEVERITIES
from . import chain, plans, trend, waivers
from .fleet import AUDITED, shared, unseen, verdict, worst
from .names import file_names
from .text import count, plain, short, utc

if t.TYPE_CHECKING:
    import jinja2

_FOLD = 20
"""Findings of a rule, and hosts, that are shown at once; the others are folded."""
_WHOLE = 1000
"""Findings that are told whole, the worst first; of the others the page has the cause and where the rest is. It would be too
large to open otherwise."""
_STEPS = 20
"""Steps of plans, and reasons for none, that one finding shows."""
NEW, KNOWN, WAIVED, UNCOMPARED = STATES = ("new", "known", "waived", "not compared")
_Json = t.Dict[str, t.Any]
_HERE = os.path.dirname(os.path.abspath(__file__))


def render(fleet: t.Mapping[str, t.Any]) -> str:
    """The page for a fleet document."""
    style, script = _asset("page.css"), _asset("page.js")
    files = {name: "hosts/" + urllib.parse.quote(file) for name, file in file_names(fleet["hosts"]).items()}
    findings = _findings(fleet, files)
    rules = _rules(one for one in findings if one["state"] != WAIVED)
    waived = _rules(one for one in findings if one["state"] == WAIVED)
    history = fleet.get("history") or {}
    anchors = {name: "h%d" % number for number, name in enumerate(fleet["hosts"], 1)}
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            style=style,
            script=script,
            style_hash=_hash(style),
            script_hash=_hash(script),
            severities=SEVERITIES,
            fold=_FOLD,
            fleet=fleet,
            total=fleet["summary"],
            verdict=verdict(fleet),
            anchors=anchors,
            mends=fleet.get("mends"),
            rules=rules,
            waived=waived,
            waivers=fleet.get("waivers") or [],
            lapsed=waivers.lapsed(fleet),
            history=history,
            bars=trend.bars(history.get("trend", ())),
            chart=(trend.WIDTH, trend.HEIGHT),
            states=[state for state in STATES if any(one["state"] == state for one in findings)],
            owners=sorted({one["owner"]["name"] for one in findings if one["owner"]}),
            ran=sorted({rule for item in fleet["hosts"].values() for rule in item.get("rules", ())}),
            absent=[item for item in fleet["hosts"].values() if item["status"] != AUDITED],
            unseen=unseen(fleet),
            hosts=_hosts(fleet, findings, files),
        )
    )


def _findings(fleet: t.Mapping[str, t.Any], files: t.Mapping[str, str]) -> t.List[_Json]:
    """All findings, the worst first, with what the page adds to each."""
    told = _plans(fleet)
    made = []
    for number, one in enumerate(shared(fleet), 1):
        whole = number <= _WHOLE
        steps, withheld = _planned(told, one.finding["fingerprint"], one.hosts) if whole else ([], [])
        links = chain.chain(one.finding) if whole else []
        made.append(
            {
                **one.finding,
                "waived": one.finding.get("waived"),
                "since": one.finding.get("since"),
                "id": "f%d" % number,
                "hosts": one.hosts,
                "state": WAIVED if one.finding.get("waived") else one.finding.get("standing") or UNCOMPARED,
                "whole": whole,
                "file": files[one.hosts[0]],
                "links": links,
                "way": chain.words(links),
                "steps": steps,
                "withheld": withheld,
            }
        )
    return made


def _plans(fleet: t.Mapping[str, t.Any]) -> t.Dict[t.Tuple[str, str], t.Tuple[t.List[_Json], t.List[_Json]]]:
    """What each host's plan says of each fingerprint: its steps, and why there are none."""
    found: t.Dict[t.Tuple[str, str], t.Tuple[t.List[_Json], t.List[_Json]]] = {}
    sent = {name: item["plan"] for name, item in fleet["hosts"].items() if item.get("plan")}
    # As they are written beside the report: without what mends what is waived.
    for name, plan in plans.let_be(sent, fleet["hosts"], _doubted(fleet)).items():
        for step in plan["steps"]:
            for mark in step["findings"]:
                found.setdefault((name, mark), ([], []))[0].append(step)
        for held in plan["withheld"]:
            found.setdefault((name, held["finding"]), ([], []))[1].append(held)
    return found


def _doubted(fleet: t.Mapping[str, t.Any]) -> t.Callable[[str], bool]:
    """Tells of a host whether a waiver may be about findings that it did not send."""
    try:
        return waivers.about(waivers.load(fleet.get("waivers") or ()), fleet["generated"])
    except ValueError:  # merged from reports whose waivers do not fit together
        return lambda _host: True


def _planned(
    said: t.Mapping[t.Tuple[str, str], t.Tuple[t.List[_Json], t.List[_Json]]], mark: str, hosts: t.Sequence[str]
) -> t.Tuple[t.List[_Json], t.List[_Json]]:
    """The same of a finding that hosts share: what their plans have alike comes once, with the hosts."""
    steps: t.Dict[t.Tuple[t.Any, ...], t.List[str]] = {}
    withheld: t.Dict[t.Tuple[t.Any, ...], t.List[str]] = {}
    keys = ("op", "command", "risk", "risk_because", "inverse", "no_inverse")
    for name in hosts:
        own_steps, own_withheld = said.get((name, mark), ([], []))
        for step in own_steps:
            steps.setdefault(tuple(step[key] for key in keys), []).append(name)
        for held in own_withheld:
            withheld.setdefault((held["op"], held["words"]), []).append(name)
    return (
        [dict(zip(keys, key), hosts=names) for key, names in list(steps.items())[:_STEPS]],
        [dict(zip(("op", "words"), key), hosts=names) for key, names in list(withheld.items())[:_STEPS]],
    )


def _rules(findings: t.Iterable[_Json]) -> t.List[_Json]:
    """The findings under the rule and severity that they belong to, the worst first."""
    groups: t.Dict[t.Tuple[str, str], _Json] = {}
    for finding in findings:
        check = CHECKS.get(finding["rule"])
        group = groups.setdefault(
            (finding["severity"], finding["rule"]),
            {
                "severity": finding["severity"],
                "id": finding["rule"],
                "name": finding["name"],
                "about": check.description if check else None,
                "findings": [],
                "hosts": set(),
            },
        )
        group["findings"].append(finding)
        group["hosts"].update(finding["hosts"])
    return list(groups.values())


def _hosts(
    fleet: t.Mapping[str, t.Any], findings: t.Sequence[t.Mapping[str, t.Any]], files: t.Mapping[str, str]
) -> t.List[_Json]:
    """The audited hosts, the worst first, each with its findings as links."""
    links: t.Dict[str, t.List[_Json]] = {}
    for finding in findings:
        for name in finding["hosts"]:
            links.setdefault(name, []).append({key: finding[key] for key in ("id", "rule", "name", "state")})
    hosts = [
        {"worst": worst(item), "links": links.get(name, ()), "file": files[name], **item}
        for name, item in fleet["hosts"].items()
        if item["status"] == AUDITED
    ]
    return sorted(hosts, key=_worst_first)


def _worst_first(host: t.Mapping[str, t.Any]) -> t.Tuple[t.List[int], str]:
    return [-host["summary"][severity] for severity in SEVERITIES], host["name"]


@functools.cache
def _environment() -> jinja2.Environment:
    # Late: where module_utils are checked without a controller, there is no Jinja2.
    import jinja2

    environment = jinja2.Environment(
        autoescape=True,
        finalize=_shown,
        loader=jinja2.FileSystemLoader(_HERE),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(counted=count, short=short, utc=utc, value=_value, lapse=waivers.words)
    return environment


def _shown(value: t.Any) -> t.Any:
    """Whatever the template prints passes here, and is escaped for HTML after."""
    return value if hasattr(value, "__html__") else plain(value)


def _value(value: t.Any) -> str:
    """A selector's or detail's value, in words where it is one."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, (str, int)) for item in value):
        return ", ".join(str(item) for item in value)
    return json.dumps(value)


def _asset(name: str) -> str:
    with open(os.path.join(_HERE, name), encoding="utf-8") as stream:
        return stream.read()


def _hash(text: str) -> str:
    """The source of a Content-Security-Policy that allows exactly this text."""
    return "'sha256-%s'" % base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
