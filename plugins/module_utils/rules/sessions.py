# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sockets whose source, device or destination is gone, as the socket table and the kernel's answers show them."""

from __future__ import annotations

import dataclasses
import ipaddress
import shlex
import typing as t

from ..commands import inside as run_inside
from ..index import is_unspecified
from ..model import Answer, Evidence, Finding, Owner, Process, Query, Session, Step
from ..reach.explain import explain
from .base import rule
from .common import (
    SAMPLES,
    HostCheck,
    endpoint,
    family_of,
    inside,
    is_link_local,
    is_multicast,
    plural,
    restartable,
    shown,
)
from .tally import Group, Tally

BATCH = 1024
"""Distinct questions that are asked at once."""
QUESTIONS = 65536
LIVE = ("ESTAB", "SYN-SENT", "SYN-RECV", "CLOSE-WAIT", "FIN-WAIT-1")
"""States in which a socket has something to send. The kernel ends the others by itself."""
_FLAGS = {"tcp": "-tanp", "udp": "-uanp", "raw": "-wanp"}

_Key = t.Tuple[t.Any, ...]


@dataclasses.dataclass(frozen=True)
class Held:
    """Sockets of one kind in one process."""

    key: _Key
    sockets: t.List[Session]
    count: int
    processes: t.Tuple[Process, ...]
    unit: t.Optional[str]
    uid: int

    @property
    def first(self) -> Session:
        return self.sockets[0]

    @property
    def process(self) -> Process | None:
        """Who holds them."""
        return _teller(self.processes)

    @property
    def words(self) -> str:
        """``ntpd (pid 7, unit ntp.service)``, as much of it as is known."""
        process = self.process
        if process is not None:
            more = len({item.pid for item in self.processes if item.pid != 1}) - 1
            text = "%s (pid %d%s" % (shown(process.name), process.pid, " and %d more" % more if more > 0 else "")
            return text + (", unit %s)" % shown(self.unit) if self.unit else ")")
        return "unit %s" % shown(self.unit) if self.unit else "A process of uid %d" % self.uid

    @property
    def selector(self) -> t.Dict[str, t.Any]:
        return {
            "protocol": self.first.protocol,
            "local": self.first.local,
            "process": self.process.name if self.process else None,
            "unit": self.unit,
            "uid": self.uid,
        }

    @property
    def owner(self) -> Owner | None:
        process = self.process
        if process is None and self.unit is None:
            return None
        return Owner(
            name=self.unit or (process.name if process else ""),
            alive=True,
            known_by="it holds the socket" if process else "the cgroup that the socket was made in",
            unit=self.unit,
            process=process,
        )

    @property
    def inodes(self) -> t.List[int]:
        return [socket.inode for socket in self.sockets][:SAMPLES]


class SocketCheck(HostCheck):
    """A check that collects sockets and tells of them per owner."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.tally: Tally[_Key, Session] = Tally()

    def collect(self, session: Session, key: t.Tuple[t.Any, ...] = (), count: int = 1) -> None:
        """``key``: what else tells findings apart, beside protocol, local address, unit and user."""
        self.tally.add((session.protocol, session.local, session.unit, session.uid) + key, session, count)

    def held(self) -> t.Iterator[Held]:
        """The collected groups, each split by who holds its sockets."""
        groups = list(self.tally)
        inodes = {socket.inode for _key, group in groups for socket in group.items}
        holders = self.holders(sorted(inodes)) if inodes else {}
        for key, group in groups:
            yield from _split(key, group, holders)

    def conclude(self) -> t.Iterable[Finding]:
        for held in self.held():
            finding = self._judge(held)
            if finding is not None:
                yield finding
        yield from self.crowd()

    def _judge(self, held: Held) -> Finding | None:
        """A finding about these sockets, where the kernel still confirms it."""
        raise NotImplementedError

    def crowd(self) -> t.Iterator[Finding]:
        group = self.tally.others
        yield from self.others("session", group.count, (ends(socket) for socket in group.items))

    def ss(self, observed: str, socket: Session) -> Evidence:
        """The socket table's own view, with the ``ss`` command for it."""
        words = ["ss", _FLAGS[socket.protocol], "src", bracketed(socket.local)]
        return Evidence("kernel", observed, run_inside(self.index.snapshot.netns, *words))

    def let_go(self, held: Held) -> t.Iterator[Step]:
        """Restart the owner where its unit can be; else end TCP connections. A UDP socket only its owner can end."""
        unit, first = held.unit, held.first
        if unit and restartable(unit):
            argv = ["systemctl", "restart", unit]
            yield Step("owner.restart", {"owner": unit, "unit": unit, "argv": argv}, shlex.join(argv))
        elif first.protocol == "tcp" and all(socket.remote is not None for socket in held.sockets):
            command = ["ss", "-K", "-t", "src", bracketed(first.local)]
            args = {"protocol": "tcp", "family": first.family, "local": first.local, "inodes": held.inodes}
            yield Step("socket.destroy", args, run_inside(self.index.snapshot.netns, *command))

    def how_to_let_go(self, held: Held) -> str:
        if held.first.protocol == "tcp":
            return "The sockets are the process's own: it lets go of them when it is restarted or its connections end."
        return (
            "Only the process itself can let go: destroying a %s socket from outside does not end it, so restart the "
            "process." % held.first.protocol.upper()
        )


