# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A path of real namespaces: a host, two routers, and a far end, with links that can be made narrow."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.probing.run import probe

FAR, FAR6 = "198.51.100.3", "2001:db8:3::3"
ROUTERS = ("192.0.2.1", "203.0.113.2")
ROUTERS6 = ("2001:db8:1::1", "2001:db8:2::2")
NO_TELLING = (
    "nft 'table inet hole { chain o { type filter hook output priority 0; icmp type destination-unreachable icmp code "
    "frag-needed drop; icmpv6 type packet-too-big drop; }; }'"
)
"""What makes a router a black hole: its own word that a packet is too big is dropped."""


class Path(t.NamedTuple):
    host: t.Any
    first: t.Any
    second: t.Any
    far: t.Any


def path(netns: t.Callable[[], t.Any]) -> Path:
    """host eth0 - down0 first up0 - down0 second up0 - eth0 far; IPv4 and IPv6."""
    made = Path(netns(), netns(), netns(), netns())
    for each in made:
        each.sh("echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad")
    for router in (made.first, made.second):
        router.sh("echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
    _join(
        made.host, "eth0", "192.0.2.10/24", "2001:db8:1::10/64", made.first, "down0", "192.0.2.1/24", "2001:db8:1::1/64"
    )
    _join(
        made.first,
        "up0",
        "203.0.113.1/24",
        "2001:db8:2::1/64",
        made.second,
        "down0",
        "203.0.113.2/24",
        "2001:db8:2::2/64",
    )
    _join(
        made.second,
        "up0",
        "198.51.100.1/24",
        "2001:db8:3::1/64",
        made.far,
        "eth0",
        "198.51.100.3/24",
        "2001:db8:3::3/64",
    )
    made.host.sh("ip route add default via 192.0.2.1; ip -6 route add default via 2001:db8:1::1")
    made.first.sh("ip route add 198.51.100.0/24 via 203.0.113.2; ip -6 route add 2001:db8:3::/64 via 2001:db8:2::2")
    made.second.sh("ip route add 192.0.2.0/24 via 203.0.113.1; ip -6 route add 2001:db8:1::/64 via 2001:db8:2::1")
    made.far.sh("ip route add default via 198.51.100.1; ip -6 route add default via 2001:db8:3::1")
    _settle(made)
    return made


def _settle(made: Path) -> None:
    """The kernel finishes IPv6 addresses in its own time; neighbours are known then, too."""
    for to in (FAR, FAR6):
        end = time.monotonic() + 20
        while probe({"netns": made.host.name, "to": to, "timeout": 0.5})["verdict"] != "answered":
            assert time.monotonic() < end, "%s is not reached" % to


def narrow(made: Path, mtu: int) -> None:
    """Between the routers."""
    made.first.sh("ip link set up0 mtu %d" % mtu)
    made.second.sh("ip link set down0 mtu %d" % mtu)


def _join(one: t.Any, name: str, own: str, own6: str, other: t.Any, far: str, theirs: str, theirs6: str) -> None:
    one.sh("ip link add %s type veth peer name %s netns %s" % (name, far, other.name))
    for each, link, address, address6 in ((one, name, own, own6), (other, far, theirs, theirs6)):
        each.sh(
            "ip address add %s dev %s; ip address add %s dev %s nodad; ip link set %s up"
            % (address, link, address6, link, link)
        )
