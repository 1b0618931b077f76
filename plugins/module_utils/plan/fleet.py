# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plans of all hosts together: what they would take away in all, and whether that is in proportion. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Plan
from .ops import REMOVALS

FEW_HOSTS = 3
"""Hosts that may lose something whatever share of the fleet they are: a share means little among so few."""


@dataclasses.dataclass(frozen=True)
class Tally:
    """What one host's plan comes to."""

    steps: int
    objects: int
    """Added, removed and restarted, each destination of a route counted."""
    removals: int
    withheld: int


def tally(plan: Plan) -> Tally:
    return Tally(
        steps=len(plan.steps),
        objects=sum(step.count for step in plan.steps),
        removals=sum(step.count for step in plan.steps if step.op in REMOVALS),
        withheld=len(plan.withheld),
    )


def objections(tallies: t.Mapping[str, Tally], hosts: int, max_removals: int, max_percent: int) -> t.List[str]:
    """Why no host should be changed; nothing where all is in proportion. ``hosts``: of the whole play."""
    losing = sum(item.removals > 0 for item in tallies.values())
    removals = sum(item.removals for item in tallies.values())
    said = []
    if removals > max_removals:
        worst = max(tallies, key=lambda name: tallies[name].removals)
        said.append(
            "the plans of %d hosts remove %d objects together, %d of them on %s; reclaim_fleet_max_removals allows %d"
            % (losing, removals, tallies[worst].removals, worst, max_removals)
        )
    if losing > FEW_HOSTS and losing * 100 > hosts * max_percent:
        said.append(
            "%d of %d hosts would have something removed, which is %d %%; reclaim_fleet_max_percent allows %d %%"
            % (losing, hosts, losing * 100 // hosts, max_percent)
        )
    return said
