# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the model to the kernel's own messages: the way back from ``tables`` and ``routes``. Pure.

What comes out is in the normal spelling (see ``normal``), so that a wish can be held against what was seen. Each function
raises ValueError for what the model can say but nobody can write.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import struct
import typing as t

from ..model import Address, Hop, Neighbour, NextHop, Route, Rule, Seen
from . import names, normal, routes, tables
from .netlink import pack_attribute
from .tables import AF_INET, AF_INET6, U32

_AF = {4: AF_INET, 6: AF_INET6}
_COMPAT = 252
"""RT_TABLE_COMPAT: what the one byte of the header holds for tables above 255."""
_LOOPBACK = 1
"""The ifindex of ``lo`` in every network namespace."""
_U16 = struct.Struct("=H")
_CACHEINFO = struct.Struct("=IIII")
"""ifa_cacheinfo: preferred, valid, made, changed."""
_NHA_GROUP_TYPE = 3
_REFUSALS = ("blackhole", "unreachable", "prohibit", "throw")
_IPV6_METRIC = 1024
"""IP6_RT_PRIO_USER."""


# Routes --------------------------------------------------------------------------------------------------------------


def as_kernel(wish: Route, scope: str | None = None) -> Route:
    """What the kernel will show of a route that is added like this; ``scope`` None is the one that ``ip`` would choose.

    IPv6 has no scopes, no TOS and no metric 0, and hangs what refuses on the loopback.
    """
    if wish.family == 4:
        return dataclasses.replace(wish, scope=scope or _scope(wish))
    refuses = wish.type in _REFUSALS and wish.nhid is None
    return dataclasses.replace(
        wish,
        scope="global",
        metric=wish.metric or _IPV6_METRIC,
        pref=wish.pref or "medium",
        hops=(Hop(_LOOPBACK),) if refuses else wish.hops,
    )


def _scope(wish: Route) -> str:
    if wish.type in ("local", "nat"):
        return "host"
    if wish.type in ("broadcast", "multicast", "anycast"):
        return "link"
    on_link = len(wish.hops) == 1 and wish.hops[0].gateway is None and wish.nhid is None
    return "link" if wish.type == "unicast" and on_link else "global"


def route(wish: Route, dst: str) -> Seen:
    """A route as it is to be shown (see :func:`as_kernel`)."""
    _split(dst, wish.family, "dst")
    only = wish.hops[0] if len(wish.hops) == 1 else Hop()
    flags = _bits(names.HOP_FLAGS, only.flags if wish.hops else ()) | _bits(names.ROUTE_FLAGS, wish.flags)
    source, source_length = _split(wish.src)
    head = routes.RTMSG.pack(
        _AF[wish.family],
        0,
        source_length,
        wish.tos,
        wish.table if wish.table < 256 else _COMPAT,
        names.number_of(names.PROTOCOLS, wish.proto, "proto"),
        names.number_of(names.SCOPES, wish.scope, "scope"),
        names.number_of(names.ROUTE_TYPES, wish.type, "type"),
        flags,
    )
    metrics = b"" if wish.mtu is None else pack_attribute(routes.RTA_METRICS, _number(routes.RTAX_MTU, wish.mtu))
    body = pack_attribute(routes.RTA_TABLE, U32.pack(wish.table)) + metrics + _packed(routes.RTA_PREFSRC, wish.prefsrc)
    if wish.metric or wish.family == 6:
        body += pack_attribute(routes.RTA_PRIORITY, U32.pack(wish.metric))
    if source_length:
        body += pack_attribute(routes.RTA_SRC, source)
    body += _number(routes.RTA_NH_ID, wish.nhid)
    if len(wish.hops) == 1:
        body += _hop(wish.family, only) + _number(routes.RTA_OIF, only.ifindex)
    elif wish.hops:
        body += pack_attribute(routes.RTA_MULTIPATH, b"".join(_member(wish.family, hop) for hop in wish.hops))
    if wish.pref is not None:
        body += pack_attribute(routes.RTA_PREF, bytes((names.number_of(names.PREFERENCES, wish.pref, "pref"),)))
    seen = _seen("route", routes.decode_route, head + body)
    return dataclasses.replace(seen, object=dataclasses.replace(seen.object, dst=None), dsts=(dst,))


