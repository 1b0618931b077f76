# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is reviewed is what arrives: a plan survives its JSON, and nothing that was changed passes for it."""

from __future__ import annotations

import copy
import dataclasses
import json
import pathlib

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.plugins.module_utils.model import OPS, REASONS, Plan, PlanStep
from ansible_collections.netmend.reclaim.plugins.module_utils.plan import wire
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.wire import digest, from_json, to_json
from ansible_collections.netmend.reclaim.plugins.module_utils.shapes import ShapeError
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.plan import plans
from hypothesis import assume, given
from hypothesis import strategies as st

SCHEMA = pathlib.Path(__file__).resolve().parents[5] / "docs" / "schema" / "plan-1.json"
HOST = {"hostname": "h", "machine_id": None, "boot_id": "b", "netns": None}
ROUTE = PlanStep(
    op="route.del",
    findings=("0123456789abcdef",),
    command="ip route del 192.0.2.0/24",
    why="left over",
    kind="route",
    object={"family": 4},
    raw="0218",
    dsts=("192.0.2.0/24", "198.51.100.0/24"),
    inverse="route.add",
)
RULE = PlanStep(op="rule.del", findings=(), command="", why="", kind="rule", object={"family": 4}, raw="02")
RESTART = PlanStep(
    op="owner.restart",
    findings=(),
    command="",
    why="",
    args={"owner": "d", "unit": "d.service", "argv": ["systemctl", "restart", "d.service"]},
)


def plan(*steps: PlanStep) -> dict:
    return to_json(Plan(HOST, "g", 1700000000.0, "netmend.reclaim 0.1.0", steps))


def resealed(value: dict) -> dict:
    return dict(value, digest=digest(value))


