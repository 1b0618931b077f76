# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role schedule on a real systemd: installed, run, told, and removed without a trace, in both of its modes."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.netmend.reclaim.tests.integration.schedule.conftest import COLLECTIONS, until

NAME = "reclaim-audit"
# Declared and not there: a finding whoever audits.
WANTED = {"reclaim_intent": {"routes": [{"dst": "203.0.113.77/32"}]}}
HOOK = "#!/bin/sh\nn=$(ls told 2>/dev/null | wc -l)\nmkdir -p told\ncat >told/$n\ntest ! -e refuse\n"


def variables(machine, **more) -> dict:
    base = {
        "reclaim_schedule_ansible": machine.ansible,
        "reclaim_schedule_collections_path": COLLECTIONS,
        "reclaim_schedule_calendar": "*-01-01",
        "reclaim_schedule_spread": 0,
        "reclaim_schedule_hook_command": ["/usr/local/bin/told"],
    }
    return {**base, **more}


def schedule(machine, *arguments: str, check: bool = True, **more) -> str:
    play = [{"hosts": "localhost", "gather_facts": False, "roles": ["netmend.reclaim.schedule"]}]
    (machine.shared / "play.yml").write_text(json.dumps(play))
    (machine.shared / "set.json").write_text(json.dumps(variables(machine, **more)))
    return machine.play("play.yml", "-e", "@set.json", *arguments, check=check)


def changed(output: str) -> int:
    return int(re.search(r"changed=(\d+)", output).group(1))


def run(machine, check: bool = True) -> None:
    try:
        machine.sh("systemctl start %s.service" % NAME, check=check)
    except AssertionError:
        raise AssertionError(machine.sh("journalctl -u %s.service | tail -60" % NAME)) from None
    # systemctl does not wait for what comes after the audit: the hook.
    state = "systemctl is-active %s.service" % NAME
    until(lambda: machine.sh(state, check=False).strip() in ("inactive", "failed"))


def fleet(machine) -> dict:
    return json.loads(machine.sh("cat /var/lib/%s/reports/latest/fleet.json" % NAME))


def told(machine) -> list[dict]:
    where = "/var/lib/%s/told" % NAME
    names = machine.sh("ls %s 2>/dev/null || true" % where).split()
    return [json.loads(machine.sh("cat %s/%s" % (where, name))) for name in sorted(names, key=int)]


@pytest.fixture(scope="module")
def ready(machine):
    (machine.shared / "told").write_text(HOOK)
    machine.sh("install -m 755 /shared/told /usr/local/bin/told")
    return machine


@pytest.fixture(scope="module")
def over_ssh(ready):
    """The machine itself as a host of an inventory, over SSH, with a user whose key the hub holds."""
    ready.sh(
        "useradd -m audited; mkdir -p /run/sshd /srv/hub; ssh-keygen -q -N '' -t ed25519 -f /srv/hub/key; "
        "install -d -o audited -m 700 /home/audited/.ssh; install -o audited -m 600 /srv/hub/key.pub /home/audited/.ssh/authorized_keys; "
        "systemctl restart ssh"
    )
    host = "ansible_host=127.0.0.1 ansible_user=audited ansible_ssh_private_key_file=/var/lib/%s/key" % NAME
    host += " ansible_python_interpreter=/usr/bin/python3 ansible_ssh_common_args='-o StrictHostKeyChecking=no'"
    (ready.shared / "hosts.ini").write_text("web1 %s\n" % host)
    ready.sh("install -m 644 /shared/hosts.ini /srv/hub/hosts.ini")
    return ready


