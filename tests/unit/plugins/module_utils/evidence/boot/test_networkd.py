# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""systemd-networkd's files, as systemd.network(5) and systemd.netdev(5) describe them."""

from __future__ import annotations

from ansible_collections.netmend.reclaim.plugins.module_utils.model import Link

ENABLED = {"etc/systemd/system/multi-user.target.wants/systemd-networkd.service": ""}


def test_a_static_link_with_routes_and_rules(boot) -> None:
    text = """\
[Match]
Name=eth0

[Network]
# several may stand here
Address=192.0.2.10/24
Address=2001:DB8::10/64
Gateway=192.0.2.1
DNS=192.0.2.53 \\
    2001:db8::53#dns.example

[Address]
Address=198.51.100.7/32
Peer=198.51.100.8/32

[Route]
Destination=203.0.113.0/24
Gateway=192.0.2.254
Table=100
PreferredSource=192.0.2.10
Metric=50

[Route]
Gateway=_dhcp4

[Route]
Destination=10.0.0.0/8
Type=blackhole

[RoutingPolicyRule]
From=192.0.2.10
Table=100
Priority=1000
FirewallMark=0x10/0xff
IncomingInterface=eth1

[RoutingPolicyRule]
Family=both
Table=main
Priority=7

[RoutingPolicyRule]
To=2001:db8:1::/48
Type=prohibit
"""
    read = boot({"etc/systemd/network/10-eth0.network": text, **ENABLED})
    assert read.unseen == []
    assert read.of("link") == [{"name": "eth0"}]
    assert read.of("address") == [
        {"address": "192.0.2.10/24", "interface": "eth0"},
        {"address": "2001:db8::10/64", "interface": "eth0"},
        {"address": "198.51.100.7/32", "interface": "eth0"},
    ]
    path = "/etc/systemd/network/10-eth0.network"
    assert read.where("address") == [(path, 6, True), (path, 7, True), (path, 13, True)]
    assert read.of("resolver") == [
        {"address": "192.0.2.53", "interface": "eth0"},
        {"address": "2001:db8::53", "interface": "eth0"},
    ]
    common = {"family": 4, "interface": "eth0", "type": "unicast"}
    assert read.of("route") == [
        dict(common, dst="0.0.0.0/0", table=254, gateway="192.0.2.1"),
        dict(common, dst="203.0.113.0/24", table=100, gateway="192.0.2.254", source="192.0.2.10", metric=50),
        dict(common, dst="0.0.0.0/0", table=254),
        {"family": 4, "dst": "10.0.0.0/8", "table": 254, "type": "blackhole"},
    ]
    assert [certain for _path, _line, certain in read.where("route")] == [True, True, False, True]
    marked = {"from": "192.0.2.10/32", "priority": 1000, "iif": "eth1", "mark": 16}
    assert read.of("rule") == [
        dict(marked, family=4, table=100, action="lookup"),
        {"family": 4, "table": 254, "priority": 7, "action": "lookup"},
        {"family": 6, "table": 254, "priority": 7, "action": "lookup"},
        {"family": 6, "to": "2001:db8:1::/48", "action": "prohibit"},
    ]


def test_the_first_file_counts_and_a_name_higher_up_replaces_it(boot) -> None:
    read = boot(
        {
            "usr/lib/systemd/network/50-all.network": "[Match]\nName=*\n[Network]\nDHCP=yes\n",
            "usr/lib/systemd/network/20-eth.network": "[Match]\nName=eth*\n[Network]\nAddress=192.0.2.1/24\n",
            "etc/systemd/network/20-eth.network": "[Match]\nName=!eth1 lo\n[Network]\nAddress=192.0.2.2/24\n",
            "usr/lib/systemd/network/10-no.network": "[Match]\nName=eth0\n[Network]\nAddress=192.0.2.3/24\n",
            "etc/systemd/network/10-no.network": None,
            **ENABLED,
        }
    )
    assert read.of("address") == [{"address": "192.0.2.2/24", "interface": "eth0"}]
    assert [(item.selector["name"], item.dynamic) for item in read.objects if item.kind == "link"] == [
        ("eth0", False),
        ("lo", True),
        ("eth1", True),
    ]


