# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The older files of Red Hat's family: ifcfg-LINK, route-LINK, rule-LINK (nm-settings-ifcfg-rh(5)). Pure."""

from __future__ import annotations

import re
import shlex
import typing as t

from ...model import BootObject
from . import commands
from . import words as spelled

MANAGER = "ifcfg"
LINES = 20000
_LENGTH = 4096
_VARIABLE = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w{0,63})=")
_NO = ("no", "n", "false", "0")
_YES = ("yes", "y", "true", "1")
_MADE = ("bridge", "bond", "vlan", "team", "gre", "ipip", "tunnel", "wireguard", "dummy", "sit")
_NUMBERED = re.compile(r"(IPADDR|ADDRESS)(\d{0,4})\Z")

Variables = t.Dict[str, t.Tuple[str, int]]
"""Value and line."""


def variables(text: str) -> Variables:
    """The assignments of a shell fragment; what is more than that is left out."""
    found: Variables = {}
    for number, raw in enumerate(text.split("\n", LINES)[:LINES], 1):
        line = raw[:_LENGTH]
        match = _VARIABLE.match(line)
        if match is None:
            continue
        try:
            words = shlex.split(line[match.end() :], comments=True)
        except ValueError:  # an open quote
            continue
        found[match.group(1)] = (words[0] if words else "", number)
    return found


def link(text: str, path: str) -> t.Iterator[BootObject]:
    """What an ifcfg file makes."""
    said = variables(text)

    def value(key: str) -> str | None:
        return said[key][0] or None if key in said else None

    def made(kind: str, selector: t.Mapping[str, t.Any], line: int, **more: bool) -> BootObject:
        return BootObject(kind, selector, MANAGER, path, line, certain=certain, **more)

    name = value("DEVICE")
    certain = (value("ONBOOT") or "yes").lower() not in _NO and name is not None
    name = name or path.rpartition("ifcfg-")[2]
    kind = (value("TYPE") or "").lower()
    dynamic = (value("BOOTPROTO") or "none").lower() in ("dhcp", "bootp", "auto")
    dynamic = dynamic or (value("IPV6_AUTOCONF") or "").lower() in _YES or (value("DHCPV6C") or "").lower() in _YES
    selector: t.Dict[str, t.Any] = {"name": name}
    if kind in _MADE:
        local, remote = spelled.plain(value("MY_OUTER_IPADDR")), spelled.plain(value("PEER_OUTER_IPADDR"))
        selector.update(link_kind=kind, local=local, remote=remote)
    first = min((line for _value, line in said.values()), default=1)
    yield made("link", selector, first, made=kind in _MADE, dynamic=dynamic)
    for key, (text_, line) in said.items():
        match = _NUMBERED.match(key)
        if match is not None and match.group(1) == "IPADDR":
            number = match.group(2)
            length = value("PREFIX" + number) or value("NETMASK" + number)
            address = spelled.interface(text_, length)
            if address is not None:
                yield made("address", {"address": address, "interface": name}, line)
        elif key in ("IPV6ADDR", "IPV6ADDR_SECONDARIES"):
            for word in text_.split():
                address = spelled.interface(word)
                if address is not None:
                    yield made("address", {"address": address, "interface": name}, line)
        elif key in ("GATEWAY", "IPV6_DEFAULTGW"):
            gateway = spelled.plain(text_)
            if gateway is not None and (value("DEFROUTE") or "yes").lower() not in _NO:
                family = spelled.family_of(gateway)
                route = spelled.route(family=family, dst=spelled.ANY[family], gateway=gateway, interface=name)
                yield made("route", route, line)
        elif re.match(r"DNS\d\Z", key):
            resolver = spelled.plain(text_)
            if resolver is not None:
                yield made("resolver", {"address": resolver, "interface": name}, line)


def routes(text: str, path: str, family: int = 4) -> t.Iterator[BootObject]:
    """What a route-LINK or route6-LINK file makes: ADDRESS0=, NETMASK0=, GATEWAY0=, or arguments of ``ip route add``."""
    name = re.split("route6?-", path)[-1]
    said = variables(text)
    for key, (value, line) in said.items():
        match = _NUMBERED.match(key)
        if match is not None and match.group(1) == "ADDRESS":
            number = match.group(2)
            mask, gateway = (said.get(each + number, ("", 0))[0] for each in ("NETMASK", "GATEWAY"))
            dst = spelled.prefix("%s/%s" % (value, mask or "32"), family)
            if dst is not None:
                selector = spelled.route(family=family, dst=dst, gateway=spelled.plain(gateway), interface=name)
                yield BootObject("route", selector, MANAGER, path, line)
    for line, words in _arguments(text):
        found = commands.route_of(words, family)
        if found is not None:
            selector = dict(found[1], interface=found[1]["interface"] or name)
            yield BootObject("route", selector, MANAGER, path, line)


def rules(text: str, path: str, family: int = 4) -> t.Iterator[BootObject]:
    """What a rule-LINK or rule6-LINK file makes: arguments of ``ip rule add``."""
    for line, words in _arguments(text):
        found = commands.rule_of(words, family)
        if found is not None:
            yield BootObject("rule", found[1], MANAGER, path, line)


def _arguments(text: str) -> t.Iterator[t.Tuple[int, t.List[str]]]:
    for number, raw in enumerate(text.split("\n", LINES)[:LINES], 1):
        line = raw[:_LENGTH].partition("#")[0]
        if line.strip() and _VARIABLE.match(line) is None:
            yield number, line.split()