def _hop(family: int, hop: Hop) -> bytes:
    if hop.encap is not None:
        raise ValueError("a next hop with the encapsulation %s cannot be made from its name alone" % hop.encap)
    if hop.gateway is None:
        return b""
    gateway = ipaddress.ip_address(hop.gateway)
    if gateway.version == family:
        return pack_attribute(routes.RTA_GATEWAY, gateway.packed)
    if family == 6:
        raise ValueError("an IPv6 route cannot go through the IPv4 gateway %s" % hop.gateway)
    return pack_attribute(routes.RTA_VIA, _U16.pack(AF_INET6) + gateway.packed)


def _member(family: int, hop: Hop) -> bytes:
    """rtnexthop: length, flags, weight - 1, ifindex, and the gateway."""
    inside = _hop(family, hop)
    flags = _bits(names.HOP_FLAGS, hop.flags)
    if not 1 <= hop.weight <= 256:
        raise ValueError("weight %d is no number from 1 to 256" % hop.weight)
    return struct.pack("=HBBi", 8 + len(inside), flags, hop.weight - 1, hop.ifindex or 0) + inside


# Policy rules --------------------------------------------------------------------------------------------------------


def rule(wish: Rule) -> Seen:
    source, source_length = _split(wish.src, wish.family, "from")
    destination, destination_length = _split(wish.dst, wish.family, "to")
    table = wish.table or 0
    head = tables.RULE.pack(
        _AF[wish.family],
        destination_length,
        source_length,
        wish.tos,
        table if table < 256 else _COMPAT,
        0,
        0,
        names.number_of(names.RULE_ACTIONS, wish.action, "action"),
        tables.INVERT if wish.invert else 0,
    )
    mark = wish.mark or 0
    mask = wish.mask if wish.mask is not None else 0xFFFFFFFF if mark else 0
    suppressed = -1 if wish.suppress_prefixlen is None else wish.suppress_prefixlen
    proto = 0 if wish.proto is None else names.number_of(names.PROTOCOLS, wish.proto, "proto")
    parts = [
        pack_attribute(tables.FRA_TABLE, U32.pack(table)),
        pack_attribute(tables.FRA_SUPPRESS_PREFIXLEN, struct.pack("=i", suppressed)),
        pack_attribute(tables.FRA_PROTOCOL, bytes((proto,))),
        _name(tables.FRA_IIFNAME, wish.iif),
        _name(tables.FRA_OIFNAME, wish.oif),
        _number(tables.FRA_PRIORITY, wish.priority),
        _number(tables.FRA_FWMARK, mark),
        _number(tables.FRA_FWMASK, mask),
        b"" if wish.goto is None else pack_attribute(tables.FRA_GOTO, U32.pack(wish.goto)),
        b"" if not wish.tunnel_id else pack_attribute(tables.FRA_TUN_ID, struct.pack("!Q", wish.tunnel_id)),
        pack_attribute(tables.FRA_L3MDEV, b"\1") if wish.l3mdev else b"",
        b"" if wish.uid_range is None else pack_attribute(tables.FRA_UID_RANGE, struct.pack("=II", *wish.uid_range)),
        b"" if wish.sport is None else pack_attribute(tables.FRA_SPORT_RANGE, struct.pack("=HH", *wish.sport)),
        b"" if wish.dport is None else pack_attribute(tables.FRA_DPORT_RANGE, struct.pack("=HH", *wish.dport)),
        _byte(tables.FRA_IP_PROTO, names.IP_PROTOCOLS, wish.ip_proto, "ip_proto"),
        b""
        if wish.suppress_ifgroup is None
        else pack_attribute(tables.FRA_SUPPRESS_IFGROUP, U32.pack(wish.suppress_ifgroup)),
        b"" if not destination_length else pack_attribute(tables.FRA_DST, destination),
        b"" if not source_length else pack_attribute(tables.FRA_SRC, source),
    ]
    return _seen("rule", tables.decode_rule, head + b"".join(parts))


# Addresses -----------------------------------------------------------------------------------------------------------


def address(wish: Address) -> Seen:
    flags = _bits(names.ADDRESS_FLAGS, wish.flags)
    head = tables.IFADDR.pack(
        _AF[wish.family],
        wish.prefixlen,
        flags & 0xFF,
        names.number_of(names.SCOPES, wish.scope, "scope"),
        wish.ifindex,
    )
    own, far = _packed(tables.IFA_LOCAL, wish.address), _packed(tables.IFA_ADDRESS, wish.peer or wish.address)
    proto = _byte(tables.IFA_PROTO, names.ADDRESS_PROTOCOLS, wish.proto, "proto")
    shown_flags = pack_attribute(tables.IFA_FLAGS, U32.pack(flags))
    lifetimes = [tables.FOREVER if item is None else item for item in (wish.preferred_lifetime, wish.valid_lifetime)]
    times = pack_attribute(tables.IFA_CACHEINFO, _CACHEINFO.pack(*lifetimes, 0, 0))
    body = own + far + _packed(tables.IFA_BROADCAST, wish.broadcast) + _name(tables.IFA_LABEL, wish.label)
    body += proto + shown_flags + times
    return _seen("address", tables.decode_address, head + body)


