# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put routes back where they were, those of one slot in their order: see :mod:`.rebuild`."""

from __future__ import annotations

import functools
import typing as t

from ..model import Seen
from . import routes
from .change import APPEND, CREATE, EXCL, NEW, Tally, route_bodies
from .lending import lent
from .netlink import DONE, LOST, attributes, why
from .normal import identity, normal, packed, pairs, without
from .picking import may_take
from .seen import Key, Place, Slots, Wire, dst_of, keys_of, place_of, slots
from .tables import AF_INET6
from .verify import slot_of

_ROUNDS = 3
"""A route may need another one that is still missing."""
_KERNEL = 2
"""RTPROT_KERNEL."""
_BY_HOP = (routes.RTA_OIF, routes.RTA_GATEWAY, routes.RTA_VIA, routes.RTA_MULTIPATH, routes.RTA_PREFSRC)
_Raws = t.Tuple[bytes, ...]
_Wanted = t.Dict[Place, Slots]
_Errors = t.Dict[t.Tuple[Key, bytes], str]
Taken = t.Callable[[Seen], bool]
"""Did the step take it? What it did not take is put in order where it is there, and never made again."""


def staying(
    current: t.Sequence[bytes], final: t.Sequence[bytes], takes: t.Callable[[bytes, bytes], bool] | None = None
) -> int:
    """How many from the start may stay. ``takes``: deleting the first would take the second, which stands earlier."""
    stay = 0
    while stay < min(len(current), len(final)) and current[stay] == final[stay]:
        stay += 1
    if takes is not None:
        for place in range(stay):
            if any(takes(other, current[place]) for other in current[stay:]):
                return place
    return stay


def bring_back_routes(wire: Wire, seens: t.Sequence[Seen], taken: Taken, tally: Tally) -> None:
    if not seens:
        return
    wanted, in_order_only = _slots_wanted(seens, taken)
    keys = {place: set(here) for place, here in wanted.items()}
    first = found = slots(wire, keys)
    for place, here in wanted.items() if in_order_only else ():
        for key, raws in here.items():
            there = first[place].get(key, ())
            here[key] = tuple(raw for raw in raws if raw not in in_order_only or _in(raw, there))
    errors: _Errors = {}
    for number in range(_ROUNDS):
        # What the kernel did not take the first time may lean on what is gone.
        with lent(wire.netlink, _missing(wanted, found) if number else ()):
            if not _work(wire, wanted, found, errors):
                break
        found = slots(wire, keys)
    _count(wanted, first, found, errors, tally)


def _missing(wanted: _Wanted, found: _Wanted) -> t.Set[bytes]:
    return {
        raw
        for place, here in wanted.items()
        for key, raws in here.items()
        for raw in raws
        if not _in(raw, found[place].get(key, ()))
    }


def _slots_wanted(seens: t.Sequence[Seen], taken: Taken) -> t.Tuple[_Wanted, t.Set[bytes]]:
    wanted: _Wanted = {}
    in_order_only = set()
    for seen in seens:
        here, raw = wanted.setdefault(place_of(seen), {}), normal("route", seen.raw)
        if not taken(seen):
            in_order_only.add(raw)
        for key in keys_of(seen.dsts):
            raws = here.get(key, ())
            if raw not in raws:
                here[key] = raws + (raw,)
    return wanted, in_order_only


def _work(wire: Wire, wanted: _Wanted, found: _Wanted, errors: _Errors) -> bool:
    """One round; False where nothing was to be done."""
    alone: t.Dict[bytes, t.List[Key]] = {}
    several: t.List[t.Tuple[Key, _Raws, _Raws]] = []
    for place, here in wanted.items():
        for key, raws in here.items():
            there = found[place].get(key, ())
            if there == raws:
                continue
            if not there and len(raws) == 1:
                alone.setdefault(raws[0], []).append(key)
            else:
                several += ((key, *pair) for pair in _slots_to_mend(raws, there))
    for raw in sorted(alone, key=_has_gateway):
        _add(wire, raw, alone[raw], EXCL, errors)
    for key, current, final in sorted(several, key=lambda each: any(map(_has_gateway, each[2]))):
        _rebuild(wire, key, current, final, errors)
    return bool(alone or several)


