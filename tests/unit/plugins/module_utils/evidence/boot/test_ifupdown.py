# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/etc/network/interfaces and what it sources, as interfaces(5) describes it; ip commands, wherever they stand."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.boot import commands

ENABLED = {"etc/systemd/system/network-online.target.wants/networking.service": ""}

INTERFACES = """\
# interfaces(5) file used by ifup(8) and ifdown(8)
source /etc/network/interfaces.d/*.cfg
source-directory more

auto lo eth0
iface lo inet loopback

iface eth0 inet static
    address 192.0.2.10
    netmask 255.255.255.0
    gateway 192.0.2.1
    metric 20
    dns-nameservers 192.0.2.53 192.0.2.54
    up ip route add 203.0.113.0/24 via 192.0.2.254 dev $IFACE table 100 src 192.0.2.10 || true
    post-up ip rule add from 192.0.2.10/32 lookup 100 pref 1000; /sbin/ip -6 addr add 2001:db8::7/64 dev "${IFACE}"
    up echo ip route add 10.0.0.0/8 via 192.0.2.3
    down ip route del 203.0.113.0/24
iface eth0 inet6 static
    address 2001:db8::10/64

allow-hotplug eth1
iface eth1 inet dhcp
    up ip addr add 198.51.100.9/32 dev eth1

iface eth2 inet static
    address 198.51.100.1/24
"""


def test_interfaces(boot) -> None:
    read = boot(
        {
            "etc/network/interfaces": INTERFACES,
            "etc/network/interfaces.d/gre.cfg": "auto gre1\niface gre1 inet tunnel\n  mode gre\n  local 192.0.2.10\n"
            "  endpoint 198.51.100.2\n  address 10.0.0.1/30\n",
            "etc/network/interfaces.d/ignored": "auto eth9\niface eth9 inet static\n  address 192.0.2.99/24\n",
            "etc/network/more/br0": "auto br0\niface br0 inet manual\n  bridge_ports eth1\n",
            "etc/network/more/br1.bak": "auto br1\niface br1 inet manual\n",
            **ENABLED,
        }
    )
    links = {
        item.selector["name"]: (item.made, item.dynamic, item.certain) for item in read.objects if item.kind == "link"
    }
    assert links == {
        "lo": (False, False, True),
        "eth0": (False, False, True),
        "eth1": (False, True, True),
        "eth2": (False, False, False),
        "gre1": (True, False, True),
        "br0": (True, False, True),
    }
    assert {"name": "gre1", "link_kind": "gre", "local": "192.0.2.10", "remote": "198.51.100.2"} in read.of("link")
    assert read.of("address") == [
        {"address": "192.0.2.10/24", "interface": "eth0"},
        {"address": "2001:db8::7/64", "interface": "eth0"},
        {"address": "2001:db8::10/64", "interface": "eth0"},
        {"address": "198.51.100.9/32", "interface": "eth1"},
        {"address": "198.51.100.1/24", "interface": "eth2"},
        {"address": "10.0.0.1/30", "interface": "gre1"},
    ]
    assert read.where("address")[0] == ("/etc/network/interfaces", 9, True)
    common = {"family": 4, "interface": "eth0", "type": "unicast"}
    assert read.of("route") == [
        dict(common, dst="0.0.0.0/0", table=254, gateway="192.0.2.1", metric=20, onlink=True),
        dict(common, dst="203.0.113.0/24", table=100, gateway="192.0.2.254", source="192.0.2.10"),
    ]
    assert read.of("rule") == [
        {"family": 4, "from": "192.0.2.10/32", "priority": 1000, "table": 100, "action": "lookup"}
    ]
    assert [item["address"] for item in read.of("resolver")] == ["192.0.2.53", "192.0.2.54"]


