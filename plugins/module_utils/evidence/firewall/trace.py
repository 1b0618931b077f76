# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's own word on what the firewall does to one flow: a packet of it is sent, and traced on its way.

A table of our own sets ``nftrace`` for exactly that packet, and ``nft monitor trace`` names the table, the chain and the
rule that end its way (nft(8)); rules that iptables keeps in nftables are among them. What legacy iptables drops shows in
its counters. The table is removed whatever happens; what a killed run left behind, the next one removes.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import json
import os
import re
import select
import signal
import socket
import subprocess
import threading
import time
import types
import typing as t

from ...kernel.namespace import entered
from ...kernel.processes import start_of
from ...model import Firewall, FirewallChain
from ...text import clean
from . import nft
from .flow import Packet, Place
from .probe import Probe
from .reading import TRACE_PREFIX, read
from .run import Refused, environment, output, program

SECONDS = 5.0
"""For the monitor to be ready, and again for what it says."""
_SILENCE = 1.0
"""Seconds without a word after which a packet is taken to be through, where nothing else tells."""
_LINES = 4000
_KEPT = 40
_TRACED = re.compile(r"trace id (\w+) (\w+) (\S+) (\S+) (rule|policy|unknown|verdict)\b(.*)")
_VERDICT = re.compile(r"(?:handle (\d+) )?\(verdict (\w+)(?: \S+)?\)\s*\Z")
"""At the end of a line: what a rule's comment says stands before it."""
_LIBC = ctypes.CDLL(None, use_errno=True)
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_NFT_TRACE_GROUP = 1 << 8
"""NFNLGRP_NFTRACE, as /proc/net/netlink shows it."""


@dataclasses.dataclass(frozen=True)
class TraceResult:
    """What became of one packet."""

    outcome: str
    """``accept``, ``drop``, ``reject``; ``unknown`` where nothing told."""
    errno: str | None
    """What the send got; None where the kernel took the packet."""
    how: str
    """``trace``: the kernel named the place; ``counter``: the counter of the place rose by this packet."""
    place: Place | None = None
    """The chain, and the rule in it; None with the outcomes accept and unknown."""
    probe: str = ""
    """The packet, in words."""
    exact: bool = True
    """Had it the source port of the flow that was asked for?"""
    lines: t.Tuple[str, ...] = ()
    """What the kernel told, bounded and clean."""

    @property
    def blocks(self) -> bool:
        return self.outcome in ("drop", "reject")


def trace(
    netns: str | int | None,
    flow: Packet,
    interface: str | None = None,
    seconds: float = SECONDS,
) -> TraceResult:
    """Send one packet of a flow and tell what becomes of it. Raises Refused where that cannot be done.

    ``interface``: what its socket is bound to, if it is. It adds and removes one table of nftables and sends one packet.
    """
    sweep(netns)
    before = read(netns, [])
    try:
        probe = Probe(netns, flow, interface)
    except (OSError, ValueError) as exc:
        raise Refused("a packet of this flow cannot be sent: %s" % exc) from exc
    with probe:
        errno, lines, after = _sent(netns, probe, seconds, _has_legacy(before))
    words = _words(probe)
    shown = tuple(clean(line, 300) for line in lines[-_KEPT:])
    told = _ending_of(lines)
    counted = None if told is not None and told[0] == "drop" else _counted(before, after)
    if counted is not None:
        outcome = "drop" if counted.rule is None else counted.rule.verdict or "drop"
        return TraceResult(outcome, errno, "counter", counted, words, probe.exact, shown)
    if told is None:
        return TraceResult("unknown", errno, "trace", None, words, probe.exact, shown)
    if told[0] == "accept":
        # The kernel refused it all the same: what did that, nobody tells
        return TraceResult("accept" if errno is None else "unknown", errno, "trace", None, words, probe.exact, shown)
    place = _place(before, told)
    outcome = "reject" if place.rule is not None and place.rule.verdict == "reject" else "drop"
    return TraceResult(outcome, errno, "trace", place, words, probe.exact, shown)


