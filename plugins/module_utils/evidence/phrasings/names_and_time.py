# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name servers and resolvers, DHCP, discovery and clocks."""

from __future__ import annotations

from .base import Phrasing

PHRASINGS = (
    # network unreachable resolving 'example.com/A/IN': 2001:db8::1#53; error (permission denied) resolving ...
    Phrasing("named", (" resolving '",), r"\b(?:error \()?<sent>\)? resolving '[^'\s]{1,300}': <remote>"),
    # error: udp connect failed: Network is unreachable for 192.0.2.1 port 53
    Phrasing(
        "unbound",
        (" connect failed: ", "outgoing tcp: connect"),
        r"\b(?:udp connect failed|outgoing tcp: connect): <sent> for <remote> port <remote_port>",
    ),
    Phrasing("unbound bind", ("can't bind socket",), r"\bcan't bind socket: <error> for <local> port <local_port>"),
    Phrasing("dnsmasq send", ("failed to send packet",), r"\bfailed to send packet: <sent><end>"),
    # dnsmasq: failed to create listening socket for 192.0.2.1: Cannot assign requested address
    Phrasing(
        "dnsmasq bind",
        ("failed to create listening socket",),
        r"\b(?:(?P<program>dnsmasq): )?failed to create listening socket for <local>: <error><end>",
    ),
    # [Network Error] TCP socket connecting error: Network unreachable[101].
    Phrasing(
        "pcap_dnsproxy", (" socket connecting error",), r"\b(?:TCP|UDP) socket connecting error: <error>\[\d{1,3}\]"
    ),
    # sendmsg() to 224.0.0.251 (iface #2) failed: Network is unreachable
    Phrasing("avahi", ("(iface #",), r"\bsendmsg\(\) to <remote> \(iface #\d{1,6}\) failed: <sent><end>"),
    # sendto(udp_notify=11, [::1]): Network is unreachable
    Phrasing("miniupnpd", ("sendto(udp",), r"\bsendto\(udp\w{0,20}=\d{1,9}, <remote>\): <sent><end>"),
    # send_packet: Network is down
    Phrasing("dhclient", ("send_packet: ",), r"\bsend_packet: <sent><end>"),
    # bind(21) AF_INET6 fe80::1%2#123 flags 0x11 failed: Cannot assign requested address
    Phrasing("ntpd bind", (" flags 0x",), r"\bbind\(\d{1,9}\) AF_INET6? <local> flags 0x\w{1,8} failed: <error><end>"),
    # Could not connect socket to 192.0.2.1:123 : Network is unreachable
    Phrasing("chronyd connect", ("could not connect socket",), r"\bCould not connect socket to <remote> : <sent><end>"),
    Phrasing("chronyd bind", ("could not bind socket",), r"\bCould not bind socket to <local> : <error><end>"),
)
