# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A world with something stale in it, and plans as the planner would write them."""

from __future__ import annotations

import time

from ansible_collections.netmend.reclaim.plugins.module_utils import hostid
from ansible_collections.netmend.reclaim.plugins.module_utils.inverse import inverse_of
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import OPS, Plan, PlanStep, Seen
from ansible_collections.netmend.reclaim.plugins.module_utils.plan import wire

STALE = """
ip link add dev up0 type veth peer name up1
ip link set up0 up && ip link set up1 up
ip address add 192.0.2.1/24 dev up0 nodad
ip address add 198.51.100.1/32 dev up0
ip address add 2001:db8::1/64 dev up0 nodad
ip route add default via 192.0.2.254 dev up0
ip route add 10.1.0.0/24 via 192.0.2.250 proto bgp table 100
ip route add 10.2.0.0/24 via 192.0.2.250 proto bgp table 100
ip rule add pref 100 to 10.1.0.0/16 lookup 100
ip rule add pref 101 from 198.51.100.9 lookup 101
ip rule add pref 101 from 198.51.100.8 lookup 101
ip -6 rule add pref 102 from 2001:db8:9::/64 lookup 102
"""
"""A host of which some things are left over."""


def stale(kernel: Kernel) -> dict:
    """The plan that mends it: stale rules and routes go."""
    rules = list(kernel.seen("rule", lambda rule: 100 <= rule.priority < 200))
    routes = kernel.seen_routes(table=100)
    assert len(rules) == 4 and [seen.count for seen in routes] == [2]
    return plan(kernel, *[("rule.del", seen) for seen in rules], *[("route.del", seen) for seen in routes])


def plan(kernel: Kernel, *steps: tuple[str, Seen], switches: tuple[PlanStep, ...] = ()) -> dict:
    ordered = sorted(steps, key=lambda step: OPS.index(step[0]))
    host = hostid.host(kernel.netns)
    made = Plan(
        host={name: host[name] for name in ("hostname", "machine_id", "boot_id", "netns")},
        generation="0" * 16,
        created=time.time(),
        made_by="netmend.reclaim tests",
        steps=(*switches, *(_step(op, seen) for op, seen in ordered)),
    )
    return wire.to_json(made)


def switch(link: str, seen: str = "1") -> PlanStep:
    """A step that loosens a link's filter. It stands before all that is about objects."""
    name = "net.ipv4.conf.%s.rp_filter" % link.replace(".", "/")
    return PlanStep(
        op="sysctl.set",
        findings=("0" * 16,),
        command="sysctl -w %s=2" % name,
        why="it drops what comes in by another way",
        args={"name": name, "value": "2", "seen": seen},
        inverse="sysctl.set",
    )


def changed(plan: dict, **fields: object) -> dict:
    """Another plan, made with a digest that is right."""
    value = dict(plan, **fields)
    return dict(value, digest=wire.digest(value))


def _step(op: str, seen: Seen) -> PlanStep:
    inverse, why_not = inverse_of(op, seen)
    return PlanStep(
        op=op,
        findings=("0" * 16,),
        command="%s %s" % (op, " ".join(seen.dsts[:3]) or seen.object),
        why="it is stale",
        kind=seen.kind,
        object=wire.view(seen.object),
        raw=seen.raw.hex(),
        dsts=seen.dsts,
        inverse=inverse,
        no_inverse=why_not,
    )
