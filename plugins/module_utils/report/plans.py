# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plans that hosts sent back, as files that a person reviews: written beside a report, and read again. Pure but for
reading."""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t

from ..bounds import encodable
from ..model import Plan, PlanStep, Withheld
from ..plan import wire
from ..text import clean
from .names import file_names

DIRECTORY = "plans"
_WORDS = 400


class Unreadable(Exception):
    """Plan files that cannot be used; the message names each."""


class Reviewed(t.NamedTuple):
    """A plan from disk."""

    path: str
    plan: Plan


Sent = t.Dict[str, t.Dict[str, t.Any]]


def sent(results: t.Mapping[str, t.Optional[t.Mapping[str, t.Any]]]) -> t.Tuple[Sent, t.List[str]]:
    """The plans among what hosts sent back that say anything: a step, or why there is none. And what is wrong with others:
    a host is not trusted."""
    plans: Sent = {}
    wrong = []
    for host, result in results.items():
        told = (result or {}).get("plan")
        if not told or (result or {}).get("failed"):
            continue
        try:
            plain = json.loads(json.dumps(encodable(told), allow_nan=False))
            plan = wire.from_json(plain)
        except (TypeError, ValueError, RecursionError) as error:
            wrong.append("%s sent what is no plan: %s" % (host, error))
            continue
        if plan.steps or plan.withheld:
            plans[host] = plain
    return plans, wrong


def let_be(
    plans: Sent, hosts: t.Mapping[str, t.Mapping[str, t.Any]], may_fit: t.Callable[[str], bool] = lambda _host: False
) -> Sent:
    """The plans without the steps that mend what is waived in these hosts of a fleet document; each is told as withheld.

    A step that mends an open finding too is left out all the same: one change cannot be made for the one and not for the other,
    and somebody said to leave its object. The open finding says so. Where a host did not send
    all of its findings, nobody knows what waivers fit the others: if any ``may_fit`` there, they get no step either.
    """
    return {host: _let_be(plan, hosts[host].get("findings", ()), may_fit(host)) for host, plan in plans.items()}


def _let_be(plan: t.Dict[str, t.Any], findings: t.Sequence[t.Mapping[str, t.Any]], doubted: bool) -> t.Dict[str, t.Any]:
    shown = {finding["fingerprint"]: finding for finding in findings}
    whole = wire.from_json(plan)
    left: t.List[PlanStep] = []
    withheld: t.Dict[Withheld, None] = {}
    for step in whole.steps:
        why = [(mark, _why_not(shown.get(mark), doubted)) for mark in step.findings]
        if not any(words for _mark, words in why):
            left.append(step)
            continue
        shared = _shared([(_rule(shown, mark), mark, words) for mark, words in why if words])
        for mark, own in why:
            withheld[Withheld(mark, _rule(shown, mark), step.op, "waived", own or shared)] = None
    if not withheld:
        return plan
    return wire.to_json(dataclasses.replace(whole, steps=tuple(left), withheld=(*whole.withheld, *withheld)))


def _rule(shown: t.Mapping[str, t.Mapping[str, t.Any]], mark: str) -> str:
    return str(shown[mark]["rule"]) if mark in shown else "-"


def _shared(others: t.Sequence[t.Tuple[str, str, str]]) -> str:
    """What is said of an open finding whose step would mend these as well: each a rule, a fingerprint, and why not."""
    rule, mark, why = others[0]
    more = " (and %d more)" % (len(others) - 1) if others[1:] else ""
    words = (
        "It is open, and gets no step, for the same step would mend another finding, %s %s%s. Of that one: %s To mend this one, narrow "
        "or end the waiver, or make the change by hand."
    )
    return clean(encodable(words % (rule, mark, more, why.rstrip(".") + ".")), 2 * _WORDS)


def _why_not(finding: t.Optional[t.Mapping[str, t.Any]], doubted: bool) -> str:
    if finding is None:
        words = "The host only counted it (reclaim_limit, or its findings are too large), so that nobody knows whether it is waived."
        return words if doubted else ""
    waived = finding.get("waived")
    if not waived:
        return ""
    text = "%s lets it be until %s (waiver %s): %s" % (waived["by"], waived["until"], waived["id"], waived["reason"])
    return clean(encodable(text), _WORDS)


def put(directory: str, hosts: t.Collection[str], planned: t.Any) -> None:
    """Write the plans of these hosts that were handed on where ``read`` finds them, and no others. Raises Unreadable."""
    if not isinstance(planned, dict):
        raise Unreadable("what was handed on are no plans")
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        for host, name in file_names(hosts).items():
            path = os.path.join(directory, name)
            if host in planned:
                with open(path, "w", encoding="utf-8") as stream:
                    json.dump(planned[host], stream)
            elif os.path.lexists(path):
                os.unlink(path)  # of an earlier run
    except OSError as error:
        raise Unreadable("%s cannot be written: %s" % (error.filename or directory, error.strerror)) from error


def read(directory: str, hosts: t.Collection[str]) -> t.Dict[str, Reviewed]:
    """The plan of each host that has a file there. Raises Unreadable."""
    if not os.path.isdir(directory):
        raise Unreadable(
            "%r is no directory; expected one with a plan file for each host that is to be mended" % directory
        )
    plans, wrong = {}, []
    for host, name in file_names(hosts).items():
        path = os.path.join(directory, name)
        try:
            with open(path, encoding="utf-8") as stream:
                plans[host] = Reviewed(path, wire.from_json(json.load(stream)))
        except FileNotFoundError:
            continue
        except OSError as error:
            wrong.append("%s cannot be read: %s" % (path, error.strerror))
        except (ValueError, RecursionError) as error:
            wrong.append("%s is no plan that can be applied: %s" % (path, error))
    if wrong:
        raise Unreadable("; ".join(wrong))
    return plans
