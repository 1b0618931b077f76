# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What modules that change one kind of object of the running kernel have in common, beside ``port``."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
    support: full
    details:
      - What it predicts is what it does, in the words of RV(ignore:after) and in the diff.
      - What only the kernel can refuse (an IPv6 address on a link without IPv6, for example) is refused when it is done.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
    details:
      - Before and after as C(ip) would show them.
notes:
  - Changes the running kernel only. Nothing is written to disk, so it does not outlive a reboot; and whoever else manages
    the network of the host (NetworkManager, systemd-networkd, a routing daemon) may change it back.
  - Needs root, or C(CAP_NET_ADMIN) in the network namespace.
  - Nothing here protects the connection that the task itself comes in by. Where that matters, use check mode first, or
    a plan that M(netmend.reclaim.audit_info) makes.
  - An option that is not given is not compared. With O(ignore:state=absent) all that matches what was given is removed, so
    the less is given, the more may go; look at the diff in check mode first.
"""
