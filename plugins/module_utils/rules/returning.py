# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next boot would bring back although it cannot work."""

from __future__ import annotations

import fnmatch
import ipaddress
import typing as t

from ..index import FALLBACK_LINKS
from ..model import BootObject, Evidence, Finding, RouteGroup
from ..persistence import NextBoot, evidence, place
from .base import rule
from .common import HostCheck, in_table, is_link_local, plural, shown

OBJECTS = 4096
_TABLES = (None, 0, 253, 254, 255)
"""Tables that need nobody to fill them."""


@rule(
    id="RC603",
    name="will-return-at-boot",
    severity="medium",
    title="The configuration of the next boot has something that cannot work",
    rationale=(
        "What was mended in the kernel is back after the next boot where the configuration still makes it: a route from "
        "an address that nobody holds any more, a rule to a table that nobody fills, a tunnel from an underlay address of "
        "yesterday. The boot is the worst time to learn of it."
    ),
    proof=(
        "The files of the managers that take effect at boot were read: systemd-networkd, NetworkManager, ifupdown and the "
        "older files of Red Hat's family. The line names an address that the host does not hold and that no line brings, a "
        "gateway that no subnet has, a table that nobody fills now or at boot, or a link that is not there."
    ),
    false_positives=(
        "Lines that depend on what is not known (a profile among several, a condition about the hardware, a script) are "
        "not judged. An address may come by a lease, or from an owner: where a link is configured by DHCP the finding is a "
        "hint; what an owner wants, or the tables and links of one, are left out. A link may be plugged in later: a hint. A "
        "finding of another rule whose object would be back says so in its own advice."
    ),
    remedies=(),
)
class WillReturnAtBoot(HostCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._next = NextBoot(self.index)
        self._filled: t.Set[t.Tuple[int, int]] = set()
        self._vrf = {link.vrf_table for link in self.index.links}
        self._wanted = {
            str(want.selector.get("address", "")).partition("/")[0]
            for state in self.index.owners
            for want in state.wants or ()
            if want.kind == "address" and state.alive is not False
        }

    def routes(self, group: RouteGroup) -> None:
        self._filled.add((group.template.family, group.template.table))

    def conclude(self) -> t.Iterable[Finding]:
        absent: t.Dict[t.Tuple[str, str], t.List[BootObject]] = {}
        told: t.Set[t.Tuple[t.Any, ...]] = set()
        for item in self._next.objects:
            if not item.certain:
                continue
            link = item.selector.get("interface")
            if item.kind in ("address", "route") and link and self._is_absent(link):
                absent.setdefault((link, item.path), []).append(item)
                continue
            found = {"route": self._route, "rule": self._rule, "link": self._tunnel}.get(item.kind)
            key = (item.kind, item.path, *sorted((name, str(value)) for name, value in item.selector.items()))
            finding = found(item) if found is not None and key not in told and len(told) < OBJECTS else None
            if finding is not None:
                told.add(key)
                yield finding
        for (link, path), items in sorted(absent.items())[:OBJECTS]:
            yield self._absent(link, path, items)

    def _gone(self, address: str) -> bool:
        return not (
            self.index.is_local(address)
            or address in self._next.addresses
            or address in self._wanted
            or is_link_local(address)
        )

    def _route(self, item: BootObject) -> Finding | None:
        said = item.selector
        source, gateway = said["source"], said["gateway"]
        name = "%s in %s" % ("default" if said["dst"].endswith("/0") else said["dst"], in_table(said["table"]))
        if source is not None and self._gone(source):
            return self._tell(
                item,
                "the route %s with the source %s" % (name, source),
                "no link holds %s, and no line gives it to one" % source,
                [*self.holds_address(source)],
                "source-not-local",
                "Take the line out, or give it a source that the host holds: adding routes by hand will not help.",
                lease=True,
            )
        if gateway is None or said["onlink"] or said["type"] != "unicast" or is_link_local(gateway):
            return None
        if self._next.dynamic or self._next.on_link(gateway) or self._is_near(gateway):
            return None
        return self._tell(
            item,
            "the route %s via %s" % (name, gateway),
            "%s is in no subnet that a line configures, so the kernel will refuse the route" % gateway,
            [self.saw("no address is in a subnet with it now either", "address", "show")],
            "gateway-off-subnet",
            "Correct the gateway, or the address or prefix length that it belongs to.",
        )

    def _is_near(self, gateway: str) -> bool:
        address = ipaddress.ip_address(gateway)
        for item in self.index.snapshot.addresses:
            if item.family == address.version:
                near = item.peer or item.address
                if address in ipaddress.ip_network("%s/%d" % (near, item.prefixlen), strict=False):
                    return True
        return False

    def _rule(self, item: BootObject) -> Finding | None:
        said = item.selector
        family, table = said["family"], said["table"]
        if said["action"] != "lookup" or table in _TABLES or table in self._vrf or family in self._next.unknown:
            return None
        if (family, table) in self._filled | self._next.filled or self._may_be_filled(table):
            return None
        words = ["%s %s" % (key, said[key]) for key in ("from", "to", "iif", "oif") if said[key] is not None]
        return self._tell(
            item,
            "the IPv%d policy rule `%s`" % (family, shown(" ".join([*words, "lookup %d" % table]))),
            "nothing fills table %d, now or at boot, so its packets fall through to the next rule" % table,
            [self.saw("table %d is empty" % table, "route", "show", "table", table, family=family)],
            "table-empty",
            "Take the line out together with what else is left of it, or bring back what is to fill the table.",
            severity="low",
        )

    def _may_be_filled(self, table: int) -> bool:
        """Does an owner that is or was here put routes there?"""
        return any(
            low <= table <= high
            for state in self.index.owners
            if state.alive is not False or state.enabled
            for mark in state.marks
            if mark.kind == "route"
            for low, high in mark.tables
        )

    def _tunnel(self, item: BootObject) -> Finding | None:
        local = item.selector.get("local")
        if not item.made or local is None or local in ("0.0.0.0", "::") or not self._gone(local):
            return None
        if item.selector["name"] in FALLBACK_LINKS:
            return None
        name = shown(item.selector["name"])
        return self._tell(
            item,
            "the tunnel %s with the local address %s" % (name, local),
            "no link holds %s, and no line gives it to one: each packet into the tunnel will be dropped" % local,
            [*self.holds_address(local)],
            "underlay-gone",
            "Give the tunnel the underlay address of today, or none, or take it out.",
            lease=True,
        )

    def _is_absent(self, link: str) -> bool:
        if self.index.link_named(link) is not None or link in self._next.made or link in FALLBACK_LINKS | {"lo"}:
            return False
        if self.index.link_named(link.partition(".")[0]) is not None:
            return False  # a VLAN, which its name makes
        return not any(
            mark.kind == "link" and mark.name is not None and fnmatch.fnmatchcase(link, mark.name)
            for state in self.index.owners
            for mark in state.marks
        )

    def _absent(self, link: str, path: str, items: t.Sequence[BootObject]) -> Finding:
        name = shown(link)
        return self.finding(
            "link",
            {"interface": link, "path": path},
            "%s configures %s for the link %s, which does not exist and which nothing makes at boot."
            % (place(items[0]), plural(len(items), "object"), name),
            [
                *evidence(items[0], "the first of the lines"),
                self.saw("there is no link %s" % name, "-br", "link", "show"),
            ],
            severity="low",
            confidence="hint",
            advice="A link that was renamed or taken out leaves its lines behind. One that is plugged in later needs them.",
            count=len(items),
            samples=tuple(sorted(_words(item) for item in items)[:20]),
            details={"cause": "link-gone", "manager": items[0].manager, "line": items[0].line},
        )

    def _tell(
        self,
        item: BootObject,
        what: str,
        why: str,
        witnesses: t.Sequence[Evidence],
        cause: str,
        advice: str,
        severity: str | None = None,
        lease: bool = False,
    ) -> Finding:
        """``lease``: a lease could bring what is missing."""
        doubt = lease and self._next.dynamic
        selector = dict(item.selector, path=item.path)
        if item.kind == "link":
            selector["interface"] = selector.pop("name")
        return self.finding(
            item.kind,
            selector,
            "The next boot makes %s (%s), and %s." % (what, place(item), why),
            [*evidence(item, "%s makes %s" % (place(item), what)), *witnesses],
            severity="low" if doubt else severity,
            confidence="hint" if doubt else "strong",
            advice=advice + (" A lease may bring the address: some link asks for one." if doubt else ""),
            details={"cause": cause, "manager": item.manager, "line": item.line},
        )


def _words(item: BootObject) -> str:
    said = item.selector
    if item.kind == "address":
        return str(said["address"])
    return "%s via %s" % (said["dst"], said["gateway"]) if said["gateway"] else str(said["dst"])
