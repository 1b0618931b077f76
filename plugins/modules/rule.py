#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rule
short_description: Add or remove a policy rule of the running kernel
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Makes sure that a policy rule is there, or that it is not there.
  - A rule is known by what it selects. Where O(priority) is given as well, a rule of that priority that selects the same
    packets but does something else with them is replaced; the new one is there before the old one goes.
  - Where O(priority) is not given, a rule of any priority that selects the same and does the same is the one that is
    wanted. A new one gets the priority that the kernel gives.
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.writes
options:
  state:
    description:
      - V(present) makes sure that the rule is there. V(absent) removes all rules that match all that was given, whatever the
        rest of them.
      - The kernel's own rules are only removed where O(priority) is given.
    type: str
    choices: [present, absent]
    default: present
  family:
    description:
      - The address family. That of O(from) or O(to) when not given, else V(ipv4).
    type: str
    choices: [ipv4, ipv6]
  priority:
    description:
      - The priority. Lower ones are tried first.
    type: int
  from:
    description:
      - The packet's source, an address or a prefix.
    type: str
  to:
    description:
      - The packet's destination, an address or a prefix.
    type: str
  iif:
    description:
      - The interface that the packet came in by; V(lo) for packets of the host itself. It need not be there.
    type: str
  oif:
    description:
      - The interface that the sending socket is bound to. It need not be there.
    type: str
  mark:
    description:
      - The firewall mark, for example V(16) or V(0x10).
    type: str
  mask:
    description:
      - The bits of the mark that count. All of them when not given.
    type: str
  tos:
    description:
      - The type of service.
    type: int
  uid_range:
    description:
      - The users who send, one number or a range such as V(1000-1999).
    type: str
  ip_proto:
    description:
      - The protocol of the packet, for example V(tcp), V(udp), or its number.
    type: str
  sport:
    description:
      - The source port, one number or a range.
    type: str
  dport:
    description:
      - The destination port, one number or a range.
    type: str
  invert:
    description:
      - Take the packets that are not selected.
      - As V(false) when not given and O(state=present).
    type: bool
  action:
    description:
      - What is done with the packets. V(lookup) when O(table) or O(l3mdev) is given, V(goto) when O(goto) is.
    type: str
    choices: [lookup, goto, nop, blackhole, unreachable, prohibit]
  table:
    description:
      - The table that is looked up, by its number or as V(main), V(local) or V(default).
    type: str
  l3mdev:
    description:
      - Look up the table of the packet's VRF.
    type: bool
  goto:
    description:
      - The priority of the rule to go on with.
    type: int
  suppress_prefixlength:
    description:
      - Pass over routes of the table whose prefix is of this length or shorter; V(0) for default routes.
    type: int
  proto:
    description:
      - The origin that the rule is marked with, for example V(static), V(bgp), or its number.
      - A new rule is marked V(static) when not given.
    type: str
seealso:
  - module: netmend.reclaim.route
    description: The routes of the table.
  - module: netmend.reclaim.route_info
    description: Which rules there are.
"""

EXAMPLES = r"""
- name: Let what comes from a VIP look up a table of its own
  netmend.reclaim.rule:
    from: 192.0.2.10
    table: "100"
    priority: 100

- name: Keep a VPN's own packets out of its tunnel, as wg-quick does
  netmend.reclaim.rule:
    family: ipv4
    mark: "0xca6c"
    invert: true
    table: "51820"
    priority: 32764

- name: Prefer what the main table knows, but for its default route
  netmend.reclaim.rule:
    family: ipv4
    table: main
    suppress_prefixlength: 0
    priority: 32763

- name: Remove all rules that lead to a table that nobody fills any more
  netmend.reclaim.rule:
    family: ipv4
    table: "100"
    state: absent
"""

RETURN = r"""
before:
  description: What there was of what the task is about, as C(ip) shows it.
  returned: success
  type: list
  elements: str
  sample: ["pref 100 from 192.0.2.10/32 lookup 100 protocol static"]
after:
  description: What there is now, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["pref 100 from 192.0.2.10/32 lookup 101 protocol static"]
commands:
  description: The commands that do the same, ready for a shell. Nothing runs them.
  returned: success
  type: list
  elements: str
  sample: ["ip -4 rule add pref 100 from 192.0.2.10/32 lookup 101 protocol static", "ip -4 rule del pref 100 from 192.0.2.10/32 lookup 100 protocol static"]
diff:
  description: Before and after, one line for each object.
  returned: in diff mode
  type: dict
  sample:
    before: "pref 100 from 192.0.2.10/32 lookup 100 protocol static\n"
    after: "pref 100 from 192.0.2.10/32 lookup 101 protocol static\n"
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.module import run_change
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.rule import rule


def main() -> None:
    run_change(
        dict(
            netns=dict(type="str"),
            state=dict(type="str", choices=["present", "absent"], default="present"),
            family=dict(type="str", choices=["ipv4", "ipv6"]),
            priority=dict(type="int"),
            to=dict(type="str"),
            iif=dict(type="str"),
            oif=dict(type="str"),
            mark=dict(type="str"),
            mask=dict(type="str"),
            tos=dict(type="int"),
            uid_range=dict(type="str"),
            ip_proto=dict(type="str"),
            sport=dict(type="str"),
            dport=dict(type="str"),
            invert=dict(type="bool"),
            action=dict(type="str", choices=["lookup", "goto", "nop", "blackhole", "unreachable", "prohibit"]),
            table=dict(type="str"),
            l3mdev=dict(type="bool"),
            goto=dict(type="int"),
            suppress_prefixlength=dict(type="int"),
            proto=dict(type="str"),
            **{"from": dict(type="str")},  # a word of Python's own
        ),
        rule,
        mutually_exclusive=[("table", "l3mdev", "goto")],
        required_by={"mask": ("mark",)},
    )


if __name__ == "__main__":
    main()
