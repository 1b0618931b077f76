# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The small tables over rtnetlink(7): links, addresses, policy rules, next hops, neighbours.

Each is read whole and in the kernel's order; a table that the kernel does not have (no IPv6, no next-hop objects
before Linux 5.3) is empty.
"""

from __future__ import annotations

import errno
import functools
import socket
import struct
import typing as t

from ..model import Address, Link, Neighbour, NextHop, Rule
from . import names
from .netlink import Interrupted, Malformed, Netlink, attributes, pack_attribute, steady

AF_INET = int(socket.AF_INET)
AF_INET6 = int(socket.AF_INET6)
FAMILY_OF = {AF_INET: 4, AF_INET6: 6}

_RTM_GETLINK, _RTM_GETADDR, _RTM_GETNEIGH, _RTM_GETRULE, _RTM_GETNEXTHOP = 18, 22, 30, 34, 106

IFINFO = struct.Struct("=BxHiII")  # family, type, index, flags, change
IFADDR = struct.Struct("=BBBBi")  # family, prefixlen, flags, scope, index
RULE = struct.Struct("=BBBBBBBBI")  # family, dst_len, src_len, tos, table, -, -, action, flags
NEXTHOP = struct.Struct("=BBBBI")  # family, scope, protocol, -, flags
NEIGHBOUR = struct.Struct("=BxxxiHBB")  # family, index, state, flags, type
U32 = struct.Struct("=I")
_S32 = struct.Struct("=i")
_U16 = struct.Struct("=H")
_U64BE = struct.Struct("!Q")
_CACHEINFO = struct.Struct("=II")  # the first two of ifa_cacheinfo: preferred, valid
_RANGE16 = struct.Struct("=HH")
_RANGE32 = struct.Struct("=II")
_MEMBER = struct.Struct("=IBBH")  # nexthop_grp: id, weight - 1, its high byte (Linux 6.12), -

ABSENT = (errno.EAFNOSUPPORT, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT, errno.EPFNOSUPPORT)
FOREVER = 0xFFFFFFFF

T = t.TypeVar("T")


def decoder(decode: t.Callable[[bytes, int, int], T]) -> t.Callable[[bytes, int, int], T]:
    """Whatever is wrong with the bytes of a message is Malformed."""

    @functools.wraps(decode)
    def guarded(data: bytes, start: int, end: int) -> T:
        try:
            return decode(data, start, end)
        except (struct.error, ValueError, IndexError) as exc:
            raise Malformed("%s: %s in %s" % (decode.__name__, exc, data[start : min(end, start + 64)].hex())) from exc

    return guarded


def unsigned(value: bytes) -> int:
    """A number of 1, 2, 4 or 8 bytes in host order."""
    if len(value) not in (1, 2, 4, 8):
        raise ValueError("a number of %d bytes" % len(value))
    return int.from_bytes(value, ORDER)


ORDER: t.Literal["little", "big"] = "little" if struct.pack("=H", 1) == b"\1\0" else "big"


def text(value: bytes) -> str:
    """A name from the kernel: any bytes but NUL; what is no UTF-8 is kept as surrogates, so that it can be asked for."""
    return value.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def address_text(value: bytes) -> str:
    """An IPv4 or IPv6 address by its size."""
    return socket.inet_ntop(socket.AF_INET if len(value) == 4 else socket.AF_INET6, value)


def prefix(family: int, value: bytes | None, length: int) -> str:
    if value is None:
        return "0.0.0.0/%d" % length if family == AF_INET else "::/%d" % length
    return "%s/%d" % (address_text(value), length)


def _read(
    netlink: Netlink,
    kind: int,
    bodies: t.Sequence[bytes],
    decode: t.Callable[[bytes, int, int], t.Optional[T]],
) -> t.Iterator[T]:
    interrupted: t.Optional[Interrupted] = None
    for body in bodies:
        try:
            for data, start, end in netlink.messages(kind, body):
                # A kernel without a family answers with the others.
                if body[0] in (0, data[start]):
                    item = decode(data, start, end)
                    if item is not None:
                        yield item
        except Interrupted as exc:
            interrupted = exc
        except OSError as exc:
            if exc.errno not in ABSENT:
                raise
    if interrupted is not None:
        raise interrupted


class _Dump(t.NamedTuple):
    """How a table is asked for."""

    name: str
    request: int
    bodies: t.Sequence[bytes]
    twice: bool = False


def read(
    netlink: Netlink,
    kind: str,
    decode: t.Callable[[bytes, int, int], t.Optional[T]],
    unsteady: t.List[str],
) -> t.Tuple[T, ...]:
    """The messages of a small table by the kind of its objects, each as ``decode`` makes of it (None: left out)."""
    dump = _DUMPS[kind]
    return steady(lambda: _read(netlink, dump.request, dump.bodies, decode), dump.name, unsteady, dump.twice)


# Links ---------------------------------------------------------------------------------------------------------------

IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINK, IFLA_MASTER, IFLA_OPERSTATE = 1, 3, 4, 5, 10, 16
IFLA_LINKINFO, IFLA_IFALIAS, IFLA_EXT_MASK, IFLA_LINK_NETNSID = 18, 20, 29, 37
IFLA_INFO_KIND, IFLA_INFO_DATA = 1, 2
_SKIP_STATS = pack_attribute(IFLA_EXT_MASK, U32.pack(1 << 3))
_IFF_UP, _IFF_LOOPBACK, _IFF_LOWER_UP = 0x1, 0x8, 0x10000
_VRF_TABLE = 1
# ARPHRD_* whose hardware address is an IP address: TUNNEL, SIT, IPGRE; TUNNEL6, IP6GRE
_IP_HARDWARE = {768: 4, 776: 4, 778: 4, 769: 16, 823: 16}


class _Ends(t.NamedTuple):
    """Where a kind of tunnel keeps what: attribute numbers in IFLA_INFO_DATA; 0 where it has none."""

    link: int = 0
    local: t.Tuple[int, ...] = ()
    remote: t.Tuple[int, ...] = ()
    ttl: int = 0


_GRE = _Ends(1, (6,), (7,), 8)
_IPTUN = _Ends(1, (2,), (3,), 4)
_VTI = _Ends(1, (4,), (5,))
_TUNNELS = {
    "gre": _GRE, "gretap": _GRE, "erspan": _GRE, "ip6gre": _GRE, "ip6gretap": _GRE, "ip6erspan": _GRE,
    "ipip": _IPTUN, "sit": _IPTUN, "ip6tnl": _IPTUN, "vti": _VTI, "vti6": _VTI,
    "vxlan": _Ends(3, (4, 17), (2, 16), 5), "geneve": _Ends(0, (), (2, 7), 3), "xfrm": _Ends(1),
}  # fmt: skip
"""include/uapi/linux/if_tunnel.h and if_link.h. WireGuard's ends are its peers: not a matter of the link."""


