# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Profiles of rules: those that are shipped, a user's own, and what wins."""

from __future__ import annotations

import json
import pathlib

import pytest

pytest.importorskip("ansible.errors", reason="profiles are read on the controller")

from ansible_collections.netmend.reclaim.plugins.module_utils.audit import request
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.weights import load
from ansible_collections.netmend.reclaim.plugins.plugin_utils.rule_profiles import options, shipped
from ansible_collections.netmend.reclaim.tests.fixtures import world

NAMES = ["kubernetes-node", "router", "server", "validator", "vpn-host"]


def rules(asked, explicit):
    made = options(asked, explicit)
    return made["profile"], made["rules"]


def own(*items):
    return {"name": "own", "rules": [dict(item, reason="It is so here.") for item in items]}


WORLDLESS = ("RC102",)
"""Rules that are not tried in worlds."""


def made_by(rule):
    """What the rule finds in the worlds that it is tried in."""
    captures = world.captured(rule)
    return [
        finding
        for case in world.load(world.WORLDS / ("%s.yml" % rule))
        for finding in world.replay(case, captures[case.name])
    ]


def test_what_is_shipped() -> None:
    assert sorted(shipped()) == NAMES
    for name, profile in shipped().items():
        assert profile["name"] == name
        asked = rules(name, {})[1]
        assert request({"rules": asked}).severities or asked["exclude"], name


def test_each_item_of_a_shipped_profile_changes_what_its_rule_finds() -> None:
    items = [item for profile in shipped().values() for item in profile["rules"] if "severity" in item]
    found = {item["rule"]: made_by(item["rule"]) for item in items if item["rule"] not in WORLDLESS}
    idle = [item for item in items if item["rule"] in found and not changes(load(item), found[item["rule"]])]
    assert idle == []
    for item in items:
        if item["rule"] in WORLDLESS:
            assert item["severity"] != CHECKS[item["rule"]].description.severity


def changes(weight, findings):
    return [one for one in findings if weight.fits(one) and one.severity != weight.severity]


def test_no_shipped_profile_makes_a_hint_or_something_small_loud() -> None:
    """What is raised to high or above was medium at least: a rule says low where it is not sure of the harm."""
    for name, profile in shipped().items():
        for item in profile["rules"]:
            if item.get("severity") in ("critical", "high") and item["rule"] not in WORLDLESS:
                before = {one.severity for one in made_by(item["rule"]) if load(item).fits(one)}
                assert before <= {"medium", "high", "critical"}, (name, item)


SCHEMA = pathlib.Path(__file__).resolve().parents[4] / "docs" / "schema" / "profile-1.json"


@pytest.mark.parametrize("asked", [None, "", [], ["", None]])
def test_none(asked) -> None:
    assert rules(asked, {}) == ([], {"include": [], "exclude": [], "severities": []})


def test_the_later_one_wins() -> None:
    names, made = rules(["router", own({"rule": "RC205", "run": True}, {"rule": "RC406", "run": False})], {})
    assert names == ["router", "own"]
    assert made["exclude"] == ["RC406"]


def test_what_is_explicit_wins() -> None:
    explicit = {
        "include": ["RC205", "RC204"],
        "exclude": ["RC204"],
        "severities": [{"rule": "RC105", "severity": "critical"}],
    }
    made = rules("router", explicit)[1]
    assert made["include"] == ["RC205", "RC204"]
    assert made["exclude"] == ["RC204"]
    assert made["severities"][-1] == {"rule": "RC105", "severity": "critical"}
    (counters,) = [item for item in made["severities"][:-1] if item["rule"] == "RC105"]
    assert (counters["cause"], counters["severity"]) == ("counter-rising", "info")
    assert counters["reason"].startswith("profile router: Packets to where no route leads")


def test_as_one_types_it() -> None:
    names, made = rules("kubernetes-node,vpn-host", {"include": "RC201,RC202"})
    assert (names, made["include"]) == (["kubernetes-node", "vpn-host"], ["RC201", "RC202"])
    assert rules(own({"rule": "RC406", "run": False}), "include=RC201")[1]["include"] == ["RC201"]


