# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Differential test: in hundreds of small random worlds, what reach says of a send is what the send gets."""

from __future__ import annotations

import collections
import os
import re
import socket
import subprocess
import time
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.info.reach import NO_SUCH_LINK, explained
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Query
from ansible_collections.netmend.reclaim.plugins.module_utils.reach import Reach
from ansible_collections.netmend.reclaim.tests.integration.kernel import worlds
from ansible_collections.netmend.reclaim.tests.integration.kernel.sending import send

WORLDS = int(os.environ.get("NETMEND_WORLDS", "500"))
SEED = int(os.environ.get("NETMEND_SEED", "0"))
FLOWS = 16
"""For each family of each world."""
SHARDS = 5
ERRNO = {
    "unreachable": ("ENETUNREACH", "EHOSTUNREACH"),
    "blackhole": ("EINVAL", "EINVAL"),
    "prohibit": ("EACCES", "EACCES"),
}
"""What an action of a rule and a type of a route answer."""


class Stage:
    """A namespace on which one world is played after another."""

    def __init__(self, ns: t.Any) -> None:
        self.ns = ns
        ns.batch(worlds.FRAME)
        with ns.entered():
            self.ifindex = {name: number for number, name in socket.if_nameindex()}
        self.kernel = Kernel(ns.name)

    def ip(self, family: int, lines: t.Iterable[str]) -> None:
        """Some lines are refused: the dice know no netlink."""
        argv = ["ip", "-n", self.ns.name, "-%d" % family, "-force", "-batch", "-"]
        subprocess.run(argv, input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60, check=False)

    def settle(self) -> None:
        """Wait for the local routes of the IPv6 addresses, which the kernel makes in the background."""
        for _attempt in range(200):
            up = {link.ifindex for link in self.kernel.links() if link.up}
            held = {
                item.address for item in self.kernel.addresses() if item.ifindex in up and "tentative" not in item.flags
            }
            local = {(route.dst or "").partition("/")[0] for route in self.kernel.routes(table=255, type="local")}
            if {address for address in held if ":" in address} <= local:
                return
            time.sleep(0.01)
        raise AssertionError("the IPv6 addresses got no local routes within 2 s")

    def sysctl(self, dice: int) -> None:
        """Switches that change what the kernel accepts; each in some of the worlds."""
        values = {
            "ipv4/conf/all/ignore_routes_with_linkdown": dice % 3 == 0,
            "ipv6/conf/v2/ignore_routes_with_linkdown": dice % 3 == 0,
            "ipv4/ip_nonlocal_bind": dice % 5 == 0,
            "ipv6/ip_nonlocal_bind": dice % 5 == 0,
        }
        with self.ns.entered():
            for name, value in values.items():
                with open("/proc/sys/net/%s" % name, "w", encoding="ascii") as stream:
                    stream.write("%d\n" % value)

    def explain(self, flows: t.Sequence[worlds.Flow]) -> t.List[Reach]:
        found = explained(self.kernel, Index(self.kernel.snapshot()), [self._query(flow) for flow in flows])
        return [reach for _answer, reach in found]

    def send(self, flows: t.Sequence[worlds.Flow], bound: bool = False) -> t.List[str | None]:
        """Send them all; ``bound``: by SO_BINDTODEVICE where the interface is there."""
        sent = []
        with self.ns.entered():
            for flow in flows:
                by_name = bound and flow.interface in self.ifindex
                ifindex = self.ifindex.get(flow.interface, worlds.GONE) if flow.interface else None
                sent.append(
                    send(
                        flow.to,
                        flow.source,
                        None if by_name else ifindex,
                        device=flow.interface if by_name else None,
                        mark=flow.mark,
                        uid=flow.uid,
                        tos=flow.tos,
                        port=flow.port,
                        sport=flow.sport,
                    )
                )
        return sent

    def _query(self, flow: worlds.Flow) -> Query:
        return Query(
            to=flow.to,
            source=flow.source,
            interface=self.ifindex.get(flow.interface, NO_SUCH_LINK) if flow.interface else None,
            protocol="udp",
            sport=flow.sport,
            port=flow.port,
            mark=flow.mark,
            uid=flow.uid,
            tos=flow.tos,
        )


@pytest.fixture
def stage(netns):
    return Stage(netns())