def links(netlink: Netlink, unsteady: t.List[str]) -> t.Tuple[Link, ...]:
    return read(netlink, "link", decode_link, unsteady)


@decoder
def decode_link(data: bytes, start: int, end: int) -> Link:
    _family, hardware, ifindex, flags, _change = IFINFO.unpack_from(data, start)
    found = attributes(data, start + IFINFO.size, end)
    kind, inside = None, {}
    if IFLA_LINKINFO in found:
        info = found[IFLA_LINKINFO]
        nested = attributes(info, 0, len(info))
        kind = text(nested[IFLA_INFO_KIND]) if IFLA_INFO_KIND in nested else None
        details = nested.get(IFLA_INFO_DATA, b"")
        inside = attributes(details, 0, len(details))
    ends = _TUNNELS.get(kind or "", _Ends())
    remote = _end(inside, ends.remote)
    return Link(
        ifindex=ifindex,
        name=text(found.get(IFLA_IFNAME, b"")),
        kind=kind,
        up=bool(flags & _IFF_UP),
        carrier=bool(flags & _IFF_LOWER_UP),
        operstate=names.word(names.OPERSTATES, unsigned(found.get(IFLA_OPERSTATE, b"\0"))),
        loopback=bool(flags & _IFF_LOOPBACK),
        mtu=unsigned(found.get(IFLA_MTU, b"\0")),
        lladdr=_hardware_address(hardware, found.get(IFLA_ADDRESS)),
        master=_index(found.get(IFLA_MASTER)),
        parent=_index(found.get(IFLA_LINK)),
        peer_netns=_S32.unpack(found[IFLA_LINK_NETNSID])[0] if IFLA_LINK_NETNSID in found else None,
        vrf_table=unsigned(inside[_VRF_TABLE]) if kind == "vrf" and _VRF_TABLE in inside else None,
        local=_end(inside, ends.local),
        remote=None if remote is None or _is_multicast(remote) else remote,
        underlay=_index(inside.get(ends.link)),
        ttl=(unsigned(inside[ends.ttl]) or None) if ends.ttl in inside else None,
        alias=text(found[IFLA_IFALIAS]) if IFLA_IFALIAS in found else None,
    )


