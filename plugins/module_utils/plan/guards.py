# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may not be touched, and how much may: the guards that a change must pass to become a step. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..index import FALLBACK_LINKS, Index
from ..model import Finding, Link
from ..reach.policy import prefix_length
from .ops import REMOVALS, kind_of
from .select import KERNEL_PROTOS

FLOOR = 5
"""Objects of a kind that may always be removed, however few there are."""


@dataclasses.dataclass(frozen=True)
class Change:
    """What a step would do to one object, or to all routes of one template."""

    op: str
    finding: Finding
    item: t.Any = None
    """The decoded object; None where the op is about an owner or a switch."""
    args: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def kind(self) -> str | None:
        return kind_of(self.op)


class Guard:
    """One reason to leave something alone."""

    reason = ""
    """One of ``REASONS``."""
    words: t.Tuple[str, ...] = ()
    """What it protects, for the plan's reader."""

    def objection(self, change: Change) -> str:
        """Why the change must not be made at all; empty where it may, or where that depends on the destination."""
        return ""

    def looks_at_destinations(self, change: Change) -> bool:
        """Does it depend on the destination?"""
        return False

    def objection_to(self, change: Change, dst: str) -> str:
        """Why the change must not be made to the route to this destination."""
        return ""


class KernelObjects(Guard):
    """What the kernel made by itself is not taken away: it would make it again, or stop working."""

    reason = "kernel-object"

    def __init__(self, index: Index) -> None:
        self._index = index

    def objection(self, change: Change) -> str:
        item = change.item
        if change.op not in REMOVALS and change.kind != "link":
            return ""
        if change.kind == "link":
            return self._link(item) if change.op != "link.up" or item.name in FALLBACK_LINKS else ""
        if change.kind == "address":
            return self._address(item)
        if change.kind == "route" and item.table == 255:
            return "the local table is the kernel's own"
        if change.kind == "rule" and item.priority == 0:
            return "the rule with priority 0 leads to the kernel's own table"
        if getattr(item, "proto", None) in KERNEL_PROTOS:
            return "the kernel made it (proto %s)" % item.proto
        return ""

    def _link(self, link: Link) -> str:
        if link.loopback:
            return "%s is the loopback" % link.name
        return "%s is the kernel's fallback device" % link.name if link.name in FALLBACK_LINKS else ""

    def _address(self, item: t.Any) -> str:
        link = self._index.link(item.ifindex)
        if link is not None and link.loopback and (item.address.startswith("127.") or item.address == "::1"):
            return "%s is the loopback's own address" % item.address
        if item.proto is not None and item.proto.startswith("kernel_"):
            return "the kernel made %s (proto %s)" % (item.address, item.proto)
        link_local = item.family == 6 and item.address.startswith(("fe8", "fe9", "fea", "feb"))
        return "%s is the link-local address that IPv6 works with" % item.address if link_local else ""

    def looks_at_destinations(self, change: Change) -> bool:
        return change.op == "route.del" and change.item.family == 6

    def objection_to(self, change: Change, dst: str) -> str:
        own = dst == "fe80::/64" or (dst.startswith("ff") and prefix_length(dst) == 8)
        return "%s is the kernel's own prefix" % dst if own else ""


class LiveOwners:
    """What somebody who is alive wants stays, also where another finding would take it."""

    def __init__(self) -> None:
        self._wanted: t.Dict[t.Tuple[str, str], t.Tuple[str, t.Set[str]]] = {}

    def want(self, owner: str, kind: str, raw: str, dsts: t.Iterable[str]) -> None:
        self._wanted.setdefault((kind, raw), (owner, set()))[1].update(dsts)

    def split(self, kind: str, raw: str, dsts: t.Sequence[str]) -> t.Tuple[t.Tuple[str, ...], str]:
        """The destinations that nobody alive wants, and who wants the others. An object without destinations is
        wanted whole: then the owner's name is all that is returned."""
        owner, wanted = self._wanted.get((kind, raw), ("", set()))
        left = tuple(dst for dst in dsts if dst not in wanted)
        return left, owner if owner and (not dsts or len(left) < len(dsts)) else ""


class Caps:
    """How much one plan may remove from one host."""

    def __init__(self, most: int, percent: int, totals: t.Mapping[str, int]) -> None:
        """``totals``: how many objects of each kind the host has."""
        if most < 0:
            raise ValueError("max_removals: %d; expected 0 or more" % most)
        if not 0 <= percent <= 100:
            raise ValueError("max_percent: %d; expected 0 to 100" % percent)
        self._most = most
        self._percent = percent
        self._totals = totals
        self._taken: t.Dict[str, int] = {}

    def room(self, kind: str) -> int:
        """How many objects of a kind may be removed in all."""
        return max(FLOOR, self._totals.get(kind, 0) * self._percent // 100)

    def take(self, kind: str, count: int) -> str:
        """Count a removal; where it does not fit, why not, and nothing is counted."""
        all_taken, taken = sum(self._taken.values()), self._taken.get(kind, 0)
        if all_taken + count > self._most:
            return "%d more removals after %d are more than max_removals: %d" % (count, all_taken, self._most)
        if taken + count > self.room(kind):
            return "%d of %d objects of the kind %s are more than max_percent: %d" % (
                taken + count,
                self._totals.get(kind, 0),
                kind,
                self._percent,
            )
        self._taken[kind] = taken + count
        return ""
