# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON as text: ASCII only, so that whatever a host put into it does nothing to a terminal. Pure."""

from __future__ import annotations

import json
import typing as t


def render(document: t.Mapping[str, t.Any]) -> str:
    """A fleet document, or one host's."""
    return json.dumps(document, indent=1, allow_nan=False) + "\n"
