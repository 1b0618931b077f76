# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The witnesses that can be asked: logs, the journal, strace and counters."""

    DOCUMENTATION = r"""
options:
  logs:
    description:
      - Log files, by absolute path. Files that were rotated away beside them (C(x.1), C(x.2.gz), C(x-20251130.xz) and the
        like, also compressed with bzip2) are read too, the newest first, until 16 MiB of them all are read.
      - Syslog lines (RFC 3164, RFC 5424, ISO 8601), JSON lines, logfmt lines and the formats of many programs are understood.
      - A time that the message itself holds as a JSON or logfmt field counts before that of the header. A time without zone is
        the host's local time. One without year (RFC 3164) is of the last year in which it is not after the file was last
        written.
      - A file that does not exist or cannot be read is told in RV(ignore:unseen); the others are read.
      - An audit reads them for the sessions of owners as well, beside the journal of their units, which is always read.
      - A log is a witness, not a judge. What it says is held against the kernel.
    type: list
    elements: path
    default: []
  journal:
    description:
      - The systemd journal of the host, where programs of all kinds say that a send was refused. At most 5000 entries that
        speak of such an error are read, the last ones, or the first after O(journal.cursor).
      - An audit reads its last 15 minutes where this is not given and systemd runs.
    type: dict
    suboptions:
      since:
        description:
          - How many minutes back, from V(1) to V(10080).
        type: int
        default: 15
      units:
        description:
          - Only these units. All when not given.
        type: list
        elements: str
      cursor:
        description:
          - Only what comes after the entry with this cursor, such as
            RV(netmend.reclaim.evidence_info#module:events[].source.cursor) of an earlier run.
        type: str
  strace:
    description:
      - What strace shows of sends that failed, in a file, or of a process that is traced now. Exactly one of its O(strace.path),
        O(strace.pid) and O(strace.unit) is given. An audit does not trace a process of another network namespace than its own.
      - To trace needs root (or the right to ptrace the process) and strace on the host. The process goes on meanwhile, slower,
        and is let go whatever happens. Only calls that send, connect or bind are looked at, and nothing of what is sent is kept.
    type: dict
    suboptions:
      path:
        description:
          - A file that strace wrote, or that has what it printed, in any of its formats.
          - Only with C(-ttt) strace tells a date. Of events without one it is not known whether they are still going on.
        type: path
      pid:
        description:
          - Trace this process, its threads and its children.
        type: int
      unit:
        description:
          - Trace all processes of this systemd unit.
        type: str
      seconds:
        description:
          - For how long to trace, from V(1) to V(300). What lasts at least ten seconds can show that errors persist.
          - An audit that plans looks twice, and traces each time.
        type: int
        default: 15
  counters:
    description:
      - The kernel's own counters of what it could not send for want of a route or a source, and of what it dropped because it
        came in by another link than the one that leads to its source (C(/proc/net/snmp) and its kin), read twice. They show
        whether it goes on right now, without any log, and not whose it is.
    type: dict
    suboptions:
      seconds:
        description:
          - For how long to count, from V(1) to V(300). A trace runs in the same time.
        type: int
        default: 5
"""
