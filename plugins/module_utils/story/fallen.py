# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The link whose routes went with it: where no route is left, the addresses that it still holds tell which one. Pure."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ..index import Index
from ..model import Address, Link


@dataclasses.dataclass(frozen=True)
class Fallen:
    """A link that is down, with an address on it."""

    link: Link
    address: Address

    @property
    def state(self) -> str:
        return "has no carrier" if self.link.up else "is down"


def fallen(index: Index, to: str, gateways: t.Iterable[str]) -> Fallen | None:
    """The link that is down and whose subnet has the destination or a declared gateway; or any that is down, where no other
    link could carry anything: the kernel keeps a link's addresses and removes its routes when it goes down."""
    version = ipaddress.ip_address(to).version
    targets = [ipaddress.ip_address(text) for text in (to, *gateways)]
    down: t.List[Fallen] = []
    others = False
    for item in index.snapshot.addresses:
        link = index.link(item.ifindex)
        if link is None or link.loopback or item.family != version or item.scope != "global":
            continue
        if link.up and link.carrier:
            others = True
        else:
            down.append(Fallen(link, item))
    for each in down:
        subnet = ipaddress.ip_network("%s/%d" % (each.address.address, each.address.prefixlen), strict=False)
        if any(target in subnet for target in targets if target.version == version):
            return each
    return down[0] if down and not others else None
