# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of ifupdown's files is what the real ifup makes of them, on a host of namespaces."""

from __future__ import annotations

import pytest
import roots
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import boot
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.tests.integration.daemons.host import Host

FILES = {
    "/etc/network/interfaces": """\
# What a person wrote
source interfaces.d/*.cfg
source-directory more

auto lo eth0 \\
     eth2
iface lo inet loopback
    up ip address add 198.51.100.77/32 dev lo

iface eth0 inet static
    address 192.0.2.10
    netmask 255.255.255.0
    gateway 192.0.2.1
    metric 20
    up ip route add 203.0.113.0/24 via 192.0.2.254 dev $IFACE table 100 src 192.0.2.10 || true
    up   ip route add blackhole 10.66.0.0/16
    post-up ip rule add from 192.0.2.10/32 lookup 100 pref 1000; ip -6 addr add 2001:db8::7/64 dev "${IFACE}" nodad
    up echo ip route add 10.0.0.0/8 via 192.0.2.3 >/dev/null
    down ip route add 10.1.0.0/16 via 192.0.2.3

iface eth0 inet6 static
    address 2001:db8::10/64
    gateway 2001:db8::1
    dad-attempts 0

iface eth0 inet6 static
    address 2001:db8:1::10
    netmask 64
    dad-attempts 0

# Not brought up by anything
iface eth3 inet static
    address 192.0.3.1/24

iface eth2 inet static
    address 172.16.5.1/24
    netmask 255.255.0.0
    pre-up ip rule add to 203.0.113.0/24 table 100 priority 1001

allow-hotplug eth1

auto eth3=office
iface office inet static
    address 192.0.3.9/24

auto eth5
iface template inet static
    netmask 255.255.255.128
    mtu 1400
    up ip address add 192.0.6.9/32 dev $IFACE
iface eth5 inet static inherits template
    address 192.0.6.1
iface eth5 inet6 static
    address 2001:db8:5::1
    dad-attempts 0

auto eth6
iface eth6 inet static
    address 192.0.7.1
    netmask 255.255.255.0
    pointopoint 192.0.7.2
    up ip link add link eth6 name eth6.m type macvlan
    up ip address add 192.0.8.1/24 dev eth6.m
    up (ip route add 203.0.114.0/24 dev eth6)
    up if true; then ip route add 203.0.115.0/24 dev eth6; fi
    up [ -e /nowhere ] && ip route add 203.0.116.0/24 dev eth6 || true
    up test -e / || ip route add 203.0.117.0/24 dev eth6

auto /eth7*
iface eth7 inet manual
    up ip address add 192.0.9.1/24 dev $IFACE
    gateway 192.0.9.2
iface eth7 inet6 auto

auto eth8
iface eth8 inet static
    address 192.0.10.1/24
    gateway 192.0.99.1
    metric 30
""",
    "/etc/network/interfaces.d/10-eth1.cfg": "iface eth1 inet static\n  address 10.9.8.7\n",
    "/etc/network/interfaces.d/ignored": "auto eth3\n",
    "/etc/network/more/label": "auto eth0:1\niface eth0:1 inet static\n  address 192.0.2.11/32\n",
    "/etc/network/more/not.read": "auto eth3\n",
    "/etc/network/more/br0": "auto br0\niface br0 inet static\n  bridge_ports eth4\n  address 192.0.5.1/24\n",
}
LINKS = "for name in eth0 eth1 eth2 eth3 eth4 eth5 eth6 eth7 eth8; do ip link add $name type veth peer name far-$name; ip link set far-$name up; done"


@pytest.fixture(scope="module")
def ifup_root():
    try:
        return roots.directory(("bridge-utils", "ifupdown", "iproute2", "procps", "python3"))
    except roots.NoRoot as exc:
        pytest.skip(str(exc))


@pytest.fixture
def host(ifup_root, tmp_path):
    made = Host("host", ifup_root, tmp_path / "host")
    try:
        made.sh(LINKS)
        for path, text in FILES.items():
            made.write(path, text)
        yield made
    finally:
        made.end()


def told(objects):
    """What the files say, in the form of what the kernel shows."""
    return {
        *(
            ("address", item.selector["interface"], item.selector["address"])
            for item in objects
            if item.kind == "address"
        ),
        *(
            ("route", said["dst"], said["table"], said["type"], said["gateway"], said["source"], said["metric"])
            for said in (item.selector for item in objects if item.kind == "route")
        ),
        *(
            ("rule", said["family"], said["priority"], said["from"], said["to"], said["table"])
            for said in (item.selector for item in objects if item.kind == "rule")
        ),
    }


def made(kernel):
    """The same of the kernel: what ifup made."""
    names = {link.ifindex: link.name for link in kernel.links()}
    for item in kernel.addresses():
        if item.scope == "global":
            yield "address", names[item.ifindex], "%s/%d" % (item.address, item.prefixlen)
    for route in kernel.routes(proto="boot"):
        metric = None if route.metric == (1024 if route.family == 6 else 0) else route.metric
        gateway = route.hops[0].gateway if route.hops else None
        yield "route", route.dst, route.table, route.type, gateway, route.prefsrc, metric
    for rule in kernel.rules():
        if 0 < rule.priority < 32766:
            yield "rule", rule.family, rule.priority, rule.src, rule.dst, rule.table


def test_ifup_makes_what_was_read(host) -> None:
    """All that is called certain is there, all that is there was told, and what is brought up by nothing is neither."""
    # As networking.service does, and udev for what appears.
    host.sh("ifup -a; ifup -a --allow=hotplug")
    unseen = []
    with Kernel(host.pid) as kernel:
        objects = boot.read(kernel.links(), {}, unseen, "/proc/%d/root" % host.pid)
        there = set(made(kernel))
    assert unseen == []
    certain = told([item for item in objects if item.certain])
    assert certain - there == set()
    assert there - told(objects) == set()
    # What is there and not certain: where managers of these files differ, and what a test decided.
    assert there - certain == {
        ("address", "eth1", "10.9.8.7/8"),
        ("address", "eth2", "172.16.5.1/16"),
        ("route", "203.0.115.0/24", 254, "unicast", None, None, None),
    }
    assert len(there) == 26


def test_a_gateway_in_no_subnet_is_let_in(host) -> None:
    """ifup makes it so: nothing is wrong with such a line at the next boot."""
    host.sh("ifup eth8")
    (gateway,) = [
        item.selector
        for item in boot.read((), {}, [], "/proc/%d/root" % host.pid)
        if item.kind == "route" and item.selector["gateway"] == "192.0.99.1"
    ]
    assert gateway["onlink"] is True
    assert "onlink" in host.sh("ip route show default")
