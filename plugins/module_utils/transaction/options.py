# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that the modules of transactions share."""

from __future__ import annotations

import typing as t

from ..plan.options import PROTECT
from . import health
from .place import DEFAULT

OPTIONS: t.Dict[str, t.Any] = dict(
    netns=dict(type="str"),
    confirm_within=dict(type="int", default=120),
    rehearse=dict(type="bool", default=True),
    protect=dict(type="list", elements="dict", default=[], options=PROTECT),
    protect_way_in=dict(type="bool", default=True),
    health_checks=health.SPEC,
    state_dir=dict(type="path", default=DEFAULT),
)
