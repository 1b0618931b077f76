# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the files hold: nothing raises, all is bounded, and what is told is spelled as the kernel does."""

from __future__ import annotations

import ipaddress
import time

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.boot import (
    commands,
    ifcfg,
    ifupdown,
    networkd,
    networkmanager,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.model import BootObject
from hypothesis import given, settings
from hypothesis import strategies as st

WORDS = st.sampled_from(
    """[Match] [Network] [Address] [Route] [RoutingPolicyRule] [NetDev] [Tunnel] [connection] [ipv4] [ipv6] [ Name Address
    Gateway Destination Table From To Priority FirewallMark DNS Kind Local interface-name address1 route1 route1_options
    routing-rule1 method type dns iface auto source inet inet6 static address netmask gateway up post-up ip route rule addr add
    via dev table src from to pref fwmark default DEVICE IPADDR PREFIX GATEWAY ADDRESS0 NETMASK0 eth0 eth* 192.0.2.1 192.0.2.1/24
    2001:db8::1/64 fe80::1%eth0 100 main 0x10/0xff -1 99999999999999999999 none yes""".split()
)  # fmt: skip
MARKS = st.sampled_from(
    ["\n", "\n", " ", " ", "=", "=", ",", ";", "'", '"', "\\", "\\\n", "#", "$", "&&", "\x00", "\udc80", "²"]
)
TEXTS = st.lists(WORDS | MARKS, max_size=60).map("".join)


def read(text):
    found = networkd.sections([("/x.network", text)])
    networkd.names(found)
    yield from networkd.network(found, "eth0")
    yield from networkd.netdev(found)
    profile = networkmanager.profile(text, "/x")
    yield from networkmanager.objects([profile] if profile else [])
    yield from ifupdown.objects([ifupdown.parse(text, "/x")])
    yield from ifcfg.link(text, "/ifcfg-eth0")
    yield from ifcfg.routes(text, "/route-eth0")
    yield from ifcfg.rules(text, "/rule-eth0")
    for line in text.split("\n"):
        for kind, selector, _sure in commands.commands(line, {"IFACE": "eth0"}):
            yield BootObject(kind, selector, "script", "/x", 1)


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_any_text(text) -> None:
    for item in read(text):
        said = item.selector
        assert item.line and item.path
        if item.kind == "address":
            assert str(ipaddress.ip_interface(said["address"])) == said["address"]
        elif item.kind == "route":
            assert ipaddress.ip_network(said["dst"]).version == said["family"]
            assert said["gateway"] is None or ipaddress.ip_address(said["gateway"])
            assert said["table"] is None or 0 <= said["table"] < 1 << 32
        elif item.kind == "rule":
            for key in ("from", "to"):
                assert said[key] is None or ipaddress.ip_network(said[key])


@pytest.mark.parametrize(
    "unit", ["ip route add ", "[Route]\n", "=", "\\\n", "iface a inet static\naddress 192.0.2.1\n", "'", ";", "&&"]
)
def test_a_megabyte_of_anything_is_read_in_time(unit) -> None:
    text = unit * ((1 << 20) // len(unit))
    started = time.monotonic()
    assert sum(1 for _item in read(text)) < 400_000
    assert time.monotonic() - started < 60
