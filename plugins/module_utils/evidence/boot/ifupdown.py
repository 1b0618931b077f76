# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ifupdown and those that take its files (ifupdown2, ifupdown-ng): /etc/network/interfaces (interfaces(5)). Pure."""

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


@dataclasses.dataclass
class Stanza:
    """``iface NAME FAMILY METHOD`` with its options."""

    name: str
    family: int
    method: str
    path: str
    line: int
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
    return Stanza(words[0], family, method, path, line)


def objects(files: t.Sequence[File]) -> t.Iterator[BootObject]:
    """What all files together make."""
    up = [name for each in files for name in each.brought_up]
    for stanza in (each for file in files for each in file.stanzas):
        yield from _of(stanza, _is_up(stanza.name, up))


def _is_up(name: str, brought_up: t.Iterable[str]) -> bool:
    for word in brought_up:
        word = word.partition("=")[0]
        if word == name or (word.startswith("/") and fnmatch.fnmatchcase(name, word.strip("/").partition("/")[0])):
            return True
    return False


def _of(stanza: Stanza, certain: bool) -> t.Iterator[BootObject]:
    name = stanza.name.partition(":")[0]  # eth0:1 is a label
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
    netmask, metric = stanza.last("netmask"), spelled.number(stanza.last("metric"))
    for key, value, line in stanza.options:
        words = value.split()
        if not words:
            continue
        if key == "address":
            address = spelled.interface(words[0], netmask)
            if address is not None:
                yield _object("address", {"address": address, "interface": name}, stanza, line, certain)
        elif key == "gateway":
            gateway = spelled.plain(words[0])
            if gateway is not None:
                family = spelled.family_of(gateway)
                selector = spelled.route(
                    family=family, dst=spelled.ANY[family], gateway=gateway, interface=name, metric=metric
                )
                yield _object("route", selector, stanza, line, certain)
        elif key in ("dns-nameservers", "dns-nameserver"):
            for word in words:
                resolver = spelled.plain(word)
                if resolver is not None:
                    yield _object("resolver", {"address": resolver, "interface": name}, stanza, line, certain)
        elif key in _UP:
            for kind, selector in commands.commands(value, {"IFACE": name}):
                yield _object(kind, selector, stanza, line, certain, made=kind == "link")


def _object(
    kind: str, selector: t.Mapping[str, t.Any], stanza: Stanza, line: int, certain: bool, **more: bool
) -> BootObject:
    return BootObject(kind, selector, MANAGER, stanza.path, line, certain=certain, **more)
