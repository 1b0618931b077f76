# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is taken for the name of a host, and what is not: it is asked for as it stands."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.resolving import host_name, is_address

LABEL = "a" * 63


@pytest.mark.parametrize(
    "text",
    [
        "localhost", "vpn.example.net", "vpn.example.net.", "3com.example", "my_service", "_sip._udp.example.net", "a-b.c",
        "xn--bcher-kva.example", LABEL, ".".join([LABEL, LABEL, LABEL, "a" * 61]), "1.2.3.4.example", "0x10.example",
    ],
)  # fmt: skip
def test_names(text) -> None:
    assert host_name(text, "to") == text
    assert not is_address(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "neither an address nor the name of a host"),
        (".", "neither an address nor"),
        ("a..b", "each part between dots"),
        ("-a.example", "each part between dots"),
        ("a-.example", "each part between dots"),
        ("a b", "each part between dots"),
        ("a;reboot", "each part between dots"),
        ("@192.0.2.1", "each part between dots"),
        ("a\n", "'a\\n' is neither"),
        ("a\0.example", "each part between dots"),
        ("\x1b[2J", "'\\x1b[2J' is neither"),
        ("a/24", "each part between dots"),
        ("$(id).example", "each part between dots"),
        (LABEL + "a.example", "1 to 63 letters"),
        (".".join([LABEL, LABEL, LABEL, "a" * 62]), "has 254 characters; a host name has at most 253"),
        ("a." * 100000 + "a", "has 200001 characters"),
        ("b\u00fccher.example", "write the name as it is asked for, xn--"),
        ("vpn.ex\u0430mple.net", "has characters that DNS does not know"),
        ("\u202eten.elpmaxe", "'\\u202eten.elpmaxe' has characters"),
        # What the C libraries would take for an address (inet_aton(3)), and what was to be one.
        ("127.1", "its last part is a number"),
        ("2130706433", "its last part is a number"),
        ("0x7f.1", "its last part is a number"),
        ("0x7f000001", "its last part is a number"),
        ("192.0.2.256", "its last part is a number"),
    ],
)
def test_what_is_no_name_is_refused_in_words(text, words) -> None:
    with pytest.raises(ValueError, match="^to: ") as refused:
        host_name(text, "to")
    assert words in str(refused.value)
    assert len(str(refused.value)) < 400 and str(refused.value).isprintable()


@pytest.mark.parametrize(
    "text", ["192.0.2.1", "2001:db8::1", "fe80::1%eth0", "::ffff:192.0.2.1", "2001:db8::g", "host:53"]
)
def test_what_is_meant_as_an_address(text) -> None:
    assert is_address(text)
