# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.processes import start_of
from ansible_collections.netmend.reclaim.plugins.module_utils.model import WayIn
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction import who
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.variables import CONTROLLER_VARIABLE


def test_all_that_is_known_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTROLLER_VARIABLE, "bob@laptop\x1b[2J")
    ways = [WayIn("192.0.2.7", "192.0.2.1", 22, 50000, "x"), WayIn("192.0.2.7", "192.0.2.1", 22, 50001, "x")]
    known = dict(who.who(ways), user="alice")
    assert who.in_words(known) == "alice, who came in from 192.0.2.7, controller bob@laptop\\x1b[2J"
    assert known["pid"] == os.getpid() and known["started"] == start_of(os.getpid())


def test_a_user_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONTROLLER_VARIABLE, raising=False)
    assert who.in_words(dict(who.who(()), user="alice")) == "alice"


def test_a_process_that_is_gone_has_no_start() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    assert start_of(child) is not None  # not buried yet
    os.waitpid(child, 0)
    assert start_of(child) is None
