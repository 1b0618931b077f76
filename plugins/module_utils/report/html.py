# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one HTML page that needs nothing else. Pure but for reading its own template."""

from __future__ import annotations

import base64
import functools
import hashlib
import itertools
import json
import os
import typing as t
import urllib.parse

from ..rules.base import SEVERITIES
from . import gathered, packed, trend, waivers
from .fleet import AUDITED, profile, profiles, unseen, verdict
from .names import file_names
from .text import count, plain, short, utc

if t.TYPE_CHECKING:
    import jinja2

_FOLD = 20
"""Findings of a rule, and hosts, that are shown at once; the others are folded."""
_PLAIN = 200
"""Findings, and hosts, that are told in plain HTML, the worst first; what is in the others is packed (packed.py)."""
_ROOM = 6 * 1024 * 1024
"""Bytes that findings and hosts may take but for what is packed. Of findings that do not fit, the page says where they are: it
would be too large to be mailed or opened otherwise."""
_HOST = 400
"""About the bytes of a host but for what is packed."""
_GLANCE = 5
"""Hosts, findings and waivers that the head names."""
_Json = t.Dict[str, t.Any]
_HERE = os.path.dirname(os.path.abspath(__file__))


def render(fleet: t.Mapping[str, t.Any]) -> str:
    """The page for a fleet document."""
    style, script = _asset("page.css"), _asset("page.js")
    files = {name: "hosts/" + urllib.parse.quote(file) for name, file in file_names(fleet["hosts"]).items()}
    numbers = {name: number for number, name in enumerate(fleet["hosts"], 1)}
    findings = gathered.findings(fleet, numbers, files)
    parts: t.Any = _environment().get_template("parts.html.j2").module
    told = list(_fitting(findings, _ROOM - _HOST * len(numbers), parts.finding))
    untold = findings[len(told) :]
    hosts = gathered.hosts(fleet, told, untold, files)
    _number(hosts, max(len(told) - _PLAIN, 0))
    chunks = packed.pack(itertools.chain(map(parts.finding_body, told[_PLAIN:]), map(parts.host_body, hosts[_PLAIN:])))
    history = fleet.get("history") or {}
    listed = fleet.get("waivers") or []
    still = [one for one in findings if one["state"] != gathered.WAIVED]
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
            glance=_GLANCE,
            chunk=packed.CHUNK,
            chunks=chunks,
            fleet=fleet,
            total={"new": 0, "resolved": 0, "waived": 0, **fleet["summary"]},
            tally=gathered.tally(fleet, still),
            verdict=verdict(fleet),
            anchors=numbers,
            mends=fleet.get("mends"),
            problems=fleet.get("problems") or [],
            profiles=profiles(fleet),
            rules=gathered.rules(one for one in told if one["state"] != gathered.WAIVED),
            waived=gathered.rules(one for one in told if one["state"] == gathered.WAIVED),
            fresh=gathered.rules(one for one in told if one["state"] == gathered.NEW),
            untold=sum(len(one["hosts"]) for one in untold),
            told=sum(len(one["hosts"]) for one in told),
            waivers=listed,
            lapsed=waivers.lapsed(fleet),
            idle=waivers.idle(fleet),
            soonest=sorted(
                (item for item in listed if item["state"] == waivers.IN_USE), key=lambda item: item["until"]
            ),
            history=history,
            chart=trend.chart(history.get("trend", ())),
            states=[state for state in gathered.STATES if any(one["state"] == state for one in told)],
            owners=sorted({one["owner"]["name"] for one in told if one["owner"]}),
            ran=sorted({rule for item in fleet["hosts"].values() for rule in item.get("rules", ())}),
            absent=[item for item in fleet["hosts"].values() if item["status"] != AUDITED],
            unseen=unseen(fleet),
            hosts=hosts,
        )
    )


def _number(items: t.Sequence[_Json], first: int) -> None:
    """Each one's place among what is packed; None for those that are told in plain HTML."""
    for number, one in enumerate(items):
        one["packed"] = None if number < _PLAIN else first + number - _PLAIN


def _fitting(findings: t.Sequence[_Json], room: int, write: t.Callable[[_Json], str]) -> t.Iterator[_Json]:
    """The first ones that fit into so many bytes, each with its HTML."""
    _number(findings, 0)
    for one in findings:
        one["html"] = write(one)
        room -= len(one["html"].encode("utf-8"))
        if room < 0:
            return
        yield one


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
    environment.filters.update(
        counted=count, short=short, utc=utc, value=_value, lapse=waivers.words, sentence=_sentence, profile=profile
    )
    return environment


def _shown(value: t.Any) -> t.Any:
    """Whatever the template prints passes here, and is escaped for HTML after."""
    return value if hasattr(value, "__html__") else plain(value)


def _sentence(value: t.Any) -> str:
    """What was said, with a full stop: what comes after is another sentence."""
    text = str(value).strip()
    return text if text.endswith((".", "!", "?")) else text + "."


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
