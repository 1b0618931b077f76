# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sends packets, at most twenty in a second, and hears what comes of each: an answer, an ICMP error, or nothing.

Each packet has a socket of its own, so that an error is known to be about it. A raw socket hears what is about others too,
and takes what has its own identifier.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import selectors
import socket
import struct
import time
import typing as t

from . import causes, icmp, sockets
from .causes import Cause
from .options import HEADERS, TOKEN, USUAL, Question

INTERVAL = 0.05
"""Seconds between two packets."""
_REPLIES = 64
"""Messages that one socket is read for at a time."""
_CLOSED = (errno.ECONNREFUSED, errno.ECONNRESET)


@dataclasses.dataclass(frozen=True)
class Packet:
    """One packet that is to be sent."""

    question: Question
    protocol: str
    """``icmp``, ``udp``, ``tcp``."""
    ttl: t.Optional[int] = None
    size: t.Optional[int] = None
    """Of the whole IP packet; None where that is no matter."""
    whole: bool = False
    """It is never fragmented, and what the kernel knows of the path does not keep it back."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of it."""

    outcome: str
    """``answered``; ``closed``: a TCP port that refuses; ``told``: an ICMP error came back; ``silent``: nothing did in time;
    ``refused``: the kernel did not send it."""
    sent: bool
    errno: t.Optional[str] = None
    """What the kernel said of the send, or of the connection."""
    milliseconds: t.Optional[float] = None
    by: t.Optional[str] = None
    """Who answered, or told."""
    cause: t.Optional[Cause] = None
    source: t.Optional[str] = None
    """The address that it was sent from."""
    ttl: t.Optional[int] = None
    size: t.Optional[int] = None


def exchange(packets: t.Sequence[Packet], timeout: float) -> t.List[Outcome]:
    """Send each, and wait for each up to ``timeout`` seconds. In their order. Raises sockets.NotAllowed."""
    tries = [_Try(packet) for packet in packets]
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for each in tries:
            stack.callback(each.close)
        waiting: t.List[_Try] = []
        ahead = list(reversed(tries))
        due = time.monotonic()
        while ahead or waiting:
            now = time.monotonic()
            if ahead and now >= due:
                each = ahead.pop()
                each.start()
                due = time.monotonic() + INTERVAL
                if each.outcome is None:
                    selector.register(each.fileno(), each.events, each)
                    waiting.append(each)
                continue
            end = min([each.sent_at + timeout for each in waiting] + ([due] if ahead else []))
            for key, _events in selector.select(max(0.0, end - now)):
                key.data.hear()
            for each in list(waiting):
                if each.outcome is None and time.monotonic() >= each.sent_at + timeout:
                    each.hear()
                    each.outcome = each.outcome or each.result("silent")
                if each.outcome is not None:
                    selector.unregister(each.fileno())
                    waiting.remove(each)
    return [t.cast(Outcome, each.outcome) for each in tries]


def believed_mtu(question: Question) -> int | None:
    """What the kernel takes for the path MTU; None where it has no way. Sends nothing."""
    try:
        with sockets.opened(question.family, "udp") as own:
            sockets.prepare(own, question.interface, question.mark)
            if question.source is not None:
                own.bind(sockets.place(question.family, question.source, 0, question.interface))
            own.connect(sockets.place(question.family, question.to, 9, question.interface))
            return sockets.believed_mtu(own, question.family)
    except OSError:
        return None


