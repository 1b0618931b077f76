# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must stay reachable: the way in, what is protected, the far ends of live sessions, the gateways to them."""

from __future__ import annotations

import ipaddress
import itertools
import typing as t

from ..kernel.port import Kernel
from ..model import Answer, Query, Rule, Session, WayIn

LIMIT = 500
_LIVE = ("ESTAB", "SYN-SENT", "SYN-RECV", "CLOSE-WAIT", "FIN-WAIT-1")
"""States in which a socket has something to send."""
_PROBES = (Query(to="203.0.113.1"), Query(to="2001:db8::1"))
"""TEST-NET-3 and RFC 3849: no network routes them, so that what answers is the default route."""


def live(kernel: Kernel, protected: t.Iterable[Query], limit: int = LIMIT) -> t.Tuple[Query, ...]:
    """The destinations of a rehearsal: the protected ones first, then at most ``limit`` of live sessions, then the
    gateways that lead to all of them. Each question once."""
    rules = kernel.rules()
    sessions = (of_session(session, rules) for session in kernel.sessions(("tcp", "udp")) if _sends(session))
    first = dict.fromkeys(itertools.chain(protected, _PROBES))
    found = dict.fromkeys(first)
    for query in sessions:
        if len(found) >= len(first) + limit:
            break
        found[query] = None
    found.update(dict.fromkeys(_gateways(kernel.lookup(found))))
    return tuple(found)


def of_way_in(way: WayIn) -> Query:
    return Query(to=way.peer, source=way.local)


def of_selector(selector: t.Mapping[str, t.Any]) -> t.Tuple[Query, ...]:
    """The addresses that a selector of ``protect`` names; of a prefix the first one that a host can have."""
    queries = []
    for value in selector.values():
        try:
            network = ipaddress.ip_network(str(value), strict=False)
        except ValueError:
            continue
        if network.prefixlen:
            queries.append(Query(to=str(next(iter(network.hosts()), network.network_address))))
    return tuple(queries)


def of_session(session: Session, rules: t.Collection[Rule]) -> Query:
    """What the socket's next send asks. Ports and user only where a rule selects by them: so that sessions which go the
    same way are one question."""
    by_port = any(rule.sport or rule.dport or rule.ip_proto for rule in rules)
    by_user = any(rule.uid_range for rule in rules)
    return Query(
        to=session.remote or session.local,
        source=session.local,
        interface=session.ifindex,
        protocol=session.protocol if by_port else None,
        sport=session.local_port if by_port else None,
        port=session.remote_port if by_port else None,
        mark=session.mark,
        uid=session.uid if by_user else None,
    )


def _sends(session: Session) -> bool:
    return session.remote is not None and session.state in _LIVE


def _gateways(answers: t.Iterable[Answer]) -> t.Iterator[Query]:
    for answer in answers:
        for route in (answer.match, answer.route):
            for hop in route.hops if route else ():
                if hop.gateway is not None:
                    link_local = ipaddress.ip_address(hop.gateway).is_link_local
                    yield Query(to=hop.gateway, interface=hop.ifindex if link_local else None)
