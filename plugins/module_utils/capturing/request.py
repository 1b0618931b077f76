# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a capture is asked for: its options, checked. Pure."""

from __future__ import annotations

import typing as t

from ..model import WayIn
from . import pcap, pcapng
from .assembler import Program
from .expression import command, expression
from .filter import OPTIONS, Filter, parse
from .program import DIRECTIONS, Layout, program

FORMATS: t.Dict[str, t.Type[t.Union[pcap.Writer, pcapng.Writer]]] = {pcapng.NAME: pcapng.Writer, pcap.NAME: pcap.Writer}
LONGEST = 3600
"""Seconds."""
MOST_PACKETS = 1000000
LEAST_BYTES, MOST_BYTES = 4 << 10, 64 << 20
"""Of the file. It is held in memory when it is fetched through become."""
LEAST_SNAPLEN, MOST_SNAPLEN = 64, 262144
"""Bytes of a packet; the larger is MAXIMUM_SNAPLEN of libpcap, above which readers refuse a file."""
SNAPLEN = 128
"""Holds the headers of all that is usual, and those in an ICMP error's quote."""
SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    "dest": {"type": "path", "required": True},
    "interface": {"type": "str"},
    "seconds": {"type": "int", "required": True},
    "packets": {"type": "int"},
    "bytes": {"type": "bytes"},
    "filter": {"type": "dict", "options": OPTIONS},
    "exclude": {"type": "dict", "options": OPTIONS},
    "own_connection": {"type": "bool", "default": False},
    "direction": {"type": "str", "choices": list(DIRECTIONS)},
    "snaplen": {"type": "int", "default": SNAPLEN},
    "format": {"type": "str", "choices": list(FORMATS), "default": pcapng.NAME},
    "netns": {"type": "str"},
}


class Request:
    """Raises ValueError with the words for the user.

    ``ways_in``: the connections by which the task comes, left out of the capture unless asked for.
    """

    def __init__(self, params: t.Mapping[str, t.Any], ways_in: t.Sequence[WayIn]) -> None:
        self.interface: t.Optional[str] = params.get("interface")
        self.netns: t.Optional[str] = params.get("netns")
        self.seconds = _within("seconds", params["seconds"], 1, LONGEST)
        if params.get("packets") is None and params.get("bytes") is None:
            raise ValueError(
                "a capture is not begun without bounds: beside seconds, say packets (at most %d) or bytes (of the file, at "
                "most %d)" % (MOST_PACKETS, MOST_BYTES)
            )
        self.packets = _within("packets", _or(params.get("packets"), MOST_PACKETS), 1, MOST_PACKETS)
        self.bytes = _within("bytes", _or(params.get("bytes"), MOST_BYTES), LEAST_BYTES, MOST_BYTES)
        self.snaplen = _within("snaplen", _or(params.get("snaplen"), SNAPLEN), LEAST_SNAPLEN, MOST_SNAPLEN)
        self.format: str = params.get("format") or pcapng.NAME
        self.direction: t.Optional[str] = params.get("direction")
        self.filter = parse(params.get("filter"))
        self.left_out = () if params.get("own_connection") else tuple(dict.fromkeys(map(_connection, ways_in)))
        self._excluded = _excluded(params.get("exclude")) + self.left_out

    def program(self, layout: Layout) -> Program:
        return program(self.filter, layout, self.snaplen, self.direction, self._excluded)

    @property
    def expression(self) -> str:
        """The filter in the words of tcpdump."""
        return expression(self.filter, self._excluded)

    @property
    def command(self) -> t.List[str]:
        """What a person would type to capture the same."""
        return [
            *(["timeout", str(self.seconds)]),
            *command(self.interface, self.snaplen, self.packets, self.direction, self.netns, self.expression),
        ]

    @property
    def bounds(self) -> t.Dict[str, int]:
        return {"seconds": self.seconds, "packets": self.packets, "bytes": self.bytes, "snaplen": self.snaplen}

    def writer(self, linktype: int) -> pcap.Writer | pcapng.Writer:
        return FORMATS[self.format](linktype, self.snaplen, self.expression)


def _or(given: int | None, otherwise: int) -> int:
    return otherwise if given is None else given


def _within(option: str, number: int, least: int, most: int) -> int:
    if not least <= number <= most:
        raise ValueError("%s: %d is no number from %d to %d" % (option, number, least, most))
    return number


def _excluded(given: t.Mapping[str, t.Any] | None) -> t.Tuple[Filter, ...]:
    left_out = parse(given, "exclude")
    if not given or left_out == Filter():
        return ()
    return (left_out,)


def _connection(way: WayIn) -> Filter:
    return parse(
        {"protocol": "tcp", "host": [way.peer.partition("%")[0]], "port": [str(way.peer_port)]}, "own_connection"
    )
