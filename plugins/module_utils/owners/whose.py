# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose an object is, whether it is left over, and who wants it. Pure.

A protocol alone never proves who made a route, for several programs write the same. Whether an owner is alive decides,
the shape of an object does not. What is not known is a reason to keep.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..index import FALLBACK_LINKS, Index
from ..model import TABLE_LOCAL, Address, Link, OwnerState, Route, Rule
from .fits import KINDS, Item, Truth, fits, specific, wanted

COMMON_PROTOS = frozenset(("unspec", "redirect", "kernel", "boot", "static", "ra", "dhcp"))
"""Protocols of the kernel, of people, of all DHCP clients, and of all programs that do not say one."""


@dataclasses.dataclass(frozen=True)
class _Claim:
    """How an object fits an owner."""

    state: OwnerState
    sure: bool
    """All that a mark says fits, or the owner named it. Else it cannot be told."""
    specific: bool
    """Surely, and by more than a kind and a protocol that others use as well."""
    wants: Truth
    leans: bool = False
    """It fits specifically only by standing before a rule of the owner's."""

    @property
    def keeps(self) -> bool:
        """Is it a reason to keep the object?"""
        if self.state.alive is False:
            return False
        return not self.lets_go

    @property
    def lets_go(self) -> bool:
        """The owner is alive, named all that it wants, and did not name this."""
        return self.state.alive is True and self.wants is False


def whose(index: Index, item: Item) -> OwnerState | None:
    """The owner that the object is most probably of: a live one before one of which that is not known, before a dead one;
    then one that names it, or that its marks fit specifically."""
    claims = [claim for claim in _claims(index, item) if claim.sure and _was_here(claim.state)]
    return min(claims, key=_rank).state if claims else None


def is_left(index: Index, item: Item) -> OwnerState | None:
    """The owner that provably left the object over; None where there is any reason to keep it.

    Every owner that it may be of is dead, or is alive and does not want it; and one of them, which is or was on this host,
    fits it specifically. The kernel's own objects are never left over.
    """
    if _of_the_kernel(index, item):
        return None
    claims = _claims(index, item)
    if any(claim.keeps for claim in claims):
        return None
    left = [claim for claim in claims if claim.specific and _was_here(claim.state)]
    if not left:
        return None
    best = min(left, key=_rank)
    if best.leans and isinstance(item, Rule):  # it is left over with the one that it stands before, or not at all
        following = index.rule_after(item)
        state = None if following is None else is_left(index, following)
        return best.state if state is best.state else None
    return best.state


def wanted_by(index: Index, item: Item) -> OwnerState | None:
    """The live owner that said it wants the object."""
    for state in index.owners:
        if state.alive is True and _wants(index, state, item) is True:
            return state
    return None


def _claims(index: Index, item: Item) -> t.List[_Claim]:
    """The owners that the object may be of."""
    kind = KINDS[type(item)]
    found = []
    for state in index.owners:
        marks = [(mark, fits(index, mark, item, state.marks)) for mark in state.marks if mark.kind == kind]
        named = _named(index, state, item)
        if named is False and all(fit is False for _mark, fit in marks):
            continue
        sure = named is True or any(fit for _mark, fit in marks)
        shown = [mark for mark, fit in marks if fit and specific(mark)]
        leans = bool(shown) and named is not True and all(mark.before_own for mark in shown)
        found.append(_Claim(state, sure, named is True or bool(shown), _wants(index, state, item), leans))
    return [dataclasses.replace(claim, specific=True) if _alone(claim, found, item) else claim for claim in found]


def _alone(claim: _Claim, claims: t.Sequence[_Claim], item: Item) -> bool:
    """Does the object have a protocol that only this owner uses, of all whose it may be?"""
    proto = None if isinstance(item, Link) else item.proto
    if proto is None or proto in COMMON_PROTOS or not claim.sure:
        return False
    mine = any(mark.proves and mark.proto == proto and mark.kind == KINDS[type(item)] for mark in claim.state.marks)
    return mine and not any(_was_here(other.state) for other in claims if other is not claim)


def _named(index: Index, state: OwnerState, item: Item) -> Truth:
    """Does what the owner wants, or wanted when it ran, name the object?"""
    answers = [wanted(index, want, item) for want in state.wants or ()]
    return True if True in answers else None if None in answers else False


def _wants(index: Index, state: OwnerState, item: Item) -> Truth:
    """Does it want the object? None where it did not say."""
    named = _named(index, state, item)
    if named is False and (state.wants is None or KINDS[type(item)] not in state.complete):
        return None
    return named


def _was_here(state: OwnerState) -> bool:
    return state.present or state.alive is True


def _rank(claim: _Claim) -> t.Tuple[bool, bool, bool]:
    return claim.state.alive is not True, claim.state.alive is False, not claim.specific


def _of_the_kernel(index: Index, item: Item) -> bool:
    if isinstance(item, Link):
        return item.loopback or item.name in FALLBACK_LINKS
    if isinstance(item, Address):
        return item.proto in ("kernel_lo", "kernel_ll")
    if isinstance(item, Route):
        return item.proto in ("kernel", "redirect") or item.table == TABLE_LOCAL
    return isinstance(item, Rule) and item.proto == "kernel"