def _index(value: bytes | None) -> int | None:
    return None if value is None else unsigned(value) or None


def _end(inside: t.Mapping[int, bytes], kinds: t.Iterable[int]) -> str | None:
    for kind in kinds:
        value = inside.get(kind)
        if value is not None and value.strip(b"\0"):
            return address_text(value)
    return None


def _is_multicast(address: str) -> bool:
    if ":" in address:
        return address.startswith("ff")
    return 224 <= int(address.partition(".")[0]) < 240


def _hardware_address(hardware: int, value: bytes | None) -> str | None:
    if not value:
        return None
    if _IP_HARDWARE.get(hardware) == len(value):
        return address_text(value)
    return value.hex(":")


# Addresses -----------------------------------------------------------------------------------------------------------

IFA_ADDRESS, IFA_LOCAL, IFA_LABEL, IFA_BROADCAST, IFA_CACHEINFO, IFA_FLAGS, IFA_PROTO = 1, 2, 3, 4, 6, 8, 11
IFA_F_TEMPORARY = 0x1


def addresses(netlink: Netlink, unsteady: t.List[str]) -> t.Tuple[Address, ...]:
    return read(netlink, "address", decode_address, unsteady)


@decoder
def decode_address(data: bytes, start: int, end: int) -> Address:
    family, prefixlen, low_flags, scope, ifindex = IFADDR.unpack_from(data, start)
    found = attributes(data, start + IFADDR.size, end)
    far = found.get(IFA_ADDRESS)
    near = found.get(IFA_LOCAL, far)
    if near is None:
        raise ValueError("an address without IFA_LOCAL and IFA_ADDRESS")
    number = unsigned(found[IFA_FLAGS]) if IFA_FLAGS in found else low_flags
    flags = names.flags(names.ADDRESS_FLAGS, number)
    if family == AF_INET6 and number & IFA_F_TEMPORARY:
        flags = tuple(sorted("temporary" if flag == "secondary" else flag for flag in flags))
    preferred, valid = _CACHEINFO.unpack_from(found[IFA_CACHEINFO]) if IFA_CACHEINFO in found else (FOREVER,) * 2
    proto = unsigned(found.get(IFA_PROTO, b"\0"))
    return Address(
        family=FAMILY_OF.get(family, family),
        ifindex=ifindex,
        address=address_text(near),
        prefixlen=prefixlen,
        peer=None if far is None or far == near else address_text(far),
        scope=names.word(names.SCOPES, scope),
        flags=flags,
        proto=names.word(names.ADDRESS_PROTOCOLS, proto) if proto else None,
        label=text(found[IFA_LABEL]) if IFA_LABEL in found else None,
        broadcast=address_text(found[IFA_BROADCAST]) if IFA_BROADCAST in found else None,
        valid_lifetime=None if valid == FOREVER else valid,
        preferred_lifetime=None if preferred == FOREVER else preferred,
    )


# Policy rules --------------------------------------------------------------------------------------------------------

