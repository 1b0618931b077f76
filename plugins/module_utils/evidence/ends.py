# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses, ports and interface names as messages print them. What is no address (a host name) is unknown."""

from __future__ import annotations

import ipaddress
import re
import typing as t

INTERFACE = r"[A-Za-z0-9_.@-]{1,15}"
"""What an interface name may look like here; the kernel allows more (dev_valid_name)."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,15}:/{1,3}")
_PORT = re.compile(r"(?P<host>.*?)[:#](?P<port>\d{1,5})\Z", re.DOTALL)


class End(t.NamedTuple):
    """One end of a flow, as far as a text tells it."""

    address: str | None = None
    port: int | None = None
    interface: str | None = None
    """The zone of a link-local address (RFC 4007)."""


def endpoint(text: str) -> End:
    """``192.0.2.1:53``, ``[2001:db8::1]:53``, ``192.0.2.1#53``, ``host/192.0.2.1:53``, ``tcp://192.0.2.1:53/x``, alone or not.

    A host name has no address here, but may have a port.
    """
    scheme = _SCHEME.match(text)
    if scheme:
        text = text[scheme.end() :].split("/", 1)[0]
    text = text.rsplit("/", 1)[-1].strip(" '\"()<>,;")
    for alone in (text, text.rstrip(".:")):
        end = _address(alone.strip("[]"))
        if end is not None:
            return end
    text = text.rstrip(".:")
    found = _PORT.match(text)
    if not found:
        return End()
    host = _address(found.group("host").strip("[]")) or End()
    return End(host.address, port_number(found.group("port")), host.interface)


def port_number(text: str | None) -> int | None:
    """A port, where the text is one."""
    return int(text) if text and text.isdigit() and len(text) < 6 and int(text) < 65536 else None


def is_wildcard(address: str | None) -> bool:
    return address in ("0.0.0.0", "::")


def _address(text: str) -> End | None:
    bare, _percent, zone = text.partition("%")
    try:
        parsed = ipaddress.ip_address(bare)
    except ValueError:
        return None
    if zone and not re.fullmatch(INTERFACE, zone):
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    # A zone may be the number of a link, which is no name.
    return End(str(mapped or parsed), None, None if not zone or zone.isdigit() else zone)
