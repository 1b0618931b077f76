# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of a long chain that may be about a packet: a node of a cluster has thousands, each for one destination. Pure."""

from __future__ import annotations

import typing as t

from ...model import FirewallChain, FirewallMatch, FirewallRule

LONG = 64
"""Rules from which on a chain is worth an index."""
_BY = ("daddr", "dport")
"""What rules are told apart by, where they are."""


class Narrowed:
    """A chain's rules by what they ask of the destination, or of its port; in the order of the chain."""

    def __init__(self, chain: FirewallChain) -> None:
        self._rules = chain.rules
        self._always: t.List[int] = []
        self._by: t.Dict[t.Tuple[str, int], t.Dict[int, t.List[int]]] = {}
        """Field and size of a span to its lowest value to the places of rules."""
        for place, rule in enumerate(chain.rules if len(chain.rules) >= LONG else ()):
            keys = _keys(rule)
            if keys is None:
                self._always.append(place)
                continue
            for field, size, low in keys:
                self._by.setdefault((field, size), {}).setdefault(low, []).append(place)

    def about(self, fields: t.Mapping[str, t.Any]) -> t.Sequence[FirewallRule]:
        """The rules that may fit a packet; no other rule does. All of them where too little is known of it."""
        if not self._by or any(fields[field] is None for field, _size in self._by):
            return self._rules
        places = set(self._always)
        for (field, size), lows in self._by.items():
            places.update(lows.get(fields[field] & ~(size - 1), ()))
        return [self._rules[place] for place in sorted(places)]


def _keys(rule: FirewallRule) -> t.List[t.Tuple[str, int, int]] | None:
    """The spans of which a packet must be in one; None where the rule does not ask for that."""
    for field in _BY:
        for match in rule.matches:
            if match.fields == (field,) and _is_plain(match):
                return [(field, high - low + 1, low) for ((low, high),) in match.values]
    return None


def _is_plain(match: FirewallMatch) -> bool:
    """Is it for whole blocks (a size that is a power of two, at a multiple of it)?"""
    if match.negated or match.set is not None or match.mask is not None or not match.values:
        return False
    spans = [value[0] for value in match.values]
    return all(not (high - low + 1) & (high - low) and not low & (high - low) for low, high in spans)
