# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is it still there? Compare before acting."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..model import Link, NextHop, Rule, Seen
from .netlink import attributes
from .normal import identity
from .outcome import Verified
from .routes import RTA_PRIORITY, RTA_SRC, RTMSG
from .seen import SMALL, Key, Place, Slots, Wire, dst_of, keys_of, place_of, same, slots, small, text

Slot = t.Tuple[int, int, bytes, bytes]
"""TOS, source prefix and its length, metric."""


def verify(wire: Wire, seens: t.Sequence[Seen]) -> t.List[Verified]:
    """What is still exactly there, in order. Each table that is concerned is read once, and once more where something
    is missing: the kernel does not say that a table changed while it was read."""
    answers: t.Dict[int, Verified] = {}
    for kind in SMALL:
        places = [place for place, seen in enumerate(seens) if seen.kind == kind]
        answers.update(zip(places, _small(wire, kind, [seens[place] for place in places])))
    places = [place for place, seen in enumerate(seens) if seen.kind == "route"]
    answers.update(zip(places, _routes(wire, [seens[place] for place in places])))
    places = [place for place in range(len(seens)) if place not in answers]
    if places:
        from . import ending

        answers.update(zip(places, ending.verify(wire.netns, [seens[place] for place in places])))
    return [answers[place] for place in range(len(seens))]


def _small(wire: Wire, kind: str, seens: t.Sequence[Seen]) -> t.List[Verified]:
    if not seens:
        return []
    now = small(wire, kind)
    answers = [compared(seen, now) for seen in seens]
    if all(answer.same for answer in answers):
        return answers
    now = small(wire, kind)
    return [answer if answer.same else compared(seen, now) for seen, answer in zip(seens, answers)]


def compared(seen: Seen, now: t.Iterable[Seen]) -> Verified:
    """One object of a small table against that table."""
    instead = False
    for other in now:
        if same(seen, other):
            return Verified(other)
        instead = instead or _stands_for(seen.object) == _stands_for(other.object)
    return Verified(None, (), (text(seen),)) if instead else Verified(None, (text(seen),))


def _stands_for(item: t.Any) -> t.Any:
    """What another object has in common with one that it stands in the place of."""
    if isinstance(item, Link):
        return item.name
    if isinstance(item, NextHop):
        return item.id
    if isinstance(item, Rule):
        return item.family, item.priority, item.src, item.dst, item.iif, item.oif, item.mark, item.tos
    return item.family, item.ifindex, item.address, getattr(item, "prefixlen", None)


def wanted_slots(seens: t.Iterable[Seen]) -> t.Dict[Place, t.Set[Key]]:
    """Where the routes among these are."""
    wanted: t.Dict[Place, t.Set[Key]] = {}
    for seen in seens:
        if seen.kind == "route":
            wanted.setdefault(place_of(seen), set()).update(keys_of(seen.dsts))
    return wanted


def _routes(wire: Wire, seens: t.Sequence[Seen]) -> t.List[Verified]:
    if not seens:
        return []
    found = slots(wire, wanted_slots(seens))
    missing = []
    for seen in seens:
        here = found[place_of(seen)]
        keys = [key for key in keys_of(seen.dsts) if not holds(here.get(key, ()), seen.raw)]
        if keys:
            missing.append(dataclasses.replace(seen, dsts=tuple(map(dst_of, keys))))
    again = slots(wire, wanted_slots(missing)) if missing else {}
    return [_verified(seen, found[place_of(seen)], again.get(place_of(seen), {})) for seen in seens]


def _verified(seen: Seen, first: Slots, second: Slots) -> Verified:
    there, gone, differs = [], [], []
    slot = slot_of(seen.raw)
    for dst, key in zip(seen.dsts, keys_of(seen.dsts)):
        if holds(first.get(key, ()), seen.raw) or holds(second.get(key, ()), seen.raw):
            there.append(dst)
        elif any(slot_of(other) == slot for other in second.get(key, ())):
            differs.append(dst)
        else:
            gone.append(dst)
    if not there:
        return Verified(None, tuple(gone), tuple(differs))
    kept = seen if len(there) == seen.count else dataclasses.replace(seen, dsts=tuple(there))
    return Verified(kept, tuple(gone), tuple(differs))


def holds(raws: t.Sequence[bytes], raw: bytes) -> bool:
    """Is the route among those of its destination?"""
    if raw in raws:
        return True
    wanted = identity("route", raw)
    return any(identity("route", other) == wanted for other in raws)


@functools.lru_cache(maxsize=1024)
def slot_of(raw: bytes) -> Slot:
    """Routes to one destination in one table with the same of this stand in one slot: only their order tells them
    apart in a lookup."""
    found = attributes(raw, RTMSG.size, len(raw))
    return raw[3], raw[2], found.get(RTA_SRC, b""), found.get(RTA_PRIORITY, b"\0\0\0\0")
