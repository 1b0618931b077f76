# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts that filters and summaries share. Pure."""

from __future__ import annotations

import collections
import ipaddress
import typing as t

from ..model import TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN

FAMILIES = {"ipv4": 4, "ipv6": 6}
FAMILY_NAMES = {4: "ipv4", 6: "ipv6"}

TABLES = {"main": TABLE_MAIN, "local": TABLE_LOCAL, "default": TABLE_DEFAULT}
_TABLE_NAMES = {number: name for name, number in TABLES.items()}

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Test = t.Callable[[str], bool]


def table_number(text: str | None) -> int | None:
    """A routing table from ``main``, ``local``, ``default`` or a number. Raises ValueError."""
    if text is None:
        return None
    number = TABLES.get(text)
    if number is None:
        try:
            number = int(text, 0)
        except ValueError:
            number = -1
        if not 0 < number < 1 << 32:
            raise ValueError("table: %r is neither main, local, default nor a number from 1 to 4294967295" % text)
    return number


def table_name(number: int) -> str | None:
    return _TABLE_NAMES.get(number)


def mark_number(text: str | None) -> int | None:
    """A firewall mark from ``16`` or ``0x10``. Raises ValueError."""
    if text is None:
        return None
    try:
        number = int(text, 0)
    except ValueError:
        number = -1
    if not 0 <= number < 1 << 32:
        raise ValueError("mark: %r is no number from 0 to 4294967295, such as 16 or 0x10" % text)
    return number


def prefix(text: str, option: str) -> Network:
    """A prefix or address. Raises ValueError with the name of the option that it was given in."""
    if text == "default":
        raise ValueError("%s: 'default' is of either family; say 0.0.0.0/0 or ::/0" % option)
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as exc:
        raise ValueError(
            "%s: %s; expected something like 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32" % (option, exc)
        ) from exc


def address(text: str, option: str) -> str:
    """An address as the kernel prints it. Raises ValueError with the name of the option that it was given in."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as exc:
        raise ValueError("%s: %s; expected something like 192.0.2.1 or 2001:db8::1" % (option, exc)) from exc


def prefix_test(wanted: Network, match: str) -> Test:
    """A test of prefixes and addresses in the kernel's spelling against a prefix.

    ``exact``: the same prefix; ``within``: it or a part of it; ``covering``: it or a prefix that holds it.
    """
    if match == "exact":
        spelled = {str(wanted)}
        if wanted.prefixlen == wanted.max_prefixlen:
            spelled.add(str(wanted.network_address))
        return spelled.__contains__
    bits, version, length = int(wanted.network_address), wanted.version, wanted.prefixlen
    width = wanted.max_prefixlen

    def within(text: str) -> bool:
        other, other_length = _bits(text, version)
        return other_length >= length and (other ^ bits) >> (width - length) == 0

    def covering(text: str) -> bool:
        other, other_length = _bits(text, version)
        return 0 <= other_length <= length and (other ^ bits) >> (width - other_length) == 0

    return within if match == "within" else covering


def _bits(text: str, version: int) -> t.Tuple[int, int]:
    """A prefix as number and length; length -1 for what is of the other family."""
    if (":" in text) != (version == 6):
        return 0, -1
    head, _slash, length = text.partition("/")
    head = head.partition("%")[0]
    if version == 4:
        first, second, third, fourth = head.split(".")
        return int(first) << 24 | int(second) << 16 | int(third) << 8 | int(fourth), int(length or 32)
    return int(ipaddress.IPv6Address(head)), int(length or 128)


def counted(counter: t.Mapping[t.Any, int], most: int = 50) -> t.Dict[str, int]:
    """The most frequent values and how often each came; the others together as ``(others)``."""
    ranked = collections.Counter({str(name): number for name, number in counter.items()}).most_common()
    result = dict(ranked[:most])
    if ranked[most:]:
        result["(others)"] = sum(number for _name, number in ranked[most:])
    return result
