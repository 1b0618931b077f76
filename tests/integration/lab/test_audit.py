# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit of the lab: what is planted is found, what only looks wrong is not. hosts.py says which is which."""

from __future__ import annotations

import json
import typing as t

import pytest
from hosts import ALLOCATED, HOSTS, PEERS
from lab_runs import Audited, Auditor, brief, host_named
from place import Place
from table import Expect, Host, Scene

PLANTED = [(host, scene) for host in HOSTS for scene in host.scenes if scene.expect]
HEALTHY = [host for host in HOSTS if not host.expect]
FIRST_EDITION = {
    "RC101", "RC102", "RC103", "RC104", "RC201", "RC202", "RC204", "RC205", "RC207", "RC208", "RC209", "RC301", "RC302",
    "RC303", "RC304", "RC401", "RC402", "RC403", "RC406", "RC407", "RC408", "RC409",
}  # fmt: skip


def matches(expect: Expect, finding: t.Mapping[str, t.Any]) -> bool:
    shown = json.dumps([finding[key] for key in ("object", "samples", "cause", "details")])
    return finding["rule"] == expect.rule and all(text in shown for text in expect.shows)


def test_each_rule_has_a_fault_in_the_lab(audited: Audited) -> None:
    planted = {expect.rule for host in HOSTS for expect in host.expect}
    assert planted == FIRST_EDITION
    assert planted <= set(audited.host("vpn1")["rules"])


def test_all_hosts_were_audited_and_none_was_changed(audited: Audited) -> None:
    assert {name: host["status"] for name, host in audited.fleet["hosts"].items()} == {
        host.name: "audited" for host in HOSTS
    }
    assert "changed=0" in audited.output
    assert not any("changed=%d" % number in audited.output for number in range(1, 10))


@pytest.mark.parametrize(("host", "scene"), PLANTED, ids=lambda value: value.name if isinstance(value, Host) else None)
def test_what_is_planted_is_found(audited: Audited, host: Host, scene: Scene) -> None:
    findings = audited.findings(host.name)
    for expect in scene.expect:
        found = [finding for finding in findings if matches(expect, finding)]
        assert len(found) == 1, "%s: %s\n%s" % (scene.about, expect, brief(findings))


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_nothing_else_is_found(audited: Audited, host: Host) -> None:
    findings = audited.findings(host.name)
    extra = [each for each in findings if not any(matches(expect, each) for expect in host.expect)]
    assert not extra, brief(extra)


@pytest.mark.parametrize("host", HEALTHY, ids=lambda host: host.name)
def test_a_healthy_host_is_clean_and_was_really_looked_at(audited: Audited, host: Host) -> None:
    result = audited.host(host.name)
    assert result["findings"] == []
    assert result["summary"]["total"] == 0
    assert result["unsteady"] == []
    counts = result["snapshot"]["counts"]
    assert counts["links"] >= 2 and counts["addresses"] >= 4 and counts["routes"] >= 10 and counts["sessions"] >= 1
    # The kernel of the lab may lack raw_diag; nothing else may be hidden from root.
    assert {each["what"] for each in result["unseen"]} <= {"raw sockets"}


@pytest.fixture
def incident(audited: Audited) -> dict[str, t.Any]:
    (finding,) = audited.findings("vpn1", "RC102")
    return finding


def test_the_incident_is_named_exactly(incident: dict[str, t.Any], lab: Place) -> None:
    pid = lab.program(host_named("vpn1"), "doublezerod").pid
    assert incident["confidence"] == "proven"
    assert incident["object"] == {
        "kind": "session",
        "selector": {"owner": "doublezerod", "interface": "doublezero0", "local": ALLOCATED},
    }
    assert incident["count"] == len(PEERS)
    assert set(incident["samples"]) == set(PEERS)
    assert incident["details"]["cause"] == "source-not-local"
    assert incident["details"]["errno"] == "ENETUNREACH"
    assert incident["owner"]["name"] == "doublezerod" and incident["owner"]["alive"] is True
    assert (incident["owner"]["process"]["pid"], incident["owner"]["process"]["name"]) == (pid, "doublezerod")
    for text in (ALLOCATED, "doublezero0", "doublezerod", str(pid), *PEERS):
        assert text in incident["cause"]


