# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that ask whose an object is: crowds, what exactly is removed, and what the worlds cannot make."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Hop,
    Mark,
    OwnerState,
    Process,
    Route,
    RouteGroup,
    Rule,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.owned_routes import TEMPLATES
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.rules.test_by_hand import (
    ETH0,
    GRE,
    LO,
    group,
    reach,
    refuse,
    run,
)

DEAD = OwnerState("frr", False, "no process zebra runs here", present=True, marks=(Mark("route", proto="bgp"),))
ALIVE = dataclasses.replace(DEAD, name="bird", alive=True, known_by="process bird (pid 7)", process=Process(7, "bird"))


def bgp(*hops, **more):
    return group(*(hops or (Hop(2, "192.0.2.254"),)), proto="bgp", **more)


def test_a_hundred_thousand_routes_over_many_next_hops_are_one_finding_and_one_step() -> None:
    many = [
        bgp(Hop(2, "192.0.2.%d" % (n % 250)), count=100, samples=("10.0.%d.0/24" % (n % 250),)) for n in range(1000)
    ]
    (found,) = run("RC203", groups=many, owners=(DEAD,))
    assert (found.count, found.selector["owner"], len(found.samples)) == (100_000, "frr", 20)
    (step,) = found.remedy
    assert step.args == {"family": 4, "table": 254, "type": "unicast", "proto": "bgp"}
    assert step.command == "ip -4 route flush table main proto bgp type unicast"


def test_beside_routes_that_stay_each_next_hop_has_a_step_of_its_own() -> None:
    """Those over eth1 may be of an owner that lives."""
    living = dataclasses.replace(ALIVE, marks=(Mark("route", proto="bgp", interface="eth1"),))
    groups = [bgp(Hop(2, "192.0.2.%d" % n), count=10) for n in (1, 2)] + [bgp(Hop(3, "198.51.100.1"), count=10)]
    (found,) = run(
        "RC203", groups=groups, owners=(dataclasses.replace(DEAD, marks=(Mark("route", interface="eth*"),)), living)
    )
    assert found.count == 20
    assert [(step.args["interfaces"], step.args["gateways"]) for step in found.remedy] == [
        (["eth0"], ["192.0.2.1"]), (["eth0"], ["192.0.2.2"]),
    ]  # fmt: skip
    assert found.remedy[0].command == "ip -4 route flush table main dev eth0 via 192.0.2.1 proto bgp type unicast"


def test_more_next_hops_than_are_counted_get_no_step_where_others_stay() -> None:
    stays = dataclasses.replace(ALIVE, marks=(Mark("route", proto="bgp", interface="eth1"),))
    dead = dataclasses.replace(DEAD, marks=(Mark("route", interface="eth0"),))
    groups = [bgp(Hop(2, "10.%d.%d.1" % divmod(n, 250)), count=9) for n in range(TEMPLATES + 1)] + [
        bgp(Hop(3), count=9)
    ]
    (found,) = run("RC203", groups=groups, owners=(dead, stays))
    assert found.count == 9 * (TEMPLATES + 1) and found.remedy == ()


def test_the_owner_of_a_finding_is_complete() -> None:
    process = Process(7, "doublezerod")
    state = OwnerState(
        "doublezerod", True, "process doublezerod (pid 7)", True, "doublezerod.service", True, process,
        marks=(Mark("route", proto="bgp", interface="eth0"),), wants=(), complete=("route",), advice="It is slow.",
    )  # fmt: skip
    (found,) = run("RC203", groups=[bgp()], owners=(state,))
    assert found.owner is not None
    assert dataclasses.asdict(found.owner) == {
        "name": "doublezerod", "alive": True, "known_by": "process doublezerod (pid 7)", "unit": "doublezerod.service",
        "process": {"pid": 7, "name": "doublezerod", "started": None},
    }  # fmt: skip
    assert found.remedy == () and "It is slow." in found.advice
    assert [item.command for item in found.evidence if item.source == "owner"] == [
        "systemctl status --no-pager doublezerod.service"
    ] * 2


