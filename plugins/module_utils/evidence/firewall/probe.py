# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One packet of a flow, sent as the flow's own are: what the kernel says to it, and what a trace can tell it by."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import typing as t

from ...kernel.namespace import entered
from ...probing import icmp
from ...probing.sockets import opened, place, prepare
from .flow import Packet

_PAYLOAD = b"netmend.reclaim"
_LIBC = ctypes.CDLL(None, use_errno=True)


class Probe:
    """A socket that is ready to send one packet of a flow.

    The packet has the flow's addresses, port, mark and user, and its own source port where somebody has that of the flow.
    Raises OSError and ValueError where no such socket can be made.
    """

    def __init__(self, netns: str | int | None, flow: Packet, interface: str | None = None) -> None:
        self.flow = flow
        with entered(netns), _as_user(flow.uid):
            self._socket = opened(flow.family, str(flow.protocol))
        try:
            self._prepare(interface)
        except BaseException:
            self._socket.close()
            raise

    def _prepare(self, interface: str | None) -> None:
        flow, own = self.flow, self._socket
        prepare(own, interface, flow.mark or 0)
        self.exact = True
        """Has it the flow's own source port?"""
        try:
            own.bind(place(flow.family, flow.source, 0 if flow.protocol == "icmp" else flow.sport or 0))
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE:
                raise
            self.exact = False
            own.bind(place(flow.family, flow.source, 0))
        self._target = place(flow.family, flow.to, flow.port or 9)
        if flow.protocol != "tcp":  # which chooses the source, and sends nothing
            own.connect(self._target)
        name = own.getsockname()
        self.source: t.Optional[str] = None if name[0] in ("0.0.0.0", "::") else str(name[0]).partition("%")[0]
        self.sport = os.getpid() & 0xFFFF if flow.protocol == "icmp" else int(name[1])
        """Of an echo request: its identifier."""

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    def match(self) -> t.List[str]:
        """The words of nft that fit this packet and no other flow's."""
        flow = self.flow
        ip = "ip" if flow.family == 4 else "ip6"
        words = ["meta", "nfproto", "ipv4" if flow.family == 4 else "ipv6", ip, "daddr", flow.to.partition("%")[0]]
        words += [ip, "saddr", self.source] if self.source else []
        if flow.protocol == "icmp":
            name = "icmp" if flow.family == 4 else "icmpv6"
            return words + [name, "type", "echo-request", name, "id", str(self.sport)]
        return words + [str(flow.protocol), "sport", str(self.sport), str(flow.protocol), "dport", str(flow.port or 9)]

    def send(self) -> str | None:
        """Send the packet; the name of the errno, None where the kernel took it."""
        try:
            if self.flow.protocol == "tcp":
                self._socket.connect(self._target)
            elif self.flow.protocol == "icmp":
                self._socket.send(icmp.echo_request(self.flow.family, self.sport, 1, _PAYLOAD))
            else:
                self._socket.send(_PAYLOAD)
        except BlockingIOError:
            return None
        except OSError as exc:
            return errno.errorcode.get(exc.errno or 0, str(exc.errno))
        return None


@contextlib.contextmanager
def _as_user(uid: int | None) -> t.Iterator[None]:
    """What a firewall calls the user of a socket is who opened it: this thread is that user while it does."""
    if not uid:
        yield
        return
    before = _LIBC.setfsuid(uid)
    try:
        yield
    finally:
        _LIBC.setfsuid(before)
