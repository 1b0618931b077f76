# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetworkManager's keyfiles and the older files of Red Hat's family."""

from __future__ import annotations

ENABLED = {"etc/systemd/system/multi-user.target.wants/NetworkManager.service": ""}
CONNECTIONS = "etc/NetworkManager/system-connections/"

STATIC = """\
[connection]
id=lan
uuid=2815492f-7e56-435e-b2e9-246bd7cdc664
type=ethernet
interface-name=eth0

[ethernet]

[ipv4]
method=manual
address1=192.0.2.10/24,192.0.2.1
address2=198.51.100.7/32
dns=192.0.2.53;192.0.2.54;
route1=203.0.113.0/24,192.0.2.254,50
route1_options=table=100,src=192.0.2.10
route2=10.0.0.0/8
route2_options=type=blackhole
routing-rule1=priority 1000 from 192.0.2.10/32 table 100

[ipv6]
method=auto
"""


def test_a_keyfile(boot) -> None:
    read = boot({CONNECTIONS + "lan.nmconnection": STATIC, **ENABLED})
    (link,) = [item for item in read.objects if item.kind == "link"]
    assert (link.selector, link.dynamic, link.made, link.certain) == ({"name": "eth0"}, True, False, True)
    assert read.of("address") == [
        {"address": "192.0.2.10/24", "interface": "eth0"},
        {"address": "198.51.100.7/32", "interface": "eth0"},
    ]
    assert read.where("address")[1] == ("/" + CONNECTIONS + "lan.nmconnection", 12, True)
    common = {"family": 4, "interface": "eth0", "type": "unicast"}
    assert read.of("route") == [
        dict(common, dst="0.0.0.0/0", table=254, gateway="192.0.2.1"),
        dict(common, dst="203.0.113.0/24", table=100, gateway="192.0.2.254", source="192.0.2.10", metric=50),
        {"family": 4, "dst": "10.0.0.0/8", "table": 254, "type": "blackhole"},
    ]
    assert read.of("rule") == [
        {"family": 4, "from": "192.0.2.10/32", "priority": 1000, "table": 100, "action": "lookup"}
    ]
    assert [item["address"] for item in read.of("resolver")] == ["192.0.2.53", "192.0.2.54"]


def test_which_profile_is_activated_may_not_be_known(boot) -> None:
    second = STATIC.replace("id=lan", "id=other").replace("192.0.2.10/24", "192.0.2.11/24")
    read = boot({CONNECTIONS + "a.nmconnection": STATIC, CONNECTIONS + "b.nmconnection": second, **ENABLED})
    assert {certain for _path, _line, certain in read.where("address")} == {False}
    manual = second.replace("interface-name=eth0", "interface-name=eth0\nautoconnect=false")
    read = boot({CONNECTIONS + "b.nmconnection": manual})
    assert [certain for _path, _line, certain in read.where("address")] == [True, True, False, False]
    anywhere = "[connection]\nid=x\ntype=ethernet\n[ipv4]\nmethod=manual\naddress1=192.0.2.9/24\n"
    read = boot({CONNECTIONS + "c.nmconnection": anywhere})
    assert read.of("address")[-1] == {"address": "192.0.2.9/24"} and read.where("address")[-1][2] is False


def test_a_tunnel_and_what_does_not_last(boot) -> None:
    tunnel = (
        "[connection]\nid=t\ntype=ip-tunnel\ninterface-name=gre1\n[ip-tunnel]\nmode=2\nlocal=192.0.2.10\nremote=198.51.100.1\n"
        "[ipv4]\nmethod=disabled\naddress1=10.0.0.1/30\n[ipv6]\nmethod=disabled\n"
    )
    read = boot(
        {
            CONNECTIONS + "t.nmconnection": tunnel,
            CONNECTIONS + "t.nmconnection~": STATIC,
            "run/NetworkManager/system-connections/now.nmconnection": STATIC,
            "run/NetworkManager/system-connections/netplan-eth1.nmconnection": STATIC.replace("eth0", "eth1"),
            "etc/netplan/01.yaml": "",
            **ENABLED,
        }
    )
    assert [(item.selector["name"], item.made) for item in read.objects if item.kind == "link"] == [
        ("gre1", True),
        ("eth1", False),
    ]
    assert read.of("link")[0] == {"name": "gre1", "link_kind": "gre", "local": "192.0.2.10", "remote": "198.51.100.1"}
    assert {item["interface"] for item in read.of("address")} == {"eth1"}


