# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""address: one address on a link of the running kernel, there or not."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ..kernel import encode, names
from ..model import Address, Seen
from . import options, words
from .base import Change, Decision, Links, Params, ensure

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel

_FULL = {4: 32, 6: 128}
_IN_PLACE = {
    4: {"valid_lifetime", "preferred_lifetime", "proto"},
    6: {"valid_lifetime", "preferred_lifetime", "proto", "noprefixroute"},
}
"""What the kernel can change in an address that is there."""
FOREVER = "forever"


def address(params: Params, kernel: Kernel, check: bool) -> t.Dict[str, t.Any]:
    """What the module does."""
    return ensure(_Address, params, kernel, check)


class _Address:
    def __init__(self, params: Params, links: Links, _kernel: Kernel) -> None:
        self.links = links
        self.present = params["state"] == "present"
        self.family, self.address, self.length = options.interface_address(params["address"], "address")
        self.peer = self._peer(params["peer"])
        if self.present and self.length is None:
            self.length = _FULL[self.family]
        self.ifindex = links.index_of(params["interface"], "interface") if params["interface"] else None
        self.nodad: bool = params["nodad"]
        self.said: t.Dict[str, t.Any] = {
            "label": params["label"],
            "broadcast": self._broadcast(params["broadcast"]),
            "scope": options.word(names.SCOPES, params["scope"], "scope"),
            "proto": options.word(names.ADDRESS_PROTOCOLS, params["proto"], "proto"),
            "noprefixroute": params["noprefixroute"],
            "valid_lifetime": _lifetime(params["valid_lifetime"], "valid_lifetime", 1),
            "preferred_lifetime": _lifetime(params["preferred_lifetime"], "preferred_lifetime", 0),
        }
        self.said = {name: value for name, value in self.said.items() if value is not None}
        self._check()

    def _peer(self, text: str | None) -> str | None:
        if text is None:
            return None
        family, peer, length = options.interface_address(text, "peer")
        options.same_family(self.family, family, "peer", text)
        if None not in (length, self.length) and length != self.length:
            raise ValueError("peer: its prefix length is that of the address, which has another one; say only one")
        self.length = self.length if length is None else length
        return peer

    def _broadcast(self, text: str | None) -> str | None:
        if text != "+":
            return options.address(text, "broadcast", self.family)
        network = ipaddress.ip_interface("%s/%s" % (self.peer or self.address, self.length)).network
        return str(network.broadcast_address)

    def _check(self) -> None:
        for name in ("label", "broadcast", "scope") if self.family == 6 else ():
            if name in self.said:
                raise ValueError("%s: IPv6 addresses have none that could be chosen; leave it out" % name)
        if self.nodad and self.family == 4:
            raise ValueError("nodad: only IPv6 addresses are tested for duplicates; leave it out")
        if len(self.said.get("label", "").encode()) > 15:
            raise ValueError("label: %r is too long; expected at most 15 bytes" % self.said["label"])
        valid, preferred = (self.said.get(name, FOREVER) for name in ("valid_lifetime", "preferred_lifetime"))
        if valid != FOREVER and (preferred == FOREVER or preferred > valid):
            if "preferred_lifetime" in self.said:
                raise ValueError("preferred_lifetime: it is longer than valid_lifetime; expected at most %s" % valid)
            self.said["preferred_lifetime"] = valid

    # Looking ---------------------------------------------------------------------------------------------------------

    def look(self, kernel: Kernel) -> t.List[Seen]:
        return list(kernel.seen("address", keep=self._concerns))

    def _concerns(self, found: Address) -> bool:
        if found.address != self.address or self.ifindex not in (None, found.ifindex):
            return False
        if not self.present:
            return (
                self.length in (None, found.prefixlen)
                and self.peer in (None, found.peer)
                and all(self._as_said(found, name) for name in self.said)
            )
        # A link has an IPv6 address once, whatever its prefix length.
        return self.family == 6 or (found.prefixlen, found.peer) == (self.length, self.peer)

    def _as_said(self, found: Address, name: str) -> bool:
        value = self.said[name]
        if name == "noprefixroute":
            return value is (name in found.flags)
        now = getattr(found, name)
        if not name.endswith("lifetime"):
            return bool(now == value)
        if value == FOREVER or now is None:
            return value == FOREVER and now is None
        # It runs: it is set anew where less than half of it is left.
        return not self.present or bool(value / 2 <= now <= value)

    def line(self, seen: Seen) -> str:
        return " ".join(words.address(seen.object, self.links.name_of))

    # Deciding --------------------------------------------------------------------------------------------------------

    def decide(self, found: t.Sequence[Seen]) -> Decision:
        if not self.present:
            return [self._change("address.del", "del", seen) for seen in found], []
        if not found:
            wish = self._wish(self._new())
            return [self._change("address.add", "add", wish)], [self.line(wish)]
        seen = found[0]
        other = {name for name in self.said if not self._as_said(seen.object, name)}
        moved = (seen.object.prefixlen, seen.object.peer) != (self.length, self.peer)
        if not other and not moved:
            return [], [self.line(seen)]
        wish = self._wish(dataclasses.replace(seen.object, prefixlen=self.length, peer=self.peer))
        if not moved and other <= _IN_PLACE[self.family]:
            return [self._change("address.add", "replace", wish)], [self.line(wish)]
        removed = self._change("address.del", "del", seen)
        return [dataclasses.replace(removed, instead=wish), self._change("address.add", "add", wish)], [self.line(wish)]

    def _new(self) -> Address:
        host = ipaddress.ip_address(self.address)
        scope = "host" if host.is_loopback else "link" if self.family == 6 and host.is_link_local else "global"
        return Address(
            family=self.family,
            ifindex=t.cast(int, self.ifindex),
            address=self.address,
            prefixlen=t.cast(int, self.length),
            peer=self.peer,
            scope=scope,
            flags=("nodad",) if self.nodad else (),
            label=self.links.name_of(t.cast(int, self.ifindex)) if self.family == 4 else None,
        )

    def _wish(self, like: Address) -> Seen:
        """The address with all that was said of it."""
        said: t.Dict[str, t.Any] = {name: None if item == FOREVER else item for name, item in self.said.items()}
        flags = set(like.flags)
        if said.pop("noprefixroute", "noprefixroute" in flags):
            flags.add("noprefixroute")
        else:
            flags.discard("noprefixroute")
        return encode.address(dataclasses.replace(like, flags=tuple(sorted(flags)), **said))

    def _change(self, op: str, verb: str, seen: Seen) -> Change:
        spelled = ["-%d" % self.family, "address", verb, *words.address(seen.object, self.links.name_of)]
        return Change(op, seen, spelled, "replace" if verb == "replace" else "")


def _lifetime(text: str | None, option: str, least: int) -> t.Union[int, str, None]:
    if text in (None, FOREVER):
        return text
    try:
        seconds = int(str(text))
    except ValueError:
        seconds = -1
    if not least <= seconds < 0xFFFFFFFF:
        raise ValueError("%s: %r is neither forever nor a number of seconds, at least %d" % (option, text, least))
    return seconds
