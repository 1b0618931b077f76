#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: route
short_description: Add, replace or remove a route of the running kernel
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Makes sure that a route is there and looks as it should, or that it is not there.
  - Of a route that is to be there, O(family), O(dst), O(table), O(metric) and O(tos) say which one it is. A route in that
    place that looks otherwise is replaced in one step, so that no packet finds none; as with C(ip route replace), the new
    one has what was given and nothing of the old one.
  - Of several IPv4 routes in one place the kernel takes the first, so that is the one that has to look so. On-link IPv6
    routes to one destination over several interfaces stand beside each other, and only the one on O(interface) is meant.
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.writes
options:
  state:
    description:
      - V(present) makes sure that the route is there. V(absent) removes all routes to O(dst) in O(table) that match all that
        was given, whatever the rest of them.
    type: str
    choices: [present, absent]
    default: present
  family:
    description:
      - The address family. Only needed where O(dst) is V(default).
    type: str
    choices: [ipv4, ipv6]
  dst:
    description:
      - The destination, a prefix, an address, or V(default).
    type: str
    required: true
  table:
    description:
      - The table, by its number or as V(main), V(local) or V(default).
      - V(main) when not given; V(local) for routes of the types V(local), V(broadcast) and V(anycast).
    type: str
  type:
    description:
      - The type, for example V(unicast), V(blackhole), V(unreachable), V(prohibit), V(throw), V(local).
      - V(unicast) when not given and O(state=present).
    type: str
  gateway:
    description:
      - The gateway. That of an IPv4 route may be an IPv6 address.
    type: str
  interface:
    description:
      - The interface that the route goes out by. Without O(gateway) its destinations are on-link there.
      - The one that the gateway is on when not given.
    type: str
  onlink:
    description:
      - Take the gateway to be on the link of O(interface), although no subnet says so.
    type: bool
  nexthops:
    description:
      - The next hops of a route that has several, in place of O(gateway) and O(interface).
    type: list
    elements: dict
    suboptions:
      gateway:
        description:
          - The gateway.
        type: str
      interface:
        description:
          - The interface.
        type: str
      weight:
        description:
          - The share of this next hop, from 1 to 256.
        type: int
        default: 1
  nexthop_id:
    description:
      - The ID of a next-hop object that the route goes by (C(ip nexthop)).
    type: int
  source:
    description:
      - The source address that packets get which have none. It must be an address of the host.
    type: str
  metric:
    description:
      - The metric. Lower ones are preferred.
      - With O(state=present), V(0) for IPv4 and V(1024) for IPv6 when not given, as with C(ip).
    type: int
  tos:
    description:
      - The type of service that the route is for (IPv4).
    type: int
  scope:
    description:
      - How far away the destination is (IPv4), for example V(global), V(link), V(host). A new route gets the one that
        C(ip) would choose when not given.
    type: str
  mtu:
    description:
      - The largest packet that goes by this route, in bytes.
    type: int
  proto:
    description:
      - The origin that the route is marked with, for example V(static), V(bgp), V(boot), or its number.
      - A new route is marked V(static) when not given.
    type: str
seealso:
  - module: netmend.reclaim.route_info
    description: Which routes there are.
  - module: netmend.reclaim.reach_info
    description: Which of them a packet takes, and why none.
  - module: netmend.reclaim.rule
    description: Which packets look a table up.
"""

EXAMPLES = r"""
- name: Send what a VIP sends through a table of its own
  netmend.reclaim.route:
    dst: default
    family: ipv4
    table: "100"
    gateway: 192.0.2.1
    interface: eth0
    source: 192.0.2.10

- name: Move the default route to another gateway, without a moment that has none
  netmend.reclaim.route:
    dst: 0.0.0.0/0
    gateway: 192.0.2.2

- name: Remove what a VPN left behind, and no other route to that destination
  netmend.reclaim.route:
    dst: 198.51.100.0/24
    source: 203.0.113.7
    state: absent

- name: Spread a prefix over two gateways
  netmend.reclaim.route:
    dst: 2001:db8:100::/48
    nexthops:
      - gateway: 2001:db8::1
        weight: 3
      - gateway: 2001:db8::2

- name: Let nothing out to a prefix that only a tunnel may carry
  netmend.reclaim.route:
    dst: 10.0.0.0/8
    type: unreachable
    metric: 4278198272
"""

RETURN = r"""
before:
  description: What there was of what the task is about, as C(ip) shows it.
  returned: success
  type: list
  elements: str
  sample: ["default via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.10"]
after:
  description: What there is now, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["default via 192.0.2.2 dev eth0 proto static"]
commands:
  description: The commands that do the same, ready for a shell. Nothing runs them.
  returned: success
  type: list
  elements: str
  sample: ["ip -4 route replace default via 192.0.2.2 dev eth0 proto static"]
diff:
  description: Before and after, one line for each object.
  returned: in diff mode
  type: dict
  sample:
    before: "default via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.10\n"
    after: "default via 192.0.2.2 dev eth0 proto static\n"
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.module import run_change
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.route import route


def main() -> None:
    run_change(
        dict(
            netns=dict(type="str"),
            state=dict(type="str", choices=["present", "absent"], default="present"),
            family=dict(type="str", choices=["ipv4", "ipv6"]),
            dst=dict(type="str", required=True),
            table=dict(type="str"),
            type=dict(type="str"),
            gateway=dict(type="str"),
            interface=dict(type="str"),
            onlink=dict(type="bool"),
            nexthops=dict(
                type="list",
                elements="dict",
                options=dict(gateway=dict(type="str"), interface=dict(type="str"), weight=dict(type="int", default=1)),
            ),
            nexthop_id=dict(type="int"),
            source=dict(type="str"),
            metric=dict(type="int"),
            tos=dict(type="int"),
            scope=dict(type="str"),
            mtu=dict(type="int"),
            proto=dict(type="str"),
        ),
        route,
        mutually_exclusive=[
            ("gateway", "nexthops", "nexthop_id"),
            ("interface", "nexthops", "nexthop_id"),
            ("onlink", "nexthop_id"),
        ],
    )


if __name__ == "__main__":
    main()
