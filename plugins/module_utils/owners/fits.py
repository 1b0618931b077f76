# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does an object look like an owner's, or is it what an owner wants? Pure.

Each answer is True, False, or None where the object does not show it: a template of routes has no destination.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import ipaddress
import typing as t

from ..index import Index
from ..model import TABLE_DEFAULT, TABLE_LOCAL, Address, Link, Mark, Route, Rule, Want

Item = t.Union[Link, Address, Route, Rule]
Truth = t.Optional[bool]
_ALL_BITS = 0xFFFFFFFF
Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

KINDS: t.Mapping[type, str] = {Link: "link", Address: "address", Route: "route", Rule: "rule"}


def all_of(parts: t.Iterable[Truth]) -> Truth:
    """False where one is False, else None where one is unknown, else True."""
    result: Truth = True
    for part in parts:
        if part is False:
            return False
        if part is None:
            result = None
    return result


def fits(index: Index, mark: Mark, item: Item, own: t.Sequence[Mark] = ()) -> Truth:
    """Does all that a mark says fit an object? ``own``: all marks of the same owner."""
    if KINDS[type(item)] != mark.kind:
        return False
    truth = all_of(_MARKS[mark.kind](index, mark, item))
    if mark.before_own and isinstance(item, Rule):
        truth = all_of((truth, _before_own(index, item, own)))
    return truth


def _before_own(index: Index, rule: Rule, own: t.Sequence[Mark]) -> Truth:
    """Does a rule stand directly before one that is the owner's by a mark of its own?"""
    if not index.has_rule(rule):
        return None
    following = index.rule_after(rule)
    return following is not None and any(
        fits(index, mark, following) is True for mark in own if specific(mark) and not mark.before_own
    )


def specific(mark: Mark) -> bool:
    """Does a mark say more than what programs share: kinds, protocols, the tables that everybody's routes are in?"""
    if not mark.proves:
        return False
    if mark.priorities or mark.fwmarks or mark.prefix or mark.before_own:
        return True
    if any(name is not None and name.strip("*") for name in (mark.name, mark.interface)):
        return True
    return any(not (TABLE_DEFAULT <= low and high <= TABLE_LOCAL) for low, high in mark.tables)


def wanted(index: Index, want: Want, item: Item) -> Truth:
    """Is an object what a want names? None too where the want says what cannot be held against it."""
    if KINDS[type(item)] != want.kind or not want.selector:
        return False
    said = _SHOWN[want.kind](index, item)
    return all_of(_agrees(key, value, said) for key, value in want.selector.items())


# Marks ---------------------------------------------------------------------------------------------------------------


def _link(index: Index, mark: Mark, link: Link) -> t.Iterator[Truth]:
    yield mark.name is None or fnmatch.fnmatchcase(link.name, mark.name)
    yield mark.link_kind is None or link.kind == mark.link_kind


def _address(index: Index, mark: Mark, address: Address) -> t.Iterator[Truth]:
    yield _on(index, mark, [address.ifindex])
    yield mark.proto is None or address.proto == mark.proto
    yield _inside(mark.prefix, [address.address])


def _route(index: Index, mark: Mark, route: Route) -> t.Iterator[Truth]:
    yield _on(index, mark, [hop.ifindex for hop in route.hops])
    yield mark.proto is None or route.proto == mark.proto
    yield _in(mark.tables, route.table)
    yield _inside(mark.prefix, [route.dst]) if route.dst is not None else (None if mark.prefix else True)


def _rule(index: Index, mark: Mark, rule: Rule) -> t.Iterator[Truth]:
    names = [name for name in (rule.iif, rule.oif) if name is not None]
    yield mark.interface is None or any(fnmatch.fnmatchcase(name, mark.interface) for name in names)
    yield mark.proto is None or (rule.proto or "unspec") == mark.proto
    yield _in(mark.tables, rule.table)
    yield _in(mark.priorities, rule.priority)
    yield _in(mark.fwmarks, rule.mark)
    yield _inside(mark.prefix, [rule.src, rule.dst])
    yield not mark.unmarked or _is_unmarked(rule)
    yield mark.suppresses is None or _suppresses(rule, mark.suppresses)


def _is_unmarked(rule: Rule) -> bool:
    """As wg-quick makes one: ``not from all fwmark 0xca6c lookup 51820``, and 0xca6c is 51820."""
    own = rule.table is not None and rule.mark == rule.table and rule.mask in (None, _ALL_BITS)
    return own and rule.invert and _plain(dataclasses.replace(rule, invert=False, mark=None, mask=None))


