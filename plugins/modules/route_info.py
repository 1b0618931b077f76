#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: route_info
short_description: List, filter, count and group the routes of a host
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Reads the routes of all tables or of some, and on request the policy rules and the next-hop objects, as the kernel
    holds them.
  - Works with a million routes. The result stays small, because routes beyond O(limit) are only counted; O(summary) tells
    what they have in common.
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.reads
options:
  gather:
    description:
      - What to return.
    type: list
    elements: str
    choices: [routes, rules, nexthops]
    default: [routes]
  family:
    description:
      - Only this address family. Both when not given.
    type: str
    choices: [ipv4, ipv6]
  table:
    description:
      - Only this table, by its number or as V(main), V(local) or V(default). All tables when not given.
      - Of policy rules, those that look this table up.
    type: str
  proto:
    description:
      - Only routes with this origin, for example V(kernel), V(static), V(bgp), V(dhcp), or its number.
    type: str
  type:
    description:
      - Only routes of this type, for example V(unicast), V(blackhole), V(unreachable), V(prohibit), V(throw), V(local).
    type: str
  dst:
    description:
      - Only routes to this destination, a prefix or an address; V(0.0.0.0/0) or V(::/0) for default routes.
    type: str
  match:
    description:
      - How a route's prefix relates to O(dst).
      - V(exact) is the same prefix.
      - V(within) is that prefix or a part of it.
      - V(covering) is that prefix or one that holds it, so the routes that an address in O(dst) may take.
    type: str
    choices: [exact, within, covering]
    default: exact
  gateway:
    description:
      - Only routes with a next hop through this gateway address.
    type: str
  interface:
    description:
      - Only routes with a next hop on this interface.
      - Of next-hop objects, those on it.
    type: str
  source:
    description:
      - Only routes whose preferred source address, or source prefix (IPv6), lies in this prefix or is this address.
    type: str
  summary:
    description:
      - Return counts and groups in place of routes. A group is of routes that differ in nothing but their destination.
    type: bool
    default: false
  limit:
    description:
      - How many routes or groups, rules and next-hop objects are returned at most. Fewer are returned where the result
        would grow beyond 200 kB.
    type: int
    default: 100
seealso:
  - module: netmend.reclaim.reach_info
    description: Which of these routes a packet takes, and why none.
  - module: netmend.reclaim.interface_info
  - module: netmend.reclaim.session_info
"""

EXAMPLES = r"""
- name: Read the main table
  netmend.reclaim.route_info:
    table: main
  register: main

- name: See how many routes there are, and of which kinds
  netmend.reclaim.route_info:
    summary: true

- name: Find the routes that prefer an address which is about to go
  netmend.reclaim.route_info:
    source: 192.0.2.10

- name: Find what stands behind an address, with the policy rules that lead there
  netmend.reclaim.route_info:
    dst: 198.51.100.7
    match: covering
    gather: [routes, rules]

- name: Count the routes that a routing daemon installed in table 100
  netmend.reclaim.route_info:
    table: "100"
    proto: bgp
    summary: true