@pytest.mark.parametrize(
    ("options", "address", "certain"),
    [
        (["address 192.0.2.1/24"], "192.0.2.1/24", True),
        (["address 192.0.2.1", "netmask 24"], "192.0.2.1/24", True),
        (["address 192.0.2.1/24", "netmask 255.255.255.0"], "192.0.2.1/24", True),
        (["address 192.0.2.1/24", "netmask 255.255.0.0"], "192.0.2.1/16", False),
        (["address 10.0.0.1"], "10.0.0.1/8", False),
        (["address 172.16.0.1"], "172.16.0.1/16", False),
        (["address 192.0.2.1"], "192.0.2.1/24", False),
        (["address 224.0.0.1"], "224.0.0.1/32", False),
        (["address 192.0.2.1/24", "pointopoint 192.0.2.2"], "192.0.2.1/32", True),
        (["address 2001:db8::1"], "2001:db8::1/128", True),
        (["address 2001:db8::1", "netmask 64"], "2001:db8::1/64", True),
    ],
)
def test_prefix_lengths(boot, options, address, certain) -> None:
    """Where managers of these files differ, it is ifupdown's, and not certain."""
    text = "auto eth0\niface eth0 inet%s static\n%s\n" % ("6" * (":" in address), "\n".join(options))
    read = boot({"etc/network/interfaces": text, **ENABLED})
    assert [(item.selector["address"], item.certain) for item in read.objects if item.kind == "address"] == [
        (address, certain)
    ]


def test_what_a_method_does_not_look_at_is_not_certain(boot) -> None:
    text = "auto eth0\niface eth0 inet manual\n  address 192.0.2.1/24\n  gateway 192.0.2.2\n  up ip rule add pref 7 table 9\n"
    read = boot({"etc/network/interfaces": text, **ENABLED})
    assert [(item.kind, item.certain) for item in read.objects] == [
        ("link", True), ("address", False), ("route", False), ("rule", True),
    ]  # fmt: skip


def test_an_interface_is_brought_up_as_another_stanza_says(boot) -> None:
    text = (
        "auto eth0=office /eth7*\niface eth0 inet static\n  address 192.0.2.1/24\n"
        "iface office inet static inherits base inherits office\n  up ip rule add iif $IFACE pref 7 table 9\n"
        "iface base inet static inherits base inherits office\n  address 192.0.2.2/24\n  up ip rule add pref 8 table 9\n"
        "iface eth7 inet static\n  address 192.0.2.7/24\n"
    )
    read = boot({"etc/network/interfaces": text, **ENABLED})
    certain = [item.selector for item in read.objects if item.certain]
    assert [(item["interface"], item["address"]) for item in certain if "address" in item] == [
        ("eth0", "192.0.2.2/24"),
        ("eth7", "192.0.2.7/24"),
    ]
    assert [(item["priority"], item["iif"]) for item in certain if "priority" in item] == [(8, None), (7, "eth0")]


@pytest.mark.parametrize(
    ("line", "sure"),
    [
        ("{} || true", [True]),
        ("{}; {}", [True, True]),
        ("{} && {}", [True, True]),
        ("({}) && {}", [True, True]),
        ("{{ {}; }}; {}", [True, True]),
        ("test -e / && {}", [False]),
        ("test -e / && {} && {}", [False, False]),
        ("test -e / && {}; {}", [False, True]),
        ("true || {}", [False]),
        ("echo | {}", [False]),
        ("if true; then {}; {}; else {}; fi; {}", [False, False, False, True]),
        ("for x in 1 2; do {}; done; {}", [False, True]),
        ("if a; then if b; then {}; fi; {}; fi; {}", [False, False, True]),
        ("fi; done; {}", [True]),
    ],
)
def test_commands_that_may_not_be_run(line, sure) -> None:
    command = "ip addr add 192.0.2.1/24 dev eth0"
    found = list(commands.commands(line.replace("{}", command).replace("{{", "{").replace("}}", "}")))
    assert [each for _kind, _said, each in found] == sure


def test_sources_that_go_round_and_lines_that_go_on(boot) -> None:
    read = boot(
        {
            "etc/network/interfaces": "source interfaces\nsource /etc/network/x\nauto \\\n  eth0 \\\n  eth1\n",
            "etc/network/x": "source /etc/network/interfaces\niface eth0 inet static\n  address \\\n 192.0.2.1/24\niface\n\\",
            **ENABLED,
        }
    )
    assert [(item.kind, item.certain) for item in read.objects] == [("link", True), ("address", True)]
    assert read.where("address") == [("/etc/network/x", 3, True)]


