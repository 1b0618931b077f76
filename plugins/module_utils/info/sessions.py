# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""session_info: sockets that match, or what they have in common and how many there are."""

from __future__ import annotations

import collections
import typing as t

from ..bounds import take
from ..model import Session
from ..text import clean
from .select import FAMILIES, FAMILY_NAMES, Test, counted, mark_number, prefix, prefix_test

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel

SAMPLES = 5
NAME_LENGTH = 256
_MAPPED = "::ffff:"


class Filter:
    """The options of session_info."""

    def __init__(self, params: t.Mapping[str, t.Any], ifindex_of: t.Callable[[str], int]) -> None:
        """Raises ValueError that names the option."""
        self.protocols = tuple(params.get("protocol") or ("tcp", "udp", "raw"))
        family = params.get("family")
        self.families = (FAMILIES[family],) if family else (4, 6)
        self.states = frozenset(state.upper() for state in params.get("state") or ())
        self.local = _addresses(params, "local")
        self.remote = _addresses(params, "remote")
        self.port = params.get("port")
        self.local_port = params.get("local_port")
        self.remote_port = params.get("remote_port")
        self.process = params.get("process")
        self.unit = params.get("unit")
        self.mark = mark_number(params.get("mark"))
        self.ifindex = ifindex_of(params["interface"]) if params.get("interface") else None
        self.processes = bool(params.get("processes") or self.process)

    def accepts(self, session: Session) -> bool:
        if self.states and session.state not in self.states:
            return False
        if self.local_port not in (None, session.local_port) or self.remote_port not in (None, session.remote_port):
            return False
        if self.port not in (None, session.local_port, session.remote_port):
            return False
        if self.mark not in (None, session.mark) or self.ifindex not in (None, session.ifindex):
            return False
        if self.unit is not None and session.unit not in (self.unit, self.unit + ".service"):
            return False
        if self.process is not None and not any(
            self.process in (process.name, str(process.pid)) for process in session.processes
        ):
            return False
        if self.local is not None and not self.local(_plain(session.local)):
            return False
        return self.remote is None or (session.remote is not None and self.remote(_plain(session.remote)))


def _addresses(params: t.Mapping[str, t.Any], option: str) -> Test | None:
    return prefix_test(prefix(params[option], option), "within") if params.get(option) else None


def _plain(address: str) -> str:
    """IPv4 over an IPv6 socket is IPv4 to whoever filters by it (RFC 4291, 2.5.5.2)."""
    return address[len(_MAPPED) :] if address.startswith(_MAPPED) and "." in address else address


def session_info(params: t.Mapping[str, t.Any], kernel: Kernel) -> t.Dict[str, t.Any]:
    """What the module returns. Raises ValueError for options that make no sense."""
    links = {link.ifindex: link.name for link in kernel.links()}
    by_name = {name: ifindex for ifindex, name in links.items()}

    def ifindex_of(name: str) -> int:
        if name not in by_name:
            raise ValueError("interface: there is no link %r here (see 'ip link')" % name)
        return by_name[name]

    wanted = Filter(params, ifindex_of)
    stream = kernel.sessions(wanted.protocols, wanted.families, wanted.processes)
    matching = (session for session in stream if wanted.accepts(session))
    if params["summary"]:
        return summarised(matching, links, params["limit"], wanted.processes)
    listed, total = take(matching, params["limit"], lambda session: shown(session, links, wanted.processes))
    return {"sessions": listed, "total": total, "truncated": len(listed) < total}


def _interface(session: Session, links: t.Mapping[int, str]) -> str | None:
    return None if session.ifindex is None else links.get(session.ifindex, "if%d" % session.ifindex)


def _text(value: str | None) -> str | None:
    return None if value is None else clean(value, NAME_LENGTH)


def shown(session: Session, links: t.Mapping[int, str], processes: bool) -> t.Dict[str, t.Any]:
    """A socket as the result shows it. Processes are left out where they were not asked for."""
    shape: t.Dict[str, t.Any] = {
        "family": FAMILY_NAMES[session.family],
        "protocol": session.protocol,
        "state": session.state,
        "local": session.local,
        "local_port": session.local_port,
        "remote": session.remote,
        "remote_port": session.remote_port if session.remote is not None else None,
        "interface": _interface(session, links),
        "mark": session.mark,
        "uid": session.uid,
        "inode": session.inode,
        "unit": _text(session.unit),
        "transparent": session.transparent,
        "freebind": session.freebind,
    }
    if processes:
        shape["processes"] = [
            {"pid": process.pid, "name": _text(process.name), "started": process.started}
            for process in session.processes
        ]
    return shape


def service_port(session: Session) -> int:
    """The port that says what a socket is for: its own where it has no peer, else the lower one.

    The other one is as a rule ephemeral (RFC 6335, 6), and would make each connection a group of its own.
    """
    if session.remote is None or not session.remote_port:
        return session.local_port
    return min(session.local_port, session.remote_port) or session.remote_port


def summarised(
    sessions: t.Iterable[Session], links: t.Mapping[int, str], limit: int, processes: bool
) -> t.Dict[str, t.Any]:
    """Counts by protocol, state, local address and unit, and the largest groups with samples."""
    counts: t.Dict[t.Tuple[t.Any, ...], int] = collections.Counter()
    samples: t.Dict[t.Tuple[t.Any, ...], t.List[str]] = {}
    by: t.Dict[str, t.Dict[t.Any, int]] = {
        name: collections.Counter() for name in ("family", "protocol", "state", "local", "unit")
    }
    for session in sessions:
        names = tuple(sorted({_text(process.name) or "" for process in session.processes}))
        key = (
            FAMILY_NAMES[session.family],
            session.protocol,
            session.state,
            session.local,
            service_port(session),
            _interface(session, links),
            session.mark,
            _text(session.unit),
            names,
        )
        counts[key] += 1
        known = samples.setdefault(key, [])
        if len(known) < SAMPLES:
            known.append(
                "%s > %s" % (_end(session.local, session.local_port), _end(session.remote, session.remote_port))
            )
        by["family"][FAMILY_NAMES[session.family]] += 1
        by["protocol"][session.protocol] += 1
        by["state"][session.state] += 1
        by["local"][session.local] += 1
        by["unit"][_text(session.unit) or "(none)"] += 1
    fields = ("family", "protocol", "state", "local", "service_port", "interface", "mark", "unit")
    ranked = sorted(counts.items(), key=lambda item: (-item[1], samples[item[0]]))

    def shape(item: t.Tuple[t.Tuple[t.Any, ...], int]) -> t.Dict[str, t.Any]:
        key, count = item
        group = dict(zip(fields, key), count=count, samples=samples[key])
        if processes:
            group["processes"] = list(key[-1])
        return group

    listed, total = take(ranked, limit, shape)
    return {
        "groups": listed,
        "groups_total": total,
        "truncated": len(listed) < total,
        "total": sum(counts.values()),
        "counts": {name: counted(counter) for name, counter in by.items()},
    }


def _end(address: str | None, port: int) -> str:
    if address is None:
        return "*"
    return "[%s]:%d" % (address, port) if ":" in address else "%s:%d" % (address, port)
