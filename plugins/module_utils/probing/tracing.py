# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which routers packets come by: they are sent with one hop more each time, and each router in turn says that it ended one."""

from __future__ import annotations

import dataclasses
import typing as t

from .causes import Cause
from .echo import because, is_own
from .options import Question
from .sending import Outcome, Packet, exchange

TOGETHER = 4
"""Distances that are tried at a time."""
SILENT = 8
"""After so many hops that say nothing in a row it is given up."""


@dataclasses.dataclass(frozen=True)
class Hop:
    """What was heard from one distance."""

    ttl: int
    by: t.Tuple[str, ...]
    """Who spoke; several where packets take different ways."""
    milliseconds: t.Tuple[t.Optional[float], ...]
    """For each packet; None where nothing came."""
    cause: t.Optional[Cause] = None
    """What ended the way here; None at a router that passed it on before."""


@dataclasses.dataclass(frozen=True)
class Way:
    """All hops, and how it ended."""

    verdict: str
    """``answered``; ``told``: a router, or this host, says why not; ``silent``; ``refused``."""
    words: str
    hops: t.Tuple[Hop, ...]
    outcomes: t.Tuple[Outcome, ...]


def traceroute(asked: Question) -> Way:
    """With echo requests; with datagrams where a port is given."""
    protocol = "icmp" if asked.port is None else "udp"
    hops: t.List[Hop] = []
    outcomes: t.List[Outcome] = []
    for first in range(1, asked.max_hops + 1, TOGETHER):
        ttls = range(first, min(first + TOGETHER, asked.max_hops + 1))
        # The first packets of all distances go first: what limits a router's errors then hits the later ones.
        packets = [Packet(asked, protocol, ttl, asked.size) for _number in range(asked.count) for ttl in ttls]
        found = exchange(packets, asked.timeout)
        for ttl in ttls:
            mine = [each for each in found if each.ttl == ttl]
            outcomes += mine
            end = next((each for each in mine if _ends(each)), None)
            hops.append(_hop(ttl, mine, end))
            if end is not None:
                return _way(asked, end, hops, outcomes)
        if all(not each.by for each in hops[-SILENT:]) and len(hops) >= SILENT:
            break
    return _way(asked, None, hops, outcomes)


def _ends(found: Outcome) -> bool:
    if found.outcome == "silent":
        return False
    return found.cause is None or found.cause.name != "ttl-exceeded"


def _hop(ttl: int, found: t.Sequence[Outcome], end: Outcome | None) -> Hop:
    by = tuple(dict.fromkeys(each.by for each in found if each.by is not None))
    return Hop(ttl, by, tuple(each.milliseconds for each in found), None if end is None else end.cause)


def _way(asked: Question, end: Outcome | None, hops: t.List[Hop], outcomes: t.List[Outcome]) -> Way:
    if end is None:
        known = [hop for hop in hops if hop.by]
        while hops and not hops[-1].by:
            hops.pop()
        where = (
            "not even the first router"
            if not known
            else "%s, at hop %d, is the last" % (known[-1].by[0], known[-1].ttl)
        )
        verdict, words = "silent", "%s did not answer: %s that says anything." % (asked.to, where)
    elif end.outcome == "answered" or (end.by == asked.to and not is_own(end)):
        verdict, words = "answered", "%s is reached at hop %d." % (asked.to, hops[-1].ttl)
    else:
        verdict, words = ("told" if end.sent else "refused"), because(end)
    return Way(verdict, words, tuple(hops), tuple(outcomes))
