# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What routes lean on when they are added, and need no more afterwards.

A route stays when its preferred source leaves (IPv4, in all tables but main) or its gateway falls out of the subnet; but
the kernel adds none such. So to bring one back exactly, both are lent to the host for as long as that takes.
"""

from __future__ import annotations

import contextlib
import typing as t

from ..model import Address, Hop, Route
from . import encode
from .change import CREATE, EXCL, NEW, route_bodies
from .netlink import Netlink
from .routes import decode_route
from .seen import key_of
from .tables import addresses

_LOOPBACK = 1
_Lent = t.List[t.Tuple[str, bytes]]


@contextlib.contextmanager
def lent(netlink: Netlink, raws: t.Iterable[bytes]) -> t.Iterator[None]:
    """For as long as the block lasts, the sources of these routes are addresses of the loopback, where they are none of
    any link, and their gateways are on their links."""
    routes = [decode_route(raw, 0, len(raw)) for raw in raws]
    made: _Lent = []
    try:
        for kind, body in [*_sources(netlink, routes), *_gateways(routes)]:
            (ack,) = netlink.acted(NEW[kind], CREATE | EXCL, [body])
            if not ack.number:
                made.append((kind, body))
        yield
    finally:
        for kind, body in reversed(made):
            netlink.acted(NEW[kind] + 1, 0, [body])


def _sources(netlink: Netlink, routes: t.Iterable[Route]) -> t.Iterator[t.Tuple[str, bytes]]:
    held = {address.address for address in addresses(netlink, [])}
    for source in sorted({route.prefsrc for route in routes if route.family == 4 and route.prefsrc} - held):
        yield "address", encode.address(Address(4, _LOOPBACK, source, 32)).raw


def _gateways(routes: t.Iterable[Route]) -> t.Iterator[t.Tuple[str, bytes]]:
    wanted = {
        (6 if ":" in hop.gateway else 4, route.table, hop.ifindex, hop.gateway)
        for route in routes
        for hop in route.hops
        if hop.gateway and hop.ifindex
    }
    for family, table, ifindex, gateway in sorted(wanted):
        wish = encode.as_kernel(Route(family, None, table=table, hops=(Hop(ifindex),)))
        dst = "%s/%d" % (gateway, 32 if family == 4 else 128)
        (body,) = route_bodies(encode.route(wish, dst).raw, [key_of(dst)])
        yield "route", body
