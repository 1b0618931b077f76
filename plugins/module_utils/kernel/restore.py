# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Undo a step of a plan, and say what differs from what was."""

from __future__ import annotations

import typing as t

from ..inverse import inverse_of
from ..model import Seen
from .change import Tally, change
from .collateral import subnet_of
from .normal import identity, lasting
from .outcome import Restored
from .rebuild import bring_back, set_up
from .seen import Wire, dst_of, keys_of, place_of, same, text
from .tables import AF_INET6
from .verify import slot_of


def restore(wire: Wire, op: str, seen: Seen, collateral: t.Sequence[Seen]) -> Restored:
    """Take one step back, whether it was done, done in part, or not at all; twice does no harm.

    What it added goes, if it is exactly what was added (what was there before the step must be left out by the caller).
    What it removed comes back, with all that the kernel took along, in the order in which it was. What has no inverse
    (:func:`..inverse.inverse_of` says why) is left alone.
    """
    inverse, _why_not = inverse_of(op, seen)
    tally = Tally()
    if inverse is None:
        return Restored()
    if op in ("link.up", "link.down"):
        set_up(wire, seen, op == "link.down", tally)
        bring_back(wire, collateral, _everything, tally)
    elif op.endswith(".add"):
        (undone,) = change(wire, inverse, [seen])
        return Restored(*undone)
    elif op == "route.del":
        return restore_routes(wire, [seen], collateral)
    elif any(same(seen, other) for other in collateral):
        bring_back(wire, collateral, lambda other: op != "rule.del" or same(seen, other), tally)
    else:
        bring_back(wire, [*collateral, seen], _everything, tally)
    return Restored(tally.done, tuple(tally.already), tuple(tally.failed))


def restore_routes(wire: Wire, seens: t.Sequence[Seen], collateral: t.Sequence[Seen]) -> Restored:
    """Take steps back that all removed routes: as one by one, but their tables are read once."""
    taken, tally = {identity("route", seen.raw) for seen in seens}, Tally()
    bring_back(wire, [*collateral, *seens], lambda other: identity("route", other.raw) in taken, tally)
    return Restored(tally.done, tuple(tally.already), tuple(tally.failed))


def _everything(_seen: Seen) -> bool:
    return True


# What differs --------------------------------------------------------------------------------------------------------

_Marks = t.Dict[t.Any, t.Tuple[bytes, ...]]
"""What stands in one place, in order."""


def difference(before: t.Iterable[Seen], after: t.Iterable[Seen]) -> t.Tuple[str, ...]:
    """Two checkpoints of the same objects; empty where they are alike. Times that run out do not count."""
    before, after = tuple(before), tuple(after)
    words: t.List[str] = []
    for kind in dict.fromkeys(seen.kind for seen in before + after):
        one, other = ([seen for seen in seens if seen.kind == kind] for seens in (before, after))
        words += _routes(one, other) if kind == "route" else _small(one, other)
    return tuple(words)


def _small(before: t.Sequence[Seen], after: t.Sequence[Seen]) -> t.Iterator[str]:
    was, now = _by_identity(before), _by_identity(after)
    yield from ("%s is gone" % _named(seen) for mark, seen in was.items() if mark not in now)
    yield from ("%s is new" % _named(seen) for mark, seen in now.items() if mark not in was)
    one, other = _in_order(before), _in_order(after)
    for place, marks in one.items():
        if marks != other.get(place) and sorted(marks) == sorted(other.get(place, ())):
            yield "%s stand in another order" % _called(place)


def _named(seen: Seen) -> str:
    return text(seen) if seen.kind in ("rule", "nexthop") else "%s %s" % (seen.kind, text(seen))


def _by_identity(seens: t.Iterable[Seen]) -> t.Dict[bytes, Seen]:
    return {identity(seen.kind, seen.raw): seen for seen in seens}


def _in_order(seens: t.Iterable[Seen]) -> _Marks:
    """Where order counts: rules of one priority, IPv4 addresses of one subnet."""
    found: _Marks = {}
    for seen in seens:
        place: t.Any = None
        if seen.kind == "rule":
            place = seen.object.family, seen.object.priority
        elif seen.kind == "address" and seen.object.family == 4:
            place = subnet_of(seen.object)
        if place is not None:
            found[place] = found.get(place, ()) + (identity(seen.kind, seen.raw),)
    return found


def _called(place: t.Any) -> str:
    first, second = place
    if isinstance(second, int):
        return "the IPv%d rules of priority %d" % (first, second)
    return "the addresses of %s" % second


def _routes(before: t.Iterable[Seen], after: t.Iterable[Seen]) -> t.Iterator[str]:
    was, now = _slots(before), _slots(after)
    told: t.Dict[t.Tuple[str, int], t.List[str]] = {}
    for place, key, slot in {**was, **now}:
        one, other = was.get((place, key, slot), ()), now.get((place, key, slot), ())
        if one == other:
            continue
        gone, new = set(one) - set(other), set(other) - set(one)
        what = "changed" if gone and new else "gone" if gone else "new" if new else "in another order"
        told.setdefault((what, place[1]), []).append(dst_of(key))
    for (what, table), dsts in told.items():
        if len(dsts) == 1:
            yield "table %d: a route to %s is %s" % (table, dsts[0], what)
        else:
            yield "table %d: routes to %s and %d more are %s" % (table, dsts[0], len(dsts) - 1, what)


def _slots(seens: t.Iterable[Seen]) -> _Marks:
    found: _Marks = {}
    for seen in seens:
        place, slot = place_of(seen), slot_of(seen.raw)
        # The kernel's own IPv6 routes, one for each link, come in any order and end with their addresses.
        by_kernel = place[0] == AF_INET6 and seen.object.proto == "kernel"
        mark = (lasting(seen.raw) if by_kernel else identity("route", seen.raw),)
        for key in keys_of(seen.dsts):
            at = (place, key, slot)
            found[at] = found.get(at, ()) + mark
            if by_kernel:
                found[at] = tuple(sorted(found[at]))
    return found
