# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes in place: what the resource modules do beside the plain ops. A plan never replaces; a task may.

Links are made and altered here too (``link.add``, ``link.set``), and proxy entries of the neighbour table, which is a
table of its own.
"""

from __future__ import annotations

import typing as t

from ..model import Seen
from . import tables
from .change import APPEND, CREATE, EXCL, NEW, REPLACE, route_bodies
from .netlink import DONE, LOST, why
from .normal import normal
from .seen import Wire, key_of

HOW = {"add": CREATE | EXCL, "append": CREATE | APPEND, "replace": CREATE | REPLACE, "set": 0, "del": 0}
_PROXY = 0x8
_GETNEIGH = 30


def put(wire: Wire, seen: Seen, how: str) -> str | None:
    """None where it was done, else an errno's name with the kernel's own words behind it.

    ``add`` refuses what is there, ``append`` puts it behind what is in its place, ``replace`` in the place of the first,
    ``set`` alters what is there, ``del`` removes.
    """
    if seen.kind == "route":
        (body,) = route_bodies(seen.raw, map(key_of, seen.dsts))
    else:
        body = seen.raw if seen.kind == "link" else normal(seen.kind, seen.raw)
    (ack,) = wire.netlink.acted(NEW[seen.kind] + (how == "del"), HOW[how], [body])
    return None if ack in (DONE, LOST) else why(ack)


def proxies(wire: Wire) -> t.Iterator[Seen]:
    """The addresses that are answered for (``ip neigh show proxy``)."""
    for family in tables.FAMILY_OF:
        body = tables.NEIGHBOUR.pack(family, 0, 0, _PROXY, 0)
        try:
            for data, start, end in wire.netlink.messages(_GETNEIGH, body):
                found = tables.decode_neighbour(data, start, end)
                if found is not None:
                    yield Seen("neighbour", found, data[start:end])
        except OSError as exc:
            if exc.errno not in tables.ABSENT:
                raise
