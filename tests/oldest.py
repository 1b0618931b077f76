# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel suite on the oldest that managed hosts are promised: Python 3.9 and pyroute2 0.7.2, without an Ansible."""

from __future__ import annotations

import os
import subprocess
import sys

from environments import BUILD, ROOT, environment, interpreters

PACKAGES = ("pytest==8.4.2", "hypothesis==6.141.1", "pyyaml==6.0.3", "pyroute2==0.7.2", "scapy==2.8.0")


def main() -> int:
    python = environment("kernel-py3.9", interpreters()["3.9"], PACKAGES) / "python"
    return subprocess.run(
        [python, "-m", "pytest", "-q", "tests/integration/kernel"],
        cwd=ROOT,
        env=dict(os.environ, PYTHONPATH=str(BUILD / "collections")),
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
