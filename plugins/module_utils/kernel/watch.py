# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes from the kernel's tables, as it goes: rtnetlink(7)'s multicast groups.

The kernel tells of an address, a link and a rule that is removed. Of IPv4 routes that go with their link or their source it
says nothing: that the link or the address went is then all that is heard, and so a link that is set down is told as well.
"""

from __future__ import annotations

import errno
import socket
import struct
import typing as t

from ..model import Address, Link, Route, Rule
from . import tables
from .namespace import entered
from .netlink import HEAD, HEADER_SIZE, NETLINK_ROUTE, READ_SIZE, Malformed, Netlink, opened_socket, walk
from .routes import RTMSG, decode_route
from .tables import decode_address, decode_link, decode_rule

_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1
_SO_RCVBUFFORCE = 33
_BUFFER = 8 << 20
"""Bytes that the kernel keeps for us. A removal takes about a kilobyte of it."""
GROUPS = (1, 5, 7, 8, 9, 11, 19)
"""RTNLGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE, IPV6_RULE."""
_NEWLINK, _DELLINK, _DELADDR, _DELROUTE, _DELRULE = 16, 17, 21, 25, 33
_UP, _CLONED = 0x1, 0x200
_MOST_NAMES = 10000
_MOST_DATAGRAMS = 256
"""Datagrams of one read, so that others have their turn."""


class Gone(t.NamedTuple):
    """Something that is there no longer."""

    kind: str
    """``address``, ``link``, ``link-up`` (the link is there, and was set down), ``rule``, ``default-route``."""
    item: Address | Link | Rule | Route
    interface: str | None
    """The name of its link, where it has one and it is known."""


class Watch:
    """One subscription in one namespace. Never blocks: wait for ``fileno()`` to be readable.

    Raises what ``Netlink`` raises: ValueError where there is no such namespace, PermissionError, MissingPyroute2.
    """

    def __init__(self, netns: str | None = None) -> None:
        with entered(netns):
            self._socket = opened_socket(NETLINK_ROUTE)
        try:
            self._subscribe()
            self._names: t.Dict[int, str] = {}
            with Netlink(NETLINK_ROUTE, netns) as netlink:  # after the subscription: none is missed between the two
                for link in tables.links(netlink, []):
                    self._name(link.ifindex, link.name)
        except BaseException:
            self._socket.close()
            raise

    def _subscribe(self) -> None:
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        except PermissionError:  # then as much as anybody may have
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        for group in GROUPS:
            self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, group)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def read(self) -> t.Tuple[t.List[Gone], bool]:
        """What is there to be read, at most some hundred messages; and whether some were lost or not understood."""
        gone: t.List[Gone] = []
        lost = False
        for _datagram in range(_MOST_DATAGRAMS):
            try:
                data = self._socket.recv(READ_SIZE)
            except BlockingIOError:
                break
            except OSError as exc:
                if exc.errno != errno.ENOBUFS:
                    raise
                lost = True
                continue
            try:
                for start, end in walk(data):
                    found = self._gone(data, start, end)
                    if found is not None:
                        gone.append(found)
            except (Malformed, struct.error):
                lost = True
        return gone, lost

    def _gone(self, data: bytes, start: int, end: int) -> Gone | None:
        kind = HEAD.unpack_from(data, start)[1]
        body = start + HEADER_SIZE
        if kind in (_NEWLINK, _DELLINK):
            return self._link(kind, data, body, end)
        if kind == _DELADDR:
            address = decode_address(data, body, end)
            return Gone("address", address, self._names.get(address.ifindex))
        if kind == _DELRULE:
            return Gone("rule", decode_rule(data, body, end), None)
        # A routing daemon removes routes by the thousand: most are let go after a look at their first bytes.
        if kind == _DELROUTE and data[body + 1] == 0 and not RTMSG.unpack_from(data, body)[8] & _CLONED:
            route = decode_route(data, body, end)
            if route.type == "unicast":
                index = next((hop.ifindex for hop in route.hops if hop.ifindex), 0)
                return Gone("default-route", route, self._names.get(index))
        return None

    def _link(self, kind: int, data: bytes, body: int, end: int) -> Gone | None:
        family, _hardware, _index, flags, change = tables.IFINFO.unpack_from(data, body)
        if family != socket.AF_UNSPEC:  # a port left its bridge
            return None
        link = decode_link(data, body, end)
        if kind == _DELLINK:
            self._names.pop(link.ifindex, None)
            return Gone("link", link, link.name)
        self._name(link.ifindex, link.name)
        if change & _UP and not flags & _UP and change != 0xFFFFFFFF:  # all bits: it is new
            return Gone("link-up", link, link.name)
        return None

    def _name(self, index: int, name: str) -> None:
        if index in self._names or len(self._names) < _MOST_NAMES:
            self._names[index] = name
