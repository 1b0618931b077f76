# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the VPN daemon doublezerod, with the behaviour that made the incident (malbeclabs/doublezero 2320).

One UDP socket on 0.0.0.0:44880 sends for every session, each packet with its session's source and link (IP_PKTINFO). A
session is {interface, local address, peer}. ``POST /remove`` takes the link, its addresses and its routes away and keeps
the sessions: that is the bug. ``--fixed`` drops them, as releases from 0.8.1 on do.

It writes into the directory given with ``--run``: doublezerod.log, in lines as syslog writes them, doublezerod.sock, on
which it speaks HTTP: GET /status, /v2/status, /routes; POST /provision, /remove; and its state, in the file of its generation.
The body of /provision is that of the real one, with ``peers`` beside it: what BGP would have told. ``--generation old`` is a
release before 0.10, which has no /v2/status. With ``--metrics`` it serves GET /metrics there over TCP, as the real one does.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import ctypes
import dataclasses
import errno
import json
import os
import pathlib
import random
import socket
import struct
import sys
import time
import typing as t

import liveness
from liveness import PORT, Machine, State
from tunnel import NAME, Refused, Tunnel

WARN_EVERY = 5.0
"""Seconds in which at most one failed write is told of, whichever session it was."""
_IP_PKTINFO = 8
_PR_SET_NAME = 15
_PKTINFO = struct.Struct("@I4s4s")
"""struct in_pktinfo (ip(7)): ifindex, the address to send from, the destination in the header of what came in."""

Key = t.Tuple[str, str, str]
"""Interface, local address, peer."""
Labels = tuple[tuple[str, str], ...]
"""Names and values of a metric's labels, in their order."""


