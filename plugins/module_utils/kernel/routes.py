# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes over rtnetlink(7): streams in constant memory, however large the tables are.

Most routes of a large table differ in their destination only. So a message is split into its destination and its
*remainder* (everything else, as bytes), and each distinct remainder is decoded once: a million routes have a few
thousand.

**When a table changes while it is read.** The kernel does not say so for routes. An IPv6 walk that starts again shows
routes twice: those at the seam of two datagrams are left out again, and ``routes`` is added to ``unsteady``. What is
missing cannot be known: read again what you would act on. Where the answer breaks off (Overrun), the read starts over
by itself as long as nothing was handed out; ``groups`` hands out at its end, unless it has more than ``BOUND`` distinct
remainders. After that Overrun reaches the reader, who must drop what the stream gave and start a new one.
"""

from __future__ import annotations

import dataclasses
import errno
import struct
import typing as t

from ..model import Hop, Route, RouteGroup
from . import names
from .netlink import (
    HEAD,
    HEADER_SIZE,
    NLM_F_DUMP_INTR,
    TRIES,
    Malformed,
    Netlink,
    Overrun,
    attributes,
    pack_attribute,
)
from .tables import (
    ABSENT,
    AF_INET,
    AF_INET6,
    FAMILY_OF,
    ORDER,
    U32,
    address_text,
    decoder,
    nexthops,
    prefix,
    unsigned,
)

BOUND = 8192
"""Distinct remainders that are kept, in less than 4 MiB. With more than that groups come in pieces, and slowly."""

RTM_NEWROUTE, RTM_GETROUTE = 24, 26
RTMSG = struct.Struct("=BBBBBBBBI")
"""rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags."""
RTA_DST, RTA_SRC, RTA_IIF, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC = 1, 2, 3, 4, 5, 6, 7
RTA_METRICS, RTA_MULTIPATH, RTA_CACHEINFO, RTA_TABLE, RTA_VIA, RTA_PREF, RTA_ENCAP_TYPE = 8, 9, 12, 15, 18, 20, 21
RTA_NH_ID = 30
RTAX_MTU = 2
_NEXTHOP = struct.Struct("=HBBi")  # rtnexthop: len, flags, hops, ifindex
_EXPIRES = struct.Struct("=8xi")  # rta_cacheinfo: clntref, lastuse, expires, ...
_ROUTE_FLAGS = sum(names.ROUTE_FLAGS)
_TICKS = 100
"""USER_HZ, which is 100 on every architecture that still runs."""

# The head of a route message as every kernel since 2.6.19 writes it: nlmsghdr, rtmsg, RTA_TABLE, RTA_DST.
_HEAD = struct.Struct("=IHH8xB11xI4xI")
"""Length, type, flags, family, the head of RTA_TABLE and that of RTA_DST."""
_HEAD_SIZE = _HEAD.size
_TYPE_AT, _DST_AT = 23, 36
_BLACKHOLE = 6
_ADDRESS_SIZE = {AF_INET: 4, AF_INET6: 16}
_NUMBER_OF = {family: number for number, family in FAMILY_OF.items()}


def _head(size: int, kind: int) -> int:
    number: int = struct.unpack("=I", struct.pack("=HH", size, kind))[0]
    return number


_TABLE_HEAD = _head(8, RTA_TABLE)
_DST_HEAD = {family: _head(4 + size, RTA_DST) for family, size in _ADDRESS_SIZE.items()}


@dataclasses.dataclass(frozen=True)
class Filter:
    """What the kernel is to leave out; None is everything. All of them combine.

    ``table`` makes it walk one table; the others are tested against each route. A route over a next-hop object that is a
    blackhole is one, although the kernel filters it as unicast. Raises ValueError for what no route can have.
    """

    family: int | None = None
    table: int | None = None
    proto: str | None = None
    type: str | None = None
    oif: int | None = None

    def __post_init__(self) -> None:
        if self.family not in (None, 4, 6):
            raise ValueError("family %r is neither 4 nor 6" % (self.family,))
        for name in ("table", "oif"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1 << 32:
                raise ValueError("%s %r is not a number from 1 to 4294967295" % (name, value))
        self.request(AF_INET, True)

    def families(self) -> t.Tuple[int, ...]:
        return (AF_INET, AF_INET6) if self.family is None else (_NUMBER_OF[self.family],)

    def type_number(self) -> int:
        """0 for all."""
        return 0 if self.type is None else names.number_of(names.ROUTE_TYPES, self.type, "type")

    def request(self, family: int, by_type: bool) -> bytes:
        proto = 0 if self.proto is None else names.number_of(names.PROTOCOLS, self.proto, "proto")
        kind = self.type_number() if by_type else 0
        body = RTMSG.pack(family, 0, 0, 0, 0, proto, 0, kind, 0)
        if self.table is not None:
            body += pack_attribute(RTA_TABLE, U32.pack(self.table))
        if self.oif is not None:
            body += pack_attribute(RTA_OIF, U32.pack(self.oif))
        return body


Open = t.Callable[[], Netlink]
"""Opens a socket for one stream: it may be read while the port asks other things over its own."""
_Folded = t.Dict[int, t.Dict[t.Any, t.List[t.Any]]]
_Item = t.TypeVar("_Item")


def stream(opened: Open, wanted: Filter, unsteady: t.List[str]) -> t.Iterator[Route]:
    """The routes, IPv4 then IPv6, in the kernel's order. Raises Overrun (see above), OSError."""
    return _from_the_start(lambda: _routes(opened, wanted, unsteady))


