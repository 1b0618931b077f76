# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A network namespace of one's own, with links that stand in for those of a host.

A stand-in is one end of a veth pair (veth(4)) with the name of the host's link. Its ifindex is another one: each new
namespace comes with links of the kernel's own (``gre0``, ``sit0``...), which hold the low numbers. So what names a link
by its ifindex is renumbered (:func:`renumbered`) before it is put there.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import struct
import typing as t

from ..model import Link, Seen
from .change import APPEND, CREATE, EXCL, NEW, route_bodies
from .lending import lent
from .namespace import CLONE_NEWNET, entered
from .netlink import NETLINK_ROUTE, Netlink, pack_attribute
from .routes import RTA_MULTIPATH, RTA_OIF, RTMSG
from .seen import key_of
from .tables import (
    IFINFO,
    IFLA_IFNAME,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_LINKINFO,
    IFLA_MTU,
    NEXTHOP,
    NHA_OIF,
    U32,
    links,
)

_IFF_UP = 0x1
_VETH_INFO_PEER = 1
_MTU = (68, 65535)
"""What a veth can have."""
_INDEX_AT = {"link": 4, "address": 4, "neighbour": 4}
"""Where ifinfomsg, ifaddrmsg and ndmsg hold the ifindex."""
_RTNEXTHOP = struct.Struct("=HBBi")  # rtnexthop: len, flags, hops, ifindex
_ONLINK = 0x4
_NH_FLAGS_AT = 4
"""In nhmsg."""
_ATTRIBUTE = struct.Struct("=HH")

_ROOT = "/proc/sys/net"
_OF_ALL = ("ipv4/ip_nonlocal_bind", "ipv6/ip_nonlocal_bind", "ipv4/ip_forward")
_OF_LINK = {
    "ipv4": (
        "accept_local", "forwarding", "ignore_routes_with_linkdown", "promote_secondaries", "route_localnet",
        "rp_filter", "src_valid_mark",
    ),
    "ipv6": ("disable_ipv6", "forwarding", "ignore_routes_with_linkdown", "keep_addr_on_down", "use_oif_addrs_only"),
}  # fmt: skip
"""What decides over lookups, and over what goes along when a link or an address goes."""
_QUIET = {
    "ipv6/conf/all/disable_ipv6": "0",
    "ipv6/conf/default/disable_ipv6": "1",
    "ipv6/conf/default/accept_dad": "0",
    "ipv6/conf/default/accept_ra": "0",
    "ipv6/conf/default/addr_gen_mode": "1",
}
"""New links make no addresses of their own, and ask nobody whether theirs are free; far ends have no IPv6 at all."""

Switches = t.Dict[str, str]
"""Path under /proc/sys/net to value."""


