# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an explanation is made of, and the question as the parts of this package see it."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ..commands import ip
from ..index import Index, is_unspecified
from ..model import Answer, Hop, Link, Query, Route
from ..text import clean

CAUSES: t.Mapping[str, str] = {
    "ok": "The kernel sends it, and nothing on this host is known to stop it.",
    "on-link-assumed": "An interface was given and no route matches: the kernel takes the destination to be on that "
    "link (IPv4 only). The send succeeds.",
    "link-no-carrier": "The link has no carrier: the send succeeds and the packet goes nowhere.",
    "neighbour-failed": "The next hop did not answer when the kernel last asked for its link-layer address: the send "
    "succeeds and the packet goes nowhere until it does.",
    "source-not-local": "The source is not an address of this host. Adding a route will not help.",
    "source-tentative": "IPv6: the source is on a link but not usable, because duplicate address detection has not ended "
    "or has failed.",
    "source-needs-interface": "IPv6: the source is link-local and no interface was given.",
    "source-loopback": "The source is a loopback address and the packet would leave the host.",
    "no-source-address": "IPv6: no source was given, and the host has no usable address to send from.",
    "device-gone": "The interface does not exist.",
    "link-down": "The interface is administratively down.",
    "link-no-ipv4": "The interface was given and does not carry IPv4 (its MTU is below 68).",
    "nexthop-dead": "The route's next hop is out of use: its link is down, or has no carrier and "
    "ignore_routes_with_linkdown is on.",
    "no-route": "No route leads there.",
    "route-throw": "A throw route ends the search in its table, and no later rule leads to a route.",
    "route-unreachable": "A route of type unreachable refuses it.",
    "route-blackhole": "A route of type blackhole swallows it.",
    "route-prohibit": "A route of type prohibit refuses it.",
    "rule-unreachable": "A policy rule with the action unreachable refuses it.",
    "rule-blackhole": "A policy rule with the action blackhole swallows it.",
    "rule-prohibit": "A policy rule with the action prohibit refuses it.",
    "broadcast-not-allowed": "The destination is a broadcast address: only a socket with SO_BROADCAST may send there.",
    "not-unicast": "The destination is a broadcast or multicast address, and TCP connects to one host only.",
    "firewall": "The routes lead there, and this host's own firewall drops or rejects it.",
    "refused": "The kernel refuses it with this errno, and nothing that was read explains why.",
}
"""The closed list of cause ids, and what each says."""

NO_SUCH_LINK = (1 << 31) - 1
"""An ifindex that no link has: the kernel hands them out from 1 upwards."""
_NAME_LIMIT = 64


@dataclasses.dataclass(frozen=True)
class ChainLink:
    """One link of the chain from the question to the wire."""

    kind: str
    """``rule``, ``table``, ``route``, ``nexthop``, ``neighbour``, ``link``, ``source`` or ``firewall``."""
    text: str
    ok: bool
    command: str
    """What a person would type to see it."""


@dataclasses.dataclass(frozen=True)
class Reach:
    """The kernel's answer, explained."""

    reachable: bool
    """Would the send succeed? That the packet then arrives is more than a host can know of itself."""
    errno: str | None
    """What the send would get; None where it succeeds."""
    cause: str
    """A key of CAUSES."""
    explanation: str
    chain: t.Tuple[ChainLink, ...]