def groups(opened: Open, wanted: Filter, unsteady: t.List[str], samples: int) -> t.Iterator[RouteGroup]:
    """The same, folded. Raises as ``stream`` does.

    ``beaten_by`` is the route right before in the same table with the same destination, source and TOS: IPv4 then takes
    the earlier one; IPv6 does so where the metric of the earlier one is lower.
    """
    return _from_the_start(lambda: _groups(opened, wanted, unsteady, samples))


def _from_the_start(read: t.Callable[[], t.Iterator[_Item]]) -> t.Iterator[_Item]:
    for attempt in range(TRIES):
        began = False
        try:
            for item in read():
                began = True
                yield item
            return
        except Overrun:
            if began or attempt == TRIES - 1:
                raise


def remainders(netlink: Netlink, wanted: Filter, unsteady: t.List[str]) -> t.Iterator[t.Tuple[int, bytes, bytes, int]]:
    """Family (AF_*), remainder, destination (empty: none) and prefix length of each route. Raises as ``stream`` does,
    and never starts over."""
    for family in wanted.families():
        for remainder, dst, length in _raw(netlink, family, wanted, unsteady):
            yield family, remainder, dst, length


def _routes(opened: Open, wanted: Filter, unsteady: t.List[str]) -> t.Iterator[Route]:
    templates: t.Dict[t.Tuple[int, bytes], Route] = {}
    with opened() as netlink:
        for family in wanted.families():
            for remainder, dst, length in _raw(netlink, family, wanted, unsteady):
                template = templates.get((family, remainder))
                if template is None:
                    if len(templates) >= BOUND:
                        templates.clear()
                    template = templates[family, remainder] = _decode(family, remainder)
                yield altered(template, dst=_prefix(family, dst, length))


def _groups(opened: Open, wanted: Filter, unsteady: t.List[str], samples: int) -> t.Iterator[RouteGroup]:
    # Remainder, or (remainder, that of the route before) where it is beaten, to count and packed samples.
    folded: _Folded = {family: {} for family in wanted.families()}
    with opened() as netlink:
        for family, entries in folded.items():
            last = last_dst = b""
            last_length = -1
            for remainder, dst, length in _raw(netlink, family, wanted, unsteady):
                key: t.Any = remainder
                if dst == last_dst and length == last_length and _beats(family, last, remainder):
                    key = (remainder, last)
                last, last_dst, last_length = remainder, dst, length
                entry = entries.get(key)
                if entry is None:
                    if len(entries) >= BOUND:
                        yield from _flushed(folded)
                    entry = entries[key] = [0, b""]
                entry[0] += 1
                if entry[0] <= samples:
                    entry[1] += bytes((length,)) + dst.ljust(_ADDRESS_SIZE[family], b"\0")
    yield from _flushed(folded)


def _flushed(folded: _Folded) -> t.Iterator[RouteGroup]:
    for family, entries in folded.items():
        size = 1 + _ADDRESS_SIZE[family]
        for key, (count, packed) in entries.items():
            remainder, before = key if isinstance(key, tuple) else (key, None)
            yield RouteGroup(
                template=_template(family, remainder),
                count=count,
                samples=tuple(
                    prefix(family, packed[at + 1 : at + size], packed[at]) for at in range(0, len(packed), size)
                ),
                beaten_by=None if before is None else _template(family, before),
            )
        entries.clear()


def _beats(family: int, before: bytes, after: bytes) -> bool:
    # A remainder starts with src_len, tos; behind the rest of rtmsg comes RTA_TABLE.
    if before[:2] != after[:2] or before[10:18] != after[10:18]:
        return False
    if family == AF_INET:
        return True
    one, other = attributes(before, 10, len(before)), attributes(after, 10, len(after))
    if one.get(RTA_SRC) != other.get(RTA_SRC):
        return False
    return _metric(one) < _metric(other)


def _metric(found: t.Mapping[int, bytes]) -> int:
    return int.from_bytes(found.get(RTA_PRIORITY, b""), ORDER)


