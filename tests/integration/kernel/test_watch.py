# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel tells of as it goes: everything that an audit looks at, and nothing else."""

from __future__ import annotations

import select

from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import watch
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.watch import Gone, Watch

WORLD = """
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up
ip addr add 192.0.2.1/24 dev v0; ip -6 addr add 2001:db8::1/64 dev v0 nodad
ip route add default via 192.0.2.9; ip -6 route add default via 2001:db8::9
ip route add 203.0.113.0/24 via 192.0.2.9; ip rule add pref 100 from 192.0.2.1 lookup 7
ip -6 rule add pref 101 to 2001:db8:7::/48 lookup 8; ip route add default via 192.0.2.9 table 7
"""


def drained(opened: Watch) -> tuple[list[Gone], bool]:
    """All that the kernel told by now."""
    gone: list[Gone] = []
    lost = False
    while select.select([opened], [], [], 0.3)[0]:
        more, missing = opened.read()
        gone += more
        lost = lost or missing
    return gone, lost


def test_removals_are_told_and_nothing_else(netns) -> None:
    host = netns()
    host.sh(WORLD)
    with Watch(host.name) as opened:
        host.sh("""
            ip route del 203.0.113.0/24; ip route del default via 192.0.2.9 table 7; ip -6 route del default
            ip rule del pref 100; ip -6 rule del pref 101; ip addr add 192.0.2.2/32 dev v0; ip addr del 192.0.2.2/32 dev v0
            ip -6 addr del 2001:db8::1/64 dev v0; ip link set v0 mtu 1400
        """)
        gone, lost = drained(opened)
    assert not lost
    told = [(each.kind, each.interface, getattr(each.item, "address", None)) for each in gone]
    assert told == [
        ("default-route", "v0", None),
        ("default-route", "v0", None),
        ("rule", None, None),
        ("rule", None, None),
        ("address", "v0", "192.0.2.2"),
        ("address", "v0", "2001:db8::1"),
    ]
    assert [(each.item.family, each.item.table) for each in gone[:2]] == [(4, 7), (6, 254)]
    assert [(each.item.family, each.item.priority, each.item.table) for each in gone[2:4]] == [(4, 100, 7), (6, 101, 8)]


def test_of_routes_that_go_with_their_link_only_the_link_is_told(netns) -> None:
    host = netns()
    host.sh(WORLD)
    with Watch(host.name) as opened:
        host.sh("ip link set v0 down")
        assert "default" not in host.sh("ip -4 route show table main")
        down, _lost = drained(opened)
        host.sh("ip link del v0")
        deleted, _lost = drained(opened)
    assert ("link-up", "v0") in [(each.kind, each.interface) for each in down]
    assert not [each for each in down if each.kind == "default-route" and each.item.family == 4]
    assert {each.interface for each in deleted if each.kind == "link"} == {"v0", "v1"}
    assert ("address", "v0") in [(each.kind, each.interface) for each in deleted]


def test_a_link_that_leaves_its_bridge_is_not_gone(netns) -> None:
    host = netns()
    host.sh("ip link add br0 type bridge; ip link add v0 type veth peer name v1; ip link set v0 master br0 up")
    with Watch(host.name) as opened:
        host.sh("ip link set v0 nomaster")
        assert drained(opened) == ([], False)


def test_a_link_is_known_by_the_name_that_it_has_now(netns) -> None:
    host = netns()
    host.sh("ip link add old type veth peer name far")
    with Watch(host.name) as opened:
        host.sh("ip link set old name new; ip addr add 192.0.2.1/24 dev new; ip addr del 192.0.2.1/24 dev new")
        gone, _lost = drained(opened)
    assert [(each.kind, each.interface) for each in gone] == [("address", "new")]


def test_what_overruns_the_buffer_is_told(netns, monkeypatch) -> None:
    host = netns()
    monkeypatch.setattr(watch, "_BUFFER", 4096)
    with Watch(host.name) as opened:
        host.batch("".join("address add 10.0.%d.%d/32 dev lo\n" % divmod(number, 250) for number in range(500)))
        host.sh("ip addr flush dev lo scope global")
        gone, lost = drained(opened)
        assert lost and len(gone) < 500
        host.sh("ip addr add 192.0.2.1/32 dev lo; ip addr del 192.0.2.1/32 dev lo")
        assert [each.item.address for each in drained(opened)[0]] == ["192.0.2.1"]


def test_ten_thousand_removals_are_all_read(netns) -> None:
    host = netns()
    host.batch("".join("rule add pref %d lookup 7\n" % number for number in range(1000, 11000)))
    with Watch(host.name) as opened:
        host.batch("".join("rule del pref %d\n" % number for number in range(1000, 11000)))
        gone, lost = drained(opened)
    # With a buffer as large as root may have nothing is lost though nobody read meanwhile.
    assert (len(gone), lost) == (10000, False)