def sweep(netns: str | int | None) -> t.Tuple[str, ...]:
    """Remove the tables of runs that were killed: those whose process is gone. Their names. Raises Refused."""
    if program("nft") is None:
        return ()
    swept = []
    try:
        listed = json.loads(output(netns, ["nft", "-j", "list", "tables"]))
    except ValueError as exc:
        raise Refused("nft list tables: %s" % exc) from exc
    for table in nft.elements(listed).get("table", ()):
        name = str(table.get("name"))
        parts = name[len(TRACE_PREFIX) :].split("_") if name.startswith(TRACE_PREFIX) else []
        if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
            continue
        if start_of(int(parts[0])) != int(parts[1]):
            with contextlib.suppress(Refused):  # somebody else was faster
                output(netns, ["nft", "delete", "table", str(table.get("family")), name])
                swept.append(name)
    return tuple(swept)


# The table and the monitor --------------------------------------------------------------------------------------------


def _sent(
    netns: str | int | None, probe: Probe, seconds: float, counting: bool
) -> t.Tuple[t.Optional[str], t.List[str], t.Optional[Firewall]]:
    """Send the packet while the kernel traces it: the errno, the lines about it, and what was counted then."""
    if program("nft") is None:
        return probe.send(), [], read(netns, [])
    name = "%s%d_%d" % (TRACE_PREFIX, os.getpid(), start_of(os.getpid()) or 0)
    with _orderly_end(), _Fence(netns) as fence, _monitor(netns, seconds) as monitor:
        with _table(netns, name, (probe.match(), fence.match())):
            errno = probe.send()
            after = read(netns, []) if counting else None
            fence.send()
            return errno, _listen(monitor, name, fence, seconds), after


def _has_legacy(firewall: Firewall | None) -> bool:
    return firewall is not None and any(backend.endswith("-legacy") for _family, _name, backend in firewall.tables)


