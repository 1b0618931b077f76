# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values in rules, in the normal form of model.FirewallMatch: a lowest and a highest one. Pure.

A parser returns None for what it does not know: the condition is then not understood, which is never an error.
"""

from __future__ import annotations

import socket
import typing as t

Span = t.Tuple[t.Any, t.Any]

PROTOCOLS: t.Mapping[str, int] = {
    "icmp": 1, "igmp": 2, "ipencap": 4, "ipip": 4, "tcp": 6, "udp": 17, "dccp": 33, "ipv6": 41, "gre": 47, "esp": 50,
    "ah": 51, "ipv6-icmp": 58, "icmpv6": 58, "ospf": 89, "comp": 108, "vrrp": 112, "sctp": 132, "udplite": 136,
}  # fmt: skip
WITH_PORTS = frozenset((6, 17, 33, 132, 136))
CT_STATES: t.Mapping[str, int] = {"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64}
"""include/uapi/linux/netfilter/nf_conntrack_common.h"""
TCP_FLAGS: t.Mapping[str, int] = {
    "fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "ece": 64, "cwr": 128, "none": 0, "all": 63,
}  # fmt: skip
ICMP_TYPES: t.Mapping[str, int] = {
    "echo-reply": 0, "destination-unreachable": 3, "redirect": 5, "echo-request": 8, "time-exceeded": 11,
    "parameter-problem": 12, "timestamp-request": 13, "timestamp-reply": 14,
}  # fmt: skip
ICMPV6_TYPES: t.Mapping[str, int] = {
    "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128,
    "echo-reply": 129, "mld-listener-query": 130, "mld-listener-report": 131, "nd-router-solicit": 133,
    "nd-router-advert": 134, "nd-neighbor-solicit": 135, "nd-neighbor-advert": 136, "nd-redirect": 137,
    "mld2-listener-report": 143,
}  # fmt: skip
FAMILIES: t.Mapping[str, int] = {"ipv4": 4, "ipv6": 6, "ip": 4, "ip6": 6}
ADDRESS_TYPES = frozenset(
    ("unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit")
)


def address(text: t.Any) -> int | None:
    """An address as a number. The family is told by a condition of its own."""
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text), "big")
    except (OSError, TypeError, ValueError):
        return None


def prefix(text: t.Any, length: t.Any) -> Span | None:
    first = address(text)
    bits = 128 if first is not None and ":" in text else 32
    if first is None or not isinstance(length, int) or not 0 <= length <= bits:
        return None
    rest = (1 << (bits - length)) - 1
    return first & ~rest, first | rest


def number(value: t.Any) -> int | None:
    """A number, or decimal or hexadecimal text of one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    try:
        return int(value, 0)
    except (TypeError, ValueError):
        return None


def named(names: t.Mapping[str, int]) -> t.Callable[[t.Any], t.Optional[int]]:
    """A parser for a number that may be given by its name."""

    def parse(value: t.Any) -> int | None:
        return names.get(value.lower(), number(value)) if isinstance(value, str) else number(value)

    return parse


def name(value: t.Any) -> str | None:
    """An interface's name, or its number where no such interface is left: that fits none."""
    return str(value) if isinstance(value, (str, int)) else None


def address_type(value: t.Any) -> str | None:
    text = str(value).lower()
    return text if text in ADDRESS_TYPES else None


ONE: t.Mapping[str, t.Callable[[t.Any], t.Any]] = {
    "family": named(FAMILIES),
    "protocol": named(PROTOCOLS),
    "saddr": address,
    "daddr": address,
    "sport": number,
    "dport": number,
    "oifname": name,
    "iifname": name,
    "mark": number,
    "uid": number,
    "ct_state": named(CT_STATES),
    "saddr_type": address_type,
    "daddr_type": address_type,
    "tcp_flags": named(TCP_FLAGS),
    "icmp_type": named(ICMP_TYPES),
    "icmpv6_type": named(ICMPV6_TYPES),
}
"""The parser of one value of each field that is understood."""
