# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Differential test: in small random worlds, what a rehearsal says is lost is what is lost when it is really done."""

from __future__ import annotations

import os
import random
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.model import OPS, Query, Seen
from ansible_collections.netmend.reclaim.plugins.module_utils.rehearsal.run import Rehearsal, rehearse, shown
from ansible_collections.netmend.reclaim.tests.integration.kernel import worlds
from ansible_collections.netmend.reclaim.tests.integration.kernel.test_worlds import Stage

WORLDS = int(os.environ.get("NETMEND_REHEARSALS", "60"))
SEED = int(os.environ.get("NETMEND_SEED", "0"))
SHARDS = 3
FLOWS = 24
"""For each family of each world."""
UNLIKE = 0.01
"""Of all questions, how many may be answered otherwise by a stand-in, or depend on a step that cannot be played: that is
told, but a rehearsal that says nothing is none."""


def steps(stage: Stage, dice: random.Random) -> t.List[t.Tuple[str, Seen]]:
    """Up to three removals, in the order of a plan."""
    kernel = stage.kernel
    found = [("rule.del", seen) for seen in kernel.seen("rule", lambda rule: 0 < rule.priority < 32766)]
    found += [("route.del", seen) for seen in kernel.seen_routes(keep=lambda route: route.proto == "boot")]
    found += [("nexthop.del", seen) for seen in kernel.seen("nexthop")]
    found += [("address.del", seen) for seen in kernel.seen("address", lambda address: address.scope == "global")]
    found += [("link.down", seen) for seen in kernel.seen("link", lambda link: link.name in worlds.LINKS and link.up)]
    chosen = dice.sample(range(len(found)), min(dice.randint(1, 3), len(found)))
    return [found[place] for place in sorted(chosen)]


def query(stage: Stage, flow: worlds.Flow) -> Query:
    return Query(
        to=flow.to,
        source=flow.source,
        interface=stage.ifindex.get(flow.interface, worlds.GONE) if flow.interface else None,
        sport=flow.sport,
        port=flow.port,
        mark=flow.mark,
        uid=flow.uid,
        tos=flow.tos,
    )


def is_told(rehearsal: Rehearsal, asked: Query) -> bool:
    """Does it say that it says nothing about this: about the destination, or about a step?"""
    return any(
        words.startswith(shown(asked) + ":") or words.partition(":")[0] in OPS for words in rehearsal.not_rehearsed
    )


@pytest.mark.parametrize("shard", range(SHARDS))
def test_what_is_rehearsed_is_what_happens(netns, shard):
    stage = Stage(netns())
    questions = unlike = losses = 0
    for seed in range(SEED + shard, SEED + WORLDS, SHARDS):
        dice = random.Random(seed)
        halves = [worlds.Maker(seed, family, FLOWS).world() for family in (4, 6)]
        stage.sysctl(seed)
        for half in halves:
            stage.ip(half.family, half.build)
        stage.settle()
        asked = list(dict.fromkeys(query(stage, flow) for half in halves for flow in half.flows))
        plan = steps(stage, dice)
        rehearsal = rehearse(stage.kernel, plan, asked)
        assert rehearsal.done, "seed %d: %s" % (seed, rehearsal.why_not)
        before = stage.kernel.lookup(asked)
        for op, seen in plan:
            stage.kernel.change(op, [seen])
        after = stage.kernel.lookup(asked)
        really = [one for one, was, now in zip(asked, before, after) if was.errno is None and now.errno is not None]
        told = [change.query for change in rehearsal.lost]
        words = "seed %d, %s" % (seed, [(op, seen.object, seen.dsts) for op, seen in plan])
        assert [one for one in told if one not in really] == [], words
        assert [one for one in really if one not in told and not is_told(rehearsal, one)] == [], words
        questions += len(asked)
        unlike += len(rehearsal.not_rehearsed)
        losses += len(told)
        for half in halves:
            stage.ip(half.family, half.clear)
        stage.ip(4, ["link set %s up" % link for link in worlds.LINKS])
    assert losses > questions / 100  # or this test shows nothing
    assert unlike <= questions * UNLIKE
