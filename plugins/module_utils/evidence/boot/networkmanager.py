# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetworkManager's keyfiles (nm-settings-keyfile(5), nm-settings(5)) and its own configuration (NetworkManager.conf(5)). Pure."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t

from ...model import BootObject, Link
from . import commands
from . import words as spelled
from .ini import Entry, Section, merged, parse

MANAGER = "NetworkManager"
_MADE = ("ip-tunnel", "wireguard", "vlan", "bridge", "bond", "team", "dummy", "vrf", "tun", "vxlan", "macvlan", "veth")
"""Types of links that it makes."""
_MODES = {"1": "ipip", "2": "gre", "3": "sit", "4": "isatap", "5": "vti", "6": "ip6tnl", "7": "ip6tnl", "8": "ip6gre",
          "9": "vti6", "10": "gretap", "11": "ip6gretap"}  # fmt: skip
"""[ip-tunnel] mode=: NMIPTunnelMode."""
_DYNAMIC = ("auto", "dhcp", "shared", "ignore")
_NUMBERED = re.compile(r"(address(?:es)?|routes?|routing-rule)(\d{0,4})\Z")
_YES = ("true", "yes", "1")


@dataclasses.dataclass(frozen=True)
class Profile:
    """One connection."""

    name: t.Optional[str]
    """Of its link; None where it is for any of its type."""
    autoconnect: bool
    sections: t.Sequence[Section]
    path: str


def profile(text: str, path: str) -> Profile | None:
    """A connection from its file; None for what is none."""
    sections = parse(text, path)
    head = merged(sections, "connection")
    if not head.entries:
        return None
    autoconnect = (head.text("autoconnect") or "true").lower() in _YES
    return Profile(head.text("interface-name"), autoconnect, sections, path)


def objects(profiles: t.Sequence[Profile]) -> t.Iterator[BootObject]:
    """What profiles make. Of several for one link, or where one is for any link, which is activated is not known."""
    for each in profiles:
        rivals = sum(1 for other in profiles if other.name == each.name and other.autoconnect)
        yield from _of(each, each.autoconnect and each.name is not None and rivals == 1)


def _of(own: Profile, certain: bool) -> t.Iterator[BootObject]:
    head = merged(own.sections, "connection")
    name, kind = own.name, head.text("type") or "802-3-ethernet"
    families = {4: merged(own.sections, "ipv4"), 6: merged(own.sections, "ipv6")}
    dynamic = any((section.text("method") or "auto") in _DYNAMIC for section in families.values())
    if name is not None:
        entry = head.last("interface-name") or head.entries[0]
        selector: t.Dict[str, t.Any] = {"name": name}
        if kind in _MADE:
            tunnel = merged(own.sections, kind)
            mode = tunnel.text("mode")
            selector.update(
                link_kind=_MODES.get(mode or "", None) if kind == "ip-tunnel" else kind,
                local=spelled.plain(tunnel.text("local")),
                remote=spelled.plain(tunnel.text("remote")),
            )
        yield _object("link", selector, entry, certain, made=kind in _MADE, dynamic=dynamic)
    for family, section in families.items():
        if section.text("method") in ("disabled", "ignore"):
            continue
        for entry in section.entries:
            yield from _entry(entry, section, family, name, certain)
        table = section.last("route-table")
        number = spelled.number(table.value) if table is not None else None
        if table is not None and number and dynamic:  # what a lease or an advertisement brings is put there
            yield _object("route", spelled.route(family=family, dst=spelled.ANY[family], table=number), table, False)