def test_a_hub(over_ssh):
    machine = over_ssh
    hub = {"reclaim_schedule_inventory": "/srv/hub/hosts.ini", "reclaim_schedule_keep_reports": 3}
    schedule(machine, reclaim_schedule_state="absent")  # whatever Ansible leaves on its own is there now
    before = machine.files()
    units = machine.sh("systemctl list-units --all --plain --no-legend --type=service,timer | cut -d' ' -f1")
    foreseen = schedule(machine, "--check", **hub)
    assert changed(foreseen) > 0 and machine.files() == before
    schedule(machine, **hub)
    assert changed(schedule(machine, **hub)) == 0
    assert changed(schedule(machine, "--check", **hub)) == 0
    assert machine.sh("systemctl is-enabled %s.timer; systemctl is-active %s.timer" % (NAME, NAME)).split() == [
        "enabled",
        "active",
    ]

    machine.sh("install -o %s -m 600 /srv/hub/key /var/lib/%s/key" % (NAME, NAME))
    run(machine)
    assert fleet(machine)["hosts"]["web1"]["status"] == "audited", fleet(machine)
    assert told(machine) == [], "there was nothing to compare with"

    schedule(machine, **hub, reclaim_schedule_variables=WANTED)
    run(machine)
    (message,) = told(machine)
    (finding,) = message["findings"]
    assert (finding["host"], finding["standing"], message["new"]) == ("web1", "new", 1)
    assert message["report"].startswith("/var/lib/%s/reports/2" % NAME)
    run(machine)
    assert len(told(machine)) == 1, "it is known"

    # A hook that fails: told, the report is there, and told again.
    machine.sh("touch /var/lib/%s/refuse" % NAME)
    more = {"reclaim_intent": {"routes": [*WANTED["reclaim_intent"]["routes"], {"dst": "203.0.113.78/32"}]}}
    schedule(machine, **hub, reclaim_schedule_variables=more)
    run(machine, check=False)
    assert machine.sh("systemctl is-failed %s.service" % NAME).strip() == "failed"
    assert "could not be told of 1 findings" in machine.sh("journalctl -u %s.service" % NAME)
    assert fleet(machine)["summary"]["total"] == 2
    machine.sh("rm /var/lib/%s/refuse" % NAME)
    run(machine)
    assert [item["new"] for item in told(machine)] == [1, 1, 1]
    assert told(machine)[1]["findings"][0]["fingerprint"] == told(machine)[2]["findings"][0]["fingerprint"]
    assert len(machine.sh("ls -d /var/lib/%s/reports/2*" % NAME).split()) == 3, "older ones went"

    # By the clock. It is not started while it runs, and waits for one that was started by hand.
    generated = fleet(machine)["generated"]
    schedule(machine, **{**hub, "reclaim_schedule_calendar": "*:*:0/2"}, reclaim_schedule_variables=more)
    until(lambda: fleet(machine)["generated"] != generated)
    schedule(machine, **hub, reclaim_schedule_variables=more, reclaim_schedule_lock_seconds=1)
    until(lambda: machine.sh("systemctl is-active %s.service" % NAME, check=False).strip() == "inactive")
    machine.sh(
        "setsid runuser -u %s -- flock /var/lib/%s/lock sleep 1000 >/dev/null 2>&1 </dev/null & echo $! >/run/holder"
        % (NAME, NAME)
    )
    until(
        lambda: (
            "lock"
            in machine.sh(
                "cat /proc/locks | grep -c FLOCK >/dev/null && flock -n /var/lib/%s/lock true || echo lock" % NAME
            )
        )
    )
    generated = fleet(machine)["generated"]
    run(machine, check=False)
    assert "status=75" in machine.sh("systemctl status %s.service" % NAME, check=False)
    assert fleet(machine)["generated"] == generated
    machine.sh("kill -- -$(cat /run/holder)")

    # It may write nowhere but where it should, and nothing of it is left.
    assert machine.sh("systemd-analyze security --no-pager %s.service | tail -1" % NAME)
    schedule(machine, reclaim_schedule_state="absent", reclaim_schedule_remove_reports=True)
    assert machine.files() == before
    assert machine.sh("systemctl list-units --all --plain --no-legend --type=service,timer | cut -d' ' -f1") == units
    assert NAME not in machine.sh("cat /etc/passwd /etc/group")
    assert changed(schedule(machine, reclaim_schedule_state="absent")) == 0


def test_pull(ready):
    machine = ready
    machine.sh(
        "mkdir /srv/work; cp -r %s/ansible_collections/netmend/reclaim/playbooks /srv/work; cd /srv/work; git init -q; git add .; "
        "git -c user.name=t -c user.email=t@example.com commit -qm t; git clone -q --bare /srv/work /srv/reclaim.git"
        % COLLECTIONS
    )
    pull = {
        "reclaim_schedule_mode": "pull",
        "reclaim_schedule_url": "file:///srv/reclaim.git",
        "reclaim_schedule_variables": WANTED,
    }
    schedule(machine, reclaim_schedule_state="absent")
    before = machine.files()
    schedule(machine, **pull)
    assert changed(schedule(machine, **pull)) == 0
    run(machine)
    host = fleet(machine)["hosts"]["localhost"]
    assert host["status"] == "audited", host
    unseen = [item for item in host["unseen"] if not item["why"].startswith("the kernel has no module ")]
    assert unseen == [], "its rights are enough to see all"
    # Where the repository is gone, the last checkout does.
    machine.sh("mv /srv/reclaim.git /srv/away.git")
    generated = fleet(machine)["generated"]
    run(machine, check=False)
    assert fleet(machine)["generated"] != generated
    machine.sh("mv /srv/away.git /srv/reclaim.git")
    # Reports stay unless they are to go.
    schedule(machine, reclaim_schedule_state="absent")
    assert machine.sh("ls /var/lib/%s" % NAME).split() == ["reports"]
    schedule(machine, reclaim_schedule_state="absent", reclaim_schedule_remove_reports=True)
    assert machine.files() == before


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"reclaim_schedule_name": "../etc"}, "use lower-case letters"),
        ({"reclaim_schedule_calendar": "never ever", "reclaim_schedule_inventory": "/srv/hosts"}, "never ever"),
        ({}, "a hub needs the absolute path of its inventory"),
        ({"reclaim_schedule_mode": "pull"}, "the mode pull needs a git repository"),
        ({"reclaim_schedule_mode": "cloud"}, "value of reclaim_schedule_mode must be one of"),
        ({"reclaim_schedule_inventory": "/srv/hosts", "reclaim_schedule_collection": "/x.tar.gz"}, "give either"),
        ({"reclaim_schedule_inventory": "/srv/hosts", "reclaim_schedule_cpu": "much"}, "such as 50%"),
        ({"reclaim_schedule_inventory": "/srv/hosts", "reclaim_schedule_user": "root"}, "not root"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_done(ready, wrong, words):
    output = schedule(ready, check=False, **wrong)
    assert words in " ".join(output.split()), output
    assert changed(output) == 0