FRA_DST, FRA_SRC, FRA_IIFNAME, FRA_GOTO, FRA_PRIORITY, FRA_FWMARK = 1, 2, 3, 4, 6, 10
FRA_TUN_ID, FRA_SUPPRESS_IFGROUP, FRA_SUPPRESS_PREFIXLEN, FRA_TABLE, FRA_FWMASK = 12, 13, 14, 15, 16
FRA_OIFNAME, FRA_L3MDEV, FRA_UID_RANGE, FRA_PROTOCOL, FRA_IP_PROTO = 17, 19, 20, 21, 22
FRA_SPORT_RANGE, FRA_DPORT_RANGE, FRA_DSCP = 23, 24, 25
INVERT, _UNRESOLVED, _IIF_DETACHED, _OIF_DETACHED = 0x2, 0x4, 0x8, 0x10
_LOOKUP = 1


def rules(netlink: Netlink, unsteady: t.List[str]) -> t.Tuple[Rule, ...]:
    return read(netlink, "rule", decode_rule, unsteady)


@decoder
def decode_rule(data: bytes, start: int, end: int) -> Rule:
    family, dst_len, src_len, tos, low_table, _res1, _res2, action, flags = RULE.unpack_from(data, start)
    found = attributes(data, start + RULE.size, end)
    l3mdev = bool(unsigned(found.get(FRA_L3MDEV, b"\0")))
    table = unsigned(found[FRA_TABLE]) if FRA_TABLE in found else low_table
    mask = unsigned(found[FRA_FWMASK]) if FRA_FWMASK in found else None
    mark = unsigned(found[FRA_FWMARK]) if FRA_FWMARK in found else None if mask is None else 0
    detached = [name for name, bit in (("iif", _IIF_DETACHED), ("oif", _OIF_DETACHED)) if flags & bit]
    ip_proto = unsigned(found.get(FRA_IP_PROTO, b"\0"))
    proto = unsigned(found.get(FRA_PROTOCOL, b"\0"))
    return Rule(
        family=FAMILY_OF.get(family, family),
        priority=unsigned(found.get(FRA_PRIORITY, b"\0")),
        action=names.word(names.RULE_ACTIONS, action),
        table=table if action == _LOOKUP and not l3mdev else None,
        src=prefix(family, found.get(FRA_SRC), src_len) if FRA_SRC in found or src_len else None,
        dst=prefix(family, found.get(FRA_DST), dst_len) if FRA_DST in found or dst_len else None,
        iif=text(found[FRA_IIFNAME]) if FRA_IIFNAME in found else None,
        oif=text(found[FRA_OIFNAME]) if FRA_OIFNAME in found else None,
        detached=tuple(detached),
        mark=mark,
        mask=mask,
        tos=unsigned(found[FRA_DSCP]) << 2 if FRA_DSCP in found else tos,
        uid_range=_range(_RANGE32, found.get(FRA_UID_RANGE)),
        ip_proto=names.word(names.IP_PROTOCOLS, ip_proto) if ip_proto else None,
        sport=_range(_RANGE16, found.get(FRA_SPORT_RANGE)),
        dport=_range(_RANGE16, found.get(FRA_DPORT_RANGE)),
        goto=unsigned(found[FRA_GOTO]) if FRA_GOTO in found else None,
        unresolved=bool(flags & _UNRESOLVED),
        l3mdev=l3mdev,
        invert=bool(flags & INVERT),
        suppress_prefixlen=_suppressed(found.get(FRA_SUPPRESS_PREFIXLEN)),
        suppress_ifgroup=_suppressed(found.get(FRA_SUPPRESS_IFGROUP)),
        tunnel_id=_U64BE.unpack(found[FRA_TUN_ID])[0] if FRA_TUN_ID in found else None,
        proto=names.word(names.PROTOCOLS, proto) if proto else None,
    )


def _range(layout: struct.Struct, value: bytes | None) -> t.Tuple[int, int] | None:
    if value is None:
        return None
    first, last = layout.unpack(value)
    return first, last


def _suppressed(value: bytes | None) -> int | None:
    """-1, which the kernel always shows, is none."""
    number: t.Optional[int] = None if value is None else _S32.unpack(value)[0]
    return None if number == -1 else number


