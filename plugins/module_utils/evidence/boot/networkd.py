# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""systemd-networkd: .network and .netdev files with their drop-ins (systemd.network(5), systemd.netdev(5)). Pure."""

from __future__ import annotations

import fnmatch
import typing as t

from ...model import BootObject, Link
from . import words as spelled
from .ini import Entry, Section, merged, parse

MANAGER = "systemd-networkd"
_TUNNELS = ("Tunnel", "VXLAN", "Bridge")
_YES = ("yes", "true", "1", "on")
_DYNAMIC = ("yes", "ipv4", "ipv6", "both", "v4", "v6", "true", "1", "on")
_LEASES = ("DHCPv4", "DHCPv6", "IPv6AcceptRA")
_DOWN = ("down", "always-down", "manual")

Texts = t.Sequence[t.Tuple[str, str]]
"""Path and text of a file and then of its drop-ins, in the order in which they count."""


def sections(texts: Texts) -> t.List[Section]:
    return [section for path, text in texts for section in parse(text, path, continued=True)]


# Which link? ---------------------------------------------------------------------------------------------------------


def matches(found: t.Sequence[Section], link: Link) -> bool | None:
    """Is a .network file for a link? None where a condition is about what is not known here."""
    match = merged(found, "Match")
    if not match.entries:
        return True
    sure = True
    for key in dict.fromkeys(entry.key for entry in match.entries):
        wanted = [word for entry in match.every(key) for word in entry.value.split()]
        if not wanted:
            continue
        if key == "Name":
            fits = _fits(wanted, link.name)
        elif key in ("MACAddress", "PermanentMACAddress"):
            fits = (link.lladdr or "").lower() in [word.lower().replace("-", ":") for word in wanted]
        elif key == "Kind":
            fits = _fits(wanted, link.kind or "")
        elif key == "Type" and (link.loopback or link.kind is None):
            fits = _fits(wanted, "loopback" if link.loopback else "ether")
        else:
            sure = False
            continue
        if not fits:
            return False
    return True if sure else None


def _fits(patterns: t.Sequence[str], name: str) -> bool:
    """Shell patterns; with a ``!`` before the first, none of them may fit."""
    if patterns[0].startswith("!"):
        return not any(fnmatch.fnmatchcase(name, pattern) for pattern in [patterns[0][1:], *patterns[1:]])
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def names(found: t.Sequence[Section]) -> t.List[str]:
    """The links that a .network file names outright."""
    words = [word for entry in merged(found, "Match").every("Name") for word in entry.value.split()]
    if words and words[0].startswith("!"):
        return []
    return [word for word in words if not set(word) & set("*?[")]


def only_named(found: t.Sequence[Section]) -> bool:
    """Does a .network file say nothing but names of its links?"""
    return all(entry.key == "Name" for entry in merged(found, "Match").entries)


# What does it make? --------------------------------------------------------------------------------------------------


def network(found: t.Sequence[Section], link: str, certain: bool = True) -> t.Iterator[BootObject]:
    """What a .network file makes on a link."""
    own, head = merged(found, "Network"), merged(found, "Link")
    if (head.text("Unmanaged") or "").lower() in _YES or (head.text("ActivationPolicy") or "") in _DOWN:
        return
    first = next((entry for section in found for entry in section.entries), None)
    if first is None:
        return
    dynamic = (own.text("DHCP") or "no").lower() in _DYNAMIC or (own.text("IPv6AcceptRA") or "").lower() in _YES
    yield _object("link", {"name": link}, first, certain, dynamic=dynamic)
    for entry in own.each("Address"):  # an empty one is ignored, with a warning (systemd 252)
        yield from _address(entry, link, certain)
    vrf = own.last("VRF")
    for entry in own.each("Gateway"):
        gateway = spelled.plain(entry.value)
        if gateway is not None:
            family = spelled.family_of(gateway)
            selector = spelled.route(
                family=family, dst=spelled.ANY[family], gateway=gateway, interface=link, table=None if vrf else 254
            )
            yield _object("route", selector, entry, certain)
    for entry in own.every("DNS"):
        for word in entry.value.split():
            address = spelled.plain(word.partition("#")[0].strip("[]"))
            if address is not None:
                yield _object("resolver", {"address": address, "interface": link}, entry, certain)
    for section in found:
        table = section.last("RouteTable") if section.name in _LEASES else None
        if table is not None:  # what a lease or an advertisement brings is put there
            for family in (4, 6):
                selector = spelled.route(family=family, dst=spelled.ANY[family], table=spelled.table(table.value))
                yield _object("route", selector, table, False)
        if section.name == "Address":
            address_entry = section.last("Address")
            if address_entry is not None:
                yield from _address(address_entry, link, certain)
        elif section.name == "Route":
            yield from _route(section, link, certain, vrf is not None)
        elif section.name == "RoutingPolicyRule":
            yield from _rule(section, certain)


