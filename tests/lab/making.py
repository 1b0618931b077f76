# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the network and the hosts, and let happen to them what hosts.py says."""

from __future__ import annotations

import sys
import typing as t

import namespaces
from hosts import GATEWAY, HOSTS
from place import HERE, Place, until
from table import Host, Scene

_BRIDGE = "lan"


def make_network(place: Place) -> None:
    # The bridge has a hardware address of its own: else it changes as hosts join, and who knew it finds the gateway FAILED.
    for name in place.names:
        namespaces.make(name)
    for name in (place.core, place.device):
        namespaces.sysctl(name, {"net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1"})
    namespaces.batch(
        place.core,
        """
        link add %(link)s address 02:00:00:00:01:01 type bridge mcast_snooping 0
        address add %(gateway)s/24 dev %(link)s
        address add 2001:db8:1::1/64 dev %(link)s nodad
        link set %(link)s up
        """
        % {"link": _BRIDGE, "gateway": GATEWAY},
    )


def make_host(place: Place, host: Host) -> None:
    place.run(host).mkdir(parents=True)
    _link(place, host, "eth0", bridged=True)
    namespaces.batch(
        place.netns(host.name),
        """
        address add %s/24 dev eth0
        address add 2001:db8:1::%d/64 dev eth0 nodad
        route add default via %s dev eth0
        route add default via 2001:db8:1::1 dev eth0
        """
        % (host.address, host.number, GATEWAY),
    )
    for scene in host.scenes:
        _play(place, host, scene)


def settle(place: Place) -> None:
    """Wait for what takes the kernel a while."""
    for host in HOSTS:
        for scene in host.scenes:
            if scene.until is not None:
                _await(place, host, scene.until.words, scene.until.text)


def start_app(place: Place, host: Host, name: str, words: t.Sequence[str]) -> None:
    program = place.program(host, name)
    argv = [sys.executable, str(HERE / "app.py"), name, *words]
    program.start(namespaces.enter(place.netns(host.name)) + argv, lambda: program.said("ready"))


def _play(place: Place, host: Host, scene: Scene) -> None:
    netns = place.netns(host.name)
    for link in scene.links:
        _link(place, host, link)
    namespaces.sysctl(netns, scene.sysctl)
    namespaces.batch(netns, scene.before)
    for app in scene.apps:
        start_app(place, host, app.name, app.words.split())
    namespaces.batch(netns, scene.after)
    namespaces.batch(place.core, scene.far.format(host=host.name))
    if scene.knock is not None:
        knock = [sys.executable, str(HERE / "app.py"), "lab-knock", "send", "--once", "--to", scene.knock]
        namespaces.inside(netns, knock)


def _await(place: Place, host: Host, words: str, text: str) -> None:
    netns = place.netns(host.name)
    until("%s: 'ip %s' shows %s" % (host.name, words, text), lambda: text in namespaces.show(netns, words))


def _link(place: Place, host: Host, name: str, bridged: bool = False) -> None:
    netns, far = place.netns(host.name), "%s.%s" % (host.name, name)
    namespaces.batch(netns, "link add %s type veth peer name %s netns %s" % (name, far, place.core))
    namespaces.batch(place.core, "link set %s %s up" % (far, "master " + _BRIDGE if bridged else ""))
    namespaces.batch(netns, "link set %s up" % name)