class Case:
    """One question with its answer and with what is known around it.

    ``covering`` are routes that cover the destination and carry nothing there: of the types unreachable, blackhole,
    prohibit and throw, or with dead next hops. The kernel does not name them in an answer that is an error.
    """

    def __init__(
        self,
        index: Index,
        query: Query,
        answer: Answer,
        covering: t.Sequence[Route] = (),
        interface: str | None = None,
    ) -> None:
        self.index = index
        self.query = query
        self.answer = answer
        self.covering = covering
        self.family = 6 if ":" in query.to else 4
        self.to = query.to
        self.source = None if query.source is None or is_unspecified(query.source) else query.source
        self.netns = index.snapshot.netns
        self.link = index.link(query.interface)
        """The link that was asked for; None also where it does not exist."""
        self._missing = interface

    @property
    def hop(self) -> Hop | None:
        route = self.answer.route
        return route.hops[0] if route is not None and route.hops else None

    @property
    def out(self) -> Link | None:
        """The link that the packet leaves by."""
        return self.index.link(self.hop.ifindex) if self.hop is not None else None

    @property
    def own(self) -> bool:
        """Is the destination this host itself?"""
        return self.answer.route is not None and self.answer.route.type in ("local", "anycast")

    def source_state(self) -> str | None:
        """Why the kernel refuses the source: a cause id, or None where it accepts it or none was given.

        IPv4 asks the addresses and the local table of the whole host. IPv6 asks the addresses alone (a local route
        does not count), leaves out tentative ones, and wants a link-local or loopback one on the very link.
        """
        if self.source is None:
            return None
        if self.family == 4:
            return None if self.index.is_local(self.source) else "source-not-local"
        link_local = is_link_local(self.source)
        if link_local and self.query.interface is None:
            return "source-needs-interface"
        if 6 in self.index.snapshot.nonlocal_bind:
            return None
        held = [item for item in self.index.snapshot.addresses if item.address == self.source]
        if self.source == "::1" and self.link is not None and not self.link.loopback:
            return "source-loopback"
        if link_local:
            held = [item for item in held if item.ifindex == self.query.interface]
        if not held:
            return "source-not-local"
        usable = [item for item in held if "tentative" not in item.flags or "optimistic" in item.flags]
        return None if usable else "source-tentative"

    def device(self, ifindex: int | None) -> str:
        """A link's name, for a command."""
        if self._missing is not None and self.link is None and ifindex == self.query.interface:
            return self._missing
        return self.index.name_of(ifindex) or "?"

    def name(self, ifindex: int | None) -> str:
        """A link's name, for a sentence."""
        return clean(self.device(ifindex), _NAME_LIMIT)

    def ip(self, *words: object, family: int | None = None) -> str:
        """An ``ip`` command for this question's namespace and its family, or another one."""
        return ip(self.netns, "-%d" % (family or self.family), *words)

    def get(self) -> str:
        """``ip route get`` for this very question."""
        query = self.query
        words: t.List[object] = ["route", "get", self.to]
        words += ["from", self.source] if self.source else []
        words += ["iif", self.device(query.iif)] if query.iif is not None else []
        words += ["oif", self.device(query.interface)] if query.interface is not None else []
        words += ["mark", "0x%x" % query.mark] if query.mark else []
        words += ["uid", query.uid] if query.uid is not None else []
        words += ["tos", "0x%02x" % query.tos] if query.tos else []
        protocol = "ipv6-icmp" if query.protocol == "icmp" and self.family == 6 else query.protocol
        words += ["ipproto", protocol] if protocol else []
        words += ["sport", query.sport] if query.sport else []
        words += ["dport", query.port] if query.port else []
        return self.ip(*words)


def ifindex(index: Index, name: str | None) -> int | None:
    """What a question says for an interface by its name: ``NO_SUCH_LINK`` where there is none of that name."""
    link = index.link_named(name)
    return link.ifindex if link else None if name is None else NO_SUCH_LINK


def is_link_local(address: str) -> bool:
    """fe80::/10 (RFC 4291)."""
    return address[:3].lower() in ("fe8", "fe9", "fea", "feb") and address[4:5] == ":"


def is_ipv4_loopback(address: str) -> bool:
    return address.startswith("127.") and ":" not in address


def is_for_many(address: str) -> bool:
    """Multicast (RFC 5771, RFC 4291) or the limited broadcast."""
    return ipaddress.ip_address(address).is_multicast or address == "255.255.255.255"
