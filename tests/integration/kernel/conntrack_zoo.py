# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flows of each kind that matters, in a namespace prepared as for the socket zoo."""

from __future__ import annotations

# A rule that asks for the connection's state is what makes the kernel track connections in a namespace.
SETUP = """
table inet track {
  chain out { type filter hook output priority 0; ct state new accept; }
  chain in { type filter hook input priority 0; udp dport 3001 ct mark set 0x77; }
  chain zone { type filter hook output priority -300; udp dport 3002 ct zone set 9; }
}
table ip translate {
  chain to { type nat hook output priority -100; ip daddr 203.0.113.77 dnat to 10.44.0.1; }
  chain from { type nat hook postrouting priority 100; udp dport 3004 snat to 10.44.0.2; }
}
"""
FLOWS = """
import socket
kept = []
def udp(family, source, target):
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.bind(source)
    made.sendto(b"x", target)
    kept.append(made)
udp(socket.AF_INET, ("10.44.0.2", 4001), ("10.44.0.1", 3001))
udp(socket.AF_INET, ("10.44.0.2", 4002), ("10.44.0.1", 3002))
udp(socket.AF_INET, ("10.44.0.1", 4003), ("203.0.113.77", 3003))
udp(socket.AF_INET, ("10.44.0.1", 4004), ("10.44.0.1", 3004))
udp(socket.AF_INET6, ("2001:db8:44::2", 4005), ("2001:db8:44::1", 3005))
answering = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
answering.bind(("10.44.0.1", 3006))
udp(socket.AF_INET, ("10.44.0.2", 4006), ("10.44.0.1", 3006))
answering.sendto(b"y", answering.recvfrom(9)[1])
server = socket.socket()
server.bind(("10.44.0.1", 3007))
server.listen()
client = socket.socket()
client.bind(("10.44.0.2", 4007))
client.connect(("10.44.0.1", 3007))
server.accept()
ping = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
ping.sendto(bytes((8, 0, 0xF7, 0xFF, 0, 0, 0, 0)), ("10.44.0.1", 0))
other = socket.socket(socket.AF_INET, socket.SOCK_RAW, 89)
other.sendto(b"12345678", ("10.44.0.1", 0))
"""
