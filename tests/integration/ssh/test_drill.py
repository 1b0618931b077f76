# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lockout drill: what would cut the way in is refused; with that guard off, the dead-man brings the host back."""

from __future__ import annotations

import json
import os
import re
import signal
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Seen
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction import history
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.place import Place
from ansible_collections.netmend.reclaim.tests.integration.transaction.conftest import plan_for

from .conftest import ADDRESS, CONTROLLER, Host

RECLAIM = "netmend.reclaim.reclaim"
LEFTOVER = "ip rule add pref 100 from 192.0.2.77 lookup 100; ip route add 203.0.113.0/24 via 192.0.2.1 table 100"
WITHIN = 15
"""Seconds until the dead-man fires, where it is to fire."""


def seen(host: Host, kind: str, keep: t.Callable[[t.Any], bool]) -> Seen:
    with Kernel(host.netns) as kernel:
        (found,) = kernel.seen_routes(keep=keep) if kind == "route" else kernel.seen(kind, keep)
    return found


def the_default_route(host: Host) -> tuple[str, Seen]:
    return "route.del", seen(host, "route", lambda route: route.table == 254 and bool(route.hops[0].gateway))


def the_connected_route(host: Host) -> tuple[str, Seen]:
    return "route.del", seen(host, "route", lambda route: route.table == 254 and route.scope == "link")


def the_address(host: Host) -> tuple[str, Seen]:
    return "address.del", seen(host, "address", lambda address: address.address == ADDRESS)


def the_link(host: Host) -> tuple[str, Seen]:
    return "link.down", seen(host, "link", lambda link: link.name == "cable")


def the_main_rule(host: Host) -> tuple[str, Seen]:
    return "rule.del", seen(host, "rule", lambda rule: rule.family == 4 and rule.priority == 32766)


LOCKOUTS = [the_default_route, the_connected_route, the_address, the_link, the_main_rule]
CUTS = [the_default_route, the_address, the_link]


def leftover(host: Host) -> dict[str, t.Any]:
    """A plan that does no harm: a rule and a route that are left over."""
    host.sh(LEFTOVER)
    rule = seen(host, "rule", lambda rule: rule.priority == 100)
    route = seen(host, "route", lambda route: route.table == 100)
    return plan_for(host.netns, ("rule.del", rule), ("route.del", route))


def arguments(host: Host, plan: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    given = dict(plan=plan, state_dir=str(host.state), confirm_within=WITHIN, rehearse=False)
    return dict(given, **more)


def standing(host: Host) -> history.Standing | None:
    """How the newest transaction stands, if one was begun."""
    begun = next(history.every(Place(str(host.state), host.netns)), None)
    return None if begun is None else begun[1]


def await_state(host: Host, state: str) -> history.Standing:
    host.wait(lambda: (now := standing(host)) is not None and now.state == state, state)
    return t.cast(history.Standing, standing(host))


@pytest.mark.parametrize("lockout", LOCKOUTS, ids=lambda lockout: lockout.__name__)
def test_a_plan_that_would_cut_the_way_in_is_refused(host: Host, lockout: t.Callable[[Host], tuple[str, Seen]]) -> None:
    before = host.world()
    result = host.run(RECLAIM, arguments(host, plan_for(host.netns, lockout(host))))
    assert (result["status"], result["state"]) == ("failed", "refused")
    assert re.search(r"the plan is refused: step 1 .*(way|kernel)", result["msg"]), result["msg"]
    assert standing(host) is None
    assert host.world() == before


def test_a_harmless_plan_is_confirmed_over_a_fresh_connection(host: Host) -> None:
    plan = leftover(host)
    result = host.run(RECLAIM, arguments(host, plan, confirm_within=120, health_checks=[{"reach": CONTROLLER}]))
    assert (result["status"], result["state"], result["changed"]) == ("ok", "confirmed", True), result
    assert "203.0.113.0" not in host.world()
    again = host.run(RECLAIM, arguments(host, plan))
    assert (again["state"], again["changed"]) == ("nothing-to-do", False)


@pytest.mark.parametrize("lockout", CUTS, ids=lambda lockout: lockout.__name__)
def test_the_dead_man_brings_a_host_back_that_is_cut_off(
    host: Host, lockout: t.Callable[[Host], tuple[str, Seen]]
) -> None:
    before = host.world()
    plan = plan_for(host.netns, lockout(host))
    result = host.run(RECLAIM, arguments(host, plan, protect_way_in=False))
    assert result["status"] != "ok"
    ended = await_state(host, "rolled-back")
    assert not ended.last["not_restored"]
    assert host.world() == before
    assert host.run("netmend.reclaim.interface_info", {})["status"] == "ok"


def test_the_controller_is_killed_between_apply_and_confirm(host: Host) -> None:
    plan = leftover(host)
    before = host.world()
    # A check that cannot pass yet keeps the controller asking until it is killed.
    run = host.start(RECLAIM, arguments(host, plan, health_checks=[{"command": ["sleep", "60"], "timeout": 60}]))
    await_state(host, "armed")
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    await_state(host, "rolled-back")
    assert host.world() == before


def test_the_cable_is_pulled_between_apply_and_confirm(host: Host) -> None:
    plan = leftover(host)
    before = host.world()
    run = host.start(RECLAIM, arguments(host, plan, health_checks=[{"command": ["sleep", "60"], "timeout": 60}]))
    await_state(host, "armed")
    host.pull()
    await_state(host, "rolled-back")
    host.plug()
    result = host.answer(run)
    assert result["status"] != "ok", json.dumps(result)
    assert host.world() == before


def test_the_module_and_its_session_are_killed_on_the_host(host: Host) -> None:
    plan = leftover(host)
    before = host.world()
    run = host.start(RECLAIM, arguments(host, plan, health_checks=[{"command": ["sleep", "60"], "timeout": 60}]))
    await_state(host, "armed")
    armed = t.cast(history.Standing, standing(host)).armed
    assert armed is not None
    for name in ("python3.13", "python", "python3", "sh", "sleep", "sshd-session"):
        for pid in host.processes(name):
            if pid != armed["pid"]:
                os.kill(pid, signal.SIGKILL)
    await_state(host, "rolled-back")
    assert host.world() == before
    assert host.answer(run)["status"] != "ok"


def test_nothing_is_changed_where_the_journal_cannot_be_written(host: Host) -> None:
    plan = leftover(host)
    before = host.world()
    small = host.mount_small_disk("16k")
    given = dict(arguments(host, plan), state_dir=str(small))
    result = host.run(RECLAIM, given)
    assert result["status"] == "failed", result
    assert "No space left on device" in result["msg"], result["msg"]
    assert host.world() == before
