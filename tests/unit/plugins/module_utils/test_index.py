# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The questions that rules ask of a snapshot."""

from __future__ import annotations

from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index, is_unspecified
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Address,
    Link,
    Neighbour,
    NextHop,
    Rule,
    Snapshot,
)

INDEX = Index(
    Snapshot(
        links=(Link(1, "lo", loopback=True), Link(2, "eth0")),
        addresses=(Address(4, 2, "192.0.2.1", 24), Address(6, 2, "fe80::1", 64, scope="link")),
        rules=(Rule(4, 0, table=255), Rule(6, 0, table=255), Rule(4, 32766, table=254)),
        nexthops=(NextHop(7, 4, ifindex=2),),
        neighbours=(Neighbour(4, 2, "192.0.2.254", state="FAILED"),),
        local=("127.0.0.0/8", "198.51.100.7/32", "203.0.113.0/24", "2001:db8:1::/48"),
    )
)


def test_locality_is_host_wide() -> None:
    for held in (
        "192.0.2.1",
        "127.9.9.9",
        "198.51.100.7",
        "203.0.113.200",
        "2001:db8:1:2::3",
        "fe80::1",
        "fe80::1%eth0",
    ):
        assert INDEX.is_local(held), held
    for foreign in ("192.0.2.2", "198.51.100.8", "203.0.114.1", "2001:db8:2::1", "fe80::2"):
        assert not INDEX.is_local(foreign), foreign


def test_look_ups() -> None:
    assert INDEX.link(2) is INDEX.link_named("eth0")
    assert INDEX.link(3) is None and INDEX.link(None) is None and INDEX.link_named("gone") is None
    assert (INDEX.name_of(2), INDEX.name_of(9), INDEX.name_of(None)) == ("eth0", "if9", None)
    assert [address.address for address in INDEX.addresses_on(2)] == ["192.0.2.1", "fe80::1"]
    assert INDEX.addresses_on(9) == ()
    assert [rule.priority for rule in INDEX.rules(4)] == [0, 32766]
    nexthop, neighbour = INDEX.nexthop(7), INDEX.neighbour(2, "192.0.2.254")
    assert nexthop is not None and nexthop.ifindex == 2
    assert neighbour is not None and neighbour.state == "FAILED"
    assert INDEX.nexthop(8) is None and INDEX.neighbour(2, "192.0.2.253") is None


def test_unspecified() -> None:
    assert is_unspecified("0.0.0.0") and is_unspecified("::") and not is_unspecified("0.0.0.1")
