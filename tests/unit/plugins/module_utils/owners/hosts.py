# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host of values that owners are on: for tests of whose its objects are, without a kernel."""

from __future__ import annotations

import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Link, OwnerState, Rule, Snapshot

LINKS = (
    Link(1, "lo", loopback=True),
    Link(2, "eth0"),
    Link(3, "doublezero0", kind="gre"),
    Link(4, "gre0", kind="gre"),
    Link(5, "wg7", kind="wireguard"),
)


def host(*owners: OwnerState, rules: t.Tuple[Rule, ...] = ()) -> Index:
    """One with these links, these policy rules and nothing else."""
    return Index(Snapshot(links=LINKS, rules=rules, owners=owners))