@pytest.mark.parametrize("shard", range(SHARDS))
def test_reach_says_what_a_send_gets(stage: Stage, shard: int) -> None:
    wrong: t.List[str] = []
    causes: t.Counter[str] = collections.Counter()
    proven: t.Counter[str] = collections.Counter()
    for seed in range(SEED + shard, SEED + WORLDS, SHARDS):
        halves = [worlds.Maker(seed, family, FLOWS).world() for family in (4, 6)]
        stage.sysctl(seed)
        for world in halves:
            stage.ip(world.family, world.build)
        stage.settle()
        told = [stage.explain(world.flows) for world in halves]
        for world, reaches in zip(halves, told):
            causes.update(reach.cause for reach in reaches)
            for reach in reaches:
                if all(link.ok for link in reach.chain) is not (reach.cause in ("ok", "on-link-assumed")):
                    wrong.append("seed %d: a chain that does not fit its cause: %s" % (seed, reach))
            for bound in (False, True):
                for flow, reach, got in zip(world.flows, reaches, stage.send(world.flows, bound)):
                    if bound and world.family == 6 and flow.source is not None:
                        continue  # a bound socket insists on its device: docs/kernel-truth.md
                    if got != reach.errno:
                        wrong.append("seed %d: %s: a send gets %s, reach says %s" % (seed, flow, got, reach))
        for world, reaches in zip(halves, told):
            wrong += ["seed %d: %s" % (seed, text) for text in _blame(stage, world, reaches, proven)]
        for world in halves:
            stage.ip(world.family, world.clear)
    assert not wrong, "%d answers are wrong, the first:\n%s" % (
        len(wrong),
        "\n".join(wrong[:5]),
    )
    assert "refused" not in causes
    # The dice reach what is to be tested; a generator that makes only dull worlds would prove nothing.
    assert set(causes) >= {
        "ok", "no-route", "source-not-local", "device-gone", "link-no-carrier", "on-link-assumed", "route-blackhole",
        "route-prohibit", "route-unreachable", "rule-blackhole", "rule-prohibit", "rule-unreachable", "route-throw",
    }  # fmt: skip
    assert min(proven["rule"], proven["route"], proven["lookup"]) >= WORLDS // 200


def _blame(stage: Stage, world: worlds.World, reaches: t.Sequence[Reach], proven: t.Counter[str]) -> t.Iterator[str]:
    """What the chain blames is changed, and the errno must follow: the proof that the inference is right."""
    seen = set()
    for flow, reach in zip(world.flows, reaches):
        if world.family == 6 and flow.source is None:
            continue  # the kernel looks twice and chooses a source between: what it chose is only guessed
        rule = next((link for link in reach.chain if link.kind == "rule"), None)
        route = next((link for link in reach.chain if link.kind == "route" and not link.ok), None)
        pref = int(rule.text.split()[1].rstrip(":")) if rule is not None and rule.text.startswith("rule ") else None
        if reach.cause in ("rule-blackhole", "rule-prohibit", "rule-unreachable") and "rule" not in seen:
            kind, old = "rule", reach.cause[5:]
            new = "prohibit" if old != "prohibit" else "blackhole"
            change = ["rule del pref %d" % pref, _replaced(world.rules[pref], old, new)]
            back = ["rule del pref %d" % pref, world.rules[pref]]
        elif (
            reach.cause in ("route-blackhole", "route-prohibit", "route-unreachable") and route and "route" not in seen
        ):
            kind, old = "route", reach.cause[6:]
            found = re.match(r"%s (\S+) (?:dev lo )?proto boot metric (\d+)" % old, route.text)
            table = next((link.text.split()[1] for link in reach.chain if link.kind == "table"), None)
            if "nhid" in route.text:  # a next-hop object of type blackhole: changed elsewhere
                continue
            if found and sum(" %s " % found.group(1) in line for line in world.build) > 1:
                continue  # of several routes to one prefix, changing one changes their order
            if not found or not table:
                yield "no route is named for %s: %s" % (flow, reach)
                continue
            new = "prohibit" if old != "prohibit" else "blackhole"
            line = "route %s %s " + found.group(1) + " table %s metric %s" % (table, found.group(2))
            change, back = [line % ("del", old), line % ("add", new)], [line % ("del", new), line % ("add", old)]
        elif reach.errno is None and pref in world.rules and "lookup" not in seen and flow.interface is None:
            kind, new = "lookup", "prohibit"
            line = re.sub(r"lookup \d+( suppress_prefixlength \d+)?", "prohibit", world.rules[pref])
            change, back = ["rule del pref %d" % pref, line], ["rule del pref %d" % pref, world.rules[pref]]
        else:
            continue
        seen.add(kind)
        stage.ip(world.family, change)
        (got,) = stage.send([flow])
        stage.ip(world.family, back)
        proven[kind] += 1
        if got != ERRNO[new][kind == "route"]:
            yield "%s is wrongly blamed for %s: with %s instead, a send gets %s" % (reach.chain, flow, change[-1], got)


def _replaced(line: str, old: str, new: str) -> str:
    head, _old, tail = line.rpartition(old)
    return head + new + tail
