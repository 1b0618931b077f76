# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Past runs as stacked bars: where each piece of each bar stands. Pure."""

from __future__ import annotations

import typing as t

from ..rules.base import SEVERITIES

HEIGHT = 120
"""In the units of the drawing."""
WIDTH = 600
"""The same, at most."""
_WIDEST = 24.0
"""A run's bar and the gap after it."""


class Bar(t.NamedTuple):
    """A piece of a run's bar."""

    severity: str
    x: float
    y: float
    width: float
    height: float


class Chart(t.NamedTuple):
    """The drawing."""

    width: int
    height: int
    tallest: int
    """Findings that the whole height stands for."""
    bars: t.List[Bar]


def chart(trend: t.Sequence[t.Mapping[str, t.Any]]) -> t.Optional[Chart]:
    """The bars of all runs, the oldest first and the worst severity at the bottom. None for fewer than two runs."""
    if len(trend) < 2:
        return None
    tallest = max(sum(point[severity] for severity in SEVERITIES) for point in trend) or 1
    step = min(WIDTH / len(trend), _WIDEST)
    made = []
    for number, point in enumerate(trend):
        top = float(HEIGHT)
        for severity in SEVERITIES:
            height = HEIGHT * point[severity] / tallest
            top -= height
            if height:
                made.append(
                    Bar(severity, round(number * step, 1), round(top, 1), round(step * 0.8, 1), round(height, 1))
                )
    return Chart(round(step * len(trend)), HEIGHT, tallest, made)