def _entry(entry: Entry, section: Section, family: int, link: str | None, certain: bool) -> t.Iterator[BootObject]:
    match = _NUMBERED.match(entry.key)
    if match is not None and match.group(1).startswith("address"):
        address, _comma, gateway = entry.value.strip(";").partition(",")
        whole = spelled.interface(address.strip())
        if whole is not None:
            yield _object("address", {"address": whole, "interface": link}, entry, certain)
            yield from _default(gateway.strip(), entry, section, family, link, certain)
    elif entry.key == "gateway":
        yield from _default(entry.value, entry, section, family, link, certain)
    elif match is not None and match.group(1).startswith("route"):
        yield from _route(entry, section, family, link, certain)
    elif match is not None:
        said = commands.rule_of(entry.value.replace(",", " ").split(), family)
        if said is not None:
            yield _object("rule", said[1], entry, certain)
    elif entry.key == "dns":
        for word in re.split("[;,]", entry.value):
            resolver = spelled.plain(word.strip().partition("#")[0])
            if resolver is not None:
                yield _object("resolver", {"address": resolver, "interface": link}, entry, certain)


def _default(
    gateway: str, entry: Entry, section: Section, family: int, link: str | None, certain: bool
) -> t.Iterator[BootObject]:
    plain = spelled.plain(gateway)
    if plain is None or (section.text("never-default") or "").lower() in _YES:
        return
    table = spelled.number(section.text("route-table")) or 254
    selector = spelled.route(family=family, dst=spelled.ANY[family], gateway=plain, interface=link, table=table)
    yield _object("route", selector, entry, certain)


def _route(entry: Entry, section: Section, family: int, link: str | None, certain: bool) -> t.Iterator[BootObject]:
    parts = [part.strip() for part in entry.value.strip(";").split(",")]
    dst = spelled.prefix(parts[0], family)
    if dst is None:
        return
    raw = (section.text(entry.key + "_options") or "").split(",")
    options = dict(part.strip().partition("=")[::2] for part in raw)
    gateway = spelled.plain(parts[1]) if len(parts) > 1 else None
    kind = options.get("type") or "unicast"
    selector = spelled.route(
        family=family,
        dst=dst,
        table=spelled.number(options.get("table")) or spelled.number(section.text("route-table")) or 254,
        gateway=None if gateway in ("0.0.0.0", "::") else gateway,
        interface=link if kind in ("unicast", "local") else None,
        source=spelled.plain(options.get("src")),
        type=kind,
        metric=spelled.number(parts[2]) if len(parts) > 2 else None,
        onlink=(options.get("onlink") or "").lower() in _YES,
    )
    yield _object("route", selector, entry, certain)


def _object(kind: str, selector: t.Mapping[str, t.Any], entry: Entry, certain: bool, **more: bool) -> BootObject:
    return BootObject(kind, selector, MANAGER, entry.path, entry.line, certain=certain, **more)


# What it leaves alone ------------------------------------------------------------------------------------------------


def unmanaged(texts: t.Iterable[t.Tuple[str, str]]) -> t.List[str]:
    """The specs of [keyfile] unmanaged-devices. ``texts``: path and text of its configuration, in its order."""
    found = ""
    for path, text in texts:
        section = merged(parse(text, path), "keyfile")
        entry = section.last("unmanaged-devices")
        if entry is not None:
            found = entry.value
        added = section.last("unmanaged-devices+")
        if added is not None:
            found += ";" + added.value
    return [word.strip() for word in re.split("[;,]", found) if word.strip()]


def is_unmanaged(specs: t.Sequence[str], name: str, link: Link | None) -> bool:
    """Does it leave a link alone?"""
    fits = False
    for spec in specs:
        bare = spec[7:] if spec.startswith("except:") else spec
        key, colon, value = bare.partition(":")
        if not colon:
            key, value = "interface-name", bare
        if key == "interface-name":
            hit = fnmatch.fnmatchcase(name, value.lstrip("=~"))
        elif key == "mac" or bare.count(":") == 5:
            hit = link is not None and (link.lladdr or "").lower() == (value if key == "mac" else bare).lower()
        elif key == "type":
            hit = link is not None and value in (link.kind or "ethernet", "*")
        else:
            hit = bare == "*"
        if hit and spec.startswith("except:"):
            return False
        fits = fits or hit
    return fits
