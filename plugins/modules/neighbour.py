#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: neighbour
short_description: Add, replace or remove an ARP or ND entry of the running kernel
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Makes sure that an interface knows the hardware address of a neighbour, or that it forgets it; or that it answers for
    an address that is somewhere else (proxy ARP, proxy ND).
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.writes
options:
  state:
    description:
      - V(present) makes sure that the entry is there. V(absent) removes it, whatever it says; with O(lladdr) only where it
        says that.
      - An entry that the kernel is still resolving, or that failed to resolve, is none.
    type: str
    choices: [present, absent]
    default: present
  address:
    description:
      - The neighbour's address.
    type: str
    required: true
  interface:
    description:
      - The interface that the neighbour is on.
    type: str
    required: true
  lladdr:
    description:
      - The neighbour's hardware address. Required with O(state=present) and O(proxy=false).
    type: str
  nud:
    description:
      - How the kernel keeps the entry.
      - V(permanent) for good. V(noarp) until it is needed for something else. V(stale) as if it had been learned - it is
        tested when it is used.
    type: str
    choices: [permanent, noarp, stale]
    default: permanent
  router:
    description:
      - Whether the neighbour is a router (IPv6).
    type: bool
  proxy:
    description:
      - Answer for O(address) on O(interface), in place of knowing its hardware address.
    type: bool
    default: false
  proto:
    description:
      - The origin that the entry is marked with, for example V(static), V(zebra), or its number.
    type: str
seealso:
  - module: netmend.reclaim.interface_info
    description: Which entries there are.
"""

EXAMPLES = r"""
- name: Pin the hardware address of the gateway
  netmend.reclaim.neighbour:
    address: 192.0.2.1
    interface: eth0
    lladdr: 02:00:00:00:00:01

- name: Forget what is known of a neighbour that was replaced
  netmend.reclaim.neighbour:
    address: 192.0.2.7
    interface: eth0
    state: absent

- name: Answer for a container's address
  netmend.reclaim.neighbour:
    address: 192.0.2.77
    interface: eth0
    proxy: true
"""

RETURN = r"""
before:
  description: What there was of what the task is about, as C(ip) shows it.
  returned: success
  type: list
  elements: str
  sample: ["192.0.2.1 dev eth0 lladdr 02:00:00:00:00:01 nud stale"]
after:
  description: What there is now, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["192.0.2.1 dev eth0 lladdr 02:00:00:00:00:02 nud permanent"]
commands:
  description: The commands that do the same, ready for a shell. Nothing runs them.
  returned: success
  type: list
  elements: str
  sample: ["ip neigh replace 192.0.2.1 dev eth0 lladdr 02:00:00:00:00:02 nud permanent"]
diff:
  description: Before and after, one line for each object.
  returned: in diff mode
  type: dict
  sample:
    before: "192.0.2.1 dev eth0 lladdr 02:00:00:00:00:01 nud stale\n"
    after: "192.0.2.1 dev eth0 lladdr 02:00:00:00:00:02 nud permanent\n"
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.module import run_change
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.neighbour import neighbour


def main() -> None:
    run_change(
        dict(
            netns=dict(type="str"),
            state=dict(type="str", choices=["present", "absent"], default="present"),
            address=dict(type="str", required=True),
            interface=dict(type="str", required=True),
            lladdr=dict(type="str"),
            nud=dict(type="str", choices=["permanent", "noarp", "stale"], default="permanent"),
            router=dict(type="bool"),
            proxy=dict(type="bool", default=False),
            proto=dict(type="str"),
        ),
        neighbour,
    )


if __name__ == "__main__":
    main()
