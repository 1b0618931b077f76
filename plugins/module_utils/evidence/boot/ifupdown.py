# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ifupdown and those that take its files (ifupdown2, ifupdown-ng): /etc/network/interfaces (interfaces(5)). Pure.

Where they differ, what ifupdown makes is told, and as not certain.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from ...model import BootObject
from . import commands
from . import words as spelled

MANAGER = "ifupdown"
LINES = 20000
_LENGTH = 4096
_UP = ("up", "post-up", "pre-up")
_MADE = ("bridge_ports", "bridge-ports", "vlan-raw-device", "vlan_raw_device", "bond-slaves", "bond_slaves", "slaves",
         "tunnel-mode", "vxlan-id", "vrf-table")  # fmt: skip
"""Options of links that it makes."""
_DYNAMIC = ("dhcp", "auto", "bootp", "ppp")
_STATIC = ("static", "tunnel", "v4tunnel", "wireguard")
"""Methods for which ifupdown looks at address and gateway."""
_INHERITED = 8
"""Stanzas that one inherits from, one from the other."""


@dataclasses.dataclass
class Stanza:
    """``iface NAME FAMILY METHOD`` with its options."""

    name: str
    family: int
    method: str
    path: str
    line: int
    inherits: t.Tuple[str, ...] = ()
    options: t.List[t.Tuple[str, str, int]] = dataclasses.field(default_factory=list)

    def last(self, *keys: str) -> str | None:
        return next((value for key, value, _line in reversed(self.options) if key in keys), None)


@dataclasses.dataclass
class File:
    """What one file says."""

    stanzas: t.List[Stanza] = dataclasses.field(default_factory=list)
    brought_up: t.List[str] = dataclasses.field(default_factory=list)
    """Names, or patterns with a slash before them, that are brought up at boot or when they appear."""
    sources: t.List[t.Tuple[bool, str]] = dataclasses.field(default_factory=list)
    """Further files: is it a directory, and the pattern."""


def parse(text: str, path: str) -> File:
    """One file. What is not understood is left out."""
    found = File()
    stanza: t.Optional[Stanza] = None
    for number, line in _lines(text):
        words = line.split(None, 1)
        key, rest = words[0], words[1].strip() if len(words) > 1 else ""
        if key in ("source", "source-directory"):
            found.sources.append((key != "source", rest))
            stanza = None
        elif key == "auto" or key.startswith("allow-"):
            found.brought_up += rest.split()
            stanza = None
        elif key in ("mapping", "no-auto-down", "no-scripts", "rename", "template"):
            stanza = None
        elif key == "iface":
            stanza = _stanza(rest.split(), path, number)
            if stanza is not None:
                found.stanzas.append(stanza)
        elif stanza is not None:
            stanza.options.append((key, rest, number))
    return found


def _lines(text: str) -> t.Iterator[t.Tuple[int, str]]:
    """Lines with the number of their first one; a backslash at the end goes on in the next. Comments fill whole lines."""
    begun: t.Optional[t.Tuple[int, str]] = None
    for number, raw in enumerate(text.split("\n", LINES)[:LINES], 1):
        line = raw[:_LENGTH].strip()
        if begun is None and (not line or line.startswith("#")):
            continue
        start, whole = (number, line) if begun is None else (begun[0], (begun[1] + " " + line)[:_LENGTH])
        begun = (start, whole[:-1].rstrip()) if whole.endswith("\\") else None
        if begun is None and whole.strip():
            yield start, whole
    if begun is not None and begun[1].strip():
        yield begun


def _stanza(words: t.Sequence[str], path: str, line: int) -> Stanza | None:
    if not words:
        return None
    family = 6 if "inet6" in words[1:3] else 4
    method = words[2] if len(words) > 2 and words[1].startswith("inet") else "static"
    inherits = tuple(name for word, name in zip(words, words[1:]) if word == "inherits")
    return Stanza(words[0], family, method, path, line, inherits)


def objects(files: t.Sequence[File]) -> t.Iterator[BootObject]:
    """What all files together make."""
    up = [name for each in files for name in each.brought_up]
    stanzas = [each for file in files for each in file.stanzas]
    first: t.Dict[t.Tuple[str, int], Stanza] = {}
    for stanza in stanzas:
        first.setdefault((stanza.name, stanza.family), stanza)
    for stanza in stanzas:
        whole = _with_inherited(stanza, first)
        names = _brought_up(stanza.name, up)
        for name in names or [stanza.name]:
            yield from _of(whole, name, bool(names))


