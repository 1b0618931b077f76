# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of a plan against what is there now: what is left to do, and what it would look like.

An object that changed since it was planned is skipped and told; so is what is as wanted already.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..kernel.outcome import Verified
from ..kernel.port import Kernel
from ..model import PlanStep, Seen
from .journal import Record
from .objectless import handler_of

_LISTED = 1000
"""Destinations that a diff shows of one step."""
_NAMED = 5


@dataclasses.dataclass(frozen=True)
class Act:
    """One step, as it will be done."""

    number: int
    """Of the step in the plan, from 1."""
    step: PlanStep
    seen: Seen | None
    """What it acts on: of many routes those that are left. None where it is about no object."""
    undoes: Record | None = None
    """The journal's record of the step that this one takes back."""
    uncalled: str = ""
    """Why nothing calls for it any more; it is not done then."""

    @property
    def count(self) -> int:
        return 1 if self.seen is None else self.seen.count


@dataclasses.dataclass(frozen=True)
class Ready:
    """What of a plan can be done now."""

    acts: t.Tuple[Act, ...]
    skipped: t.Mapping[int, str]
    """Number of a step to why it, or a part of it, is not done."""


def ready(kernel: Kernel, acts: t.Sequence[Act]) -> Ready:
    """Compare before acting."""
    able: t.List[Act] = []
    skipped: t.Dict[int, str] = {}
    for act, verified in zip(acts, _verify(kernel, acts)):
        words = act.uncalled or _not_now(kernel, act)
        if words is not None:
            skipped[act.number] = words
            continue
        left = act if verified is None else _left(act, verified)
        if left is not None:
            able.append(left)
        if verified is not None:
            words = _words(act, verified)
            if words:
                skipped[act.number] = words
    return Ready(tuple(able), skipped)


def called_for(acts: t.Sequence[Act], findings: t.Container[str] | None) -> t.List[Act]:
    """Those that no finding calls for any more, as uncalled: an object may look as it did, and its owner live again.

    ``findings``: fingerprints of what is found now; None where nobody looked.
    """
    if findings is None:
        return list(acts)
    return [
        act
        if any(mark in findings for mark in act.step.findings)
        else dataclasses.replace(act, uncalled="what it was planned for is not found any more")
        for act in acts
    ]


def not_as_wanted(kernel: Kernel, acts: t.Sequence[Act]) -> t.List[str]:
    """What the acts should have brought about and did not, in words.

    Flows, sockets and neighbours that the kernel learns come and go by themselves: nothing follows from these.
    """
    lasting = [act for act in acts if act.seen is not None and _lasts(act.seen)]
    found = [words for words in (_wrong(kernel, act) for act in acts) if words]
    for act, verified in zip(lasting, _verify(kernel, lasting)):
        left = None if verified is None else _left(act, verified)
        if left is not None:
            found.append("%s is not as wanted: has its owner put it back?" % _name(left))
    return found


def diff(acts: t.Sequence[Act]) -> t.List[t.Dict[str, str]]:
    """Before and after, one entry per act: the same in check mode and in the real run."""
    shown = []
    for act in acts:
        before, after = _sides(act)
        header = "step %d: %s" % (act.number, act.step.op)
        shown.append({"before_header": header, "after_header": header, "before": before, "after": after})
    return shown


def _not_now(kernel: Kernel, act: Act) -> str | None:
    """Why a step about the firewall or a switch is not done."""
    handler = handler_of(act.step.op)
    return None if handler is None else handler.skipped(kernel.netns, act.step.op, act.step.args)


def _wrong(kernel: Kernel, act: Act) -> str | None:
    """What such a step did not bring about."""
    handler = handler_of(act.step.op)
    return None if handler is None else handler.wrong(kernel.netns, act.step.op, act.step.args)


def _verify(kernel: Kernel, acts: t.Sequence[Act]) -> t.List[t.Optional[Verified]]:
    """Each against the kernel; None for what is about no object."""
    seens = [act.seen for act in acts if act.seen is not None]
    answers = iter(kernel.verify(seens))
    links = {link.ifindex: link for link in kernel.links()}
    verified: t.List[t.Optional[Verified]] = []
    for act in acts:
        answer = None if act.seen is None else next(answers)
        if act.seen is not None and act.step.op in ("link.up", "link.down"):
            link = links.get(act.seen.object.ifindex)
            name = act.seen.object.name
            if link is None or link.name != name:
                answer = Verified(None, (name,))
            else:  # whatever else differs: it is up or down, and that is all that is wanted
                answer = Verified(act.seen) if link.up == (act.step.op == "link.down") else Verified(None, (), (name,))
        verified.append(answer)
    return verified


def _left(act: Act, verified: Verified) -> Act | None:
    """What is still to be done of an act."""
    seen = t.cast(Seen, act.seen)
    if not _adds(act):
        return None if verified.same is None else dataclasses.replace(act, seen=_as_planned(seen, verified.same))
    if verified.same is not None and not seen.dsts or not verified.gone:
        return None
    return dataclasses.replace(act, seen=dataclasses.replace(seen, dsts=verified.gone) if seen.dsts else seen)


def _as_planned(seen: Seen, now: Seen) -> Seen:
    """As the plan has it (times run on), with those destinations that are still there."""
    return dataclasses.replace(seen, dsts=now.dsts)


def _words(act: Act, verified: Verified) -> str:
    if act.step.op in ("link.up", "link.down"):
        if verified.differs:
            return "%s is %s already" % (verified.differs[0], act.step.op.partition(".")[2])
        return "%s is gone" % verified.gone[0] if verified.gone else ""
    told = []
    if _adds(act):
        if verified.same is not None:
            told.append("%s there already" % _are(verified.same.dsts or (_name(act),)))
    elif verified.gone:
        told.append("%s gone already" % _are(verified.gone))
    if verified.differs:
        told.append("%s changed since the plan was made" % _names(verified.differs))
    return "; ".join(told)


def _adds(act: Act) -> bool:
    return act.step.op.endswith(".add")


def _lasts(seen: Seen) -> bool:
    return seen.kind in ("link", "address", "route", "rule", "nexthop") or (
        seen.kind == "neighbour" and seen.object.state == "PERMANENT"
    )


def _name(act: Act) -> str:
    return "what step %d (%s) is about" % (act.number, act.step.op)


def _are(names: t.Sequence[str]) -> str:
    return "%s %s" % (_names(names), "is" if len(names) == 1 else "are")


def _names(names: t.Sequence[str]) -> str:
    more = " and %d more" % (len(names) - _NAMED) if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _sides(act: Act) -> t.Tuple[str, str]:
    step, seen = act.step, act.seen
    if seen is None:
        handler = handler_of(step.op)
        return ("", "run: %s\n" % step.command) if handler is None else handler.sides(step.command, step.args)
    if step.op in ("link.up", "link.down"):
        sides = ["%s is down\n" % seen.object.name, "%s is up\n" % seen.object.name]
        return (sides[0], sides[1]) if step.op == "link.up" else (sides[1], sides[0])
    lines = ["%s: %s" % (key, value) for key, value in sorted(step.object.items())]
    lines += ["dst: %s" % dst for dst in seen.dsts[:_LISTED]]
    if len(seen.dsts) > _LISTED:
        lines.append("and %d destinations more" % (len(seen.dsts) - _LISTED))
    text = "".join(line + "\n" for line in lines)
    return ("", text) if _adds(act) else (text, "")