def _address(entry: Entry, link: str, certain: bool) -> t.Iterator[BootObject]:
    address = spelled.interface(entry.value)
    # 0.0.0.0/24 and ::/64 ask for any free one.
    if address is not None and spelled.plain(address.partition("/")[0]) not in ("0.0.0.0", "::"):
        yield _object("address", {"address": address, "interface": link}, entry, certain)


def _route(section: Section, link: str, certain: bool, in_vrf: bool) -> t.Iterator[BootObject]:
    if not section.entries:
        return
    asked = section.text("Gateway")
    gateway = spelled.plain(asked)
    destination = section.text("Destination")
    family = spelled.family_of(destination or asked or section.text("PreferredSource"))
    if asked in ("_ipv6ra", "_dhcp6"):
        family = 6
    dst = spelled.prefix(destination or "default", family)
    table = section.text("Table")
    number = spelled.table(table) if table else None if in_vrf else 254
    if dst is None:
        return
    kind = section.text("Type") or "unicast"
    selector = spelled.route(
        family=family,
        dst=dst,
        table=number,
        gateway=gateway,
        interface=link if kind in ("unicast", "local") else None,
        source=spelled.plain(section.text("PreferredSource")),
        type=kind,
        metric=spelled.number(section.text("Metric")),
        onlink=(section.text("GatewayOnLink") or "").lower() in _YES,
    )
    known = number is not None and (asked is None or gateway is not None)
    yield _object("route", selector, section.entries[0], certain and known)


def _rule(section: Section, certain: bool) -> t.Iterator[BootObject]:
    if not section.entries:
        return
    ends = {key.lower(): section.text(key) for key in ("From", "To")}
    wide = (section.text("Family") or "").lower()
    families = {"both": (4, 6), "ipv6": (6,), "ipv4": (4,)}.get(wide) or (max(map(spelled.family_of, ends.values())),)
    mark = (section.text("FirewallMark") or "").partition("/")[0]
    table = section.text("Table")
    action = section.text("Type") or "table"
    inverted = (section.text("InvertRule") or "").lower() in _YES
    for family in families:
        prefixes = {key: None if text is None else spelled.prefix(text, family) for key, text in ends.items()}
        if any(ends[key] is not None and prefixes[key] is None for key in ends):
            continue
        selector = spelled.rule(
            family=family,
            priority=spelled.number(section.text("Priority")),
            iif=section.text("IncomingInterface"),
            oif=section.text("OutgoingInterface"),
            mark=spelled.number(mark, 0),
            table=spelled.table(table) if table else 254 if action == "table" else None,
            action="lookup" if action == "table" else action,
            **prefixes,
        )
        known = not inverted and (table is None or selector["table"] is not None)
        yield _object("rule", selector, section.entries[0], certain and known)


def netdev(found: t.Sequence[Section], certain: bool = True) -> t.Iterator[BootObject]:
    """The link that a .netdev file makes."""
    head = merged(found, "NetDev")
    name, kind = head.last("Name"), head.text("Kind")
    if name is None or not name.value or kind is None:
        return
    ends = [section for section in found if section.name in _TUNNELS]
    local = next((spelled.plain(section.text("Local")) for section in ends if section.text("Local")), None)
    remote = next((spelled.plain(section.text("Remote")) for section in ends if section.text("Remote")), None)
    known = not merged(found, "Match").entries  # conditions about the host
    selector = {"name": name.value, "link_kind": kind, "local": local, "remote": remote}
    yield _object("link", selector, name, certain and known, made=True)


def _object(kind: str, selector: t.Mapping[str, t.Any], entry: Entry, certain: bool, **more: bool) -> BootObject:
    return BootObject(kind, selector, MANAGER, entry.path, entry.line, certain=certain, **more)
