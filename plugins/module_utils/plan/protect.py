# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user protects: selectors, each of which matches what has all that it says. Pure."""

from __future__ import annotations

import fnmatch
import ipaddress
import typing as t

from .. import switches
from ..index import Index
from ..model import Route
from ..text import clean
from .guards import Change, Guard
from .options import KINDS

_SHOWN = 200
_WITHOUT_OBJECT = {"owner": "owner", "sysctl": "link"}
"""The kind that an op about no object counts as: a switch is a link's."""

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


def load(items: t.Iterable[t.Mapping[str, t.Any]], index: Index) -> t.Tuple[Selector, ...]:
    """Selectors from module arguments; what is None is not said. Raises ValueError that names the selector."""
    return tuple(
        Selector(number, {key: value for key, value in item.items() if value is not None}, index)
        for number, item in enumerate(items)
    )


class Selector(Guard):
    """One selector of O(protect)."""

    reason = "protected"

    def __init__(self, number: int, said: t.Mapping[str, t.Any], index: Index) -> None:
        where = "protect[%d]" % number
        if not said:
            raise ValueError("%s: it says nothing; expected at least one of %s" % (where, ", ".join(_READ)))
        unknown = sorted(set(said) - set(_READ))
        if unknown:
            raise ValueError(
                "%s: there is no key %s; the keys are %s" % (where, ", ".join(map(repr, unknown)), ", ".join(_READ))
            )
        self._index = index
        self._said = {key: _READ[key]("%s.%s" % (where, key), value) for key, value in said.items()}
        text = ", ".join("%s %s" % (key, self._said[key]) for key in _READ if key in said)
        self.words = (clean("protect: %s" % text, _SHOWN),)

    def objection(self, change: Change) -> str:
        if self._prefix_of_routes(change) is not None or not self._matches(change, self._said):
            return ""
        return "%s covers it" % self.words[0]

    def looks_at_destinations(self, change: Change) -> bool:
        rest = {key: value for key, value in self._said.items() if key != "prefix"}
        return self._prefix_of_routes(change) is not None and self._matches(change, rest)

    def objection_to(self, change: Change, dst: str) -> str:
        prefix = self._prefix_of_routes(change)
        network = ipaddress.ip_network(dst)
        if prefix is None or network.version != prefix.version or not network.overlaps(prefix):
            return ""
        return "%s covers %s" % (self.words[0], dst)

    def _prefix_of_routes(self, change: Change) -> Network | None:
        return self._said.get("prefix") if change.kind == "route" else None

    def _matches(self, change: Change, said: t.Mapping[str, t.Any]) -> bool:
        return all(_MATCHES[key](self, change, value) for key, value in said.items())

    def _links(self, change: Change) -> t.Iterator[str]:
        """The links that the changed object has to do with."""
        item = change.item
        numbers = [getattr(item, "ifindex", None)] + [hop.ifindex for hop in getattr(item, "hops", ())]
        found = [self._index.name_of(number) for number in numbers]
        found += [getattr(item, "name", None), getattr(item, "iif", None), getattr(item, "oif", None)]
        if item is None:
            found.append(change.finding.selector.get("interface"))
            switch = switches.parts(str(change.args.get("name")))
            found.append(switch[0] if switch is not None else None)
        return (name for name in found if name)

    def _kind(self, change: Change, value: str) -> bool:
        return (change.kind or _WITHOUT_OBJECT.get(change.op.partition(".")[0])) == value

    def _interface(self, change: Change, value: str) -> bool:
        return any(fnmatch.fnmatchcase(name, value) for name in self._links(change))

    def _address(self, change: Change, value: str) -> bool:
        return value in _addresses(change)

    def _prefix(self, change: Change, value: Network) -> bool:
        networks = [getattr(change.item, name, None) for name in ("src", "dst")] if change.kind == "rule" else []
        networks += _addresses(change)
        return any(_overlap(text, value) for text in networks if text)

    def _proto(self, change: Change, value: str) -> bool:
        return getattr(change.item, "proto", None) == value

    def _priority(self, change: Change, value: int) -> bool:
        return getattr(change.item, "priority", None) == value

    def _mark(self, change: Change, value: int) -> bool:
        return getattr(change.item, "mark", None) == value

    def _table(self, change: Change, value: int) -> bool:
        return value in (getattr(change.item, "table", None), getattr(change.item, "vrf_table", None))

    def _owner(self, change: Change, value: str) -> bool:
        owner = change.finding.owner
        names = (change.args.get("owner"), owner.name if owner else None)
        return any(name is not None and fnmatch.fnmatchcase(name, value) for name in names)

    def _unit(self, change: Change, value: str) -> bool:
        owner = change.finding.owner
        units = (change.args.get("unit"), getattr(change.item, "unit", None), owner.unit if owner else None)
        return any(unit is not None and fnmatch.fnmatchcase(unit, value) for unit in units)

    def _rule(self, change: Change, value: str) -> bool:
        return change.finding.rule == value


def _addresses(change: Change) -> t.List[str]:
    """The addresses that the changed object names."""
    item = change.item
    names = ("address", "peer", "gateway", "local", "remote", "prefsrc", "reply_src", "reply_dst")
    found = [getattr(item, name, None) for name in names]
    found += [hop.gateway for hop in item.hops] if isinstance(item, Route) else []
    if change.kind == "flow":
        found += [item.src, item.dst]
    if change.kind == "rule":
        hosts = [text for text in (item.src, item.dst) if text]
        found += [text.partition("/")[0] for text in hosts if ipaddress.ip_network(text).num_addresses == 1]
    if item is None:
        found.append(change.finding.selector.get("local"))
    return [text.partition("%")[0] for text in found if text]


def _overlap(text: str, network: Network) -> bool:
    other = ipaddress.ip_network(text, strict=False)
    return other.version == network.version and other.overlaps(network)


# What each key takes --------------------------------------------------------------------------------------------------


def _text(where: str, value: t.Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("%s: %r; expected a text" % (where, value))
    return value


def _number(where: str, value: t.Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("%s: %r; expected a number" % (where, value))
    return value


def _kind_name(where: str, value: t.Any) -> str:
    if value not in KINDS:
        raise ValueError("%s: %r; expected one of %s" % (where, value, ", ".join(KINDS)))
    return t.cast(str, value)


def _host(where: str, value: t.Any) -> str:
    try:
        return str(ipaddress.ip_address(_text(where, value)))
    except ValueError as exc:
        raise ValueError("%s: %r; expected an address like 192.0.2.1" % (where, value)) from exc


def _network(where: str, value: t.Any) -> Network:
    try:
        return ipaddress.ip_network(_text(where, value))
    except ValueError as exc:
        raise ValueError("%s: %r; expected a prefix like 192.0.2.0/24" % (where, value)) from exc


_READ: t.Mapping[str, t.Callable[[str, t.Any], t.Any]] = {
    "kind": _kind_name,
    "interface": _text,
    "address": _host,
    "prefix": _network,
    "table": _number,
    "proto": _text,
    "priority": _number,
    "mark": _number,
    "owner": _text,
    "unit": _text,
    "rule": _text,
}
_MATCHES: t.Mapping[str, t.Callable[[Selector, Change, t.Any], bool]] = {
    key: getattr(Selector, "_" + key) for key in _READ
}
