# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tunnels whose underlay moved away from under them."""

from __future__ import annotations

import typing as t

from ..index import FALLBACK_LINKS
from ..model import Answer, Finding, Link, Query
from ..reach.explain import explain
from .base import rule
from .owned import OwnedCheck


@rule(
    id="RC403",
    name="tunnel-underlay-gone",
    severity="high",
    title="A tunnel sends from an address that is not the host's, or to a far end that the kernel refuses",
    rationale=(
        "A tunnel is made with the underlay address of its day. When that address changes (a new lease, a moved floating "
        "address) the tunnel stays up and its routes stay in the table: each packet is taken, wrapped, and dropped. "
        "GRE and tun links always look healthy: their operstate is UNKNOWN."
    ),
    proof=(
        "No link holds the tunnel's local address and the local table has no entry for it; or the kernel, asked for the "
        "outer packet (to the remote, from the local address, over the underlay), refuses it."
    ),
    false_positives=(
        "A local address on any link, or of type local in the local table, is local. A tunnel without a local or remote "
        "address is asked about what it has. The kernel's fallback devices and tunnels that are down are left out."
    ),
    remedies=("owner.release", "owner.restart", "address.add"),
)
class TunnelUnderlayGone(OwnedCheck):
    def conclude(self) -> t.Iterable[Finding]:
        tunnels = [
            link
            for link in self.index.links
            if link.up and not link.loopback and link.name not in FALLBACK_LINKS and (link.local or link.remote)
        ]
        answers = self.answers(_outer(link) for link in tunnels)
        for link in sorted(tunnels, key=lambda each: each.name):
            finding = self._judge(link, answers.get(_outer(link)))
            if finding is not None:
                yield finding

    def _judge(self, link: Link, answer: Answer | None) -> Finding | None:
        name = self.name(link.ifindex)
        if link.local is not None and not self.index.is_local(link.local):
            own = self.answer(Query(to=link.local))
            if own is not None and own.route is not None and own.route.type == "local":
                return None  # it came back meanwhile
            cause = "source-not-local"
            said = "%s (%s) sends from %s, which is not an address of this host any more" % (
                name,
                link.kind,
                link.local,
            )
            evidence = [*self.holds_address(link.local)]
            advice = (
                "Routes over the tunnel, or to its far end, will not help. Give the tunnel the new local address (its "
                "owner does, as a rule), or bring back the old one."
            )
        elif link.remote is not None and answer is not None and answer.errno is not None:
            reach = explain(self.index, _outer(link), answer)
            cause = reach.cause
            said = "%s (%s) cannot send to its far end %s: %s" % (name, link.kind, link.remote, reach.explanation)
            said = said.rstrip(".")
            evidence = []
            advice = "The tunnel itself is in order: what is missing is the way to its far end."
        else:
            return None
        if link.remote is not None and answer is not None and answer.errno is not None:
            words: t.List[object] = ["route", "get", link.remote]
            words += ["from", link.local] if link.local else []
            words += ["oif", self.raw_name(link.underlay)] if link.underlay is not None else []
            evidence.append(self.saw("the outer packet is refused: %s" % answer.errno, *words))
        settled = self.settled("link", [link], (), advice, restarts=cause == "source-not-local", interface=link.name)
        back = tuple(self.declared_address(link.local)) if link.local and cause == "source-not-local" else ()
        if settled.remedy:
            advice = "%s Started anew, it gives the tunnel the address of today." % advice
        return self.finding(
            "link",
            {"interface": link.name, "local": link.local, "remote": link.remote},
            said + ".",
            [
                self.saw("local %s, remote %s" % (link.local, link.remote), "-d", "link", "show", "dev", link.name),
                *evidence,
                *settled.evidence,
            ],
            confidence="proven",
            remedy=back or settled.remedy,
            advice=advice,
            owner=settled.owner,
            details={"cause": cause, "errno": answer.errno if answer else None},
        )


def _outer(link: Link) -> Query:
    """The tunnel's own packet."""
    return Query(to=link.remote or link.local or "", source=link.local, interface=link.underlay)
