# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small random worlds for one network namespace, from a seed: what ``ip -batch`` is fed, and flows to try in them.

All addresses are triples (a, b, c), spelled 10.a.b.c or fd00:a:b::c; a prefix keeps none, one, two or all of the three.
So both families get worlds of the same shape, small enough that rules, tables and routes cover each other.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import random
import typing as t

LINKS = ("v0", "v1", "v2", "v3")
"""v0 and v1 are up, v2 has no carrier, v3 goes down in half of the worlds. Subnet k of each is (0, k)."""
TABLES = ("254", "100", "101", "102")
PORTS = (9, 53, 99)
MARKS = (0, 1, 2, 0x11)
UIDS = (0, 1000, 1500)
GONE = 99999

FRAME = "".join(
    "link add %s type veth peer name %sp\nlink set %s addrgenmode none\nlink set %sp addrgenmode none\n" % ((link,) * 4)
    for link in LINKS
) + "".join("link set %s up\n" % name for name in ("v0", "v0p", "v1", "v1p", "v2", "v3", "v3p"))

Triple = t.Tuple[int, int, int]


@dataclasses.dataclass(frozen=True)
class Flow:
    """A send to try."""

    to: str
    source: str | None
    interface: str | None
    """A link's name; ``gone`` for an ifindex that no link has."""
    mark: int
    uid: int
    port: int
    sport: int | None
    tos: int


@dataclasses.dataclass(frozen=True)
class World:
    """One family's half of a world."""

    family: int
    build: t.Tuple[str, ...]
    """Lines for ``ip -batch -force``: some are refused, as the dice have it."""
    rules: t.Mapping[int, str]
    """Priority to the line that added it."""
    clear: t.Tuple[str, ...]
    flows: t.Tuple[Flow, ...]


def spell(family: int, triple: Triple) -> str:
    return str(ipaddress.ip_address(("10.%d.%d.%d" if family == 4 else "fd00:%x:%x::%x") % triple))


def prefix(family: int, triple: Triple, kept: int) -> str:
    """The prefix of the first ``kept`` numbers of a triple; the default prefix for -1."""
    if kept < 0:
        return "0.0.0.0/0" if family == 4 else "::/0"
    length = (8, 16, 24, 32)[kept] if family == 4 else (16, 32, 48, 128)[kept]
    cut = tuple(number if place < kept else 0 for place, number in enumerate(triple))
    return "%s/%d" % (spell(family, t.cast(Triple, cut)), length)


