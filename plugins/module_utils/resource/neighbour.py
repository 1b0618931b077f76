# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""neighbour: one ARP or ND entry of the running kernel, or one address that is answered for, there or not."""

from __future__ import annotations

import typing as t

from ..kernel import encode, names
from ..model import Neighbour, Seen
from . import options, words
from .base import Change, Decision, Links, Params, ensure

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel

_NOT_THERE = ("NONE", "INCOMPLETE", "FAILED")
"""States of an entry that says nothing."""


def neighbour(params: Params, kernel: Kernel, check: bool) -> t.Dict[str, t.Any]:
    """What the module does."""
    return ensure(_Neighbour, params, kernel, check)


class _Neighbour:
    def __init__(self, params: Params, links: Links, _kernel: Kernel) -> None:
        self.links = links
        self.present = params["state"] == "present"
        self.proxy: bool = params["proxy"]
        self.address = t.cast(str, options.address(params["address"], "address"))
        self.ifindex = links.index_of(params["interface"], "interface")
        self.lladdr = options.hardware(params["lladdr"], "lladdr")
        self.nud = params["nud"].upper()
        self.router: bool | None = params["router"]
        self.proto = options.word(names.PROTOCOLS, params["proto"], "proto")
        if self.proxy and (self.lladdr is not None or self.router is not None or self.proto is not None):
            raise ValueError("proxy: an address that is answered for has no lladdr, router or proto; leave them out")
        if self.present and not self.proxy and self.lladdr is None:
            raise ValueError("lladdr: the hardware address of %s is missing; set it, or proxy" % self.address)

    def look(self, kernel: Kernel) -> t.List[Seen]:
        return (
            [seen for seen in kernel.proxies() if self._concerns(seen.object)]
            if self.proxy
            else list(
                kernel.seen("neighbour", keep=lambda found: self._concerns(found) and found.state not in _NOT_THERE)
            )
        )

    def _concerns(self, found: Neighbour) -> bool:
        if (found.ifindex, found.address) != (self.ifindex, self.address):
            return False
        return self.present or self.lladdr in (None, found.lladdr)

    def line(self, seen: Seen) -> str:
        return " ".join(words.neighbour(seen.object, self.links.name_of))

    def decide(self, found: t.Sequence[Seen]) -> Decision:
        if not self.present:
            return [self._change("del", "del" if self.proxy else "", seen) for seen in found], []
        if any(self._fits(seen.object) for seen in found):
            return [], [self.line(seen) for seen in found]
        wish = self._wish()
        verb = "add" if self.proxy else "replace"
        return [self._change(verb, verb, wish)], [self.line(wish)]

    def _fits(self, found: Neighbour) -> bool:
        if self.proxy:
            return True
        if self.router not in (None, "router" in found.flags) or self.proto not in (None, found.proto):
            return False
        return (found.lladdr, found.state) == (self.lladdr, self.nud)

    def _wish(self) -> Seen:
        flags = [name for name, wanted in (("proxy", self.proxy), ("router", self.router)) if wanted]
        return encode.neighbour(
            Neighbour(
                family=6 if ":" in self.address else 4,
                ifindex=self.ifindex,
                address=self.address,
                lladdr=self.lladdr,
                state="NONE" if self.proxy else self.nud,
                flags=tuple(flags),
                proto=self.proto,
            )
        )

    def _change(self, verb: str, how: str, seen: Seen) -> Change:
        op = "neighbour.del" if verb == "del" else "neighbour.add"
        return Change(op, seen, ["neigh", verb, *words.neighbour(seen.object, self.links.name_of)], how)
