# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A destination that is given by its name: the addresses that it stands for, or who was asked for them in vain. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..commands import inside
from ..evidence.resolving import Resolved
from ..model import Resolver
from ..reach import ChainLink
from ..rules.common import endpoint
from ..text import clean
from .flows import plain

MOST = 16
"""Addresses of a name that are looked at."""
_ANSWERS = ("NOERROR", "NODATA", "NXDOMAIN")
"""What a server says that knows."""
_SAYS = {
    "NOERROR": "knows an address for it, so it is not asked by this host's programs, or in another way: see the line hosts "
    "of /etc/nsswitch.conf",
    "NODATA": "knows the name and no address for it",
    "NXDOMAIN": "says that there is no such name",
    "ECONNREFUSED": "refuses (ECONNREFUSED): nothing listens at that address and port, or a firewall there rejects",
    None: "does not answer",
}
ITSELF = Resolver("127.0.0.1", stub=True)
"""Where no server is named, the C libraries ask this host itself (resolv.conf(5))."""


@dataclasses.dataclass(frozen=True)
class Server:
    """A DNS server that is asked for names, and what it says to this one."""

    resolver: Resolver
    reply: str | None
    """As :func:`..evidence.asking_names.replies` has it."""

    @property
    def answers(self) -> bool:
        return self.reply in _ANSWERS

    @property
    def spoke(self) -> bool:
        """Did anything come back from it but an errno?"""
        return self.reply is not None and not (self.reply.startswith("E") and self.reply.isalpha())

    @property
    def words(self) -> str:
        where = "the resolver %s" % endpoint(self.resolver.address, self.resolver.port)
        if self.resolver.path:
            line = " line %d" % self.resolver.line if self.resolver.line else ""
            where += " (%s%s)" % (clean(self.resolver.path, 128), line)
        if self.resolver.behind is not None:
            where += ", which the forwarder %s asks," % self.resolver.behind
        said = _SAYS.get(self.reply) or (
            "answers %s" % self.reply if self.spoke else "cannot be asked: a query gets %s" % self.reply
        )
        return "%s %s" % (where, said)


@dataclasses.dataclass(frozen=True)
class Name:
    """What is known of the name that was asked about."""

    resolved: Resolved
    netns: str | None
    servers: t.Tuple[Server, ...] = ()
    """Those that are asked for it; only where it did not resolve."""

    @property
    def text(self) -> str:
        return self.resolved.name

    @property
    def every(self) -> t.List[t.Tuple[str, t.Optional[str]]]:
        """Its addresses, each with its link where it is link-local, in the order in which a program tries them."""
        return list(dict.fromkeys((plain(address), link) for address, link in self.resolved.addresses))

    def addresses(self, source: str | None) -> t.List[t.Tuple[str, t.Optional[str]]]:
        """Those that can be sent to from ``source``, where one is given. Raises ValueError where there are none."""
        every = self.every
        fitting = [item for item in every if source is None or (":" in item[0]) == (":" in source)]
        if every and not fitting:
            raise ValueError(
                "to: %s has no %s address (but %s), and source is %s; leave the source out, or name another one"
                % (self.text, "IPv6" if ":" in str(source) else "IPv4", every[0][0], source)
            )
        return fitting

    @property
    def server(self) -> Server:
        """The one that it is about: one that knows; else the first that says nothing; else the first."""
        for fits in (lambda each: each.answers, lambda each: not each.spoke):
            found = next((each for each in self.servers if fits(each)), None)
            if found is not None:
                return found
        return self.servers[0]

    @property
    def failure(self) -> str:
        return "%s does not resolve (%s%s)" % (
            self.text,
            self.resolved.error,
            ": %s" % self.resolved.said if self.resolved.said else "",
        )

    @property
    def command(self) -> str:
        return inside(self.netns, "getent", "ahosts", self.text)

    def chain(self, verdicts: t.Sequence[t.Tuple[str, str]]) -> t.List[ChainLink]:
        """The name as the first link of the chain, then who was asked in vain. ``verdicts``: of each address."""
        if self.resolved.error is not None:
            return [
                ChainLink("name", self.failure, False, self.command),
                *(ChainLink("resolver", each.words, each.answers, self.dig(each)) for each in self.servers),
            ]
        each = ", ".join("%s (%s)" % item for item in verdicts)
        text = "%s is %s%s" % (self.text, each, ", tried in this order" if len(verdicts) > 1 else "")
        return [ChainLink("name", text, True, self.command)]

    def dig(self, server: Server) -> str:
        resolver = server.resolver
        port = [] if resolver.port == 53 else ["-p", resolver.port]
        scope = "%%%s" % resolver.interface if resolver.interface and resolver.address.startswith("fe80:") else ""
        return inside(self.netns, "dig", "+time=2", "+tries=1", *port, "@%s%s" % (resolver.address, scope), self.text)


@dataclasses.dataclass(frozen=True)
class Tried:
    """One of the addresses, with what becomes of a send to it."""

    address: str
    verdict: str
    errno: str | None
    reachable: bool
    explanation: str


def fallback(tried: t.Sequence[Tried]) -> str | None:
    """Where some of the addresses work and others do not: what that means for a program. None where all are alike."""
    works = [item for item in tried if item.verdict == "ok"]
    broken = [item for item in tried if item.verdict != "ok"]
    if not works or not broken:
        return None
    first = broken[0]
    if first.errno is not None:
        meets = "is told %s" % first.errno
    elif first.verdict == "firewall":
        meets = "is stopped by the firewall"
    else:
        meets = "waits until it gives up"
    text = "A program that tries %s %s, and works only where it falls back to %s." % (
        first.address,
        meets,
        works[0].address,
    )
    families = [{":" in item.address for item in items} for items in (broken, works)]
    if families == [{True}, {False}]:
        text += " It is IPv6 (AAAA) that has no way from here; IPv4 works."
    elif families == [{False}, {True}]:
        text += " It is IPv4 (A) that has no way from here; IPv6 works."
    return text


def shown(name: Name, tried: t.Sequence[Tried], omitted: int) -> t.Dict[str, t.Any]:
    """The name in the result."""
    return {
        "name": name.text,
        "error": name.resolved.error,
        "said": name.resolved.said,
        "command": name.command,
        "addresses": [dataclasses.asdict(item) for item in tried],
        "omitted": omitted,
        "fallback": fallback(tried),
        "resolvers": [
            {
                "address": each.resolver.address,
                "interface": each.resolver.interface,
                "port": each.resolver.port,
                "path": each.resolver.path,
                "line": each.resolver.line,
                "behind": each.resolver.behind,
                "reply": each.reply,
                "command": name.dig(each),
            }
            for each in name.servers
        ],
    }
