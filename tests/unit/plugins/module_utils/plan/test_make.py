# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From findings to steps: order, merging, inverse, risk, and each reason for which a remedy gets no step."""

from __future__ import annotations

import dataclasses
import pathlib
import re

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.identity import fingerprint
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    OPS,
    Address,
    Link,
    NextHop,
    Owner,
    Route,
    Rule,
    Session,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.make import MADE_BY, STEPS, WITHHELD
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.ops import REMOVALS, allowed_by, kind_of
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.risk import risk_of
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.select import Resolved
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.wire import from_json, to_json
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.plan.hosts import (
    PERMANENT,
    RESTART,
    STALE,
    World,
    finding,
    only,
    planned,
    seen,
    step,
    told,
)

GALAXY = pathlib.Path(__file__).resolve().parents[5] / "galaxy.yml"
ALIVE = Owner("doublezerod", True, "it runs", "doublezerod.service")
DEAD = dataclasses.replace(ALIVE, alive=False)
RULE = Rule(4, 500, table=9)


def dsts(count: int) -> list[str]:
    return ["10.0.%d.%d/32" % divmod(number, 256) for number in range(count)]


def test_a_step_says_what_is_done_to_what_and_how_it_is_undone() -> None:
    world = World()
    item = world.add(
        finding(step("route.del"), details={"carried_by": "this"}), [seen(STALE, "10.0.0.0/8", "10.1.0.0/16")]
    )
    plan = world.plan()
    (made,) = plan.steps
    assert (made.op, made.kind, made.dsts, made.count) == ("route.del", "route", ("10.0.0.0/8", "10.1.0.0/16"), 2)
    assert made.findings == (fingerprint(item),) and made.why == item.cause and made.command == "ip route del"
    assert made.raw == seen(STALE).raw.hex()
    assert made.object["prefsrc"] == "192.0.2.77" and made.object["hops"] == [
        {"ifindex": 5, "gateway": "192.0.2.9", "weight": 1}
    ]
    assert (made.inverse, made.no_inverse) == ("route.add", "")
    assert made.risk == "medium" and "will take another way" in made.risk_because
    assert plan.links == {"5": "bond0"}
    assert plan.host == {"hostname": "h", "machine_id": "m", "boot_id": "b", "netns": None}
    assert (plan.generation, plan.created, plan.limits) == ("g", 1700000000.0, {"max_removals": 50})
    assert plan.withheld == ()
    assert from_json(to_json(plan)) == plan


def test_the_plan_names_the_version_of_the_collection() -> None:
    version = re.search(r"^version: (\S+)$", GALAXY.read_text(encoding="utf-8"), re.MULTILINE)
    assert version is not None and MADE_BY == "netmend.reclaim %s" % version.group(1)


def test_a_restart_is_planned_once_and_cannot_be_undone() -> None:
    world = World()
    for local in ("192.0.2.77", "192.0.2.78"):
        world.add(finding(step("owner.restart", **RESTART), selector={"local": local}, owner=ALIVE))
    (made,) = world.plan().steps
    assert (made.kind, made.raw, made.object, made.args) == (None, "", {}, RESTART)
    assert len(made.findings) == 2
    assert made.inverse is None and "cannot be taken back" in made.no_inverse
    assert made.risk == "medium" and "healthy sessions" in made.risk_because


def test_the_order_is_that_of_the_ops_and_stable_within_one() -> None:
    world = World()
    for op, item in (
        ("address.del", Address(4, 5, "192.0.2.77", 32)),
        ("nexthop.del", NextHop(7, 4, 5)),
        ("route.del", STALE),
        ("rule.del", RULE),
        ("rule.add", dataclasses.replace(RULE, src="10.0.0.0/8")),
        ("link.up", Link(7, "eth2")),
    ):
        world.add(finding(step(op)), [seen(item, *(["10.0.0.0/8"] if isinstance(item, Route) else []))])
    world.add(finding(step("owner.restart", **RESTART)))
    world.add(finding(step("rule.del", priority=501), severity="low"), [seen(dataclasses.replace(RULE, priority=501))])
    plan = world.plan()
    assert [made.op for made in plan.steps] == [
        "owner.restart", "link.up", "rule.add", "rule.del", "rule.del", "route.del", "nexthop.del", "address.del",
    ]  # fmt: skip
    assert [made.object["priority"] for made in plan.steps if made.op == "rule.del"] == [500, 501]
    world.findings.reverse()
    assert world.plan() == plan, "the order of the findings does not matter"


