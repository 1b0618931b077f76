# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a plan: defaults, and what is wrong with a request. Planning itself: tests/integration/kernel."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import request
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.ops import allowed_by
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.options import OPTIONS, REMEDIES
from ansible_collections.netmend.reclaim.plugins.module_utils.planning import Wishes, wishes


def test_the_module_s_defaults_are_those_of_a_wish() -> None:
    given = {name: option["default"] for name, option in OPTIONS.items()}
    assert wishes(given) == wishes({}) == Wishes()
    assert [field.name for field in dataclasses.fields(Wishes)] == list(OPTIONS)


def test_what_is_allowed_unless_somebody_says_otherwise() -> None:
    ops = allowed_by(REMEDIES)
    assert {"owner.restart", "link.up", "address.add", "route.del", "rule.del", "nexthop.del", "neighbour.del"} <= ops
    assert not ops & {
        "address.del",
        "link.down",
        "link.del",
        "socket.destroy",
        "flow.del",
        "firewall.allow",
        "sysctl.set",
    }


def test_a_plan_tells_what_was_asked() -> None:
    asked = wishes(
        {"protect": [{"table": 100, "kind": None}], "max_removals": 3, "remedies": ["*"], "confirm_after": 0}
    )
    assert asked.limits == {
        "protect": [{"table": 100}],
        "protect_way_in": True,
        "max_removals": 3,
        "max_percent": 20,
        "remedies": ["*"],
        "confirm_after": 0,
    }


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"remedies": ["routes.*"]}, "remedies: no op is like 'routes.*'"),
        ({"max_removals": -1}, "max_removals: -1; expected 0 or more"),
        ({"max_percent": 101}, "max_percent: 101; expected 0 to 100"),
        ({"confirm_after": -1}, "confirm_after: -1 seconds; expected 0 or more"),
        ({"protect": [{"table": 1}, {"colour": "red"}]}, r"protect\[1\]: there is no key 'colour'"),
    ],
)
def test_bad_requests_are_refused_before_anything_is_read(params, words) -> None:
    with pytest.raises(ValueError, match=words):
        request(dict(params, plan=True))
    assert request(dict(params, plan=False)).plan is None


def test_an_audit_that_does_not_plan_does_not_pay_for_planning() -> None:
    """Each import is compiled anew on a managed host, in each run."""
    package = "ansible_collections.netmend.reclaim.plugins."
    code = "import sys, %smodules.audit_info; print('\\n'.join(sys.modules))" % package
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = {name[len(package) :] for name in done.stdout.split() if name.startswith(package)}
    assert "module_utils.audit" in loaded
    for late in ("planning", "plan.make", "resolve", "probing.run", "evidence.firewall.trace"):
        assert "module_utils." + late not in loaded, late
