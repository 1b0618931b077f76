# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which destinations an audit probes: few, the most telling first, and none twice."""

from __future__ import annotations

from ansible_collections.netmend.reclaim.plugins.module_utils.model import Link, OwnerSession, Session
from ansible_collections.netmend.reclaim.plugins.module_utils.probing.aims import MOST, Aim, chosen

LINKS = (
    Link(2, "eth0", up=True, mtu=1500),
    Link(3, "gre1", kind="gre", up=True, local="192.0.2.10", remote="198.51.100.3", underlay=2),
    Link(4, "gre2", kind="gre", up=False, remote="198.51.100.4"),
    Link(5, "gre0", kind="gre", up=True, remote="198.51.100.5"),
)


def socket(remote: str | None, **more: object) -> Session:
    fields = {"family": 4, "protocol": "tcp", "local": "192.0.2.10", "local_port": 5000, "remote": remote, "inode": 7}
    return Session(**{**fields, **more})  # type: ignore[arg-type]


def held(peer: str | None) -> OwnerSession:
    return OwnerSession("vpnd", None, None, "eth0", "192.0.2.10", peer)


def test_tunnels_first_then_the_most_sockets_then_daemons() -> None:
    sockets = [socket("203.0.113.2")] + [socket("203.0.113.1", ifindex=2, mark=16)] * 2
    assert chosen(LINKS, sockets, (held("203.0.113.9"), held(None)), ()) == (
        Aim("198.51.100.3", "192.0.2.10", "eth0", wanted_by="tunnel gre1", tunnel="gre1"),
        Aim("203.0.113.1", "192.0.2.10", "eth0", 16, "2 sockets"),
        Aim("203.0.113.2", "192.0.2.10", wanted_by="1 socket"),
        Aim("203.0.113.9", "192.0.2.10", "eth0", wanted_by="a session of vpnd"),
    )


def test_what_needs_no_probe() -> None:
    sockets = [
        socket(None),
        socket("127.0.0.1"),
        socket("192.0.2.11"),
        socket("224.0.0.1"),
        socket("fe80::1", family=6),
        socket("0.0.0.0"),
        socket("203.0.113.1", state="TIME-WAIT"),
        socket("203.0.113.1", inode=0),
    ]
    assert chosen(LINKS[:1], sockets, (held("no address"),), {"192.0.2.10", "192.0.2.11"}) == ()


def test_ipv4_over_an_ipv6_socket_is_ipv4() -> None:
    mapped = socket("::ffff:203.0.113.1", family=6, local="::")
    assert chosen((), [mapped, socket("203.0.113.1")], (), ()) == (Aim("203.0.113.1", wanted_by="2 sockets"),)


def test_there_are_few_of_them_however_many_sockets_there_are() -> None:
    many = (socket("10.%d.%d.1" % (number >> 8, number & 255)) for number in range(50000))
    assert len(chosen((), many, (), ())) == MOST
