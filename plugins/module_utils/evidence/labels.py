# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the fields of a structured record say of a flow, by their names: ``localIP``, ``peer_addr``, ``dst``, ``iface``.

A value may itself be a list of such pairs (``"peer": "interface: doublezero0, localIP: 192.0.2.1"``).
"""

from __future__ import annotations

import re
import typing as t

from .ends import INTERFACE, End, endpoint, port_number

_LOCAL = frozenset(
    "local localip localaddr localaddress laddr lip src srcip srcaddr source sourceip sourceaddr sourceaddress bindaddress".split()
)
_REMOTE = frozenset(
    "remote remoteip remoteaddr remoteaddress raddr rip peer peerip peeraddr peeraddress dst dstip dstaddr dest destip "
    "destination destinationip endpoint target".split()
)
_INTERFACE = frozenset("interface iface ifname intf dev device nic".split())
_PORTS = {
    **dict.fromkeys(("localport", "lport", "srcport", "sport", "sourceport"), "local"),
    **dict.fromkeys(("remoteport", "rport", "dstport", "dport", "peerport", "destport", "destinationport"), "remote"),
}
_PAIR = re.compile(r"(?<![\w.])([A-Za-z][\w-]{1,23}) ?[:=] ?([\w.:%\[\]@-]{1,64})")
_LONGEST = 1024


class Said(t.NamedTuple):
    """Both ends and the interface, as far as they are told."""

    local: End = End()
    remote: End = End()
    interface: str | None = None


def said_of_flow(record: t.Mapping[str, str]) -> Said:
    """What the record says. The first field that says a thing is taken."""
    ends: t.Dict[str, End] = {}
    ports: t.Dict[str, int] = {}
    interface: str | None = None
    for name, value in _pairs(record):
        plain = name.rsplit(".", 1)[-1].replace("_", "").replace("-", "").lower()
        side = "local" if plain in _LOCAL else "remote" if plain in _REMOTE else None
        if side:
            end = endpoint(value)
            if end.address is not None:
                ends.setdefault(side, end)
        elif plain in _PORTS:
            port = port_number(value)
            if port is not None:
                ports.setdefault(_PORTS[plain], port)
        elif plain in _INTERFACE and interface is None and re.fullmatch(INTERFACE, value):
            interface = value
    return Said(_with_port(ends, ports, "local"), _with_port(ends, ports, "remote"), interface)


def _with_port(ends: t.Mapping[str, End], ports: t.Mapping[str, int], side: str) -> End:
    end = ends.get(side, End())
    return end._replace(port=ports.get(side)) if end.port is None else end


def _pairs(record: t.Mapping[str, str]) -> t.Iterator[t.Tuple[str, str]]:
    yield from record.items()
    for value in record.values():
        if len(value) <= _LONGEST:
            for found in _PAIR.finditer(value):
                yield found.group(1), found.group(2).rstrip(".:")
