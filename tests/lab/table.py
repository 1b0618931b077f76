# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a lab is described with (see hosts.py)."""

from __future__ import annotations

import dataclasses
import typing as t


class Expect(t.NamedTuple):
    """One finding that a scene must cause."""

    rule: str
    shows: tuple[str, ...] = ()
    """Texts that the finding's object, samples or cause must show."""


class App(t.NamedTuple):
    """A program of app.py, held running on the host."""

    name: str
    """Its command name."""
    words: str


class Until(t.NamedTuple):
    """Wait until ``ip WORDS`` on the host shows a text."""

    words: str
    text: str


@dataclasses.dataclass(frozen=True)
class Scene:
    """One thing that happened to a host: a fault, or something that looks like one and is none.

    Lines are those of ``ip -batch`` on the host; in ``far``, ``{host}`` is the host's name.
    """

    about: str
    links: tuple[str, ...] = ()
    """Ethernet links to make beside eth0. Each ends in the network as ``HOST.LINK``, up and without an address."""
    sysctl: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    before: str = ""
    apps: tuple[App, ...] = ()
    """Started after ``before``."""
    after: str = ""
    """What goes wrong while they run."""
    far: str = ""
    """Lines for the network, after that."""
    knock: str | None = None
    """Send one datagram there (ADDRESS:PORT)."""
    until: Until | None = None
    intent: t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]] = dataclasses.field(default_factory=dict)
    """What is declared for the host, as audit_info takes it."""
    expect: tuple[Expect, ...] = ()
    """Nothing, where nothing is wrong."""


@dataclasses.dataclass(frozen=True)
class Vpn:
    """A doublezerod on the host."""

    allocated: str
    peers: tuple[str, ...]
    far: bool = False
    """A far end of other hosts' sessions: of the peers that it knows, not all are there at any time."""
    fixed: bool = False
    reconnects: bool = False
    """Disconnects, and connects again without the allocated address: the incident."""
    lie: str | None = None
    """A peer of which somebody writes lies into the log."""


@dataclasses.dataclass(frozen=True)
class Host:
    """A network namespace with eth0 in 192.0.2.0/24 and 2001:db8:1::/64, and a default route."""

    name: str
    number: int
    """Last number of its addresses."""
    about: str
    scenes: tuple[Scene, ...] = ()
    vpn: Vpn | None = None

    @property
    def address(self) -> str:
        return "192.0.2.%d" % self.number

    @property
    def expect(self) -> list[Expect]:
        return [expect for scene in self.scenes for expect in scene.expect]

    @property
    def intent(self) -> dict[str, list[t.Mapping[str, t.Any]]]:
        """Of all scenes together."""
        merged: dict[str, list[t.Mapping[str, t.Any]]] = {}
        for scene in self.scenes:
            for kind, items in scene.intent.items():
                merged.setdefault(kind, []).extend(items)
        return merged
