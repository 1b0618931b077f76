# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The formats of a report: name to its file and what renders it. A new format is one more file and its line here."""

from __future__ import annotations

import typing as t

from . import csvs, html, jsons, junit, markdown, prometheus, sarif

Render = t.Callable[[t.Mapping[str, t.Any]], str]
"""Renders a fleet document (fleet.py)."""


class Format(t.NamedTuple):
    """One of them."""

    file: str
    render: Render


ALWAYS = "json"
"""What the next report is compared with, and what other programs read."""
DEFAULT = (ALWAYS, "html")

FORMATS: t.Dict[str, Format] = {
    ALWAYS: Format("fleet.json", jsons.render),
    "html": Format("index.html", html.render),
    "junit": Format("junit.xml", junit.render),
    "sarif": Format("findings.sarif", sarif.render),
    "prometheus": Format("metrics.prom", prometheus.render),
    "markdown": Format("summary.md", markdown.render),
    "csv": Format("findings.csv", csvs.render),
}


def chosen(names: t.Iterable[str] = DEFAULT) -> t.Dict[str, Format]:
    """The formats of these names, and the one that is always there."""
    wanted = {ALWAYS, *names}
    return {name: made for name, made in FORMATS.items() if name in wanted}
