# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Firewall places as a person names them, and the commands that show them. Pure."""

from __future__ import annotations

import typing as t

from ...commands import inside
from ...model import FirewallChain
from ...text import clean
from .flow import Place

_NAME = 64


def chain(item: FirewallChain) -> str:
    """``chain OUTPUT of table ip filter (iptables-nft, ufw)``."""
    by = item.backend if item.manager is None else "%s, %s" % (item.backend, item.manager)
    return "chain %s of table %s %s (%s)" % (clean(item.name, _NAME), item.family, clean(item.table, _NAME), by)


def place(where: Place) -> str:
    """``rule 3 of chain ...: -p udp -j DROP``."""
    if where.rule is None:
        return "the policy of %s" % chain(where.chain)
    return "rule %d of %s: %s" % (where.rule.number, chain(where.chain), where.rule.text)


def counted(where: Place) -> str:
    """What its counter says, where it has one."""
    return "" if where.packets is None else "it took %d packets so far" % where.packets


def showing(netns: str | None, item: FirewallChain) -> str:
    """The command that lists a chain, with what identifies its rules."""
    if item.backend == "nft":
        return inside(netns, "nft", "-a", "list", "chain", item.family, item.table, item.name)
    return inside(netns, item.backend, "-t", item.table, "-nvL", item.name, "--line-numbers")


def identity(where: Place) -> t.Dict[str, t.Any]:
    """What tells a place from others and survives a reload: no handle, no number."""
    rule = "policy drop" if where.rule is None else where.rule.text
    return {
        "backend": where.chain.backend,
        "table": "%s %s" % (where.chain.family, where.chain.table),
        "chain": where.chain.name,
        "rule": rule,
    }
