# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
short_description: Follows what goes from a host's network, and the errors that its programs get
description:
  - Follows the kernel's own events (rtnetlink) and tells of addresses, links, policy rules and default routes that are removed, and of
    links that are set down. Follows the journal and log files for errors of the unreachable family, in all the ways in which programs
    write of them.
  - Follows the host that ansible-rulebook runs on, or a network namespace of it.
  - Many happenings become one event. An event is sent when nothing happened for C(settle) seconds, and in a lasting storm every
    C(at_most_every) seconds. What happens after an event is in the next one. What was or may have been missed is an event as well.
  - An event is a C(netmend) with C(schema), C(host), C(netns), C(kind), what it happened to (C(address), C(interface), C(rule),
    C(table), C(gateway), C(error), C(program), C(unit)...), C(text), C(command), C(count), C(first), C(last), the C(kinds) of all that
    happened, their C(total), the others in C(also), and how many more there were (C(omitted)). C(meta.hosts) holds the host, so that
    playbooks are limited to it.
  - Needs pyroute2 in the Python that runs ansible-rulebook, unless C(kernel) is false. Seeing the kernel's events needs no root; a
    network namespace and the journal of others do.
options:
  host:
    description: The host's name in the inventory.
    type: str
    default: the name of the machine
  netns:
    description: The network namespace to follow the kernel's events of, by its name or the ID of a process in it.
    type: str
  kernel:
    description: Follow the kernel's events.
    type: bool
    default: true
  journal:
    description: Follow the journal. What Ansible and the unit that ansible-rulebook runs in write is left out.
    type: bool
    default: true
  units:
    description: The systemd units whose journal is followed. Without any it is that of all.
    type: list
    elements: str
  logs:
    description: Absolute paths of log files to follow. They may be rotated, truncated, and made later.
    type: list
    elements: str
  settle:
    description: Seconds without a happening after which an event is sent.
    type: float
    default: 3
  at_most_every:
    description: The least number of seconds between two events.
    type: float
    default: 60
  remind:
    description:
      - Seconds after which an error that goes on is told again. One that had stopped for five minutes is news at once.
    type: float
    default: 3600
  at_start:
    description: Send an event when the following begins, since what happened before is not known.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Audit what changed
  hosts: all
  sources:
    - name: network
      netmend.reclaim.network:
        host: web1
        units: [doublezerod.service]
  rules:
    - name: An address is gone
      condition: event.netmend.kinds contains "address-removed"
      action:
        run_playbook:
          name: netmend.reclaim.audit
"""

import pathlib
import sys
import types
import typing as t


def _find_collection() -> None:
    """ansible-rulebook runs this file by its path, and knows nothing of Ansible's collections: this one is made known."""
    here = str(pathlib.Path(__file__).absolute().parents[6])
    try:
        import ansible_collections as package
    except ImportError:
        package = sys.modules["ansible_collections"] = types.ModuleType("ansible_collections")
        package.__path__ = []
    if here not in package.__path__:
        package.__path__ = [here, *package.__path__]


async def main(queue: t.Any, args: t.Dict[str, t.Any]) -> None:
    """What ansible-rulebook calls."""
    _find_collection()
    from ansible_collections.netmend.reclaim.plugins.plugin_utils.events import follow, options

    await follow.follow(queue, options.load(args))