class _Try:
    """One packet on its way."""

    def __init__(self, packet: Packet) -> None:
        self.packet = packet
        self.outcome: t.Optional[Outcome] = None
        self.sent_at = 0.0
        self.events = selectors.EVENT_READ | (selectors.EVENT_WRITE if packet.protocol == "tcp" else 0)
        self._socket: t.Optional[socket.socket] = None
        self._raw = False
        self._token = os.urandom(TOKEN)
        self._number, self._sequence = struct.unpack("!HH", os.urandom(4))
        self._source: t.Optional[str] = None

    def fileno(self) -> int:
        return -1 if self._socket is None else self._socket.fileno()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def start(self) -> None:
        """Send it. What the kernel refuses is an outcome as well."""
        asked, packet = self.packet.question, self.packet
        try:
            own = self._open()
            sockets.prepare(own, asked.interface, asked.mark)
            causes.listen(own, asked.family)
            if packet.ttl is not None:
                sockets.limit_hops(own, asked.family, packet.ttl)
            if packet.whole:
                sockets.keep_whole(own, asked.family)
            if asked.source is not None:
                own.bind(sockets.place(asked.family, asked.source, 0, asked.interface))
            self.sent_at = time.monotonic()
            own.connect(sockets.place(asked.family, asked.to, asked.port or 0, asked.interface))
            if packet.protocol != "tcp":
                self._name()
                self.sent_at = time.monotonic()
                own.send(self._message())
        except BlockingIOError as exc:
            if packet.protocol != "tcp":  # no room to send it
                self._refused(exc.errno)
        except OSError as exc:
            self._refused(exc.errno)
        if packet.protocol == "tcp" and self.outcome is None:
            self._name()

    def _refused(self, number: int | None) -> None:
        if self.packet.protocol == "tcp" and number in _CLOSED:  # the loopback answers at once
            self._ended(number)
            return
        found = [told.cause for told in causes.heard(self._socket)] if self._socket is not None else []
        cause = next((each for each in found if each.errno == causes.word_of(number)), None)
        self.outcome = self.result("refused", sent=False, errno=causes.word_of(number), cause=cause)

    def hear(self) -> None:
        """What came; the outcome stays None where that is nothing of this packet's."""
        if self._socket is None:
            return
        for told in causes.heard(self._socket):
            if self._is_about(told.quoted):
                self.outcome = self.result("told", errno=told.cause.errno, by=told.cause.by, cause=told.cause)
                return
        if self.packet.protocol == "tcp":
            number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                self._ended(number)
            elif self._is_connected():
                self.outcome = self.result("answered", by=self.packet.question.to)
            return
        self._read()

    def _read(self) -> None:
        own = t.cast(socket.socket, self._socket)
        for _message in range(_REPLIES):
            try:
                data = own.recv(65536)
            except BlockingIOError:
                return
            except OSError as exc:
                if not self._raw:  # what a raw socket is told may be about another packet
                    self._ended(exc.errno or 0)
                    return
                continue
            if self._answers(data):
                self.outcome = self.result("answered", by=self.packet.question.to)
                return

    def _ended(self, number: int) -> None:
        """It was sent, and an errno is all that came."""
        if number in _CLOSED and self.packet.protocol == "tcp":
            for told in causes.heard(t.cast(socket.socket, self._socket)):
                self.outcome = self.result("told", errno=told.cause.errno, by=told.cause.by, cause=told.cause)
                return
            self.outcome = self.result("closed", errno=causes.word_of(number), by=self.packet.question.to)
        elif number == errno.ETIMEDOUT:
            self.outcome = self.result("silent")
        else:
            self.outcome = self.result("told", errno=causes.word_of(number), cause=causes.refused(number))

    def result(self, outcome: str, sent: bool = True, **more: t.Any) -> Outcome:
        came = outcome not in ("silent", "refused")
        return Outcome(
            outcome,
            sent,
            milliseconds=round((time.monotonic() - self.sent_at) * 1000, 3) if came else None,
            source=self._source,
            ttl=self.packet.ttl,
            size=self.packet.size,
            **more,
        )

    # The socket and what goes over it ------------------------------------------------------------------------------

    def _open(self) -> socket.socket:
        family = self.packet.question.family
        if self.packet.protocol == "icmp":
            self._socket, self._raw = sockets.pinging(family)
        else:
            self._socket = sockets.opened(family, self.packet.protocol)
        return self._socket

    def _name(self) -> None:
        name = t.cast(socket.socket, self._socket).getsockname()
        bare = str(name[0]).partition("%")[0]
        self._source = None if bare in ("0.0.0.0", "::") else bare

    def _message(self) -> bytes:
        family = self.packet.question.family
        size = self.packet.size or HEADERS[family] + USUAL
        payload = (self._token * (size // TOKEN + 1))[: size - HEADERS[family]]
        if self.packet.protocol == "udp":
            return payload
        return icmp.echo_request(family, self._number, self._sequence, payload)

    def _answers(self, data: bytes) -> bool:
        if self.packet.protocol == "udp":
            return True  # from whom it is connected to
        family = self.packet.question.family
        message = icmp.echo(icmp.without_header(data) if self._raw and family == 4 else data)
        if message is None or message[0] != icmp.REPLY[family] or message[2] != self._sequence:
            return False
        return (not self._raw or message[1] == self._number) and message[3].startswith(self._token)

    def _is_about(self, quoted: bytes) -> bool:
        """Is what an error quotes this packet?"""
        if not self._raw:
            return True
        message = icmp.echo(quoted)
        return (
            message is not None
            and message[0] == icmp.REQUEST[self.packet.question.family]
            and message[1:3] == (self._number, self._sequence)
        )

    def _is_connected(self) -> bool:
        try:
            t.cast(socket.socket, self._socket).getpeername()
        except OSError:
            return False
        return True
