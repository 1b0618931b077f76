# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One spelling for each object: the kernel's message without what changes by itself. Pure.

``normal`` gives what may be sent back to the kernel (RTM_NEW* makes the same object, RTM_DEL* removes it), attributes in
the order of their numbers; doing it twice changes nothing. What the model does not know stays. Times that run out
(lifetimes of addresses, expiry of routes) stay too, because they are needed to make the object again; ``identity``
leaves them out as well, so that the same object has one identity however late it is looked at.
"""

from __future__ import annotations

import functools
import struct
import typing as t

from . import routes, tables
from .netlink import NLA_TYPE_MASK, pack_attribute
from .tables import AF_INET6, FOREVER, U32, decoder, unsigned

Pairs = t.List[t.Tuple[int, bytes]]
"""Attributes in order: type as the kernel wrote it (with its flag for nested ones), value."""

_NEVER = U32.pack(FOREVER)
_CACHEINFO = struct.Struct("=IIII")
"""ifa_cacheinfo: preferred, valid, made, changed."""
_EXPIRES = struct.Struct("=8xi")  # rta_cacheinfo: clntref, lastuse, expires, ...
_TICKS = 100
_RTA_FLOW, _RTA_EXPIRES, _RTA_ENCAP = 11, 23, 22
_HOP_VOLATILE = 0x1 | 0x2 | 0x8 | 0x10 | 0x20 | 0x40
"""RTNH_F_*: dead, pervasive, offload, linkdown, unresolved, trap. What is left of them is onlink."""
_ROUTE_VOLATILE = _HOP_VOLATILE | 0x200 | 0x4000 | 0x8000 | 0x20000000
"""And RTM_F_*: cloned, offload, trap, offload failed."""
_UNICAST, _BLACKHOLE = 1, 6
_BY_NEXTHOP = frozenset((
    routes.RTA_OIF, routes.RTA_GATEWAY, routes.RTA_VIA, routes.RTA_MULTIPATH, _RTA_ENCAP, routes.RTA_ENCAP_TYPE,
))  # fmt: skip
"""What the kernel resolves a next-hop object to: it refuses them beside RTA_NH_ID."""

_RULE_VOLATILE = 0x1 | 0x4 | 0x8 | 0x10 | 0x20000
"""FIB_RULE_*: permanent, unresolved, iif and oif detached. What is left of them is invert."""
_FRA_PAD, _FRA_SPORT_MASK, _FRA_DPORT_MASK, _FRA_DSCP_MASK = 18, 28, 29, 30
_RULE_DEFAULTS = {(_FRA_SPORT_MASK, b"\xff\xff"), (_FRA_DPORT_MASK, b"\xff\xff"), (_FRA_DSCP_MASK, b"\x3f")}
"""What the kernel (6.15) adds to a rule that was made without it."""

_ADDRESS_KEPT = 0x2 | 0x10 | 0x100 | 0x200 | 0x400 | 0x800
"""IFA_F_*: nodad, home, mngtmpaddr, noprefixroute, autojoin, stable-privacy. The others are states."""

_NDA_CACHEINFO, _NDA_PROBES, _NTF_OFFLOADED = 3, 4, 0x20
_NUD_STALE, _NUD_FAILED = 0x4, 0x20
_NUD_LIVE, _NUD_DEAD = 0x2 | 0x4 | 0x8 | 0x10, 0x1 | 0x20

_NHA_RES_GROUP, _NHA_RES_GROUP_UNBALANCED_TIME = 12, 4
_NHA_KEPT = (1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 16)
"""NHA_*: what a next-hop object may be made of."""


def pairs(data: bytes, start: int, end: int) -> Pairs:
    found = []
    while start + 4 <= end:
        size, kind = struct.unpack_from("=HH", data, start)
        if size < 4 or start + size > end:
            raise ValueError("an attribute of %d bytes in the %d that are left" % (size, end - start))
        found.append((kind, data[start + 4 : start + size]))
        start += (size + 3) & ~3
    return found


def packed(found: Pairs) -> bytes:
    found = sorted(found, key=lambda pair: pair[0] & NLA_TYPE_MASK)
    return b"".join(pack_attribute(kind, value) for kind, value in found)


def without(found: Pairs, kinds: t.Container[int]) -> Pairs:
    return [(kind, value) for kind, value in found if kind & NLA_TYPE_MASK not in kinds]


# Routes --------------------------------------------------------------------------------------------------------------


@decoder
def _route(data: bytes, start: int, end: int) -> bytes:
    """Without destination; a route over a next-hop object without what the kernel resolved that to."""
    family, _dst_len, src_len, tos, low_table, proto, scope, kind, flags = routes.RTMSG.unpack_from(data, start)
    found = pairs(data, start + routes.RTMSG.size, end)
    expires = [_EXPIRES.unpack_from(value)[0] for number, value in found if number == routes.RTA_CACHEINFO]
    found = without(found, (routes.RTA_DST, routes.RTA_CACHEINFO))
    if expires and expires[0] > 0:
        found.append((_RTA_EXPIRES, U32.pack(max(expires[0] // _TICKS, 1))))
    if any(number == routes.RTA_NH_ID for number, _value in found):
        found = without(found, _BY_NEXTHOP)
        kind = _UNICAST if kind == _BLACKHOLE else kind
    found = [(number, _hops(value) if number == routes.RTA_MULTIPATH else value) for number, value in found]
    head = (family, 0, src_len, tos, low_table, proto, scope, kind, flags & ~_ROUTE_VOLATILE)
    return routes.RTMSG.pack(*head) + packed(found)


def _hops(several: bytes) -> bytes:
    """The same next hops (rtnexthop: length, flags, weight, ifindex) without their states."""
    hops, offset = bytearray(several), 0
    while offset + 8 <= len(several):
        size = struct.unpack_from("=H", several, offset)[0]
        if size < 8:
            raise ValueError("a next hop of %d bytes" % size)
        hops[offset + 2] &= ~_HOP_VOLATILE & 0xFF
        offset += (size + 3) & ~3
    return bytes(hops)


# The small tables ----------------------------------------------------------------------------------------------------


@decoder
def _rule(data: bytes, start: int, end: int) -> bytes:
    """Always with its priority: a rule that is made without one gets another than 0."""
    head = tables.RULE.unpack_from(data, start)
    found = without(pairs(data, start + tables.RULE.size, end), (_FRA_PAD,))
    found = [pair for pair in found if pair not in _RULE_DEFAULTS]
    if not any(kind == tables.FRA_PRIORITY for kind, _value in found):
        found.append((tables.FRA_PRIORITY, U32.pack(0)))
    return tables.RULE.pack(*head[:8], head[8] & ~_RULE_VOLATILE) + packed(found)


@decoder
def _address(data: bytes, start: int, end: int) -> bytes:
    family, prefixlen, low_flags, scope, ifindex = tables.IFADDR.unpack_from(data, start)
    found = dict(pairs(data, start + tables.IFADDR.size, end))
    flags = unsigned(found[tables.IFA_FLAGS]) if tables.IFA_FLAGS in found else low_flags
    # What IPv4 calls secondary, a state, is temporary with IPv6.
    flags &= _ADDRESS_KEPT | (tables.IFA_F_TEMPORARY if family == AF_INET6 else 0)
    preferred, valid = _CACHEINFO.unpack_from(found.get(tables.IFA_CACHEINFO, _CACHEINFO.pack(FOREVER, FOREVER, 0, 0)))[
        :2
    ]
    found[tables.IFA_FLAGS] = U32.pack(flags)
    found[tables.IFA_CACHEINFO] = _CACHEINFO.pack(preferred, valid, 0, 0)
    found.setdefault(tables.IFA_ADDRESS, found.get(tables.IFA_LOCAL, b""))
    found.setdefault(tables.IFA_LOCAL, found[tables.IFA_ADDRESS])
    return tables.IFADDR.pack(family, prefixlen, flags & 0xFF, scope, ifindex) + packed(list(found.items()))


@decoder
def _nexthop(data: bytes, start: int, end: int) -> bytes:
    """The kernel refuses a scope, although it shows one."""
    family, _scope, proto, _reserved, flags = tables.NEXTHOP.unpack_from(data, start)
    found = []
    for kind, value in pairs(data, start + tables.NEXTHOP.size, end):
        if kind & NLA_TYPE_MASK == _NHA_RES_GROUP:
            value = packed(without(pairs(value, 0, len(value)), (_NHA_RES_GROUP_UNBALANCED_TIME,)))
        if kind & NLA_TYPE_MASK in _NHA_KEPT:
            found.append((kind, value))
    return tables.NEXTHOP.pack(family, 0, proto, 0, flags & ~_HOP_VOLATILE) + packed(found)


@decoder
def _neighbour(data: bytes, start: int, end: int) -> bytes:
    """The states that follow each other are two: it answers (STALE), or it does not (FAILED)."""
    family, ifindex, state, flags, kind = tables.NEIGHBOUR.unpack_from(data, start)
    if state & _NUD_LIVE:
        state = _NUD_STALE
    elif not state or state & _NUD_DEAD:
        state = _NUD_FAILED
    found = without(pairs(data, start + tables.NEIGHBOUR.size, end), (_NDA_CACHEINFO, _NDA_PROBES))
    return tables.NEIGHBOUR.pack(family, ifindex, state, flags & ~_NTF_OFFLOADED, kind) + packed(found)


# Links ---------------------------------------------------------------------------------------------------------------

_IFLA_TXQLEN, _IFLA_GROUP = 13, 27
IFLA_AF_SPEC = 26
_IFLA_INET6_ADDR_GEN_MODE = 8
_LINK_KEPT = (
    tables.IFLA_ADDRESS, tables.IFLA_IFNAME, tables.IFLA_MTU, tables.IFLA_LINK, tables.IFLA_MASTER, _IFLA_TXQLEN,
    tables.IFLA_LINKINFO, tables.IFLA_IFALIAS, IFLA_AF_SPEC, _IFLA_GROUP, tables.IFLA_LINK_NETNSID,
)  # fmt: skip
_LINK_STATES: t.Mapping[bytes, t.Container[int]] = {
    # IFLA_BR_*: root and bridge id, root port and cost, topology changes, timers, querier state, learned entries
    b"bridge": (10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 47, 48),
    # IFLA_MACVLAN_*: count of addresses, queue length (which others of the same parent raise), and what is used of it
    b"macvlan": (6, 7, 8),
}
"""By kind, what of its data (IFLA_INFO_DATA) is a state."""
_BR_VLAN_FILTERING, _BR_GROUP_ADDR, _BR_MULTI_BOOLOPT = 7, 20, 46
_BR_DEFAULTS = {(_BR_VLAN_FILTERING, b"\0"), (_BR_GROUP_ADDR, bytes.fromhex("0180c2000000"))}
_VXLAN_TTL_INHERIT = 28
_VXLAN_SWITCHES = (21, 22, _VXLAN_TTL_INHERIT)
_IFF_KEPT = 0x1 | 0x8
"""IFF_*: up, loopback."""


@decoder
def _link(data: bytes, start: int, end: int) -> bytes:
    _family, hardware, ifindex, flags, _change = tables.IFINFO.unpack_from(data, start)
    found = []
    for kind, value in pairs(data, start + tables.IFINFO.size, end):
        number = kind & NLA_TYPE_MASK
        if number == tables.IFLA_LINKINFO:
            value = _link_info(value)
        elif number == IFLA_AF_SPEC:
            value = _address_families(value)
        if number in _LINK_KEPT and value:
            found.append((kind, value))
    return tables.IFINFO.pack(0, hardware, ifindex, flags & _IFF_KEPT, 0) + packed(found)


def _address_families(value: bytes) -> bytes:
    """How it gets its IPv6 address: all else is counters, or switches that have sysctls."""
    inside = dict(pairs(value, 0, len(value))).get(AF_INET6, b"")
    kept = [pair for pair in pairs(inside, 0, len(inside)) if pair[0] == _IFLA_INET6_ADDR_GEN_MODE]
    return packed([(AF_INET6, packed(kept))]) if kept else b""


def _link_info(value: bytes) -> bytes:
    """Kind and data; not what its master keeps of it."""
    found = dict(pairs(value, 0, len(value)))
    kind, inside = found.get(tables.IFLA_INFO_KIND), found.get(tables.IFLA_INFO_DATA)
    if kind is None:
        return b""
    kept = [(tables.IFLA_INFO_KIND, kind)]
    if inside is not None:
        states = _LINK_STATES.get(kind.rstrip(b"\0"), ())
        data = without(pairs(inside, 0, len(inside)), states)
        data = _TAKEN_BACK.get(kind.rstrip(b"\0"), _as_shown)(data)
        kept.append((tables.IFLA_INFO_DATA, packed(data)))
    return packed(kept)


def _as_shown(data: Pairs) -> Pairs:
    return data


def _bridge(data: Pairs) -> Pairs:
    """The kernel refuses switches that it was built without, also where they are off: only those that are on are named."""
    data = [pair for pair in data if pair not in _BR_DEFAULTS]
    return [(kind, value[:4] * 2 if kind == _BR_MULTI_BOOLOPT else value) for kind, value in data]


def _vxlan(data: Pairs) -> Pairs:
    """Switches whose presence counts (remcsumrx), or which the kernel shows as a number and takes as a flag."""
    data = [(kind, value) for kind, value in data if kind not in _VXLAN_SWITCHES or value != b"\0"]
    return [(kind, b"" if kind == _VXLAN_TTL_INHERIT else value) for kind, value in data]


_TAKEN_BACK: t.Mapping[bytes, t.Callable[[Pairs], Pairs]] = {b"bridge": _bridge, b"vxlan": _vxlan}
"""By kind, how its data must be spelled for the kernel to take it back."""


# What they share -----------------------------------------------------------------------------------------------------

_KINDS: t.Mapping[str, t.Callable[[bytes, int, int], bytes]] = {
    "route": _route, "rule": _rule, "address": _address, "nexthop": _nexthop, "neighbour": _neighbour, "link": _link,
}  # fmt: skip


def normal(kind: str, raw: bytes) -> bytes:
    """Raises Malformed."""
    return _KINDS[kind](raw, 0, len(raw)) if kind in _KINDS else raw


@functools.lru_cache(maxsize=routes.BOUND)
def identity(kind: str, raw: bytes) -> bytes:
    """The normal spelling without the times that run out. Raises Malformed."""
    raw = normal(kind, raw)
    if kind == "route":
        size, dropped = routes.RTMSG.size, _RTA_EXPIRES
    elif kind == "address":
        size, dropped = tables.IFADDR.size, tables.IFA_CACHEINFO
    elif kind == "session":
        return raw[:1] + raw[2:]  # its state
    else:
        return raw
    found = pairs(raw, size, len(raw))
    times = [value for number, value in found if number == dropped]
    # That there is an end counts, when it is does not.
    ends = bytes(value[at : at + 4] != _NEVER for value in times for at in range(0, min(len(value), 8), 4))
    return raw[:size] + packed(without(found, (dropped,))) + ends


def lasting(raw: bytes) -> bytes:
    """A route without its end: that of a route which the kernel made for addresses follows theirs."""
    size = routes.RTMSG.size
    return raw[:size] + packed(without(pairs(raw, size, len(raw)), (_RTA_EXPIRES,)))
