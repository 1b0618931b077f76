# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that the resource modules have in common, checked. Pure.

Each raises ValueError that names the option, what was expected and what was given.
"""

from __future__ import annotations

import ipaddress
import typing as t

from ..info.select import FAMILIES
from ..kernel import names
from ..kernel.tables import address_text

_DEFAULTS = {4: "0.0.0.0/0", 6: "::/0"}
_OF_FAMILY = {4: "IPv4", 6: "IPv6"}


def family_of(text: str | None) -> int | None:
    return None if text is None else FAMILIES[text]


def prefix(text: str, option: str, family: int | None, default: bool = False) -> str:
    """A prefix as the kernel spells it; an address is one of full length."""
    if default and text == "default":
        if family is None:
            raise ValueError("%s: 'default' is of either family; set family to ipv4 or ipv6" % option)
        return _DEFAULTS[family]
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as exc:
        raise ValueError(
            "%s: %s; expected something like 192.0.2.0/24 or 2001:db8::/32%s"
            % (option, exc, ", or default" if default else "")
        ) from exc
    if str(network.network_address) != str(ipaddress.ip_address(text.partition("/")[0])):
        raise ValueError("%s: %s has bits set behind its length; did you mean %s?" % (option, text, network))
    same_family(family, network.version, option, text)
    return "%s/%d" % (address_text(network.network_address.packed), network.prefixlen)


def address(text: str | None, option: str, family: int | None = None) -> str | None:
    """An address as the kernel spells it."""
    if text is None:
        return None
    try:
        found = ipaddress.ip_address(text)
    except ValueError as exc:
        raise ValueError("%s: %s; expected something like 192.0.2.1 or 2001:db8::1" % (option, exc)) from exc
    same_family(family, found.version, option, text)
    return address_text(found.packed)


def interface_address(text: str, option: str) -> t.Tuple[int, str, int | None]:
    """Family, address, and prefix length where one is given."""
    try:
        found = ipaddress.ip_interface(text)
    except ValueError as exc:
        raise ValueError("%s: %s; expected something like 192.0.2.1/24 or 2001:db8::1/64" % (option, exc)) from exc
    return found.version, address_text(found.packed), found.network.prefixlen if "/" in text else None


def same_family(family: int | None, other: int, option: str, text: str) -> None:
    if family is not None and family != other:
        raise ValueError("%s: %s is not of family %s, as the rest is" % (option, text, _OF_FAMILY[family]))


def word(words: names.Words, text: str | None, option: str) -> str | None:
    """A word of the kernel's, as the port spells it: a number that has a word becomes that."""
    return None if text is None else names.word(words, names.number_of(words, text, option + ":"))


def number(value: int | None, option: str, least: int, most: int) -> int | None:
    if value is not None and not least <= value <= most:
        raise ValueError("%s: %d is no number from %d to %d" % (option, value, least, most))
    return value


def bits(text: str | None, option: str) -> int | None:
    """A mark or mask, ``16`` or ``0x10``."""
    if text is None:
        return None
    try:
        found = int(text, 0)
    except ValueError:
        found = -1
    if not 0 <= found < 1 << 32:
        raise ValueError("%s: %r is no number from 0 to 4294967295, such as 16 or 0x10" % (option, text))
    return found


def ends(text: str | None, option: str, least: int, most: int) -> t.Tuple[int, int] | None:
    """A range ``1000-2000``, or one number."""
    if text is None:
        return None
    first, dash, last = text.partition("-")
    try:
        found = int(first), int(last if dash else first)
    except ValueError:
        found = (1, 0)
    if not least <= found[0] <= found[1] <= most:
        raise ValueError(
            "%s: %r is no number or range from %d to %d, such as 443 or 1000-2000" % (option, text, least, most)
        )
    return found


def hardware(text: str | None, option: str) -> str | None:
    """A hardware address in lower case."""
    if text is None:
        return None
    try:
        return bytes(int(part, 16) for part in text.replace("-", ":").split(":")).hex(":")
    except ValueError as exc:
        raise ValueError("%s: %r is no hardware address such as 02:00:00:00:00:01" % (option, text)) from exc