def _suppresses(rule: Rule, length: int) -> bool:
    """``from all lookup main suppress_prefixlength 0``."""
    return rule.suppress_prefixlen == length and _plain(dataclasses.replace(rule, suppress_prefixlen=None))


def _plain(rule: Rule) -> bool:
    """Does a rule say nothing but its priority, its table and its protocol?"""
    return rule == Rule(rule.family, rule.priority, table=rule.table, proto=rule.proto)


_MARKS: t.Mapping[str, t.Callable[[Index, Mark, t.Any], t.Iterator[Truth]]] = {
    "link": _link,
    "address": _address,
    "route": _route,
    "rule": _rule,
}


def _on(index: Index, mark: Mark, ifindexes: t.Sequence[t.Optional[int]]) -> bool:
    """Is one of these links what a mark says?"""
    if mark.interface is None and mark.link_kind is None:
        return True
    for link in map(index.link, ifindexes):
        if link is None:
            continue
        named = mark.interface is None or fnmatch.fnmatchcase(link.name, mark.interface)
        if named and mark.link_kind in (None, link.kind):
            return True
    return False


def _in(ranges: t.Sequence[t.Tuple[int, int]], number: int | None) -> bool:
    return not ranges or (number is not None and any(low <= number <= high for low, high in ranges))


def _inside(prefix: str | None, texts: t.Iterable[t.Optional[str]]) -> bool:
    """Is one of these addresses or prefixes in a prefix?"""
    if prefix is None:
        return True
    outer = network(prefix)
    return any(_covers(outer, network(text)) for text in texts if text is not None)


@functools.lru_cache(maxsize=4096)
def network(text: str) -> Network | None:
    """An address or prefix; None for what is neither."""
    try:
        return ipaddress.ip_network(text.partition("%")[0], strict=False)
    except ValueError:
        return None


def _covers(outer: Network | None, inner: Network | None) -> bool:
    if isinstance(outer, ipaddress.IPv4Network) and isinstance(inner, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(outer, ipaddress.IPv6Network) and isinstance(inner, ipaddress.IPv6Network):
        return inner.subnet_of(outer)
    return False


# Wants ---------------------------------------------------------------------------------------------------------------

_Shown = t.Mapping[str, t.Tuple[object, ...]]
"""What an object shows for each key of a selector: any of these; nothing shown is an empty tuple."""


def _shown_link(index: Index, link: Link) -> _Shown:
    return {"name": (link.name,)}


def _shown_address(index: Index, address: Address) -> _Shown:
    whole = "%s/%d" % (address.address, address.prefixlen)
    return {
        "address": (address.address, whole),
        "prefix": (address.address,),
        "interface": _names(index, [address.ifindex]),
    }


def _shown_route(index: Index, route: Route) -> _Shown:
    return {
        "dst": () if route.dst is None else (route.dst,),
        "table": (route.table,),
        "proto": (route.proto,),
        "gateway": tuple(hop.gateway for hop in route.hops),
        "interface": _names(index, [hop.ifindex for hop in route.hops]),
    }


def _shown_rule(index: Index, rule: Rule) -> _Shown:
    said = {key: (getattr(rule, key),) for key in ("priority", "table", "mark", "iif", "oif")}
    return dict(said, src=(rule.src or _any(rule.family),), dst=(rule.dst or _any(rule.family),))


def _any(family: int) -> str:
    return "0.0.0.0/0" if family == 4 else "::/0"


_SHOWN: t.Mapping[str, t.Callable[[Index, t.Any], _Shown]] = {
    "link": _shown_link,
    "address": _shown_address,
    "route": _shown_route,
    "rule": _shown_rule,
}


def _names(index: Index, ifindexes: t.Iterable[t.Optional[int]]) -> t.Tuple[object, ...]:
    return tuple(index.name_of(ifindex) for ifindex in ifindexes if ifindex is not None)


def _agrees(key: str, value: object, said: _Shown) -> Truth:
    if key not in said or (key == "dst" and not said[key]):
        return None
    if key == "prefix":
        return _inside(str(value), [str(text) for text in said[key]])
    if key in ("dst", "src"):
        return network(str(value)) in [network(str(text)) for text in said[key]]
    return str(value) in [str(text) for text in said[key]]
