# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong is said before anything is done, and what is somebody else's stays."""

from __future__ import annotations

import json
import re

from ansible_collections.netmend.reclaim.tests.integration.schedule.conftest import Schedule, unlike

HUB = {"reclaim_schedule_inventory": "/srv/hosts"}
PULL = {"reclaim_schedule_mode": "pull", "reclaim_schedule_url": "https://git.example.com/reclaim.git"}
WRONG = [
    ({"reclaim_schedule_name": "../etc"}, "use lower-case letters"),
    ({**HUB, "reclaim_schedule_calendar": "never ever"}, "never ever"),
    ({}, "a hub needs the absolute path of its inventory"),
    ({"reclaim_schedule_mode": "pull"}, "the mode pull needs a git repository"),
    ({"reclaim_schedule_mode": "cloud"}, "value of reclaim_schedule_mode must be one of"),
    ({**HUB, "reclaim_schedule_collection": "/x.tar.gz"}, "give either"),
    ({**HUB, "reclaim_schedule_cpu": "much"}, "such as 50%"),
    ({**HUB, "reclaim_schedule_user": "root"}, "not root"),
    (
        {**HUB, "reclaim_schedule_ansible": "/tmp/venv/bin"},
        "/tmp/venv/bin: the service has a /tmp and a /var/tmp of its own",
    ),
    ({"reclaim_schedule_inventory": "/var/tmp/hosts"}, "/var/tmp/hosts: the service has"),
    ({**HUB, "reclaim_schedule_textfile": "/nowhere/reclaim.prom"}, "there is no directory /nowhere"),
    ({**HUB, "reclaim_schedule_textfile": "/srv/reclaim.txt"}, "ends in .prom"),
    ({**PULL, "reclaim_schedule_url": 'https://x/" version=evil'}, "without blanks, quotes and braces"),
    ({**PULL, "reclaim_schedule_verify_commit": True}, "say whose signatures are good"),
    # Other programs' names: their files would be overwritten, and removed later.
    ({**HUB, "reclaim_schedule_name": "ssh"}, "there is already"),
    ({**HUB, "reclaim_schedule_name": "else"}, "there is already /etc/else, /opt/else, /var/lib/else, which"),
    ({**HUB, "reclaim_schedule_name": "backup"}, "already a user backup"),
]
FAILED = "ansible_failed_result"
SAID = f"[{FAILED}.msg, {FAILED}.stderr | default(''), {FAILED}.results | default([]) | map(attribute='msg') | list] | to_json"
THERE = "/etc/else/precious /opt/else/precious /var/lib/else/precious"


def test_each(machine):
    machine.sh("mkdir -p /etc/else /opt/else /var/lib/else; touch %s" % THERE)
    before = machine.traces()
    tasks: list[dict] = [{"ansible.builtin.set_fact": {"told": []}}]
    for settings, _words in WRONG:
        given = {**Schedule(machine).settings, **settings}
        tasks.append(
            {
                "block": [{"ansible.builtin.include_role": {"name": "netmend.reclaim.schedule"}, "vars": given}],
                "rescue": [{"ansible.builtin.set_fact": {"told": "{{ told + [%s] }}" % SAID}}],
            }
        )
    tasks.append({"ansible.builtin.copy": {"content": "{{ told | to_json }}", "dest": "/shared/told.json"}})
    # Without a record nothing was made here, whatever has these names.
    for name in ("else", "ssh", "never"):
        given = {"reclaim_schedule_name": name, "reclaim_schedule_state": "absent"}
        tasks.append({"ansible.builtin.include_role": {"name": "netmend.reclaim.schedule"}, "vars": given})
    (machine.shared / "wrong.yml").write_text(
        json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    )
    output = machine.play("wrong.yml")
    told = json.loads((machine.shared / "told.json").read_text())
    assert len(told) == len(WRONG), output
    for words, (settings, expected) in zip(told, WRONG):
        assert expected in words, (settings, words)
    assert re.search(r"changed=(\d+)", output).group(1) == "1", "the list of what was told"
    assert unlike(before, machine.traces()) == {}
    machine.sh("rm -r /etc/else /opt/else /var/lib/else")
