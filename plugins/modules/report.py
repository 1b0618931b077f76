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
    C(fleet.json), the same as data; what else O(formats) names; and C(hosts/), with one JSON file for each host. The symbolic link C(latest) beside
    it points at the newest one. Earlier reports are left alone.
  - Hosts that were unreachable, or whose audit failed, are in it as such.
  - In a play with C(serial), it is written after the last batch; before, the task only says how many hosts are left.
  - Where the audits planned how to mend (M(netmend.reclaim.audit_info)), the plans are written too, one file
    for each host that has one, in the directory C(plans/) of the report. A person reviews them, and they are what
    M(netmend.reclaim.preflight) reads.
  - Each finding is new or known against the newest earlier report in the directory, or against a baseline with a name, and what
    is gone is resolved. A host that this run leaves out, or that it could not audit, is compared with when it was last
    audited; nothing of it is taken to be resolved. C(history.json) in a report is what is known of all hosts so far.
  - What a waiver covers stays in the report, marked as such, and raises no alarm. A waiver that has expired is told.
  - The files follow C(docs/schema/fleet-1.json), C(docs/schema/history-1.json) and C(docs/schema/audit-host-1.json) in the collection.
options:
  path:
    description:
      - The directory that holds the reports. It is made where it is missing. A relative one stands under the current
        directory of the controller.
    type: str
    default: reports
  formats:
    description:
      - What the report is written as, beside C(fleet.json), which is always there.
      - V(html) is C(index.html); V(junit) is C(junit.xml), with a test suite for each host and a test case for each rule;
        V(sarif) is C(findings.sarif), SARIF 2.1.0; V(prometheus) is C(metrics.prom), in Prometheus' text format;
        V(markdown) is C(summary.md), short enough for a comment on a pull request; V(csv) is C(findings.csv), with a row for
        each finding of each host, for a spreadsheet.
    type: list
    elements: str
    choices: [json, html, junit, sarif, prometheus, markdown, csv]
    default: [json, html]
  prometheus_textfile:
    description:
      - A file that the metrics are written to as well, for the textfile collector of node_exporter, for example
        V(/var/lib/prometheus/node-exporter/reclaim.prom). Its directory must be there.
      - It is replaced as a whole, so that nobody reads half of it, and anyone may read it. A symbolic link, or what is no regular
        file, is left alone.
      - Where that fails, the report is written all the same, and the task fails.
    type: str
  fail_on:
    description:
      - After the report is written, fail if a host has a finding of this severity or above, or could not be audited.
      - What is waived does not count.
    type: str
    choices: [never, info, low, medium, high, critical]
    default: never
  fail_on_new:
    description:
      - O(fail_on) only counts findings that are new. With nothing to compare with, none is.
      - A host that could not be audited counts all the same.
    type: bool
    default: false
  baseline:
    description:
      - What the findings are compared with in place of the newest earlier report. The name of a baseline that was saved, or the
        path of a report's directory, of its C(history.json) or of its C(fleet.json).
      - Where it cannot be read, the report is written without a comparison, and the task fails.
    type: str
  save_baseline:
    description:
      - Save what is known after this run as the baseline of this name, in C(baselines/) beside the reports. One that has the
        name is replaced.
    type: str
  waivers:
    description:
      - Findings that are let be until a day.
      - Where one of them is wrong, the report is written with none of them, and the task fails.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description:
          - What it is called in reports; its place among all when not given.
        type: str
      selector:
        description:
          - Which findings. One that has all that is said here is waived. A selector that fits every finding is refused.
        type: dict
        required: true
        suboptions:
          rule:
            description:
              - A pattern for the id of the rule, for example V(RC301) or V(RC4*).
            type: str
          host:
            description:
              - A pattern for the inventory name of the host.
            type: str
          severity:
            description:
              - The severity.
            type: str
            choices: [info, low, medium, high, critical]
          owner:
            description:
              - A pattern for the name of the owner.
            type: str
          kind:
            description:
              - A pattern for the kind of the object, for example V(route).
            type: str
          object:
            description:
              - What identifies the object, each a pattern or a number, with the names that the finding has under
                C(object.selector), for example C(table) or C(src). Of a list, one must fit.
            type: dict
          fingerprint:
            description:
              - The fingerprint of one finding.
            type: str
      reason:
        description:
          - Why they are let be.
        type: str
        required: true
      by:
        description:
          - Who answers for it.
        type: str
        required: true
      until:
        description:
          - The last day that it holds, in UTC, for example V(2026-12-31).
        type: str
        required: true
  waiver_files:
    description:
      - YAML files on the controller with more waivers, as a list of them, or under the name C(reclaim_waivers).
    type: list
    elements: str
    default: []
  keep:
    description:
      - How many reports are kept in the directory; older ones are deleted after this one is written. V(0) keeps all.
      - Baselines, the one that was compared with, and reports that a symbolic link beside them points at are kept as well.
    type: int
    default: 0
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
  merge:
    description:
      - Write one report of several that were written before, of slices of a fleet for example, instead of what the hosts of
        the play registered. Each is a C(fleet.json), the directory of a report, a directory of reports (the latest is
        taken), or a directory of such.
      - Of a host that several of them have, an audit is kept rather than a reason why there is none, and of two audits the
        newer one. Where they differ, that is told.
      - What cannot be read, is damaged or is something else fails the task, after the others were merged and written.
      - What earlier jobs of an AWX workflow handed on (O(hand_on)) is merged as well, whatever is named here.
    type: list
    elements: str
  expected:
    description:
      - The inventory names of all hosts that must be in the merged report. Those that are in none of O(merge) are in it as
        failed.
      - Without it, a path with no report fails the task, for its slice may have had no host, or may not have ended.
    type: list
    elements: str
  hand_on:
    description:
      - In a job of AWX, hand the report on to later jobs of the workflow, as an artifact of the job, so that the jobs need no disk that
        all of them see. A report is the variable C(reclaim_slice_JOB) there. With O(merge), what is handed on are the plans, as
        C(reclaim_handed_plans), which M(netmend.reclaim.preflight) takes.
      - A report that is handed on does not fail by O(fail_on), for a task that fails hands nothing on; the job that merges fails by it.
      - Fails where this is no job of AWX (C(awx_job_id)), and where what is handed on has more than 4 MiB when packed.
    type: bool
    default: false
    version_added: 0.2.0
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