def _teller(processes: t.Sequence[Process]) -> Process | None:
    """Whose a socket is; systemd (pid 1) only hands sockets on, so it counts where nobody else holds them."""
    return next((process for process in processes if process.pid != 1), processes[0] if processes else None)


def _split(key: _Key, group: Group[Session], holders: t.Mapping[int, t.Tuple[Process, ...]]) -> t.Iterator[Held]:
    by_name: t.Dict[t.Optional[str], t.List[Session]] = {}
    for socket in group.items:
        processes = holders.get(socket.inode) or socket.processes
        told = _teller(processes)
        by_name.setdefault(told.name if told else None, []).append(socket)
    rest = group.count - len(group.items)
    for name, sockets in sorted(by_name.items(), key=lambda pair: (-len(pair[1]), pair[0] or "")):
        by_pid: t.Dict[int, Process] = {}
        for socket in sockets:
            for process in holders.get(socket.inode) or socket.processes:
                by_pid.setdefault(process.pid, process)
        found = tuple(sorted(by_pid.values(), key=lambda item: (item.name != name, item.pid)))
        yield Held(key, sockets, len(sockets) + rest, found[:SAMPLES], sockets[0].unit, sockets[0].uid)
        rest = 0  # what was counted without being kept is told of with the largest part


def bracketed(address: str) -> str:
    """As ss wants it."""
    return "[%s]" % address if ":" in address else address


def ends(socket: Session) -> str:
    near = endpoint(socket.local, socket.local_port)
    return near if socket.remote is None else "%s -> %s" % (near, endpoint(socket.remote, socket.remote_port))


def is_alive(socket: Session) -> bool:
    """Is it somebody's, and not on its way out by itself (TIME-WAIT, orphaned)?"""
    return socket.inode != 0 and socket.state in LIVE + ("LISTEN", "UNCONN")


