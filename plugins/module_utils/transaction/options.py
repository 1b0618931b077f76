# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that the modules of transactions share."""

from __future__ import annotations

import typing as t

from ..plan.protect import KINDS
from . import health
from .place import DEFAULT

PROTECT: t.Dict[str, t.Any] = dict(
    type="list",
    elements="dict",
    default=[],
    options=dict(
        kind=dict(type="str", choices=list(KINDS)),
        interface=dict(type="str"),
        address=dict(type="str"),
        prefix=dict(type="str"),
        table=dict(type="int"),
        proto=dict(type="str"),
        priority=dict(type="int"),
        mark=dict(type="int"),
        owner=dict(type="str"),
        unit=dict(type="str"),
        rule=dict(type="str"),
    ),
)
OPTIONS: t.Dict[str, t.Any] = dict(
    netns=dict(type="str"),
    confirm_within=dict(type="int", default=120),
    rehearse=dict(type="bool", default=True),
    protect=PROTECT,
    protect_way_in=dict(type="bool", default=True),
    health_checks=health.SPEC,
    state_dir=dict(type="path", default=DEFAULT),
)
