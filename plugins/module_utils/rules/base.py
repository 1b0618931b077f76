# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rule is: its description, and the check that applies it to one host.

A rule module holds classes derived from Check, each under ``@rule(...)``. A check is made for one audit, is shown the
streams that it asks for, and then concludes. It does no I/O: what it must know of the kernel it asks the oracle.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..index import Index
from ..intent import Intent
from ..model import Answer, Finding, Flow, Process, Query, RouteGroup, Session

SEVERITIES = ("critical", "high", "medium", "low", "info")
CONFIDENCES = ("proven", "strong", "hint")

Ask = t.Callable[[t.Sequence[Query]], t.Sequence[Answer]]
"""The oracle: the kernel's answer to each query, in their order."""

Holders = t.Callable[[t.Collection[int]], t.Mapping[int, t.Tuple[Process, ...]]]
"""Who holds sockets: inode to processes. Dear (it walks /proc): ask once, for the sockets of findings only."""


def nobody(inodes: t.Collection[int]) -> t.Mapping[int, t.Tuple[Process, ...]]:
    """Holders where /proc is not to be asked."""
    return {}


@dataclasses.dataclass(frozen=True)
class Description:
    """A rule as documents, SARIF and the catalogue show it."""

    id: str
    name: str
    severity: str
    """The usual one; a finding may say another where the harm is another."""
    title: str
    rationale: str
    proof: str
    """What evidence proves it."""
    false_positives: str
    """What would look the same and be healthy, and how that is excluded."""
    remedies: t.Tuple[str, ...]
    """Ops that may mend it; empty where only a person can."""


class Check:
    """One rule at work on one host."""

    description: t.ClassVar[Description]

    def __init__(self, index: Index, ask: Ask, intent: Intent, holders: Holders = nobody) -> None:
        self.index = index
        self.ask = ask
        self.intent = intent
        self.holders = holders

    def routes(self, group: RouteGroup) -> None:
        """Called for each group of routes in the stream."""

    def session(self, session: Session) -> None:
        """Called for each socket in the stream."""

    def flow(self, flow: Flow) -> None:
        """Called for each conntrack entry in the stream."""

    def conclude(self) -> t.Iterable[Finding]:
        """Called once, when the streams have ended."""
        raise NotImplementedError

    @classmethod
    def watches(cls, stream: str) -> bool:
        """Does this check look at ``routes``, ``session`` or ``flow``?"""
        return getattr(cls, stream) is not getattr(Check, stream)


CHECKS: t.Dict[str, t.Type[Check]] = {}
"""The registry: rule id to check."""


def rule(**description: t.Any) -> t.Callable[[t.Type[Check]], t.Type[Check]]:
    """Register a check under its description."""

    def register(check: t.Type[Check]) -> t.Type[Check]:
        check.description = Description(**description)
        if check.description.id in CHECKS:
            raise ValueError("rule %s is registered twice" % check.description.id)
        if check.description.severity not in SEVERITIES:
            raise ValueError("rule %s: severity %r" % (check.description.id, check.description.severity))
        CHECKS[check.description.id] = check
        return check

    return register
