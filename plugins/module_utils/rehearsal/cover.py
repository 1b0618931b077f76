# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which routes can matter to a lookup: those whose prefix an address of it is in. Pure."""

from __future__ import annotations

import socket
import typing as t

_MAPPED = bytes(10) + b"\xff\xff"
_ANY = {4: socket.AF_INET, 16: socket.AF_INET6}


def covering(addresses: t.Iterable[str]) -> t.FrozenSet[str]:
    """Every prefix that one of the addresses is in, as the kernel spells it. Raises ValueError for what is no address."""
    prefixes: t.Set[str] = set()
    for number, size in {_packed(address) for address in addresses}:
        bits = 8 * size
        for length in range(bits, -1, -1):
            masked = number >> (bits - length) << (bits - length)
            prefix = "%s/%d" % (socket.inet_ntop(_ANY[size], masked.to_bytes(size, "big")), length)
            if prefix in prefixes:
                break  # so are all that are wider
            prefixes.add(prefix)
    return frozenset(prefixes)


def _packed(address: str) -> t.Tuple[int, int]:
    """The address as a number, and its size in bytes. An IPv4-mapped one is that IPv4 address."""
    try:
        packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    except (OSError, ValueError) as exc:
        raise ValueError("%r is not an IPv4 or IPv6 address" % address) from exc
    if packed.startswith(_MAPPED):
        packed = packed[len(_MAPPED) :]
    return int.from_bytes(packed, "big"), len(packed)