def test_two_findings_about_one_object_make_one_step() -> None:
    world = World()
    one = world.add(finding(step("route.del", source="192.0.2.77")), [seen(STALE, "10.0.0.0/8")])
    two = world.add(finding(step("route.del", table=100), rule="RC204"), [seen(STALE, "10.0.0.0/8", "10.1.0.0/16")])
    (made,) = world.plan(most=2).steps
    assert made.dsts == ("10.0.0.0/8", "10.1.0.0/16"), "the object they share is counted once"
    assert set(made.findings) == {fingerprint(one), fingerprint(two)}


def test_objects_that_are_alike_have_a_step_each() -> None:
    assert [made.op for made in planned("rule.del", seen(RULE), seen(RULE)).steps] == ["rule.del", "rule.del"]


def test_many_routes_of_one_template_are_one_step() -> None:
    other = dataclasses.replace(STALE, metric=7)
    plan = planned("route.del", seen(STALE, *dsts(900)), seen(other, "10.9.0.0/16"), most=1000, percent=100)
    assert [made.count for made in plan.steps] == [900, 1]
    # The remedy's command would take both: each step shows its own.
    assert plan.steps[0].command.startswith(
        "ip -4 route del 10.0.0.0/32 table 100 proto bgp; ip -4 route del 10.0.0.1/32"
    )
    assert plan.steps[0].command.endswith("# and 897 more")
    assert plan.steps[1].command == "ip -4 route del 10.9.0.0/16 table 100 proto bgp metric 7"


@pytest.mark.parametrize("op", sorted(OPS))
def test_each_op_has_a_risk_and_a_kind(op) -> None:
    risk, because = risk_of(op, finding())
    assert risk in ("low", "medium", "high") and because.endswith(".")
    without = ("owner.release", "owner.restart", "sysctl.set", "firewall.allow", "firewall.revoke")
    assert (kind_of(op) is None) == (op in without)


@pytest.mark.parametrize("op", ["address.del", "link.down", "link.del"])
def test_what_cuts_is_of_high_risk(op) -> None:
    assert risk_of(op, finding())[0] == "high"


# Why not -------------------------------------------------------------------------------------------------------------


def test_no_remedy() -> None:
    world = World()
    world.add(finding(advice="Plug in the cable."))
    item = only(world.plan())
    assert (item.op, item.reason, item.words, item.rule) == (None, "no-remedy", "Plug in the cable.", "RC201")


def test_a_hint_is_never_planned() -> None:
    world = World()
    world.add(finding(step("rule.del"), step("owner.restart", **RESTART), confidence="hint"), [seen(RULE)])
    plan = world.plan()
    assert plan.steps == () and told(plan) == [("rule.del", "hint"), ("owner.restart", "hint")]


def test_only_allowed_ops_are_planned() -> None:
    item = only(planned("rule.del", seen(RULE), allowed=allowed_by(["route.*", "owner.restart"])))
    assert item.reason == "not-allowed" and "rule.del" in item.words


@pytest.mark.parametrize(
    ("patterns", "ops"),
    [
        (["*"], set(OPS)),
        (["owner.restart"], {"owner.restart"}),
        (["route.*", "link.up"], {"route.add", "route.del", "link.up"}),
        (["*.del"], {op for op in OPS if op.endswith(".del")}),
        ([], set()),
    ],
)
def test_patterns_of_ops(patterns, ops) -> None:
    assert allowed_by(patterns) == ops


@pytest.mark.parametrize("pattern", ["route", "routes.*", "", "reboot"])
def test_a_pattern_that_no_op_is_like(pattern) -> None:
    with pytest.raises(ValueError, match="remedies: no op is like %r; the ops are owner.release, " % pattern):
        allowed_by(["route.*", pattern])


