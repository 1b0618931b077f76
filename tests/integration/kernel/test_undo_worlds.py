# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Property: whatever steps did to a world, undoing them in reverse leaves it as it was.

Hundreds of random worlds (those of ``worlds.py``, and in them bridges, stacked links, permanent neighbours, addresses
that run out, slots of several routes, rules of one priority), up to six random steps in each. Two witnesses: our own
checkpoints, and ``ip``, which shares no code with them.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import os
import random
import re
import subprocess
import time
import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.inverse import inverse_of
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import encode
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.restore import difference
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Seen
from ansible_collections.netmend.reclaim.tests.integration.kernel import worlds

WORLDS = int(os.environ.get("NETMEND_UNDO_WORLDS", "300"))
SEED = int(os.environ.get("NETMEND_SEED", "0"))
STAGES = 8
"""Worlds that are played at the same time: mostly they wait for the kernel."""
PATIENCE = 30.0
"""Seconds for what the kernel does in its own time: carriers, IPv6 addresses."""
STACKED = {
    "br0": "link add br0 type bridge",
    "mv0": "link add link v0 name mv0 type macvlan mode bridge",
    "vx0": "link add vx0 type vxlan id 42 local 10.0.0.1 remote 10.0.0.2 dstport 4789",
    "ifb9": "link add ifb9 type ifb",
}
"""Links of kinds that can be made again."""
SHOW = "rule show\nroute show table all\naddress show\nnexthop show\nneighbour show nud permanent\n"
STATES = re.compile(r" (dead|linkdown|tentative|deprecated|expires \d+sec)\b|(valid|preferred)_lft.*|offload")
Step = t.Tuple[str, Seen]


class Stage:
    """A namespace on which one world is played after another."""

    def __init__(self, ns: t.Any) -> None:
        self.ns = ns
        ns.batch(worlds.FRAME)
        self.kernel = Kernel(ns.name)
        self.kernel.links()  # imports what the threads would import at the same time

    def ip(self, family: int, lines: t.Iterable[str]) -> None:
        """Some lines are refused: the dice know no netlink."""
        argv = ["ip", "-n", self.ns.name, "-%d" % family, "-force", "-batch", "-"]
        subprocess.run(argv, input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60, check=False)

    def build(self, seed: int, dice: random.Random) -> None:
        links = [name for name in STACKED if dice.random() < 0.4]
        lines = []
        for number, name in enumerate(links):
            lines += [STACKED[name], "link set %s addrgenmode none" % name]
            lines += ["link set %s up alias 'made for %d'" % (name, seed)] if dice.random() < 0.8 else []
            lines += ["address add 10.%d.0.1/24 dev %s" % (20 + number, name)]
            lines += ["route add 10.%d.0.0/16 via 10.%d.0.9 table 101" % (40 + number, 20 + number)]
        if "br0" in links:
            lines.append("link set v1p master br0")
        self.ip(4, lines)
        for family in (4, 6):
            self.ip(family, [*worlds.Maker(seed, family, 0).world().build, *_more(family, dice)])
        self.weed()

    def weed(self) -> None:
        """Leave out what nobody could make again. The kernel checks a gateway when a route or a next hop is added, and
        never again: what came later may stand in its way."""
        for nexthop in self.kernel.seen("nexthop"):
            twin = encode.nexthop(dataclasses.replace(nexthop.object, id=nexthop.object.id + 1000, flags=()))
            refused = self.kernel.put(twin, "add")
            self.kernel.change("nexthop.del", [nexthop if refused else twin])
        for seen in self.kernel.seen_routes(proto="boot"):
            for dst in seen.dsts:
                route = dataclasses.replace(seen, dsts=(dst,))
                if self.kernel.put(route, "del") is None:
                    self.kernel.put(route, "append")

    def clear(self) -> None:
        self.ip(4, ["link del %s" % name for name in STACKED])
        up = ["link set %s up" % name for name in ("v0", "v0p", "v1", "v1p", "v2", "v3", "v3p")]
        for family in (4, 6):
            made = list(self.kernel.seen("rule", lambda rule: rule.proto != "kernel"))
            self.kernel.change("rule.del", made)
            flush = ["nexthop flush", "route flush table all proto boot", "neighbour flush all nud permanent"]
            self.ip(family, flush + ["address flush dev %s" % link for link in worlds.LINKS] + up)

    def shown(self) -> t.List[str]:
        """What ``ip`` says, without what changes by itself, in an order of its own where the kernel's means nothing."""
        lines: t.List[str] = []
        for family in (4, 6):
            argv = ["ip", "-n", self.ns.name, "-o", "-d", "-%d" % family, "-batch", "-"]
            said = subprocess.run(argv, input=SHOW, capture_output=True, text=True, timeout=60, check=True).stdout
            slots: t.Dict[str, t.List[str]] = collections.defaultdict(list)
            for line in (STATES.sub("", line) for line in said.splitlines()):
                if line.startswith(("multicast ff00::/8", "local %s " % worlds.spell(6, (2, 2, 2)))):
                    continue  # each link's from its first carrier on; that of an address that waits for its carrier
                if family == 6 and "proto kernel" in line:
                    slots[line].append(line)
                elif ":\tfrom" in line or ":\tnot" in line:
                    slots["rules"].append(line)
                else:
                    table, metric = re.search(r"table \S+", line), re.search(r"metric \d+", line)
                    place = " ".join(found.group() for found in (table, metric) if found)
                    slots[place + line.split()[1] if table else line].append(line)
            lines += [line for _place, some in sorted(slots.items()) for line in some]
        return lines