# Next-hop objects ----------------------------------------------------------------------------------------------------


def nexthop(wish: NextHop) -> Seen:
    head = tables.NEXTHOP.pack(
        _AF.get(wish.family, wish.family),
        names.number_of(names.SCOPES, wish.scope, "scope"),
        0 if wish.proto is None else names.number_of(names.PROTOCOLS, wish.proto, "proto"),
        0,
        _bits(names.HOP_FLAGS, wish.flags),
    )
    body = pack_attribute(tables.NHA_ID, U32.pack(wish.id))
    if wish.group:
        members = (struct.pack("=IBBH", number, weight - 1 & 0xFF, weight - 1 >> 8, 0) for number, weight in wish.group)
        body += pack_attribute(_NHA_GROUP_TYPE, _U16.pack(0)) + pack_attribute(tables.NHA_GROUP, b"".join(members))
    body += pack_attribute(tables.NHA_BLACKHOLE, b"") if wish.blackhole else b""
    body += pack_attribute(tables.NHA_FDB, b"") if wish.fdb else b""
    body += _number(tables.NHA_OIF, wish.ifindex) + _packed(tables.NHA_GATEWAY, wish.gateway)
    return _seen("nexthop", tables.decode_nexthop, head + body)


# Neighbours ----------------------------------------------------------------------------------------------------------


def neighbour(wish: Neighbour) -> Seen:
    flags = _bits(names.NEIGHBOUR_FLAGS, wish.flags)
    multicast = ipaddress.ip_address(wish.address).is_multicast
    kind = names.number_of(names.ROUTE_TYPES, "multicast" if multicast else "unicast", "type")
    head = tables.NEIGHBOUR.pack(
        _AF[wish.family],
        wish.ifindex,
        names.number_of(names.NEIGHBOUR_STATES, wish.state, "state"),
        flags & 0xFF,
        kind,
    )
    body = _packed(tables.NDA_DST, wish.address)
    if wish.lladdr is not None:
        body += pack_attribute(tables.NDA_LLADDR, bytes.fromhex(wish.lladdr.replace(":", "")))
    body += _byte(tables.NDA_PROTOCOL, names.PROTOCOLS, wish.proto, "proto")
    body += _number(tables.NDA_FLAGS_EXT, flags >> 8)
    return _seen("neighbour", tables.decode_neighbour, head + body)


# What they share -----------------------------------------------------------------------------------------------------


def _bits(words: names.Words, flags: t.Iterable[str]) -> int:
    numbers = {word: bit for bit, word in words.items()}
    return sum(numbers[flag] for flag in flags)


def _number(kind: int, value: int | None) -> bytes:
    """What the kernel leaves out where it is zero."""
    return pack_attribute(kind, U32.pack(value)) if value else b""


def _byte(kind: int, words: names.Words, value: str | None, what: str) -> bytes:
    return b"" if value is None else pack_attribute(kind, bytes((names.number_of(words, value, what),)))


def _name(kind: int, value: str | None) -> bytes:
    return b"" if value is None else pack_attribute(kind, value.encode("utf-8", "surrogateescape") + b"\0")


def _packed(kind: int, address_of: str | None) -> bytes:
    return b"" if address_of is None else pack_attribute(kind, ipaddress.ip_address(address_of).packed)


def _split(prefix: str | None, family: int | None = None, what: str = "") -> t.Tuple[bytes, int]:
    if prefix is None:
        return b"", 0
    network = ipaddress.ip_network(prefix)
    if family not in (None, network.version):
        raise ValueError("%s %s is not of family %s" % (what, prefix, family))
    return network.network_address.packed, network.prefixlen


def _seen(kind: str, decode: t.Callable[[bytes, int, int], t.Any], raw: bytes) -> Seen:
    """What was written, as it is read: where the model has two spellings, the kernel's."""
    raw = normal.normal(kind, raw)
    return Seen(kind, decode(raw, 0, len(raw)), raw)
