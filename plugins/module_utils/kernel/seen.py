# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects exactly as the kernel shows them, in their normal spelling: what is acted on, journaled and given back."""

from __future__ import annotations

import functools
import socket
import typing as t

from ..model import Route, Seen
from . import routes, tables
from .netlink import Netlink, steady
from .normal import identity, normal
from .routes import Filter, Open, altered, remainders
from .tables import AF_INET, AF_INET6, FAMILY_OF, prefix

SMALL = ("link", "address", "rule", "nexthop", "neighbour")
Keep = t.Callable[[t.Any], bool]
Place = t.Tuple[int, int]
"""Where routes are: family (AF_*), table."""
Key = bytes
"""A destination: its prefix length in one byte, its address."""
Slots = t.Dict[Key, t.Tuple[bytes, ...]]
"""Raws of the routes to one destination in one table, in the kernel's order."""

_WIDTH = {AF_INET: 4, AF_INET6: 16}
_LENGTHS = {"%d" % length: bytes((length,)) for length in range(129)}
_DECODERS: t.Mapping[str, t.Callable[[bytes, int, int], t.Any]] = {
    "link": tables.decode_link,
    "address": tables.decode_address,
    "rule": tables.decode_rule,
    "nexthop": tables.decode_nexthop,
    "neighbour": tables.decode_neighbour,
}


class Wire(t.NamedTuple):
    """How the kernel of one namespace is spoken to."""

    netlink: Netlink
    opened: Open
    """A socket of its own for a stream."""
    unsteady: t.List[str]
    netns: t.Union[str, int, None] = None


def decode(kind: str, raw: bytes) -> t.Any:
    """The object behind ``Seen.raw``; of a route its template. Raises Malformed, and ValueError for an unknown kind."""
    if kind == "route":
        return altered(routes.decode_route(raw, 0, len(raw)), dst=None, expires=None)
    if kind in ("flow", "session"):
        from . import ending

        return ending.decode(kind, raw)
    if kind not in _DECODERS:
        raise ValueError("kind %r is not one of %s, route, flow, session" % (kind, ", ".join(_DECODERS)))
    return _DECODERS[kind](raw, 0, len(raw))


def small(wire: Wire, kind: str, keep: Keep | None = None) -> t.Tuple[Seen, ...]:
    """A small table in the kernel's order. ``keep`` is asked with the object as the kernel shows it now."""
    show = _DECODERS[kind]

    def look(data: bytes, start: int, end: int) -> Seen | None:
        shown = show(data, start, end)
        if shown is None or (keep is not None and not keep(shown)):
            return None
        raw = normal(kind, data[start:end])
        return Seen(kind, decode(kind, raw), raw)

    return tables.read(wire.netlink, kind, look, wire.unsteady)


def route_groups(
    wire: Wire, wanted: Filter, keep: t.Callable[[Route], bool] | None, dsts: t.Iterable[str] | None
) -> t.List[Seen]:
    """The routes that are wanted, one Seen for all that differ in nothing but their destination. ``keep`` is asked with
    a template as the kernel shows it now; ``dsts``: only routes to these prefixes."""
    only = None if dsts is None else set(keys_of(tuple(dsts)))

    def read() -> t.Iterator[t.Dict[bytes, t.List[str]]]:
        groups: t.Dict[bytes, t.List[str]] = {}
        known: t.Dict[t.Tuple[int, bytes], t.Optional[t.List[str]]] = {}
        with wire.opened() as netlink:
            for family, remainder, dst, length in remainders(netlink, wanted, wire.unsteady):
                if only is not None and bytes((length,)) + dst.ljust(_WIDTH[family], b"\0") not in only:
                    continue
                if (family, remainder) not in known:
                    message = bytes((family, 0)) + remainder
                    kept = keep is None or keep(decode("route", message))
                    known[family, remainder] = groups.setdefault(normal("route", message), []) if kept else None
                group = known[family, remainder]
                if group is not None:
                    group.append(prefix(family, dst or None, length))
        yield groups

    ((groups),) = steady(read, "routes", wire.unsteady)
    return [route_seen(raw, tuple(dict.fromkeys(found))) for raw, found in groups.items() if found]