def leave() -> None:
    """Be in a new network namespace, for good: only a child process should. Raises OSError (EPERM, ENOSPC)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


# Switches ------------------------------------------------------------------------------------------------------------


def switches(netns: str | int | None, names: t.Iterable[str]) -> Switches:
    """What decides over lookups in a namespace with these links. What is not there is left out."""
    paths = list(_OF_ALL)
    for name in ["all", *(name for name in names if name not in ("all", "default"))]:
        paths += ["%s/conf/%s/%s" % (family, name, key) for family, keys in _OF_LINK.items() for key in keys]
    found = {}
    with entered(netns):
        for path in paths:
            try:
                with open(os.path.join(_ROOT, path), encoding="ascii") as stream:
                    found[path] = stream.read(16).strip()
            except OSError:
                continue
    return found


def set_switches(wanted: Switches) -> None:
    """Set them in the namespace that this process is in. What this kernel does not have there is left out.

    Raises OSError where /proc/sys may not be written to.
    """
    for path, value in wanted.items():
        try:
            with open(os.path.join(_ROOT, path), "w", encoding="ascii") as stream:
                stream.write(value)
        except FileNotFoundError:
            continue


# Links ---------------------------------------------------------------------------------------------------------------


def make_links(wanted: t.Sequence[Link], told: Switches) -> t.Tuple[t.Dict[int, int], t.Dict[int, str]]:
    """A stand-in for each link, up and with a carrier. Returns the ifindex of each by that of the host's, and the names
    of their far ends by the same.

    What the kernel made by itself (the loopback, ``gre0``...) stands in for its like. ``told`` are the host's switches.
    Raises OSError with what the kernel refused.
    """
    set_switches({path: value for path, value in told.items() if "/conf/" not in path or "/conf/all/" in path})
    set_switches(_QUIET)
    with Netlink(NETLINK_ROUTE) as netlink:
        there = {link.name for link in links(netlink, [])}
        taken = there | {link.name for link in wanted}
        free = (name for name in map("far%d".__mod__, itertools.count()) if name not in taken)
        ends = {link.ifindex: next(free) for link in wanted if link.name not in there}
        _ask(
            netlink,
            {link.name: _pair(link, ends[link.ifindex]) for link in wanted if link.ifindex in ends},
            CREATE | EXCL,
        )
        set_switches({path: value for path, value in told.items() if "/conf/" in path and "/conf/all/" not in path})
        set_links([link.name for link in wanted if link.up or link.ifindex in ends], True)
        set_links(ends.values(), True)
        index = {link.name: link.ifindex for link in links(netlink, [])}
    return {link.ifindex: index[link.name] for link in wanted}, ends


def set_links(names: t.Iterable[str], up: bool) -> None:
    """Set links up or down. Raises OSError with what the kernel refused."""
    flags = IFINFO.pack(0, 0, 0, _IFF_UP if up else 0, _IFF_UP)
    with Netlink(NETLINK_ROUTE) as netlink:
        _ask(netlink, {name: flags + _name(name) for name in names}, 0)


def _pair(link: Link, far: str) -> bytes:
    header = IFINFO.pack(0, 0, 0, 0, 0)
    mtu = pack_attribute(IFLA_MTU, U32.pack(min(max(link.mtu, _MTU[0]), _MTU[1])))
    peer = pack_attribute(_VETH_INFO_PEER, header + _name(far))
    info = pack_attribute(IFLA_INFO_KIND, b"veth") + pack_attribute(IFLA_INFO_DATA, peer)
    return header + _name(link.name) + mtu + pack_attribute(IFLA_LINKINFO, info)


def _name(name: str) -> bytes:
    return pack_attribute(IFLA_IFNAME, name.encode("utf-8", "surrogateescape") + b"\0")


def _ask(netlink: Netlink, bodies: t.Mapping[str, bytes], flags: int) -> None:
    for name, ack in zip(bodies, netlink.acted(NEW["link"], flags, list(bodies.values()))):
        if ack.number:
            raise OSError(ack.number, "the stand-in of %s: %s" % (name, os.strerror(ack.number)))


def lay(routes: t.Sequence[Seen]) -> None:
    """Add routes behind those that are there. What the kernel refuses is left out."""
    with Netlink(NETLINK_ROUTE) as netlink, lent(netlink, [seen.raw for seen in routes]):
        for seen in routes:
            netlink.acted(NEW["route"], CREATE | APPEND, route_bodies(seen.raw, [key_of(dst) for dst in seen.dsts]))


# What the kernel showed of the host, for another place ---------------------------------------------------------------


def renumbered(kind: str, raw: bytes, numbers: t.Mapping[int, int]) -> bytes:
    """The same object (``Seen.raw``) on the stand-ins. An ifindex that has none stays as it is."""
    changed = bytearray(raw)
    if kind in _INDEX_AT:
        _renumber(changed, _INDEX_AT[kind], numbers)
    for attribute, start, end in _walk(kind, raw):
        if (kind, attribute) in (("route", RTA_OIF), ("nexthop", NHA_OIF)):
            _renumber(changed, start, numbers)
        elif (kind, attribute) == ("route", RTA_MULTIPATH):
            for hop in _hops(raw, start, end):
                _renumber(changed, hop + 4, numbers)
    return bytes(changed)


def onlink(raw: bytes) -> bytes:
    """The same next hop, whose gateway the kernel takes to be on the link without looking: there it was when the next
    hop was made, and may not be any more."""
    changed = bytearray(raw)
    U32.pack_into(changed, _NH_FLAGS_AT, U32.unpack_from(raw, _NH_FLAGS_AT)[0] | _ONLINK)
    return bytes(changed)


def _renumber(changed: bytearray, at: int, numbers: t.Mapping[int, int]) -> None:
    number = U32.unpack_from(changed, at)[0]
    U32.pack_into(changed, at, numbers.get(number, number))


def _walk(kind: str, raw: bytes) -> t.Iterator[t.Tuple[int, int, int]]:
    """Type, start and end of the value of each attribute that may name a link."""
    at = {"route": RTMSG.size, "nexthop": NEXTHOP.size}.get(kind, len(raw))
    while at + 4 <= len(raw):
        size, attribute = _ATTRIBUTE.unpack_from(raw, at)
        if size < 4:
            break
        yield attribute, at + 4, at + size
        at += (size + 3) & ~3


def _hops(raw: bytes, start: int, end: int) -> t.Iterator[int]:
    while start + _RTNEXTHOP.size <= end:
        yield start
        start += max((_RTNEXTHOP.unpack_from(raw, start)[0] + 3) & ~3, _RTNEXTHOP.size)
