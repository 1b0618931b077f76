#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Sum up the plans of all hosts of a play before the first one is applied
version_added: 0.2.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Reads the plan files of the hosts of the play from a directory on the controller, checks that each is a plan and says
    what it said when it was made, and prints what they come to. It runs once for all hosts and reaches for none of them.
  - Fails where all plans together are out of proportion, so that no host is changed. What one host may lose is limited by
    the plan itself.
  - A host without a file is left alone.
options:
  plans:
    description:
      - The directory with the plan files, as M(netmend.reclaim.report) writes them. A relative one stands under the
        current directory of the controller.
    type: str
    required: true
  max_removals:
    description:
      - How many objects all plans together may remove.
    type: int
    default: 200
  max_percent:
    description:
      - Of how many of a hundred hosts of the play something may be removed. Up to three hosts always may lose something,
        for a share means little among so few.
    type: int
    default: 25
  enforce:
    description:
      - Fail where a limit is exceeded. Without it this is only said.
    type: bool
    default: true
  hosts:
    description:
      - The hosts whose plans are read. Those of the play when not given.
    type: list
    elements: str
    version_added: 0.2.0
  handed:
    description:
      - Take the plans that a job before this one in an AWX workflow handed on (O(netmend.reclaim.report#module:hand_on)), and write those
        of the hosts into O(plans) first. No later job is handed them.
    type: bool
    default: false
    version_added: 0.2.0
  show:
    description:
      - Print what the plans do, as commands, for somebody who sees no files.
    type: bool
    default: false
    version_added: 0.2.0
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
  diff_mode:
    description: Will return details on what has changed.
    support: none
notes:
  - The strategy C(free) cannot run what stands for all hosts; use C(linear).
  - Use it in a play without C(serial), before the play that applies the plans.
  - Never reports changed, for no host is.
seealso:
  - module: netmend.reclaim.report
  - module: netmend.reclaim.reclaim
"""

EXAMPLES = r"""
- name: Look at all plans before the first is applied
  netmend.reclaim.preflight:
    plans: reviewed
    max_removals: 50
  run_once: true
  delegate_to: localhost
  register: preflight
"""

RETURN = r"""
ansible_stats:
  description: That what was handed on was taken.
  returned: when O(handed) is set
  type: dict
  sample: {"data": {"reclaim_handed_plans": ""}, "per_host": false, "aggregate": false}
plans:
  description: The path of the plan file of each host whose plan has a step.
  returned: when all plan files are sound
  type: dict
  sample: {"edge1": "/home/me/reviewed/edge1.json"}
hosts:
  description: What the plan of each host comes to.
  returned: when all plan files are sound
  type: dict
  sample: {"edge1": {"steps": 2, "objects": 12, "removals": 11, "withheld": 1}}
objections:
  description: Which limits are exceeded, in words.
  returned: when all plan files are sound
  type: list
  elements: str
  sample: []
"""

# What it does is in plugins/action/preflight.py: it runs on the controller.
