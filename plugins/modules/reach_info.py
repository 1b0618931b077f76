#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reach_info
short_description: Say whether a send would succeed, and why not
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Asks the kernel what a send would get, and explains the answer from the policy rule to the wire. Sends nothing and
    changes nothing.
  - Tells a missing route and a source that is gone apart. The kernel checks the source before it looks for a route, so
    RV(cause=source-not-local) is told whenever the source is not local, whatever the routes are.
  - The question is that of a datagram whose source and interface are given with C(IP_PKTINFO) or C(IPV6_PKTINFO).
  - The host's own firewall is read as well (see O(firewall)). Where it surely drops or rejects the send, that is the answer,
    RV(cause=firewall). What it does is told from its rules; M(netmend.reclaim.audit_info) can prove it
    (O(netmend.reclaim.audit_info#module:firewall_trace)).
  - The page on kernel truth in the collection's documentation says where a lookup and a send differ.
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.reads
options:
  to:
    description:
      - The destination, an IPv4 or IPv6 address. The zone of a link-local one is taken as O(interface).
      - Exactly one of O(to) and O(flows) is wanted.
    type: str
  source:
    description:
      - The address that is sent from. The kernel chooses when not given.
    type: str
  interface:
    description:
      - The name of the interface that is sent on. The routes decide when not given.
      - An interface that does not exist is no error of the module but an answer, RV(cause=device-gone).
    type: str
  protocol:
    description:
      - The protocol, for policy rules that select by it.
    type: str
    choices: [udp, tcp, icmp]
    default: udp
  port:
    description:
      - The destination port, for policy rules that select by it.
    type: int
  mark:
    description:
      - The firewall mark of the socket, as a number such as V(16) or V(0x10).
    type: str
  uid:
    description:
      - The number of the user who sends, for policy rules that select by it. The user that the module runs as when not
        given.
    type: int
  firewall:
    description:
      - Read the firewall of the namespace (nftables, and iptables in both its variants), and say what it does to the send.
        Needs root; the rules of the hooks that a sent packet passes are read, whoever manages them.
      - With V(false), or where it could not be read (see RV(unseen)), the answer is that of the routes alone. A send that the
        firewall drops gets C(EPERM) although the flow is called reachable.
    type: bool
    default: true
  flows:
    description:
      - Many questions at once.
    type: list
    elements: dict
    suboptions:
      to:
        description:
          - As O(to).
        type: str
        required: true
      source:
        description:
          - As O(source).
        type: str
      interface:
        description:
          - As O(interface).
        type: str
      protocol:
        description:
          - As O(protocol).
        type: str
        choices: [udp, tcp, icmp]
        default: udp
      port:
        description:
          - As O(port).
        type: int
      mark:
        description:
          - As O(mark).
        type: str
      uid:
        description:
          - As O(uid).
        type: int
seealso:
  - module: netmend.reclaim.audit_info
    description: What is wrong on the whole host.
"""

EXAMPLES = r"""
- name: Why do these sends fail with "network is unreachable"
  netmend.reclaim.reach_info:
    to: 216.238.110.55
    source: 209.245.225.161
    interface: doublezero0
  register: reach

- name: Show the sentence and the chain
  ansible.builtin.debug:
    msg: "{{ [reach.explanation] + reach.chain | map(attribute='text') }}"

- name: What the routes alone say
  netmend.reclaim.reach_info:
    to: 192.0.2.1
    firewall: false

- name: Several flows in a namespace
  netmend.reclaim.reach_info:
    netns: vpn1
    flows:
      - {to: 192.0.2.1}
      - {to: "2001:db8::1", protocol: tcp, port: 179}
      - {to: 198.51.100.7, mark: "0x10", uid: 1000}
"""

RETURN = r"""
flows:
  description: One answer for each question, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    to:
      description: The destination that was asked for. The other options of the question are returned with it.
      type: str
    reachable:
      description: Whether the send would succeed. That the packet then arrives is more than the host can know.
      type: bool
    errno:
      description:
        - The name of the errno that the send would get, null where it would succeed.
        - For a TCP connection that the firewall drops it is that of a datagram; C(connect) waits in vain.
      type: str
    cause:
      description: The id of the cause. One of those under RV(cause).
      type: str
    explanation:
      description: The cause in one sentence.
      type: str
    chain:
      description: The way to the wire, link by link.
      type: list
      elements: dict
reachable:
  description: As in RV(flows[].reachable).
  returned: when one flow was asked for
  type: bool
errno:
  description: As in RV(flows[].errno).
  returned: when one flow was asked for
  type: str
  sample: ENETUNREACH
cause:
  description:
    - Of sends that succeed, V(ok), V(on-link-assumed) (an interface was given and no route matches; IPv4 only),
      V(link-no-carrier), V(link-down) or V(neighbour-failed) (the packet goes nowhere).
    - Of the source, V(source-not-local) (adding a route will not help), V(source-tentative) (duplicate address detection
      has not ended or has failed), V(source-needs-interface) (link-local), V(source-loopback), V(no-source-address) (the
      host has no usable IPv6 address).
    - Of the interface, V(device-gone), V(link-down), V(link-no-ipv4) (its MTU is below 68).
    - Of the routes, V(no-route), V(nexthop-dead), V(route-throw), V(route-unreachable), V(route-blackhole),
      V(route-prohibit).
    - Of the policy rules, V(rule-unreachable), V(rule-blackhole), V(rule-prohibit).
    - Of the destination, V(broadcast-not-allowed) (only with C(SO_BROADCAST)), V(not-unicast) (TCP to a broadcast or
      multicast address).
    - V(firewall) where the routes lead there, and the host's own firewall drops or rejects it.
    - V(refused) where nothing that was read explains the errno.
  returned: when one flow was asked for
  type: str
  sample: source-not-local
explanation:
  description: As in RV(flows[].explanation).
  returned: when one flow was asked for
  type: str
  sample: >-
    The source 209.245.225.161 is not an address of this host, so the kernel refuses each send from it (ENETUNREACH)
    before it looks for a route: adding a route will not help.
chain:
  description:
    - What leads from the question to the wire, as far as the kernel got and tells.
    - Which rule led to the table is inferred, and what the firewall does is told from its rules; all else is the kernel's
      word.
  returned: when one flow was asked for
  type: list
  elements: dict
  contains:
    kind:
      description: V(rule), V(table), V(route), V(nexthop), V(neighbour), V(link), V(source) or V(firewall).
      type: str
    text:
      description: What it is.
      type: str
    ok:
      description: Whether it does its part.
      type: bool
    command:
      description: What a person would type to see it.
      type: str
unseen:
  description: What could not be read, and why.
  returned: success
  type: list
  elements: dict
unsteady:
  description: Tables that changed on every try to read them.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.info.reach import reach_info
from ansible_collections.netmend.reclaim.plugins.module_utils.module import run

QUESTION = dict(
    source=dict(type="str"),
    interface=dict(type="str"),
    protocol=dict(type="str", choices=["udp", "tcp", "icmp"], default="udp"),
    port=dict(type="int"),
    mark=dict(type="str"),
    uid=dict(type="int"),
)


def main() -> None:
    run(
        dict(
            QUESTION,
            netns=dict(type="str"),
            to=dict(type="str"),
            firewall=dict(type="bool", default=True),
            flows=dict(type="list", elements="dict", options=dict(QUESTION, to=dict(type="str", required=True))),
        ),
        reach_info,
        mutually_exclusive=[("to", "flows")],
        required_one_of=[("to", "flows")],
    )


if __name__ == "__main__":
    main()
