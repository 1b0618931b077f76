# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real send, as programs do it: what the kernel's answers are held against."""

from __future__ import annotations

import errno
import os
import socket
import struct
import typing as t

IP_PKTINFO = 8
IP_TRANSPARENT = 19
SO_MARK = 36


def send(
    to: str,
    source: str | None = None,
    ifindex: int | None = None,
    *,
    device: str | None = None,
    mark: int = 0,
    uid: int | None = None,
    tos: int = 0,
    port: int | None = None,
    sport: int | None = None,
    broadcast: bool = False,
    transparent: bool = False,
) -> str | None:
    """Send one UDP datagram from where the caller is; the name of the errno, None where the kernel took it.

    ``source`` and ``ifindex`` go into IP_PKTINFO; ``device`` is SO_BINDTODEVICE.
    """
    six = ":" in to
    family = socket.AF_INET6 if six else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as opened:
        opened.setblocking(False)
        if uid is not None:
            os.fchown(opened.fileno(), uid, -1)  # the kernel's sk_uid follows the owner of the inode
        if mark:
            opened.setsockopt(socket.SOL_SOCKET, SO_MARK, struct.pack("=I", mark))
        if broadcast:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if transparent:
            opened.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
        if tos:
            opened.setsockopt(*((socket.IPPROTO_IPV6, socket.IPV6_TCLASS) if six else (0, socket.IP_TOS)), tos)
        if device is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, os.fsencode(device))
        if sport is not None:
            opened.bind(("::" if six else "0.0.0.0", sport))
        try:
            opened.sendmsg([b"netmend"], _ancillary(six, source, ifindex), 0, (to, port or 9))
        except OSError as exc:
            return errno.errorcode[exc.errno or 0]
    return None


def connect(to: str, device: str | None = None, port: int = 9) -> str | None:
    """Begin a TCP connection; the name of the errno, None where the kernel began it."""
    with socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_STREAM) as opened:
        opened.setblocking(False)
        if device is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, os.fsencode(device))
        number = opened.connect_ex((to, port))
    return None if number in (0, errno.EINPROGRESS, errno.ECONNREFUSED) else errno.errorcode[number]


def _ancillary(six: bool, source: str | None, ifindex: int | None) -> t.List[t.Tuple[int, int, bytes]]:
    if source is None and ifindex is None:
        return []
    if six:
        packed = struct.pack("@16sI", socket.inet_pton(socket.AF_INET6, source or "::"), ifindex or 0)
        return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, packed)]
    packed = struct.pack("@I4s4s", ifindex or 0, socket.inet_pton(socket.AF_INET, source or "0.0.0.0"), bytes(4))
    return [(socket.IPPROTO_IP, IP_PKTINFO, packed)]
