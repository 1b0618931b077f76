# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The link doublezero0 of the lab, and what the daemon configures on it.

The real one is a GRE tunnel to a device of the provider. Not every kernel has GRE, so a veth pair stands in: its far end
lies in the namespace that plays the device. It has no ARP, as GRE has none; both ends have the same link-layer address, so
that each takes what the other sends.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
import subprocess

NAME = "doublezero0"
MTU = 1476
_LLADDR = "02:d0:00:00:00:01"


class Refused(Exception):
    """``ip`` did not do it; the message is its own."""


@dataclasses.dataclass(frozen=True)
class Tunnel:
    """One tunnel. ``net`` is the /31 of its ends: the device has the even address, this host the odd one."""

    net: str
    device: str
    """The network namespace of the device."""
    far: str
    """The link's name there."""

    @property
    def gateway(self) -> str:
        return str(ipaddress.ip_network(self.net)[0])

    @property
    def inside(self) -> str:
        return str(ipaddress.ip_network(self.net)[1])

    def exists(self) -> bool:
        return NAME in (name for _ifindex, name in socket.if_nameindex())

    def make(self) -> None:
        _ip(
            "link add %s mtu %d type veth peer name %s mtu %d netns %s" % (NAME, MTU, self.far, MTU, self.device),
            "link set %s addrgenmode none" % NAME,
            "link set %s address %s arp off" % (NAME, _LLADDR),
            "address add %s/31 dev %s scope link" % (self.inside, NAME),
            "link set %s up" % NAME,
        )
        _ip(
            "link set %s addrgenmode none" % self.far,
            "link set %s address %s arp off" % (self.far, _LLADDR),
            "address add %s/31 dev %s scope link" % (self.gateway, self.far),
            "link set %s up" % self.far,
            netns=self.device,
        )

    def announce(self, address: str) -> None:
        """Have the device send what is for this address into the tunnel."""
        _ip("route replace %s/32 dev %s" % (address, self.far), netns=self.device)

    def hold(self, address: str) -> None:
        """Put the allocated address on the link."""
        _ip("address replace %s/32 dev %s" % (address, NAME))

    def remove(self) -> None:
        _ip("link delete %s" % NAME)

    def add_route(self, peer: str, source: str) -> None:
        _ip("route replace %s/32 via %s dev %s proto bgp src %s" % (peer, self.gateway, NAME, source))

    def delete_route(self, peer: str, source: str) -> None:
        _ip("route delete %s/32 via %s dev %s proto bgp src %s" % (peer, self.gateway, NAME, source))


def _ip(*lines: str, netns: str | None = None) -> None:
    argv = ["ip"] + (["-n", netns] if netns else []) + ["-batch", "-"]
    done = subprocess.run(argv, input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=10, check=False)
    if done.returncode != 0:
        raise Refused("%s: %s" % ("; ".join(lines), done.stderr.partition("\n")[0]))