- name: Fail for what is new since the migration, but for what somebody let be
  netmend.reclaim.report:
    baseline: after-migration
    fail_on: low
    fail_on_new: true
    waivers:
      - id: spare-uplink
        selector: {rule: RC301, host: edge*, object: {table: 52}}
        reason: the table is filled again when the second uplink comes (NET-114)
        by: dana
        until: 2026-12-31
  run_once: true
  delegate_to: localhost

- name: Make one report of those of four slices
  netmend.reclaim.report:
    merge: [slices/1, slices/2, slices/3, slices/4]
    expected: "{{ groups['all'] }}"
    fail_on: high
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
merged:
  description:
    - "What was merged: the hosts (C(hosts)), the number of reports (C(slices)), the hosts of which they differ (C(twice)),
      the expected hosts that none has (C(missing)), those that were not expected (C(unexpected)), the paths with no report
      (C(without)), and what could not be read (C(wrong))."
  returned: when O(merge) is given
  type: dict
  sample: {"hosts": ["web1"], "slices": 4, "twice": [], "missing": [], "unexpected": [], "without": [], "wrong": []}
written:
  description: Whether the report was written; it is not before the last batch of a play.
  returned: always
  type: bool
path:
  description: The directory of the report.
  returned: when written
  type: str
  sample: /home/me/reports/2026-11-21T081500Z
files:
  description: The file of each format.
  returned: when written
  type: dict
  sample: {"json": "/home/me/reports/2026-11-21T081500Z/fleet.json", "html": "/home/me/reports/2026-11-21T081500Z/index.html"}
prometheus_textfile:
  description: The file that the metrics were written to as well.
  returned: when O(prometheus_textfile) was given and could be written
  type: str
  sample: /var/lib/prometheus/node-exporter/reclaim.prom
ansible_stats:
  description: What is handed on to later jobs of the workflow; the variables and their values, packed.
  returned: when O(hand_on) is set
  type: dict
  sample: {"data": {"reclaim_slice_12": "eNrT..."}, "per_host": false, "aggregate": false}
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
compared_with:
  description: The file or directory that the findings were compared with; null where there was none.
  returned: when written
  type: str
  sample: /home/me/reports/2026-11-20T081500Z/history.json
saved:
  description: The file of the baseline that was saved.
  returned: when O(save_baseline) was given and the baseline was saved
  type: str
  sample: /home/me/reports/baselines/golden.json
deleted:
  description: The names of the old reports that were deleted.
  returned: when written
  type: list
  elements: str
  sample: [2026-11-01T081500Z]
summary:
  description: The totals over all hosts.
  returned: when written
  type: dict
  sample: {"hosts": 3, "audited": 2, "unreachable": 1, "failed": 0, "skipped": 0, "with_findings": 1, "critical": 0, "high": 1,
    "medium": 0, "low": 0, "info": 0, "total": 1, "omitted": 0, "by_rule": {"RC102": 1}, "new": 1, "resolved": 0,
    "waived": 0, "open": {"critical": 0, "high": 1, "medium": 0, "low": 0, "info": 0}}
"""

# What it does is in plugins/action/report.py: it runs on the controller.
