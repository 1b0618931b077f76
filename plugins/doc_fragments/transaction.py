# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the modules that carry out transactions have in common, beside ``port``."""

    DOCUMENTATION = r"""
options:
  confirm_within:
    description:
      - Seconds from the begin of the transaction until the dead-man on the host takes all back, unless it is confirmed
        before; V(5) to V(86400).
    type: int
    default: 120
  rehearse:
    description:
      - Whether the steps are first played through on a stand-in of the host, in a network namespace of its own. A
        destination that would be lost there stops all before the first change.
    type: bool
    default: true
  protect:
    description:
      - What no step may touch. Each selector matches what has all that it says. It is a plan's own option too
        (M(netmend.reclaim.audit_info)); here it is asked again before the first change, about the objects of the steps.
      - The destinations that selectors name must answer after the change as they did before.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description:
          - The kind of object.
        type: str
        choices: [link, address, route, rule, nexthop, neighbour, flow, session, owner]
      interface:
        description:
          - A link by its name; shell patterns are allowed. Whatever has to do with it is protected.
        type: str
      address:
        description:
          - An address.
        type: str
      prefix:
        description:
          - A prefix. Routes to what overlaps with it, and what else names it, are protected.
        type: str
      table:
        description:
          - The number of a routing table.
        type: int
      proto:
        description:
          - Who made the object, as C(ip) prints it (V(bgp), V(static)).
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
          - The name of an owner's profile; shell patterns are allowed.
        type: str
      unit:
        description:
          - A systemd unit; shell patterns are allowed.
        type: str
      rule:
        description:
          - The ID of an audit rule. It only has a meaning while the plan is made.
        type: str
  protect_way_in:
    description:
      - Whether the connections that this task came in by are protected, with all that carries them (addresses, links,
        routes, policy rules, next hops).
    type: bool
    default: true
  health_checks:
    description:
      - What must work before the transaction is confirmed. The checks run on the host, from its own network, in order,
        each again for up to 15 seconds until it passes. All must pass; the first that does not takes all back at once.
      - Each says one of O(health_checks[].reach), O(health_checks[].tcp), O(health_checks[].http) and
        O(health_checks[].command).
    type: list
    elements: dict
    default: []
    suboptions:
      reach:
        description:
          - An address that the kernel must have a way to. Nothing is sent.
        type: str
      source:
        description:
          - The source address of O(health_checks[].reach).
        type: str
      tcp:
        description:
          - A host that must accept a TCP connection, on O(health_checks[].port).
        type: str
      port:
        description:
          - The port of O(health_checks[].tcp).
        type: int
      http:
        description:
          - A URL that must answer with O(health_checks[].status). Proxies are not used and redirections not followed.
        type: str
      status:
        description:
          - The status that O(health_checks[].http) must answer with.
        type: int
        default: 200
      command:
        description:
          - A program with its arguments that must end with status 0. No shell is used.
        type: list
        elements: str
      timeout:
        description:
          - Seconds for each try; V(1) to V(60).
        type: int
        default: 5
  state_dir:
    description:
      - Where transactions are kept on the host, in a directory of root alone. Those of a named network namespace are kept
        in the directory C(netns-NAME) below it.
    type: path
    default: /var/lib/netmend-reclaim
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
    support: full
    details:
      - Everything up to the first write is done, the rehearsal included.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
    details:
      - Before and after of each step, the same in check mode and when it is done.
notes:
  - Needs root.
  - The dead-man runs on the host and needs nothing from outside. Where systemd runs it is a transient timer,
    C(netmend-reclaim-ID.timer), else a process of its own.
  - The controller drops the connection that the change was made over and opens a fresh one to confirm it. Where that does
    not work in time, or whatever else ends the controller or the task, the dead-man takes all back.
  - Only one transaction can be pending on a host, or in a network namespace of it. What an earlier run left behind is
    settled first and told in RV(ignore:settled).
seealso:
  - module: netmend.reclaim.audit_info
    description: Makes the plans.
"""