def _raw(
    netlink: Netlink, family: int, wanted: Filter, unsteady: t.List[str]
) -> t.Iterator[t.Tuple[bytes, bytes, int]]:
    """Remainder, destination (empty: none) and prefix length of each route: the loop that must be fast."""
    width = _ADDRESS_SIZE[family]
    # By length: how to take a message apart, and the heads of which it is known that everything is where it is expected.
    shapes: t.Dict[int, t.Tuple[struct.Struct, t.Set[bytes]]] = {}
    kind_wanted = wanted.type_number()
    by_type = kind_wanted != _BLACKHOLE or not any(nexthop.blackhole for nexthop in nexthops(netlink, unsteady))
    dump = netlink.dump(RTM_GETROUTE, wanted.request(family, by_type))
    previous = b""
    try:
        for data in dump:
            size, offset = len(data), 0
            if family == AF_INET6 and previous:
                offset = _behind_seam(previous, data, unsteady)
            previous = data
            while offset < size:
                length = HEAD.unpack_from(data, offset)[0] if size - offset >= HEADER_SIZE else 0
                if length < HEADER_SIZE or length > size - offset:
                    raise Malformed("a route message of %d bytes in the %d that are left" % (length, size - offset))
                if length not in shapes:
                    shapes[length] = _shape(length, width), set()
                shape, plain = shapes[length]
                # Messages of one length stand in runs: one call takes a run apart.
                run = memoryview(data)[offset : size - (size - offset) % shape.size]
                began = offset
                for head, dst, rest in shape.iter_unpack(run):
                    if head not in plain:
                        if not _is_plain(head, length, family):
                            break
                        if len(plain) >= BOUND:
                            plain.clear()
                        plain.add(head)
                    if kind_wanted in (0, head[_TYPE_AT]):
                        yield head[18:_DST_AT] + rest, dst, head[17]
                    offset += length
                if offset > began:
                    continue
                kind, flags = HEAD.unpack_from(data, offset)[1:]
                if kind != RTM_NEWROUTE or flags & NLM_F_DUMP_INTR:
                    payload = dump.control(data, offset) and kind == RTM_NEWROUTE
                else:
                    payload = True
                # A kernel without the family answers with the routes of others.
                if payload and length > _TYPE_AT and data[offset + HEADER_SIZE] == family:
                    if kind_wanted in (0, data[offset + _TYPE_AT]):
                        yield _split(data, offset + HEADER_SIZE, offset + length)
                offset += (length + 3) & ~3
    except OSError as exc:
        # A link that is gone has no routes.
        if exc.errno not in ABSENT and not (exc.errno == errno.ENODEV and wanted.oif is not None):
            raise
    if dump.changed:
        _note(unsteady)


def _shape(length: int, width: int) -> struct.Struct:
    """Head, destination and rest of a message of this length; one that is too short for them has no plain head."""
    return struct.Struct("=%ds%ds%ds" % (_HEAD_SIZE, width, max(length - _HEAD_SIZE - width, 0)))


def _is_plain(head: bytes, length: int, family: int) -> bool:
    """Is this the head of a message of this length that holds a route of the family, its destination right behind?"""
    said, kind, flags, family_of, first, second = _HEAD.unpack(head)
    return (
        said == length == (length & ~3)
        and length >= _HEAD_SIZE + _ADDRESS_SIZE[family]
        and kind == RTM_NEWROUTE
        and not flags & NLM_F_DUMP_INTR
        and (family_of, first, second) == (family, _TABLE_HEAD, _DST_HEAD[family])
    )


def _behind_seam(previous: bytes, data: bytes, unsteady: t.List[str]) -> int:
    """Where the news begin: what already stood in the datagram before was dumped twice."""
    offset = 0
    while offset + HEADER_SIZE <= len(data):
        length, kind, _flags = HEAD.unpack_from(data, offset)
        if kind != RTM_NEWROUTE or length < HEADER_SIZE or data[offset : offset + length] not in previous:
            break
        _note(unsteady)
        offset += (length + 3) & ~3
    return offset


def _note(unsteady: t.List[str]) -> None:
    if "routes" not in unsteady:
        unsteady.append("routes")


@decoder
def _split(data: bytes, start: int, end: int) -> t.Tuple[bytes, bytes, int]:
    """The remainder of any route message, in the shape that the fast path finds it in."""
    dst, table, rest = b"", None, []
    offset = start + RTMSG.size
    while offset + 4 <= end:
        size, kind = struct.unpack_from("=HH", data, offset)
        if size < 4 or offset + size > end:
            break
        value = data[offset + 4 : offset + size]
        if kind == RTA_DST:
            dst = value
        elif kind == RTA_TABLE:
            table = value
        else:
            rest.append(pack_attribute(kind, value))
        offset += (size + 3) & ~3
    header = data[start + 2 : start + RTMSG.size]
    if len(header) != RTMSG.size - 2 or len(table or b"1234") != 4:
        raise ValueError("a route's head is cut short")
    if len(dst) not in (0, _ADDRESS_SIZE[data[start]]):
        raise ValueError("a destination of %d bytes" % len(dst))
    if table is None:
        table = U32.pack(header[2])
    return header + pack_attribute(RTA_TABLE, table) + b"".join(rest), dst, data[start + 1]


