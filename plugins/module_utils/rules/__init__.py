# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry of rules. To add a rule, write its check into one of these modules; all else follows from the registry."""

from __future__ import annotations

from . import (
    addresses,
    declared,
    differing,
    expected,
    firewall,
    flows,
    kill_switches,
    links,
    neighbours,
    nexthops,
    owned_links,
    owned_routes,
    owned_rules,
    owner_sessions,
    paths,
    policy,
    resolvers,
    returning,
    routes,
    sessions,
    source_checks,
    tunnels,
    vanishing,
    witnessed,
)
from .base import CHECKS

__all__ = [
    "CHECKS",
    "addresses",
    "declared",
    "differing",
    "expected",
    "firewall",
    "flows",
    "kill_switches",
    "links",
    "neighbours",
    "nexthops",
    "owned_links",
    "owned_routes",
    "owned_rules",
    "owner_sessions",
    "paths",
    "policy",
    "resolvers",
    "returning",
    "routes",
    "sessions",
    "source_checks",
    "tunnels",
    "vanishing",
    "witnessed",
]