def _more(family: int, dice: random.Random) -> t.Iterator[str]:
    """What the other tests' worlds have not."""
    subnet = worlds.prefix(family, (0, 0, 0), 2).partition("/")[0]
    base = subnet[:-1] if family == 4 else subnet
    length = 24 if family == 4 else 48
    for last in range(3, 3 + dice.randint(0, 3)):
        times = " valid_lft 3000 preferred_lft 2000" if dice.random() < 0.3 else ""
        more = dice.choice(("", " noprefixroute", " metric 77"))
        yield "address add %s%d/%d dev v0%s%s%s" % (base, last, length, " nodad" if family == 6 else "", more, times)
    for last in range(11, 11 + dice.randint(0, 3)):
        yield "neighbour add %s%d lladdr 02:00:00:00:00:%d dev v0 nud %s" % (
            base, last, last, dice.choice(("permanent", "noarp")),
        )  # fmt: skip
    for _number in range(dice.randint(0, 4)):  # several in one slot
        gateway = "%s%d" % (base, dice.randint(6, 9))
        yield "route append %s via %s dev v0 onlink table 100" % (worlds.prefix(family, (1, 1, 0), 2), gateway)
    for table in dice.sample(range(100, 104), dice.randint(0, 4)):  # several of one priority
        words = dice.choice(("", "from %s" % worlds.prefix(family, (0, 0, 0), dice.choice((0, 1))), "iif v0"))
        yield "rule add pref 500 %s lookup %d" % (words, table)


def _candidates(kernel: Kernel, dice: random.Random) -> t.Dict[str, t.List[Step]]:
    """Steps that may be taken now, by op: removals of what is there, and additions of what is like it."""
    found: t.Dict[str, t.List[Step]] = collections.defaultdict(list)
    for link in kernel.seen("link"):
        if not link.object.loopback:
            op = "link.down" if link.object.up else "link.up"
            found[op].append((op, link))
            found["link.del"].append(("link.del", link))
    loopback = [link.object.ifindex for link in kernel.seen("link") if link.object.loopback]
    for address in kernel.seen("address", lambda item: item.ifindex not in loopback):
        found["address.del"].append(("address.del", address))
        if address.object.family == 4:
            other = address.object.address.rpartition(".")[0] + ".77"
            wish = encode.address(dataclasses.replace(address.object, address=other))
            found["address.add"].append(("address.add", wish))
    for rule in kernel.seen("rule"):
        found["rule.del"].append(("rule.del", rule))
        other = dataclasses.replace(rule.object, priority=rule.object.priority + 1, detached=(), unresolved=False)
        found["rule.add"].append(("rule.add", encode.rule(other)))
    for nexthop in kernel.seen("nexthop"):
        found["nexthop.del"].append(("nexthop.del", nexthop))
    for neighbour in kernel.seen("neighbour"):
        found["neighbour.del"].append(("neighbour.del", neighbour))
    for route in kernel.seen_routes():
        if route.object.family == 4 or route.object.proto != "kernel":
            some = tuple(dice.sample(route.dsts, dice.randint(1, route.count)))
            found["route.del"].append(("route.del", dataclasses.replace(route, dsts=some)))
            new = "10.99.%d.0/24" % dice.randint(0, 255) if route.object.family == 4 else "fd99::/48"
            found["route.add"].append(("route.add", dataclasses.replace(route, dsts=(new,))))
    return {op: [step for step in steps if inverse_of(*step)[0]] for op, steps in found.items()}


