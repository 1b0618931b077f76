# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that an audit hears beside the kernel's tables: logs, owners, configuration. Claims, for rules to hold against it."""

from __future__ import annotations

import typing as t

from .kernel.port import Kernel
from .model import Firewall, Unseen
from .owners.states import states
from .owners.witness import owner_sessions

if t.TYPE_CHECKING:
    from .audit import Request


def hear(request: Request, kernel: Kernel, unseen: t.List[Unseen]) -> t.Dict[str, t.Any]:
    """Fields of a Snapshot, by name. What cannot be read is added to ``unseen``."""
    return {
        "firewall": _firewall(request, kernel, unseen),
        "owner_sessions": owner_sessions(request.profiles, kernel.running, request.logs, unseen),
        "owners": states(request.profiles, kernel, unseen),
    }


def _firewall(request: Request, kernel: Kernel, unseen: t.List[Unseen]) -> Firewall | None:
    if not request.firewall:
        return None
    from .evidence import firewall

    return firewall.read(kernel.netns, unseen)
