# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection tracking entries over ctnetlink (include/uapi/linux/netfilter/nfnetlink_conntrack.h), as a stream."""

from __future__ import annotations

import errno
import socket
import struct
import typing as t

from ..model import Flow, Unseen
from .netlink import NETLINK_NETFILTER, Interrupted, Message, Netlink, attributes
from .processes import note
from .sysctl import tracks

_GET = 1 << 8 | 1
"""NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET."""
_HEADER_SIZE = 4
_REQUEST = struct.pack("=BBH", 0, 0, 0)
"""nfgenmsg: all families."""
_FAMILIES = {2: 4, 10: 6}

_TUPLE_ORIG, _TUPLE_REPLY, _STATUS, _TIMEOUT, _MARK, _ZONE = 1, 2, 3, 7, 8, 18
_TUPLE_IP, _TUPLE_PROTO = 1, 2
_SOURCE = {4: 1, 6: 3}
_TARGET = {4: 2, 6: 4}
_PROTO_NUM, _PROTO_SRC_PORT, _PROTO_DST_PORT = 1, 2, 3

_U16, _U32 = struct.Struct("!H"), struct.Struct("!I")
_AF = {4: socket.AF_INET, 6: socket.AF_INET6}
_ADDRESS_SIZE = {4: 4, 6: 16}

# Bits of enum ip_conntrack_status, named after them. Those that only say that NAT has been set up (7 and 8) are left
# out: each entry of a namespace that has a NAT rule bears them.
_STATUS_BITS = (
    (0, "expected"), (1, "seen-reply"), (2, "assured"), (3, "confirmed"), (4, "src-nat"), (5, "dst-nat"),
    (6, "seq-adjust"), (9, "dying"), (10, "fixed-timeout"), (11, "template"), (12, "nat-clash"), (13, "helper"),
    (14, "offload"), (15, "hw-offload"),
)  # fmt: skip
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 33: "dccp", 47: "gre", 58: "icmpv6", 132: "sctp", 136: "udplite"}


def stream(netns: str | int | None, unseen: t.List[Unseen]) -> t.Iterator[Flow]:
    """The entries of a namespace, IPv4 and IPv6, in the kernel's order.

    An entry that is made or that moves while the table is read may be missing or come twice. What cannot be read is
    added to ``unseen``. Raises ValueError and PermissionError for the namespace as ``entered`` does.
    """
    for data, start, end in messages(netns, unseen):
        flow = decode(data, start, end)
        if flow is not None:
            yield flow


def messages(netns: str | int | None, unseen: t.List[Unseen]) -> t.Iterator[Message]:
    """The same, as the kernel's messages."""
    if not tracks(netns):
        return
    try:
        wire = Netlink(NETLINK_NETFILTER, netns)
    except PermissionError:  # that was the namespace: opening a netlink socket takes no privilege
        raise
    except OSError as exc:
        note(unseen, "conntrack entries", _why(exc))
        return
    with wire:
        try:
            yield from wire.messages(_GET, _REQUEST)
        except Interrupted as exc:
            note(unseen, "some conntrack entries", str(exc))
        except OSError as exc:
            note(unseen, "conntrack entries", _why(exc))


def _why(exc: OSError) -> str:
    if exc.errno in (errno.EPERM, errno.EACCES):
        return "the kernel shows them with CAP_NET_ADMIN only"
    if exc.errno in (errno.EINVAL, errno.EPROTONOSUPPORT, errno.ENOENT):
        return "the kernel has no module nf_conntrack_netlink"
    return "the kernel refused the dump: %s" % exc.strerror


_Tuple = t.Tuple[t.Optional[str], t.Optional[str], t.Optional[int], t.Optional[int], t.Optional[int]]


def decode(data: bytes, start: int, end: int) -> Flow | None:
    """The entry in data[start:end]; None where it is cut short or of another family."""
    end = min(end, len(data))
    if end - start < _HEADER_SIZE:
        return None
    family = _FAMILIES.get(data[start])
    if family is None:
        return None
    found = attributes(data, start + _HEADER_SIZE, end)
    src, dst, protocol, sport, dport = _tuple(family, found.get(_TUPLE_ORIG, b""))
    if src is None or dst is None or protocol is None:
        return None
    reply_src, reply_dst, _protocol, reply_sport, reply_dport = _tuple(family, found.get(_TUPLE_REPLY, b""))
    return Flow(
        family=family,
        protocol=_PROTOCOLS.get(protocol, str(protocol)),
        src=src,
        dst=dst,
        sport=sport,
        dport=dport,
        reply_src=reply_src,
        reply_dst=reply_dst,
        reply_sport=reply_sport,
        reply_dport=reply_dport,
        status=_words(_number(_U32, found.get(_STATUS)) or 0),
        timeout=_number(_U32, found.get(_TIMEOUT)),
        mark=_number(_U32, found.get(_MARK)) or 0,
        zone=_number(_U16, found.get(_ZONE)) or 0,
    )


def _tuple(family: int, value: bytes) -> _Tuple:
    """Source, destination, protocol number and ports of one direction."""
    parts = attributes(value, 0, len(value))
    ip = parts.get(_TUPLE_IP, b"")
    addresses = attributes(ip, 0, len(ip))
    proto = parts.get(_TUPLE_PROTO, b"")
    protocol = attributes(proto, 0, len(proto))
    number = protocol.get(_PROTO_NUM)
    return (
        _address(family, addresses.get(_SOURCE[family])),
        _address(family, addresses.get(_TARGET[family])),
        number[0] if number else None,
        _number(_U16, protocol.get(_PROTO_SRC_PORT)),
        _number(_U16, protocol.get(_PROTO_DST_PORT)),
    )


def _address(family: int, value: bytes | None) -> str | None:
    if value is None or len(value) != _ADDRESS_SIZE[family]:
        return None
    return socket.inet_ntop(_AF[family], value)


def _number(layout: struct.Struct, value: bytes | None) -> int | None:
    if value is None or len(value) != layout.size:
        return None
    number: int = layout.unpack(value)[0]
    return number


def _words(status: int) -> t.Tuple[str, ...]:
    return tuple(sorted(word for bit, word in _STATUS_BITS if status & 1 << bit))
