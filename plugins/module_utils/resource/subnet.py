# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking one address from a subnet, and nothing else with it.

With the first IPv4 address of a subnet the kernel takes the others of that subnet, and with the last address of a link
all routes over it. So what went along is put back: the addresses in their order, then the routes that can still be.
"""

from __future__ import annotations

import typing as t

from ..kernel.seen import same
from ..model import Seen

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel


def take(kernel: Kernel, seen: Seen, instead: Seen | None = None) -> str | None:
    """Remove an address, or put another one in its place; why not, where the kernel refuses it."""
    along = kernel.collateral("address.del", seen)
    addresses = [other for other in along if other.kind == "address"] or [seen]
    back = [instead if same(other, seen) else other for other in addresses]
    adding = [("address.add", other) for other in back if other is not None]
    if adding:
        adding += [("route.add", other) for other in along if other.kind == "route" and _stays(other, seen, instead)]
    for op, item in [("address.del", seen), *adding]:
        (outcome,) = kernel.change(op, [item])
        if outcome.failed:
            return outcome.failed[0][1]
    return None


def _stays(route: Seen, seen: Seen, instead: Seen | None) -> bool:
    """The kernel makes its own routes anew, and takes no source that is gone."""
    return route.object.proto != "kernel" and (instead is not None or route.object.prefsrc != seen.object.address)