@pytest.mark.parametrize("op", [op for op in REMOVALS if op not in ("socket.destroy", "flow.del")])
def test_what_a_live_owner_holds_is_its_own_to_remove(op) -> None:
    items = {"route": seen(STALE, "10.0.0.0/8"), "rule": seen(RULE), "nexthop": seen(NextHop(7, 4, 5))}
    items.update(neighbour=seen(PERMANENT), address=seen(Address(4, 5, "192.0.2.77", 32)), link=seen(Link(7, "eth2")))
    about = [items[kind_of(op)]]
    world = World()
    world.add(finding(step(op), owner=ALIVE), about)
    item = only(world.plan())
    assert item.reason == "owner-alive" and "doublezerod" in item.words
    world = World()
    world.add(finding(step(op), owner=DEAD), about)
    assert [made.op for made in world.plan().steps] == [op]


def test_what_a_live_owner_wants_no_other_finding_takes() -> None:
    world = World()
    world.add(finding(step("route.del", source="192.0.2.77"), owner=ALIVE), [seen(STALE, "10.0.0.0/8")])
    world.add(finding(step("route.del", table=100)), [seen(STALE, "10.0.0.0/8", "10.1.0.0/16")])
    world.add(finding(step("rule.del", priority=500)), [seen(RULE)])
    world.add(finding(step("rule.del"), owner=ALIVE), [seen(RULE)])
    plan = world.plan()
    assert [(made.op, made.dsts) for made in plan.steps] == [("route.del", ("10.1.0.0/16",))]
    assert [reason for _op, reason in told(plan)] == ["owner-alive"] * 4


def test_a_dead_connection_of_a_live_process_may_be_ended() -> None:
    dead = seen(Session(4, "tcp", "192.0.2.77", 4000, "198.51.100.1", 443, inode=9))
    world = World()
    world.add(finding(step("socket.destroy"), owner=ALIVE), [dead])
    (made,) = world.plan().steps
    assert (made.op, made.inverse, made.kind) == ("socket.destroy", None, "session")


def test_what_was_seen_once_waits() -> None:
    world = World()
    old = world.add(finding(step("rule.del")), [seen(RULE)])
    world.add(finding(step("route.del")), [seen(STALE, "10.0.0.0/8")])
    plan = world.plan(before={fingerprint(old)})
    assert [made.op for made in plan.steps] == ["rule.del"]
    assert told(plan) == [("route.del", "seen-once")]


def test_what_changed_between_the_sightings_waits() -> None:
    world = World()
    world.add(finding(step("rule.del")), Resolved((), changed=1))
    world.add(finding(step("route.del")), Resolved((seen(STALE, "10.0.0.0/8"),), changed=3))
    plan = world.plan()
    assert [made.dsts for made in plan.steps] == [("10.0.0.0/8",)]
    assert sorted(told(plan)) == [("route.del", "changed"), ("rule.del", "changed")]
    assert "3 of its objects" in next(item.words for item in plan.withheld if item.op == "route.del")


def test_what_is_gone_gets_no_step() -> None:
    item = only(planned("rule.del"))
    assert item.reason == "changed" and "not there any more" in item.words


def test_never_more_than_was_found() -> None:
    world = World()
    world.add(finding(step("route.del"), count=2), [seen(STALE, *dsts(3))])
    item = only(world.plan())
    assert item.reason == "changed" and "about 2 objects" in item.words and "take 3" in item.words


def test_what_has_no_step_of_a_finding_is_told() -> None:
    world = World()
    world.add(finding(step("rule.del"), count=21), [seen(RULE)])
    plan = world.plan()
    assert len(plan.steps) == 1
    assert [(item.reason, item.words[:31]) for item in plan.withheld] == [
        ("no-remedy", "20 of its 21 objects have no st")
    ]


def test_what_cannot_be_told_exactly() -> None:
    world = World()
    world.add(finding(step("route.add")), Resolved(problem="the link wg9 does not exist."))
    item = only(world.plan())
    assert (item.reason, item.words) == ("inexact", "the link wg9 does not exist.")


