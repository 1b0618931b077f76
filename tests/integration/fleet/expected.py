# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reports must say, from nothing but what was planted and mended: a second opinion on history, in a few lines."""

from __future__ import annotations

import dataclasses
import typing as t

import namespaces
from many_hosts import Fleet
from planted import FAULTS, Told

Key = t.Tuple[str, str]
"""Host and fingerprint."""


@dataclasses.dataclass
class Expected:
    """What one report must say."""

    status: t.Dict[str, str] = dataclasses.field(default_factory=dict)
    found: t.Dict[str, t.List[Told]] = dataclasses.field(default_factory=dict)
    """Of each audited host."""
    standing: t.Dict[Key, t.Optional[str]] = dataclasses.field(default_factory=dict)
    since: t.Dict[Key, int] = dataclasses.field(default_factory=dict)
    """The number of the run in which it was first seen."""
    resolved: t.Dict[Key, int] = dataclasses.field(default_factory=dict)
    """The same of what is gone."""
    not_compared: t.List[str] = dataclasses.field(default_factory=list)


class Truth:
    """The hosts as they are, and what the runs so far have seen of them."""

    def __init__(self, fleet: Fleet, gone: t.Collection[int]) -> None:
        self.fleet = fleet
        self.gone = set(gone)
        """Those that cannot be reached."""
        self._there: t.Dict[int, t.Set[str]] = {number: set() for number in fleet.numbers}
        self._runs = 0
        self._seen: t.Dict[str, t.Dict[str, int]] = {}
        """Of each host that was ever audited: the findings of its last audit, with the run that saw them first."""

    def plant(self, name: str, *numbers: int) -> None:
        for number in numbers:
            assert name not in self._there[number]
            self._there[number].add(name)
            namespaces.batch(self.fleet.netns(number), FAULTS[name].plant.format(n=number))

    def mend(self, name: str, *numbers: int) -> None:
        for number in numbers:
            self._there[number].remove(name)
            namespaces.batch(self.fleet.netns(number), FAULTS[name].mend.format(n=number))

    def declared(self, number: int) -> t.Dict[str, t.Any]:
        """What is declared for a host on which that is missing."""
        return {key: value for name in self._there[number] for key, value in FAULTS[name].declared(number).items()}

    def run(self, numbers: t.Collection[int]) -> Expected:
        """What a run over these hosts must tell."""
        self._runs += 1
        told = Expected()
        before = {host: dict(seen) for host, seen in self._seen.items()}
        for number in numbers:
            host = self.fleet.name(number)
            if number in self.gone:
                told.status[host] = "unreachable"
                continue
            told.status[host] = "audited"
            told.found[host] = [FAULTS[name].told(number) for name in self._there[number]]
            known = before.get(host, {})
            now = {}
            for item in told.found[host]:
                standing = "known" if item.mark in known else "new"
                told.standing[host, item.mark] = standing if self._runs > 1 else None
                now[item.mark] = told.since[host, item.mark] = known.get(item.mark, self._runs)
            told.resolved.update({(host, mark): since for mark, since in known.items() if mark not in now})
            self._seen[host] = now
        told.not_compared = sorted(set(told.found) ^ set(before) | set(told.status) - set(told.found))
        return told
