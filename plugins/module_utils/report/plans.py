# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plans that hosts sent back, as files that a person reviews: written beside a report, and read again. Pure but for
reading."""

from __future__ import annotations

import json
import os
import typing as t

from ..bounds import encodable
from ..model import Plan
from ..plan import wire
from .names import file_names

DIRECTORY = "plans"


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
