# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links and addresses that an owner left behind when it died, or that it holds no more though they are there."""

from __future__ import annotations

import typing as t

from ..model import Address, Finding, Link, OwnerState, RouteGroup, Session
from ..owners.fits import wanted
from .base import rule
from .common import is_link_local, plural, several
from .owned import OwnedCheck, cause_of, lived_on, of_whom, owner_of
from .sessions import LIVE
from .tally import Tally

_BOUND = (*LIVE, "LISTEN", "UNCONN")
"""States of sockets that somebody still uses."""


@rule(
    id="RC404",
    name="link-owner-gone",
    severity="medium",
    title="Links of a daemon that is gone, or that does not want them any more",
    rationale=(
        "A tunnel, a bridge or a dummy stays when the program that made it is killed or removed. Its addresses stay local, "
        "so the host answers itself what was meant for others; its routes carry packets into nothing; and the next one "
        "that wants the name or the address finds it taken."
    ),
    proof=(
        "The link fits what the owner's profile says of its links (name, kind). No process of the owner runs; or it runs, "
        "was asked for all that it wants, and does not name the link."
    ),
    false_positives=(
        "Hardware, the loopback and the kernel's fallback devices are nobody's. A link that somebody else uses stays: a "
        "tun device that a program holds open has a carrier; a veth whose other end is in another namespace belongs to "
        "that, which lives; a bridge has a port, a link another one on top of it, that is not left over itself; a live "
        "socket is bound to it. Where any owner that it fits is alive and did not disown it, or it is not known "
        "whether it lives, it stays. What intent declares is wanted."
    ),
    remedies=("owner.release", "owner.restart", "link.del"),
)
class LinkOwnerGone(OwnedCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        declared = {item["name"] for item in self.intent.links} | {
            item.get("interface") for item in self.intent.addresses
        }
        self._left: t.Dict[int, t.Tuple[Link, OwnerState]] = {}
        for link in self.index.links if self.index.owners else ():
            state = None if link.kind is None or link.name in declared else self.left(link)
            if state is not None:
                self._left[link.ifindex] = (link, state)
        self._routes: t.Dict[int, int] = {}
        self._held: t.Set[int] = set()

    def routes(self, group: RouteGroup) -> None:
        for ifindex in {hop.ifindex for hop in group.template.hops}:
            if ifindex in self._left and group.template.proto != "kernel":
                self._routes[ifindex] = self._routes.get(ifindex, 0) + group.count

    def session(self, session: Session) -> None:
        if session.ifindex in self._left and session.inode and session.state in _BOUND:
            self._held.add(session.ifindex)

    def conclude(self) -> t.Iterable[Finding]:
        tally: Tally[t.Tuple[str, str], t.Tuple[Link, OwnerState]] = Tally()
        used = lived_on(self.index.links, self._left, self._held)
        for link, state in sorted(self._left.values(), key=lambda pair: pair[0].name):
            if link.ifindex not in used:
                tally.add((state.name, link.name), (link, state))
        for _key, group in tally:
            yield self._finding(*group.items[0])
        yield from self.others("link", tally.others.count, (link.name for link, _state in tally.others.items))

    def _finding(self, link: Link, state: OwnerState) -> Finding:
        name = self.name(link.ifindex)
        held = ["%s/%d" % (item.address, item.prefixlen) for item in self._addresses(link)]
        routes = self._routes.get(link.ifindex, 0)
        words = ["the address %s" % several(held)] if held else []
        words += [plural(routes, "route leads", "routes lead") + " over it"] if routes else []
        evidence = [self.saw("it exists (%s)" % link.kind, "-d", "link", "show", "dev", link.name)]
        if held:
            evidence.append(self.saw("it holds %s" % several(held), "address", "show", "dev", link.name))
        if routes:
            shown = plural(routes, "route leads", "routes lead") + " over it"
            evidence.append(self.saw(shown, "route", "show", "table", "all", "dev", link.name))
        remove = self.step("link.del", {"interface": link.name}, "link", "del", "dev", link.name)
        return self.finding(
            "link",
            {"owner": state.name, "interface": link.name},
            "%s (%s) is %s%s."
            % (name, link.kind, of_whom(state), ": it still has %s" % " and ".join(words) if words else ""),
            [*evidence, *self.witness(state, "link")],
            severity=("high" if link.kind == "dummy" else "medium") if held else "medium" if routes else "low",
            remedy=self.mend(state, [remove], interface=link.name),
            advice=self.said_of(state, "its link"),
            owner=owner_of(state),
            details={"cause": cause_of(state), "addresses": held[:8], "routes": routes},
        )

    def _addresses(self, link: Link) -> t.List[Address]:
        return [item for item in self.index.addresses_on(link.ifindex) if not is_link_local(item.address)]


@rule(
    id="RC405",
    name="address-owner-gone",
    severity="medium",
    title="Addresses of a daemon that is gone, or that does not want them any more",
    rationale=(
        "A virtual address stays on the link when the program that held it is killed, and the host that took it over has it "
        "as well: both answer, and connections end at the one or the other by chance. An address of a VPN that is gone "
        "goes on as the source of what the host sends."
    ),
    proof=(
        "The address is one that the owner's configuration or state names, or fits what its profile says of its addresses. "
        "No process of the owner runs; or it runs, was asked for all that it wants, and does not name the address."
    ),
    false_positives=(
        "An address that no owner names and no profile describes is nobody's. One on a link of a dead owner that others "
        "live on (the bridge of containers that run on without their engine) is theirs. Where any owner that it fits is alive and did "
        "not disown it, or it is not known whether it lives, it stays. The loopback's own addresses and the link-local "
        "ones of IPv6 are the kernel's. What intent declares is wanted."
    ),
    remedies=("owner.release", "owner.restart", "address.del"),
)
class AddressOwnerGone(OwnedCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        declared = {str(item["address"]).partition("/")[0] for item in self.intent.addresses}
        self._left: t.Dict[str, t.List[t.Tuple[Address, OwnerState]]] = {}
        lived = self.lived_on()
        for item in self.index.snapshot.addresses if self.index.owners else ():
            if item.address in declared or item.ifindex in lived or self._is_the_kernels(item):
                continue
            state = self.left(item)
            if state is not None:
                self._left.setdefault(item.address, []).append((item, state))
        self._sockets: t.Dict[str, int] = {}

    def _is_the_kernels(self, item: Address) -> bool:
        link = self.index.link(item.ifindex)
        own = item.address == "::1" or item.address.startswith("127.")
        return (own and link is not None and link.loopback) or (item.family == 6 and is_link_local(item.address))

    def session(self, session: Session) -> None:
        if session.local in self._left and session.inode and session.state in _BOUND:
            self._sockets[session.local] = self._sockets.get(session.local, 0) + 1

    def conclude(self) -> t.Iterable[Finding]:
        tally: Tally[t.Tuple[str, str, str], t.Tuple[Address, OwnerState]] = Tally()
        for address in sorted(self._left):
            for item, state in self._left[address]:
                tally.add((state.name, self.raw_name(item.ifindex), "%s/%d" % (address, item.prefixlen)), (item, state))
        for _key, group in tally:
            yield self._finding(*group.items[0])
        yield from self.others("address", tally.others.count, (item.address for item, _state in tally.others.items))

    def _finding(self, item: Address, state: OwnerState) -> Finding:
        text, raw = "%s/%d" % (item.address, item.prefixlen), self.raw_name(item.ifindex)
        claims = [want for want in state.wants or () if wanted(self.index, want, item) is True]
        sockets = self._sockets.get(item.address, 0)
        args = {"address": text, "interface": raw}
        words = ["address", "del", text]
        if item.peer is not None:
            args["peer"] = item.peer
            words = ["address", "del", item.address, "peer", "%s/%d" % (item.peer, item.prefixlen)]
        evidence = [self.saw("%s is there" % text, "address", "show", "to", item.address, "dev", raw)]
        evidence += [self.claim(want) for want in claims[:1]]
        return self.finding(
            "address",
            {"owner": state.name, "interface": raw, "address": text},
            "%s on %s is an address %s%s."
            % (
                text,
                self.name(item.ifindex),
                of_whom(state),
                ": %s to it" % plural(sockets, "socket is bound", "sockets are bound") if sockets else "",
            ),
            [*evidence, *self.witness(state, "address")],
            severity="high" if claims else None,
            remedy=self.mend(
                state, [self.step("address.del", args, *words, "dev", raw)], interface=raw, address=item.address
            ),
            advice=self.said_of(state, "its address"),
            owner=owner_of(state),
            details={"cause": cause_of(state), "sockets": sockets},
        )