def test_a_plan_has_an_end() -> None:
    world = World()
    world.add(
        finding(step("rule.del")), [seen(dataclasses.replace(RULE, priority=number)) for number in range(1, STEPS + 2)]
    )
    plan = world.plan(most=10_000, percent=100)
    assert len(plan.steps) == STEPS and told(plan) == [("rule.del", "cap")]


# Caps ----------------------------------------------------------------------------------------------------------------


def test_the_worst_come_first_where_not_all_fit() -> None:
    world = World()
    low = world.add(finding(step("rule.del"), severity="low"), [seen(RULE)])
    world.add(finding(step("route.del"), severity="critical"), [seen(STALE, *dsts(3))])
    plan = world.plan(most=3)
    assert [made.op for made in plan.steps] == ["route.del"]
    (item,) = plan.withheld
    assert (item.finding, item.reason) == (fingerprint(low), "cap") and "max_removals: 3" in item.words


def test_a_step_that_does_not_fit_is_withheld_whole_and_a_smaller_one_may_still_fit() -> None:
    world = World()
    world.add(finding(step("route.del"), severity="critical"), [seen(STALE, *dsts(51))])
    world.add(finding(step("rule.del"), severity="low"), [seen(RULE)])
    plan = world.plan()
    assert [made.op for made in plan.steps] == ["rule.del"] and told(plan) == [("route.del", "cap")]


@pytest.mark.parametrize(("have", "percent", "count", "fits"), [
    (100, 20, 20, True), (100, 20, 21, False), (10, 20, 5, True), (10, 20, 6, False), (0, 0, 5, True), (50, 100, 50, True),
])  # fmt: skip
def test_a_share_of_the_objects_of_a_kind_and_five_in_any_case(have, percent, count, fits) -> None:
    world = World(totals={"route": have})
    world.add(finding(step("route.del")), [seen(STALE, *dsts(count))])
    plan = world.plan(percent=percent)
    assert bool(plan.steps) == fits
    if not fits:
        assert only(plan).reason == "cap" and "max_percent: %d" % percent in only(plan).words


def test_caps_count_what_is_removed_only() -> None:
    world = World(totals={})
    for number in range(9):
        world.add(finding(step("rule.add", priority=number)), [seen(dataclasses.replace(RULE, priority=600 + number))])
    world.add(finding(step("owner.restart", **RESTART)))
    assert len(world.plan(most=0, percent=0).steps) == 10


@pytest.mark.parametrize(("caps", "words"), [
    ({"most": -1}, "max_removals: -1; expected 0 or more"), ({"percent": 101}, "max_percent: 101; expected 0 to 100"),
])  # fmt: skip
def test_caps_that_are_none(caps, words) -> None:
    with pytest.raises(ValueError, match=words):
        World().plan(**caps)


def test_names_from_the_host_reach_the_plan_in_a_form_that_every_reader_takes() -> None:
    world = World()
    item = finding(step("rule.del"), cause="\udcff is gone.")
    world.add(dataclasses.replace(item, remedy=(dataclasses.replace(item.remedy[0], command="ip link del \udcff"),)), [
        seen(dataclasses.replace(RULE, iif="\udcff"))
    ])  # fmt: skip
    (made,) = world.plan().steps
    assert made.object["iif"] == made.why[:4] == "\\xff" and made.command == "ip link del \\xff"


def test_of_very_many_withheld_remedies_those_beyond_a_bound_are_counted() -> None:
    world = World()
    for number in range(WITHHELD + 500):
        world.add(finding(step("rule.del", priority=number)), None)
    for number in range(3):
        world.add(finding(step("route.del", table=number), rule="RC204"), None)
    plan = world.plan()
    assert plan.steps == () and WITHHELD < len(plan.withheld) <= WITHHELD + 2
    assert len({item.finding for item in plan.withheld}) == len(plan.withheld)
    more = [re.search(r" \(and (\d+) more\)$", item.words) for item in plan.withheld]
    assert sum(1 + (int(found.group(1)) if found else 0) for found in more) == WITHHELD + 503
    assert {item.op for item in plan.withheld} == {"rule.del", "route.del"}
    assert from_json(to_json(plan)) == plan
