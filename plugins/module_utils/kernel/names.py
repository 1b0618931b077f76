# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's numbers as the words that iproute2 prints. A number that has no word is that number as text.

A host may rename protocols in its own /etc/iproute2/rt_protos; these are the words that iproute2 ships, so that the
same route reads the same on every host.
"""

from __future__ import annotations

import typing as t

Words = t.Mapping[int, str]

ROUTE_TYPES: Words = {
    0: "none", 1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast", 6: "blackhole",
    7: "unreachable", 8: "prohibit", 9: "throw", 10: "nat", 11: "xresolve",
}  # fmt: skip
PROTOCOLS: Words = {
    0: "unspec", 1: "redirect", 2: "kernel", 3: "boot", 4: "static", 8: "gated", 9: "ra", 10: "mrt", 11: "zebra",
    12: "bird", 13: "dnrouted", 14: "xorp", 15: "ntk", 16: "dhcp", 18: "keepalived", 42: "babel", 84: "ovn",
    99: "openr", 186: "bgp", 187: "isis", 188: "ospf", 189: "rip", 192: "eigrp",
}  # fmt: skip
SCOPES: Words = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
PREFERENCES: Words = {0: "medium", 1: "high", 3: "low"}
"""Router preference, RFC 4191."""
ENCAPS: Words = {
    1: "mpls", 2: "ip", 3: "ila", 4: "ip6", 5: "seg6", 6: "bpf", 7: "seg6local", 8: "rpl", 9: "ioam6", 10: "xfrm",
}  # fmt: skip
HOP_FLAGS: Words = {
    0x1: "dead", 0x2: "pervasive", 0x4: "onlink", 0x8: "offload", 0x10: "linkdown", 0x20: "unresolved", 0x40: "trap",
}  # fmt: skip
ROUTE_FLAGS: Words = {
    0x100: "notify", 0x4000: "rt_offload", 0x8000: "rt_trap", 0x20000000: "rt_offload_failed",
}  # fmt: skip
ADDRESS_FLAGS: Words = {
    0x1: "secondary", 0x2: "nodad", 0x4: "optimistic", 0x8: "dadfailed", 0x10: "home", 0x20: "deprecated",
    0x40: "tentative", 0x80: "permanent", 0x100: "mngtmpaddr", 0x200: "noprefixroute", 0x400: "autojoin",
    0x800: "stable-privacy",
}  # fmt: skip
ADDRESS_PROTOCOLS: Words = {1: "kernel_lo", 2: "kernel_ra", 3: "kernel_ll"}
OPERSTATES: Words = {
    0: "UNKNOWN", 1: "NOTPRESENT", 2: "DOWN", 3: "LOWERLAYERDOWN", 4: "TESTING", 5: "DORMANT", 6: "UP",
}  # fmt: skip
RULE_ACTIONS: Words = {0: "none", 1: "lookup", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
IP_PROTOCOLS: Words = {
    1: "icmp", 2: "igmp", 4: "ipencap", 6: "tcp", 17: "udp", 33: "dccp", 41: "ipv6", 47: "gre", 50: "esp", 51: "ah",
    58: "ipv6-icmp", 89: "ospf", 103: "pim", 112: "vrrp", 132: "sctp", 136: "udplite",
}  # fmt: skip
NEIGHBOUR_STATES: Words = {
    0x0: "NONE", 0x1: "INCOMPLETE", 0x2: "REACHABLE", 0x4: "STALE", 0x8: "DELAY", 0x10: "PROBE", 0x20: "FAILED",
    0x40: "NOARP", 0x80: "PERMANENT",
}  # fmt: skip
NEIGHBOUR_FLAGS: Words = {
    0x1: "use", 0x2: "self", 0x4: "master", 0x8: "proxy", 0x10: "extern_learn", 0x20: "offload", 0x40: "sticky",
    0x80: "router", 0x100: "managed", 0x200: "locked", 0x400: "extern_valid",
}  # fmt: skip
"""NTF_EXT_* (NDA_FLAGS_EXT) stand eight bits higher, as in the kernel's own NTF_EXT_SHIFT order."""


def word(words: Words, number: int) -> str:
    return words.get(number) or str(number)


def flags(words: Words, number: int) -> t.Tuple[str, ...]:
    """The words of the bits that are set, sorted; bits that have no word are left out."""
    return tuple(sorted(name for bit, name in words.items() if bit & number)) if number else ()


def number_of(words: Words, name: str, what: str) -> int:
    """The number behind a word, or behind a number as text. Raises ValueError."""
    for number, candidate in words.items():
        if candidate == name:
            return number
    if name.isascii() and name.isdigit() and int(name) < 256:
        return int(name)
    raise ValueError("%s %r is neither a number from 0 to 255 nor one of %s" % (what, name, ", ".join(words.values())))