def _slots_to_mend(raws: _Raws, there: _Raws) -> t.Iterator[t.Tuple[_Raws, _Raws]]:
    """Of the routes to one destination: what stands in a slot, and what is to stand there."""
    for slot in dict.fromkeys(map(slot_of, raws)):
        mine = tuple(raw for raw in raws if slot_of(raw) == slot)
        current = tuple(raw for raw in there if slot_of(raw) == slot)
        missing = tuple(raw for raw in mine if not _in(raw, current))
        if mine[0][0] == AF_INET6 and all(raw[5] == _KERNEL for raw in mine):
            # The kernel's own, one for each link: it makes them itself, in any order.
            final = current + missing
        else:
            others = (raw for raw in current if not _in(raw, mine) and not any(_is_left_of(raw, one) for one in mine))
            final = mine + tuple(others)
        if _identities(current) != _identities(final):
            yield current, final


def _rebuild(wire: Wire, key: Key, current: _Raws, final: _Raws, errors: _Errors) -> None:
    stay = staying(_identities(current), _identities(final), functools.partial(may_take, "route"))
    for raw in current[stay:]:
        wire.netlink.acted(NEW["route"] + 1, 0, route_bodies(raw, (key,)))
    for raw in final[stay:]:
        _add(wire, raw, (key,), APPEND, errors)


def _add(wire: Wire, raw: bytes, keys: t.Sequence[Key], flag: int, errors: _Errors) -> None:
    acks = wire.netlink.acted(NEW["route"], CREATE | flag, route_bodies(raw, keys))
    if acks.count(DONE) != len(acks):
        errors.update(((key, raw), why(ack)) for key, ack in zip(keys, acks) if ack not in (DONE, LOST))


def _count(wanted: _Wanted, first: _Wanted, last: _Wanted, errors: _Errors, tally: Tally) -> None:
    for place, here in wanted.items():
        before, after = first[place], last[place]
        for key, raws in here.items():
            for raw in raws:
                if not _in(raw, after.get(key, ())):
                    tally.failed.append((dst_of(key), errors.get((key, raw), "ESTALE: it is gone again")))
                elif _in(raw, before.get(key, ())):
                    tally.already.append(dst_of(key))
                else:
                    tally.done += 1


def _in(raw: bytes, raws: _Raws) -> bool:
    return raw in raws or (bool(raws) and identity("route", raw) in _identities(raws))


def _identities(raws: _Raws) -> _Raws:
    return tuple(identity("route", raw) for raw in raws)


@functools.lru_cache(maxsize=1024)
def _has_gateway(raw: bytes) -> bool:
    found = attributes(raw, routes.RTMSG.size, len(raw))
    return routes.RTA_NH_ID in found or any(hop.gateway for hop in routes.decode_hops(found, 0))


def _is_left_of(raw: bytes, whole: bytes) -> bool:
    """IPv6: is it what the kernel left of a route when one of its next hops or its preferred source went?"""
    if raw[0] != AF_INET6 or _without_hops(raw) != _without_hops(whole):
        return False
    mine, all_of_it = (attributes(each, routes.RTMSG.size, len(each)) for each in (raw, whole))
    if routes.RTA_PREFSRC in mine and mine[routes.RTA_PREFSRC] != all_of_it.get(routes.RTA_PREFSRC):
        return False
    hops = {(hop.ifindex, hop.gateway) for hop in routes.decode_hops(mine, 0)}
    return hops <= {(hop.ifindex, hop.gateway) for hop in routes.decode_hops(all_of_it, 0)}


def _without_hops(raw: bytes) -> bytes:
    size = routes.RTMSG.size
    return raw[: size - 4] + packed(without(pairs(raw, size, len(raw)), _BY_HOP))
