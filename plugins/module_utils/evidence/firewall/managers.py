# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who manages a firewall, by the names of what it makes. Pure.

firewalld's tables are named ``firewalld`` (nftables backend) or its chains end in ``_direct`` and ``_ZONES`` (iptables
backend); ufw's chains are ``ufw-*`` and ``ufw6-*``. A chain of theirs that is reached from a built-in chain makes the
manager the one to ask.
"""

from __future__ import annotations

import typing as t

from ...model import FirewallChain


def of(chain: FirewallChain) -> str | None:
    """Who made a chain, where its name tells."""
    if chain.table == "firewalld":
        return "firewalld"
    if chain.name.startswith(("ufw-", "ufw6-")):
        return "ufw"
    if chain.backend != "nft" and chain.name.endswith(("_ZONES", "_direct")):
        return "firewalld"
    return None


def at_work(chains: t.Iterable[FirewallChain]) -> t.Tuple[str, ...]:
    """All of them, sorted."""
    return tuple(sorted({manager for manager in map(of, chains) if manager is not None}))
