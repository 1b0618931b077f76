# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of the events that logs tell of are of this namespace, and of now."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Event, EventSource, Process
from ansible_collections.netmend.reclaim.plugins.module_utils.witnesses import of_here

LOG, JOURNAL = EventSource("log", path="/var/log/x"), EventSource("journal", unit="x.service")


class Port:
    """Process 7 is x and lives here since 1000, 8 lives elsewhere; nothing else runs."""

    def __init__(self, netns=None) -> None:
        self.netns = netns

    def living_here(self, pids):
        return {pid: {7: True, 8: False}.get(pid) for pid in pids}

    def processes(self, names):
        return [process for process in (Process(7, "x", 1000.0),) if process.name in names]


def event(source=LOG, pid=None, program="x", last=2000.0):
    return Event("ENETUNREACH", source, pid=pid, program=program, last=last)


@pytest.mark.parametrize(
    ("item", "netns", "counts"),
    [
        (event(pid=7), None, True),
        (event(pid=8), None, False),
        (event(pid=7, last=10.0), None, True),
        (event(pid=9, last=1000.5), None, True),
        (event(pid=9, last=999.9), None, False),  # it was started anew a moment later
        (event(pid=9, last=900.0), None, False),
        (event(last=900.0), None, False),
        (event(last=None), None, True),
        (event(pid=9, program="y", last=900.0), None, True),
        (event(program=None, last=900.0), None, True),
        (event(JOURNAL), None, True),
        (event(JOURNAL), "other", False),
        (event(JOURNAL, pid=7), "other", True),
        (event(), "other", True),
    ],
)
def test_of_here_and_of_now(item, netns, counts) -> None:
    assert of_here([item], Port(netns)) == ((item,) if counts else ())


def test_nobody_is_asked_where_nothing_was_told() -> None:
    assert of_here([], None) == ()
