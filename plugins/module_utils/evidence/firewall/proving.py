# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings about the firewall, held against the kernel's own trace of one packet each."""

from __future__ import annotations

import dataclasses
import typing as t

from ...commands import inside
from ...model import Evidence, Finding, Step, Unseen
from . import allow, words
from .flow import Packet, Place
from .run import Refused
from .trace import TraceResult, trace

MOST = 5
"""Packets that one audit sends."""
RULE = "RC501"


def proven(findings: t.Sequence[Finding], netns: str | int | None, unseen: t.List[Unseen]) -> t.List[Finding]:
    """The same findings: the first few about the firewall are proven, corrected or left out as the kernel says.

    Only what is about the first packet of a connection can be tried: a packet of the collection's own begins another one.
    """
    told: t.List[Finding] = []
    left = MOST
    for finding in findings:
        flow = _flow(finding) if finding.rule == RULE else None
        if flow is None or left == 0:
            told.append(finding)
            continue
        left -= 1
        try:
            result = trace(netns, flow)
        except Refused as exc:
            unseen.append(Unseen("the trace of a packet to %s" % flow.to, str(exc)))
            told.append(finding)
            continue
        judged = _judged(finding, result, netns)
        if judged is not None:
            told.append(judged)
    return told


def _flow(finding: Finding) -> Packet | None:
    said = finding.details.get("flow")
    flow = None if said is None else Packet(**said)
    return flow if flow is not None and flow.state == "new" and flow.protocol is not None else None


def _allow(finding: Finding, place: Place, netns: str | int | None) -> t.Iterator[Step]:
    """What would let it past the place that the kernel named."""
    flow = _flow(finding)
    step = None if flow is None else allow.step(None if netns is None else str(netns), place, flow)
    if step is not None:
        yield step


def _judged(finding: Finding, result: TraceResult, netns: str | int | None) -> Finding | None:
    command = inside(None if netns is None else str(netns), "nft", "-a", "monitor", "trace")
    if result.blocks and result.place is not None:
        how = "the kernel's trace" if result.how == "trace" else "a counter that rose by it"
        where = words.place(result.place)
        seen = Evidence("trace", "%s was sent, and %s names %s" % (result.probe, how, where), command)
        identity = words.identity(result.place)
        same = all(finding.selector.get(key) == value for key, value in identity.items())
        cause = finding.cause if same else "%s The kernel names another place: %s." % (finding.cause, where)
        return dataclasses.replace(
            finding,
            selector=dict(finding.selector, **identity),
            cause=cause,
            confidence="proven",
            severity="high",
            remedy=finding.remedy if same else tuple(_allow(finding, result.place, netns)),
            evidence=(*finding.evidence, seen),
        )
    if result.outcome == "accept":
        if finding.confidence == "hint":
            return None
        seen = Evidence("trace", "%s was sent, and passed the firewall" % result.probe, command)
        return dataclasses.replace(finding, confidence="hint", evidence=(*finding.evidence, seen))
    seen = Evidence("trace", "%s was sent; what became of it, nothing told" % result.probe, command)
    return dataclasses.replace(finding, evidence=(*finding.evidence, seen))
