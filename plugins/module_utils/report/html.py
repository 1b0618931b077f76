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
from .fleet import AUDITED, shared, unseen, verdict, worst
from .names import file_names
from .text import count, plain, utc

if t.TYPE_CHECKING:
    import jinja2

_FOLD = 20
"""Findings of a rule, and hosts, that are shown at once; the others are folded."""
_HERE = os.path.dirname(os.path.abspath(__file__))


def render(fleet: t.Mapping[str, t.Any]) -> str:
    """The page for a fleet document."""
    style, script = _asset("page.css"), _asset("page.js")
    rules = _rules(fleet)
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
            ran=sorted({rule for item in fleet["hosts"].values() for rule in item.get("rules", ())}),
            absent=[item for item in fleet["hosts"].values() if item["status"] != AUDITED],
            unseen=unseen(fleet),
            hosts=_hosts(fleet, rules),
        )
    )


def _rules(fleet: t.Mapping[str, t.Any]) -> t.List[t.Dict[str, t.Any]]:
    """The findings under the rule and severity that they belong to, the worst first."""
    groups: t.Dict[t.Tuple[str, str], t.Dict[str, t.Any]] = {}
    for number, one in enumerate(shared(fleet), 1):
        finding = one.finding
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
        group["findings"].append({"id": "f%d" % number, "hosts": one.hosts, **finding})
        group["hosts"].update(one.hosts)
    return list(groups.values())


def _hosts(fleet: t.Mapping[str, t.Any], rules: t.Sequence[t.Mapping[str, t.Any]]) -> t.List[t.Dict[str, t.Any]]:
    """The audited hosts, the worst first, each with its findings as links."""
    links: t.Dict[str, t.List[t.Dict[str, t.Any]]] = {}
    for rule in rules:
        for finding in rule["findings"]:
            for name in finding["hosts"]:
                links.setdefault(name, []).append({key: finding[key] for key in ("id", "severity", "rule", "name")})
    files = file_names(fleet["hosts"])
    hosts = [
        {"worst": worst(item), "links": links.get(name, ()), "file": "hosts/" + urllib.parse.quote(files[name]), **item}
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
    environment.filters.update(counted=count, utc=utc, value=_value)
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
