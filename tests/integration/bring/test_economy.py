# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a play costs: how often a host's Python is started, what is sent and what comes back."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

AUDIT = "netmend.reclaim.audit"
THRICE = """
- hosts: all
  gather_facts: false
  tasks:
    - netmend.reclaim.interface_info:
    - netmend.reclaim.route_info:
    - netmend.reclaim.rule: {priority: 4711, table: 52, state: absent}
"""


@pytest.fixture
def own(lab):
    """A Python that has a pyroute2."""
    return lab.python(sys.executable)


@pytest.fixture
def bare(lab, bare_python):
    return lab.python(bare_python("3.13"))


@pytest.fixture
def audit(lab, tmp_path):
    """The audit of these hosts: each a Python."""

    def run(*pythons, options=(), **more):
        hosts = {"h%d" % number: lab.apart(number, python) for number, python in enumerate(pythons)}
        result = lab.play(AUDIT, hosts, "-e", "reclaim_report_dir=%s/reports" % tmp_path, *options, **more)
        fleet = json.loads((tmp_path / "reports" / "latest" / "fleet.json").read_text())
        assert {name: host["status"] for name, host in fleet["hosts"].items()} == dict.fromkeys(hosts, "audited")
        return result

    return run


def gathered(result):
    """What setup leaves in its results, and set_fact does not."""
    facts = [name for _host, answer in result.answers for name in answer.get("ansible_facts", {})]
    return [
        name for name in facts if name.removeprefix("ansible_") in ("gather_subset", "module_setup", "distribution")
    ]


@pytest.mark.parametrize("gathering", ["implicit", "smart"])
def test_an_audit_is_one_module_run_on_each_host_and_asks_for_no_facts(audit, own, gathering):
    result = audit(own, own, own, forks=3, ANSIBLE_GATHERING=gathering)
    assert result.executions == 3
    assert "Gathering Facts" not in result.output
    assert gathered(result) == []


def test_with_pipelining_it_is_one_command_as_well(lab, own, tmp_path):
    hosts = {"h%d" % number: lab.apart(number, own) for number in range(2)}
    options = ("-vvv", "-e", "reclaim_report_dir=%s/reports" % tmp_path)
    result = lab.play(AUDIT, hosts, *options, ANSIBLE_PIPELINING="1")
    commands = [line.split(" ")[0] for line in result.output.splitlines() if "> EXEC " in line]
    assert sorted(commands) == sorted("<%s>" % host["ansible_host"] for host in hosts.values()), result.output
    assert result.executions == 2


def test_hosts_that_have_no_pyroute2_cost_one_run_more_once_for_all_of_them(audit, bare):
    assert audit(bare, bare, bare, bare).executions == 4 + 1
    assert audit(bare, bare, bare, bare).executions == 4


def test_where_some_have_it_each_is_asked_first(audit, own, bare):
    assert audit(own, bare, bare).executions == 1 + 2 + 2


def test_a_host_that_had_it_after_all_ends_the_guessing(audit, own, bare):
    assert audit(bare, own, bare).executions == 2 + 1 + 2


def test_a_host_that_can_keep_nothing_is_asked_once_in_a_run(lab, bare, tmp_path):
    play = tmp_path / "play.yml"
    play.write_text(THRICE)
    host = lab.apart(0, bare)
    place = pathlib.Path(host["ansible_remote_tmp"]) / "netmend.reclaim"
    place.mkdir(parents=True, mode=0o777)
    place.chmod(0o777)
    result = lab.play(play, {"h0": host})
    assert result.executions == 2 + 1 + 1, result.output
    assert "transferred anew for each task" in result.output
    assert list(place.iterdir()) == []


def test_a_host_that_keeps_it_is_sent_it_once(lab, bare, tmp_path):
    play = tmp_path / "play.yml"
    play.write_text(THRICE)
    result = lab.play(play, {"h0": lab.apart(0, bare)}, "-vv")
    assert result.executions == 2 + 1 + 1, result.output
    assert result.output.count("sending pyroute2") == 1


def test_what_only_the_action_needs_is_not_in_the_result_and_large_options_do_not_come_back(audit, own, bare):
    for python in (own, bare):
        for _host, answer in audit(python).answers:
            assert not [name for name in answer if name.startswith("pyroute2")]
            given = answer.get("invocation", {}).get("module_args", {})
            assert len(json.dumps(given.get("owners", []))) <= 500
            assert given.get("limit", 200) == 200


PLAYBOOKS = {
    "audit": {},
    "explain": {"to": "127.0.0.1"},
    "remediate": {"reclaim_confirm_after": 1},
    "rollback": {},
    "react": {"reclaim_confirm_after": 1},
    "merge": {"reclaim_slices": []},
}


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_no_playbook_gathers_facts(lab, own, tmp_path, playbook):
    options = dict(
        PLAYBOOKS[playbook], reclaim_report_dir=str(tmp_path / "reports"), reclaim_state_dir=str(tmp_path / "state")
    )
    result = lab.play(
        "netmend.reclaim." + playbook,
        {"h0": lab.apart(0, own)},
        "-e",
        json.dumps(options),
        ANSIBLE_GATHERING="implicit",
    )
    assert "PLAY RECAP" in result.output and "failed=0" in result.output, result.output
    assert "Gathering Facts" not in result.output
    assert gathered(result) == []


def test_a_host_with_ten_thousand_faults_sends_back_no_more_than_is_promised(lab, own, audit):
    """Rules to tables that are empty, each with a name that is as long as it may be for its link."""
    rules = "".join(
        "rule add iif %s from 10.%d.%d.0/24 lookup %d priority %d\n"
        % ("n" * 15, number >> 8, number & 255, 10000 + number, 1000 + number)
        for number in range(10000)
    )
    host = lab.apart(0, own)["ansible_host"]
    subprocess.run(
        ["ip", "-n", host, "-batch", "-"], input=rules, check=True, capture_output=True, text=True, timeout=120
    )
    ((_name, answer),) = [
        one for one in audit(own, options=("-e", "reclaim_limit=10000")).answers if "findings" in one[1]
    ]
    assert sum(finding["count"] for finding in answer["findings"] if finding["rule"] == "RC302") >= 10000
    answer.pop("invocation", None)
    assert 100_000 < len(json.dumps(answer)) < 600_000
