# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Intent: validated, and spelled as the kernel prints it."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.intent import load


def test_spelled_as_the_kernel_prints_it() -> None:
    intent = load(
        {
            "addresses": [{"address": "192.0.2.10", "interface": "lo"}, {"address": "2001:DB8::1/64"}],
            "routes": [
                {"dst": "default"},
                {"dst": "default", "family": "ipv6"},
                {"dst": "2001:DB8::/32", "table": 100},
            ],
            "rules": [{"from": "192.0.2.10", "table": 100}, {"from": "all", "priority": 7, "family": "ipv6"}],
            "links": [{"name": "eth0"}],
            "resolvers": ["2001:DB8::53", "fe80::1%eth0", "2001:db8::53"],
        }
    )
    assert intent.resolvers == ("2001:db8::53", "fe80::1")
    assert [(item["address"], item["family"]) for item in intent.addresses] == [
        ("192.0.2.10/32", 4),
        ("2001:db8::1/64", 6),
    ]
    assert [(item["dst"], item["family"], item["table"]) for item in intent.routes] == [
        ("0.0.0.0/0", 4, 254),
        ("::/0", 6, 254),
        ("2001:db8::/32", 6, 100),
    ]
    assert [(item["from"], item["family"]) for item in intent.rules] == [("192.0.2.10/32", 4), (None, 6)]


def test_gateways_and_sources_are_spelled_as_the_kernel_prints_them() -> None:
    route = {"dst": "2001:db8::/32", "gateway": "2001:DB8:0::FE", "source": "2001:0db8::1"}
    (item,) = load({"routes": [route]}).routes
    assert (item["gateway"], item["source"]) == ("2001:db8::fe", "2001:db8::1")


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"addresses": [{"address": "192.0.2.300"}]}, "intent.addresses: .*192.0.2.300.*expected something like"),
        ({"routes": [{"dst": "192.0.2.1/24"}]}, "intent.routes: dst: .*host bits.*expected a prefix"),
        (
            {"routes": [{"dst": "default", "gateway": "eth0"}]},
            "intent.routes 0.0.0.0/0: gateway: .*expected an address",
        ),
        ({"resolvers": ["dns.example"]}, "intent: resolvers: .*dns.example.*expected an address"),
        ({"rules": [{"from": "x", "table": 1}]}, "intent.rules: from: .*expected a prefix"),
        ({"rules": [{"oif": "eth0"}]}, "intent.rules: a rule needs at least one of"),
    ],
)
def test_bad_input_is_named(declared, words) -> None:
    with pytest.raises(ValueError, match=words):
        load(declared)
