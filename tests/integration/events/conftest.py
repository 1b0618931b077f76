# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host for each test, and what starts ansible-rulebook for it."""

from __future__ import annotations

import os
import pathlib
import sys
import typing as t

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1]), str(HERE.parents[1] / "lab")]

from following import Host, Rulebook  # noqa: E402


@pytest.fixture
def host(tmp_path: pathlib.Path) -> t.Iterator[Host]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces are made as root")
    made = Host(tmp_path)
    try:
        made.make()
        yield made
    finally:
        made.remove()


@pytest.fixture
def rulebook(host: Host) -> t.Iterator[t.Callable[..., Rulebook]]:
    """``rulebook("audit", reclaim_event_settle=2)``"""
    started: list[Rulebook] = []

    def start(name: str, journal: pathlib.Path | None = None, **variables: t.Any) -> Rulebook:
        started.append(Rulebook(host, name, journal, **variables))
        return started[-1]

    try:
        yield start
    finally:
        for each in started:
            each.end()
