#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: link
short_description: Make, set up or remove a link of the running kernel
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Makes sure that a link is there, is up or down, and has the settings that it should have; or that it is not there.
  - Makes links of the kinds that O(kind) lists. What the kernel cannot change in a link that is there is refused, never
    done by removing it.
  - Only what the task gives is compared, set and shown.
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.writes
options:
  state:
    description:
      - V(present) makes sure that the link is there, V(up) that it is there and up, V(down) that it is there and down.
        V(absent) removes it; the other end of a V(veth) goes with it.
      - A new link is down with V(present).
    type: str
    choices: [present, up, down, absent]
    default: present
  name:
    description:
      - The name of the link.
    type: str
    required: true
  kind:
    description:
      - The kind of link, to make it where it is not there. A link of that name and another kind is refused.
      - The kernel needs the module of that kind.
    type: str
    choices: [bridge, dummy, gre, ipip, macvlan, sit, veth, vlan, vrf, vxlan]
  peer:
    description:
      - The name of the other end of a new V(veth).
    type: str
  parent:
    description:
      - The link that a V(vlan) or V(macvlan) is on.
    type: str
  id:
    description:
      - The ID of a V(vlan), or the network identifier of a V(vxlan).
    type: int
  mode:
    description:
      - The mode of a V(macvlan). A new one is V(vepa) when not given, as the kernel has it.
    type: str
    choices: [private, vepa, bridge, passthru, source]
  local:
    description:
      - The address that a tunnel (V(gre), V(ipip), V(sit), V(vxlan)) sends from.
    type: str
  remote:
    description:
      - The address that a tunnel sends to.
    type: str
  ttl:
    description:
      - The time to live of a tunnel's outer packets.
    type: int
  underlay:
    description:
      - The link that a tunnel sends by.
    type: str
  port:
    description:
      - The UDP port of a V(vxlan). A new one is V(4789) when not given.
    type: int
  table:
    description:
      - The routing table of a V(vrf), by its number.
    type: int
  mtu:
    description:
      - The largest packet that the link takes, in bytes.
    type: int
  alias:
    description:
      - A text for people. An empty one takes it away.
    type: str
  master:
    description:
      - The bridge, bond or VRF that the link belongs to. An empty text releases it.
    type: str
  lladdr:
    description:
      - The hardware address. Most links have to be down for it to change.
    type: str
seealso:
  - module: netmend.reclaim.interface_info
    description: Which links there are.
  - module: netmend.reclaim.address
"""

EXAMPLES = r"""
- name: Bring an interface up
  netmend.reclaim.link:
    name: eth1
    state: up

- name: Make a tunnel, and move its end when the underlay's address moves
  netmend.reclaim.link:
    name: tunnel0
    kind: gre
    local: 192.0.2.10
    remote: 198.51.100.7
    ttl: 64
    mtu: 1476
    state: up

- name: Make a VLAN on a trunk
  netmend.reclaim.link:
    name: eth0.42
    kind: vlan
    parent: eth0
    id: 42
    state: up

- name: Release a port from its bridge
  netmend.reclaim.link:
    name: veth7
    master: ""

- name: Remove the interface that a VPN left behind
  netmend.reclaim.link:
    name: vpn0
    state: absent
"""

RETURN = r"""
before:
  description: What there was of what the task is about, as C(ip) shows it.
  returned: success
  type: list
  elements: str
  sample: ["vx0 mtu 1500 down"]
after:
  description: What there is now, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["vx0 mtu 1450 up"]
commands:
  description: The commands that do the same, ready for a shell. Nothing runs them.
  returned: success
  type: list
  elements: str
  sample: ["ip link set dev vx0 mtu 1450 up"]
diff:
  description: Before and after, one line for each object.
  returned: in diff mode
  type: dict
  sample:
    before: "vx0 mtu 1500 down\n"
    after: "vx0 mtu 1450 up\n"
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.module import run_change
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.link import link


def main() -> None:
    run_change(
        dict(
            netns=dict(type="str"),
            state=dict(type="str", choices=["present", "up", "down", "absent"], default="present"),
            name=dict(type="str", required=True),
            kind=dict(
                type="str", choices=["bridge", "dummy", "gre", "ipip", "macvlan", "sit", "veth", "vlan", "vrf", "vxlan"]
            ),
            peer=dict(type="str"),
            parent=dict(type="str"),
            id=dict(type="int"),
            mode=dict(type="str", choices=["private", "vepa", "bridge", "passthru", "source"]),
            local=dict(type="str"),
            remote=dict(type="str"),
            ttl=dict(type="int"),
            underlay=dict(type="str"),
            port=dict(type="int"),
            table=dict(type="int"),
            mtu=dict(type="int"),
            alias=dict(type="str"),
            master=dict(type="str"),
            lladdr=dict(type="str"),
        ),
        link,
    )


if __name__ == "__main__":
    main()
