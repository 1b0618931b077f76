# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links that are down or have no carrier although something needs them."""

from __future__ import annotations

import typing as t

from ..index import FALLBACK_LINKS
from ..model import Evidence, Finding, Link, RouteGroup, Session, Step
from .base import rule
from .common import HostCheck, is_foreign, is_link_local, plural, several
from .nexthops import no_carrier
from .sessions import LIVE

_STACKED = ("vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec")
"""Kinds whose parent carries their packets. The parent of a veth is its peer."""
_GATHERING = ("bridge", "bond", "team", "vrf", "dummy", "ifb")
"""Kinds that may stand by themselves with an address and nothing behind them, as docker0 does."""
_ORDER = ("high", "medium", "low")


class NeededLink(HostCheck):
    """A check for links that do not work: it collects who needs them."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._broken = {link.ifindex: link for link in self.index.links if self._is_broken(link)}
        self._routes: t.Dict[int, int] = {}
        self._sessions: t.Dict[int, int] = {}

    def _is_broken(self, link: Link) -> bool:
        return not link.loopback and link.name not in FALLBACK_LINKS and self.broken(link)

    def broken(self, link: Link) -> bool:
        raise NotImplementedError

    def routes(self, group: RouteGroup) -> None:
        if is_foreign(group.template):
            for ifindex in {hop.ifindex for hop in group.template.hops}:
                if ifindex in self._broken:
                    self._routes[ifindex] = self._routes.get(ifindex, 0) + group.count

    def session(self, session: Session) -> None:
        if session.ifindex in self._broken and session.inode and session.state in LIVE and session.remote is not None:
            self._sessions[session.ifindex] = self._sessions.get(session.ifindex, 0) + 1

    def needs(self, link: Link) -> t.Iterator[t.Tuple[str, str, str]]:
        """Why a link is needed: severity, reason, and the ``ip`` command that shows it."""
        number, name = link.ifindex, link.name
        if any(wanted["name"] == name for wanted in self.intent.links):
            yield "high", "intent declares it", self.ip("link", "show", "dev", name)
        if any(wanted.get("interface") == name for wanted in self.intent.addresses + self.intent.routes):
            yield "high", "intent declares an address or a route on it", self.ip("address", "show", "dev", name)
        if self._sessions.get(number):
            reason = "%s bound to it" % plural(self._sessions[number], "live socket is", "live sockets are")
            yield "high", reason, self.ip("link", "show", "dev", name)
        uppers = [each for each in self.index.links if self._stands_on(each, number) and self._is_meant(each)]
        if uppers:
            names = several([self.name(each.ifindex) for each in uppers])
            yield (
                "high",
                "%s %s on it" % (names, "stands" if len(uppers) == 1 else "stand"),
                self.ip("-d", "link", "show"),
            )
        if self._routes.get(number):
            reason = "%s over it" % plural(self._routes[number], "route leads", "routes lead")
            yield "medium", reason, self.ip("route", "show", "table", "all", "dev", name)
        objects = [item for item in self.index.snapshot.nexthops if item.ifindex == number and not item.fdb]
        if objects:
            reason = "%s on it" % plural(len(objects), "next-hop object is", "next-hop objects are")
            yield "medium", reason, self.ip("nexthop", "show", "dev", name)
        rules = [item for item in self.index.snapshot.rules if name in (item.iif, item.oif) and item.proto != "kernel"]
        if rules:
            reason = "%s it" % plural(len(rules), "policy rule names", "policy rules name")
            yield "medium", reason, self.ip("rule", "show")
        held = [item for item in self.index.addresses_on(number) if not is_link_local(item.address)]
        if held and link.kind not in _GATHERING:
            texts = ["%s/%d" % (item.address, item.prefixlen) for item in held]
            yield "low", "it has the address %s" % several(texts), self.ip("address", "show", "dev", name)

    def _is_meant(self, upper: Link) -> bool:
        # The kernel takes a VLAN down together with its parent.
        return upper.up or bool(self.index.addresses_on(upper.ifindex))

    def _stands_on(self, upper: Link, number: int) -> bool:
        if upper.underlay == number:
            return True
        return upper.parent == number and upper.peer_netns is None and upper.kind in _STACKED

    def conclude(self) -> t.Iterable[Finding]:
        for link in sorted(self._broken.values(), key=lambda each: each.name):
            needs = list(self.needs(link))
            if needs and not self._is_spare(link):
                yield self._finding(link, needs)

    def _is_spare(self, link: Link) -> bool:
        """One of several in a bond or bridge that works."""
        master = self.index.link(link.master)
        declared = any(wanted["name"] == link.name for wanted in self.intent.links)
        return master is not None and master.kind != "vrf" and master.up and master.carrier and not declared

    def _finding(self, link: Link, needs: t.List[t.Tuple[str, str, str]]) -> Finding:
        reasons = [reason for _severity, reason, _command in needs]
        evidence = [self.saw(self.state(link), "link", "show", "dev", link.name)]
        evidence += [Evidence("kernel", reason, command) for _severity, reason, command in needs]
        return self.finding(
            "link",
            {"interface": link.name},
            "%s %s, but %s." % (self.name(link.ifindex), self.state(link), several(reasons, 4)),
            evidence,
            severity=min((severity for severity, _reason, _command in needs), key=_ORDER.index),
            confidence="proven",
            remedy=self.remedy(link),
            advice=self.advice(link),
            details={"cause": self.cause, "needed_by": reasons},
        )

    cause = ""

    def state(self, link: Link) -> str:
        raise NotImplementedError

    def remedy(self, link: Link) -> t.Iterable[Step]:
        return ()

    def advice(self, link: Link) -> str:
        raise NotImplementedError

    def set_up(self, link: Link) -> Step:
        return self.step("link.up", {"interface": link.name}, "link", "set", "dev", link.name, "up")


@rule(
    id="RC401",
    name="link-down",
    severity="high",
    title="A link is down, or missing, although something needs it",
    rationale=(
        "When a link is set down the kernel removes its routes; setting it up again brings back only the connected ones. "
        "What was configured on it (addresses, policy rules, next hops, tunnels over it) stays and does nothing."
    ),
    proof=(
        "The link is administratively down or does not exist, and intent declares it, or routes, next-hop objects, "
        "policy rules, addresses, links that stand on it or live sockets need it."
    ),
    false_positives=(
        "A spare link that is down and has nothing configured is spare. The kernel's fallback devices (gre0, tunl0, "
        "sit0...) are down on every host. A port of a bond or bridge that works without it is left out."
    ),
    remedies=("link.up",),
)
class LinkDown(NeededLink):
    cause = "link-down"

    def broken(self, link: Link) -> bool:
        return not link.up

    def state(self, link: Link) -> str:
        return "is administratively down"

    def remedy(self, link: Link) -> t.Iterable[Step]:
        return [self.set_up(link)]

    def advice(self, link: Link) -> str:
        return (
            "Setting it up brings back its connected routes only: whoever added other routes over it must add them again. "
            "Find out who set it down."
        )

    def conclude(self) -> t.Iterable[Finding]:
        yield from super().conclude()
        for wanted in self.intent.links:
            if self.index.link_named(wanted["name"]) is None:
                name = wanted["name"]
                yield self.finding(
                    "link",
                    {"interface": name},
                    "%s does not exist, but intent declares it." % name,
                    [
                        Evidence("intent", "the link %s is declared" % name, ""),
                        self.saw("it does not exist", "link", "show", "dev", name),
                    ],
                    severity="high",
                    confidence="proven",
                    advice="Whoever makes the link (a daemon, a network manager) is to make it again: see that it runs.",
                    details={"cause": "device-gone", "needed_by": ["intent declares it"]},
                )


@rule(
    id="RC402",
    name="no-carrier",
    severity="high",
    title="A link has no carrier although something needs it",
    rationale=(
        "A send over a link without carrier succeeds and the packet goes nowhere: no program gets an error. Routes over "
        "it are still taken, unless ignore_routes_with_linkdown is on."
    ),
    proof="The link is up and its driver reports no carrier (LOWER_UP is missing); something needs it, as for RC401.",
    false_positives=(
        "operstate UNKNOWN is healthy: GRE, tun and loopback links never leave it. A bridge without ports (docker0) "
        "keeps its address and its connected route without harm, and a NIC that is plugged into nothing and has nothing "
        "configured is spare. Connected routes need nobody."
    ),
    remedies=("link.up",),
)
class NoCarrier(NeededLink):
    cause = "no-carrier"

    def broken(self, link: Link) -> bool:
        return no_carrier(link)

    def state(self, link: Link) -> str:
        return "has no carrier"

    def _lower(self, link: Link) -> Link | None:
        """The veth peer or lower link in this namespace that is down."""
        lower = self.index.link(link.parent) if link.peer_netns is None else None
        return lower if lower is not None and not lower.up else None

    def remedy(self, link: Link) -> t.Iterable[Step]:
        lower = self._lower(link)
        return [] if lower is None else [self.set_up(lower)]

    def advice(self, link: Link) -> str:
        lower = self._lower(link)
        if lower is not None:
            return "Its other end, %s, is administratively down: set that one up." % self.name(lower.ifindex)
        if link.kind == "tun":
            return "No program holds the tun device open: its owner is gone or has not started."
        if link.kind == "veth":
            return (
                "Its other end is in another namespace and is down: the container or namespace behind it has a fault."
            )
        if link.kind in ("bridge", "bond", "team"):
            return "None of its ports has a carrier."
        return "Nothing on this host mends it: see the cable, the switch port, the virtual switch."
