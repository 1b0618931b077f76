# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel port: everything that is read from the kernel of one network namespace, and everything that is written.

Small tables come as tuples, large ones as streams. No read needs root; what could not be read is listed in
``unseen``, and what would not hold still while it was read in ``unsteady``.
"""

from __future__ import annotations

import functools
import socket
import time
import typing as t

from ..model import (
    Address,
    Answer,
    Flow,
    Link,
    Neighbour,
    NextHop,
    Process,
    Query,
    Route,
    RouteGroup,
    Rule,
    Seen,
    Session,
    Snapshot,
    Unseen,
)
from .netlink import NETLINK_ROUTE, Netlink

if t.TYPE_CHECKING:
    from .outcome import Changed, Restored, Verified
    from .processes import Daemon
    from .seen import Wire

FAMILIES = (4, 6)
PROTOCOLS = ("tcp", "udp", "raw")
_INIT = 1


class Kernel:
    """One network namespace: None is the caller's own, else its name or the pid of a process in it.

    Sockets are opened when they are first needed. A method raises ValueError where the namespace does not exist,
    PermissionError where it may not be entered, OSError with what the kernel refused, and
    :class:`~.netlink.MissingPyroute2`. A reader's module is imported by the method that needs it, because a
    module of the collection pays for each import on each run.
    """

    def __init__(self, netns: str | int | None = None) -> None:
        self.netns = netns
        self.unseen: t.List[Unseen] = []
        """Grows as reads find out what they may not see."""
        self.unsteady: t.List[str] = []
        """Tables that changed on every try to read them (``routes``, ``rules``...)."""

    def close(self) -> None:
        """Close what was opened. The port may be used again: it opens anew."""
        opened = self.__dict__.pop("_route", None)
        if opened is not None:
            opened.close()

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @functools.cached_property
    def _route(self) -> Netlink:
        return Netlink(NETLINK_ROUTE, self.netns)

    def links(self) -> t.Tuple[Link, ...]:
        from . import tables

        return tables.links(self._route, self.unsteady)

    def addresses(self) -> t.Tuple[Address, ...]:
        from . import tables

        return tables.addresses(self._route, self.unsteady)

    def rules(self) -> t.Tuple[Rule, ...]:
        """The policy rules: IPv4, then IPv6, each in the order in which the kernel tries them."""
        from . import tables

        return tables.rules(self._route, self.unsteady)

    def nexthops(self) -> t.Tuple[NextHop, ...]:
        from . import tables

        return tables.nexthops(self._route, self.unsteady)

    def neighbours(self) -> t.Tuple[Neighbour, ...]:
        from . import tables

        return tables.neighbours(self._route, self.unsteady)

    def routes(
        self,
        family: int | None = None,
        table: int | None = None,
        proto: str | None = None,
        type: str | None = None,
        oif: int | None = None,
    ) -> t.Iterator[Route]:
        """The routes of all tables, or of those that the kernel filters out: see :func:`.routes.stream`."""
        from . import routes

        wanted = routes.Filter(family, table, proto, type, oif)
        return routes.stream(functools.partial(Netlink, NETLINK_ROUTE, self.netns), wanted, self.unsteady)

    def route_groups(
        self,
        family: int | None = None,
        table: int | None = None,
        proto: str | None = None,
        type: str | None = None,
        oif: int | None = None,
        samples: int = 5,
    ) -> t.Iterator[RouteGroup]:
        """The same routes, folded: see :func:`.routes.groups`."""
        from . import routes

        wanted = routes.Filter(family, table, proto, type, oif)
        return routes.groups(functools.partial(Netlink, NETLINK_ROUTE, self.netns), wanted, self.unsteady, samples)

    def lookup(self, queries: t.Iterable[Query], match: bool = True) -> t.List[Answer]:
        """What the kernel says to each query, in their order: see :func:`.lookup.lookup`."""
        from . import lookup, sysctl

        return lookup.lookup(self._route, queries, match, functools.partial(sysctl.nonlocal_bind, self.netns))

    def sessions(
        self, protocols: t.Sequence[str] = PROTOCOLS, families: t.Sequence[int] = FAMILIES, processes: bool = False
    ) -> t.Iterator[Session]:
        """The sockets; with ``processes`` also who holds them, which needs root for those of other users."""
        from . import sessions

        return sessions.stream(self.netns, protocols, families, processes, self.unseen)

    def processes(self, names: t.Collection[str]) -> t.List[Process]:
        """The processes in this namespace with one of these command names (comm)."""
        from . import processes

        return processes.named(self.netns, names, self.unseen)

    def running(self, names: t.Collection[str]) -> t.List[t.Tuple[Process, t.Optional[str]]]:
        """The same, each with its systemd unit."""
        from . import processes, units

        return [(process, units.unit_of(process.pid)) for process in processes.named(self.netns, names, self.unseen)]

    def daemons(self, names: t.Collection[str]) -> t.Tuple[t.List[Daemon], bool]:
        """The same of the whole host, each with whether it lives in this namespace; and whether all are shown."""
        from . import processes

        return processes.daemons(self.netns, names, self.unseen)

    def unit_of(self, pid: int) -> str | None:
        """The systemd unit that a process runs in."""
        from . import units

        return units.unit_of(pid)

    def listeners(self, pid: int) -> t.List[t.Tuple[str, int]]:
        """Where a process listens on TCP in this namespace: addresses and ports. Raises PermissionError where its sockets
        are hidden."""
        from . import processes

        held = processes.sockets_of(pid)
        if held is None:
            raise PermissionError("the sockets of the process %d are not shown to this user" % pid)
        return [
            (session.local, session.local_port)
            for session in self.sessions(("tcp",))
            if session.state == "LISTEN" and session.inode in held
        ]

    def dial(self, address: str, port: int, timeout: float) -> socket.socket:
        """A TCP connection from inside this namespace."""
        from .namespace import entered

        with entered(self.netns):
            return socket.create_connection((address, port), timeout)

    def of_the_system(self) -> bool | None:
        """Is this the namespace that the host's services live in (that of pid 1)? None where that is hidden."""

        return self.living_here((_INIT,))[_INIT]

    def living_here(self, pids: t.Iterable[int]) -> t.Mapping[int, t.Optional[bool]]:
        """Whether each process lives in this namespace; None where that is not shown, or it is gone."""
        from . import processes

        return processes.living_here(self.netns, pids)

    def holders(self, inodes: t.Collection[int]) -> t.Mapping[int, t.Tuple[Process, ...]]:
        """Who holds these sockets. Walks /proc: ask once, for the sockets of findings only."""
        from . import processes

        return processes.holders(inodes, self.unseen)

    def flows(self) -> t.Iterator[Flow]:
        """The conntrack entries; needs root, and tells ``unseen`` otherwise."""
        from . import conntrack

        return conntrack.stream(self.netns, self.unseen)

    def snapshot(self) -> Snapshot:
        """The small tables, the prefixes that the local table calls local, and what the sysctls say."""
        from . import sysctl

        taken = time.time()
        links, addresses, rules = self.links(), self.addresses(), self.rules()
        nexthops, neighbours = self.nexthops(), self.neighbours()
        local = tuple(dict.fromkeys(route.dst for route in self.routes(table=255, type="local") if route.dst))
        return Snapshot(
            taken=taken,
            netns=None if self.netns is None else str(self.netns),
            links=links,
            addresses=addresses,
            rules=rules,
            nexthops=nexthops,
            neighbours=neighbours,
            local=local,
            nonlocal_bind=sysctl.nonlocal_bind(self.netns, self.unseen),
            forwarding=sysctl.forwarding(self.netns, self.unseen),
            rp_filter=sysctl.source_checks(self.netns, self.unseen),
            unsteady=tuple(dict.fromkeys(self.unsteady)),
            unseen=tuple(self.unseen),
        )

    # What is acted on ------------------------------------------------------------------------------------------------

    @property
    def _wire(self) -> Wire:
        from .seen import Wire

        return Wire(self._route, functools.partial(Netlink, NETLINK_ROUTE, self.netns), self.unsteady, self.netns)

    def seen(self, kind: str, keep: t.Callable[[t.Any], bool] | None = None) -> t.Iterator[Seen]:
        """Links, addresses, rules, next hops or neighbours exactly as they are; ``keep`` filters the shown object."""
        from . import seen

        return iter(seen.small(self._wire, kind, keep))

    def seen_routes(
        self,
        family: int | None = None,
        table: int | None = None,
        proto: str | None = None,
        type: str | None = None,
        oif: int | None = None,
        keep: t.Callable[[Route], bool] | None = None,
        dsts: t.Iterable[str] | None = None,
    ) -> t.List[Seen]:
        """The routes that are wanted: see :func:`.seen.route_groups`."""
        from . import routes, seen

        return seen.route_groups(self._wire, routes.Filter(family, table, proto, type, oif), keep, dsts)

    def seen_flows(self, keep: t.Callable[[Flow], bool] | None = None) -> t.Iterator[Seen]:
        """The conntrack entries; what cannot be read is added to ``unseen``."""
        from . import ending

        return ending.flows(self.netns, keep, self.unseen)

    def seen_sessions(self, keep: t.Callable[[Session], bool] | None = None) -> t.Iterator[Seen]:
        """The TCP connections, without listeners. Raises OSError where the kernel does not show them."""
        from . import ending

        return ending.connections(self.netns, keep, self.unseen)

    def decode(self, kind: str, raw: bytes) -> t.Any:
        """The object behind ``Seen.raw``."""
        from . import seen

        return seen.decode(kind, raw)

    def verify(self, seens: t.Sequence[Seen]) -> t.List[Verified]:
        """What is still exactly there, in order: see :func:`.verify.verify`."""
        from . import verify

        return verify.verify(self._wire, seens)

    def change(self, op: str, seens: t.Sequence[Seen]) -> t.List[Changed]:
        """Do one op to objects: see :func:`.change.change`."""
        from . import change

        return change.change(self._wire, op, seens)

    def collateral(self, op: str, seen: Seen) -> t.Tuple[Seen, ...]:
        """What a step takes along, and what its order depends on: see :func:`.collateral.collateral`."""
        from . import collateral

        return collateral.collateral(self._wire, op, seen)

    def collaterals(self, op: str, seens: t.Sequence[Seen]) -> t.List[t.Tuple[Seen, ...]]:
        """The same of steps of one op, before the first of them: see :func:`.collateral.collaterals`."""
        from . import collateral

        return collateral.collaterals(self._wire, op, seens)

    def checkpoint(self, seens: t.Sequence[Seen]) -> t.Tuple[Seen, ...]:
        """The state that changes of these objects start from: see :func:`.collateral.checkpoint`."""
        from . import collateral

        return collateral.checkpoint(self._wire, seens)

    def restore(self, op: str, seen: Seen, collateral: t.Sequence[Seen]) -> Restored:
        """Take one step back: see :func:`.restore.restore`."""
        from . import restore

        return restore.restore(self._wire, op, seen, collateral)

    def restore_routes(self, seens: t.Sequence[Seen], collateral: t.Sequence[Seen]) -> Restored:
        """Take steps back that all removed routes: see :func:`.restore.restore_routes`."""
        from . import restore

        return restore.restore_routes(self._wire, seens, collateral)

    def put(self, seen: Seen, how: str) -> t.Optional[str]:
        """Make, alter or replace one object in place; why not, where it was refused: see :func:`.put.put`."""
        from . import put

        return put.put(self._wire, seen, how)

    def proxies(self) -> t.List[Seen]:
        """The proxy entries of the neighbour table."""
        from . import put

        return list(put.proxies(self._wire))
