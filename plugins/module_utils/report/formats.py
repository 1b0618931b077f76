# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The formats of a report: file name to what renders it. A new format is one more file and its line here."""

from __future__ import annotations

import typing as t

from . import html, jsons

Render = t.Callable[[t.Mapping[str, t.Any]], str]
"""Renders a fleet document (fleet.py)."""

FORMATS: t.Dict[str, Render] = {
    "fleet.json": jsons.render,
    "index.html": html.render,
}
