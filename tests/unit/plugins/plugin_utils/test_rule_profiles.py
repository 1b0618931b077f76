# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Profiles of rules: those that are shipped, a user's own, and what wins."""

from __future__ import annotations

import pathlib
import re

import pytest

pytest.importorskip("ansible.errors", reason="profiles are read on the controller")

from ansible_collections.netmend.reclaim.plugins.module_utils import rules as registry
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import request
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS
from ansible_collections.netmend.reclaim.plugins.plugin_utils.rule_profiles import rules, shipped

NAMES = ["kubernetes-node", "router", "server", "validator", "vpn-host"]


def same(path: str) -> str:
    return path


def own(*items):
    return {"name": "own", "rules": [dict(item, reason="It is so here.") for item in items]}


def test_what_is_shipped() -> None:
    assert sorted(shipped()) == NAMES
    known = "".join(path.read_text(encoding="utf-8") for path in pathlib.Path(registry.__file__).parent.glob("*.py"))
    causes = set(re.findall(r'"cause": "([a-z-]+)"', known))
    for name, profile in shipped().items():
        asked = rules(name, {}, same)[1]
        assert request({"rules": asked}).severities or asked["exclude"], name
        for item in profile["rules"]:
            assert item.get("cause") in (None, *causes), (name, item)
            # A profile that says what the rule says anyway would only seem to do something.
            assert item.get("severity", "") != item.get("found"), (name, item)
            if "severity" in item and not {"cause", "found"} & set(item):
                assert item["severity"] != CHECKS[item["rule"]].description.severity, (name, item)


@pytest.mark.parametrize("asked", [None, "", [], ["", None]])
def test_none(asked) -> None:
    assert rules(asked, {}, same) == ([], {"include": [], "exclude": [], "severities": []})


def test_the_later_one_wins() -> None:
    names, made = rules(["router", own({"rule": "RC205", "run": True}, {"rule": "RC406", "run": False})], {}, same)
    assert names == ["router", "own"]
    assert made["exclude"] == ["RC406"]


def test_what_is_explicit_wins() -> None:
    explicit = {
        "include": ["RC205", "RC204"],
        "exclude": ["RC204"],
        "severities": [{"rule": "RC105", "severity": "critical"}],
    }
    made = rules("router", explicit, same)[1]
    assert made["include"] == ["RC205", "RC204"]
    assert made["exclude"] == ["RC204"]
    assert made["severities"][-1] == {"rule": "RC105", "severity": "critical"}
    assert {"rule": "RC105", "cause": "counter-rising", "severity": "info"} in made["severities"]


def test_a_file(tmp_path) -> None:
    path = tmp_path / "edge.yml"
    path.write_text("name: edge\nrules: [{rule: RC406, run: false, reason: As wired.}]\n", encoding="utf-8")
    assert rules(str(path), {}, same) == (["edge"], {"include": [], "exclude": ["RC406"], "severities": []})
    path.write_text("a: [", encoding="utf-8")
    with pytest.raises(ValueError, match="edge.yml cannot be read: "):
        rules(str(path), {}, same)
    with pytest.raises(ValueError, match="gone.yml cannot be read: "):
        rules(str(tmp_path / "gone.yml"), {}, same)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("routr", "none with the name routr; the profiles are kubernetes-node, router, server, validator, vpn-host"),
        (7, "expected a name, the path of a YAML file, or a dictionary; got 7"),
        ({"name": "x"}, "profile: missing: rules"),
        ({"name": " ", "rules": []}, "name: expected 1 to 60 characters"),
        ({"name": "x", "rules": [], "rule": 1}, "profile: unknown: rule; expected name, title, description, rules"),
        ({"name": "x", "rules": {}}, "profile: rules: expected list"),
        ({"name": "x", "rules": ["RC205"]}, "item 1: expected a dictionary with rule, run"),
        ({"name": "x", "rules": [{"rule": "RC205", "run": False}]}, "item 1: missing: reason"),
        (own({"rule": "RC999", "run": False}), "item 1: no rule has the id RC999; the rules are RC101"),
        (own({"rule": "RC205", "run": "no"}), "item 1: run: expected bool; got 'no'"),
        (own({"rule": "RC205"}), r"item 1 \(RC205\): expected either run or severity"),
        (own({"rule": "RC205", "run": True, "severity": "low"}), "expected either run or severity"),
        (own({"rule": "RC205", "run": False, "cause": "x"}), "cause and found are for severity"),
        (own({"rule": "RC205", "severity": "bad"}), "severity is bad; expected one of critical, high"),
    ],
)
def test_bad_input(asked, message) -> None:
    with pytest.raises(ValueError, match=message):
        rules([asked], {}, same)
