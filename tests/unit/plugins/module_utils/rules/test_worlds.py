# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each rule on the captures of its worlds: what fires fires as it should, and no near miss does. No kernel is asked."""

from __future__ import annotations

import dataclasses
import functools
import random

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import as_json
from ansible_collections.netmend.reclaim.plugins.module_utils.bounds import size_of
from ansible_collections.netmend.reclaim.plugins.module_utils.identity import canonical, fingerprint
from ansible_collections.netmend.reclaim.plugins.module_utils.model import OPS
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.base import CONFIDENCES, SEVERITIES
from ansible_collections.netmend.reclaim.tests.fixtures import world as fixtures

WORLDS = fixtures.worlds()
WITHOUT_WORLDS = {"RC102"}
"""The incident needs a daemon's log: it is tested with test_owner_sessions.py and in the lab."""

each_world = pytest.mark.parametrize("world", WORLDS, ids=[world.id for world in WORLDS])
captured = functools.lru_cache(maxsize=None)(fixtures.captured)


@each_world
def test_world(world: fixtures.World) -> None:
    assert fixtures.mismatches(world, fixtures.replay(world, captured(world.rule)[world.name])) == []


def test_each_rule_has_worlds_of_both_kinds_and_each_world_is_captured() -> None:
    kinds = {(world.rule, world.fires) for world in WORLDS}
    assert {rule for rule, _fires in kinds} == set(CHECKS) - WITHOUT_WORLDS
    for rule in set(CHECKS) - WITHOUT_WORLDS:
        assert (rule, True) in kinds and (rule, False) in kinds, rule
        assert list(captured(rule)) == [world.name for world in WORLDS if world.rule == rule]
    for world in WORLDS:
        assert bool(world.finds) == world.fires, world.id


FIRING = [world for world in WORLDS if world.fires]


@pytest.mark.parametrize("world", FIRING, ids=[world.id for world in FIRING])
def test_a_finding_is_complete_stable_and_small(world: fixtures.World) -> None:
    capture = captured(world.rule)[world.name]
    findings = fixtures.replay(world, capture)
    ifindexes = {link.ifindex for link in capture.snapshot.links if link.ifindex > 1}
    for finding in findings:
        assert finding.rule == world.rule
        assert finding.severity in SEVERITIES and finding.confidence in CONFIDENCES
        assert finding.cause.endswith(".") and finding.advice and finding.details["cause"]
        assert finding.evidence and all(item.observed for item in finding.evidence)
        assert any(item.command for item in finding.evidence)
        assert {step.op for step in finding.remedy} <= set(OPS)
        assert {step.op for step in finding.remedy} <= set(CHECKS[finding.rule].description.remedies)
        assert all(step.command for step in finding.remedy)
        assert finding.count >= max(1, len(finding.samples) if world.rule != "RC406" else 1)
        assert size_of(as_json(finding)) < 20000
        assert not {"ifindex", "pid", "inode", "id"} & set(finding.selector)
    assert len({fingerprint(finding) for finding in findings}) == len(findings)
    # The same host after a reboot, which numbers its links anew.
    shifted = fixtures.replay(world, _renumbered(capture, {number: number + 1000 for number in ifindexes}))
    assert [fingerprint(finding) for finding in shifted] == [fingerprint(finding) for finding in findings]


@each_world
def test_findings_do_not_depend_on_the_order_of_the_streams(world: fixtures.World) -> None:
    capture = captured(world.rule)[world.name]
    expected = [canonical(_unordered(finding)) for finding in fixtures.replay(world, capture)]
    for seed in range(3):
        dice = random.Random(seed)
        groups, sessions, flows = list(capture.groups), list(capture.sessions), list(capture.flows)
        for stream in (groups, sessions, flows):
            dice.shuffle(stream)
        again = fixtures.replay(world, dataclasses.replace(capture, groups=groups, sessions=sessions, flows=flows))
        assert [canonical(_unordered(finding)) for finding in again] == expected


def _unordered(finding):
    """What a finding says, but for which of several like objects it shows first."""
    return [finding.rule, finding.kind, finding.selector, finding.severity, finding.count, sorted(finding.samples)]


NUMBERS = {
    "Link": ("ifindex", "master", "parent", "underlay"),
    "Address": ("ifindex",),
    "NextHop": ("ifindex",),
    "Neighbour": ("ifindex",),
    "Hop": ("ifindex",),
    "Session": ("ifindex",),
    "Query": ("interface", "iif"),
}


def _renumbered(value, numbers):
    """The same with other ifindexes."""
    if isinstance(value, (list, tuple)):
        return type(value)(_renumbered(item, numbers) for item in value)
    if isinstance(value, dict):
        return {_renumbered(key, numbers): _renumbered(item, numbers) for key, item in value.items()}
    if not dataclasses.is_dataclass(value):
        return value
    changed = {}
    for field in dataclasses.fields(value):
        content = getattr(value, field.name)
        if field.name in NUMBERS.get(type(value).__name__, ()):
            changed[field.name] = numbers.get(content, content)
        elif field.name != "holders":
            changed[field.name] = _renumbered(content, numbers)
    return dataclasses.replace(value, **changed)
