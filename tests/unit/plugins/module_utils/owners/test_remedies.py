# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask, restart, remove: the gentlest that is there, and nothing where nobody knows."""

from __future__ import annotations

import dataclasses

from ansible_collections.netmend.reclaim.plugins.module_utils.model import OwnerState, Step
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.remedies import steps

REMOVE = Step("link.del", {"name": "wg0"}, "ip link del wg0")
RESTART = ("systemctl", "restart", "x.service")
ALIVE = OwnerState(
    "x", True, "process x (pid 7)", unit="x.service", restart=RESTART, release=("x", "down", "--if={interface}")
)


def ops(state: OwnerState, **placeholders: object) -> list[str]:
    return [step.op for step in steps(state, [REMOVE], **placeholders)]


def test_a_live_owner_is_asked_to_let_go() -> None:
    (step,) = steps(ALIVE, [REMOVE], interface="wg0", address=None)
    assert step.op == "owner.release"
    assert step.args == {"owner": "x", "unit": "x.service", "argv": ["x", "down", "--if=wg0"]}
    assert step.command == "x down --if=wg0"


def test_what_cannot_be_asked_for_is_restarted() -> None:
    assert ops(ALIVE) == ["owner.restart"], "which interface is not known"
    assert ops(dataclasses.replace(ALIVE, release=())) == ["owner.restart"]


def test_the_object_of_a_live_owner_is_never_taken_from_it() -> None:
    assert ops(dataclasses.replace(ALIVE, release=(), restart=()), interface="wg0") == []


def test_a_name_that_would_be_an_option_is_no_argument() -> None:
    state = dataclasses.replace(ALIVE, release=("x", "down", "{interface}"))
    assert ops(state, interface="--all") == ["owner.restart"]
    (step,) = steps(state, [], interface="a b; reboot")
    assert step.args["argv"] == ["x", "down", "a b; reboot"] and step.command == "x down 'a b; reboot'"


def test_a_dead_owner_that_starts_at_boot_is_started() -> None:
    dead = dataclasses.replace(ALIVE, alive=False, enabled=True)
    assert ops(dead, interface="wg0") == ["owner.restart"]
    assert ops(dataclasses.replace(dead, restart=())) == ["link.del"]


def test_the_object_of_a_dead_owner_that_stays_dead_is_removed() -> None:
    dead = dataclasses.replace(ALIVE, alive=False)
    assert ops(dataclasses.replace(dead, enabled=False)) == ops(dataclasses.replace(dead, enabled=None)) == ["link.del"]


def test_nothing_where_nobody_knows() -> None:
    assert ops(dataclasses.replace(ALIVE, alive=None, enabled=True), interface="wg0") == []