@rule(
    id="RC101",
    name="socket-source-gone",
    severity="high",
    title="A socket is bound to an address that is not the host's any more",
    rationale=(
        "A socket keeps the local address that it was bound or connected from when that address leaves the host. IPv4 "
        "then refuses each send with ENETUNREACH, whatever the routes are: the words 'network is unreachable' send "
        "people looking for a route, and none is missing. IPv6 keeps sending from a socket that was bound before, and "
        "the answers never come back. Nothing that is sent to the old address arrives."
    ),
    proof=(
        "The socket table names the local address; no link holds it and the local table has no entry for it. For IPv4 "
        "the kernel is asked for the same send and answers ENETUNREACH."
    ),
    false_positives=(
        "An address on any other link, or of type local in the local table (AnyIP), is local. A listening TCP socket "
        "does not send. A socket that is not connected and has IP_FREEBIND, or runs where ip_nonlocal_bind is on, waits "
        "for an address on purpose (a load balancer and its VIP). Transparent proxies, multicast and broadcast "
        "addresses, TIME-WAIT and orphaned sockets are left out. A socket whose link is gone is RC104's."
    ),
    remedies=("owner.restart", "address.add", "socket.destroy"),
)
class SocketSourceGone(SocketCheck):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._broadcasts = set(_broadcasts(self.index.snapshot.addresses))
        self._waiting = set(self.index.snapshot.nonlocal_bind)

    def session(self, session: Session) -> None:
        local = session.local
        if is_unspecified(local) or self.index.is_local(local) or not is_alive(session) or session.transparent:
            return
        if session.remote is None and (
            session.state == "LISTEN" or session.freebind or session.family in self._waiting
        ):
            return
        if is_multicast(local) or local in self._broadcasts:
            return
        if session.ifindex is not None and self.index.link(session.ifindex) is None:
            return
        self.collect(session)

    def _judge(self, held: Held) -> Finding | None:
        answers = self.answers(_send(socket) for socket in held.sockets)
        sockets = [socket for socket in held.sockets if _confirmed(answers.get(_send(socket)), socket)]
        if not sockets:
            return None  # the address came back meanwhile
        held = dataclasses.replace(held, count=held.count - len(held.sockets) + len(sockets), sockets=sockets)
        first = held.first
        connected = [socket for socket in sockets if socket.remote is not None]
        shown_socket = connected[0] if connected else first
        answer = answers.get(_send(shown_socket))
        errno = answer.errno if answer and first.family == 4 else None
        evidence = [self.ss("%s: %s" % (held.words, ends(shown_socket)), first), *self.holds_address(first.local)]
        if errno is not None:
            words: t.List[object] = ["route", "get", shown_socket.remote or first.local, "from", first.local]
            words += ["oif", self.raw_name(first.ifindex)] if first.ifindex is not None else []
            evidence.append(self.saw("a send from %s is refused: %s" % (first.local, errno), *words))
        brought_back = tuple(self.declared_address(first.local))
        return self.finding(
            "session",
            held.selector,
            "%s has %s %s, which is not an address of this host any more: %s."
            % (
                held.words,
                plural(held.count, "%s socket" % first.protocol),
                "connected from %s" % first.local if connected else "bound to %s" % first.local,
                _harm(first.family, bool(connected)),
            ),
            evidence,
            # Who is not connected may never send.
            severity="high" if connected else "medium",
            confidence="proven" if answer is not None else "strong",
            remedy=brought_back or self.let_go(held),
            advice="Adding a route will not help: the source is what is missing. %s%s"
            % (
                "Intent declares the address: bring it back. " if brought_back else "",
                self.how_to_let_go(held),
            ),
            owner=held.owner,
            count=held.count,
            samples=tuple(sorted(ends(socket) for socket in sockets)),
            details={
                "cause": "source-not-local",
                "errno": errno,
                "local": first.local,
                "peers": sorted({socket.remote for socket in sockets if socket.remote is not None}),
                "inodes": held.inodes,
            },
        )


def _harm(family: int, connected: bool) -> str:
    if family == 4:
        refused = "each send fails with ENETUNREACH"
        return refused if connected else refused + ", and nothing that is sent to it arrives"
    return "the packets may still leave, but no answer can come back"


def _send(socket: Session) -> Query:
    """The same send; of a socket that is not connected: to its own address. IPv6 does not look at the source of a bound
    socket, so there the question is whether the address is delivered here."""
    if socket.family == 4:
        return Query(to=socket.remote or socket.local, source=socket.local, interface=socket.ifindex, mark=socket.mark)
    return Query(to=socket.local, interface=socket.ifindex if is_link_local(socket.local) else None)


def _confirmed(answer: Answer | None, socket: Session) -> bool:
    if answer is None:
        return True
    if socket.family == 4:
        return answer.errno == "ENETUNREACH"
    return answer.errno is not None or answer.route is None or answer.route.type not in ("local", "anycast")


def _broadcasts(addresses: t.Iterable[t.Any]) -> t.Iterator[str]:
    """255.255.255.255 and both ends of each IPv4 subnet: a server binds there to hear broadcasts."""
    yield "255.255.255.255"
    for item in addresses:
        if item.family == 4 and item.prefixlen < 31:
            network = ipaddress.ip_network("%s/%d" % (item.address, item.prefixlen), strict=False)
            yield str(network.broadcast_address)
            yield str(network.network_address)