def test_the_incident_is_proven_by_the_log_and_by_the_kernel(incident: dict[str, t.Any], lab: Place) -> None:
    sources = [each["source"] for each in incident["evidence"]]
    assert any(str(lab.log(host_named("vpn1"))) in source for source in sources)
    assert "kernel" in sources
    commands = [each["command"] for each in incident["evidence"]]
    assert any(command.startswith("ip ") and ALLOCATED in command for command in commands)
    assert all(command.strip() for command in commands)


def test_strace_is_one_more_witness_of_the_incident(incident: dict[str, t.Any], auditor: Auditor, lab: Place) -> None:
    """The same finding, and what the kernel answered to the daemon's own sends. The stale sessions send every 2.7 s."""
    pid = lab.program(host_named("vpn1"), "doublezerod").pid
    traced = {"reclaim_strace": {"pid": pid, "seconds": 6}, "reclaim_counters": {"seconds": 6}}
    run = auditor.audit("--limit", "vpn1", "-e", json.dumps(traced))
    findings = run.findings("vpn1")
    (finding,) = [each for each in findings if each["rule"] == "RC102"]
    assert finding["fingerprint"] == incident["fingerprint"]
    assert set(finding["samples"]) == set(PEERS)
    (told,) = [each for each in finding["evidence"] if each["source"].startswith("strace")]
    assert 'ipi_spec_dst=inet_addr("%s")' % ALLOCATED in told["observed"]
    assert told["command"].endswith("-p %d" % pid)
    assert any(each["source"].startswith("log") for each in finding["evidence"])
    assert [each["object"]["selector"] for each in findings if each["rule"] == "RC105"] == [
        {"counter": "Ip OutNoRoutes"}
    ]


def test_the_advice_is_to_restart_the_owner_and_not_to_add_a_route(incident: dict[str, t.Any]) -> None:
    assert "Adding a route will not help" in incident["advice"]
    assert "must be restarted" in incident["advice"]
    assert [step["op"] for step in incident["remedy"]] == ["owner.restart"]


def test_no_rule_says_that_a_route_is_missing_where_the_source_is(audited: Audited) -> None:
    findings = audited.findings("vpn1")
    assert [each["rule"] for each in findings] == ["RC102"]
    assert "no route" not in json.dumps(findings).lower()


def test_the_healthy_session_over_the_same_socket_is_not_accused(audited: Audited) -> None:
    assert host_named("vpn1").address not in json.dumps(audited.findings("vpn1"))


@pytest.mark.parametrize("name", ["lab-bound", "lab-connected", "lab-dialled"])
def test_a_socket_whose_source_left_is_named_with_its_process(audited: Audited, lab: Place, name: str) -> None:
    pid = lab.program(host_named("app1"), name).pid
    found = [each for each in audited.findings("app1", "RC101") if each["owner"]["process"]["name"] == name]
    (finding,) = found
    assert finding["owner"]["process"]["pid"] == pid
    assert finding["confidence"] == "proven"


def test_fingerprints_are_the_same_in_the_next_run(audited: Audited, auditor: Auditor) -> None:
    again = auditor.audit("--limit", "faulty")
    for host in HOSTS:
        if host.expect:
            one, other = audited.findings(host.name), again.findings(host.name)
            assert [each["fingerprint"] for each in one] == [each["fingerprint"] for each in other]
            assert len({each["fingerprint"] for each in one}) == len(one)


def test_the_play_fails_where_it_was_asked_to_and_reports_all_hosts_first(lab: Place, auditor: Auditor) -> None:
    run = auditor.audit("--limit", "vpn1,plain1", "-e", "reclaim_fail_on=high")
    assert run.code != 0
    assert {host["status"] for host in run.fleet["hosts"].values()} == {"audited"}
    clean = auditor.audit("--limit", "healthy", "-e", "reclaim_fail_on=info")
    assert clean.code == 0, clean.output


def test_the_report_is_there(audited: Audited) -> None:
    latest = audited.reports / "latest"
    assert (latest / "index.html").stat().st_size > 1000
    assert sorted(path.stem for path in (latest / "hosts").iterdir()) == sorted(host.name for host in HOSTS)
    assert "source-not-local" in (latest / "fleet.json").read_text() and str(latest.resolve()) in audited.output