@pytest.mark.parametrize("enabled", ["etc/rcS.d/S12networking", "etc/runlevels/boot/networking"])
def test_without_systemd(boot, enabled) -> None:
    files = {"etc/network/interfaces": "auto eth0\niface eth0 inet static\n  address 192.0.2.1/24\n"}
    assert all(item.certain for item in boot({**files, enabled: ""}).objects)


def test_commands_in_scripts_and_units_are_not_certain(boot) -> None:
    read = boot(
        {
            "etc/rc.local": "#!/bin/sh\n# ip addr add 192.0.2.3/24 dev eth0\nip addr add 192.0.2.4/24 dev eth0\nexit 0\n",
            "etc/systemd/system/vip.service": "[Service]\nExecStart=-/sbin/ip addr add 192.0.2.5/32 dev lo\n"
            "ExecStop=/sbin/ip addr add 192.0.2.6/32 dev lo\n",
        }
    )
    assert [(item["address"], item["interface"]) for item in read.of("address")] == [
        ("192.0.2.4/24", "eth0"),
        ("192.0.2.5/32", "lo"),
    ]
    assert read.where("address") == [("/etc/rc.local", 3, False), ("/etc/systemd/system/vip.service", 2, False)]


def shown(line, **variables):
    return [
        (kind, {k: v for k, v in said.items() if v is not None})
        for kind, said, _sure in commands.commands(line, variables)
    ]


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("ip r a default via 192.0.2.1", None, {}),  # "a" is add for ip, and for nobody who writes scripts
        ("ip route add default via 192.0.2.1", "route", {"dst": "0.0.0.0/0", "gateway": "192.0.2.1"}),
        ("ip route replace default via fe80::1 dev eth0", "route", {"family": 6, "dst": "::/0", "interface": "eth0"}),
        ("ip -6 ro append default dev eth0", "route", {"family": 6, "dst": "::/0"}),
        ("ip route add 10.0.0.0/8 via inet6 fe80::1 dev eth0", "route", {"gateway": "fe80::1", "family": 4}),
        ("ip route add blackhole 10.0.0.0/8 metric 9", "route", {"type": "blackhole", "metric": 9}),
        ("ip rule add fwmark 0x10/0xff table main", "rule", {"mark": 16, "table": 254}),
        ("ip rule add to 192.0.2.0/24 prohibit", "rule", {"action": "prohibit", "to": "192.0.2.0/24"}),
        ("ip link add gre1 type gre local 192.0.2.1 remote 192.0.2.2", "link", {"name": "gre1", "link_kind": "gre"}),
        ("ip link add link eth0 name eth0.5 type vlan id 5", "link", {"name": "eth0.5", "link_kind": "vlan"}),
        ("ip tunnel add tun1 mode ipip remote 192.0.2.2", "link", {"name": "tun1", "link_kind": "ipip"}),
        ("test -e x && ip addr add 192.0.2.1/24 dev eth0", "address", {"address": "192.0.2.1/24"}),
    ],
)
def test_commands(line, kind, said) -> None:
    found = shown(line)
    if kind is None:
        assert found == []
        return
    ((got, selector),) = found
    assert got == kind
    assert {key: selector.get(key) for key in said} == said


@pytest.mark.parametrize(
    "line",
    [
        "ip route del default",
        "ip -n blue route add default via 192.0.2.1",
        "ip netns exec blue ip addr add 192.0.2.1/24 dev eth0",
        "ip route add $NET via 192.0.2.1",
        "ip route add 10.0.0.0/8 via $GW",
        "ip route add 10.0.0.0/8 via 192.0.2.1 table blue",
        "ip rule add not from 192.0.2.1 table 100",
        "ip rule add from 192.0.2.1",
        "ip rule add from all fwmark $MARK table 100",
        "ip addr add 'open",
        "echo ip addr add 192.0.2.1/24 dev eth0",
        "ip route add",
        "ip",
        "",
    ],
)
def test_what_is_no_such_command(line) -> None:
    assert shown(line) == []
