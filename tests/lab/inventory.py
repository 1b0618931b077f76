# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's hosts as an Ansible inventory."""

from __future__ import annotations

import json
import sys
import typing as t

import yaml
from hosts import HOSTS
from place import HERE, Place
from table import Host

PROFILE = HERE.parents[1] / "plugins" / "module_utils" / "owners" / "profiles" / "doublezerod.yml"


def write(place: Place) -> None:
    lines = [
        "---",
        "# Written by tests/lab/lab.py; what is planted on each host stands in tests/lab/hosts.py.",
        "lab:",
        "  vars:",
        "    ansible_connection: netmend.reclaim.netns",
        '    ansible_python_interpreter: "{{ ansible_playbook_python }}"',
        "  children:",
    ]
    for group, faulty in (("faulty", True), ("healthy", False)):
        lines += ["    %s:" % group, "      hosts:"]
        for host in HOSTS:
            if bool(host.expect) is faulty:
                lines += ["        %s:  # %s" % (host.name, host.about)]
                # JSON is YAML.
                lines += ["          %s: %s" % (name, json.dumps(value)) for name, value in variables(place, host)]
    place.inventory.write_text("\n".join(lines) + "\n")


def variables(place: Place, host: Host) -> t.Iterator[tuple[str, t.Any]]:
    yield "ansible_host", place.netns(host.name)
    yield "reclaim_state_dir", str(place.run(host) / "state")
    if host.vpn is not None:
        yield "reclaim_logs", [str(place.log(host))]
        # No systemd runs in a namespace: the lab itself restarts the daemon.
        restart = [sys.executable, str(HERE / "lab.py"), "restart", host.name]
        restart += ["--prefix", place.prefix, "--dir", str(place.where)]
        yield "reclaim_owners", [dict(asked_here(place, host), name="doublezerod", restart=restart)]
    if host.intent:
        yield "reclaim_intent", host.intent


def asked_here(place: Place, host: Host) -> dict[str, t.Any]:
    """How the shipped profile asks the daemon, with the host's own socket."""
    asked: dict[str, t.Any] = {}
    for field in ("wants", "sessions"):
        asked[field] = [
            dict(ask, sockets=[str(place.run(host) / "doublezerod.sock")]) if "sockets" in ask else ask
            for ask in yaml.safe_load(PROFILE.read_text(encoding="utf-8"))[field]
        ]
    return asked
