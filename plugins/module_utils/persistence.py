# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Will the next boot bring an object back, or drop it? What the configuration says, held against an object. Pure."""

from __future__ import annotations

import dataclasses
import ipaddress
import shlex
import typing as t

from .index import Index
from .model import BootObject, Evidence, Finding
from .text import clean

_SAME: t.Mapping[str, str] = {"prefsrc": "source", "src": "from", "dst": "to"}
"""Keys of the model that are called otherwise in a selector; ``src`` and ``dst`` those of rules."""
_RULE = ("family", "priority", "from", "to", "iif", "oif", "mark", "table", "action")
_SHOWN: t.Mapping[str, t.Tuple[str, ...]] = {
    "systemd-networkd": ("networkctl", "status"),
    "NetworkManager": ("nmcli", "device", "show"),
    "ifupdown": ("ifquery",),
}
"""What shows a manager's own view of a link."""
_PATH = 200
_STEPS = 64
"""Steps of a remedy that are held against the configuration."""


def will_return(index: Index, kind: str, said: t.Mapping[str, t.Any]) -> BootObject | None:
    """What the next boot would make that is this object, or one of those that ``said`` stands for.

    ``said`` is a selector, or the arguments of a step. One that is certain comes before one that is not.
    """
    found = [item for item in index.snapshot.boot or () if item.kind == kind and _FITS[kind](item, said)]
    return min(found, key=lambda item: not item.certain, default=None)


def place(item: BootObject) -> str:
    """Where it stands: ``/etc/network/interfaces line 7``."""
    return clean(item.path, _PATH) + (" line %d" % item.line if item.line else "")


def configured(index: Index, kind: str, said: t.Mapping[str, t.Any]) -> t.List[Evidence]:
    """The line that makes an object at each boot; nothing where none is known."""
    item = will_return(index, kind, said)
    return [] if item is None else list(evidence(item, "%s (%s) makes it at each boot" % (place(item), item.manager)))


def evidence(item: BootObject, observed: str) -> t.Iterator[Evidence]:
    """The line, and what its manager says of the link."""
    number = item.line or 1
    yield Evidence("configuration", observed, shlex.join(["sed", "-n", "%dp" % number, item.path]))
    link = item.selector.get("name" if item.kind == "link" else "interface")
    if item.manager in _SHOWN and link:
        yield Evidence(
            "configuration", "%s is in charge of it" % item.manager, shlex.join([*_SHOWN[item.manager], str(link)])
        )


def advised(index: Index, findings: t.Sequence[Finding]) -> t.List[Finding]:
    """The findings; those whose remedy removes what the next boot would make again say so in their advice."""
    if not index.snapshot.boot:
        return list(findings)
    return [
        dataclasses.replace(item, advice=" ".join(filter(None, (item.advice, _back(index, item))))) for item in findings
    ]


def _back(index: Index, finding: Finding) -> str:
    for step in finding.remedy[:_STEPS]:
        kind, _dot, verb = step.op.partition(".")
        item = will_return(index, kind, step.args) if verb == "del" and kind in _FITS else None
        if item is not None:
            return "After the next boot it %s back: %s (%s) makes it. Take it out there as well." % (
                "is" if item.certain else "may be",
                place(item),
                "which netplan writes" if "netplan-" in item.path else item.manager,
            )
    return ""


# Does a line of the configuration make this object? ------------------------------------------------------------------


def _address(item: BootObject, said: t.Mapping[str, t.Any]) -> bool:
    wanted = str(said.get("address") or "").partition("/")[0]
    link, own = said.get("interface"), item.selector.get("interface")
    return item.selector["address"].partition("/")[0] == wanted and (None in (link, own) or link == own)


def _resolver(item: BootObject, said: t.Mapping[str, t.Any]) -> bool:
    link, own = said.get("interface"), item.selector.get("interface")
    return item.selector["address"] == said.get("address") and (None in (link, own) or link == own)


def _link(item: BootObject, said: t.Mapping[str, t.Any]) -> bool:
    return item.made and item.selector["name"] == (said.get("interface") or said.get("name"))


def _route(item: BootObject, said: t.Mapping[str, t.Any]) -> bool:
    own = item.selector
    source = said.get("prefsrc") or said.get("source")
    if (own["family"], own["table"]) != (said.get("family"), said.get("table")):
        return False
    if said.get("type", "unicast") != own["type"]:
        return False
    if said.get("dst") not in (None, own["dst"]) or source not in (None, own["source"]):
        return False
    links, gateways = _each(said, "interface"), _each(said, "gateway")
    if (own["gateway"] and gateways and own["gateway"] not in gateways) or (
        own["interface"] and links and own["interface"] not in links
    ):
        return False
    # What stands for many routes names something of them that the line has too.
    return said.get("dst") is not None or source is not None or bool(gateways) or own["table"] != 254


def _each(said: t.Mapping[str, t.Any], key: str) -> t.List[str]:
    """One, or those of many routes."""
    return [value for value in (said.get(key), *(said.get(key + "s") or ())) if value is not None]


def _rule(item: BootObject, said: t.Mapping[str, t.Any]) -> bool:
    renamed = {_SAME.get(key, key): value for key, value in said.items()}
    renamed.setdefault("action", "lookup")
    own = item.selector
    if any(own[key] is not None and own[key] != renamed.get(key) for key in _RULE):
        return False
    # A line without a priority gets a free one.
    return all(renamed.get(key) == own[key] for key in ("from", "to", "iif", "oif", "mark"))


_FITS: t.Mapping[str, t.Callable[[BootObject, t.Mapping[str, t.Any]], bool]] = {
    "address": _address,
    "link": _link,
    "resolver": _resolver,
    "route": _route,
    "rule": _rule,
}


# What is there after the boot ----------------------------------------------------------------------------------------


class NextBoot:
    """Addresses and links as they are after the next boot, as far as the configuration tells."""

    def __init__(self, index: Index) -> None:
        self.objects = index.snapshot.boot or ()
        self.addresses = {item.selector["address"].partition("/")[0] for item in self._of("address")}
        self.subnets = [ipaddress.ip_interface(item.selector["address"]).network for item in self._of("address")]
        self.made = {item.selector["name"] for item in self._of("link") if item.made or item.manager == "udev"}
        self.dynamic = any(item.dynamic for item in self._of("link"))
        self.unknown = {item.selector["family"] for item in self._of("route") if item.selector["table"] is None}
        """Families of which some route is in a table that is not known."""
        self.filled = {(item.selector["family"], item.selector["table"]) for item in self._of("route")}
        direct = {item.selector["dst"] for item in self._of("route") if not item.selector["gateway"]}
        self.subnets += [ipaddress.ip_network(dst) for dst in direct if not dst.endswith("/0")]

    def _of(self, kind: str) -> t.List[BootObject]:
        return [item for item in self.objects if item.kind == kind]

    def on_link(self, gateway: str) -> bool:
        """Is there a subnet, or a route without a gateway, that a gateway is in?"""
        address = ipaddress.ip_address(gateway)
        return any(address.version == network.version and address in network for network in self.subnets)

    def in_charge(self, link: str) -> t.List[BootObject]:
        """The managers that bring a link up, surely."""
        return [item for item in self._of("link") if item.certain and item.selector["name"] == link]
