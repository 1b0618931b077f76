# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rust: ``std::io::Error`` as Display and as Debug writes it, whatever the program."""

from __future__ import annotations

from .base import Phrasing

PHRASINGS = (
    # Os { code: 101, kind: NetworkUnreachable, message: "Network is unreachable" }
    Phrasing(
        "rust debug",
        ("os { code:",),
        r"\bOs \{ code: (?P<error>101|113|99|100|19), (?:kind: \w{1,40}, )?message: \"[^\"]{1,80}\" \}",
    ),
    # tcp connect error: Network is unreachable (os error 101)
    Phrasing("rust display", ("os error",), r"<error> \(os error (?:101|113|99|100|19)\)"),
)
