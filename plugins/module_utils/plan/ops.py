# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ops of a plan: what each is about, and what it does to it. Pure."""

from __future__ import annotations

import fnmatch
import typing as t

from ..model import OPS

LASTING = {
    "owner.release": "what an owner has let go of, only the owner takes up again",
    "owner.restart": "a restart cannot be taken back",
}
"""Why nothing undoes an op about an owner."""
TAKEN_BACK = {"firewall.allow": "firewall.revoke", "firewall.revoke": "firewall.allow", "sysctl.set": "sysctl.set"}
"""What undoes an op about the firewall or a switch. No remedy revokes: that only takes back what was allowed. A switch is
set back to what it was seen to be."""
WITHOUT_OBJECT = (*LASTING, *TAKEN_BACK)
"""Ops about no object of the kernel: what they act on is in the step's ``args``."""
REMOVALS = tuple(op for op in OPS if op.endswith(".del")) + ("link.down", "socket.destroy")
"""Ops that take something away: caps count what they take."""


def kind_of(op: str) -> str | None:
    """The kind of object that an op acts on; None where it acts on none."""
    if op in WITHOUT_OBJECT:
        return None
    kind = op.partition(".")[0]
    return "session" if kind == "socket" else kind


def allowed_by(patterns: t.Iterable[str]) -> t.FrozenSet[str]:
    """The ops that patterns (``route.*``, ``owner.restart``, ``*``) stand for.

    Raises ValueError for a pattern that no op matches.
    """
    found: t.Set[str] = set()
    for pattern in patterns:
        ops = fnmatch.filter(OPS, pattern)
        if not ops:
            raise ValueError("remedies: no op is like %r; the ops are %s" % (pattern, ", ".join(OPS)))
        found.update(ops)
    return frozenset(found)
