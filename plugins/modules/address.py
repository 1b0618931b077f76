#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: address
short_description: Add, change or remove an address of the running kernel
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Makes sure that an interface has an address that looks as it should, or that it has it not.
  - What the kernel can change in place (lifetimes, O(proto), of IPv6 addresses O(noprefixroute)) is changed so. For
    anything else the address is removed and made again at once.
  - When an address goes, the others of its subnet stay, although the kernel would take them along with the first one.
    Routes that prefer it as their source go with it.
  - An interface may have the same IPv4 address with several prefix lengths; each is another address. An IPv6 address it has
    once, and its prefix length is corrected.
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.writes
options:
  state:
    description:
      - V(present) makes sure that the address is there. V(absent) removes all addresses that match all that was given,
        whatever the rest of them.
    type: str
    choices: [present, absent]
    default: present
  address:
    description:
      - The address, with its prefix length. Without one it is of full length, and with O(state=absent) of any.
    type: str
    required: true
  interface:
    description:
      - The interface. Required with O(state=present); any when not given and O(state=absent).
    type: str
  peer:
    description:
      - The address of the other end of a point-to-point link. The prefix length is then its own, and may stand here.
    type: str
  broadcast:
    description:
      - The broadcast address (IPv4), or V(+) for the last one of the subnet.
    type: str
  label:
    description:
      - The label (IPv4). A new address is labelled with the interface's name when not given.
    type: str
  scope:
    description:
      - The scope (IPv4), for example V(global), V(link), V(host).
      - A new address is of the scope V(host) below 127.0.0.0/8 and V(global) elsewhere when not given.
    type: str
  valid_lifetime:
    description:
      - Seconds until the kernel removes the address, or V(forever).
      - A lifetime runs. It is set anew when less than half of it is left.
    type: str
  preferred_lifetime:
    description:
      - Seconds until the address is no longer chosen for new connections, or V(forever).
    type: str
  nodad:
    description:
      - Use a new IPv6 address at once, without testing whether somebody else has it. Addresses that are there are not
        compared by this.
    type: bool
    default: false
  noprefixroute:
    description:
      - Do not make the route to the subnet of a new address.
    type: bool
  proto:
    description:
      - The origin that the address is marked with, a number (Linux 5.18).
    type: str
seealso:
  - module: netmend.reclaim.interface_info
    description: Which addresses there are.
  - module: netmend.reclaim.link
"""

EXAMPLES = r"""
- name: Give a host its VIP back
  netmend.reclaim.address:
    address: 192.0.2.10/32
    interface: lo

- name: Take a VIP away that a dead keepalived left, on whichever interface it is
  netmend.reclaim.address:
    address: 192.0.2.10
    state: absent

- name: Address a point-to-point tunnel
  netmend.reclaim.address:
    address: 169.254.0.1
    peer: 169.254.0.0/31
    interface: tunnel0

- name: Lend an address for ten minutes
  netmend.reclaim.address:
    address: 2001:db8::10/64
    interface: eth0
    valid_lifetime: "600"
    nodad: true
"""

RETURN = r"""
before:
  description: What there was of what the task is about, as C(ip) shows it.
  returned: success
  type: list
  elements: str
  sample: []
after:
  description: What there is now, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["192.0.2.10/32 scope global dev lo label lo"]
commands:
  description: The commands that do the same, ready for a shell. Nothing runs them.
  returned: success
  type: list
  elements: str
  sample: ["ip -4 address add 192.0.2.10/32 scope global dev lo label lo"]
diff:
  description: Before and after, one line for each object.
  returned: in diff mode
  type: dict
  sample:
    before: ""
    after: "192.0.2.10/32 scope global dev lo label lo\n"
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.module import run_change
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.address import address


def main() -> None:
    run_change(
        dict(
            netns=dict(type="str"),
            state=dict(type="str", choices=["present", "absent"], default="present"),
            address=dict(type="str", required=True),
            interface=dict(type="str"),
            peer=dict(type="str"),
            broadcast=dict(type="str"),
            label=dict(type="str"),
            scope=dict(type="str"),
            valid_lifetime=dict(type="str"),
            preferred_lifetime=dict(type="str"),
            nodad=dict(type="bool", default=False),
            noprefixroute=dict(type="bool"),
            proto=dict(type="str"),
        ),
        address,
        required_if=[("state", "present", ("interface",))],
    )


if __name__ == "__main__":
    main()
