# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kernel that answers by heart: for what a real one does only under memory pressure or in a race."""

from __future__ import annotations

import errno
import pathlib
import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import netlink

CAPTURES = pathlib.Path(__file__).resolve().parents[4] / "fixtures" / "netlink"


class _Socket:
    def __init__(self, said: t.List[t.Any]) -> None:
        self.said = said
        self.sent: t.List[bytes] = []
        self.closed = False

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def recv(self, size: int) -> bytes:
        if not self.said:
            raise BlockingIOError(errno.EAGAIN, "nothing left")
        next_one = self.said.pop(0)
        if isinstance(next_one, OSError):
            raise next_one
        return t.cast(bytes, next_one)

    def close(self) -> None:
        self.closed = True


class Scripted(netlink.Netlink):
    """``said`` are datagrams and errors, in the order in which they are received."""

    def __init__(self, *said: t.Union[bytes, OSError]) -> None:
        self._said = list(said)
        self.opened: t.List[_Socket] = []
        super().__init__(netlink.NETLINK_ROUTE)

    def _open(self) -> t.Any:
        self.opened.append(_Socket(self._said))
        return self.opened[-1]


def message(kind: int, body: bytes, sequence: int = 1, flags: int = 2) -> bytes:
    size = netlink.HEADER_SIZE + len(body)
    return netlink.HEADER.pack(size, kind, flags, sequence, 0) + body + bytes(-size % 4)


def done(sequence: int = 1, number: int = 0, flags: int = 2) -> bytes:
    return message(netlink.NLMSG_DONE, (-number & 0xFFFFFFFF).to_bytes(4, "little"), sequence, flags)


def refused(number: int, sequence: int = 1) -> bytes:
    request = netlink.HEADER.pack(20, 26, 1, sequence, 0)
    return message(netlink.NLMSG_ERROR, (-number & 0xFFFFFFFF).to_bytes(4, "little") + request, sequence, 0)


def overrun() -> OSError:
    return OSError(errno.ENOBUFS, "No buffer space available")


def captured(name: str) -> bytes:
    return (CAPTURES / ("route_%s.bin" % name)).read_bytes()
