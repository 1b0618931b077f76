#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_info
short_description: Find what is left over from something that is gone, and why sends fail
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Audits one host, or one network namespace of it, in one pass and changes nothing.
  - Each finding says what is wrong, how that is known, the command that shows the same thing, whose it is, and what
    would mend it. The rules are described in the collection's rule catalogue.
  - Without root it still works; what it could not read is listed under RV(unseen), not taken to be clean.
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.reads
  - netmend.reclaim.rules
  - netmend.reclaim.witnesses
  - netmend.reclaim.evidence
options:
  limit:
    description:
      - How many findings are returned, the worst first. The rest is counted in RV(summary.omitted).
      - Whatever the host holds, a finding is at most 20,000 bytes of JSON (see RV(findings[].cut)), all of them together are
        at most 500,000, and the whole result without its plan is at most 600,000.
    type: int
    default: 200
  plan:
    description:
      - Plan what would mend the findings, too. The host is then looked at twice, and only what was the same both times is
        planned.
      - Nothing is changed. The plan is for a person to review.
    type: bool
    default: false
  protect:
    description:
      - What no plan may touch, beside the way in and the kernel's own objects. What has all that one of these selectors
        says is left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description:
          - The kind of the object.
        type: str
        choices: [link, address, route, rule, nexthop, neighbour, flow, session, owner]
      interface:
        description:
          - A pattern for the name of a link that the object is, is on, or leads through, for example V(wg*).
        type: str
      address:
        description:
          - An address that the object is or names, such as a gateway or a source.
        type: str
      prefix:
        description:
          - A prefix that a route's destination or a rule's source or destination overlaps, or that an address which the
            object names is in.
        type: str
      table:
        description:
          - The number of the table of a route or VRF, or that a rule looks up.
        type: int
      proto:
        description:
          - Who made it, as C(ip) shows it, for example V(bgp).
        type: str
      priority:
        description:
          - The priority of a policy rule.
        type: int
      mark:
        description:
          - The firewall mark of a policy rule or a flow.
        type: int
      owner:
        description:
          - A pattern for the name of the owner that the audit found.
        type: str
      unit:
        description:
          - A pattern for the systemd unit of the owner.
        type: str
      rule:
        description:
          - The id of a rule of the audit. None of its findings gets a step.
        type: str
  protect_way_in:
    description:
      - Protect the connections by which this module was started, and all that carries them.
    type: bool
    default: true
  max_removals:
    description:
      - How many objects a plan may remove.
    type: int
    default: 50
  max_percent:
    description:
      - Which share of the host's objects of one kind (all routes outside the local table, all policy rules) a plan may
        remove, in percent. Five objects of a kind are always allowed.
    type: int
    default: 20
  remedies:
    description:
      - The ops that a plan may use, as patterns such as V(route.*), V(owner.restart) or V(*).
      - What takes away an address, a link, a tracked flow or a connection is not among the default. Name V(address.del),
        V(link.del), V(flow.del) or V(socket.destroy) to allow it.
    type: list
    elements: str
    default: ["owner.*", "link.up", "address.add", "route.*", "rule.*", "nexthop.del", "neighbour.del"]
  confirm_after:
    description:
      - Seconds between the two looks at the host that a plan is made from.
    type: int
    default: 5
seealso:
  - module: netmend.reclaim.reach_info
    description: Why one flow does not get out.
"""

EXAMPLES = r"""
- name: Audit a host
  netmend.reclaim.audit_info:
  register: audit

- name: Audit one namespace of it, with the log of a daemon that has no journal
  netmend.reclaim.audit_info:
    netns: vpn1
    logs: [/var/log/doublezerod.log]

- name: Plan what would mend it, and keep away from the tables of the VPN
  netmend.reclaim.audit_info:
    plan: true
    protect:
      - {table: 51820}
      - {interface: wg*}
  register: audit

- name: Audit a router, where a rule of its own is worse than elsewhere
  netmend.reclaim.audit_info:
    profile: [router]
    rules:
      severities:
        - {rule: RC202, severity: critical}

- name: Say what should be there
  netmend.reclaim.audit_info:
    intent:
      addresses:
        - {address: 192.0.2.10/32, interface: lo}
      rules:
        - {priority: 100, from: 192.0.2.10, table: 100}
      resolvers: [192.0.2.53, "2001:db8::53"]
    resolver_query: true
"""

RETURN = r"""
schema:
  description: The version of the shape of this result (docs/schema/audit-host-1.json in the collection).
  returned: success
  type: str
  sample: "1.1"
