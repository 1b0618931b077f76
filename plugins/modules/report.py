#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Write the report of an audit of all hosts of a play
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Writes what M(netmend.reclaim.audit_info) found on all hosts of the play as files on the controller, and prints a
    short table of it. It runs once for all hosts and reaches for none of them.
  - A report is a directory named after the time (UTC) with C(index.html), one page that needs nothing else;
    C(fleet.json), the same as data; and C(hosts/), with one JSON file for each host. The symbolic link C(latest) beside
    it points at the newest one. Earlier reports are left alone.
  - Hosts that were unreachable, or whose audit failed, are in it as such.
  - In a play with C(serial), it is written after the last batch; before, the task only says how many hosts are left.
  - Where the audits planned how to mend (M(netmend.reclaim.audit_info)), the plans are written too, one file
    for each host that has one, in the directory C(plans/) of the report. A person reviews them, and they are what
    M(netmend.reclaim.preflight) reads.
  - The files follow C(docs/schema/fleet-1.json) and C(docs/schema/audit-host-1.json) in the collection.
options:
  path:
    description:
      - The directory that holds the reports. It is made where it is missing. A relative one stands under the current
        directory of the controller.
    type: str
    default: reports
  fail_on:
    description:
      - After the report is written, fail if a host has a finding of this severity or above, or could not be audited.
    type: str
    choices: [never, info, low, medium, high, critical]
    default: never
  results:
    description:
      - The name of the variable that M(netmend.reclaim.audit_info) was registered as.
    type: str
    default: reclaim_audit
  applied:
    description:
      - The name of the variable that M(netmend.reclaim.reclaim) was registered as, where plans were applied before these
        audits. The report then says of each host how that went, and fails if a plan could not be applied.
    type: str
  before:
    description:
      - The directory of the report from before that. What was mended, what remains and what is new is found by comparing
        with it.
    type: str
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
    details:
      - The report is written in check mode too. It is what the audit is for, and changes nothing on any host.
  diff_mode:
    description: Will return details on what has changed.
    support: none
notes:
  - The strategy C(free) cannot run what stands for all hosts; use C(linear).
  - Never reports changed, for no host is.
seealso:
  - module: netmend.reclaim.audit_info
"""

EXAMPLES = r"""
- name: Audit each host, also where that fails
  netmend.reclaim.audit_info:
  register: reclaim_audit
  ignore_errors: true
  ignore_unreachable: true

- name: Write the report, and fail if anything is pressing
  netmend.reclaim.report:
    path: /var/lib/audits
    fail_on: high
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
written:
  description: Whether the report was written; it is not before the last batch of a play.
  returned: always
  type: bool
path:
  description: The directory of the report.
  returned: when written
  type: str
  sample: /home/me/reports/2026-11-21T081500Z
latest:
  description: The symbolic link to it; null where it could not be made.
  returned: when written
  type: str
  sample: /home/me/reports/latest
plans:
  description: The directory of the plans; null where no host has one.
  returned: when written
  type: str
  sample: /home/me/reports/2026-11-21T081500Z/plans
summary:
  description: The totals over all hosts.
  returned: when written
  type: dict
  sample: {"hosts": 3, "audited": 2, "unreachable": 1, "failed": 0, "skipped": 0, "with_findings": 1, "critical": 0, "high": 1,
    "medium": 0, "low": 0, "info": 0, "total": 1, "omitted": 0, "by_rule": {"RC102": 1}}
"""

# What it does is in plugins/action/report.py: it runs on the controller.
