#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reclaim
short_description: Apply a plan as a transaction that takes itself back unless it is confirmed
version_added: 0.2.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Applies one plan, which M(netmend.reclaim.audit_info) made, a person reviewed, and which is bound to one host and one
    boot of it. All of it is applied, or nothing.
  - What the plan saw is compared with what is there now. An object that changed since is skipped and told. Where a guard
    objects (the way in, O(protect), objects of the kernel's own), or where the plan was made for another host, before a
    reboot, or was changed by hand, nothing is done.
  - A dead-man is set on the host before the first change. It takes all back at the deadline, whatever happens to the
    task, its connection or the controller. The first step that fails takes all back at once, and so does a destination
    that the kernel had a way to before and has none after.
  - When all is done, the controller drops the connection, opens a fresh one, runs O(health_checks) on the host over it,
    and confirms.
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.transaction
options:
  plan:
    description:
      - The plan, as RV(netmend.reclaim.audit_info#module:plan) has it or as it was read from a file.
    type: dict
    required: true
  findings:
    description:
      - The fingerprints of what M(netmend.reclaim.audit_info) finds on the host now. A step is skipped when nothing that it
        was planned for is among them. An object may look as it did when the plan was made, and its owner live again.
      - When not given, the steps are done for what was found when the plan was made.
    type: list
    elements: str
seealso:
  - module: netmend.reclaim.transaction
    description: Lists, confirms and takes back transactions.
"""

EXAMPLES = r"""
- name: Find what is left over, and what would mend it
  netmend.reclaim.audit_info:
    plan: true
  register: audit

- name: Mend it
  netmend.reclaim.reclaim:
    plan: "{{ audit.plan }}"
    confirm_within: 60
    health_checks:
      - reach: 198.51.100.7
        source: 192.0.2.10
      - tcp: 203.0.113.5
        port: 179
      - http: http://127.0.0.1:8080/healthy
      - command: [systemctl, is-active, frr]

- name: Apply a plan that was reviewed
  netmend.reclaim.reclaim:
    plan: "{{ lookup('ansible.builtin.file', 'plans/' ~ inventory_hostname ~ '.json') | from_json }}"
    protect:
      - prefix: 198.51.100.0/24
"""

RETURN = r"""
state:
  description:
    - V(confirmed), V(rolled-back), V(refused) or V(nothing-to-do). In check mode V(planned) instead of what would be.
    - V(armed) where it is applied and waits for its dead-man, because it could not be confirmed.
  returned: success or when a plan was refused or taken back
  type: str
  sample: confirmed
transaction_id:
  description: The ID of the transaction. Null where none began.
  returned: as RV(state)
  type: str
  sample: 20260501T120000Z-4f2a91
undoes:
  description: The ID of the transaction that this one takes back, or null.
  returned: as RV(state)
  type: str
steps:
  description: What becomes of each step of the plan.
  returned: as RV(state)
  type: list
  elements: dict
  contains:
    number:
      description: The number of the step, from 1.
      type: int
    op:
      description: What it does.
      type: str
      sample: rule.del
    command:
      description: What a person would type to do the same.
      type: str
      sample: ip -4 rule del pref 100 from 192.0.2.1 lookup 100
    count:
      description: How many objects it is about by now; what changed since it was planned is left out.
      type: int
    result:
      description:
        - V(done), V(failed), V(planned) (in check mode), V(not-done), because something before it failed, or V(skipped),
          because all that it is about changed since the plan was made or is as wanted already, or because nothing of what
          it was planned for is among O(findings).
      type: str
    words:
      description: Why it failed or was skipped, in whole or in part.
      type: str
deadline:
  description: Until when it waits to be confirmed. Null where it does not.
  returned: as RV(state)
  type: dict
  contains:
    at:
      description: The time, in UTC by the clock of the host.
      type: str
    seconds_left:
      description: Seconds until then.
      type: float
dead_man:
  description: What watches over it. Null where nothing was begun.
  returned: as RV(state)
  type: dict
  contains:
    how:
      description: V(systemd) (a transient timer) or V(process).
      type: str
    why:
      description: Why it is a process.
      type: str
rehearsal:
  description: What came of the rehearsal. Null where none was asked for or nothing was to be done.
  returned: as RV(state)
  type: dict
  contains:
    done:
      description: Whether it was rehearsed.
      type: bool
    why_not:
      description: Why it was not.
      type: str
    lost:
      description: Destinations that would be lost, each with C(destination), C(before) and C(after).
      type: list
      elements: dict
    moved:
      description: Destinations that would be reached another way.
      type: list
      elements: dict
    looked_up:
      description: How many destinations the stand-in answered for as the host does.
      type: int
    not_rehearsed:
      description: Steps and destinations that the rehearsal says nothing about.
      type: list
      elements: str
settled:
  description: What earlier runs had left behind, and what was done about it.
  returned: as RV(state)
  type: list
  elements: dict
  contains:
    transaction_id:
      description: The ID of that transaction.
      type: str
    words:
      description: What was done.
      type: str
not_restored:
  description: What could not be taken back, in words. Empty where all is as before.
  returned: as RV(state)
  type: list
  elements: str
confirmed_over:
  description: How many times a fresh connection was tried until the transaction could be confirmed or taken back.
  returned: when a transaction was begun
  type: int
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.module import run_change
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.options import OPTIONS
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.reclaim import reclaim


def main() -> None:
    spec = dict(OPTIONS, plan=dict(type="dict", required=True), findings=dict(type="list", elements="str"))
    run_change(spec, reclaim)


if __name__ == "__main__":
    main()