def route_seen(raw: bytes, dsts: t.Tuple[str, ...]) -> Seen:
    return Seen("route", decode("route", raw), raw, dsts)


def slots(wire: Wire, wanted: t.Mapping[Place, t.AbstractSet[Key]]) -> t.Dict[Place, Slots]:
    """What stands at these destinations of these tables. A table that the kernel does not flag as changed may hide a
    route: read again what is missing."""

    lengths = list(_LENGTHS.values())

    def read() -> t.Iterator[t.Dict[Place, Slots]]:
        found: t.Dict[Place, Slots] = {place: {} for place in wanted}
        with wire.opened() as netlink:
            for (family, table), keys in wanted.items():
                here = found[family, table]
                known: t.Dict[bytes, t.Tuple[bytes]] = {}
                no_dst = bytes(_WIDTH[family])
                for _family, remainder, dst, length in remainders(
                    netlink, Filter(family=FAMILY_OF[family], table=table), wire.unsteady
                ):
                    key = lengths[length] + (dst or no_dst)
                    if key in keys:
                        alone = known.get(remainder)
                        if alone is None:
                            alone = known[remainder] = (normal("route", bytes((family, 0)) + remainder),)
                        before = here.setdefault(key, alone)
                        if before is not alone:
                            here[key] = before + alone
        yield found

    ((found),) = steady(read, "routes", wire.unsteady)
    return found


def key_of(dst: str) -> Key:
    """Raises ValueError for what is no prefix."""
    address, _slash, length = dst.partition("/")
    try:
        key = _LENGTHS[length] + socket.inet_pton(AF_INET6 if ":" in address else AF_INET, address)
    except (KeyError, OSError) as exc:
        raise ValueError("%r is no prefix like 192.0.2.0/24 or 2001:db8::/32" % dst) from exc
    if len(key) == 5 and key[0] > 32:
        raise ValueError("%r is longer than an IPv4 prefix can be" % dst)
    return key


@functools.lru_cache(maxsize=16)
def keys_of(dsts: t.Tuple[str, ...]) -> t.Tuple[Key, ...]:
    """Of many at once: a hundred thousand of them are asked for again and again."""
    return tuple(map(key_of, dsts))


def dst_of(key: Key) -> str:
    return prefix(AF_INET if len(key) == 5 else AF_INET6, key[1:], key[0])


def place_of(seen: Seen) -> Place:
    return seen.raw[0], seen.object.table


def same(one: Seen, other: Seen) -> bool:
    """Are they one and the same object (destinations aside)?"""
    return one.kind == other.kind and identity(one.kind, one.raw) == identity(other.kind, other.raw)


def text(seen: Seen) -> str:
    """What a person calls it."""
    item = seen.object
    if seen.kind == "route":
        return seen.dsts[0] if seen.count == 1 else "%d routes" % seen.count
    if seen.kind == "link":
        return str(item.name)
    if seen.kind == "address":
        return "%s/%d" % (item.address, item.prefixlen)
    if seen.kind == "nexthop":
        return "nexthop %d" % item.id
    if seen.kind == "neighbour":
        return str(item.address)
    if seen.kind == "rule":
        words = ["rule %d" % item.priority]
        words += ["%s %s" % pair for pair in (("from", item.src), ("to", item.dst)) if pair[1] is not None]
        words.append(item.action if item.table is None else "%s %d" % (item.action, item.table))
        return " ".join(words)
    if seen.kind == "session":
        return "%s %s:%s -> %s:%s" % (item.protocol, item.local, item.local_port, item.remote, item.remote_port)
    return "%s %s:%s -> %s:%s" % (item.protocol, item.src, item.sport, item.dst, item.dport)
