# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a packet did not get there, as the error queue of its socket tells: which ICMP error, from whom, with which MTU.

The queue (ip(7), IP_RECVERR) holds the original packet and a struct sock_extended_err (linux/errqueue.h), which the address
of the offender follows.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import socket
import struct
import typing as t

from . import icmp

IP_RECVERR = 11
IPV6_RECVERR = 25
_MSG_ERRQUEUE = 0x2000
_ERROR = struct.Struct("=IBBBBII")
_LOCAL = 1
_BY_ICMP = {2: 4, 3: 6}
"""SO_EE_ORIGIN_ICMP and SO_EE_ORIGIN_ICMP6, with their families."""
_MOST = 16
_QUOTED = 1280


@dataclasses.dataclass(frozen=True)
class Cause:
    """What came back instead of an answer."""

    name: str
    """One of ``icmp.NAMES``; ``too-big-here`` where this host's own link or route is too small; ``refused`` where the kernel
    told an errno only."""
    words: str
    origin: str
    """``icmp``, ``icmpv6``; ``local``: the kernel itself."""
    errno: str
    type: int | None = None
    code: int | None = None
    by: str | None = None
    """Who sent the ICMP error."""
    mtu: int | None = None
    """The largest packet that it says would pass."""


@dataclasses.dataclass(frozen=True)
class Told:
    """A cause, with what it quotes of the packet it is about: the message without its IP header, maybe cut."""

    cause: Cause
    quoted: bytes


def listen(opened: socket.socket, family: int) -> None:
    """Let a socket keep what went wrong on the way."""
    if family == 4:
        opened.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    else:
        opened.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)


def heard(opened: socket.socket) -> t.Iterator[Told]:
    """What the error queue holds, the oldest first."""
    for _place in range(_MOST):
        try:
            quoted, ancillary, _flags, _from = opened.recvmsg(_QUOTED, 512, _MSG_ERRQUEUE)
        except OSError:  # empty; TCP has none before Linux 5.9
            return
        for level, kind, data in ancillary:
            if (level, kind) in ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)):
                cause = parsed(data)
                if cause is not None:
                    yield Told(cause, quoted)


def parsed(data: bytes) -> Cause | None:
    """A struct sock_extended_err with the address that follows it. None for what is no error of a packet's way."""
    if len(data) < _ERROR.size:
        return None
    number, origin, kind, code, _pad, info, _data = _ERROR.unpack_from(data)
    word = word_of(number)
    if origin == _LOCAL:
        if number == errno.EMSGSIZE:
            words = "this host's own link or route takes packets of at most %d bytes" % info
            return Cause("too-big-here", words, "local", word, mtu=info)
        return refused(number)
    family = _BY_ICMP.get(origin)
    if family is None:
        return None
    name, words = icmp.meaning(family, kind, code)
    mtu = info if name == "too-big" else None
    return Cause(name, words, "icmp" if family == 4 else "icmpv6", word, kind, code, _address(data[_ERROR.size :]), mtu)


def refused(number: int) -> Cause:
    """An errno that nothing explains."""
    return Cause("refused", "the kernel told %s and no more" % word_of(number), "local", word_of(number))


def word_of(number: int | None) -> str:
    """The name of an errno."""
    return errno.errorcode.get(number or 0, str(number))


def _address(data: bytes) -> str | None:
    """What a struct sockaddr names."""
    if len(data) < 2:
        return None
    family = struct.unpack_from("=H", data)[0]
    with contextlib.suppress(ValueError):
        if family == socket.AF_INET:
            return socket.inet_ntop(socket.AF_INET, data[4:8])
        if family == socket.AF_INET6:
            return socket.inet_ntop(socket.AF_INET6, data[8:24])
    return None
