# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of systemd-networkd's files is what the real daemon makes of them, in a namespace and with the real kernel."""

from __future__ import annotations

import pathlib
import pwd
import subprocess
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import boot
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel

DAEMON = "/usr/lib/systemd/systemd-networkd"
USER = "systemd-network"
SECONDS = 30

# Its own /run with copies that its user may read, and a /sys that is not writable, so that it does not wait for udev.
START = """
mount -o remount,bind,ro /sys
mount -t tmpfs none /run
mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
chown -R systemd-network /run/systemd/netif
cp -a "$0/run/systemd/network/." /run/systemd/network/
cp -a "$0" /run/files
chmod -R a+rX /run/files
mount --bind /run/files/etc/systemd/network /etc/systemd/network
mount --bind /run/files/usr/lib/systemd/network /usr/lib/systemd/network
exec /usr/lib/systemd/systemd-networkd
"""
FILES = {
    "etc/systemd/network/10-va.network": """\
[Match]
Name=va
[Network]
LinkLocalAddressing=no
IPv6AcceptRA=no
Address=192.0.2.10/24
Address=2001:db8::10/64
Gateway=192.0.2.1
Gateway=2001:db8::1
[Address]
Address=198.51.100.7/32
[Route]
Destination=203.0.113.0/24
Gateway=192.0.2.254
Table=100
PreferredSource=192.0.2.10
Metric=50
[Route]
Destination=10.0.0.0/8
Type=blackhole
[Route]
Destination=2001:db8:1::/48
Gateway=2001:db8::fe
[Route]
Gateway=198.18.0.1
GatewayOnLink=yes
Table=101
[RoutingPolicyRule]
From=192.0.2.10
Table=100
Priority=1000
[RoutingPolicyRule]
To=2001:db8:2::/48
Table=101
Priority=1001
FirewallMark=0x10
IncomingInterface=vc
[RoutingPolicyRule]
Family=both
Table=main
Priority=1002
""",
    # An empty address takes nothing back. Replaced as a whole by the file of the same name above it; its drop-in counts all the same.
    "usr/lib/systemd/network/20-vc.network": "[Match]\nName=vc\n[Network]\nAddress=192.0.3.1/24\n",
    "etc/systemd/network/20-vc.network": "[Match]\nName=v[c-c]\n[Network]\nLinkLocalAddressing=no\nAddress=192.0.4.1/24\n",
    "usr/lib/systemd/network/20-vc.network.d/10-more.conf": "[Network]\nAddress=192.0.5.1/24\n",
    "run/systemd/network/20-vc.network.d/20-less.conf": "[Network]\nAddress=\nAddress=192.0.6.1/24\n",
    # A name that comes later in the order, and is too late; an empty file that masks another.
    "run/systemd/network/90-va.network": "[Match]\nName=va\n[Network]\nAddress=192.0.7.1/24\n",
    "usr/lib/systemd/network/05-all.network": "[Match]\nName=*\n[Network]\nAddress=192.0.8.1/24\n",
    "etc/systemd/network/05-all.network": "",
    "etc/systemd/network/30-ve.netdev": "[NetDev]\nName=ve\nKind=veth\n[Peer]\nName=vf\n",
    "etc/systemd/network/40-not.network": "[Match]\nName=!va vb vc vd vf lo\n[Network]\nLinkLocalAddressing=no\nAddress=192.0.9.1/24\n",
    "etc/systemd/network/50-vf.network": "[Match]\nName=vf\n[Network]\nLinkLocalAddressing=no\n",
    "etc/systemd/system/multi-user.target.wants/systemd-networkd.service": "",
}


def _missing() -> str:
    if not pathlib.Path(DAEMON).exists():
        return "%s is not there" % DAEMON
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return "there is no user %s" % USER
    return ""


pytestmark = pytest.mark.skipif(bool(_missing()), reason=_missing() or "-")


@pytest.fixture
def root(tmp_path):
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def by_kind(objects, kind):
    return [item.selector for item in objects if item.kind == kind and item.certain]


def wanted(objects):
    """What the files say, in the form of what the kernel shows."""
    return {
        "addresses": sorted((item["interface"], item["address"]) for item in by_kind(objects, "address")),
        "routes": sorted(
            (item["dst"], item["table"], item["type"], item["gateway"] or "", item["source"] or "", item["metric"] or 0)
            for item in by_kind(objects, "route")
        ),
        "rules": sorted(
            (item["family"], item["priority"], item["from"] or "", item["to"] or "", item["iif"] or "", item["mark"] or 0,
             item["table"])
            for item in by_kind(objects, "rule")
        ),
    }  # fmt: skip


def there(kernel):
    """The same of the kernel: what the daemon made."""
    names = {link.ifindex: link.name for link in kernel.links()}
    return {
        "addresses": sorted(
            (names[item.ifindex], "%s/%d" % (item.address, item.prefixlen))
            for item in kernel.addresses()
            if item.scope == "global"
        ),
        "routes": sorted(
            (route.dst, route.table, route.type, (route.hops[0].gateway if route.hops else None) or "", route.prefsrc or "",
             route.metric if route.family == 4 or route.metric != 1024 else 0)
            for route in kernel.routes(proto="static")
        ),
        "rules": sorted(
            (rule.family, rule.priority, rule.src or "", rule.dst or "", rule.iif or "", rule.mark or 0, rule.table)
            for rule in kernel.rules()
            if rule.proto == "static"
        ),
    }  # fmt: skip


def test_the_daemon_makes_what_was_read(netns, root) -> None:
    ns = netns()
    ns.sh("ip link add va type veth peer name vb; ip link add vc type veth peer name vd")
    for name in ("va", "vb", "vc", "vd"):
        ns.sh("echo 1 > /proc/sys/net/ipv6/conf/%s/addr_gen_mode; ip link set %s up" % (name, name))
    daemon = ns.start(
        ["unshare", "--mount", "--propagation", "private", "sh", "-ec", START, str(root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with Kernel(ns.name) as kernel:
        end = time.monotonic() + SECONDS
        while True:
            unseen = []
            expected = wanted(boot.read(kernel.links(), {}, unseen, str(root)))
            made = there(kernel)
            if made == expected and any(link.name == "ve" for link in kernel.links()):
                break
            if time.monotonic() > end or daemon.poll() is not None:
                daemon.kill()
                assert made == expected, daemon.stderr.read()[-2000:]
                break
            time.sleep(0.2)
    assert unseen == []
    # The files do say something, and some of what they say is overruled.
    assert [address for _link, address in expected["addresses"]] == [
        "192.0.2.10/24", "198.51.100.7/32", "2001:db8::10/64", "192.0.4.1/24", "192.0.5.1/24", "192.0.6.1/24", "192.0.9.1/24",
    ]  # fmt: skip
    assert len(expected["routes"]) == 6 and len(expected["rules"]) == 4
