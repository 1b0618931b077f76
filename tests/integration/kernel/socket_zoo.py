# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program that opens one socket of each kind that matters, says ``ready`` and keeps them until its input ends.

It wants a namespace of its own, prepared with SETUP.
"""

from __future__ import annotations

import os
import socket
import sys
import time

SETUP = """
ip link add zoo0 type veth peer name zoo1
ip link set zoo0 address 02:00:00:00:44:01 up; ip link set zoo1 up
ip addr add 10.44.0.1/32 dev lo; ip addr add 10.44.0.2/32 dev lo
ip addr add 2001:db8:44::1/128 dev lo nodad; ip addr add 2001:db8:44::2/128 dev lo nodad
ip addr add fe80::44/64 dev zoo0 nodad
ip route add 203.0.113.77/32 dev zoo0; ip neigh add 203.0.113.77 lladdr 02:00:00:00:44:77 dev zoo0 nud permanent
"""
UID = 1234
IP_TRANSPARENT, IP_FREEBIND, IPV6_TRANSPARENT, IPV6_FREEBIND = 19, 15, 75, 78
FIN_WAIT_2 = 5
V4, V6, TCP, UDP = socket.AF_INET, socket.AF_INET6, socket.SOCK_STREAM, socket.SOCK_DGRAM

_kept: list[socket.socket] = []


def make(family: int, kind: int, *options: tuple[int, int, object], bind: tuple | None = None) -> socket.socket:
    made = socket.socket(family, kind)
    _kept.append(made)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for level, name, value in options:
        made.setsockopt(level, name, value)  # type: ignore[arg-type]
    if bind is not None:
        made.bind(bind)
    return made


def connected(family: int, source: tuple, target: tuple, server: socket.socket) -> tuple[socket.socket, socket.socket]:
    client = make(family, TCP, bind=source)
    client.connect(target)
    accepted = server.accept()[0]
    _kept.append(accepted)
    return client, accepted


def udp() -> None:
    make(V4, UDP, bind=("10.44.0.1", 1001))
    mark, device = (socket.SOL_SOCKET, socket.SO_MARK, 0x1234), (socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    make(V4, UDP, mark, device, bind=("10.44.0.1", 1002))
    make(V4, UDP, (socket.IPPROTO_IP, IP_FREEBIND, 1), bind=("203.0.113.9", 1003))
    make(V4, UDP, (socket.IPPROTO_IP, IP_TRANSPARENT, 1), bind=("203.0.113.10", 1004))
    make(V4, UDP, bind=("10.44.0.1", 1005)).connect(("10.44.0.2", 2005))
    make(V4, UDP, bind=("0.0.0.0", 1006))
    make(V6, UDP, bind=("2001:db8:44::1", 1007))
    make(V6, UDP, bind=("::ffff:10.44.0.1", 1008)).connect(("::ffff:10.44.0.2", 2008))
    make(V6, UDP, bind=("::", 1009))
    make(V6, UDP, (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1), bind=("::", 1010))
    make(V6, UDP, bind=("2001:db8:44::1", 1011)).connect(("2001:db8:44::2", 2011))
    make(V6, UDP, bind=("fe80::44", 1012, 0, socket.if_nametoindex("zoo0")))
    make(V6, UDP, (socket.IPPROTO_IPV6, IPV6_FREEBIND, 1), bind=("2001:db8:dead::1", 1013))
    make(V6, UDP, (socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1), bind=("2001:db8:dead::2", 1014))
    make(V6, UDP, bind=("::ffff:10.44.0.1", 1015))
    os.seteuid(UID)
    make(V4, UDP, bind=("10.44.0.1", 1066))
    os.seteuid(0)


def tcp() -> None:
    server = make(V4, TCP, bind=("10.44.0.1", 1101))
    server.listen()
    make(V4, TCP, bind=("10.44.0.1", 1102))  # bound and no more: neither ss nor we show it
    connected(V4, ("10.44.0.2", 1103), ("10.44.0.1", 1101), server)
    client, accepted = connected(V4, ("10.44.0.2", 1104), ("10.44.0.1", 1101), server)
    client.close()  # TIME-WAIT
    accepted.close()
    client, accepted = connected(V4, ("10.44.0.2", 1105), ("10.44.0.1", 1101), server)
    client.shutdown(socket.SHUT_WR)  # CLOSE-WAIT there and, as soon as that is acknowledged, FIN-WAIT-2 here
    for _again in range(200):
        if client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == FIN_WAIT_2:
            break
        time.sleep(0.01)
    trying = make(V4, TCP, bind=("10.44.0.1", 1106))
    trying.setblocking(False)
    trying.connect_ex(("203.0.113.77", 2106))  # SYN-SENT
    dual = make(V6, TCP, bind=("::", 1107))
    dual.listen()
    connected(V4, ("10.44.0.2", 1108), ("10.44.0.1", 1107), dual)  # the accepted one is IPv4-mapped
    connected(V6, ("2001:db8:44::2", 1109), ("2001:db8:44::1", 1107), dual)


if __name__ == "__main__":
    udp()
    tcp()
    print("ready", flush=True)
    sys.stdin.read()
