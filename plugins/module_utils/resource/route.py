# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""route: one route of the running kernel, there or not."""

from __future__ import annotations

import dataclasses
import typing as t

from ..info.select import table_number
from ..kernel import encode, names
from ..model import TABLE_LOCAL, TABLE_MAIN, Hop, Query, Route, Seen
from . import options, words
from .base import Change, Decision, Links, Params, ensure
from .refusals import refusal

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel

_REFUSING = ("blackhole", "unreachable", "prohibit", "throw")
_LOCAL = ("local", "broadcast", "anycast")
_SAID = ("prefsrc", "mtu", "proto", "scope", "nhid")
"""What is compared where the task says it, beside type and next hops."""
_PROTO = "static"
_UNREACHED = {4: "ENETUNREACH", 6: "EHOSTUNREACH"}
_METRIC = {4: 0, 6: 1024}


def route(params: Params, kernel: Kernel, check: bool) -> t.Dict[str, t.Any]:
    """What the module does."""
    return ensure(_Route, params, kernel, check)


class _Route:
    def __init__(self, params: Params, links: Links, kernel: Kernel) -> None:
        self.links = links
        self.present = params["state"] == "present"
        family = options.family_of(params["family"])
        self.dst = options.prefix(params["dst"], "dst", family, default=True)
        self.family = 6 if ":" in self.dst else 4
        kind = options.word(names.ROUTE_TYPES, params["type"], "type")
        self.type = kind or ("unicast" if self.present else None)
        self.table = table_number(params["table"]) or (TABLE_LOCAL if kind in _LOCAL else TABLE_MAIN)
        self.metric = options.number(params["metric"], "metric", 0, 0xFFFFFFFF)
        if self.present:
            self.metric = self.metric or _METRIC[self.family]
        self.tos = options.number(params["tos"], "tos", 0, 255)
        if self.tos and self.family == 6:
            raise ValueError("tos: IPv6 routes have none; leave it out")
        if params["scope"] is not None and self.family == 6:
            raise ValueError("scope: IPv6 routes have none; leave it out")
        self.said: t.Dict[str, t.Any] = {
            "prefsrc": options.address(params["source"], "source", self.family),
            "mtu": options.number(params["mtu"], "mtu", 1, 0xFFFFFFFF),
            "proto": options.word(names.PROTOCOLS, params["proto"], "proto"),
            "scope": options.word(names.SCOPES, params["scope"], "scope"),
            "nhid": options.number(params["nexthop_id"], "nexthop_id", 1, 0xFFFFFFFF),
        }
        self.onlink: bool | None = params["onlink"]
        self.hops = self._hops(params)
        self._check(params)
        self._kernel = kernel

    def _hops(self, params: Params) -> t.Tuple[Hop, ...]:
        if params["nexthops"] is not None:
            if not params["nexthops"]:
                raise ValueError("nexthops: the list is empty; expected gateway, interface or both of each next hop")
            return tuple(self._hop(item, "nexthops: ") for item in params["nexthops"])
        if params["gateway"] is None and params["interface"] is None:
            return ()
        return (self._hop(params),)

    def _hop(self, item: Params, where: str = "") -> Hop:
        gateway = options.address(item["gateway"], where + "gateway")
        if gateway is not None and self.family == 6:
            options.same_family(6, 6 if ":" in gateway else 4, where + "gateway", gateway)
        if gateway is None and item["interface"] is None:
            raise ValueError("%sgateway and interface are both missing; expected one or both of them" % where)
        return Hop(
            ifindex=self.links.index_of(item["interface"], where + "interface") if item["interface"] else None,
            gateway=gateway,
            weight=options.number(item.get("weight", 1), where + "weight", 1, 256) or 1,
            flags=("onlink",) if self.onlink else (),
        )

    def _check(self, params: Params) -> None:
        if self.type in _REFUSING and (self.hops or self.said["nhid"] is not None):
            raise ValueError("type: a %s route has no gateway, interface or next hop; leave them out" % self.type)
        if self.type in _LOCAL and self.present and not self.hops:
            raise ValueError("type: a %s route needs the interface that it is on, for example lo" % self.type)
        if self.present and self.type == "unicast" and not self.hops and self.said["nhid"] is None:
            raise ValueError(
                "dst: where %s is to go is missing; set gateway, interface, nexthops or nexthop_id, or a type such as "
                "blackhole" % self.dst
            )
        for hop in self.hops:
            if self.onlink and hop.ifindex is None:
                raise ValueError("onlink: the interface that the gateway is on is missing; set interface")
            if hop.ifindex is None and (hop.gateway or "").startswith("fe80:"):
                raise ValueError("gateway: %s is link-local; set the interface that it is on" % hop.gateway)

    # Looking ---------------------------------------------------------------------------------------------------------

    def look(self, kernel: Kernel) -> t.List[Seen]:
        return kernel.seen_routes(family=self.family, table=self.table, dsts=[self.dst], keep=self._concerns)

    def _concerns(self, found: Route) -> bool:
        """Is it in the same place (present), or all that was said (absent)? What is not said of a place is zero."""
        if not self.present:
            return self._fits(found)
        if (found.metric, found.tos, found.src) != (self.metric, self.tos or 0, None):
            return False
        return not self._beside(found)

    def _beside(self, found: Route) -> bool:
        """IPv6 has on-link routes to one destination on many links at once (``fe80::/64``): each is for itself."""
        if self.family == 4 or len(self.hops) != 1 or len(found.hops) != 1:
            return False
        mine, theirs = self.hops[0], found.hops[0]
        return mine.gateway is None and theirs.gateway is None and mine.ifindex != theirs.ifindex

    def _fits(self, found: Route) -> bool:
        """Does a route look as was said? What was not said may be anything."""
        if self.type not in (None, found.type) or self.metric not in (None, found.metric):
            return False
        if self.tos not in (None, found.tos):
            return False
        if any(value not in (None, getattr(found, name)) for name, value in self.said.items()):
            return False
        return not self.hops or self._same_hops(found.hops)

    def _same_hops(self, found: t.Sequence[Hop]) -> bool:
        left = list(found)
        for hop in self.hops:
            for other in left:
                if (
                    hop.gateway == other.gateway
                    and hop.ifindex in (None, other.ifindex)
                    and (hop.weight == other.weight or len(found) == 1)
                    and self.onlink in (None, "onlink" in other.flags)
                ):
                    left.remove(other)
                    break
            else:
                return False
        return not left

    def line(self, seen: Seen) -> str:
        return " ".join(self._words(seen))

    def _words(self, seen: Seen) -> t.List[str]:
        return words.route(seen.object, seen.dsts[0], self.links.name_of)

    # Deciding --------------------------------------------------------------------------------------------------------

    def decide(self, found: t.Sequence[Seen]) -> Decision:
        if not self.present:
            return [self._change("route.del", "del", seen) for seen in found], ()
        # The kernel takes the first of several in one place.
        if found and self._fits(found[0].object):
            return [], [self.line(seen) for seen in found]
        wish = self._wish()
        twins = [seen for seen in found if self._fits(seen.object)]
        others = [seen for seen in found if seen not in twins]
        changes = [self._change("route.del", "del", seen) for seen in twins]
        beside = self.family == 6 and len(self.hops) == 1 and self.hops[0].gateway is None
        verb = "replace" if others else "append" if beside else "add"
        changes.append(self._change("route.add", verb, wish))
        return changes, [self.line(seen) for seen in (wish, *others[1:])]

    def _change(self, op: str, verb: str, seen: Seen) -> Change:
        how = verb if verb in ("replace", "append") else ""
        return Change(op, seen, ["-%d" % self.family, "route", verb, *self._words(seen)], how)

    def _wish(self) -> Seen:
        said = {name: value for name, value in self.said.items() if value is not None and name != "scope"}
        wish = Route(
            family=self.family,
            dst=None,
            table=self.table,
            type=self.type or "unicast",
            metric=self.metric or 0,
            tos=self.tos or 0,
            hops=tuple(self._on_link(hop) for hop in self.hops),
            **{"proto": _PROTO, **said},
        )
        return encode.route(encode.as_kernel(wish, self.said["scope"]), self.dst)

    def _on_link(self, hop: Hop) -> Hop:
        """With the interface that the gateway is on, as the main table has it; the kernel may know better of another
        table, and is then left to find it."""
        if hop.gateway is None or hop.ifindex is not None:
            return hop
        (answer,) = self._kernel.lookup([Query(to=hop.gateway)], match=False)
        found = answer.route
        if found is not None and found.type == "unicast" and found.hops and found.hops[0].gateway is None:
            return dataclasses.replace(hop, ifindex=found.hops[0].ifindex)
        if self.table != TABLE_MAIN:
            return hop
        why = "EINVAL" if found is not None and found.type == "local" else _UNREACHED[self.family]
        raise ValueError(refusal("route.add", "route add %s via %s" % (self.dst, hop.gateway), why))
