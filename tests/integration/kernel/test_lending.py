# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes that lean on what is gone are brought back exactly, and nothing else stays."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel

LINK = "ip link add va type veth peer name vap; ip link set vap up; ip link set va up addrgenmode none; "


@pytest.mark.parametrize(
    ("family", "made", "dst"),
    [
        (
            4,
            "ip addr add 192.0.2.1/24 dev va; ip addr add 192.0.2.131/32 dev va;"
            "ip route add 10.1.0.0/17 via 192.0.2.9 src 192.0.2.131 table 100; ip addr del 192.0.2.131/32 dev va",
            "10.1.0.0/17",
        ),
        (
            4,
            "ip addr add 10.10.1.2/16 dev va; ip route add 10.14.0.0/16 via 10.10.200.1 dev va;"
            "ip addr add 10.10.1.2/24 dev va; ip addr del 10.10.1.2/16 dev va",
            "10.14.0.0/16",
        ),
        (
            4,
            "ip addr add 10.10.1.2/16 dev va; ip addr add 192.0.2.131/32 dev va;"
            "ip route add 10.14.0.0/16 table 100 src 192.0.2.131 nexthop via 10.10.200.1 dev va nexthop via 10.10.201.1 dev va;"
            "ip addr add 10.10.1.2/24 dev va; ip addr del 10.10.1.2/16 dev va; ip addr del 192.0.2.131/32 dev va",
            "10.14.0.0/16",
        ),
        (
            6,
            "ip -6 addr add 2001:db8::1/48 dev va nodad; ip -6 route add 2001:db8:9::/48 via 2001:db8:0:9::1 dev va;"
            "ip -6 addr add 2001:db8::2/64 dev va nodad; ip -6 addr del 2001:db8::1/48 dev va",
            "2001:db8:9::/48",
        ),
    ],
    ids=["source", "gateway", "both", "gateway6"],
)
def test_what_leans_on_what_is_gone_comes_back(netns, family, made, dst):
    ns = netns()
    ns.sh(LINK + made)
    shown = "ip -%d route show table all; ip addr show | grep inet" % family
    before = ns.sh(shown)
    with Kernel(ns.name) as kernel:
        (seen,) = kernel.seen_routes(dsts=[dst])
        collateral = kernel.collateral("route.del", seen)
        (changed,) = kernel.change("route.del", [seen])
        assert changed.done == 1
        (refused,) = kernel.change("route.add", [seen])
        assert refused.failed  # or this test shows nothing
        restored = kernel.restore("route.del", seen, collateral)
        assert (restored.done, restored.failed) == (1, ())
        assert kernel.restore("route.del", seen, collateral).done == 0
    assert sorted(ns.sh(shown).splitlines()) == sorted(before.splitlines())
