# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's own counters of what it could not send or did not take (/proc/net/snmp, snmp6 and netstat; RFC 4293), read twice.

They need no log and no root, and tell neither who nor where to. Measured on Linux 6.18 (the test of the same name in
tests/integration/kernel holds each line):

* a send that ends with ENETUNREACH raises OutNoRoutes by one, whatever the reason: a source that is not local (with or
  without a route or an interface, and with ip_nonlocal_bind too), no route, a throw route, a rule with the action
  unreachable, an interface that is administratively down. So do UDP, TCP's connect, and IPv6 (Ip6OutNoRoutes);
* what ends with another errno raises none of them: routes and rules of the types prohibit and blackhole, routes of the type
  unreachable (EHOSTUNREACH), an interface that does not exist (ENODEV), a bind to an address that is gone (EADDRNOTAVAIL),
  and the IPv6 source that is not local (EINVAL). So does what is sent into the void: no carrier, a transparent socket, and
  the IPv6 socket that was bound before its address went;
* what a firewall drops or rejects on its way out (EPERM) raises OutDiscards. So do full queues: it is not read;
* a packet that came in and should be forwarded where no route leads raises InNoRoutes (IpExt in IPv4);
* a packet that came in by a link that does not lead to its source, and is dropped for that (rp_filter), raises
  IPReversePathFilter, whichever the link.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ..commands import inside
from ..kernel.namespace import entered
from ..model import Event, EventSource
from .errors import DROPPED

FORWARDED = ("IpExt InNoRoutes", "Ip6InNoRoutes")
"""Counters of packets that came in, not of what this host sends itself."""


@dataclasses.dataclass(frozen=True)
class Counter:
    """One counter: its file under /proc/net, and its name there, with its group's before it where there are groups."""

    file: str
    name: str
    error: str = "ENETUNREACH"

    @property
    def words(self) -> t.Sequence[str]:
        """What shows it."""
        group, _space, _name = self.name.rpartition(" ")
        return ("grep", "^%s:" % group if group else "^%s " % self.name, "/proc/net/" + self.file)


COUNTERS = (
    Counter("snmp", "Ip OutNoRoutes"),
    Counter("netstat", "IpExt InNoRoutes"),
    Counter("snmp6", "Ip6OutNoRoutes"),
    Counter("snmp6", "Ip6InNoRoutes"),
    Counter("netstat", "TcpExt IPReversePathFilter", DROPPED),
)


def rising(netns: str | int | None, seconds: float) -> t.Tuple[Event, ...]:
    """What rises within so many seconds in a network namespace. Raises ValueError and OSError as ``entered`` does, and
    OSError where /proc/net cannot be read."""
    return Counting(netns).rise_within(seconds)


class Counting:
    """The counters of a network namespace from now on."""

    def __init__(self, netns: str | int | None) -> None:
        self._netns = netns
        self._first = sample(netns)
        self._began = time.time(), time.monotonic()

    def rise_within(self, seconds: float) -> t.Tuple[Event, ...]:
        """What rises until so many seconds are over, of which some may be over by now."""
        time.sleep(max(self._began[1] + seconds - time.monotonic(), 0.0))
        return self.rise()

    def rise(self) -> t.Tuple[Event, ...]:
        """What rose since: an event for each counter that did."""
        now = sample(self._netns)
        seconds = time.monotonic() - self._began[1]
        return tuple(
            self._event(counter, self._first[counter], now[counter], seconds)
            for counter in COUNTERS
            if counter in now and now[counter] > self._first.get(counter, now[counter])
        )

    def _event(self, counter: Counter, before: int, after: int, seconds: float) -> Event:
        return Event(
            error=counter.error,
            source=EventSource("counter", path="/proc/net/" + counter.file, counter=counter.name),
            text="%s rose from %d to %d in %.1f s" % (counter.name, before, after, seconds),
            first=self._began[0],
            last=self._began[0] + seconds,
            count=after - before,
            rate=(after - before) / seconds if seconds > 0 else None,
            going_on=True,
            command=inside(None if self._netns is None else str(self._netns), *counter.words),
        )


def sample(netns: str | int | None) -> t.Dict[Counter, int]:
    """The counters as they are now. A kernel without IPv6 has none of its own."""
    found: t.Dict[str, t.Dict[str, int]] = {}
    with entered(netns):
        for file in {counter.file for counter in COUNTERS}:
            try:
                # Of this very thread: it alone is in the namespace
                with open("/proc/thread-self/net/" + file, encoding="ascii", errors="replace") as stream:
                    found[file] = parse(stream.read(1 << 20))
            except FileNotFoundError:
                found[file] = {}
    return {counter: found[counter.file][counter.name] for counter in COUNTERS if counter.name in found[counter.file]}


def parse(text: str) -> t.Dict[str, int]:
    """Counters by name: of pairs of lines (``Ip: A B`` and ``Ip: 1 2``), or of lines with a name and a number."""
    counters: t.Dict[str, int] = {}
    names: t.List[str] = []
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if not words[0].endswith(":"):
            if len(words) == 2 and words[1].isdigit():
                counters[words[0]] = int(words[1])
        elif names[:1] == words[:1]:
            numbers = zip(names[1:], words[1:])
            counters.update(("%s %s" % (words[0][:-1], name), int(value)) for name, value in numbers if value.isdigit())
            names = []
        else:
            names = words
    return counters
