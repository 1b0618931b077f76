# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DNS servers that the host is told to ask and cannot: half of all 'the network is down' is names that do not resolve."""

from __future__ import annotations

import dataclasses
import shlex
import typing as t

from ..commands import inside as run_inside
from ..index import is_unspecified
from ..model import Evidence, Finding, Query, Resolver, Session
from ..persistence import configured
from ..reach.base import NO_SUCH_LINK
from ..reach.explain import explain
from .base import rule
from .common import HostCheck, endpoint, family_of, is_link_local, shown
from .sessions import get_words, way_back

_SILENT = ("link-down", "link-no-carrier", "neighbour-failed")
"""The send succeeds, and the packet goes nowhere."""


@dataclasses.dataclass(frozen=True)
class _Trouble:
    """Why a resolver cannot be asked."""

    cause: str
    said: str
    evidence: t.Tuple[Evidence, ...]
    advice: str
    confidence: str = "proven"
    errno: t.Optional[str] = None
    query: t.Optional[Query] = None
    """The question that the kernel refuses."""


@rule(
    id="RC601",
    name="resolver-unreachable",
    severity="critical",
    title="A DNS server that the host asks cannot be reached, or does not listen",
    rationale=(
        "Where no resolver can be asked, every name fails and everything looks down, whatever the routes are. Where one "
        "of several cannot be asked, each lookup may wait for it first. A resolver is left behind by a VPN that took its "
        "own away, by a lease of another network, or by a forwarder on this host that died."
    ),
    proof=(
        "The files that programs and forwarders take their servers from were read. The kernel, asked for a packet to the "
        "server's port, refuses it; or its link is down or has no carrier, or its next hop does not answer; or nothing "
        "listens at the address of this host that stands there; or, where O(netmend.reclaim.audit_info#module:"
        "resolver_query) is on, a query got no answer."
    ),
    false_positives=(
        "Servers that no program asks are left out: lines after the third, the host's own file in another network "
        "namespace, servers behind a forwarder that writes none down. A forwarder that the firewall redirects to, or "
        "that holds any socket at its address, listens (a container engine's), and an address on a dummy link may be a "
        "load balancer's. A host with no resolver may need none."
    ),
    remedies=("link.up", "route.add"),
)
class ResolverUnreachable(HostCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._resolvers = self.index.snapshot.resolvers or ()
        self._own = {item.address for item in self._resolvers if self._is_own(item)}
        self._listening: t.Set[t.Tuple[str, t.Optional[int]]] = set()

    def _is_own(self, resolver: Resolver) -> bool:
        return resolver.stub or self.index.is_local(resolver.address)

    def session(self, session: Session) -> None:
        if session.protocol != "udp" or session.remote is not None:
            return
        if session.local in self._own:
            self._listening.add((session.local, None))
        elif is_unspecified(session.local):
            self._listening.add((session.local, session.local_port))

    def conclude(self) -> t.Iterable[Finding]:
        troubles = {item: self._trouble(item) for item in self._resolvers}
        working = [item for item in self._resolvers if item.behind is None and self._works(item, troubles)]
        for resolver, trouble in troubles.items():
            if trouble is not None and not self._idle(resolver, troubles):
                yield self._finding(resolver, trouble, working)

    def _works(self, resolver: Resolver, troubles: t.Mapping[Resolver, t.Optional[_Trouble]]) -> bool:
        if troubles[resolver] is not None:
            return False
        servers = [item for item in self._resolvers if item.behind == resolver.address]
        return not servers or any(troubles[item] is None for item in servers)

    def _idle(self, resolver: Resolver, troubles: t.Mapping[Resolver, t.Optional[_Trouble]]) -> bool:
        """Is its forwarder not there? Whether the server could be asked is then no matter."""
        forwarders = [item for item in self._resolvers if item.address == resolver.behind and item.behind is None]
        return bool(forwarders) and all(troubles[item] is not None for item in forwarders)

    # What is wrong with one ------------------------------------------------------------------------------------------

    def _trouble(self, resolver: Resolver) -> _Trouble | None:
        if self._is_own(resolver):
            return self._unheard(resolver) if not self._listens(resolver) else self._unanswered(resolver)
        query = self._query(resolver)
        answer = self.answer(query)
        if answer is None:
            return None
        reach = explain(self.index, query, answer, interface=resolver.interface)
        if answer.errno is None and reach.cause not in _SILENT:
            return self._unanswered(resolver)
        evidence = [Evidence("kernel", link.text, link.command) for link in reach.chain if not link.ok]
        if answer.errno is not None:
            words = get_words(query, lambda ifindex: self.index.name_of(ifindex) or resolver.interface or "?")
            if query.interface != NO_SUCH_LINK:
                evidence.append(self.saw("the kernel refuses a packet to it: %s" % answer.errno, *words))
        return _Trouble(
            cause=reach.cause,
            said=reach.explanation[:1].lower() + reach.explanation[1:].rstrip("."),
            evidence=tuple(evidence),
            advice=(
                "Mend the way to it, or name another server where this one is named: the one that is reached from the "
                "networks that this host is in now."
            ),
            confidence="strong" if reach.cause == "neighbour-failed" else "proven",
            errno=answer.errno,
            query=query,
        )

    def _query(self, resolver: Resolver) -> Query:
        interface = None
        if resolver.interface is not None:
            named = self.index.link_named(resolver.interface)
            if named is None and resolver.interface.isascii() and resolver.interface.isdigit():
                named = self.index.link(int(resolver.interface))
            interface = named.ifindex if named else NO_SUCH_LINK
        by_port = any(item.ip_proto or item.sport or item.dport for item in self.index.snapshot.rules)
        return Query(
            to=resolver.address,
            interface=interface,
            protocol="udp" if by_port else None,
            port=resolver.port if by_port else None,
        )

    def _listens(self, resolver: Resolver) -> bool:
        address, port = resolver.address, resolver.port
        if (address, None) in self._listening or ("::", port) in self._listening:
            return True
        if family_of(address) == 4 and ("0.0.0.0", port) in self._listening:
            return True
        if self._is_redirected(port):
            return True
        holding = [item.ifindex for item in self.index.snapshot.addresses if item.address == address]
        links = [self.index.link(ifindex) for ifindex in holding]
        return any(link is not None and link.kind == "dummy" for link in links)

    def _is_redirected(self, port: int) -> bool:
        """Does some rule of the firewall's translation look at packets to that port?"""
        firewall = self.index.snapshot.firewall
        for chain in firewall.chains if firewall is not None else ():
            for item in chain.rules if chain.type in ("nat", None) else ():
                if any(_covers(match, port) for match in item.matches):
                    return True
        return False

    def _unheard(self, resolver: Resolver) -> _Trouble:
        netns = self.index.snapshot.netns
        words = ("ss", "-uln", "sport", "=", ":%d" % resolver.port)
        where = "it is an address of this host, and nothing listens there on UDP port %d" % resolver.port
        if resolver.stub and netns is not None:
            advice = (
                "A forwarder of the host is not heard in another network namespace: name servers for this one in "
                "/etc/netns/%s/resolv.conf." % netns
            )
        else:
            advice = "Start the forwarder again (%s), or name servers that can be asked themselves." % (
                "systemctl restart systemd-resolved" if resolver.address in ("127.0.0.53", "127.0.0.54") else "its unit"
            )
        return _Trouble(
            cause="nobody-listens",
            said=where,
            evidence=(Evidence("kernel", "no UDP socket at %s" % _end(resolver), run_inside(netns, *words)),),
            advice=advice + " Routes will not help.",
        )

    def _unanswered(self, resolver: Resolver) -> _Trouble | None:
        if resolver.answered is not False:
            return None
        words = ["dig", "+time=2", "+tries=1", "-p", str(resolver.port), "@%s" % _scoped(resolver), ".", "NS"]
        got = "got no answer" if resolver.refusal is None else "failed: %s" % resolver.refusal
        return _Trouble(
            cause="no-answer" if resolver.refusal is None else "query-refused",
            said="a query for the root's name servers %s, although the kernel lets it out" % got,
            evidence=(Evidence("probe", "one query %s" % got, run_inside(self.index.snapshot.netns, *words)),),
            advice=(
                "The way out is in order as far as this host knows: see whether the server runs, and what is between (a "
                "firewall, the way back)."
            ),
            confidence="strong",
            errno=resolver.refusal,
        )

    # What is told ----------------------------------------------------------------------------------------------------

    def _finding(self, resolver: Resolver, trouble: _Trouble, working: t.Sequence[Resolver]) -> Finding:
        where = shown(resolver.path) + (" line %d" % resolver.line if resolver.line else "")
        others = [item for item in self._resolvers if item.behind == resolver.behind and item != resolver]
        if working:
            harm = "others can be asked, so names still resolve, as a rule with a delay"
        elif others:
            harm = "and no other resolver can be asked: no name resolves"
        else:
            harm = "and it is the only one: no name resolves"
        asks = "The resolver %s (%s)" % (shown(_scoped(resolver)), where)
        if resolver.behind is not None:
            asks = "The resolver %s, which the forwarder %s asks (%s)," % (
                shown(_scoped(resolver)),
                resolver.behind,
                where,
            )
        query = trouble.query
        return self.finding(
            "resolver",
            {
                "address": resolver.address,
                "interface": resolver.interface,
                "port": resolver.port,
                "path": _stable(resolver),
            },
            "%s cannot be asked: %s; %s." % (asks, trouble.said, harm),
            [
                Evidence("configuration", "%s names it" % where, _names(resolver)),
                *trouble.evidence,
                *configured(self.index, "resolver", {"address": resolver.address}),
            ],
            severity="medium" if working else "critical",
            confidence=trouble.confidence,
            remedy=way_back(self, query.to, query.interface) if query is not None and trouble.errno else (),
            advice=trouble.advice,
            details={
                "cause": trouble.cause,
                "errno": trouble.errno,
                "path": resolver.path,
                "line": resolver.line,
                "behind": resolver.behind,
                "working": sorted({_scoped(item) for item in working}),
            },
        )


def _covers(match: t.Any, port: int) -> bool:
    if "dport" not in match.fields or match.negated:
        return False
    place = match.fields.index("dport")
    if not match.values:
        return True  # a named set
    ends = [value[place] for value in match.values]
    return any(isinstance(low, int) and isinstance(high, int) and low <= port <= high for low, high in ends)


def _stable(resolver: Resolver) -> str:
    """The file without the number of a link."""
    return resolver.path.rstrip("0123456789") if resolver.path.startswith("/run/systemd/") else resolver.path


def _names(resolver: Resolver) -> str:
    return shlex.join(["grep", "-nF", resolver.address, resolver.path])


def _scoped(resolver: Resolver) -> str:
    """The address, with its link where it means nothing without."""
    needs = resolver.interface is not None and is_link_local(resolver.address)
    return "%s%%%s" % (resolver.address, resolver.interface) if needs else resolver.address


def _end(resolver: Resolver) -> str:
    return endpoint(resolver.address, resolver.port)
