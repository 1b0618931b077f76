#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: interface_info
short_description: List the interfaces of a host with their addresses, tunnel ends and state
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Reads the links, their addresses, what they stand on (master, parent, VRF table, tunnel ends), and on request their
    neighbours, as the kernel holds them.
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.reads
options:
  name:
    description:
      - Only interfaces with one of these names; shell patterns such as V(eth*) are allowed.
    type: list
    elements: str
  kind:
    description:
      - Only interfaces of one of these kinds, for example V(gre), V(veth), V(wireguard); V(physical) for those without a
        kind, which are hardware and the loopback.
    type: list
    elements: str
  state:
    description:
      - Only interfaces in one of these states, see RV(interfaces[].state).
    type: list
    elements: str
    choices: [up, no-carrier, down]
  family:
    description:
      - Only addresses and neighbours of this family. Both when not given.
    type: str
    choices: [ipv4, ipv6]
  address:
    description:
      - Only interfaces that hold this address, or an address in this prefix.
    type: str
  neighbours:
    description:
      - Return each interface's neighbours (ARP and ND entries) as well.
    type: bool
    default: false
  summary:
    description:
      - Return only the counts.
    type: bool
    default: false
  limit:
    description:
      - How many interfaces are returned at most. Fewer are returned where the result would grow beyond 200 kB.
    type: int
    default: 100
seealso:
  - module: netmend.reclaim.route_info
  - module: netmend.reclaim.session_info
  - module: netmend.reclaim.reach_info
"""

EXAMPLES = r"""
- name: Read all interfaces
  netmend.reclaim.interface_info:
  register: links

- name: Find the interface that holds an address
  netmend.reclaim.interface_info:
    address: 192.0.2.10

- name: Look at tunnels that have no carrier or are down, in the namespace of a process
  netmend.reclaim.interface_info:
    netns: "4711"
    kind: [gre, ipip, wireguard]
    state: [no-carrier, down]

- name: Read the neighbours on one interface
  netmend.reclaim.interface_info:
    name: [eth0]
    neighbours: true
"""

RETURN = r"""
interfaces:
  description: The interfaces, in the order of their indexes.
  returned: when O(summary=false)
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
    ifindex:
      description: The index. It does not survive a reboot.
      type: int
    kind:
      description: The kind, for example V(veth); V(physical) for hardware and the loopback.
      type: str
    state:
      description:
        - V(down) where the administrator has it down, V(no-carrier) where nothing answers at the other end, else V(up).
      type: str
    up:
      description: Whether it is administratively up.
      type: bool
    carrier:
      description: Whether the driver says that the link below works.
      type: bool
    operstate:
      description: The state of RFC 2863. V(UNKNOWN) is healthy; tunnels never leave it.
      type: str
    loopback:
      description: Whether it is a loopback.
      type: bool
    kernel_fallback:
      description: Whether it is one of the devices that the kernel makes when a tunnel module loads, such as C(gre0).
      type: bool
    mtu:
      description: The MTU in bytes.
      type: int
    lladdr:
      description: The link-layer address, or null.
      type: str
    alias:
      description: What the administrator noted on it, or null.
      type: str
    master:
      description: The bridge, bond or VRF that it belongs to, or null.
      type: str
    parent:
      description: The link that it stands on, or the other end of a veth pair; null where there is none in this namespace.
      type: str
    peer_netns:
      description: The ID of the namespace that its parent is in where that is another one, or null.
      type: int
    vrf_table:
      description: The table of a VRF, or null.
      type: int
    tunnel:
      description: The tunnel's ends, or null.
      type: dict
      contains:
        local:
          description: The address that it sends from, or null for any.
          type: str
        remote:
          description: The far end, or null where it has many.
          type: str
        underlay:
          description: The interface that it is bound to, or null.
          type: str
        ttl:
          description: The time to live of its packets, or null.
          type: int
    addresses:
      description: The addresses, at most 100.
      type: list
      elements: dict
      contains:
        family:
          description: V(ipv4) or V(ipv6).
          type: str
        address:
          description: The address.
          type: str
        prefixlen:
          description: The length of the prefix.
          type: int
        peer:
          description: The other end, or null.
          type: str
        scope:
          description: For example V(global).
          type: str
        flags:
          description: For example V(permanent), V(tentative), V(dadfailed), V(deprecated).
          type: list
          elements: str
        proto:
          description: Who put it there, where the kernel knows (Linux 5.18), or null.
          type: str
        label:
          description: The label, or null.
          type: str
        valid_lifetime:
          description: Seconds until it goes; null for never.
          type: int
        preferred_lifetime:
          description: Seconds until it is deprecated; null for never.
          type: int
    addresses_total:
      description: How many addresses it holds.
      type: int
    neighbours:
      description: The neighbours, at most 100, where O(neighbours=true).
      type: list
      elements: dict
    neighbours_total:
      description: How many neighbours it has, where O(neighbours=true).
      type: int
    neighbours_counts:
      description: How many neighbours it has in each state, where O(neighbours=true).
      type: dict
  sample:
    - addresses:
        - address: 192.0.2.10
          family: ipv4
          flags: [permanent]
          label: eth0
          peer: null
          preferred_lifetime: null
          prefixlen: 24
          proto: null
          scope: global
          valid_lifetime: null
      addresses_total: 1
      alias: null
      carrier: true
      ifindex: 2
      kernel_fallback: false
      kind: physical
      lladdr: 52:54:00:12:34:56
      loopback: false
      master: null
      mtu: 1500
      name: eth0
      operstate: UP
      parent: null
      peer_netns: null
      state: up
      tunnel: null
      up: true
      vrf_table: null
counts:
  description: How many interfaces match, by C(state) and C(kind), and how many C(addresses) of each family they hold.
  returned: success
  type: dict
  sample: {addresses: {ipv4: 2, ipv6: 1}, kind: {physical: 2}, state: {up: 2}}
total:
  description: How many interfaces match.
  returned: success
  type: int
  sample: 2
truncated:
  description: Whether there are more interfaces than were returned.
  returned: when O(summary=false)
  type: bool
  sample: false
unseen:
  description: What could not be read, and why. It is not known to be clean.
  returned: success
  type: list
  elements: dict
  sample: []
unsteady:
  description: The tables that changed on each try to read them. What is told of them may be incomplete.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.info.interfaces import interface_info
from ansible_collections.netmend.reclaim.plugins.module_utils.module import run


def main() -> None:
    run(
        dict(
            netns=dict(type="str"),
            name=dict(type="list", elements="str"),
            kind=dict(type="list", elements="str"),
            state=dict(type="list", elements="str", choices=["up", "no-carrier", "down"]),
            family=dict(type="str", choices=["ipv4", "ipv6"]),
            address=dict(type="str"),
            neighbours=dict(type="bool", default=False),
            summary=dict(type="bool", default=False),
            limit=dict(type="int", default=100),
        ),
        interface_info,
    )


if __name__ == "__main__":
    main()