@rule(
    id="RC103",
    name="session-unreachable",
    severity="high",
    title="A live connection's destination is refused by the kernel",
    rationale=(
        "A connected socket outlives the route that it used. The application hears of it late or never: TCP retries in "
        "silence for a quarter of an hour, UDP gets an error that many programs only log."
    ),
    proof=(
        "The kernel is asked for the same send (destination, source, interface, mark, and what else the policy rules "
        "look at) and refuses it, twice: while the sockets are read and again at the end."
    ),
    false_positives=(
        "A source that is not local is RC101, a device that is gone RC104. Sockets that are closing by themselves are "
        "left out. The mark of a socket is hidden from whoever has no CAP_NET_ADMIN: where a mark that some policy rule "
        "names makes the destination reachable, the finding is a hint."
    ),
    remedies=("route.add", "link.up"),
)
class SessionUnreachable(SocketCheck):
    budget = QUESTIONS

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        rules = self.index.snapshot.rules
        self._by_port = any(item.ip_proto or item.sport or item.dport for item in rules)
        self._by_user = any(item.uid_range for item in rules)
        self._pending: t.Dict[Query, t.Tuple[int, Session]] = {}

    def session(self, session: Session) -> None:
        if session.remote is None or session.inode == 0 or session.state not in LIVE or session.transparent:
            return
        if session.ifindex is not None and self.index.link(session.ifindex) is None:
            return
        if not self._usable(session.local) or (is_link_local(session.remote) and session.ifindex is None):
            return
        query = self._query(session)
        count, first = self._pending.get(query, (0, session))
        self._pending[query] = (count + 1, first)
        if len(self._pending) >= BATCH:
            self._judge_pending()

    def _usable(self, local: str) -> bool:
        if is_unspecified(local):
            return True
        # RC409 tells of an address that duplicate address detection keeps from use.
        held = [item for item in self.index.snapshot.addresses if item.address == local] if ":" in local else []
        return self.index.is_local(local) and not any("tentative" in item.flags for item in held)

    def _query(self, session: Session) -> Query:
        ports = self._by_port and session.protocol != "raw"
        return Query(
            to=t.cast(str, session.remote),  # only connected sockets are asked about
            source=None if is_unspecified(session.local) else session.local,
            interface=session.ifindex,
            protocol=session.protocol if ports else None,
            sport=session.local_port if ports else None,
            port=session.remote_port if ports else None,
            mark=session.mark,
            uid=session.uid if self._by_user else None,
        )

    def _judge_pending(self) -> None:
        answers = self.answers(self._pending)
        for query, (count, session) in self._pending.items():
            answer = answers.get(query)
            if answer is not None and answer.errno is not None:
                self.collect(session, (answer.errno,), count)
        self._pending.clear()

    def conclude(self) -> t.Iterable[Finding]:
        self._judge_pending()
        yield from super().conclude()

    def _judge(self, held: Held) -> Finding | None:
        answers = self.answers(self._query(socket) for socket in held.sockets)
        refused = []
        for socket in held.sockets:
            answer = answers.get(self._query(socket))
            if answer is None or answer.errno == held.key[-1]:
                refused.append(socket)
        if not refused:
            return None
        held = dataclasses.replace(held, sockets=refused, count=held.count - len(held.sockets) + len(refused))
        first = held.first
        query = self._query(first)
        answer = answers.get(query) or Answer(held.key[-1])
        reach = explain(self.index, query, answer)
        marks = self._helping_marks(query)
        peers = sorted({socket.remote for socket in refused if socket.remote is not None})
        evidence = [self.ss("%s: %s" % (held.words, ends(first)), first)]
        evidence += [Evidence("kernel", link.text, link.command) for link in reach.chain if not link.ok]
        evidence.append(self.saw("the kernel refuses the send: %s" % answer.errno, *get_words(query, self.raw_name)))
        return self.finding(
            "session",
            dict(held.selector, errno=answer.errno),
            "%s has %s whose destination the kernel refuses: %s%s"
            % (
                held.words,
                plural(held.count, "live %s session" % first.protocol),
                reach.explanation,
                " Packets with mark %s would pass." % " or ".join("0x%x" % mark for mark in marks) if marks else "",
            ),
            evidence,
            severity="low" if marks else None,
            confidence="hint" if marks else "proven",
            remedy=way_back(self, query.to, query.interface),
            advice=(
                "The mark of a socket shows only to CAP_NET_ADMIN: run the audit as root to be sure."
                if marks
                else "The source is local: what is missing or in the way is on the way to the destination."
            ),
            owner=held.owner,
            count=held.count,
            samples=tuple(sorted(ends(socket) for socket in refused)),
            details={"cause": reach.cause, "errno": answer.errno, "peers": peers, "inodes": held.inodes},
        )

    def _helping_marks(self, query: Query) -> t.List[int]:
        """Marks of policy rules with which the send would pass."""
        if query.mark:
            return []
        family = family_of(query.to)
        marks = sorted({item.mark for item in self.index.rules(family) if item.mark})[:16]
        answers = self.answers([dataclasses.replace(query, mark=mark) for mark in marks])
        return [asked.mark for asked, answer in answers.items() if answer.errno is None]


