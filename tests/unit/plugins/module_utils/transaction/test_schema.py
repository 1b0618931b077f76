# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The published shape; results of real runs are held against it by the integration tests."""

from __future__ import annotations

import json
import pathlib

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Query
from ansible_collections.netmend.reclaim.plugins.module_utils.rehearsal.run import Changed, Rehearsal
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction import result

jsonschema = pytest.importorskip("jsonschema")

SCHEMA = json.loads(
    (pathlib.Path(__file__).resolve().parents[5] / "docs" / "schema" / "transaction-1.json").read_text(encoding="utf-8")
)


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_refusal_with_its_rehearsal():
    lost = Changed(Query(to="192.0.2.1"), "dev eth0", "ENETUNREACH")
    told = result.refused("it would lose 192.0.2.1", Rehearsal(True, lost=(lost,), moved=(lost,), looked_up=3))
    jsonschema.validate(told, SCHEMA)
    assert told["failed"] and told["rehearsal"]["lost"][0]["destination"] == "192.0.2.1"


@pytest.mark.parametrize("field", sorted(result.result("armed")))
def test_each_field_is_required(field):
    told = result.result("armed")
    jsonschema.validate(told, SCHEMA)
    del told[field]
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(told) == (field == "diff")  # only in diff mode
