# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may go wrong with a step even if it is right. Pure."""

from __future__ import annotations

import typing as t

from ..model import Finding

_RISKS: t.Mapping[str, t.Tuple[str, str]] = {
    "owner.release": ("low", "The owner itself lets go of it."),
    "owner.restart": ("medium", "Its healthy sessions are interrupted while it restarts."),
    "sysctl.set": (
        "medium",
        "Packets with a forged source are accepted on that link where another link leads to it; a reboot sets it back.",
    ),
    "link.add": ("low", "Nothing uses it yet."),
    "link.set": ("medium", "What goes through the link is interrupted."),
    "link.up": ("low", "Its connected routes come back and take packets."),
    "address.add": ("medium", "If another host has the address by now, both answer to it."),
    "neighbour.add": ("low", "Packets to that neighbour go to this link-layer address."),
    "nexthop.add": ("low", "Nothing uses it yet."),
    "route.add": ("low", "Packets to that destination take it at once."),
    "rule.add": ("medium", "The packets that it selects take another way at once."),
    "firewall.allow": ("high", "Packets leave the host that somebody wanted kept in."),
    "firewall.revoke": ("high", "Packets are kept in that were let out."),
    "rule.del": ("low", "It selects nothing, or leads to nothing."),
    "route.del": ("low", "No packet of this host takes it."),
    "nexthop.del": ("low", "No route uses it."),
    "neighbour.del": ("low", "The kernel asks for it again where it is needed."),
    "address.del": ("high", "What is bound to the address, and routes that prefer it, go with it."),
    "link.down": ("high", "All that goes through the link ends, its routes go with it."),
    "link.del": ("high", "The link is gone with its addresses and routes."),
    "flow.del": ("low", "The next packet makes a new entry."),
    "socket.destroy": ("medium", "The program loses the connection."),
}
_CARRIES = ("medium", "Packets take the route now: they will take another way, or none.")


def risk_of(op: str, finding: Finding) -> t.Tuple[str, str]:
    """low, medium or high, and why."""
    if op == "route.del" and finding.details.get("carried_by") == "this":
        return _CARRIES
    return _RISKS[op]
