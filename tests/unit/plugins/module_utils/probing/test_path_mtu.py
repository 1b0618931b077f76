# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The search for the path MTU, over paths that are made up: whatever the path, it ends, within its bounds, and is right."""

from __future__ import annotations

import random
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.probing import path_mtu
from ansible_collections.netmend.reclaim.plugins.module_utils.probing.causes import Cause
from ansible_collections.netmend.reclaim.plugins.module_utils.probing.options import Question
from ansible_collections.netmend.reclaim.plugins.module_utils.probing.run import plan
from ansible_collections.netmend.reclaim.plugins.module_utils.probing.sending import Outcome, Packet

Hop = t.Tuple[int, bool, t.Optional[int]]
"""What a link takes, whether its router tells, and what it tells where that is a lie."""


class MadeUp:
    """A path: its own link, then routers, each in front of its link. Some packets are lost by chance."""

    def __init__(self, link: int, hops: t.Sequence[Hop], lossy: float = 0.0, seed: int = 0) -> None:
        self.link, self.hops, self.lossy = link, hops, lossy
        self.dice = random.Random(seed)
        self.packets: t.List[Outcome] = []

    def exchange(self, packets: t.Sequence[Packet], _timeout: float) -> t.List[Outcome]:
        found = [self.one(packet.size or 0) for packet in packets]
        self.packets += found
        return found

    def one(self, size: int) -> Outcome:
        if size > self.link:
            cause = Cause("too-big-here", "too big", "local", "EMSGSIZE", mtu=self.link)
            return Outcome("refused", False, "EMSGSIZE", cause=cause, size=size)
        if self.dice.random() < self.lossy:
            return Outcome("silent", True, size=size)
        for number, (mtu, tells, lie) in enumerate(self.hops):
            if size > mtu and tells:
                cause = Cause(
                    "too-big", "too big", "icmp", "EMSGSIZE", 3, 4, "192.0.2.%d" % number, mtu if lie is None else lie
                )
                return Outcome("told", True, "EMSGSIZE", by=cause.by, cause=cause, size=size)
            if size > mtu:
                return Outcome("silent", True, size=size)
        return Outcome("answered", True, by="198.51.100.3", size=size)


def search(monkeypatch: pytest.MonkeyPatch, path: MadeUp, **asked: t.Any) -> path_mtu.PathMtu:
    monkeypatch.setattr(path_mtu, "exchange", path.exchange)
    monkeypatch.setattr(path_mtu, "believed_mtu", lambda _asked: path.link)
    question = Question("198.51.100.3", "path_mtu", **asked)
    found = path_mtu.path_mtu(question)
    assert len(path.packets) <= plan(question)["packets"]
    assert found.verdict in path_mtu.VERDICTS and found.words
    return found


def test_paths_of_all_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(7)
    seen = set()
    for _path in range(400):
        link = dice.choice((1280, 1476, 1500, 9000, 65535))
        hops = [(dice.randrange(200, 9001), dice.random() < 0.6, None) for _hop in range(dice.randrange(4))]
        found = search(monkeypatch, MadeUp(link, hops))
        passes = min([link] + [mtu for mtu, _tells, _lie in hops])
        assert found.passed == passes, hops
        seen.add(found.verdict)
        if passes == link:
            assert (found.verdict, found.lost, found.told) == ("whole", None, None)
            continue
        silent = [mtu for mtu, tells, _lie in hops if not tells]
        told = [mtu for mtu, tells, _lie in hops if tells]
        if passes in told and (not silent or min(silent) > passes) and found.verdict == "told":
            assert found.told == passes
        else:
            assert found.verdict == "black-hole" or (found.verdict == "told" and found.told == passes), hops
        if not silent:
            assert found.verdict == "told"
        if not told:
            assert (found.verdict, found.lost, found.told) == ("black-hole", passes + 1, None)
    assert seen == {"whole", "told", "black-hole"}


@pytest.mark.parametrize(("lie", "told"), [(0, None), (20, None), (67, None), (1500, 1500), (9000, 9000)])
def test_a_router_that_lies_about_what_passes(monkeypatch: pytest.MonkeyPatch, lie: int, told: int | None) -> None:
    """No MTU (as routers older than RFC 1191 do), one that no link has, or one that is no smaller."""
    found = search(monkeypatch, MadeUp(1500, [(1300, True, lie)]))
    assert (found.passed, found.lost, found.told, found.told_by) == (1300, 1301, told, "192.0.2.0")
    assert found.verdict == ("told" if told is None else "black-hole")


def test_loss_by_chance_is_no_black_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [search(monkeypatch, MadeUp(1500, [], 0.3, seed)).verdict for seed in range(300)]
    assert said.count("whole") > 280
    assert said.count("black-hole") == 0


def test_a_size_that_is_asked_for_is_the_largest(monkeypatch: pytest.MonkeyPatch) -> None:
    path = MadeUp(9000, [(1400, False, None)])
    assert search(monkeypatch, path, size=1400).verdict == "whole"
    assert max(packet.size or 0 for packet in path.packets) == 1400