def places(value, trail=()):
    """The paths of all leaves: also of what is empty."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not inner:
        yield trail
    for key, item in inner:
        yield from places(item, (*trail, key))


def put(value, trail, new):
    changed = copy.deepcopy(value)
    place = changed
    for key in trail[:-1]:
        place = place[key]
    place[trail[-1]] = new
    return changed


@given(plans.plans())
def test_a_plan_survives_its_json(made):
    assert from_json(json.loads(json.dumps(to_json(made)))) == made


@given(plans.plans(), st.data())
def test_the_digest_tells_a_change_of_any_leaf(made, data):
    value = to_json(made)
    trail = data.draw(st.sampled_from(list(places(value))))
    new = data.draw(plans.VALUES | st.sampled_from(["route.del", "high", "10.0.0.0/8", "00"]))
    changed = put(value, trail, new)
    assume(json.dumps(changed) != json.dumps(value))
    with pytest.raises(ShapeError):
        from_json(changed)


@given(plans.plans(), st.data())
def test_a_step_that_was_taken_out_or_put_in_is_told(made, data):
    assume(made.steps)
    value = to_json(made)
    number = data.draw(st.integers(0, len(made.steps) - 1))
    step = value["steps"][number]
    for changed in (value["steps"][:number] + value["steps"][number + 1 :], [*value["steps"], step]):
        with pytest.raises(ShapeError):
            from_json(dict(value, steps=changed))


@given(plans.plans())
def test_every_plan_is_as_the_schema_says(made):
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(to_json(made))


def test_the_schema_names_all_ops_and_reasons():
    known = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
    assert tuple(known["op"]["enum"]) == OPS
    assert tuple(known["withheld"]["properties"]["reason"]["enum"]) == REASONS


def test_the_digest_does_not_depend_on_the_order_of_keys():
    value = plan(ROUTE)
    assert digest(dict(reversed(list(value.items())))) == value["digest"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "net.ipv4.conf.eth0.100.rp_filter"}, r"args\.name"),
        ({"name": "net.ipv4.conf.../../kernel/panic.rp_filter"}, r"args\.name"),
        ({"name": "net.ipv4.conf.all.rp_filter"}, r"args\.name"),
        ({"name": "net.ipv4.conf.eth0.forwarding"}, r"args\.name"),
        ({"name": "net/ipv4/conf/eth0/rp_filter"}, r"args\.name"),
        ({"value": "0"}, r"args\.value"),
        ({"value": "1"}, r"args\.value"),
        ({"value": 2}, r"args\.value"),
        ({"seen": "3"}, r"args\.seen"),
        ({"argv": ["reboot"]}, "argv"),
    ],
)
def test_a_plan_sets_no_switch_but_those_in_the_list(changed, words):
    args = {"name": "net.ipv4.conf.eth0.rp_filter", "value": "2", "seen": "1"}
    step = PlanStep(op="sysctl.set", findings=(), command="", why="", args=args, inverse="sysctl.set")
    assert from_json(plan(step)).steps == (step,)
    with pytest.raises(ShapeError, match=words):
        from_json(plan(dataclasses.replace(step, args=dict(args, **changed))))


def test_the_destinations_of_a_step_are_one_text():
    (step,) = plan(ROUTE)["steps"]
    assert (step["dsts"], step["count"]) == ("192.0.2.0/24 198.51.100.0/24", 2)


HOSTILE = [
    (("schema",), "2.0", "schema"),
    (("steps",), {}, "plan.steps is not a list"),
    (("steps",), [[]], r"steps\[0\] is not an object"),
    (("steps", 0, "op"), "route.flush", r"steps\[0\].op is not one of"),
    (("steps", 0, "op"), ["route.del"], "op is not one of"),
    (("steps", 0, "op"), "rule.del", "kind is not that of rule.del: rule"),
    (("steps", 0, "raw"), "", "raw is not there"),
    (("steps", 0, "raw"), "0x", "a message in hexadecimal"),
    (("steps", 0, "raw"), "00" * 65537, "a message in hexadecimal"),
    (("steps", 0, "object"), {}, "object is not there"),
    (("steps", 0, "object"), {"a": 1.5}, "whole numbers"),
    (("steps", 0, "object"), {"a": float("nan")}, "whole numbers"),
    (("steps", 0, "object"), {"a": 1 << 64}, "64 bits"),
    (("steps", 0, "object"), {1: 1}, "object is not an object"),
    (("steps", 0, "object"), {"a": b"x"}, "made of"),
    (("steps", 0, "dsts"), "", "dsts is not there"),
    (("steps", 0, "dsts"), "192.0.2.1/24", "prefixes"),
    (("steps", 0, "dsts"), "192.0.2.0/24  10.0.0.0/8", "prefixes"),
    (("steps", 0, "dsts"), "192.0.2.0/24;reboot", "prefixes"),
    (("steps", 0, "dsts"), "192.0.2.0/24 192.0.2.0/24", "without repetition"),
    (("steps", 0, "count"), 3, "how many"),
    (("steps", 0, "count"), True, "a count"),
    (("steps", 0, "args"), {"argv": ["reboot"]}, "args has what nobody expects there: 'argv'"),
    (("steps", 0, "findings"), ["../../etc"], "a fingerprint"),
    (("steps", 0, "risk"), "none", "one of low, medium, high"),
    (("steps", 0, "inverse"), "undo", "one of"),
    (("steps", 0, "why"), "x" * 100_001, "short"),
    (("steps", 0, "surprise"), 1, "surprise"),
    (("host",), {"hostname": "h"}, "machine_id is missing"),
    (("created",), "now", "a count"),
    (("links",), {"eth0": "eth0"}, "numbers of links"),
    (("withheld",), [{"finding": "0" * 16, "rule": "RC1", "op": None, "reason": "whim", "words": ""}], "reason"),
    (("digest",), "", "SHA-256"),
    (("extra",), 1, "extra"),
]


@pytest.mark.parametrize(("trail", "new", "words"), HOSTILE)
def test_what_is_no_plan_is_refused_in_words(trail, new, words):
    """Also where somebody made the digest fit."""
    changed = put(plan(ROUTE), trail, new)
    try:
        changed = resealed(changed) if trail != ("digest",) else changed
    except (TypeError, ValueError):
        pass  # what JSON cannot hold has no digest
    with pytest.raises(ValueError, match=words):
        from_json(changed)


def test_a_missing_field_is_named():
    for key in plan(ROUTE):
        with pytest.raises(ValueError, match="%s is missing" % key):
            from_json({name: item for name, item in plan(ROUTE).items() if name != key})
    for key in plan(ROUTE)["steps"][0]:
        value = plan(ROUTE)
        del value["steps"][0][key]
        with pytest.raises(ValueError, match=r"steps\[0\] is not complete: %s is missing" % key):
            from_json(resealed(value))


@pytest.mark.parametrize("value", [None, [], "plan", 7, {"steps": None}])
def test_other_things_are_no_plans(value):
    with pytest.raises(ValueError, match="plan is not"):
        from_json(value)


def test_what_is_nested_without_end_is_refused():
    deep: dict = {}
    for _level in range(100_000):
        deep = {"a": deep}
    with pytest.raises(ValueError, match="nested too deep"):
        from_json(dict(plan(ROUTE), limits=deep))


def test_steps_out_of_order_are_refused():
    value = plan(ROUTE, RULE)
    with pytest.raises(ValueError, match="rule.del stands after route.del"):
        from_json(value)
    assert [step.op for step in from_json(plan(RESTART, RULE, ROUTE)).steps] == [
        "owner.restart",
        "rule.del",
        "route.del",
    ]


@pytest.mark.parametrize(
    "args", [{}, {"owner": "d", "unit": None, "argv": []}, {"owner": "d", "unit": None, "argv": "x"}]
)
def test_a_restart_says_what_is_run(args):
    value = plan(RESTART)
    value["steps"][0]["args"] = args
    with pytest.raises(ValueError, match="args"):
        from_json(resealed(value))


@pytest.mark.parametrize("good", ["0.0.0.0/0", "192.0.2.1/32", "::/0", "::ffff:0.0.0.0/96", "2001:db8::/32"])
def test_destinations_are_spelled_as_the_kernel_does(good):
    assert wire._is_prefix(good)


@pytest.mark.parametrize(
    "bad",
    ["", "/", "::ffff:0:0/96", "192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/024", "::1/0"],
)
def test_nothing_else_is_a_destination(bad):
    assert not wire._is_prefix(bad)
