# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
import pathlib

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Plan
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.wire import to_json
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, shape
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

jsonschema = pytest.importorskip("jsonschema")
referencing = pytest.importorskip("referencing")

SCHEMAS = pathlib.Path(__file__).resolve().parents[5] / "docs" / "schema"


def load(name):
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


def validator(name):
    known = referencing.Registry().with_resources(
        (schema["$id"], referencing.Resource.from_contents(schema))
        for schema in map(load, ("audit-host-1.json", "fleet-1.json", "plan-1.json", "history-1.json"))
    )
    return jsonschema.Draft202012Validator(load(name), registry=known)


@pytest.mark.parametrize("name", ["audit-host-1.json", "fleet-1.json", "history-1.json"])
def test_the_schemas_are_schemas(name):
    jsonschema.Draft202012Validator.check_schema(load(name))


@pytest.mark.parametrize("results", [samples.fleet_of_few, samples.hostile_fleet, dict])
def test_a_fleet_is_as_its_schema_says(results):
    document = fleet.document(results(), samples.NOON)
    validator("fleet-1.json").validate(document)
    for host in document["hosts"].values():
        validator("audit-host-1.json").validate(host)


def test_the_module_s_own_result_is_as_the_schema_of_a_host_says():
    validator("audit-host-1.json").validate(samples.audit(samples.finding(), samples.litter()))


def paths(value, trail=()):
    """Every place in a document that the schemas require."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*trail, key)
            yield from paths(item, (*trail, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from paths(item, (*trail, number))


FREE = {"selector", "args", "details", "by_rule", "counts", "started"}
"""Objects whose keys nobody promises, and the start of a process."""


def test_what_the_schema_requires_the_report_requires_too():
    """The schema is for others, shape.py is what the formats rely on: they say the same."""
    whole = samples.registered(samples.finding())
    judge = validator("audit-host-1.json")
    tried = 0
    for path in paths(samples.audit(samples.finding())):
        if FREE & set(path[:-1]) or path[-1] == "started" and len(path) > 1:
            continue
        if isinstance(path[-1], int):
            continue
        broken = copy.deepcopy(whole)
        place = broken
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]
        tried += 1
        ours = fleet.host("h", broken)["status"] == "audited"
        theirs = judge.is_valid({"name": "h", "status": "audited", **broken})
        assert (path, ours) == (path, theirs)
        assert not ours
    assert tried > 50


def test_a_result_with_a_plan_is_reported_and_a_plan_that_was_changed_is_not():
    plan = to_json(
        Plan({"hostname": "h", "machine_id": None, "boot_id": None, "netns": None}, "g", 1.0, "netmend.reclaim")
    )
    whole = dict(samples.audit(samples.finding()), plan=plan)
    assert shape.audit(whole)["plan"] == plan
    validator("audit-host-1.json").validate(whole)
    assert shape.audit(dict(whole, plan=None))["plan"] is None
    assert "plan" not in shape.audit(samples.audit(samples.finding()))
    for broken in (dict(plan, generation="f"), {"steps": []}, []):
        with pytest.raises(shape.ShapeError, match="plan"):
            shape.audit(dict(whole, plan=broken))