@pytest.mark.parametrize("rule", ["RC203", "RC206", "RC305"])
def test_nothing_is_said_where_no_owner_is_known(rule) -> None:
    groups = [bgp(), group(proto="bgp", type="blackhole")]
    assert run(rule, groups=groups, rules=(Rule(4, 220, table=220), Rule(4, 221, "prohibit"))) == []


@pytest.mark.parametrize("proto", ["kernel", "redirect", "ra"])
def test_routes_that_the_kernel_writes_are_nobodys(proto) -> None:
    state = dataclasses.replace(
        DEAD, marks=(Mark("route", interface="eth0", proto=proto), Mark("route", tables=((0, 999),)))
    )
    for kind, rule in (("unicast", "RC203"), ("unreachable", "RC206")):
        assert run(rule, groups=[group(Hop(2), proto=proto, type=kind)], owners=(state,)) == []


def test_a_kernel_that_is_not_asked_any_more_is_not_guessed(monkeypatch) -> None:
    """Beyond its budget a check says that it does not know."""
    for rule, one in (("RC203", bgp()), ("RC206", group(proto="bgp", type="blackhole"))):
        monkeypatch.setattr(CHECKS[rule], "budget", 0)
        (found,) = run(rule, groups=[one], owners=(DEAD,))
        assert (found.severity, found.details["carried_by"]) == ("medium", "unknown")


def test_the_order_of_groups_does_not_decide_what_is_removed() -> None:
    dead = dataclasses.replace(DEAD, marks=(Mark("route", prefix="10.0.0.0/8"),))
    one = RouteGroup(Route(4, None, proto="static", hops=(Hop(2),)), 2, ("10.0.0.0/24", "192.168.0.0/24"))
    other = RouteGroup(Route(4, None, proto="static", metric=5, hops=(Hop(2),)), 1, ("10.0.1.0/24",))
    told = [run("RC203", groups=order, owners=(dead,), ask=reach) for order in ([one, other], [other, one])]
    removed = [{(step.args["dst"], step.args["metric"]) for step in found[0].remedy} for found in told]
    assert removed == [{("10.0.0.0/24", 0), ("10.0.1.0/24", 5)}] * 2


# What other rules find, and whose it is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alive", "ops"), [(True, ["owner.restart"]), (False, []), (None, [])], ids=["alive", "dead", "not known"]
)
def test_a_tunnel_whose_underlay_moved_is_made_anew_by_its_owner(alive, ops) -> None:
    state = dataclasses.replace(
        DEAD,
        name="doublezerod",
        alive=alive,
        marks=(Mark("link", name="doublezero?"),),
        restart=("systemctl", "restart", "d"),
    )
    (found,) = run("RC403", links=(LO, ETH0, GRE), addresses=(), ask=refuse, owners=(state,))
    assert [step.op for step in found.remedy] == ops
    assert found.owner is not None and (found.owner.name, found.owner.alive) == ("doublezerod", alive)


def test_a_route_into_nothing_is_somebodys() -> None:
    links = (LO, dataclasses.replace(ETH0, up=False))
    (found,) = run("RC202", groups=[bgp()], links=links, owners=(ALIVE,))
    assert found.owner is not None and found.owner.name == "bird"


def test_of_several_owners_the_one_that_lives_is_named() -> None:
    """In whatever order they come: nothing is taken from it."""
    rules = (Rule(4, 500, table=99), Rule(4, 600, table=99))
    dead = dataclasses.replace(DEAD, marks=(Mark("rule", priorities=((500, 500),)),))
    living = dataclasses.replace(ALIVE, marks=(Mark("rule", priorities=((600, 600),)),))
    for order in ((dead, living), (living, dead)):
        (found,) = run("RC301", rules=rules, owners=order)
        assert found.owner is not None and found.owner.name == "bird" and found.remedy == ()
    (found,) = run("RC301", rules=rules, owners=(dead,))
    assert [step.args["priority"] for step in found.remedy] == [500, 600], "as before: the table is empty"
