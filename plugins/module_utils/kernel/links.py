# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links that are made and altered, of the kinds that the collection can make. Pure.

A link has what every link has, and ``details`` of its kind, by the names of the ``link`` module's options: addresses as
text, a link by its ifindex, everything else as the number or word that ``ip`` takes.
"""

from __future__ import annotations

import ipaddress
import struct
import typing as t

from ..model import Seen
from . import tables
from .netlink import attributes, pack_attribute
from .tables import IFLA_INFO_DATA, IFLA_INFO_KIND, U32

_IFF_UP = 0x1
_PEER = 1
"""VETH_INFO_PEER: the message of the other end."""
MACVLAN_MODES = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8, "source": 16}
Details = t.Mapping[str, t.Any]


class Field(t.NamedTuple):
    """Where a kind keeps a detail (IFLA_INFO_DATA)."""

    number: int
    shape: str
    """A format of struct, ``address``, or ``mode``."""
    number6: int = 0
    """That of an IPv6 address, where it is another."""
    alterable: bool = False
    """Can the kernel change it in a link that is there?"""


class Kind(t.NamedTuple):
    fields: t.Mapping[str, Field] = {}
    has_parent: bool = False
    required: t.Tuple[str, ...] = ()
    """What a new one cannot be without."""
    whole: bool = False
    """Does the kernel take what is not said for zero when the link is altered?"""


def _tunnel(local: int, remote: int, ttl: int) -> Kind:
    return Kind(
        {
            "local": Field(local, "address", alterable=True),
            "remote": Field(remote, "address", alterable=True),
            "ttl": Field(ttl, "=B", alterable=True),
            "underlay": Field(1, "=I", alterable=True),
        },
        whole=True,
    )


KINDS: t.Mapping[str, Kind] = {
    "bridge": Kind(),
    "dummy": Kind(),
    "gre": _tunnel(6, 7, 8),
    "ipip": _tunnel(2, 3, 4),
    "macvlan": Kind({"mode": Field(1, "mode", alterable=True)}, has_parent=True, required=("parent",)),
    "sit": _tunnel(2, 3, 4),
    "veth": Kind(required=("peer",)),
    "vlan": Kind({"id": Field(1, "=H")}, has_parent=True, required=("parent", "id")),
    "vrf": Kind({"table": Field(1, "=I")}, required=("table",)),
    "vxlan": Kind(
        {
            "id": Field(1, "=I"),
            "local": Field(4, "address", 17, alterable=True),
            "remote": Field(2, "address", 16, alterable=True),
            "ttl": Field(5, "=B", alterable=True),
            "port": Field(15, "!H"),
            "underlay": Field(3, "=I"),
        },
        required=("id",),
    ),
}
"""include/uapi/linux/if_link.h and if_tunnel.h."""


def details_of(kind: str | None, raw: bytes) -> t.Dict[str, t.Any]:
    """What a link of a known kind was made with; what it has not is None."""
    inside = _data(raw)
    data = attributes(inside, 0, len(inside))
    fields = KINDS.get(kind or "", Kind()).fields
    return {name: _read(field, data) for name, field in fields.items()}


def _data(raw: bytes) -> bytes:
    info = attributes(raw, tables.IFINFO.size, len(raw)).get(tables.IFLA_LINKINFO, b"")
    return attributes(info, 0, len(info)).get(IFLA_INFO_DATA, b"")


def _over(written: bytes, kept: bytes) -> bytes:
    both = {**attributes(kept, 0, len(kept)), **attributes(written, 0, len(written))}
    return b"".join(pack_attribute(number, value) for number, value in both.items())


def _read(field: Field, data: t.Mapping[int, bytes]) -> t.Any:
    value = data.get(field.number) or data.get(field.number6) or b""
    if not value.strip(b"\0"):
        return None
    if field.shape == "address":
        return tables.address_text(value)
    if field.shape == "mode":
        number = U32.unpack(value)[0]
        return next((word for word, bit in MACVLAN_MODES.items() if bit == number), str(number))
    return struct.unpack(field.shape, value)[0]


def _written(field: Field, value: t.Any) -> bytes:
    if field.shape == "address":
        address = ipaddress.ip_address(value)
        return pack_attribute(field.number6 if address.version == 6 else field.number, address.packed)
    number = MACVLAN_MODES[value] if field.shape == "mode" else value
    return pack_attribute(field.number, struct.pack("=I" if field.shape == "mode" else field.shape, number))


def message(
    name: str,
    kind: str | None = None,
    details: Details | None = None,
    peer: str | None = None,
    parent: int | None = None,
    up: bool | None = None,
    mtu: int | None = None,
    lladdr: str | None = None,
    alias: str | None = None,
    master: int | None = None,
    kept: Seen | None = None,
) -> Seen:
    """RTM_NEWLINK for ``link.add``, or for ``link.set`` with what is to be altered only.

    The link is meant by its name. ``master`` 0 releases it, an empty ``alias`` takes its alias away. ``kept`` is the
    link that is altered: its other details stay.
    """
    flags = (_IFF_UP if up else 0, 0 if up is None else _IFF_UP)
    body = tables.IFINFO.pack(0, 0, 0, *flags) + _text(tables.IFLA_IFNAME, name)
    if mtu is not None:
        body += pack_attribute(tables.IFLA_MTU, U32.pack(mtu))
    if lladdr is not None:
        body += pack_attribute(tables.IFLA_ADDRESS, bytes.fromhex(lladdr.replace(":", "")))
    if parent is not None:
        body += pack_attribute(tables.IFLA_LINK, U32.pack(parent))
    if master is not None:
        body += pack_attribute(tables.IFLA_MASTER, U32.pack(master))
    if alias is not None:
        body += pack_attribute(tables.IFLA_IFALIAS, alias.encode("utf-8", "surrogateescape"))
    if kind is not None:
        info = _text(IFLA_INFO_KIND, kind)
        written = b"".join(_written(KINDS[kind].fields[item], value) for item, value in (details or {}).items())
        data = written if kept is None or not KINDS[kind].whole else _over(written, _data(kept.raw))
        if peer is not None:
            data += pack_attribute(_PEER, tables.IFINFO.pack(0, 0, 0, 0, 0) + _text(tables.IFLA_IFNAME, peer))
        if data:
            info += pack_attribute(IFLA_INFO_DATA, data)
        body += pack_attribute(tables.IFLA_LINKINFO, info)
    return Seen("link", tables.decode_link(body, 0, len(body)), body)


def _text(kind: int, value: str) -> bytes:
    return pack_attribute(kind, value.encode("utf-8", "surrogateescape") + b"\0")
