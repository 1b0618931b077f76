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
        r"\bOs \{ code: (?P<error>101|113|99|100|19), kind: \w{1,40}, message: \"[^\"]{1,80}\" \}",
    ),
    # Failed to send to [2001:db8::1]:19302 from [::]:45307: Network is unreachable (os error 101)
    Phrasing(
        "rust send from",
        ("os error",),
        r"\b(?:send|sent|sending|write) to <remote> from <local>: <sent> \(os error \d{1,3}\)",
    ),
    # error sending to 192.0.2.1:53: Network is unreachable (os error 101)
    Phrasing(
        "rust send",
        ("os error",),
        r"\b(?:send|sending|sent|connect|connecting|connection|write) (?:\w{1,16} ){0,2}to <remote>[:,] (?:\w[\w ]{0,40}: )?"
        r"<sent> \(os error \d{1,3}\)",
    ),
    Phrasing(
        "rust bind", ("os error",), r"\bbind(?:ing)?(?: socket)?(?: to| on)? <local>: <error> \(os error \d{1,3}\)"
    ),
    # tcp connect error: Network is unreachable (os error 101)
    Phrasing("rust display", ("os error",), r"<error> \(os error (?:101|113|99|100|19)\)"),
    Phrasing(
        "rust send refused",
        ("os error",),
        r"\b(?:send|sendto|sendmsg|sending|transmit|connect)\w{0,4}[^:;\n]{0,60}: <sent> \(os error (?:1|13|22)\)",
    ),
)