def way_back(check: HostCheck, to: str, ifindex: int | None) -> t.Iterator[Step]:
    """The step that opens the way to a refused destination: the link that was asked for is down, or intent has a route."""
    link = check.index.link(ifindex)
    if link is not None and not link.up:
        yield check.step("link.up", {"interface": link.name}, "link", "set", "dev", link.name, "up")
        return
    address = ipaddress.ip_address(to.partition("%")[0])
    for wanted in check.intent.routes:
        if wanted["family"] == address.version and address in ipaddress.ip_network(wanted["dst"]):
            yield from route_steps(check, wanted)
            return


def route_steps(check: HostCheck, wanted: t.Mapping[str, t.Any]) -> t.List[Step]:
    """The step that adds a declared route; none where intent does not say which way it leads."""
    if not (wanted.get("gateway") or wanted.get("interface")):
        return []
    args = {key: wanted.get(key) for key in ("family", "dst", "table", "gateway", "interface", "source")}
    words: t.List[object] = ["route", "add", wanted["dst"]]
    for word, key in (("via", "gateway"), ("dev", "interface"), ("src", "source")):
        words += [word, wanted[key]] if wanted.get(key) else []
    words += ["table", wanted["table"]] if wanted["table"] != 254 else []
    return [check.step("route.add", args, *words, family=wanted["family"])]


def get_words(query: Query, name: t.Callable[[t.Optional[int]], str]) -> t.List[object]:
    """``route get`` for a question."""
    words: t.List[object] = ["route", "get", query.to]
    words += ["from", query.source] if query.source else []
    words += ["oif", name(query.interface)] if query.interface is not None else []
    words += ["mark", "0x%x" % query.mark] if query.mark else []
    words += ["uid", query.uid] if query.uid is not None else []
    words += ["ipproto", query.protocol] if query.protocol else []
    words += ["sport", query.sport] if query.sport else []
    words += ["dport", query.port] if query.port else []
    return words


@rule(
    id="RC104",
    name="session-device-gone",
    severity="high",
    title="A socket is bound to an interface that does not exist any more",
    rationale=(
        "SO_BINDTODEVICE binds to the number of an interface, not to its name. When the interface is deleted and made "
        "again under the same name it has another number: the socket neither sends (ENODEV) nor receives, and the "
        "program, which sees its interface there, waits for ever."
    ),
    proof="The socket table names an ifindex that no link has; the kernel refuses a send on it.",
    false_positives=(
        "A link that was made after the links were read: the kernel is asked about the number itself. Sockets that are "
        "closing by themselves are left out."
    ),
    remedies=("owner.restart", "socket.destroy"),
)
class SessionDeviceGone(SocketCheck):
    def session(self, session: Session) -> None:
        if session.ifindex is not None and self.index.link(session.ifindex) is None and is_alive(session):
            self.collect(session)

    def _judge(self, held: Held) -> Finding | None:
        answers = self.answers(_on_device(socket) for socket in held.sockets)
        gone = []
        for socket in held.sockets:
            answer = answers.get(_on_device(socket))
            # An IPv6 lookup takes the interface as a wish, and may find another way.
            if answer is None or answer.errno is not None or socket.family == 6:
                gone.append(socket)
        if not gone:
            return None
        held = dataclasses.replace(held, sockets=gone, count=held.count - len(held.sockets) + len(gone))
        first = held.first
        query = _on_device(first)
        answer = answers.get(query)
        errno = answer.errno if answer else None
        number = "if%d" % (first.ifindex or 0)
        evidence = [
            self.ss("%s: %s%%%s" % (held.words, ends(first), number), first),
            self.saw("no link has the number %d" % (first.ifindex or 0), "-br", "link", "show"),
        ]
        if errno is not None:
            evidence.append(self.saw("a send on it is refused: %s" % errno, *get_words(query, self.raw_name)))
        return self.finding(
            "session",
            held.selector,
            "%s has %s bound to an interface that does not exist any more (number %d): it neither sends nor receives."
            % (held.words, plural(held.count, "%s socket" % first.protocol), first.ifindex or 0),
            evidence,
            confidence="proven" if errno is not None else "strong",
            remedy=self.let_go(held),
            advice=(
                "Making the interface again does not help, also not under its old name: the socket is bound to the old "
                "number. " + self.how_to_let_go(held)
            ),
            owner=held.owner,
            count=held.count,
            samples=tuple(sorted(ends(socket) for socket in gone)),
            details={"cause": "device-gone", "errno": errno, "inodes": held.inodes},
        )


def _on_device(socket: Session) -> Query:
    target = socket.remote
    if target is None:
        target = inside("::/0" if socket.family == 6 else "0.0.0.0/0")
    return Query(to=target, interface=socket.ifindex)