def test_links_that_it_leaves_alone(boot) -> None:
    files = {CONNECTIONS + "a.nmconnection": STATIC, **ENABLED}
    conf = "etc/NetworkManager/NetworkManager.conf"
    assert (
        boot({**files, conf: "[keyfile]\nunmanaged-devices=interface-name:eth*;except:interface-name:eth1\n"}).of(
            "address"
        )
        == []
    )
    assert boot({conf: "[keyfile]\nunmanaged-devices=*,except:interface-name:eth0\n"}).of("address") != []
    assert boot({conf: "[keyfile]\nunmanaged-devices=mac:02:00:00:00:00:02\n"}).of("address") == []
    assert boot({"etc/NetworkManager/conf.d/10-x.conf": "[keyfile]\nunmanaged-devices=none\n"}).of("address") != []


IFCFG = """\
DEVICE=eth0
TYPE=Ethernet
BOOTPROTO=none
ONBOOT="yes"
IPADDR=192.0.2.10
PREFIX=24
IPADDR1='192.0.2.11'   # a second one
NETMASK1=255.255.255.0
GATEWAY=192.0.2.1
DNS1=192.0.2.53
IPV6INIT=yes
IPV6ADDR=2001:db8::10/64
IPV6_DEFAULTGW=2001:db8::1
NAME="an open quote
"""


def test_ifcfg_files(boot) -> None:
    scripts = "etc/sysconfig/network-scripts/"
    read = boot(
        {
            scripts + "ifcfg-eth0": IFCFG,
            scripts + "ifcfg-lo": "DEVICE=lo\nIPADDR=127.0.0.1\n",
            scripts + "ifcfg-eth1": "DEVICE=eth1\nONBOOT=no\nBOOTPROTO=dhcp\nIPADDR=198.51.100.1\nPREFIX=24\n",
            scripts + "route-eth0": "ADDRESS0=203.0.113.0\nNETMASK0=255.255.255.0\nGATEWAY0=192.0.2.254\n"
            "198.51.100.0/24 via 192.0.2.254 dev eth0 table 100 # here\n",
            scripts + "rule-eth0": "from 192.0.2.10 table 100 priority 5\n",
            scripts + "route6-eth0": "2001:db8:1::/48 via 2001:db8::fe\n",
            "etc/rc3.d/S10network": "",
        }
    )
    links = {item.selector["name"]: (item.dynamic, item.certain) for item in read.objects if item.kind == "link"}
    assert links == {"eth0": (False, True), "eth1": (True, False)}
    assert [item["address"] for item in read.of("address")] == [
        "192.0.2.10/24",
        "192.0.2.11/24",
        "2001:db8::10/64",
        "198.51.100.1/24",
    ]
    assert [(item["dst"], item["gateway"], item["table"], item["interface"]) for item in read.of("route")] == [
        ("0.0.0.0/0", "192.0.2.1", 254, "eth0"),
        ("::/0", "2001:db8::1", 254, "eth0"),
        ("203.0.113.0/24", "192.0.2.254", 254, "eth0"),
        ("198.51.100.0/24", "192.0.2.254", 100, "eth0"),
        ("2001:db8:1::/48", "2001:db8::fe", 254, "eth0"),
    ]
    assert read.of("rule") == [{"family": 4, "from": "192.0.2.10/32", "priority": 5, "table": 100, "action": "lookup"}]
    assert {item.manager for item in read.objects} == {"ifcfg"}
