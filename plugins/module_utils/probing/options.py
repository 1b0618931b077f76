# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be asked of a probe, within which bounds."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ..info.select import address, mark_number

METHODS = ("icmp", "udp", "tcp", "traceroute", "path_mtu")
OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "netns": {"type": "str"},
    "to": {"type": "str", "required": True},
    "method": {"type": "str", "choices": list(METHODS), "default": "icmp"},
    "source": {"type": "str"},
    "interface": {"type": "str"},
    "mark": {"type": "str"},
    "port": {"type": "int"},
    "count": {"type": "int", "default": 3},
    "timeout": {"type": "float", "default": 1.0},
    "ttl": {"type": "int"},
    "max_hops": {"type": "int"},
    "size": {"type": "int"},
}
"""The argument spec of the module."""
ECHO_PORT = 7
"""RFC 862."""
HEADERS = {4: 28, 6: 48}
"""Bytes of the IP header and of that of an echo message or datagram, by family."""
TOKEN = 8
"""Bytes by which an answer is known for one."""
USUAL = 56
"""Bytes that an echo request carries where nothing else is said."""
LARGEST = 65535
MOST_COUNT = 10
LONGEST = 10.0
MOST_HOPS = 64
HOPS = 30
MOST_PACKETS = 200


@dataclasses.dataclass(frozen=True)
class Question:
    """What is probed, and how."""

    to: str
    method: str = "icmp"
    source: t.Optional[str] = None
    interface: t.Optional[str] = None
    mark: int = 0
    port: t.Optional[int] = None
    count: int = 3
    """Packets of a kind: of an echo, for each hop of a traceroute, of each size that gets no answer."""
    timeout: float = 1.0
    """Seconds for each of them."""
    ttl: t.Optional[int] = None
    max_hops: int = HOPS
    size: t.Optional[int] = None
    """Of the whole IP packet, in bytes."""

    @property
    def family(self) -> int:
        return 6 if ":" in self.to else 4

    @property
    def smallest(self) -> int:
        return HEADERS[self.family] + TOKEN


def question(params: t.Mapping[str, t.Any]) -> Question:
    """From a module's arguments. Raises ValueError that names the option, what was expected, and what to do."""
    to, interface = _destination(str(params["to"]), params.get("interface"))
    method = params.get("method") or "icmp"
    asked = Question(
        to=to,
        method=method,
        source=_source(params.get("source"), to),
        interface=interface,
        mark=mark_number(params.get("mark")) or 0,
        port=_port(params.get("port"), method),
        count=_within("count", params.get("count", 3), 1, MOST_COUNT, "packets"),
        timeout=_timeout(params.get("timeout", 1.0)),
        ttl=_ttl(params.get("ttl"), method),
        max_hops=_max_hops(params.get("max_hops"), method),
    )
    if asked.method == "traceroute" and asked.max_hops * asked.count > MOST_PACKETS:
        raise ValueError(
            "count: %d packets for each of %d hops are more than %d; ask for fewer, or set max_hops lower"
            % (asked.count, asked.max_hops, MOST_PACKETS)
        )
    return dataclasses.replace(asked, size=_size(params.get("size"), asked))


def _destination(text: str, interface: str | None) -> t.Tuple[str, t.Optional[str]]:
    bare, _percent, zone = text.partition("%")
    to = address(bare, "to")
    if zone and interface not in (None, zone):
        raise ValueError("to: its zone %r and interface %r differ; name one of them" % (zone, interface))
    interface = interface or zone or None
    if interface is not None and not 0 < len(interface.encode()) < 16:
        raise ValueError("interface: %r is not the name of a link; see 'ip link show'" % interface)
    parsed = ipaddress.ip_address(to)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        raise ValueError("to: %s is an IPv4 address in IPv6 notation; write %s" % (to, parsed.ipv4_mapped))
    if parsed.is_multicast or parsed.is_unspecified or to == "255.255.255.255":
        raise ValueError("to: %s is not the address of one host; expected one, for what is sent has one answer" % to)
    if parsed.version == 6 and parsed.is_link_local and interface is None:
        raise ValueError("to: %s is there on each link; say on which one, with interface or as %s%%LINK" % (to, to))
    return to, interface


def _source(text: str | None, to: str) -> str | None:
    if text is None:
        return None
    source = address(text.partition("%")[0], "source")
    if (":" in source) != (":" in to):
        raise ValueError("source: %s and to %s are not of one family; name an address of that of to" % (source, to))
    return None if ipaddress.ip_address(source).is_unspecified else source


def _within(option: str, number: int, low: int, high: int, what: str) -> int:
    if not low <= number <= high:
        raise ValueError("%s: %d is not a number of %s from %d to %d" % (option, number, what, low, high))
    return number


def _timeout(seconds: float) -> float:
    if not 0.1 <= seconds <= LONGEST:  # also what is no number
        raise ValueError("timeout: %s is not a number of seconds from 0.1 to %d" % (seconds, LONGEST))
    return float(seconds)


def _port(port: int | None, method: str) -> int | None:
    if port is None:
        if method == "tcp":
            raise ValueError("port: method tcp connects to a port; name it, for example 443")
        return ECHO_PORT if method == "udp" else None
    if method in ("icmp", "path_mtu"):
        raise ValueError("port: method %s sends echo requests, which have no port; leave it out" % method)
    if not 1 <= port <= 65535:
        raise ValueError("port: %d is not a port from 1 to 65535" % port)
    return port


def _ttl(ttl: int | None, method: str) -> int | None:
    if ttl is None:
        return None
    if method == "traceroute":
        raise ValueError("ttl: a traceroute tries one after the other; set max_hops to say how far")
    return _within("ttl", ttl, 1, 255, "hops")


def _max_hops(hops: int | None, method: str) -> int:
    if hops is None:
        return HOPS
    if method != "traceroute":
        raise ValueError("max_hops: only method traceroute goes from hop to hop; use ttl to limit how far this goes")
    return _within("max_hops", hops, 1, MOST_HOPS, "hops")


def _size(size: int | None, asked: Question) -> int | None:
    if size is None:
        return None
    if asked.method == "tcp":
        raise ValueError("size: a connection is opened with packets of one size; leave it out, or use method path_mtu")
    return _within("size", size, asked.smallest, LARGEST, "bytes, of the whole IPv%d packet," % asked.family)
