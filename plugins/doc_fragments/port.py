# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What all modules that speak with the kernel have in common; ``reads`` or ``writes`` goes with it."""

    DOCUMENTATION = r"""
options:
  netns:
    description:
      - The network namespace that this is about, by its name (as C(ip netns list) shows it) or by the ID of a process in it.
      - The one that the module runs in when not given. Entering another one needs C(CAP_SYS_ADMIN).
    type: str
attributes:
  platform:
    description: The operating systems of managed hosts.
    support: full
    platforms: linux
    details:
      - What a kernel lacks (next-hop objects before Linux 5.3, for example) cannot be seen or made.
  async:
    description: Can be run with C(async).
    support: none
    details:
      - The copy of pyroute2 is brought along while the task runs.
  action:
    description: Part of the module runs on the controller.
    support: full
    details:
      - It sends a copy of pyroute2 to hosts that have none.
requirements:
  - Python 3.9 or later on the managed host
  - pyroute2 0.7.2 or later, on the managed host or on the controller
notes:
  - Where the managed host has no usable pyroute2, that of the controller (in the Python that runs Ansible) is brought
    along, once per host, user and version. It is kept below the user's Ansible temp directory (C(remote_tmp)), which needs
    about 5 MB, and installed nowhere.
"""
