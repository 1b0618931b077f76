# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One DNS query to each resolver: does anything answer, and what? (RFC 1035, over UDP.) Traffic: only where it was asked
for."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import select
import socket
import struct
import time
import typing as t

from ..kernel.namespace import entered
from ..model import Resolver

SECONDS = 3.0
"""For all answers together: a server that takes longer is none that a program waits for."""
_IP_UNICAST_IF = 50
_IPV6_UNICAST_IF = 76
_ROOT = b"\0" + struct.pack("!HH", 2, 1)
"""The name servers (type NS) of the root, class IN: each server that works knows them."""
_CODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
"""RFC 1035, 4.1.1; NXDOMAIN is its name in RFC 2308."""
_NO_DATA = "NODATA"
"""There is such a name, and nothing of the kind that was asked for (RFC 2308, 2.2)."""

_Outcomes = t.Dict[int, t.Union[str, bytes]]
"""By the place of the resolver: the errno's name or the response. Those that were silent are not there."""


def asked(
    resolvers: t.Sequence[Resolver], netns: str | int | None = None, seconds: float = SECONDS
) -> t.Tuple[Resolver, ...]:
    """The same, with what came of one query to each. An error in the answer is an answer."""
    outcomes = _ask(resolvers, _ROOT, netns, seconds)
    return tuple(_with(resolver, outcomes.get(place)) for place, resolver in enumerate(resolvers))


def replies(
    resolvers: t.Sequence[Resolver], name: str, netns: str | int | None = None, seconds: float = SECONDS
) -> t.Tuple[t.Optional[str], ...]:
    """What each says to a query for the IPv4 address (type A) of ``name``: the response code (``NXDOMAIN``), ``NODATA``, the
    errno that the query got (``ECONNREFUSED``), or None where nothing came back."""
    labels = name.rstrip(".").encode("ascii").split(b".")
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0" + struct.pack("!HH", 1, 1)
    outcomes = _ask(resolvers, question, netns, seconds)
    return tuple(_reply(outcomes.get(place)) for place in range(len(resolvers)))


def _reply(outcome: t.Union[str, bytes, None]) -> str | None:
    if outcome is None or isinstance(outcome, str):
        return outcome
    code, answers = outcome[3] & 0xF, struct.unpack("!H", outcome[6:8])[0]
    if code == 0 and answers == 0:
        return _NO_DATA
    return _CODES[code] if code < len(_CODES) else "RCODE%d" % code


def _ask(resolvers: t.Sequence[Resolver], question: bytes, netns: str | int | None, seconds: float) -> _Outcomes:
    number = struct.unpack("!H", os.urandom(2))[0]
    query = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + question
    with contextlib.ExitStack() as stack:
        outcomes: _Outcomes = {}
        waiting: t.Dict[socket.socket, int] = {}
        with entered(netns):  # a socket stays in the namespace that it was made in
            for place, resolver in enumerate(resolvers):
                try:
                    waiting[stack.enter_context(_sent(resolver, query))] = place
                except OSError as exc:
                    outcomes[place] = _word(exc)
        end = time.monotonic() + seconds
        while waiting:
            ready = select.select(list(waiting), [], [], max(0.0, end - time.monotonic()))[0]
            if not ready:
                break
            for each in ready:
                try:
                    data = each.recv(512)
                    if _answers(data, number):
                        outcomes[waiting.pop(each)] = data
                except OSError as exc:
                    outcomes[waiting.pop(each)] = _word(exc)
    return outcomes


def _sent(resolver: Resolver, query: bytes) -> socket.socket:
    family = socket.AF_INET6 if ":" in resolver.address else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        opened.setblocking(False)
        scope = 0
        if resolver.interface is not None:
            scope = _number(resolver.interface)
            # As systemd-resolved binds its queries to the link that the server was given for.
            level, option = (
                (socket.IPPROTO_IPV6, _IPV6_UNICAST_IF)
                if family == socket.AF_INET6
                else (socket.IPPROTO_IP, _IP_UNICAST_IF)
            )
            opened.setsockopt(level, option, struct.pack("!I", scope))
        end = (resolver.address, resolver.port)
        opened.connect((*end, 0, scope) if family == socket.AF_INET6 else end)
        opened.send(query)
    except BaseException:
        opened.close()
        raise
    return opened


def _number(interface: str) -> int:
    return int(interface) if interface.isascii() and interface.isdigit() else socket.if_nametoindex(interface)


def _answers(data: bytes, number: int) -> bool:
    """Is it the response to that query? Only what the socket is connected to is heard at all."""
    return len(data) >= 12 and struct.unpack("!H", data[:2])[0] == number and bool(data[2] & 0x80)


def _word(exc: OSError) -> str:
    return errno.errorcode.get(exc.errno or 0, "EIO")


def _with(resolver: Resolver, outcome: t.Union[str, bytes, None]) -> Resolver:
    refusal = outcome if isinstance(outcome, str) else None
    return dataclasses.replace(resolver, answered=isinstance(outcome, bytes), refusal=refusal)
