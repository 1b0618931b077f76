# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in of the host, in the network namespace that this process is in: the same links, addresses, rules, next hops,
and the routes that matter.

It is made as the host came to be: all links are up first, and what is down or has no carrier becomes so at the end. So
the kernel itself puts the marks on routes (``dead``, ``linkdown``) that they bear on the host.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ..kernel import scratch
from ..kernel.port import Kernel
from ..model import TABLE_LOCAL, Link, Query, Route, Seen

_SECONDS = 20
"""Until links are as they were told to be: the kernel takes note of a carrier in its own time."""
_NOWHERE = (1 << 31) - 1
"""An ifindex that no link has."""
_STACKED = ("vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec", "veth")
"""Kinds that go down, or away, with the link that they stand on (``Link.parent``)."""


@dataclasses.dataclass(frozen=True)
class World:
    """What is rebuilt of a host."""

    links: t.Tuple[Link, ...]
    switches: scratch.Switches
    addresses: t.Tuple[Seen, ...]
    rules: t.Tuple[Seen, ...]
    nexthops: t.Tuple[Seen, ...]
    routes: t.Tuple[Seen, ...]
    concerned: t.FrozenSet[str]
    """The prefixes of the routes that matter; beside them ``routes`` holds what makes addresses local (AnyIP)."""


class StandIn:
    """Made in the namespace that this process is in. Raises OSError and TimeoutError where it cannot be."""

    def __init__(self, kernel: Kernel, world: World) -> None:
        self._kernel = kernel
        self._world = world
        self._numbers, self._ends = scratch.make_links(world.links, world.switches)
        self._wait({link.name: True for link in world.links if link.ifindex in self._ends})
        # IPv6 lists the newest address first, and prefers it.
        newest_first = [seen for seen in world.addresses if seen.object.family == 6]
        addresses = [seen for seen in world.addresses if seen.object.family == 4] + newest_first[::-1]
        self._become("address", addresses)
        self._settle()
        self._become("rule", world.rules)
        groups = [seen for seen in world.nexthops if seen.object.group]
        self._become("nexthop", [seen for seen in world.nexthops if not seen.object.group] + groups)
        self._lay_routes()
        self._take_down()
        self._become(
            "address", addresses
        )  # IPv6 ones went with their links; on the host they came when those were down

    def asked(self, query: Query) -> Query:
        """The same question here."""
        return dataclasses.replace(query, interface=self._here(query.interface), iif=self._here(query.iif))

    def apply(self, op: str, seen: Seen) -> t.Tuple[str, ...]:
        """One step of a plan. Returns what could not be done, in words.

        Of routes, only those that matter are here.
        """
        if seen.kind == "route":
            dsts = tuple(dst for dst in seen.dsts if dst in self._world.concerned)
            if not dsts:
                return ()
            seen = dataclasses.replace(seen, dsts=dsts)
        told: t.List[str] = []
        objects = self._links(op, seen) if seen.kind == "link" else [self._moved(seen)]
        for each in objects:
            (changed,) = self._kernel.change(op, [each])
            told += ["%s is not as on the host" % what for what in changed.already]
            told += ["%s: %s" % failure for failure in changed.failed]
        if op in ("link.up", "link.down"):
            self._wait({each.object.name: op == "link.up" for each in objects if not each.object.loopback})
        return tuple(told)

    def _here(self, ifindex: int | None) -> int | None:
        return None if ifindex is None else self._numbers.get(ifindex, _NOWHERE)

    def _moved(self, seen: Seen) -> Seen:
        raw = scratch.renumbered(seen.kind, seen.raw, self._numbers)
        return Seen(seen.kind, self._kernel.decode(seen.kind, raw), raw, seen.dsts)

    def _become(self, kind: str, wanted: t.Sequence[Seen]) -> None:
        """Let there be these objects and no others. What is refused shows in the answers, which are held against the
        host's."""
        moved = [self._moved(seen) for seen in wanted]
        here = list(self._kernel.seen(kind))
        self._kernel.change(kind + ".del", _without(here, moved))
        missing = _without(moved, here)
        for seen, changed in zip(missing, self._kernel.change(kind + ".add", missing)):
            if changed.failed and kind == "nexthop":
                raw = scratch.onlink(seen.raw)
                self._kernel.change("nexthop.add", [Seen(kind, self._kernel.decode(kind, raw), raw)])

    def _lay_routes(self) -> None:
        moved = [self._moved(seen) for seen in self._world.routes]
        here = self._kernel.seen_routes(dsts=self._world.concerned)
        self._kernel.change("route.del", _without(here, moved))
        scratch.lay(sorted(_without(moved, here), key=_order))

    def _take_down(self) -> None:
        down = [link for link in self._world.links if link.ifindex in self._ends and not link.up]
        idle = [link for link in self._world.links if link.ifindex in self._ends and link.up and not link.carrier]
        scratch.set_links([link.name for link in down], False)
        scratch.set_links([self._ends[link.ifindex] for link in idle], False)
        self._wait({link.name: False for link in down + idle})

    def _wait(self, carriers: t.Mapping[str, bool]) -> None:
        """Until the kernel has taken note of the carriers: a link is then UP or not in its operational state."""
        deadline = time.monotonic() + _SECONDS
        while True:
            states = {link.name: link.carrier and link.operstate == "UP" for link in self._kernel.links()}
            late = sorted(name for name, carrier in carriers.items() if states.get(name) is not carrier)
            if not late:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(
                    "the stand-in of %s does not come %s" % (late[0], "up" if carriers[late[0]] else "down")
                )
            time.sleep(0.01)

    def _settle(self) -> None:
        """Until IPv6 addresses have their local routes: the kernel makes those in the background, and would not know them
        for its own if they were laid before."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            held = {address.address for address in self._kernel.addresses() if address.family == 6}
            local = self._kernel.routes(family=6, table=TABLE_LOCAL, type="local")
            if held <= {str(route.dst).partition("/")[0] for route in local}:
                return
            time.sleep(0.01)
        raise TimeoutError("the IPv6 addresses of the stand-in get no local routes")

    def _links(self, op: str, seen: Seen) -> t.List[Seen]:
        """The stand-in of the link, and of those that go down or away with it."""
        found = [seen.object.ifindex]
        for ifindex in found if op in ("link.down", "link.del") else ():
            found += [
                link.ifindex for link in self._world.links
                if link.parent == ifindex and link.peer_netns is None and link.kind in _STACKED
                and link.ifindex not in found
            ]  # fmt: skip
        here = {self._here(ifindex) for ifindex in found}
        return list(self._kernel.seen("link", lambda link: link.ifindex in here))


def _without(some: t.Iterable[Seen], others: t.Iterable[Seen]) -> t.List[Seen]:
    """What is not among the others, in its order. Routes by destination."""
    there: t.Dict[t.Tuple[str, bytes], t.Set[str]] = {}
    for seen in others:
        there.setdefault((seen.kind, seen.raw), set()).update(seen.dsts or ("",))
    left = []
    for seen in some:
        known = there.get((seen.kind, seen.raw), set())
        dsts = [dst for dst in seen.dsts or ("",) if dst not in known]
        if dsts:
            left.append(dataclasses.replace(seen, dsts=tuple(dsts) if seen.dsts else ()))
    return left


def _order(seen: Seen) -> t.Tuple[bool, bool]:
    """What others rest on first: the local table, then what is on a link, then what has a gateway."""
    route: Route = seen.object
    return any(hop.gateway for hop in route.hops) or route.nhid is not None, route.table != 255
