# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hub on a real systemd: installed, started by the clock, told, and removed without a trace. Each test goes on from the last."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.netmend.reclaim.tests.integration.schedule.conftest import NAME, Schedule, unlike, until

FIRST, SECOND = "/srv/metrics/first.prom", "/srv/metrics/second.prom"
# Keeps what it is told, and refuses as long as it is asked to.
COMMAND = "#!/bin/sh\nn=$(ls told 2>/dev/null | wc -l)\nmkdir -p told\ncat >told/$n\ntest ! -e refuse\n"
SERVER = """
import http.server, json, pathlib
where = pathlib.Path("/srv/posted")
class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seen = {"method": self.command, "path": self.path, "token": self.headers["X-Token"], "body": json.loads(body or b"null")}
        (where / str(len(list(where.iterdir())))).write_text(json.dumps(seen))
        self.send_response(int(pathlib.Path("/srv/answer").read_text()))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
    def do_GET(self):
        self.headers["Content-Length"] = "0"
        self.do_POST()
server = http.server.HTTPServer(("127.0.0.1", 8099), Answer)
where.mkdir(exist_ok=True)
server.serve_forever()
"""


def wanted(*destinations: str) -> dict:
    """Routes that are declared and not there: one finding each, whoever audits."""
    return {"reclaim_intent": {"routes": [{"dst": destination} for destination in destinations]}}


@pytest.fixture(scope="module")
def hub(machine):
    """With the machine itself as the host of the inventory, over SSH, as a user whose key the hub holds."""
    host = "ansible_host=127.0.0.1 ansible_user=audited ansible_ssh_private_key_file=/srv/key"
    host += " ansible_python_interpreter=/usr/bin/python3 ansible_ssh_common_args='-o StrictHostKeyChecking=no'"
    (machine.shared / "hosts.ini").write_text("web1 %s\n" % host)
    (machine.shared / "told").write_text(COMMAND)
    (machine.shared / "server.py").write_text(SERVER)
    machine.sh(
        "useradd -m audited; useradd --system exporter; ssh-keygen -q -N '' -t ed25519 -f /srv/key; chmod 644 /srv/key;"
        "install -d -o audited -m 700 /home/audited/.ssh; install -o audited -m 600 /srv/key.pub /home/audited/.ssh/authorized_keys;"
        "install -m 644 /shared/hosts.ini /srv/hosts.ini; install -m 755 /shared/told /usr/local/bin/told;"
        "install -d -m 1777 /srv/metrics; echo 200 >/srv/answer;"
        "systemctl start ssh"
    )
    listen(machine)
    made = Schedule(
        machine,
        reclaim_schedule_inventory="/srv/hosts.ini",
        reclaim_schedule_keep_reports=3,
        reclaim_schedule_textfile=FIRST,
        reclaim_schedule_hook_command=["/usr/local/bin/told"],
        reclaim_schedule_hook_url="http://127.0.0.1:8099/new",
        reclaim_schedule_hook_headers={"X-Token": "secret"},
    )
    made.converge(state="absent")  # whatever Ansible leaves on its own is there now
    made.before = machine.traces()
    yield made
    machine.sh("systemctl stop server.service")


def listen(machine) -> None:
    machine.sh("systemd-run --quiet --unit=server python3 /shared/server.py")
    until(lambda: machine.sh("test -d /srv/posted && echo up", check=False))


def told(hub) -> list[dict]:
    """What the command was told."""
    return in_order(hub, "/var/lib/%s/told" % NAME)


def posted(hub) -> list[dict]:
    return in_order(hub, "/srv/posted")


def in_order(hub, where: str) -> list[dict]:
    names = hub.machine.sh("ls %s 2>/dev/null || true" % where).split()
    return [json.loads(hub.machine.sh("cat %s/%s" % (where, name))) for name in sorted(names, key=int)]


def destinations(message: dict) -> list[str]:
    return sorted(finding["cause"].split("203.0.113.")[1][:2] for finding in message["findings"])


def test_it_is_installed_once(hub):
    assert hub.converge("--check", reclaim_schedule_calendar="*:*:0/2") > 0
    assert unlike(hub.before, hub.machine.traces()) == {}
    assert hub.converge() > 0
    assert hub.converge() == 0
    units = f"/etc/systemd/system/{NAME}.service /etc/systemd/system/{NAME}.timer"
    assert hub.machine.sh("systemd-analyze verify --man=no %s 2>&1" % units) == ""
    # The lower, the less it may do.
    hub.machine.sh("systemd-analyze security --no-pager --threshold=20 %s.service" % NAME)
    assert hub.machine.sh("systemctl is-enabled %s.timer" % NAME).strip() == "enabled"
    assert "secret" not in hub.machine.sh(
        f"systemctl cat {NAME}.service; runuser -u exporter -- cat /etc/{NAME}/* 2>&1 || true"
    )


