# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit in a process of its own: ``audited.py NETNS ARGUMENTS [nobody] [hidepid]``, the arguments as JSON.

Prints one JSON object: the result, and the most memory that the process ever held (VmHWM, in KiB). With ``nobody`` it
audits its own namespace as an ordinary user, with ``hidepid`` where /proc shows that user only its own processes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.audit import audit, request
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel

NOBODY = 65534


def result(netns: str | None, arguments: str) -> dict[str, t.Any]:
    with Kernel(netns) as kernel:
        return audit(kernel, request(json.loads(arguments)))


def become_nobody(hide: bool) -> None:
    # Python itself may stand where others may not read: all that an audit imports is imported before.
    result(None, "{}")
    if hide:
        subprocess.run(["mount", "-t", "proc", "-o", "hidepid=2", "proc", "/proc"], check=True)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def main(netns: str, arguments: str, *modes: str) -> None:
    if "nobody" in modes:
        become_nobody("hidepid" in modes)
    found = result(None if netns == "-" else netns, arguments)
    with open("/proc/self/status", encoding="ascii") as stream:
        peak = re.search(r"VmHWM:\s+(\d+) kB", stream.read())
    print(json.dumps({"result": found, "peak_kib": int(peak.group(1)) if peak else 0}))


if __name__ == "__main__":
    main(*sys.argv[1:])
