# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two hundred hosts, and three runs over them between which things happen."""

from __future__ import annotations

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "report"), str(HERE.parents[1] / "lab")]

from readers import multitool, promtool  # noqa: E402

__all__ = ["multitool", "promtool"]
"""Fixtures of another file, which tests find here."""
