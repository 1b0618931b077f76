# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that audits itself, with what a git repository has. Each test goes on from the last."""

from __future__ import annotations

import json

import pytest
from ansible_collections.netmend.reclaim.tests.integration.schedule.conftest import COLLECTIONS, NAME, Schedule, unlike

# Seen by netlink, in /proc of another user's process, in conntrack and in the firewall; and what is needed to see each.
FAULTS = """
ip link add va type veth peer vb
ip address add 192.0.2.1/24 dev va
ip address add 192.0.2.9/24 dev va
ip link set va up
ip link set vb up
ip route add 198.51.100.0/24 via 192.0.2.254 src 192.0.2.9 table 77
ip rule add to 198.51.100.0/24 table 77
systemd-run --quiet --unit=holder --property=User=nobody python3 /shared/holder.py
timeout 60 sh -c 'until ss -lun | grep -q 192.0.2.9:5000; do sleep 0.2; done'
ip address del 192.0.2.9/24 dev va
conntrack -I -p udp -s 192.0.2.9 -d 192.0.2.1 --sport 4000 --dport 53 --dst-nat 10.88.0.5 -t 100000
nft add table inet filter
nft 'add chain inet filter output { type filter hook output priority 0; }'
nft add rule inet filter output ip daddr 203.0.113.5 drop
"""
GIT = "git -c user.name=tester -c user.email=tester@example.com"
HOLDER = """
import signal, socket
made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
made.bind(("192.0.2.9", 5000))
signal.pause()
"""
GNUPG = "-c user.signingkey=tester@example.com"
SSH = "-c gpg.format=ssh -c user.signingkey=/srv/signing"
PUSH = (
    "cd /srv/clone; export GNUPGHOME=/srv/gnupg; git add -A; %s %%s commit -q %%s -m more; git push -q /srv/reclaim.git HEAD:main"
    % GIT
)
WRITES = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.copy: {content: "", dest: /var/lib/%s/%s}
"""


@pytest.fixture(scope="module")
def pull(machine):
    machine.sh(
        "ssh-keygen -q -N '' -t ed25519 -f /srv/signing; mkdir -m 700 /srv/gnupg;"
        "GNUPGHOME=/srv/gnupg gpg --batch --quiet --passphrase '' --quick-generate-key tester@example.com ed25519 sign never;"
        "GNUPGHOME=/srv/gnupg gpgconf --kill all;"
        "git init -q --bare -b main /srv/reclaim.git; git init -q -b main /srv/clone; install -d /srv/textfiles;"
        "cp -r %s/ansible_collections/netmend/reclaim/playbooks /srv/clone" % COLLECTIONS
    )
    (machine.shared / "holder.py").write_text(HOLDER)
    machine.sh(FAULTS)
    push(machine, SSH)
    made = Schedule(
        machine,
        reclaim_schedule_mode="pull",
        reclaim_schedule_url="file:///srv/reclaim.git",
        reclaim_schedule_version="main",
        reclaim_schedule_verify_commit=True,
        reclaim_schedule_signers=["tester@example.com " + machine.sh("cat /srv/signing.pub").strip()],
        reclaim_schedule_gnupg_keys=[machine.sh("GNUPGHOME=/srv/gnupg gpg --armor --export")],
        reclaim_schedule_textfile="/srv/textfiles/reclaim.prom",
        reclaim_schedule_lock_seconds=0,
    )
    made.converge(state="absent")
    made.before = machine.traces()
    yield made
    machine.sh("systemctl stop holder.service; ip link del va; ip rule del table 77; nft flush ruleset; conntrack -F")


def push(machine, options: str, signed: bool = True) -> str:
    """A commit with what is in the work tree: its name."""
    machine.sh(PUSH % (options, "-S" if signed else "--no-gpg-sign"))
    return machine.sh("git -C /srv/clone rev-parse HEAD").strip()


def seen(schedule) -> tuple:
    """What an audit found, and what it could not see."""
    host = schedule.fleet()["hosts"]["localhost"]
    assert host["status"] == "audited", host
    return (
        sorted(finding["fingerprint"] for finding in host["findings"]),
        sorted((item["what"], item["why"]) for item in host["unseen"]),
    )


def test_what_the_service_may_is_enough(pull):
    assert pull.converge() > 0
    assert pull.converge() == 0
    units = f"/etc/systemd/system/{NAME}.service /etc/systemd/system/{NAME}.timer"
    assert pull.machine.sh("systemd-analyze verify --man=no %s 2>&1" % units) == ""
    pull.machine.sh("systemd-analyze security --no-pager --threshold=45 %s.service" % NAME)

    assert pull.run() == "success 0", pull.journal()
    rules = {finding["rule"] for finding in pull.fleet()["hosts"]["localhost"]["findings"]}
    assert {"RC101", "RC201", "RC106"} <= rules, rules
    within = seen(pull)
    # Root without any bounds sees the same.
    pull.machine.sh("env -i /opt/%s/run" % NAME)
    assert within == seen(pull)
    assert "python3 (pid " in json.dumps(pull.fleet()), "whose socket it is"
    assert "netmend_reclaim_" in pull.machine.sh("runuser -u nobody -- cat /srv/textfiles/reclaim.prom")


def test_another_commit_is_taken(pull):
    (pull.machine.shared / "second.yml").write_text(WRITES % (NAME, "second"))
    pull.machine.sh("cat /shared/second.yml >>/srv/clone/playbooks/audit.yml")
    commit = push(pull.machine, GNUPG)
    assert pull.run() == "success 0", pull.journal()
    assert pull.machine.sh("cat /var/lib/%s/commit; ls /var/lib/%s/second" % (NAME, NAME)).split()[0] == commit


def test_a_commit_that_nobody_signed_does_not_run(pull):
    (pull.machine.shared / "evil.yml").write_text(WRITES % (NAME, "evil"))
    pull.machine.sh("cat /shared/evil.yml >>/srv/clone/playbooks/audit.yml; rm /var/lib/%s/second" % NAME)
    push(pull.machine, "", signed=False)
    last = pull.latest()
    assert pull.run() == "exit-code 69", pull.journal()
    assert pull.latest() != last, "audited with the one before"
    assert pull.machine.sh("cd /var/lib/%s; ls second evil 2>/dev/null || true" % NAME).split() == ["second"]
    assert "could not be taken" in pull.journal()
    pull.machine.sh("cd /srv/clone; git checkout -q HEAD~1 -- playbooks; rm /var/lib/%s/second" % NAME)
    commit = push(pull.machine, SSH)
    assert pull.run() == "success 0", pull.journal()
    assert pull.machine.sh("cat /var/lib/%s/commit" % NAME).strip() == commit


def test_a_repository_that_is_away_is_told(pull):
    reports = pull.reports()
    pull.machine.sh("mv /srv/reclaim.git /srv/away.git; rm /var/lib/%s/second" % NAME)
    assert pull.run() == "exit-code 69", pull.journal()
    assert pull.shown("ActiveState") == "failed"
    assert "What file:///srv/reclaim.git has now could not be taken" in pull.journal()
    assert pull.reports()[:-1] == reports, "audited with what was taken before"
    pull.machine.sh("ls /var/lib/%s/second" % NAME)
    # And where nothing was taken before, there is nothing to run; the reports stay.
    pull.machine.sh("rm /var/lib/%s/commit" % NAME)
    assert pull.run() == "exit-code 69", pull.journal()
    assert pull.reports()[:-1] == reports
    pull.machine.sh("mv /srv/away.git /srv/reclaim.git")


def test_who_does_not_get_the_lock_says_so(pull):
    last = pull.latest()
    with pull.locked():
        assert pull.run() == "exit-code 75", pull.journal()
    assert pull.latest() == last


def test_reports_can_be_left(pull):
    pull.converge(state="absent", reclaim_schedule_leave_reports=True)
    assert pull.machine.sh("ls -A /var/lib/%s" % NAME).split() == ["reports"]
    assert pull.machine.sh("find /var/lib/%s ! -user root" % NAME) == ""
    assert pull.converge(state="absent", reclaim_schedule_leave_reports=False) == 0, "they are nobody's any more"
    pull.machine.sh("rm -r /var/lib/%s" % NAME)
    assert unlike(pull.before, pull.machine.traces()) == {}