def _prefix(family: int, dst: bytes, length: int) -> str:
    return prefix(family, dst or None, length)


def _decode(family: int, remainder: bytes) -> Route:
    message = bytes((family, 0)) + remainder
    return decode_route(message, 0, len(message))


def _template(family: int, remainder: bytes) -> Route:
    return altered(_decode(family, remainder), dst=None, expires=None)


def altered(route: Route, **changes: t.Any) -> Route:
    """The route with other values. dataclasses.replace would take ten times as long, a million times."""
    other = object.__new__(Route)
    other.__dict__.update(route.__dict__, **changes)
    return other


@decoder
def decode_route(data: bytes, start: int, end: int) -> Route:
    """A route message (RTM_NEWROUTE) from its rtmsg on."""
    family, dst_len, src_len, tos, low_table, proto, scope, kind, flags = RTMSG.unpack_from(data, start)
    found = attributes(data, start + RTMSG.size, end)
    hops = decode_hops(found, flags)
    shown = names.flags(names.ROUTE_FLAGS, flags & _ROUTE_FLAGS)
    expires = _EXPIRES.unpack_from(found[RTA_CACHEINFO])[0] // _TICKS if RTA_CACHEINFO in found else 0
    return Route(
        family=FAMILY_OF.get(family, family),
        dst=prefix(family, found.get(RTA_DST), dst_len),
        table=unsigned(found[RTA_TABLE]) if RTA_TABLE in found else low_table,
        type=names.word(names.ROUTE_TYPES, kind),
        proto=names.word(names.PROTOCOLS, proto),
        scope=names.word(names.SCOPES, scope),
        metric=unsigned(found.get(RTA_PRIORITY, b"\0")),
        tos=tos,
        src=prefix(family, found[RTA_SRC], src_len) if RTA_SRC in found else None,
        prefsrc=address_text(found[RTA_PREFSRC]) if RTA_PREFSRC in found else None,
        hops=hops,
        nhid=unsigned(found[RTA_NH_ID]) if RTA_NH_ID in found else None,
        # Without a hop to carry them (all next hops of a next-hop object are dead) the hop flags are the route's.
        flags=shown if hops else tuple(sorted(shown + names.flags(names.HOP_FLAGS, flags))),
        pref=names.word(names.PREFERENCES, found[RTA_PREF][0]) if RTA_PREF in found else None,
        expires=expires or None,
        mtu=_mtu(found.get(RTA_METRICS)),
    )


def _mtu(metrics: bytes | None) -> int | None:
    found = {} if metrics is None else attributes(metrics, 0, len(metrics))
    return unsigned(found[RTAX_MTU]) if RTAX_MTU in found else None


def decode_hops(found: t.Mapping[int, bytes], flags: int) -> t.Tuple[Hop, ...]:
    """The next hops in a route's attributes; ``flags`` are the route's own, which are those of its only hop."""
    if RTA_MULTIPATH not in found:
        if RTA_OIF not in found and RTA_GATEWAY not in found and RTA_VIA not in found:
            return ()
        return (_hop(found, unsigned(found.get(RTA_OIF, b"\0")), 1, flags),)
    several = found[RTA_MULTIPATH]
    hops = []
    offset = 0
    while offset + _NEXTHOP.size <= len(several):
        size, hop_flags, weight, ifindex = _NEXTHOP.unpack_from(several, offset)
        if size < _NEXTHOP.size or offset + size > len(several):
            raise ValueError("a next hop of %d bytes" % size)
        hops.append(_hop(attributes(several, offset + _NEXTHOP.size, offset + size), ifindex, weight + 1, hop_flags))
        offset += (size + 3) & ~3
    return tuple(hops)


def _hop(found: t.Mapping[int, bytes], ifindex: int, weight: int, flags: int) -> Hop:
    gateway = found.get(RTA_GATEWAY)
    if gateway is None and RTA_VIA in found:
        gateway = found[RTA_VIA][2:]  # rtvia: family, address
    return Hop(
        ifindex=ifindex or None,
        gateway=None if gateway is None else address_text(gateway),
        weight=weight,
        flags=names.flags(names.HOP_FLAGS, flags),
        encap=names.word(names.ENCAPS, unsigned(found[RTA_ENCAP_TYPE])) if RTA_ENCAP_TYPE in found else None,
    )
