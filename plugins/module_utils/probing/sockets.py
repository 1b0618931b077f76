# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sockets that send as a flow's own do: from its source, over its link, with its mark."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
import typing as t

SO_MARK = 36
IP_MTU = 14
IP_MTU_DISCOVER = 10
IPV6_MTU = 24
IPV6_MTU_DISCOVER = 23
IPV6_DONTFRAG = 62
PMTUDISC_PROBE = 3
"""Never fragment, and ask the link alone how large a packet may be (linux/in.h)."""


class NotAllowed(ValueError):
    """This user may not do it; the message says what would let it."""


def opened(family: int, protocol: str) -> socket.socket:
    """A socket for ``tcp``, ``udp`` or ``icmp``, the last one raw."""
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    if protocol == "tcp":
        return socket.socket(kind, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    if protocol == "udp":
        return socket.socket(kind, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    if protocol == "icmp":
        return socket.socket(kind, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _icmp(family))
    raise ValueError("no probe is known for the protocol %s; expected tcp, udp or icmp" % protocol)


def pinging(family: int) -> t.Tuple[socket.socket, bool]:
    """A socket for echo requests, and whether it is a raw one. A ping socket (icmp(7)) where this user's group may have
    one. Raises NotAllowed."""
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    try:
        return socket.socket(kind, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _icmp(family)), False
    except OSError as exc:
        if exc.errno not in (errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT):
            raise
    try:
        return opened(family, "icmp"), True
    except PermissionError:
        raise NotAllowed(
            "this user may send no echo request: its group is not in net.ipv4.ping_group_range, and a raw socket needs "
            "CAP_NET_RAW; use become, or method udp or tcp"
        ) from None


def _icmp(family: int) -> int:
    return socket.IPPROTO_ICMP if family == 4 else socket.IPPROTO_ICMPV6


def prepare(opened: socket.socket, interface: str | None, mark: int) -> None:
    """Give a socket the flow's link and mark, and let it never block. Raises NotAllowed, and OSError where there is no such
    link."""
    opened.setblocking(False)
    if mark:
        try:
            opened.setsockopt(socket.SOL_SOCKET, SO_MARK, struct.pack("=I", mark))
        except PermissionError:
            raise NotAllowed("mark: to set the firewall mark of a socket needs CAP_NET_ADMIN; use become") from None
    if interface is not None:
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, os.fsencode(interface))
        except PermissionError:
            raise NotAllowed("interface: to bind a socket to a link needs CAP_NET_RAW here; use become") from None


def place(family: int, address: str | None, port: int, interface: str | None = None) -> t.Any:
    """A socket address; None is any. The scope of a link-local one is its zone, else the interface."""
    if address is None:
        return ("0.0.0.0" if family == 4 else "::", port)
    if interface is not None and "%" not in address and family == 6 and ipaddress.ip_address(address).is_link_local:
        address = "%s%%%s" % (address, interface)
    return socket.getaddrinfo(address, port, flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV)[0][4]


def limit_hops(opened: socket.socket, family: int, hops: int) -> None:
    if family == 4:
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)
    else:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)


def keep_whole(opened: socket.socket, family: int) -> None:
    """Whatever it sends is never fragmented, here or on the way, and may be as large as the link takes."""
    if family == 4:
        opened.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_PROBE)
    else:
        opened.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_PROBE)
        opened.setsockopt(socket.IPPROTO_IPV6, IPV6_DONTFRAG, 1)


def believed_mtu(opened: socket.socket, family: int) -> int:
    """What the kernel takes for the path MTU of a connected socket: that of the route or link, or what it was told."""
    if family == 4:
        return opened.getsockopt(socket.IPPROTO_IP, IP_MTU)
    return opened.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU)
