# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role and the playbook as a person runs them, with real audits of this machine."""

from __future__ import annotations

import json

import pytest

HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
GONE = {
    "ansible_connection": "ssh",
    "ansible_host": "127.0.0.1",
    "ansible_port": 1,
    "ansible_ssh_common_args": "-o ConnectTimeout=5",
}
PLAYBOOK = "netmend.reclaim.audit"


def test_this_machine(stand):
    run = stand.play("-i", stand.inventory({"here": HERE}), PLAYBOOK)
    assert run.code == 0, run.output
    host = run.fleet["hosts"]["here"]
    assert host["status"] == "audited", host
    assert host["snapshot"]["counts"]["links"] > 0
    assert host["netns"] is None
    assert (run.reports / "latest" / "index.html").is_file()
    assert "1 host: 1 audited." in run.output
    assert run.output.count("TASK [netmend.reclaim.audit : Audit the host]") == 1


def test_hosts_that_cannot_be_reached_or_audited_stop_nobody(stand):
    broken = dict(HERE, ansible_python_interpreter="/nowhere/python")
    inventory = stand.inventory({"broken": broken, "gone1": GONE, "gone2": GONE, "here": HERE})
    run = stand.play("-i", inventory, PLAYBOOK)
    assert run.code == 0, run.output
    assert {name: host["status"] for name, host in run.fleet["hosts"].items()} == {
        "broken": "failed",
        "gone1": "unreachable",
        "gone2": "unreachable",
        "here": "audited",
    }
    assert "/nowhere/python" in run.fleet["hosts"]["broken"]["reason"]
    assert "Connection refused" in run.fleet["hosts"]["gone1"]["reason"]
    assert "gone1 +1" in run.output
    assert run.fleet["summary"]["unreachable"] == 2


@pytest.mark.parametrize(("threshold", "code"), [("never", 0), ("high", 2)])
def test_all_hosts_unreachable(stand, threshold, code):
    inventory = stand.inventory({"gone1": GONE, "gone2": GONE})
    run = stand.play("-i", inventory, PLAYBOOK, "-e", "reclaim_fail_on=" + threshold)
    assert run.code == code, run.output
    assert run.fleet["summary"]["unreachable"] == 2
    assert "2 hosts: 2 unreachable. Nothing was audited." in run.output


def test_the_options_reach_the_module(stand):
    options = (
        '{"reclaim_rules": {"include": ["RC102", "RC207"]}, "reclaim_limit": 1, "reclaim_fail_on": "info",'
        ' "reclaim_report_dir": "kept/here",'
        ' "reclaim_intent": {"routes": [{"dst": "192.0.2.0/28"}, {"dst": "192.0.2.16/28"}]}}'
    )
    run = stand.play("-i", stand.inventory({"here": HERE}), PLAYBOOK, "-e", options)
    assert run.code == 2, run.output
    assert "a finding of severity info or above on 1 host (here)" in " ".join(run.output.split())
    reports = stand.path / "kept" / "here"
    assert (reports / "latest" / "index.html").is_file()
    assert not stand.reports.exists()
    host = type(run)(run.code, run.output, reports).fleet["hosts"]["here"]
    assert host["rules"] == ["RC102", "RC207"]
    assert (len(host["findings"]), host["summary"]["total"], host["summary"]["omitted"]) == (1, 2, 1)


def test_a_wrong_option_is_told_before_anything_runs(stand):
    run = stand.play("-i", stand.inventory({"here": HERE}), PLAYBOOK, "-e", "reclaim_fail_on=sometimes")
    assert run.code == 2
    assert "value of reclaim_fail_on must be one of" in run.output
    assert not stand.reports.exists()


def test_only_the_hosts_that_are_named(stand):
    inventory = stand.inventory({"one": HERE, "two": HERE, "three": GONE})
    run = stand.play("-i", inventory, PLAYBOOK, "-e", "reclaim_hosts=two,three", "--limit", "two")
    assert run.code == 0, run.output
    assert list(run.fleet["hosts"]) == ["two"]


def test_without_an_inventory_this_machine_is_audited(stand):
    run = stand.play(PLAYBOOK, "-e", "ansible_python_interpreter={{ ansible_playbook_python }}")
    assert run.code == 0, run.output
    assert run.fleet["hosts"]["localhost"]["status"] == "audited"


def test_an_earlier_strategy_setting_does_not_matter(stand):
    run = stand.play("-i", stand.inventory({"one": HERE, "two": HERE}), PLAYBOOK, ANSIBLE_STRATEGY="free")
    assert run.code == 0, run.output
    assert sorted(run.fleet["hosts"]) == ["one", "two"]


def test_the_role_in_a_play_of_ones_own_with_batches_in_check_mode(stand):
    (stand.path / "play.yml").write_text(
        "- hosts: all\n  gather_facts: false\n  serial: 1\n  roles: [netmend.reclaim.audit]\n", encoding="utf-8"
    )
    run = stand.play("-i", stand.inventory({"one": HERE, "two": GONE, "three": HERE}), "play.yml", "--check")
    assert run.code == 0, run.output
    assert len(run.names()) == 1
    assert [host["status"] for host in run.fleet["hosts"].values()].count("audited") == 2
    assert "changed=1" not in run.output


WANTED = {
    "reclaim_rules": {"include": ["RC207"]},
    "reclaim_intent": {"routes": [{"dst": "192.0.2.0/28"}, {"dst": "192.0.2.16/28"}]},
}


def test_waivers_and_baselines_as_a_person_keeps_them_in_the_inventory(stand):
    (stand.path / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"here": HERE}}}), encoding="ascii")
    (stand.path / "group_vars").mkdir()
    (stand.path / "group_vars" / "all.yml").write_text(
        "reclaim_fail_on: info\n"
        "reclaim_waivers:\n"
        "  - id: second\n"
        "    selector: {object: {dst: 192.0.2.16/28}}\n"
        "    reason: it comes in spring\n"
        "    by: dana\n"
        "    until: 2099-12-31\n",
        encoding="ascii",
    )
    wanted = json.dumps(WANTED)
    run = stand.play("-i", "hosts.yml", PLAYBOOK, "-e", wanted, "-e", "reclaim_save_baseline=golden")
    assert run.code == 2, run.output
    said = " ".join(run.output.split())
    assert "a finding of severity info or above on 1 host (here)" in said
    assert [item["state"] for item in run.fleet["waivers"]] == ["in-use"]
    waived = [finding["waived"] for finding in run.fleet["hosts"]["here"]["findings"]]
    assert [item and item["until"] for item in waived] == [None, "2099-12-31"]

    more = "reclaim_baseline=golden reclaim_fail_on_new=true reclaim_keep_reports=1"
    run = stand.play("-i", "hosts.yml", PLAYBOOK, "-e", wanted, "-e", more)
    assert run.code == 0, run.output
    assert [finding["standing"] for finding in run.fleet["hosts"]["here"]["findings"]] == ["known", "known"]
    assert len(run.names()) == 1


def test_a_waiver_without_its_day_is_told_before_anything_runs(stand):
    given = json.dumps({"reclaim_waivers": [{"selector": {"rule": "RC207"}, "reason": "r", "by": "b"}]})
    run = stand.play("-i", stand.inventory({"here": HERE}), PLAYBOOK, "-e", given)
    assert run.code == 2
    assert "missing required arguments: until found in reclaim_waivers" in " ".join(run.output.split())
    assert not stand.reports.exists()
