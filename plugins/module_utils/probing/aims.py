# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which few destinations an audit sends packets to: the far ends of tunnels, and what sockets and daemons send to. Pure."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ..index import FALLBACK_LINKS
from ..model import Link, OwnerSession, Session

MOST = 5
"""Destinations of one audit."""
_KEPT = 4096
"""Destinations that are counted."""
_LIVE = ("ESTAB", "SYN-SENT", "CLOSE-WAIT")


@dataclasses.dataclass(frozen=True)
class Aim:
    """One destination, and the sends to it that are tried."""

    to: str
    source: t.Optional[str] = None
    interface: t.Optional[str] = None
    mark: int = 0
    wanted_by: str = ""
    tunnel: t.Optional[str] = None


def chosen(
    links: t.Sequence[Link],
    sessions: t.Iterable[Session],
    owner_sessions: t.Sequence[OwnerSession],
    own: t.Container[str],
) -> t.Tuple[Aim, ...]:
    """At most ``MOST``, each destination once. ``own``: the host's addresses, which need no probe."""
    found: t.Dict[str, Aim] = {}
    for aim in (*_tunnels(links), *_sockets(links, sessions), *_daemons(owner_sessions)):
        if aim.to not in found and aim.to not in own and _is_one_host(aim.to):
            found[aim.to] = aim
            if len(found) == MOST:
                break
    return tuple(found.values())


def _tunnels(links: t.Sequence[Link]) -> t.Iterator[Aim]:
    names = {link.ifindex: link.name for link in links}
    for link in sorted(links, key=lambda each: each.name):
        if link.up and link.remote is not None and link.name not in FALLBACK_LINKS:
            underlay = names.get(link.underlay) if link.underlay is not None else None
            yield Aim(link.remote, link.local, underlay, wanted_by="tunnel %s" % link.name, tunnel=link.name)


def _sockets(links: t.Sequence[Link], sessions: t.Iterable[Session]) -> t.Iterator[Aim]:
    """Those with the most sockets first; of one with several sources, the first that is seen."""
    counts: t.Dict[str, int] = {}
    first: t.Dict[str, Session] = {}
    for session in sessions:
        remote = None if session.remote is None else _plain(session.remote)
        if remote is None or session.inode == 0 or session.state not in _LIVE:
            continue
        if remote in counts or len(counts) < _KEPT:
            counts[remote] = counts.get(remote, 0) + 1
            first.setdefault(remote, session)
    names = {link.ifindex: link.name for link in links}
    for remote in sorted(counts, key=lambda each: (-counts[each], each)):
        session = first[remote]
        local = _plain(session.local)
        yield Aim(
            remote,
            None if local in ("0.0.0.0", "::") else local,
            names.get(session.ifindex) if session.ifindex is not None else None,
            session.mark,
            "%d socket%s" % (counts[remote], "" if counts[remote] == 1 else "s"),
        )


def _daemons(sessions: t.Sequence[OwnerSession]) -> t.Iterator[Aim]:
    for session in sessions:
        if session.peer is not None:
            yield Aim(session.peer, session.local, session.interface, wanted_by="a session of %s" % session.owner)


def _plain(address: str) -> str:
    """IPv4 over an IPv6 socket is IPv4 (RFC 4291, 2.5.5.2); a zone is told by the link."""
    bare = address.partition("%")[0]
    return bare[7:] if bare.startswith("::ffff:") and "." in bare else bare


def _is_one_host(address: str) -> bool:
    """Is it worth a probe? Not where it is on this host, or nobody's, or there on each link."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (parsed.is_loopback or parsed.is_multicast or parsed.is_unspecified or parsed.is_link_local)