def _brought_up(stanza: str, up: t.Iterable[str]) -> t.List[str]:
    """The interfaces that are brought up as a stanza says: ``auto eth0=office`` brings up eth0 as office says, and not as
    eth0."""
    found = []
    for word in up:
        name, equals, logical = word.partition("=")
        if equals:
            fits = logical == stanza
        elif name.startswith("/"):
            fits, name = fnmatch.fnmatchcase(stanza, name.strip("/").partition("/")[0]), stanza
        else:
            fits = name == stanza
        if fits and name not in found:
            found.append(name)
    return found


def _with_inherited(stanza: Stanza, stanzas: t.Mapping[t.Tuple[str, int], Stanza]) -> Stanza:
    """With the options of those that it inherits from, before its own: the last one counts."""
    options, todo, done = list(stanza.options), list(stanza.inherits), {stanza.name}
    while todo and len(done) <= _INHERITED:
        name = todo.pop(0)
        other = stanzas.get((name, stanza.family))
        if other is None or name in done:
            continue
        done.add(name)
        own = {key for key, _value, _line in options}
        options = [option for option in other.options if option[0] in _UP or option[0] not in own] + options
        todo += other.inherits
    return dataclasses.replace(stanza, options=options)


def _address(stanza: Stanza, text: str) -> t.Tuple[t.Optional[str], bool]:
    """An address with its prefix length, and whether all managers of these files make it so."""
    bare, slash, length = text.partition("/")
    netmask = stanza.last("netmask")
    if stanza.last("pointopoint") is not None:
        return spelled.interface(
            bare, "32" if stanza.family == 4 else "128"
        ), True  # the length is that of the other end
    if netmask is None and not slash and ":" not in bare:
        return spelled.interface(bare, _class(bare)), False
    both = spelled.interface(bare, netmask), spelled.interface(text)
    return both[0] if netmask is not None else both[1], not slash or netmask is None or both[0] == both[1]


def _class(address: str) -> str:
    """The prefix length that ifupdown takes where none is said: that of the network's class (RFC 791)."""
    head = spelled.number(address.partition(".")[0]) or 0
    return "8" if head < 128 else "16" if head < 192 else "24" if head < 224 else "32"


def _of(stanza: Stanza, interface: str, certain: bool) -> t.Iterator[BootObject]:
    name = interface.partition(":")[0]  # eth0:1 is a label
    link: t.Dict[str, t.Any] = {"name": name}
    made = any(key in _MADE for key, _value, _line in stanza.options) or stanza.method in (
        "tunnel",
        "v4tunnel",
        "wireguard",
    )
    if made:
        link.update(
            link_kind=stanza.last("mode", "tunnel-mode"),
            local=spelled.plain(stanza.last("local", "tunnel-local")),
            remote=spelled.plain(stanza.last("endpoint", "tunnel-endpoint", "remote")),
        )
    dynamic = stanza.method in _DYNAMIC
    yield _object("link", link, stanza, stanza.line, certain, made=made, dynamic=dynamic)
    metric = spelled.number(stanza.last("metric"))
    static = certain and stanza.method in _STATIC
    for key, value, line in stanza.options:
        words = value.split()
        if not words:
            continue
        if key == "address":
            address, agreed = _address(stanza, words[0])
            if address is not None:
                yield _object("address", {"address": address, "interface": name}, stanza, line, static and agreed)
        elif key == "gateway":
            gateway = spelled.plain(words[0])
            if gateway is not None:
                family = spelled.family_of(gateway)
                # ifupdown adds it so that the gateway need be in no subnet.
                selector = spelled.route(
                    family=family, dst=spelled.ANY[family], gateway=gateway, interface=name, metric=metric, onlink=True
                )
                yield _object("route", selector, stanza, line, static)
        elif key in ("dns-nameservers", "dns-nameserver"):
            for word in words:
                resolver = spelled.plain(word)
                if resolver is not None:
                    yield _object("resolver", {"address": resolver, "interface": name}, stanza, line, certain)
        elif key in _UP:
            for kind, selector, sure in commands.commands(value, {"IFACE": interface}):
                yield _object(kind, selector, stanza, line, certain and sure, made=kind == "link")


def _object(
    kind: str, selector: t.Mapping[str, t.Any], stanza: Stanza, line: int, certain: bool, **more: bool
) -> BootObject:
    return BootObject(kind, selector, MANAGER, stanza.path, line, certain=certain, **more)
