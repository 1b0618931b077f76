# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an audit that was asked to sends, and hears of the paths to a few destinations."""

from __future__ import annotations

import time
import typing as t

from ..kernel.namespace import entered
from ..model import PathProbe, Unseen
from .aims import MOST, Aim
from .options import Question
from .path_mtu import PathMtu, path_mtu
from .sockets import NotAllowed

SECONDS = 60.0
"""For all destinations together."""
COUNT = 2
TIMEOUT = 1.0


def probed(aims: t.Sequence[Aim], netns: str | int | None, unseen: t.List[Unseen]) -> t.Tuple[PathProbe, ...]:
    """One after the other. What could not be tried is added to ``unseen``."""
    found: t.List[PathProbe] = []
    end = time.monotonic() + SECONDS
    with entered(netns):
        for aim in aims[:MOST]:
            left = end - time.monotonic()
            if left <= 0:
                unseen.append(Unseen("the path to %s" % aim.to, "other paths took all of %d seconds" % SECONDS))
                continue
            try:
                told = path_mtu(_question(aim), left)
            except (NotAllowed, OSError) as exc:
                unseen.append(Unseen("the path to %s" % aim.to, str(exc)))
                continue
            if told.verdict in ("unreached", "unclear") and told.cause is None:
                unseen.append(Unseen("the path to %s" % aim.to, told.words))
            found.append(_probe(aim, told))
    return tuple(found)


def _question(aim: Aim) -> Question:
    return Question(aim.to, "path_mtu", aim.source, aim.interface, aim.mark, count=COUNT, timeout=TIMEOUT)


def _probe(aim: Aim, told: PathMtu) -> PathProbe:
    cause = told.cause
    source = next((each.source for each in told.outcomes if each.source is not None), None)
    return PathProbe(
        to=aim.to,
        source=aim.source,
        interface=aim.interface,
        mark=aim.mark,
        wanted_by=aim.wanted_by,
        tunnel=aim.tunnel,
        verdict=told.verdict,
        words=told.words,
        passed=told.passed,
        lost=told.lost,
        link_mtu=told.link_mtu,
        told=told.told,
        told_by=told.told_by,
        cause=None if cause is None else cause.name,
        by=None if cause is None else cause.by,
        own=cause is not None and cause.by is not None and cause.by == source,
    )
