#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: evidence_info
short_description: Collect who was told that the network is unreachable, from logs, the journal, strace and counters
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Reads log files and the systemd journal, and returns the errors of the C(ENETUNREACH) family that daemons of many kinds
    and languages tell there, each with who, from where, to where, since when, how often, and whether it is still going on.
  - Reads what strace printed, or runs it on a process for a bounded time; and the kernel's counters of what it could not send.
  - Bursts are folded into one event. It stands for all lines that differ in their time only, or in the local port that a
    client takes anew for each try.
  - A line that merely contains the words is no event. What a line does not hold is null in its event, never guessed.
  - A log is a witness. What it says is a claim, which M(netmend.reclaim.reach_info) holds against the kernel.
extends_documentation_fragment:
  - netmend.reclaim.evidence
  - netmend.reclaim.plain
options:
  netns:
    description:
      - The network namespace whose O(counters) are read, by its name (as C(ip netns list) shows it) or by the ID of a process in
        it. The one that the module runs in when not given. Entering another one needs C(CAP_SYS_ADMIN).
      - Only with O(counters). Logs and the journal are those of the host, and a process is traced where it lives.
    type: str
  limit:
    description:
      - How many events are returned at most. Fewer are returned where the result would grow beyond 200 kB.
    type: int
    default: 100
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would return without it.
    support: full
    details:
      - This module changes nothing and never reports a change.
notes:
  - Without root the module still works. What it could not read is listed in RV(unseen).
seealso:
  - module: netmend.reclaim.reach_info
    description: Whether what an event tells of holds now, and why.
  - module: netmend.reclaim.audit_info
    description: What is wrong on the whole host.
"""

EXAMPLES = r"""
- name: See who is told "network is unreachable"
  netmend.reclaim.evidence_info:
    journal:
      since: 60
  register: evidence

- name: Read the log of a daemon and what was rotated away
  netmend.reclaim.evidence_info:
    logs: [/var/log/openvpn.log]
    journal:
      units: [doublezerod.service, frr.service]

- name: Trace what a daemon sends, and see whether the kernel counts it
  netmend.reclaim.evidence_info:
    strace:
      unit: doublezerod.service
      seconds: 30
    counters:
      seconds: 30
  become: true

- name: See whether sends fail in a network namespace right now
  netmend.reclaim.evidence_info:
    counters:
      seconds: 10
    netns: vpn1
  become: true

- name: Read what strace printed for somebody else
  netmend.reclaim.evidence_info:
    strace:
      path: /var/tmp/doublezerod.strace
"""

RETURN = r"""
events:
  description:
    - What was told, the most recent first, of those the most numerous first.
    - Of one file or unit at most 500 events are told apart. Those beyond keep their error and source only, and are counted in
      events without program and addresses.
  returned: success
  type: list
  elements: dict
  contains:
    error:
      description: The name of the errno, C(ENETUNREACH), C(EHOSTUNREACH), C(EADDRNOTAVAIL), C(ENODEV), C(ENETDOWN), or of a
        send C(EPERM), C(EACCES), C(EINVAL). C(EXDEV) is of a packet that came in and was dropped, because another link leads to
        its source; its ends are those of the answer to it.
      type: str
    program:
      description: The tag of the syslog header, or what the journal or the message calls the program, or null.
      type: str
    unit:
      description: The systemd unit, or null.
      type: str
    pid:
      description: The process ID, or null.
      type: int
    local_addr:
      description: The address that was sent from. A wildcard is kept as printed, unless the same record names the address.
      type: str
    local_port:
      description: The port that was sent from; null also where it differs among the folded ones.
      type: int
    remote_addr:
      description: The address that was sent to, or null.
      type: str
    remote_port:
      description: The port that was sent to, or null.
      type: int
    interface:
      description: The interface, or null.
      type: str
    first:
      description: When it was told first, in Unix time, or null.
      type: float
    last:
      description: When it was told last, in Unix time, or null.
      type: float
    count:
      description: How often.
      type: int
    rate:
      description: How often in a second, from the first to the last; null for a single one.
      type: float
    going_on:
      description: Whether the last one is less than 300 seconds away; null where no time is known.
      type: bool
    source:
      description: Where the last of them was told.
      type: dict
      contains:
        kind:
          description: V(log), V(journal), V(strace) or V(counter).
          type: str
        path:
          description: The file, or null.
          type: str
        unit:
          description: The unit whose journal it is, or that was traced, or null.
          type: str
        line:
          description: The number of the line in the file, or null where only the end of the file was read.
          type: int
        cursor:
          description: The cursor of the journal entry, or null.
          type: str
        counter:
          description: The name of the kernel's counter, or null.
          type: str
    text:
      description: The last line that told of it, at most 400 characters.
      type: str
    command:
      description: What a person would type to see it.
      type: str
  sample:
    - command: sed --quiet 7p /var/log/doublezerod.log
      count: 412
      error: ENETUNREACH
      first: 1764529322.662807
      going_on: true
      interface: doublezero0
      last: 1764531382.662807
      local_addr: 209.245.225.161
      local_port: 44880
      pid: 1027617
      program: doublezerod
      rate: 0.2
      remote_addr: 216.238.110.55
      remote_port: 44880
      source: {counter: null, cursor: null, kind: log, line: 7, path: /var/log/doublezerod.log, unit: null}
      text: "... write udp 0.0.0.0:44880->216.238.110.55:44880: sendmsg: network is unreachable ..."
      unit: null
omitted:
  description: How many events there are beyond those that were returned.
  returned: success
  type: int
  sample: 0
unseen:
  description: What could not be read, and why. It is not known to be clean.
  returned: success
  type: list
  elements: dict
  sample:
    - {what: log /var/log/absent, why: No such file or directory}
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.info.evidence import OPTIONS, evidence_info
from ansible_collections.netmend.reclaim.plugins.module_utils.module import run_apart


def main() -> None:
    run_apart(
        dict(OPTIONS, netns=dict(type="str"), limit=dict(type="int", default=100)),
        evidence_info,
    )


if __name__ == "__main__":
    main()