def _taken(kernel: Kernel, steps: t.Sequence[Step], counts: t.Counter[str]) -> t.List[t.Tuple[str, Seen, t.Any]]:
    """Take them as an engine does: what another step took along is left out. What was done, with its collateral."""
    done = []
    for op, planned in steps:
        (verified,) = kernel.verify([planned])
        seen = planned
        if op.endswith(".add"):
            if verified.same is not None or verified.differs:
                continue
        elif verified.same is None:
            continue
        else:
            seen = verified.same
        collateral = kernel.collateral(op, seen)
        (changed,) = kernel.change(op, [seen])
        done.append((op, seen, collateral))
        if changed.done and not changed.failed:
            counts[op] += 1
    return done


def test_undone_in_reverse_a_world_is_as_it_was(netns) -> None:
    stages = [Stage(netns()) for _number in range(STAGES)]
    with concurrent.futures.ThreadPoolExecutor(STAGES) as pool:
        counts = sum(pool.map(_play, stages, range(SEED, SEED + STAGES)), collections.Counter())
    # The dice reach what is to be tested.
    assert set(counts) >= {
        "link.down", "link.del", "address.del", "address.add", "rule.del", "rule.add", "nexthop.del", "neighbour.del",
        "route.del", "route.add",
    }  # fmt: skip


def _play(stage: Stage, first: int) -> t.Counter[str]:
    """Every eighth world. How often which op was taken."""
    counts: t.Counter[str] = collections.Counter()
    kernel = stage.kernel
    for seed in range(first, SEED + WORLDS, STAGES):
        dice = random.Random(seed)
        stage.build(seed, dice)
        candidates = {op: steps for op, steps in sorted(_candidates(kernel, dice).items()) if steps}
        steps = [dice.choice(candidates[dice.choice(list(candidates))]) for _number in range(dice.randint(1, 6))]
        told = "seed %d: %s" % (seed, [(op, seen.object, seen.dsts) for op, seen in steps])
        concerned = [seen for _op, seen in steps]
        before, shown = _settled(stage, concerned)
        done = _taken(kernel, steps, counts)
        # Undoing again from the start does no harm. The first time a gateway may not be reached before a rule is back
        # that an earlier step removed: who rolls back tries again.
        for time_of in range(3):
            failed: t.List[t.Any] = []
            for op, seen, collateral in reversed(done):
                failed += kernel.restore(op, seen, collateral).failed
            assert not failed or time_of == 0, "%s\n%s" % (told, failed)
            if not failed:
                _assert_as_before(stage, concerned, before, shown, told)
        stage.clear()
    return counts


def _assert_as_before(stage: Stage, concerned: t.Sequence[Seen], before: t.Any, shown: t.List[str], told: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        wrong, now = difference(before, stage.kernel.checkpoint(concerned)), stage.shown()
        if (not wrong and now == shown) or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    assert not wrong, "%s\n%s" % (told, "\n".join(wrong))
    gone, new = (sorted(set(one) - set(other)) for one, other in ((shown, now), (now, shown)))
    assert now == shown, "%s\nip says\n- %s\n+ %s" % (told, "\n- ".join(gone), "\n+ ".join(new))


def _settled(stage: Stage, concerned: t.Sequence[Seen]) -> t.Tuple[t.Tuple[Seen, ...], t.List[str]]:
    """A state that the kernel has come to rest in: two looks at it agree."""
    last = stage.shown()
    for _attempt in range(200):
        time.sleep(0.01)
        before, shown = stage.kernel.checkpoint(concerned), stage.shown()
        if shown == last:
            return before, shown
        last = shown
    raise AssertionError("the world did not come to rest")