def test_drop_ins_add_and_take_back(boot) -> None:
    read = boot(
        {
            "etc/systemd/network/10-a.network": "[Match]\nName=eth0\n[Network]\nAddress=192.0.2.1/24\nDNS=192.0.2.53\n",
            "usr/lib/systemd/network/10-a.network.d/10-x.conf": "[Network]\nAddress=192.0.2.9/24\n",
            "etc/systemd/network/10-a.network.d/10-x.conf": "[Network]\nDNS=\nDNS=192.0.2.54\n",
            "run/systemd/network/10-a.network.d/20-y.conf": "[Address]\nAddress=192.0.2.7/24\n",
            "etc/systemd/network/10-a.network.d/README": "[Network]\nAddress=192.0.2.8/24\n",
            **ENABLED,
        }
    )
    assert [item["address"] for item in read.of("address")] == ["192.0.2.1/24", "192.0.2.7/24"]
    assert read.of("resolver") == [{"address": "192.0.2.54", "interface": "eth0"}]


def test_conditions_that_are_not_known_here_leave_it_open(boot) -> None:
    read = boot(
        {
            "etc/systemd/network/10-a.network": "[Match]\nName=eth0\nDriver=virtio_net\n[Network]\nAddress=192.0.2.1/24\n",
            "etc/systemd/network/20-b.network": "[Match]\nMACAddress=02:00:00:00:00:03\n[Network]\nAddress=192.0.2.2/24\n",
            "etc/systemd/network/30-c.network": "[Match]\nName=wg9 wl*\n[Network]\nAddress=192.0.2.3/24\n",
            **ENABLED,
        }
    )
    assert [(item.selector["interface"], item.certain) for item in read.objects if item.kind == "address"] == [
        ("eth0", False),
        ("eth1", True),
        ("wg9", True),
    ]


def test_links_that_it_makes_or_leaves_alone(boot) -> None:
    read = boot(
        {
            "etc/systemd/network/30-gre.netdev": "[NetDev]\nName=gre1\nKind=gre\n[Tunnel]\nLocal=192.0.2.1\nRemote=198.51.100.1\n",
            "etc/systemd/network/30-any.netdev": "[Match]\nHost=other\n[NetDev]\nName=br0\nKind=bridge\n",
            "etc/systemd/network/40-x.network": "[Match]\nName=eth0\n[Link]\nUnmanaged=yes\n[Network]\nAddress=192.0.2.1/24\n",
            "etc/systemd/network/70-y.link": "[Match]\nMACAddress=02:00:00:00:00:09\n[Link]\nName=lan9\n",
            **ENABLED,
        }
    )
    assert read.of("address") == []
    assert [(item.selector["name"], item.made, item.certain) for item in read.objects] == [
        ("br0", True, False),
        ("gre1", True, True),
        ("lan9", False, False),
    ]
    assert read.of("link")[1] == {"name": "gre1", "link_kind": "gre", "local": "192.0.2.1", "remote": "198.51.100.1"}


def test_whether_it_takes_effect(boot) -> None:
    file = {"etc/systemd/network/10-a.network": "[Match]\nName=eth0\n[Network]\nAddress=192.0.2.1/24\n"}
    assert [item.certain for item in boot(file).objects] == [False, False]  # nothing says how services are started
    other = {"etc/systemd/system/multi-user.target.wants/ssh.service": ""}
    assert boot({**file, **other}).objects == ()
    assert [item.certain for item in boot(file, alive={"systemd-networkd": True}).objects] == [False, False]
    assert [item.certain for item in boot({**file, **ENABLED}).objects] == [True, True]
    masked = {"etc/systemd/system/systemd-networkd.service": None}
    assert boot(masked).objects == ()


def test_what_is_below_run_does_not_last_but_netplans(boot) -> None:
    text = "[Match]\nName=%s\n[Network]\nAddress=192.0.2.1/24\n"
    yaml = "network: {version: 2}\n"
    read = boot(
        {
            "etc/netplan/01.yaml": yaml,
            "run/systemd/network/10-netplan-eth0.network": text % "eth0",
            "run/systemd/network/10-tmp.network": text % "eth1",
            **ENABLED,
        }
    )
    assert {item.selector["interface"]: item.certain for item in read.objects if item.kind == "address"} == {
        "eth0": True,
        "eth1": False,
    }
    assert read.unseen == []


def test_netplan_that_generated_nothing_is_unseen(boot) -> None:
    read = boot({"etc/netplan/01.yaml": "network: {version: 2}\n", **ENABLED})
    (unseen,) = read.unseen
    assert unseen.what == "boot configuration /etc/netplan/01.yaml" and "netplan generate" in unseen.why


def test_a_link_of_a_kind(boot) -> None:
    links = (Link(5, "ve-x", "veth", lladdr="02:00:00:00:00:05"), Link(6, "gre1", "gre"))
    read = boot(
        {"usr/lib/systemd/network/80-ve.network": "[Match]\nKind=veth\nName=ve-*\n[Network]\nLLDP=yes\n", **ENABLED},
        links,
    )
    assert read.of("link") == [{"name": "ve-x"}]