# Next-hop objects ----------------------------------------------------------------------------------------------------

NHA_ID, NHA_GROUP, NHA_BLACKHOLE, NHA_OIF, NHA_GATEWAY, NHA_FDB = 1, 2, 4, 5, 6, 11


def nexthops(netlink: Netlink, unsteady: t.List[str]) -> t.Tuple[NextHop, ...]:
    return read(netlink, "nexthop", decode_nexthop, unsteady)


@decoder
def decode_nexthop(data: bytes, start: int, end: int) -> NextHop:
    family, scope, proto, _reserved, flags = NEXTHOP.unpack_from(data, start)
    found = attributes(data, start + NEXTHOP.size, end)
    return NextHop(
        id=unsigned(found.get(NHA_ID, b"")),
        family=FAMILY_OF.get(family, family),
        ifindex=_index(found.get(NHA_OIF)),
        gateway=address_text(found[NHA_GATEWAY]) if NHA_GATEWAY in found else None,
        blackhole=NHA_BLACKHOLE in found,
        fdb=NHA_FDB in found,
        group=tuple(
            (number, low + (high << 8) + 1)
            for number, low, high, _pad in _MEMBER.iter_unpack(found.get(NHA_GROUP, b""))
        ),
        scope=names.word(names.SCOPES, scope),
        proto=names.word(names.PROTOCOLS, proto) if proto else None,
        flags=names.flags(names.HOP_FLAGS, flags),
    )


# Neighbours ----------------------------------------------------------------------------------------------------------

NDA_DST, NDA_LLADDR, NDA_PROTOCOL, NDA_FLAGS_EXT = 1, 2, 12, 15


def neighbours(netlink: Netlink, unsteady: t.List[str]) -> t.Tuple[Neighbour, ...]:
    """ARP and ND entries in every state. They change by themselves: an entry that came twice is shown once."""
    found = read(netlink, "neighbour", decode_neighbour, unsteady)
    return tuple({(item.ifindex, item.address): item for item in found}.values())


@decoder
def decode_neighbour(data: bytes, start: int, end: int) -> Neighbour | None:
    """None for an entry of no address."""
    family, ifindex, state, flags, _type = NEIGHBOUR.unpack_from(data, start)
    found = attributes(data, start + NEIGHBOUR.size, end)
    if NDA_DST not in found:
        return None
    extended = unsigned(found.get(NDA_FLAGS_EXT, b"\0"))
    proto = unsigned(found.get(NDA_PROTOCOL, b"\0"))
    lladdr = found.get(NDA_LLADDR)
    return Neighbour(
        family=FAMILY_OF.get(family, family),
        ifindex=ifindex,
        address=address_text(found[NDA_DST]),
        lladdr=lladdr.hex(":") if lladdr else None,
        state=names.word(names.NEIGHBOUR_STATES, state),
        flags=names.flags(names.NEIGHBOUR_FLAGS, flags | extended << 8),
        proto=names.word(names.PROTOCOLS, proto) if proto else None,
    )


# How they are asked for ----------------------------------------------------------------------------------------------

_DUMPS: t.Mapping[str, _Dump] = {
    "link": _Dump("links", _RTM_GETLINK, (IFINFO.pack(0, 0, 0, 0, 0) + _SKIP_STATS,)),
    "address": _Dump("addresses", _RTM_GETADDR, [IFADDR.pack(family, 0, 0, 0, 0) for family in FAMILY_OF]),
    # Twice: a rule that goes while rules are dumped may take another one's line with it, and nothing flags it.
    "rule": _Dump("rules", _RTM_GETRULE, [RULE.pack(family, *[0] * 8) for family in FAMILY_OF], twice=True),
    "nexthop": _Dump("nexthops", _RTM_GETNEXTHOP, (NEXTHOP.pack(0, 0, 0, 0, 0),)),
    "neighbour": _Dump("neighbours", _RTM_GETNEIGH, [NEIGHBOUR.pack(family, 0, 0, 0, 0) for family in FAMILY_OF]),
}