"""

RETURN = r"""
routes:
  description: The routes, in the kernel's order. Not with O(summary=true).
  returned: when O(gather) has V(routes) and O(summary=false)
  type: list
  elements: dict
  contains:
    family:
      description: V(ipv4) or V(ipv6).
      type: str
    dst:
      description: The destination prefix.
      type: str
    table:
      description: The number of the table.
      type: int
    table_name:
      description: V(main), V(local), V(default) or null.
      type: str
    type:
      description: The type, for example V(unicast) or V(blackhole).
      type: str
    proto:
      description: The origin, for example V(kernel); the number where it has no name. It does not prove whose the route is.
      type: str
    scope:
      description: The scope, for example V(link).
      type: str
    metric:
      description: The metric (priority); V(0) is also what C(ip) does not print.
      type: int
    tos:
      description: The type of service that it is for; V(0) is any.
      type: int
    src:
      description: The source prefix that it is for (IPv6), or null.
      type: str
    prefsrc:
      description: The preferred source address, or null.
      type: str
    gateway:
      description: The gateway of the first next hop, or null.
      type: str
    interface:
      description: The interface of the first next hop, or null; V(if7) and the like where that link is gone.
      type: str
    hops:
      description: All next hops.
      type: list
      elements: dict
      contains:
        interface:
          description: The interface, or null.
          type: str
        gateway:
          description: The gateway, or null.
          type: str
        weight:
          description: The weight among the next hops.
          type: int
        flags:
          description: For example V(dead), V(linkdown), V(onlink).
          type: list
          elements: str
        encap:
          description: The kind of lightweight tunnel on it, or null.
          type: str
    nhid:
      description: The ID of the next-hop object that it uses, or null.
      type: int
    flags:
      description: Flags of the route itself.
      type: list
      elements: str
    pref:
      description: The router preference (IPv6), or null.
      type: str
    expires:
      description: Seconds until it goes, or null.
      type: int
  sample:
    - dst: 0.0.0.0/0
      expires: null
      family: ipv4
      flags: []
      gateway: 192.0.2.1
      hops:
        - {encap: null, flags: [], gateway: 192.0.2.1, interface: eth0, weight: 1}
      interface: eth0
      metric: 100
      nhid: null
      pref: null
      prefsrc: 192.0.2.10
      proto: dhcp
      scope: global
      src: null
      table: 254
      table_name: main
      tos: 0
      type: unicast
total:
  description: How many routes match.
  returned: when O(gather) has V(routes)
  type: int
  sample: 1
truncated:
  description: Whether there are more routes, or groups, than were returned.
  returned: when O(gather) has V(routes)
  type: bool
  sample: false
counts:
  description: How many routes match, by C(family), C(table), C(proto), C(type) and C(interface).
  returned: when O(gather) has V(routes) and O(summary=true)
  type: dict
  sample: {family: {ipv4: 3}, interface: {eth0: 3}, proto: {dhcp: 1, kernel: 2}, table: {local: 1, main: 2}, type: {local: 1, unicast: 2}}
groups:
  description: The largest groups. Each has the fields of a route but C(dst) and C(expires), its C(count) and some C(samples).
  returned: when O(gather) has V(routes) and O(summary=true)
  type: list
  elements: dict
groups_total:
  description: How many groups there are.
  returned: when O(gather) has V(routes) and O(summary=true)
  type: int
  sample: 3
rules:
  description: The policy rules, in the order in which the kernel tries them. What a rule does not select by is left out.
  returned: when O(gather) has V(rules)
  type: list
  elements: dict
  sample:
    - {action: lookup, family: ipv4, priority: 32766, proto: kernel, table: 254, table_name: main}
rules_total:
  description: How many policy rules match.
  returned: when O(gather) has V(rules)
  type: int
  sample: 1
nexthops:
  description: The next-hop objects.
  returned: when O(gather) has V(nexthops)
  type: list
  elements: dict
  sample:
    - {blackhole: false, family: ipv4, fdb: false, flags: [], gateway: 192.0.2.1, group: [], id: 7, interface: eth0, proto: zebra, scope: global}
nexthops_total:
  description: How many next-hop objects match.
  returned: when O(gather) has V(nexthops)
  type: int
  sample: 1
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

from ansible_collections.netmend.reclaim.plugins.module_utils.info.routes import route_info
from ansible_collections.netmend.reclaim.plugins.module_utils.module import run


def main() -> None:
    run(
        dict(
            netns=dict(type="str"),
            gather=dict(type="list", elements="str", choices=["routes", "rules", "nexthops"], default=["routes"]),
            family=dict(type="str", choices=["ipv4", "ipv6"]),
            table=dict(type="str"),
            proto=dict(type="str"),
            type=dict(type="str"),
            dst=dict(type="str"),
            match=dict(type="str", choices=["exact", "within", "covering"], default="exact"),
            gateway=dict(type="str"),
            interface=dict(type="str"),
            source=dict(type="str"),
            summary=dict(type="bool", default=False),
            limit=dict(type="int", default=100),
        ),
        route_info,
    )


if __name__ == "__main__":
    main()
