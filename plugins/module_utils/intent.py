# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user declares should be there, validated."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

Declared = t.Mapping[str, t.Any]
_Option = t.Dict[str, t.Any]

_FAMILY: _Option = {"type": "str", "choices": ["ipv4", "ipv6"], "default": "ipv4"}
_TEXT: _Option = {"type": "str"}
_NUMBER: _Option = {"type": "int"}


def _several(**options: _Option) -> _Option:
    return {"type": "list", "elements": "dict", "default": [], "options": options}


OPTIONS: t.Dict[str, _Option] = {
    "addresses": _several(address={"type": "str", "required": True}, interface=_TEXT),
    "routes": _several(
        dst={"type": "str", "required": True},
        family=_FAMILY,
        table={"type": "int", "default": 254},
        gateway=_TEXT,
        interface=_TEXT,
        source=_TEXT,
    ),
    "rules": _several(
        **{
            "family": _FAMILY,
            "priority": _NUMBER,
            "from": _TEXT,
            "to": _TEXT,
            "iif": _TEXT,
            "oif": _TEXT,
            "mark": _NUMBER,
            "table": _NUMBER,
        }
    ),
    "links": _several(name={"type": "str", "required": True}),
    "resolvers": {"type": "list", "elements": "str", "default": []},
    "owners": {"type": "list", "elements": "str", "default": []},
    "forwarding": {"type": "list", "elements": "str", "choices": ["ipv4", "ipv6"], "default": []},
}
"""The argument spec of O(intent)."""


@dataclasses.dataclass(frozen=True)
class Intent:
    """Declared objects, each a mapping with the keys of ``OPTIONS`` (a resolver is its address, an owner its name); what is not given is None.

    Families are 4 or 6; prefixes and addresses are spelled as the kernel prints them, ``default`` is ``0.0.0.0/0`` or
    ``::/0``. An address holds its prefix length (``192.0.2.10/24``; a plain one is a host address).
    """

    addresses: t.Tuple[Declared, ...] = ()
    routes: t.Tuple[Declared, ...] = ()
    rules: t.Tuple[Declared, ...] = ()
    links: t.Tuple[Declared, ...] = ()
    resolvers: t.Tuple[str, ...] = ()
    owners: t.Tuple[str, ...] = ()
    """The names of those that run here."""
    forwarding: t.Tuple[int, ...] = ()
    """The families that this host forwards."""


def load(data: t.Mapping[str, t.Any]) -> Intent:
    """Intent from module arguments. Raises ValueError that names the object and what was expected."""
    return Intent(
        addresses=tuple(_address(item) for item in data.get("addresses") or ()),
        routes=tuple(_route(item) for item in data.get("routes") or ()),
        rules=tuple(_rule(item) for item in data.get("rules") or ()),
        links=tuple(data.get("links") or ()),
        resolvers=tuple(dict.fromkeys(_resolver(item) for item in data.get("resolvers") or ())),
        owners=tuple(dict.fromkeys(data.get("owners") or ())),
        forwarding=tuple(sorted({6 if item == "ipv6" else 4 for item in data.get("forwarding") or ()})),
    )


def _address(item: Declared) -> Declared:
    try:
        parsed = ipaddress.ip_interface(item["address"])
    except ValueError as exc:
        raise ValueError("intent.addresses: %s; expected something like 192.0.2.10/24" % exc) from exc
    return dict(item, address=str(parsed), family=parsed.version)


def _route(item: Declared) -> Declared:
    family = 6 if item.get("family") == "ipv6" else 4
    dst = item["dst"]
    if dst == "default":
        dst = "::/0" if family == 6 else "0.0.0.0/0"
    network = _prefix("intent.routes", "dst", dst)
    made = dict(item, dst=str(network), family=network.version, table=item.get("table") or 254)
    for key in ("gateway", "source"):
        if item.get(key) is not None:
            made[key] = _plain("intent.routes %s" % dst, key, item[key])
    return made


def _rule(item: Declared) -> Declared:
    made = dict(item, family=6 if item.get("family") == "ipv6" else 4)
    for key in ("from", "to"):
        if item.get(key) not in (None, "all"):
            network = _prefix("intent.rules", key, item[key])
            made.update({key: str(network), "family": network.version})
        else:
            made[key] = None
    if made.get("priority") is None and made.get("table") is None and not (made["from"] or made["to"]):
        raise ValueError("intent.rules: a rule needs at least one of priority, from, to, table to be told from others")
    return made


def _resolver(text: str) -> str:
    """Its address, without the link that a link-local one is on."""
    return _plain("intent", "resolvers", text.partition("%")[0])


def _prefix(where: str, key: str, text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as exc:
        raise ValueError("%s: %s: %s; expected a prefix like 192.0.2.0/24" % (where, key, exc)) from exc


def _plain(where: str, key: str, text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as exc:
        raise ValueError("%s: %s: %s; expected an address" % (where, key, exc)) from exc
