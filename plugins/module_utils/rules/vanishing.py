# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next boot would drop although it is needed."""

from __future__ import annotations

import dataclasses
import typing as t

from ..index import Index
from ..intent import Declared
from ..model import Address, BootObject, Evidence, Finding, Route, RouteGroup, Session
from ..owners.whose import wanted_by, whose
from ..persistence import NextBoot, evidence, place, will_return
from .base import rule
from .common import in_table, is_link_local, plural, shown
from .declared import DeclaredRoutes
from .policy import declares
from .sessions import is_alive

OBJECTS = 4096
_BY_HAND = ("boot", "static")
"""Protocols of routes that somebody set, not a lease, an advertisement or a routing daemon."""


@rule(
    id="RC604",
    name="will-vanish-at-boot",
    severity="medium",
    title="Something that is needed is not in the configuration of the next boot",
    rationale=(
        "An address, route or rule that a person added, or that a mend put back, works until the host is started again. "
        "Nobody remembers it then, and the incident returns at the worst time."
    ),
    proof=(
        "It is there, and it is needed: intent declares it, sockets use it, or it is the default route. The files of all "
        "managers that take effect at boot were read; one of them is in charge of its link, and none makes it."
    ),
    false_positives=(
        "What a lease, a router advertisement, the kernel, a routing daemon or another owner made is left out: they bring "
        "it again. So is what a script or unit adds that was read. A link of which no manager is in charge tells nothing. "
        "On a link that is configured by DHCP only what is declared counts, as a hint."
    ),
    remedies=(),
)
class WillVanishAtBoot(DeclaredRoutes):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._next = NextBoot(self.index)
        managers = {item.manager for item in self._next.objects} | {"netplan"}
        owners = tuple(state for state in self.index.owners if state.name not in managers)
        self._others = Index(dataclasses.replace(self.index.snapshot, owners=owners))
        self._defaults: t.List[Route] = []
        self._used: t.Dict[str, int] = {}

    def concerns(self, item: Declared) -> bool:
        return True

    def routes(self, group: RouteGroup) -> None:
        super().routes(group)
        template = group.template
        if template.table == 254 and template.type == "unicast" and template.proto in _BY_HAND:
            for dst in group.samples:
                if dst.endswith("/0") and len(self._defaults) < OBJECTS:
                    self._defaults.append(dataclasses.replace(template, dst=dst))

    def session(self, session: Session) -> None:
        local = session.local
        if self._next.objects and is_alive(session) and (local in self._used or len(self._used) < OBJECTS):
            self._used[local] = self._used.get(local, 0) + 1

    def conclude(self) -> t.Iterable[Finding]:
        if not self._next.objects:
            return
        for address in self.index.snapshot.addresses:
            finding = self._address(address)
            if finding is not None:
                yield finding
        told = set()
        for route in [*self._defaults, *self._declared()]:
            key = (route.family, route.table, route.dst, route.hops)
            finding = None if key in told else self._route(route)
            told.add(key)
            if finding is not None:
                yield finding
        yield from self._rules()

    def _charge(self, ifindex: int | None) -> BootObject | None:
        """The manager that is in charge of a link; None where that is not known."""
        link = self.index.link(ifindex)
        if link is None or link.loopback or link.peer_netns is not None:
            return None
        return next(iter(self._next.in_charge(link.name)), None)

    def _owned(self, item: Address | Route) -> bool:
        """Is it of somebody who makes it again: an owner that may live, or a manager that says that it wants it?"""
        state = whose(self._others, item)
        return (state is not None and state.alive is not False) or wanted_by(self.index, item) is not None

    def _address(self, item: Address) -> Finding | None:
        text = "%s/%d" % (item.address, item.prefixlen)
        declared = any(wanted["address"].partition("/")[0] == item.address for wanted in self.intent.addresses)
        used = self._used.get(item.address, 0)
        charge = self._charge(item.ifindex)
        if charge is None or not (declared or used) or item.valid_lifetime is not None or item.proto is not None:
            return None
        if "mngtmpaddr" in item.flags or "temporary" in item.flags or is_link_local(item.address):
            return None
        if item.address in self._next.addresses or self._owned(item) or (charge.dynamic and not declared):
            return None
        name = self.index.name_of(item.ifindex)
        need = "intent declares it" if declared else "%s it" % plural(used, "socket uses", "sockets use")
        return self._tell(
            "address",
            {"address": text, "interface": name},
            "The address %s on %s" % (text, shown(name)),
            need,
            charge,
            self.saw("it is there, for ever", "address", "show", "to", item.address),
            "high" if declared else None,
        )

    def _declared(self) -> t.Iterator[Route]:
        for wanted in self.wanted:
            for route in self.found.get((wanted["family"], wanted["table"], wanted["dst"]), ()):
                if self.fits(wanted, route) and route.proto in _BY_HAND:
                    yield dataclasses.replace(route, dst=wanted["dst"])

    def _route(self, route: Route) -> Finding | None:
        charges = [self._charge(hop.ifindex) for hop in route.hops]
        charge = charges[0] if charges else None
        declared = any(
            (wanted["family"], wanted["table"], wanted["dst"]) == (route.family, route.table, route.dst)
            for wanted in self.wanted
        )
        if charge is None or route.expires is not None or self._owned(route) or (charge.dynamic and not declared):
            return None
        said = {"family": route.family, "dst": route.dst, "table": route.table, "gateway": route.hops[0].gateway}
        if will_return(self.index, "route", dict(said, gateway=None)) is not None or route.family in self._next.unknown:
            return None
        dst = "default" if str(route.dst).endswith("/0") else str(route.dst)
        name = self.index.name_of(route.hops[0].ifindex)
        via = " via %s" % route.hops[0].gateway if route.hops[0].gateway else ""
        return self._tell(
            "route",
            dict(said, interface=name),
            "The route %s%s on %s in %s" % (dst, via, shown(name), in_table(route.table)),
            "intent declares it" if declared else "all that has no other route goes there",
            charge,
            self.saw("it is there, proto %s" % route.proto, "route", "show", "table", route.table, "exact", route.dst,
                     family=route.family),
            "high",
        )  # fmt: skip

    def _rules(self) -> t.Iterator[Finding]:
        charges = [item for item in self._next.objects if item.kind == "link" and item.certain]
        for wanted in self.intent.rules if charges else ():
            there = [item for item in self.index.rules(wanted["family"]) if declares(wanted, item)]
            if not there or there[0].proto == "kernel":
                continue
            owner = whose(self._others, there[0])
            if (owner is not None and owner.alive is not False) or wanted_by(self.index, there[0]) is not None:
                continue
            keys = ("family", "priority", "from", "to", "iif", "oif", "mark", "table")
            said = {key: wanted.get(key) for key in keys}
            rule_ = there[0]
            full = {"family": rule_.family, "priority": rule_.priority, "from": rule_.src, "to": rule_.dst, "iif": rule_.iif,
                    "oif": rule_.oif, "mark": rule_.mark, "table": rule_.table, "action": rule_.action}  # fmt: skip
            if will_return(self.index, "rule", full) is not None:
                continue
            words = ["%s %s" % (key, said[key]) for key in keys[1:] if said[key] is not None]
            yield self._tell(
                "rule",
                said,
                "The IPv%d policy rule `%s`" % (wanted["family"], shown(" ".join(words))),
                "intent declares it",
                charges[0],
                self.saw("it is there", "rule", "show", family=wanted["family"]),
                None,
            )

    def _tell(
        self,
        kind: str,
        selector: t.Mapping[str, t.Any],
        what: str,
        need: str,
        charge: BootObject,
        seen: Evidence,
        severity: str | None,
    ) -> Finding:
        managers = sorted({item.manager for item in self._next.objects if item.certain})
        return self.finding(
            kind,
            selector,
            "%s is needed (%s), and no configuration of the next boot makes it." % (what, need),
            [seen, *evidence(charge, "%s is in charge, and says nothing of it" % place(charge))],
            severity="low" if charge.dynamic else severity,
            confidence="hint" if charge.dynamic else "strong",
            advice=(
                "Add it to the configuration of %s (%s). Whatever else makes it at boot, a script that was not found here for "
                "instance, makes this finding void: declare that in a waiver." % (charge.manager, shown(charge.path))
            ),
            details={"cause": "not-persistent", "managers": managers, "path": charge.path},
        )
