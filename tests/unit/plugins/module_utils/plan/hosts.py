# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host of values, findings about it, and their plan: for tests of the planner, without a kernel."""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.identity import fingerprint
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    OPS,
    Address,
    Answer,
    Evidence,
    Finding,
    Hop,
    Link,
    Neighbour,
    NextHop,
    Plan,
    Query,
    Route,
    Rule,
    Seen,
    Snapshot,
    Step,
    WayIn,
    Withheld,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.plan import make as planner
from ansible_collections.netmend.reclaim.plugins.module_utils.plan import protect
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.guards import Caps, KernelObjects
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.keepers import Keepers
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.select import Resolved
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.way import WayInGuard

HOST = {"hostname": "h", "machine_id": "m", "boot_id": "b", "netns": None, "kernel": "6.1"}
MAIN = Rule(4, 32766, table=254, proto="kernel")
SNAPSHOT = Snapshot(
    links=(
        Link(1, "lo", up=True, carrier=True, loopback=True),
        Link(2, "eth0", up=True, carrier=True, master=5),
        Link(3, "gre0", kind="gre"),
        Link(4, "tun7", kind="gre", up=True, carrier=True, local="192.0.2.1", remote="198.51.100.7", underlay=6),
        Link(5, "bond0", kind="bond", up=True, carrier=True),
        Link(6, "eth1", up=True, carrier=True),
        Link(7, "eth2", up=False),
    ),
    addresses=(
        Address(4, 1, "127.0.0.1", 8, scope="host"),
        Address(4, 5, "192.0.2.1", 24),
        Address(4, 4, "10.7.0.1", 31),
        Address(4, 7, "203.0.113.5", 24),
    ),
    rules=(Rule(4, 0, table=255, proto="kernel"), Rule(4, 100, src="10.0.0.0/8", table=100), MAIN),
    nexthops=(NextHop(20, 4, group=((21, 1),)), NextHop(21, 4, 5, "192.0.2.254")),
    local=("192.0.2.1/32", "10.7.0.1/32", "203.0.113.5/32"),
)
INDEX = Index(SNAPSHOT)
DEFAULT = Route(4, "0.0.0.0/0", 254, proto="static", hops=(Hop(5, "192.0.2.254"),), nhid=20)
SUBNET = Route(4, "192.0.2.0/24", 254, proto="kernel", scope="link", prefsrc="192.0.2.1", hops=(Hop(5),))
TUNNEL = Route(4, "10.7.0.0/31", 254, proto="kernel", scope="link", prefsrc="10.7.0.1", hops=(Hop(4),))
FAR = Route(4, "198.51.100.7/32", 254, proto="static", hops=(Hop(6, "192.0.2.253"),))
SSH = WayIn("198.51.100.50", "192.0.2.1", 22, 50000, "SSH_CONNECTION of sshd (pid 7)")
THROUGH_TUNNEL = WayIn("10.7.0.0", "10.7.0.1", 22, 50000, "socket of sshd (pid 7)")


def ask(queries: t.Sequence[Query]) -> t.List[Answer]:
    """The oracle of that host."""
    return [Answer(None, route, route) for route in map(_route_to, queries)]


def _route_to(query: Query) -> Route:
    if query.to == "198.51.100.7":
        return FAR
    if query.to.startswith("10.7.0."):
        return TUNNEL
    return SUBNET if query.to.startswith("192.0.2.") else DEFAULT


def seen(item: t.Any, *dsts: str) -> Seen:
    """As the port would show it; the message is none that a kernel would take."""
    kind = type(item).__name__.lower()
    raw = hashlib.sha256(repr(item).encode()).digest()
    return Seen(kind, item, raw, dsts)


def finding(*steps: Step, **more: t.Any) -> Finding:
    said: t.Dict[str, t.Any] = {
        "rule": "RC201",
        "severity": "high",
        "confidence": "proven",
        "kind": "route",
        "selector": {"steps": [[step.op, step.args] for step in steps]},
        "cause": "Something is left over.",
        "evidence": (Evidence("kernel", "seen", ""),),
        "remedy": steps,
    }
    return Finding(**dict(said, **more))


def step(op: str, **args: t.Any) -> Step:
    return Step(op, args, "ip %s" % op.replace(".", " "))


RESTART = {"owner": "d", "unit": "d.service", "argv": ["systemctl", "restart", "d.service"]}
TOTALS = dict.fromkeys(("route", "rule", "nexthop", "neighbour", "address", "link", "flow", "session"), 10_000)


@dataclasses.dataclass
class World:
    """A host, its findings and what their steps are about; ``plan()`` plans."""

    index: Index = INDEX
    findings: t.List[Finding] = dataclasses.field(default_factory=list)
    resolved: t.Dict[t.Tuple[str, int], Resolved] = dataclasses.field(default_factory=dict)
    totals: t.Mapping[str, int] = dataclasses.field(default_factory=lambda: TOTALS)

    def add(self, item: Finding, *about: t.Any) -> Finding:
        """``about``: for each step its Seens, or Resolved. It counts as many objects as there are, unless it says."""
        found = [each if isinstance(each, Resolved) else Resolved(tuple(each or ())) for each in about]
        if item.count == 1:
            item = dataclasses.replace(item, count=max(1, sum(each.count + each.changed for each in found)))
        self.findings.append(item)
        self.resolved.update(((fingerprint(item), number), each) for number, each in enumerate(found))
        return item

    def plan(
        self,
        protected: t.Sequence[t.Mapping[str, t.Any]] = (),
        ways: t.Sequence[WayIn] = (),
        most: int = 50,
        percent: int = 20,
        allowed: t.Collection[str] = OPS,
        before: t.Collection[str] | None = None,
        asked: t.Callable[[t.Sequence[Query]], t.Sequence[Answer]] = ask,
    ) -> Plan:
        guards = [
            KernelObjects(self.index),
            Keepers(self.index),
            WayInGuard(self.index, ways, asked),
            *protect.load(protected, self.index),
        ]
        case = planner.Case(self.index, self.resolved, guards, Caps(most, percent, self.totals), allowed, before)
        return planner.make(self.findings, case, HOST, "g", 1700000000.7, {"max_removals": most})


def planned(op: str, *about: Seen, **options: t.Any) -> Plan:
    """The plan for one finding with one step about these objects."""
    world = World()
    world.add(finding(step(op)), about)
    return world.plan(**options)


def told(plan: Plan) -> t.List[t.Tuple[t.Optional[str], str]]:
    """What was withheld: op and reason."""
    return [(item.op, item.reason) for item in plan.withheld]


def only(plan: Plan) -> Withheld:
    """The one thing that was withheld, where nothing was planned."""
    assert plan.steps == ()
    (item,) = plan.withheld
    return item


STALE = Route(4, None, 100, proto="bgp", prefsrc="192.0.2.77", hops=(Hop(5, "192.0.2.9"),))
PERMANENT = Neighbour(4, 5, "203.0.113.9", "02:00:00:00:00:09", "PERMANENT")