class Log:
    """Lines as a syslog daemon writes them, with the daemon's JSON as their message."""

    def __init__(self, path: pathlib.Path, hostname: str) -> None:
        self._stream = path.open("a", encoding="utf-8")
        self._hostname = hostname

    def __call__(self, level: str, msg: str, **fields: object) -> None:
        now = time.time_ns()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9)) + ".%09dZ" % (now % 10**9)
        message = json.dumps({"time": stamp, "level": level, "msg": msg, **fields}, separators=(",", ":"))
        written = time.strftime("%b %e %H:%M:%S", time.localtime(now // 10**9))
        self._stream.write("%s %s doublezerod[%d]: %s\n" % (written, self._hostname, os.getpid(), message))
        self._stream.flush()


@dataclasses.dataclass
class Session:
    """One peer as seen over one link from one address."""

    interface: str
    local: str
    peer: str
    tunnel: Tunnel
    machine: Machine
    routed: bool = False
    """It put its route into the kernel."""
    sent: float = float("-inf")
    updated: float = 0.0
    next_send: asyncio.TimerHandle | None = None
    next_look: asyncio.TimerHandle | None = None

    def __str__(self) -> str:
        return "interface: %s, localIP: %s, peerIP: %s" % (self.interface, self.local, self.peer)

    def stop(self) -> None:
        for handle in (self.next_send, self.next_look):
            if handle is not None:
                handle.cancel()


class Liveness:
    """All sessions over one socket."""

    def __init__(self, log: Log, max_backoff: float) -> None:
        self.sessions: dict[Key, Session] = {}
        self.write_errors: collections.Counter[tuple[str, str]] = collections.Counter()
        """Failed writes by interface and local address, since it was started."""
        self._log = log
        self._max_backoff = max_backoff
        self._warned = float("-inf")
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        self._socket.bind(("0.0.0.0", PORT))
        self._loop.add_reader(self._socket, self._readable)

    def register(self, tunnel: Tunnel, local: str, peer: str) -> None:
        key = (NAME, local, peer)
        if key in self.sessions:
            return
        machine = Machine(random.getrandbits(32) or 1, self._max_backoff)
        self.sessions[key] = session = Session(NAME, local, peer, tunnel, machine)
        session.updated = time.time()
        self._send(session)

    def by_state(self) -> dict[Labels, int]:
        """How many sessions there are in each state, by interface and local address. A state that was left shows 0."""
        found: collections.Counter[Labels] = collections.Counter()
        for session in self.sessions.values():
            for state in State:
                labels = (("iface", session.interface), ("local_ip", session.local), ("state", state.name.lower()))
                found[labels] += session.machine.state is state
        return found

    def by_peer(self) -> dict[Labels, int]:
        return {
            (
                ("iface", session.interface),
                ("local_ip", session.local),
                ("peer_ip", session.peer),
                ("state", session.machine.state.name.lower()),
            ): 1
            for session in self.sessions.values()
        }

    def errors(self) -> dict[Labels, int]:
        return {(("iface", name), ("local_ip", local)): count for (name, local), count in self.write_errors.items()}

    def drop_all(self) -> None:
        for session in self.sessions.values():
            session.stop()
        self.sessions.clear()

    def _send(self, session: Session) -> None:
        session.sent = self._loop.time()
        try:
            self._write(session)
        except OSError as exc:
            self.write_errors[session.interface, session.local] += 1
            if session.sent - self._warned >= WARN_EVERY:
                self._warned = session.sent
                said = _as_go_says_it(exc, session.peer)
                self._log("WARN", "liveness.scheduler: error writing UDP packet", error=said, peer=str(session))
        session.next_send = self._loop.call_later(session.machine.interval(), self._send, session)

    def _write(self, session: Session) -> None:
        try:
            ifindex = socket.if_nametoindex(session.interface)
        except OSError as exc:  # not every Python gives it an errno
            raise OSError(errno.ENODEV, "no such network interface") from exc
        source = _PKTINFO.pack(ifindex, socket.inet_aton(session.local), bytes(4))
        packet = session.machine.packet().pack()
        self._socket.sendmsg([packet], [(socket.IPPROTO_IP, _IP_PKTINFO, source)], 0, (session.peer, PORT))

    def _readable(self) -> None:
        try:
            data, ancillary, _flags, sender = self._socket.recvmsg(2048, socket.CMSG_SPACE(_PKTINFO.size))
            ifindex, _source, to = next(_PKTINFO.unpack(item[2]) for item in ancillary if item[1] == _IP_PKTINFO)
            interface = socket.if_indextoname(ifindex)
            packet = liveness.unpack(data)
        except (OSError, StopIteration, ValueError) as exc:
            self._log("WARN", "liveness.recv: error reading UDP packet", error=str(exc))
            return
        key = (interface, socket.inet_ntoa(to), sender[0])
        session = self.sessions.get(key)
        if session is None:
            text = "interface: %s, localIP: %s, peerIP: %s" % key
            self._log("DEBUG", "liveness: received control packet for unknown peer", peer=text)
            return
        if session.machine.received(packet, self._loop.time()):
            self._changed(session)
            self._send_soon(session)
        if session.next_look is None and session.machine.deadline is not None:
            session.next_look = self._loop.call_at(session.machine.deadline, self._look, session)

    def _look(self, session: Session) -> None:
        """Is its peer still there?"""
        session.next_look = None
        if session.machine.expired(self._loop.time()):
            self._changed(session)
            self._send_soon(session)
        elif session.machine.deadline is not None:
            session.next_look = self._loop.call_at(session.machine.deadline, self._look, session)

    def _send_soon(self, session: Session) -> None:
        """Tell the peer of a new state without waiting for a long back-off, but not faster than the interval."""
        if session.next_send is not None:
            session.next_send.cancel()
        session.next_send = self._loop.call_at(session.sent + liveness.INTERVAL, self._send, session)

    def _changed(self, session: Session) -> None:
        session.updated = time.time()
        up = session.machine.state is State.UP
        if up == session.routed:
            return
        session.routed = up
        try:
            if up:
                session.tunnel.add_route(session.peer, session.local)
            else:
                session.tunnel.delete_route(session.peer, session.local)
        except Refused as exc:
            what = "adding route on session up" if up else "deleting route on session down"
            self._log("ERROR", "liveness: error " + what, error=str(exc), route="%s/32" % session.peer)
        else:
            self._log("INFO", "liveness: session " + ("up" if up else "down"), peer=str(session))


def _as_go_says_it(exc: OSError, peer: str) -> str:
    if exc.errno == errno.ENODEV:
        return "route ip+net: no such network interface"
    said = (exc.strerror or str(exc)).lower()
    return "write udp 0.0.0.0:%d->%s:%d: sendmsg: %s" % (PORT, peer, PORT, said)


class Daemon:
    """What the HTTP interface drives: at most one service, as with the real one's unicast tunnel."""

    def __init__(self, args: argparse.Namespace, log: Log) -> None:
        self._args = args
        self._log = log
        self._liveness = Liveness(log, args.max_backoff)
        self._service: dict[str, t.Any] | None = None
        self._tunnel: Tunnel | None = None
        self._since = 0.0

    def provision(self, body: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        if self._tunnel is not None:
            raise ValueError("a tunnel for this user type is there already; remove it first")
        allocated = body["user_type"] == "IBRLWithAllocatedIP"
        source = body["doublezero_ip"] if allocated else body["tunnel_src"]
        tunnel = Tunnel(body["tunnel_net"], self._args.device, self._args.far)
        if tunnel.exists():
            self._log("WARN", "tunnel: tunnel already exists", tunnel=NAME)
        else:
            tunnel.make()
        if allocated:
            tunnel.hold(source)
        tunnel.announce(source)
        self._service = dict(body, doublezero_ip=source)
        self._tunnel = tunnel
        self._keep()
        self._since = time.time()
        for peer in body.get("peers", ()):
            self._liveness.register(tunnel, source, peer)
        self._log("INFO", "provisioned", user_type=body["user_type"], doublezero_ip=source)
        return {"status": "ok"}

    def remove(self, _body: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        if self._tunnel is None:
            raise ValueError("there is no tunnel")
        if self._args.fixed:
            self._liveness.drop_all()
        self._tunnel.remove()
        self._tunnel = self._service = None
        self._keep()
        self._log("INFO", "removed")
        return {"status": "ok"}

    def status(self) -> list[dict[str, t.Any]]:
        service = self._service
        if service is None:
            return [{"doublezero_status": {"session_status": "disconnected"}}]
        told = {name: service.get(name) for name in ("tunnel_src", "tunnel_dst", "doublezero_ip", "user_type")}
        up = "up" if self._args.generation == "old" else "BGP Session Up"
        state = {"session_status": up, "last_session_update": int(self._since)}
        return [dict(told, tunnel_name=NAME, doublezero_status=state)]

    def _keep(self) -> None:
        """Its state file: the old one has what was provisioned, the new one only whether anything is to be."""
        told: t.Any
        if self._args.generation == "old":
            name, told = "doublezerod.json", [] if self._service is None else [self._service]
        else:
            name, told = "state.json", {"reconciler_enabled": self._service is not None}
        (self._args.run / name).write_text(json.dumps(told), encoding="utf-8")

    def metrics(self) -> str:
        """Those of its liveness sessions, as client_golang writes them."""
        lines = []
        for name, kind, values in (
            ("sessions", "gauge", self._liveness.by_state()),
            ("peer_sessions", "gauge", self._liveness.by_peer() if self._args.peer_metrics else {}),
            ("write_socket_errors_total", "counter", self._liveness.errors()),
        ):
            if values:
                lines.append("# TYPE doublezero_liveness_%s %s" % (name, kind))
            for labels, value in sorted(values.items()):
                said = ",".join('%s="%s"' % label for label in labels)
                lines.append("doublezero_liveness_%s{%s} %d" % (name, said, value))
        lines.append("doublezero_liveness_sessions_map_size %d" % len(self._liveness.sessions))
        return "\n".join(lines) + "\n"

    def status_v2(self) -> dict[str, t.Any]:
        services = self.status() if self._service else []
        client = self._args.client_ip
        return {"reconciler_enabled": True, "client_ip": client, "network": "lab", "services": services}

    def routes(self) -> list[dict[str, t.Any]]:
        """The sessions of the service that there is now. Others are not shown: nobody sees the stale ones here."""
        service = self._service
        if service is None:
            return []
        return [
            {
                "network": "lab",
                "user_type": service["user_type"],
                "local_ip": session.local,
                "peer_ip": session.peer,
                "kernel_state": "present" if session.routed else "absent",
                "liveness_last_updated": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(session.updated)),
                "liveness_state": session.machine.state.name.lower(),
            }
            for session in self._liveness.sessions.values()
            if session.local == service["doublezero_ip"]
        ]


Gets = t.Mapping[str, t.Callable[[], t.Any]]
Posts = t.Mapping[str, t.Callable[[t.Mapping[str, t.Any]], t.Any]]


class Http:
    """Just enough of HTTP/1.1 for one request a connection. Text is answered as it is, all else as JSON."""

    def __init__(self, get: Gets, post: Posts) -> None:
        self._get = get
        self._post = post

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            method, path, length = await asyncio.wait_for(self._head(reader), 10)
            body = await asyncio.wait_for(reader.readexactly(length), 10)
            status, answer = self._answer(method, path, body)
        except (ValueError, asyncio.IncompleteReadError, asyncio.TimeoutError) as exc:
            status, answer = "400 Bad Request", {"status": "error", "description": str(exc)}
        kind, data = ("text/plain", answer) if isinstance(answer, str) else ("application/json", json.dumps(answer))
        head = "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        try:
            writer.write((head % (status, kind, len(data)) + data).encode())
            await writer.drain()
            writer.close()
        except ConnectionError:
            pass

    async def _head(self, reader: asyncio.StreamReader) -> tuple[str, str, int]:
        words = (await reader.readline()).decode("ascii").split()
        if len(words) != 3:
            raise ValueError("expected METHOD PATH VERSION")
        length = 0
        while line := (await reader.readline()).decode("ascii").strip():
            name, _colon, value = line.partition(":")
            if name.lower() == "content-length":
                length = int(value)
        return words[0], words[1], length

    def _answer(self, method: str, path: str, body: bytes) -> tuple[str, t.Any]:
        try:
            if method == "GET" and path in self._get:
                return "200 OK", self._get[path]()
            if method == "POST" and path in self._post:
                return "200 OK", self._post[path](json.loads(body or b"{}"))
        except (KeyError, Refused) as exc:
            raise ValueError("%s: %s" % (type(exc).__name__, exc)) from exc
        return "404 Not Found", {"status": "error", "description": "%s %s is not served here" % (method, path)}


def rename(name: str) -> None:
    """Set the command name of this process (prctl(2)): what ps, ss and /proc/PID/comm show."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


async def serve(args: argparse.Namespace) -> None:
    log = Log(args.run / "doublezerod.log", args.hostname)
    path = args.run / "doublezerod.sock"
    path.unlink(missing_ok=True)
    daemon = Daemon(args, log)
    log("INFO", "starting doublezerod", version="0.8.1-lab" if args.fixed else "0.7.1-lab")
    gets = {"/status": daemon.status, "/v2/status": daemon.status_v2, "/routes": daemon.routes}
    if args.generation == "old":
        del gets["/v2/status"]
    servers = [
        await asyncio.start_unix_server(
            Http(gets, {"/provision": daemon.provision, "/remove": daemon.remove}).serve, path
        )
    ]
    if args.metrics:
        servers.append(await asyncio.start_server(Http({"/metrics": daemon.metrics}, {}).serve, args.metrics, 0))
        address, port = servers[-1].sockets[0].getsockname()[:2]
        log("INFO", "prometheus metrics server started", address="%s:%d" % (address, port))
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main(argv: t.Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--run", type=pathlib.Path, required=True, help="directory of its log and its socket")
    parser.add_argument("--hostname", required=True, help="the host's name in the log")
    parser.add_argument("--client-ip", required=True, help="the address that it sends from without an allocated one")
    parser.add_argument("--device", required=True, help="network namespace of the far end of its tunnel")
    parser.add_argument("--far", required=True, help="name of the tunnel's link there")
    parser.add_argument("--max-backoff", type=float, default=liveness.MAX_BACKOFF, help="seconds (%(default)s)")
    parser.add_argument(
        "--fixed", action="store_true", help="drop the sessions with the tunnel, as repaired releases do"
    )
    parser.add_argument("--generation", choices=["old", "new"], default="new", help="of its API and its state file")
    parser.add_argument("--metrics", metavar="ADDRESS", help="serve metrics there, on any port")
    parser.add_argument("--peer-metrics", action="store_true", help="metrics of each peer as well")
    args = parser.parse_args(argv)
    rename("doublezerod")
    asyncio.run(serve(args))


if __name__ == "__main__":
    main(sys.argv[1:])