def test_a_file(tmp_path, monkeypatch) -> None:
    path = tmp_path / "edge.yml"
    path.write_text("name: edge\nrules: [{rule: RC406, run: false, reason: As wired.}]\n", encoding="utf-8")
    wanted = (["edge"], {"include": [], "exclude": ["RC406"], "severities": []})
    assert rules(str(path), {}) == wanted
    monkeypatch.chdir(tmp_path)
    assert rules("edge.yml", {}) == rules("./edge.yml", {}) == wanted
    path.write_text("a: [", encoding="utf-8")
    with pytest.raises(ValueError, match="edge.yml is no YAML: "):
        rules(str(path), {})
    with pytest.raises(ValueError, match="gone.yml cannot be read: No such file"):
        rules(str(tmp_path / "gone.yml"), {})
    path.write_text("- name: edge\n", encoding="utf-8")
    with pytest.raises(
        ValueError, match="edge.yml: expected a dictionary with name, title, description, intent, rules; got list"
    ):
        rules(str(path), {})


BAD = [
    (dict(own(), intent={"links": []}), "profile: intent: unknown: links; expected owners, forwarding"),
    (dict(own(), intent={"owners": [""]}), "intent: owners: expected names; got ''"),
    (dict(own(), intent={"forwarding": [4]}), "intent: forwarding: expected ipv4, ipv6; got 4"),
    (dict(own(), intent={"owners": "frr"}), "intent: owners: expected list"),
    ("routr", "none with the name routr; the profiles are kubernetes-node, router, server, validator, vpn-host"),
    (7, "expected a name, the path of a YAML file, or a dictionary; got 7"),
    ({"name": "x"}, "profile: missing: rules"),
    ({"name": " ", "rules": []}, "name: expected 1 to 60 characters"),
    ({"name": "x", "rules": [], "rule": 1}, "profile: unknown: rule; expected name, title, description, intent, rules"),
    ({"name": "x", "rules": {}}, "profile: rules: expected list"),
    ({"name": "x", "rules": ["RC205"]}, "item 1: expected a dictionary with rule, run"),
    ({"name": "x", "rules": [{"rule": "RC205", "run": False}]}, "item 1: missing: reason"),
    (own({"rule": "RC999", "run": False}), "item 1: no rule has the id RC999; the rules are RC101"),
    (own({"rule": "RC205", "run": "no"}), "item 1: run: expected bool; got 'no'"),
    (own({"rule": "RC205"}), r"item 1 \(RC205\): expected either run or severity"),
    (own({"rule": "RC205", "run": True, "severity": "low"}), "expected either run or severity"),
    (own({"rule": "RC205", "run": False, "cause": "x"}), "cause and found are for severity"),
    (own({"rule": "RC205", "severity": "bad"}), "severity is bad; expected one of critical, high"),
    ({"name": "x", "rules": [{"rule": "RC205", "run": False, "reason": " "}]}, "reason: expected a word on why"),
]


@pytest.mark.parametrize(("asked", "message"), BAD)
def test_bad_input(asked, message) -> None:
    with pytest.raises(ValueError, match=message):
        rules([asked], {})


@pytest.mark.parametrize("explicit", [["RC201"], "RC201", {"severities": {"rule": "RC201"}}])
def test_bad_rules(explicit) -> None:
    with pytest.raises(ValueError, match=r"^rules.*: expected a "):
        rules("router", explicit)


def test_what_a_kind_of_host_is_expected_to_do() -> None:
    profile = dict(own(), intent={"owners": ["frr", "bird"], "forwarding": ["ipv6"]})
    declared = {"owners": ["bird", "mine"], "links": [{"name": "eth0"}]}
    made = options(["validator", "router", profile], {}, declared)["intent"]
    assert made == {
        "owners": ["doublezerod", "frr", "bird", "mine"],
        "forwarding": ["ipv4", "ipv6"],
        "links": [{"name": "eth0"}],
    }
    assert options("server", {}, declared)["intent"] == declared
    assert options(None) == {
        "profile": [],
        "rules": {"include": [], "exclude": [], "severities": []},
        "intent": {},
    }
    with pytest.raises(ValueError, match="intent: expected a dictionary with addresses, routes and the like; got"):
        options("router", {}, ["forwarding"])


def test_the_schema_says_the_same() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    judge = jsonschema.Draft202012Validator(schema)
    for profile in shipped().values():
        judge.validate(profile)
    judge.validate(own({"rule": "RC205", "severity": "low", "cause": "x", "found": "info"}))
    for bad, _message in BAD:
        assert not judge.is_valid(bad) or "RC999" in str(bad), bad
