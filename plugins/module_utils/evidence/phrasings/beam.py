# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Erlang and Elixir: the errno as an atom, where a reason stands."""

from __future__ import annotations

from .base import Phrasing

PHRASINGS = (
    # {error,enetunreach}; {badrpc,ehostunreach}; reason="ehostunreach"; ** (stop) :ehostunreach; connect error - ehostunreach
    Phrasing(
        "erlang",
        ("enetunreach", "ehostunreach", "eaddrnotavail", "enetdown"),
        r"(?:\{(?:error|badrpc), ?|\breason[=:] ?\"?|\(stop\) :|\bconnect error - )"
        r"(?P<error>enetunreach|ehostunreach|eaddrnotavail|enetdown)(?!\w)",
    ),
)