class _Fence:
    """A datagram from a port of the loopback to itself, traced after the packet: when it shows, all of the packet has."""

    def __init__(self, netns: str | int | None) -> None:
        with entered(netns):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self) -> _Fence:
        try:
            self._socket.setblocking(False)
            self._socket.bind(("127.0.0.1", 0))
            self._port = int(self._socket.getsockname()[1])
        except OSError:  # the loopback is down: then only silence tells
            self._port = 0
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    def match(self) -> t.List[str]:
        ports = ["udp", "sport", str(self._port), "udp", "dport", str(self._port)]
        return ["ip", "saddr", "127.0.0.1", "ip", "daddr", "127.0.0.1", *ports]

    def send(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendto(b"netmend.reclaim", ("127.0.0.1", self._port))

    def shows_in(self, line: str) -> bool:
        return " packet: " in line and "udp sport %d udp dport %d " % (self._port, self._port) in line


@contextlib.contextmanager
def _table(netns: str | int | None, name: str, matches: t.Iterable[t.Sequence[str]]) -> t.Iterator[None]:
    lines = [
        "add table inet %s" % name,
        "add chain inet %s out { type filter hook output priority -400; policy accept; }" % name,
    ]
    lines += ["add rule inet %s out %s meta nftrace set 1" % (name, " ".join(match)) for match in matches]
    try:
        output(netns, ["nft", "; ".join(lines)])
        yield
    finally:
        with contextlib.suppress(Refused):  # it was not made, or somebody has flushed all tables
            output(netns, ["nft", "delete", "table", "inet", name])


@contextlib.contextmanager
def _monitor(netns: str | int | None, seconds: float) -> t.Iterator[subprocess.Popen[bytes]]:
    """A monitor that hears the kernel already."""
    path = program("nft")
    try:
        with entered(netns):
            child = subprocess.Popen(  # pylint: disable=ansible-bad-function  # there is no AnsibleModule here
                [str(path), "-a", "monitor", "trace"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
                preexec_fn=_end_with_us,  # pylint: disable=subprocess-popen-preexec-fn  # it makes one system call
            )
    except (OSError, ValueError, subprocess.SubprocessError) as exc:
        raise Refused("nft monitor could not be run: %s" % exc) from exc
    try:
        end = time.monotonic() + seconds
        while not _hears(child.pid):
            if child.poll() is not None or time.monotonic() > end:
                raise Refused("nft monitor trace does not hear the kernel")
            time.sleep(0.01)
        yield child
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def _end_with_us() -> None:
    """A monitor ends with whoever listens, however that ends (PR_SET_PDEATHSIG)."""
    _LIBC.prctl(1, signal.SIGKILL, 0, 0, 0)


def _hears(pid: int) -> bool:
    """Has this process a netfilter socket that is told of traces?"""
    try:
        with open("/proc/%d/net/netlink" % pid, encoding="ascii") as stream:
            rows = [line.split() for line in stream]
    except OSError:
        return False
    return any(row[1:3] == ["12", str(pid)] and int(row[3], 16) & _NFT_TRACE_GROUP for row in rows[1:] if len(row) > 3)


def _listen(monitor: subprocess.Popen[bytes], name: str, fence: _Fence, seconds: float) -> t.List[str]:
    """The lines about the packet: until the fence shows, or nothing more comes."""
    end = time.monotonic() + seconds
    stream = t.cast(t.IO[bytes], monitor.stdout)
    rest, lines, ours = b"", t.cast(t.List[str], []), t.cast(t.Set[str], set())
    while len(lines) < _LINES:
        patience = min(_SILENCE if ours else seconds, end - time.monotonic())
        if patience <= 0 or not select.select([stream.fileno()], [], [], patience)[0]:
            break
        data = os.read(stream.fileno(), 1 << 16)
        if not data:
            break
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            text = line.decode("utf-8", "replace")
            words = text.split(" ", 5)
            if words[:2] != ["trace", "id"] or len(words) < 6:
                continue
            if words[4] == name and fence.shows_in(text):
                return lines
            if words[4] == name:
                ours.add(words[2])
            if words[2] in ours:
                lines.append(text)
        rest = rest[-(1 << 16) :]
    return lines


_Told = t.Tuple[str, ...]


def _ending_of(lines: t.Sequence[str]) -> _Told | None:
    """What the lines end in: ``("accept",)``, or ``("drop", family, table, chain, handle)`` with an empty handle for the
    policy; None where they do not tell."""
    for line in lines:
        found = _TRACED.match(line)
        if found is None:
            continue
        _id, family, table, chain, kind, rest = found.groups()
        verdict = _VERDICT.search(rest)
        if kind == "policy" and rest.split()[:1] == ["drop"]:
            return "drop", family, table, chain, ""
        if kind != "policy" and verdict is not None and verdict.group(2) == "drop":
            return "drop", family, table, chain, verdict.group(1) or ""
    return ("accept",) if lines else None


def _place(firewall: Firewall | None, told: _Told) -> Place:
    """The place that the kernel named, as it was read; a bare one where it was not."""
    _drop, family, table, name, number = told
    for chain in firewall.chains if firewall is not None else ():
        if (chain.family, chain.table, chain.name) == (family, table, name) and "legacy" not in chain.backend:
            for rule in chain.rules:
                if number and rule.handle == int(number):
                    return Place(chain, rule)
            return Place(chain)
    return Place(FirewallChain(family, table, name, "nft"))


def _counted(before: Firewall | None, after: Firewall | None) -> Place | None:
    """The one place of legacy iptables that drops and whose counter rose by one."""
    if before is None or after is None:
        return None
    risen = []
    then = {_chain_key(chain): chain for chain in before.chains if chain.backend.endswith("-legacy")}
    for chain in after.chains:
        old = then.get(_chain_key(chain))
        if old is None or len(old.rules) != len(chain.rules):
            continue
        if chain.policy == "drop" and (chain.packets or 0) == (old.packets or 0) + 1:
            risen.append(Place(chain))
        for rule, other in zip(chain.rules, old.rules):
            if rule.verdict in ("drop", "reject") and rule.text == other.text:
                if (rule.packets or 0) == (other.packets or 0) + 1:
                    risen.append(Place(chain, rule))
    return risen[0] if len(risen) == 1 else None


def _chain_key(chain: FirewallChain) -> t.Tuple[str, str, str, str]:
    return chain.backend, chain.family, chain.table, chain.name


def _words(probe: Probe) -> str:
    flow = probe.flow
    what = {"udp": "a datagram", "tcp": "a SYN", "icmp": "an echo request"}[flow.protocol or ""]
    port = "" if flow.protocol == "icmp" else " port %d" % (flow.port or 9)
    return "%s from %s to %s%s" % (what, probe.source or "any address", flow.to, port)


# The end --------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _orderly_end() -> t.Iterator[None]:
    """Signals that end the process let it tidy up first. Only the main thread can see to that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: types.FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