class Maker:
    """The dice."""

    def __init__(self, seed: int, family: int, flows: int) -> None:
        self.dice = random.Random(seed * 10 + family)
        self.family = family
        self.count = flows

    def world(self) -> World:
        addresses = self._addresses()
        routes = [self._route() for _number in range(self.dice.randint(2, 9))]
        rules = dict(self._rule() for _number in range(self.dice.randint(0, 6)))
        objects = self._nexthops() if self.dice.random() < 0.5 else []
        down = ["link set v3 down"] if self.dice.random() < 0.5 else []
        return World(
            family=self.family,
            build=tuple(addresses + objects + routes + list(rules.values()) + down),
            rules=rules,
            clear=tuple(
                ["rule del pref %d" % priority for priority in rules]
                + ["route flush table all proto boot", "nexthop flush", "neigh flush all"]
                + ["address flush dev %s" % link for link in LINKS]
                + ["link set v3 up"]
            ),
            flows=tuple(self._flow() for _number in range(self.count)),
        )

    def _triple(self) -> Triple:
        dice = self.dice
        return dice.choice((0, 0, 1, 1, 2)), dice.randint(0, 3), dice.choice((1, 2, 5, 9))

    def _prefix(self) -> str:
        return prefix(self.family, self._triple(), self.dice.choice((-1, 0, 1, 2, 2, 3, 3)))

    def _addresses(self) -> t.List[str]:
        lines = []
        more = " brd +" if self.family == 4 else " nodad"
        for number, link in enumerate(LINKS):
            for last in (1, 2):
                if self.dice.random() < 0.6:
                    length = 24 if self.family == 4 else 48
                    where = spell(self.family, (0, number, last))
                    lines.append("address add %s/%d dev %s%s" % (where, length, link, more))
        if self.family == 6 and self.dice.random() < 0.2:  # stays tentative: no carrier, no detection
            lines.append("address add %s/128 dev v2" % spell(6, (2, 2, 2)))
        return lines

    def _nexthops(self) -> t.List[str]:
        return [
            "nexthop add id 1 via %s dev v0" % spell(self.family, (0, 0, 9)),
            "nexthop add id 2 blackhole",
            "nexthop add id 3 via %s dev v3" % spell(self.family, (0, 3, 9)),
            "nexthop add id 4 group 1/3",
        ]

    def _hop(self) -> str:
        number = self.dice.randrange(len(LINKS))
        words = "dev %s" % LINKS[number]
        if self.dice.random() < 0.6:
            words = "via %s %s" % (spell(self.family, (0, number, 9)), words)
            words += " onlink" if self.dice.random() < 0.5 else ""
        return words

    def _route(self) -> str:
        dice = self.dice
        tail = "table %s metric %d" % (dice.choice(TABLES), dice.choice((10, 20)))
        kind = dice.random()
        if kind < 0.4:
            word = dice.choice(("unreachable", "blackhole", "prohibit", "throw"))
            return "route add %s %s %s" % (word, self._prefix(), tail)
        if kind < 0.45:
            return "route add local %s dev lo table 255" % prefix(self.family, self._triple(), dice.choice((2, 3)))
        if kind < 0.55:
            return "route add %s nhid %d %s" % (self._prefix(), dice.randint(1, 4), tail)
        if kind < 0.65:
            hops = " ".join("nexthop %s" % self._hop() for _number in range(2))
            return "route add %s %s %s" % (self._prefix(), tail, hops)
        if kind < 0.72:
            return "route add %s %s src %s %s" % (self._prefix(), self._hop(), self._local(), tail)
        if kind < 0.78 and self.family == 6:
            return "route add %s from %s %s %s" % (self._prefix(), self._prefix(), self._hop(), tail)
        return "route add %s %s %s" % (self._prefix(), self._hop(), tail)

    def _rule(self) -> t.Tuple[int, str]:
        dice = self.dice
        priority = dice.choice((dice.randint(1, 32000), dice.randint(1, 32000), 32766 + 10))
        words = ["rule add pref %d" % priority]
        if dice.random() < 0.12:
            words.insert(1, "not")
            words[0], words[1] = "rule add not", "pref %d" % priority
        chosen = [
            ("from %s", self._prefix),
            ("to %s", self._prefix),
            ("fwmark %s", lambda: dice.choice(("1", "0x10/0x10", "0x1/0x1"))),
            ("oif %s", lambda: dice.choice((*LINKS, "gone"))),
            ("iif %s", lambda: dice.choice(("lo", "lo", "v0"))),
            ("uidrange %s", lambda: dice.choice(("0-0", "1000-1499", "0-4294967294"))),
            ("ipproto %s", lambda: dice.choice(("udp", "udp", "tcp"))),
            ("dport %s", lambda: dice.choice(("53", "9-60"))),
            ("sport %s", lambda: "5000"),
            ("dsfield %s", lambda: "0x10"),
        ]
        for word, value in chosen:
            if dice.random() < 0.18:
                words.append(word % value())
        action = dice.random()
        if action < 0.7:
            words.append("lookup %s" % dice.choice(TABLES))
            words += ["suppress_prefixlength %d" % dice.choice((0, 16))] if dice.random() < 0.15 else []
        elif action < 0.92:
            words.append(dice.choice(("unreachable", "blackhole", "prohibit")))
        else:
            words.append("goto 32766" if priority < 32766 else "nop")
        return priority, " ".join(words)

    def _local(self) -> str:
        return spell(self.family, (0, self.dice.randrange(len(LINKS)), self.dice.choice((1, 2))))

    def _flow(self) -> Flow:
        dice = self.dice
        to = spell(self.family, self._triple())
        if dice.random() < 0.08:
            to = dice.choice(
                ("127.0.0.1", "10.0.0.255", "239.1.1.1", "8.8.8.8")
                if self.family == 4
                else ("::1", "ff0e::1", "2001:4860::8")
            )
        source = None
        if dice.random() < 0.55:
            gone = (0, 0, 77), (2, 2, 2), (1, 1, 1)
            source = self._local() if dice.random() < 0.65 else spell(self.family, dice.choice(gone))
            if dice.random() < 0.05:
                source = "127.0.0.1" if self.family == 4 else "::1"
        return Flow(
            to=to,
            source=source,
            interface=dice.choice((*LINKS, *LINKS, "gone")) if dice.random() < 0.4 else None,
            mark=dice.choice(MARKS),
            uid=dice.choice(UIDS),
            port=dice.choice(PORTS),
            # Where IPv6 chooses the source, the source port is not known: see kernel/lookup.py.
            sport=5000 if dice.random() < 0.2 and (self.family == 4 or source is not None) else None,
            tos=0x10 if dice.random() < 0.2 else 0,
        )
