# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What intent declares and the host has otherwise: addresses, the gateway in use, the DNS servers."""

from __future__ import annotations

import shlex
import typing as t

from ..intent import Declared
from ..model import Address, Evidence, Finding, Resolver, Route
from ..persistence import configured
from ..reach.policy import table_name
from .base import rule
from .common import in_table, several, shown
from .declared import DeclaredRoutes, intended


@rule(
    id="RC602",
    name="declared-differs",
    severity="high",
    title="A declared address, gateway or DNS server is not on the host, or is there otherwise",
    rationale=(
        "An address that intent declares and the host does not hold is unreachable for everybody, and what is bound to "
        "it fails. One that is on another link or has another prefix length half works: the host takes near hosts for "
        "far ones, or the other way round. A gateway or a DNS server other than the declared one works until it does not."
    ),
    proof=(
        "The addresses of all links were read; the kernel, asked for a declared route's destination, answers with another "
        "gateway; the files that name the DNS servers were read."
    ),
    false_positives=(
        "Where intent names no interface, any will do; where it gives a plain address, any prefix length. An address "
        "that is there and not usable is RC409. A declared route that is not there at all is RC207 or RC209; one that is "
        "there next to another declared one for the same destination is in order. Where a forwarder on this host stands "
        "between and does not say whom it asks, a missing DNS server is a hint."
    ),
    remedies=("address.add",),
)
class DeclaredDiffers(DeclaredRoutes):
    def concerns(self, item: Declared) -> bool:
        return item.get("gateway") is not None

    def conclude(self) -> t.Iterable[Finding]:
        for wanted in self.intent.addresses:
            finding = self._address(wanted)
            if finding is not None:
                yield finding
        told: t.Set[t.Tuple[int, int, str]] = set()
        for wanted in self.wanted:
            key = (wanted["family"], wanted["table"], wanted["dst"])
            finding = None if key in told else self._gateway(wanted)
            if finding is not None:
                told.add(key)
                yield finding
        yield from self._resolvers()

    def _address(self, wanted: Declared) -> Finding | None:
        text, name = str(wanted["address"]), wanted.get("interface")
        address, _slash, length = text.partition("/")
        plain = int(length) == (128 if ":" in address else 32)
        held = [item for item in self.index.snapshot.addresses if item.address == address]
        if any(self._holds(item, name, None if plain else int(length)) for item in held):
            return None
        where = " on %s" % name if name else ""
        if not held:
            cause, severity = "address-missing", "high"
            said = "The declared address %s is not on the host" % text
            said += where and ": it belongs%s" % where
        else:
            cause, severity = "address-differs", "medium"
            there = ["%s/%d on %s" % (item.address, item.prefixlen, self.name(item.ifindex)) for item in held]
            said = "The declared address %s%s is on the host as %s" % (text, where, several(there))
            said += _harm(int(length), {item.prefixlen for item in held}) if not plain else ""
        remedy = self.declared_address(address) if not held else ()
        lines = configured(self.index, "address", {"address": address})
        return self.finding(
            "address",
            {"address": text, "interface": name},
            said + ".",
            [
                intended("%s%s is declared" % (text, where)),
                self.saw("what there is", "address", "show", "to", address),
                *lines,
            ],
            severity=severity,
            confidence="proven",
            remedy=remedy,
            advice=(
                "Adding it mends this run of the host only: see who is to configure it, or who took it away."
                if not held
                else "Correct the configuration that made it%s; a second copy beside it would not help."
                % (" (the line is among the evidence)" if lines else "")
            ),
            details={"cause": cause},
        )

    def _holds(self, item: Address, name: str | None, length: int | None) -> bool:
        return (name is None or self.index.name_of(item.ifindex) == name) and length in (None, item.prefixlen)

    def _gateway(self, wanted: Declared) -> Finding | None:
        family, table, dst = wanted["family"], wanted["table"], wanted["dst"]
        declared = [
            item for item in self.wanted if (item["family"], item["table"], item["dst"]) == (family, table, dst)
        ]
        there = self.found.get((family, table, dst), ())
        if not any(self.fits(item, route) for item in declared for route in there):
            return None  # RC207 and RC209 tell of it
        used = None
        for answer in self.answers(self.probes(wanted)).values():
            match = answer.match
            if match is None or (match.table, match.dst) != (table, dst):
                continue
            if any(self.fits(item, match) for item in declared):
                return None
            used = match
        if used is None:
            return None
        way = self._way(used)
        shown_dst = "default" if dst.endswith("/0") else dst
        return self.finding(
            "route",
            {key: wanted.get(key) for key in ("family", "dst", "table", "gateway", "interface")},
            "The declared gateway %s of the route %s in %s is not the one in use: the kernel prefers the route %s."
            % (wanted["gateway"], shown_dst, in_table(table), way),
            [
                intended("%s goes via %s" % (shown_dst, wanted["gateway"])),
                self.saw(
                    "both are there, and the one %s is preferred" % way,
                    *("route", "show", "table", table_name(table), "exact", dst),
                    family=family,
                ),
                *configured(
                    self.index,
                    "route",
                    {"family": family, "dst": dst, "table": table, "gateways": [hop.gateway for hop in used.hops]},
                ),
            ],
            severity="medium",
            confidence="proven",
            advice=(
                "The lower metric wins. See who made the other route (a second DHCP lease, a VPN) and give it a higher "
                "metric there; removing it lasts until it is made again."
            ),
            details={"cause": "gateway-not-used", "metric": used.metric, "instead": [way]},
        )

    def _way(self, route: Route) -> str:
        hops = ["via %s on %s" % (hop.gateway or "no gateway", self.name(hop.ifindex)) for hop in route.hops]
        return "%s (metric %d)" % (several(hops) or "without a next hop", route.metric)

    def _resolvers(self) -> t.Iterator[Finding]:
        resolvers = self.index.snapshot.resolvers
        if resolvers is None or not self.intent.resolvers:
            return
        wanted = set(self.intent.resolvers)
        there = {item.address for item in resolvers}
        silent = [
            item for item in resolvers if item.stub and not any(each.behind == item.address for each in resolvers)
        ]
        for address in self.intent.resolvers:
            if address not in there:
                yield self._resolver_missing(address, resolvers, silent, bool(wanted & there))
        for item in resolvers:
            if not item.stub and item.address not in wanted:
                wanted.add(item.address)
                yield self._resolver_undeclared(item)

    def _resolver_missing(
        self, address: str, resolvers: t.Sequence[Resolver], silent: t.Sequence[Resolver], partly: bool
    ) -> Finding:
        names = [item.address for item in resolvers]
        instead = "the host asks %s" % several(list(dict.fromkeys(names))) if names else "the host is told of none"
        hidden = " (%s is a forwarder that may ask it)" % silent[0].address if silent else ""
        return self.finding(
            "resolver",
            {"address": address},
            "The declared DNS server %s is not among those that the host asks: %s%s." % (address, instead, hidden),
            [intended("the DNS server %s is declared" % address), *self._named(resolvers)],
            severity="low" if silent else "medium" if partly else "high",
            confidence="hint" if silent else "proven",
            advice=(
                "Where it is to be named depends on who writes the file: see its first lines, and resolvectl status or "
                "nmcli device show. The third server is the last that programs ask."
            ),
            details={"cause": "resolver-missing", "instead": names},
        )

    def _resolver_undeclared(self, resolver: Resolver) -> Finding:
        return self.finding(
            "resolver",
            {"address": resolver.address, "interface": resolver.interface},
            "The host asks the DNS server %s, which is not declared: declared are %s."
            % (resolver.address, several(self.intent.resolvers)),
            [
                intended("the DNS servers %s are declared" % several(self.intent.resolvers)),
                *self._named([resolver]),
                *configured(self.index, "resolver", {"address": resolver.address}),
            ],
            severity="low",
            confidence="proven",
            advice="See who named it: a lease, a VPN, or a person. What writes the file writes it again.",
            details={"cause": "resolver-undeclared", "path": resolver.path, "line": resolver.line},
        )

    def _named(self, resolvers: t.Sequence[Resolver]) -> t.Iterator[Evidence]:
        for path in list(dict.fromkeys(item.path for item in resolvers))[:4] or ["/etc/resolv.conf"]:
            named = [item.address for item in resolvers if item.path == path]
            said = "%s names %s" % (shown(path), several(named) if named else "no server")
            yield Evidence("configuration", said, shlex.join(["grep", "-n", "nameserver\\|DNS=\\|SERVERS=", path]))


def _harm(declared: int, there: t.Collection[int]) -> str:
    """What another prefix length does; nothing where they do not differ, or differ both ways."""
    if all(length > declared for length in there):
        return ": what lies in the declared subnet and beyond the narrower one is taken for far away"
    if all(length < declared for length in there):
        return ": what lies beyond the declared subnet in the wider one is taken to be on the link"
    return ""
