# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same faults under two profiles of rules, under one of a user's own, and under none."""

from __future__ import annotations

import json
import pathlib

import namespaces
import pytest
import yaml
from hosts import PEERS
from lab_runs import Audited, Auditor
from place import Place

HANDS_OFF = {
    "name": "hands-off",
    "rules": [
        {"rule": rule, "run": False, "reason": "Somebody looks after it by hand."}
        for rule in ("RC102", "RC201", "RC204")
    ],
}


def severities(run: Audited, host: str) -> dict[str, str]:
    return {finding["fingerprint"]: finding["severity"] for finding in run.findings(host)}


def by_rule(run: Audited, host: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in run.findings(host):
        found.setdefault(finding["rule"], set()).add(finding["severity"])
    return found


@pytest.fixture(scope="module")
def grouped(auditor: Auditor, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """The inventory says of each host what it is; one has a profile in a file, one an unknown rule."""
    where = tmp_path_factory.mktemp("profiles")
    (where / "own.yml").write_text(yaml.safe_dump(HANDS_OFF), encoding="utf-8")
    wrong = dict(HANDS_OFF, rules=[{"rule": "RC999", "run": False, "reason": "A slip of the pen."}])
    (where / "wrong.yml").write_text(yaml.safe_dump(wrong), encoding="utf-8")
    hosts = {
        "router1": {"reclaim_profile": "router"},
        "busy1": {"reclaim_profile": "validator"},
        "vpn2": {"reclaim_profile": "validator"},
        "vpn1": {"reclaim_profile": ["vpn-host", str(where / "own.yml")]},
        "app1": {"reclaim_profile": str(where / "wrong.yml")},
    }
    groups = {
        "all": {"hosts": hosts},
        "policies": {"hosts": {"policy1": None}, "vars": {"reclaim_profile": "vpn-host"}},
    }
    (where / "profiles.yml").write_text(yaml.safe_dump(groups), encoding="utf-8")
    run = auditor.audit(
        "--limit",
        "router1,busy1,vpn1,vpn2,app1,policy1,plain1",
        "-i",
        str(where / "profiles.yml"),
        "-e",
        "reclaim_report_formats=csv",
    )
    assert run.code == 0, run.output
    return run


def test_a_router_is_looked_at_as_one(grouped: Audited, audited: Audited) -> None:
    before, now = by_rule(audited, "router1"), by_rule(grouped, "router1")
    assert (before["RC204"], before["RC205"]) == ({"medium"}, {"info"})
    assert now["RC204"] == {"info"}
    assert set(before) - set(now) == {"RC205"}
    assert set(now) - set(before) <= {"RC606"}
    assert "RC205" not in grouped.host("router1")["rules"]
    (told,) = grouped.findings("router1", "RC204")[0]["evidence"][-1:]
    assert told["source"] == "severity"
    assert told["observed"].startswith("medium by its rule, info here (profile router: Routing daemons fill tables")


def test_a_server_is_looked_at_otherwise(auditor: Auditor, audited: Audited) -> None:
    run = auditor.audit("--limit", "router1", "-e", "reclaim_profile=server")
    before, now = by_rule(audited, "router1"), by_rule(run, "router1")
    assert (before["RC205"], before["RC208"]) == ({"info"}, {"info"})
    assert dict(before, RC205={"low"}, RC208={"low"}) == now
    assert set(severities(run, "router1")) == set(severities(audited, "router1"))
    assert run.host("router1")["profile"] == ["server"]


def test_a_group_has_one_and_a_host_may_have_several(grouped: Audited, audited: Audited) -> None:
    assert grouped.host("policy1")["profile"] == ["vpn-host"]
    before, now = by_rule(audited, "policy1"), by_rule(grouped, "policy1")
    assert dict(before, RC301={"high"}) == now != before
    assert grouped.host("vpn1")["profile"] == ["vpn-host", "hands-off"]
    assert "RC102" in by_rule(audited, "vpn1") and grouped.findings("vpn1") == []


def test_what_such_a_host_does_is_expected(grouped: Audited, audited: Audited, lab: Place) -> None:
    assert audited.findings("busy1") == []
    (finding,) = grouped.findings("busy1")
    assert (finding["rule"], finding["object"]["selector"]) == ("RC605", {"owner": "doublezerod"})
    assert grouped.findings("vpn2", "RC605") == grouped.findings("vpn1", "RC605") == []
    forwards = namespaces.inside(lab.netns("router1"), ["cat", "/proc/sys/net/ipv4/ip_forward"]).strip() != "0"
    assert bool(grouped.findings("router1", "RC606")) != forwards


def test_without_a_profile_nothing_changes(grouped: Audited, audited: Audited) -> None:
    assert grouped.host("plain1")["profile"] == audited.host("plain1")["profile"] == []
    assert grouped.host("plain1")["rules"] == audited.host("plain1")["rules"]
    assert not any(
        item["source"] == "severity"
        for host in audited.fleet["hosts"].values()
        for finding in host["findings"]
        for item in finding["evidence"]
    )
    assert "Profiles:" not in audited.output


def test_an_unknown_rule_is_refused_in_words(grouped: Audited) -> None:
    host = grouped.fleet["hosts"]["app1"]
    assert host["status"] == "failed"
    assert "wrong.yml: rules: item 1: no rule has the id RC999; the rules are RC101, " in host["reason"]


def test_the_run_says_which_there_were(grouped: Audited) -> None:
    said = " ".join(grouped.output.split())
    assert (
        "Profiles: validator on 2 hosts, none on 1 host, router on 1 host, vpn-host on 1 host, vpn-host + hands-off on 1 host"
        in said
    )
    assert '"vpn-host + hands-off"' in (grouped.reports / "latest" / "findings.csv").read_text(encoding="utf-8")


def test_a_story_obeys_it(auditor: Auditor) -> None:
    asked = {"to": PEERS[0], "reclaim_profile": "validator"}
    told = auditor.play("explain", "--limit", "vpn1", "-e", json.dumps(asked))
    assert told.code == 0 and "RC102 (critical)" in told.output, told.output
    told = auditor.play("explain", "--limit", "vpn1", "-e", json.dumps(dict(asked, reclaim_profile=HANDS_OFF)))
    assert told.code == 0 and "VERDICT   source-gone" in told.output and "RC102" not in told.output, told.output


def test_a_plan_obeys_it(auditor: Auditor, tmp_path: pathlib.Path) -> None:
    options = {"reclaim_confirm_after": 1, "reclaim_profile": HANDS_OFF}
    run = auditor.play("remediate", "--limit", "router1,vpn1", "-e", json.dumps(options))
    assert run.code == 0, run.output
    plans = run.reports / "latest" / "plans"
    assert not list(plans.glob("*vpn1*"))
    (plan,) = plans.glob("*router1*")
    text = plan.read_text(encoding="utf-8")
    assert "192.0.2.131" not in text and "10.4.0.0/16" not in text
    assert "10.8.0.9" in text