def test_the_timer_starts_it(hub):
    # Nobody else does. Three times, while it is due all the time.
    until(lambda: len(hub.reports()) >= 3)
    assert hub.converge(reclaim_schedule_calendar="*-01-01") > 0
    assert hub.ended() == "success 0", hub.journal()
    assert hub.fleet()["hosts"]["web1"]["status"] == "audited", hub.fleet()
    assert told(hub) == posted(hub) == [], "there was nothing to compare with"
    fields = "MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5 + MESSAGE_ID=39f53479d3a045ac8e11786248231fbf"
    lines = hub.machine.sh(
        "journalctl --no-pager --output=cat %s | grep 'Audit for what is left over in the network$\\|%s.service'"
        % (fields, NAME)
    )
    words = [line.split()[0] for line in lines.splitlines()]
    assert len(words) >= 6 and words == ["Starting", "Finished"] * (len(words) // 2), "one after the other: %s" % lines


def test_the_metrics_are_for_who_reads_them(hub):
    metrics = hub.machine.sh("runuser -u exporter -- cat %s" % FIRST)
    assert 'netmend_reclaim_host_audited{host="web1"} 1' in metrics


def test_it_does_not_overlap(hub):
    last = hub.latest()
    with hub.locked():
        hub.machine.sh("systemctl start --no-block %s.service" % NAME)
        until(lambda: hub.shown("ActiveState") == "activating")
        run = hub.shown("InvocationID")
        hub.machine.sh("systemctl start --no-block %s.service" % NAME)
        assert hub.shown("InvocationID") == run and hub.latest() == last
    assert hub.ended() == "success 0", hub.journal()
    assert hub.shown("InvocationID") == run, "the second start was none"
    assert hub.latest() != last


def test_new_findings_are_told_once(hub):
    # Metrics have another place from now on, and nothing is left at the old one.
    more = wanted("203.0.113.77/32")
    assert hub.converge(reclaim_schedule_variables=more, reclaim_schedule_textfile=SECOND) > 0
    assert hub.machine.sh("ls -A /srv/metrics") == ""
    assert hub.run() == "success 0", hub.journal()
    assert hub.machine.sh("ls -A /srv/metrics").split() == ["second.prom"]
    (message,), (request,) = told(hub), posted(hub)
    assert request == {"method": "POST", "path": "/new", "token": "secret", "body": message}
    assert (destinations(message), message["new"]) == (["77"], 1)
    assert (message["findings"][0]["host"], message["findings"][0]["standing"]) == ("web1", "new")
    assert message["report"] == "/var/lib/%s/reports/%s" % (NAME, hub.latest())
    assert hub.run() == "success 0", hub.journal()
    assert (len(told(hub)), len(posted(hub))) == (1, 1), "they are known"


def test_who_does_not_listen_is_told_again(hub):
    hub.machine.sh("touch /var/lib/%s/refuse; echo 302 >/srv/answer" % NAME)
    hub.converge(reclaim_schedule_variables=wanted("203.0.113.77/32", "203.0.113.78/32"))
    last = hub.latest()
    assert hub.run().startswith("exit-code"), "seen in the unit"
    assert hub.shown("ActiveState") == "failed"
    said = hub.journal()
    assert (
        "The command could not be told of 1 findings" in said
        and "The url could not be told of 1 findings: HTTP Error 302" in said
    )
    assert hub.latest() != last and "203.0.113.78" in json.dumps(hub.fleet()), "the report is there all the same"
    hub.machine.sh("rm /var/lib/%s/refuse; echo 204 >/srv/answer" % NAME)
    assert hub.run() == "success 0", hub.journal()
    assert hub.run() == "success 0", hub.journal()
    assert [destinations(message) for message in told(hub)] == [["77"], ["78"], ["78"]]
    assert [request["path"] for request in posted(hub)] == ["/new"] * 3, "no redirection was followed"
    assert [destinations(request["body"]) for request in posted(hub)] == [["77"], ["78"], ["78"]]


def test_old_reports_go(hub):
    made = re.findall("/reports/(2[^/]+)/index.html", hub.journal())
    assert len(made) > 6 and hub.reports() == made[-3:]


def test_what_was_missed_is_made_up_for(hub):
    # The machine was off when it was due.
    last = hub.latest()
    hub.machine.sh("touch -d '2 years ago' /var/lib/systemd/timers/stamp-%s.timer" % NAME)
    hub.machine.restart()
    until(lambda: hub.latest() != last)
    assert hub.machine.sh("systemctl is-active %s.timer" % NAME).strip() == "active"
    hub.ended()
    listen(hub.machine)


def test_nothing_is_left(hub):
    there = hub.machine.traces()
    assert hub.converge("--check", state="absent") > 0
    assert unlike(there, hub.machine.traces()) == {}
    assert hub.converge(state="absent") > 0
    assert unlike(hub.before, hub.machine.traces()) == {}
    assert hub.machine.sh("ls -A /srv/metrics") == ""
    assert hub.converge(state="absent") == 0