host:
  description:
    - The host's name, kernel release, boot id and machine id, and the name of the network namespace that was audited where
      that is not the host's own.
  returned: success
  type: dict
  sample:
    hostname: edge1
    kernel: 6.1.0-28-amd64
    boot_id: 4a1f0c1e-0000-4000-8000-000000000000
    machine_id: 0123456789abcdef0123456789abcdef
    netns:
netns:
  description: The network namespace that was audited; null for the one that the module ran in.
  returned: success
  type: str
started:
  description: Unix time at which the audit began.
  returned: success
  type: float
seconds:
  description: How long it took.
  returned: success
  type: float
profile:
  description: The names of the profiles of rules that it was audited with.
  returned: success
  type: list
  elements: str
  sample: [router]
rules:
  description: The ids of the rules that ran.
  returned: success
  type: list
  elements: str
findings:
  description: What is wrong, the worst first.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: The id of the rule.
      type: str
    name:
      description: The name of the rule.
      type: str
    severity:
      description: V(critical), V(high), V(medium), V(low) or V(info).
      type: str
    confidence:
      description: V(proven) where the kernel confirms it now, V(strong) or V(hint).
      type: str
    object:
      description: The kind of the object and what identifies it.
      type: dict
    count:
      description: How many objects the finding stands for.
      type: int
    samples:
      description: Some of them.
      type: list
      elements: str
    cause:
      description: One sentence that says what is wrong.
      type: str
    evidence:
      description: What was seen, by which witness, and the command that shows the same.
      type: list
      elements: dict
    owner:
      description: Whose it is, whether that is alive, and how this is known; null where nothing is known.
      type: dict
    remedy:
      description: The steps that would mend it, each with the command that does the same; the first twenty.
      type: list
      elements: dict
    remedy_omitted:
      description: How many more there are. A plan has them all.
      type: int
    cut:
      description: The parts of the finding that were shortened, because all of it took more than 20,000 bytes.
      type: list
      elements: str
    advice:
      description: What mends it and what does not.
      type: str
    details:
      description: What helps but does not identify, such as the errno or the processes.
      type: dict
    fingerprint:
      description: The same for the same finding in each run and after a reboot.
      type: str
    first_seen:
      description: Unix time of the first sign of it, where a witness knows.
      type: float
    last_seen:
      description: Unix time of the last sign of it, where a witness knows.
      type: float
summary:
  description: How many findings there are, by severity and by rule.
  returned: success
  type: dict
  contains:
    total:
      description: All of them.
      type: int
    critical:
      description: Those of severity V(critical).
      type: int
    high:
      description: Those of severity V(high).
      type: int
    medium:
      description: Those of severity V(medium).
      type: int
    low:
      description: Those of severity V(low).
      type: int
    info:
      description: Those of severity V(info).
      type: int
    by_rule:
      description: Rule ids, each with the number of its findings.
      type: dict
    omitted:
      description: How many of them are beyond O(limit), or beyond what all of them may take, and not in RV(findings).
      type: int
unseen:
  description: What could not be read, and why. It is not known to be clean.
  returned: success
  type: list
  elements: dict
unsteady:
  description: The tables that changed on each try to read them. What is told of them may be incomplete.
  returned: success
  type: list
  elements: str
  sample: []
snapshot:
  description: A digest of the small tables, and how much was looked at.
  returned: success
  type: dict
  sample: {"generation": "53f1e0b1c2a4d5e6", "counts": {"links": 2, "routes": 9}}
plan:
  description:
    - What would mend the findings, and what was left out and why (docs/schema/plan-1.json in the collection); null where
      O(plan) was not asked for.
  returned: success
  type: dict
  contains:
    steps:
      description: The steps in their order, each with the exact objects that it is about and the op that undoes it.
      type: list
      elements: dict
    withheld:
      description: The remedies that got no step, each with the reason.
      type: list
      elements: dict
    protected:
      description: What no step may touch, in words.
      type: list
      elements: str
    digest:
      description: SHA-256 of the rest of the plan. A plan that was changed is refused.
      type: str
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.audit import audit_info
from ansible_collections.netmend.reclaim.plugins.module_utils.module import run
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.options import OPTIONS as PLANNING
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.asked import OPTIONS as RULES
from ansible_collections.netmend.reclaim.plugins.module_utils.witnesses import OPTIONS as WITNESSES


def main() -> None:
    run(
        dict(
            netns=dict(type="str"),
            limit=dict(type="int", default=200),
            plan=dict(type="bool", default=False),
            **RULES,
            **WITNESSES,
            **PLANNING,
        ),
        audit_info,
    )


if __name__ == "__main__":
    main()
