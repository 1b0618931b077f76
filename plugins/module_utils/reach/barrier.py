# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the host's own firewall does to a send that has a way. Pure."""

from __future__ import annotations

import dataclasses

from ..commands import inside
from ..evidence.firewall import words
from ..evidence.firewall.flow import Evaluator, packet
from ..index import Index
from ..model import Answer, Query
from .base import ChainLink

_DOUBT = ", as far as the rules can be told from outside"


@dataclasses.dataclass(frozen=True)
class Barrier:
    """What stands in the way, or does not."""

    blocks: bool
    """The packet is dropped or rejected, and every rule on the way was understood."""
    words: str
    link: ChainLink
    """The firewall as one more link of the chain."""


def evaluator(index: Index) -> Evaluator | None:
    """The firewall of the snapshot, for any number of packets; None where it was not read."""
    firewall = index.snapshot.firewall
    return None if firewall is None else Evaluator(firewall)


def barrier(index: Index, firewall: Evaluator | None, query: Query, answer: Answer) -> Barrier | None:
    """None where the firewall was not read, is too large to tell, or never sees the packet."""
    if firewall is None or answer.errno is not None:
        return None
    found = firewall.verdict(packet(query, answer, index.link))
    if found is None:
        return None
    if found.place is None:
        text = "the firewall lets it pass" + (_DOUBT if found.confidence == "hint" else "")
        return Barrier(
            False, text, ChainLink("firewall", text, True, inside(index.snapshot.netns, "nft", "list", "ruleset"))
        )
    does = {"drop": "drops", "reject": "rejects", "queue": "hands to a program"}.get(found.outcome, "may take")
    sure = found.blocks and found.confidence == "strong"
    text = "%s %s it" % (words.place(found.place), does) + ("" if sure else _DOUBT)
    return Barrier(
        sure, text, ChainLink("firewall", text, not sure, words.showing(index.snapshot.netns, found.place.chain))
    )
