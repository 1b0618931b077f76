# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which op undoes which, and why some cannot be undone. Pure."""

from __future__ import annotations

import typing as t

from .model import Seen

REMAKABLE = frozenset((
    "bridge", "dummy", "vlan", "macvlan", "vxlan", "vrf", "ifb", "ipip", "sit", "ip6tnl",
    "gre", "gretap", "erspan", "ip6gre", "ip6gretap", "ip6erspan",
))  # fmt: skip
"""Kinds of links that their own attributes make again."""
BY_KERNEL = frozenset(("temporary", "stable-privacy"))
"""Flags of addresses that only the kernel gives."""

_INVERSES = {"link.up": "link.down", "link.down": "link.up", "link.add": "link.del", "link.del": "link.add"}
for _kind in ("address", "neighbour", "nexthop", "route", "rule"):
    _INVERSES["%s.add" % _kind] = "%s.del" % _kind
    _INVERSES["%s.del" % _kind] = "%s.add" % _kind
_NONE = {
    "flow.del": "a connection tracking entry cannot be made again: the next packet of the flow makes a new one",
    "socket.destroy": "a connection that was ended cannot be opened again from outside",
    "link.set": "what a link was before is not known from what it is to be",
}


def inverse_of(op: str, seen: Seen) -> t.Tuple[t.Optional[str], str]:
    """The op that undoes it, or None and the reason in words."""
    if op not in _INVERSES:
        return None, _NONE.get(op, "%s does not act on an object of the kernel" % op)
    item = seen.object
    if op == "link.del" and item.kind not in REMAKABLE:
        what = "hardware" if item.kind is None else "a %s link" % item.kind
        return None, "%s is %s: its attributes alone do not make it again" % (item.name, what)
    if op == "neighbour.del" and item.state not in ("PERMANENT", "NOARP"):
        return None, "the kernel asks for %s again when it needs it" % item.address
    if op == "address.del" and BY_KERNEL & set(item.flags):
        return None, "only the kernel makes an address like %s (%s)" % (item.address, ", ".join(item.flags))
    return _INVERSES[op], ""
