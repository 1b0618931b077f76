# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a link's source check (rp_filter) does to a packet that comes in, and what RC503 says of it: a truth table.

A host with two uplinks, h0 and h1. A packet from far away comes in by h1: either the program gets it, or the kernel counts
it as dropped by the filter.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import struct
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils import intent
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import counters
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.line import Line
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.recognise import recognise
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Event, EventSource, Query
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.source_checks import COUNTER, SourceCheckDrops

FAR, PORT, FAR_PORT = "203.0.113.9", 9999, 4444
LLADDR = bytes.fromhex("020000000071")
HOST = """
ip link add h0 type veth peer name p0 netns %(peer)s
ip link add h1 address 02:00:00:00:00:71 type veth peer name p1 netns %(peer)s
ip link set h0 up; ip link set h1 up
ip addr add 192.0.2.1/24 dev h0; ip addr add 198.51.100.1/24 dev h1
for link in all default h0 h1; do echo 0 > /proc/sys/net/ipv4/conf/$link/rp_filter; done
"""
BY_H0, BY_H1 = "ip route add default via 192.0.2.254", "ip route add default via 198.51.100.254"
TABLE = "ip route add default via 198.51.100.254 table 100"
MARKS = "nft 'table ip m { chain c { type filter hook prerouting priority -150; iifname h1 meta mark set 7; }; }'"


def strict(all_: int, link: int) -> str:
    return "cd /proc/sys/net/ipv4/conf; echo %d > all/rp_filter; echo %d > h1/rp_filter" % (all_, link)


@dataclasses.dataclass(frozen=True)
class Row:
    """What is set up, whether the program gets the packet, and how sure RC503 is that it does not (None: it says nothing)."""

    make: str
    arrives: bool
    told: str | None = None
    to: str = "198.51.100.1"
    source: str = FAR
    mended: bool = True
    """Loose mode on the link lets it through."""


ROWS = {
    "strict by the link": Row(BY_H0 + ";" + strict(0, 1), False, "strong"),
    "strict by all": Row(BY_H0 + ";" + strict(1, 0), False, "strong"),
    "strict by both": Row(BY_H0 + ";" + strict(1, 1), False, "strong"),
    "all is strict, the link is loose": Row(BY_H0 + ";" + strict(1, 2), True),
    "all is loose, the link is strict": Row(BY_H0 + ";" + strict(2, 1), True),
    "none": Row(BY_H0 + ";" + strict(0, 0), True),
    "the other link's setting": Row(BY_H0 + "; echo 1 > /proc/sys/net/ipv4/conf/h0/rp_filter", True),
    "to the other link's address": Row(BY_H0 + ";" + strict(1, 0), False, "strong", to="192.0.2.1"),
    "the default route leads back": Row(BY_H1 + ";" + strict(1, 1), True),
    "a narrower route leads elsewhere": Row(
        BY_H1 + "; ip route add 203.0.113.9/32 via 192.0.2.254;" + strict(1, 1), False, "strong"
    ),
    "a narrower route leads back": Row(
        BY_H0 + "; ip route add 203.0.113.0/24 via 198.51.100.254;" + strict(1, 1), True
    ),
    "a worse route leads back": Row(BY_H0 + ";" + BY_H1 + " metric 9;" + strict(1, 1), False, "strong"),
    "several next hops": Row(
        "ip route add default nexthop via 192.0.2.254 weight 99 nexthop via 198.51.100.254;" + strict(1, 1), True
    ),
    "several next hops, none by the link": Row(
        "ip route add default nexthop via 192.0.2.254 nexthop via 192.0.2.253;" + strict(1, 1), False, "strong"
    ),
    "next-hop objects": Row(
        "ip nexthop add id 1 via 192.0.2.254 dev h0; ip nexthop add id 2 via 198.51.100.254 dev h1;"
        "ip nexthop add id 3 group 1/2; ip route add default nhid 3;" + strict(1, 1),
        True,
    ),
    "a next-hop object by the other link": Row(
        "ip nexthop add id 1 via 192.0.2.254 dev h0; ip route add default nhid 1;" + strict(1, 1), False, "strong"
    ),
    "a rule by source": Row(";".join([BY_H0, TABLE, "ip rule add from 198.51.100.1 lookup 100", strict(1, 1)]), True),
    "a rule by mark": Row(";".join([BY_H0, TABLE, "ip rule add fwmark 7 lookup 100", strict(1, 1)]), False, "strong"),
    "a rule by mark, and the packet is marked": Row(
        ";".join([BY_H0, TABLE, "ip rule add fwmark 7 lookup 100", MARKS, strict(1, 1)]), False, "strong"
    ),
    "a rule by mark, the packet is marked, and that counts": Row(
        ";".join(
            [BY_H0, TABLE, "ip rule add fwmark 7 lookup 100", MARKS, strict(1, 1)]
            + ["echo 1 > /proc/sys/net/ipv4/conf/all/src_valid_mark"]
        ),
        True,
        "hint",
    ),
    "a rule by port": Row(
        ";".join([BY_H0, TABLE, "ip rule add ipproto udp dport 4444 lookup 100", strict(1, 1)]), True, "hint"
    ),
    "a rule by another port": Row(
        ";".join([BY_H0, TABLE, "ip rule add ipproto udp dport 5555 lookup 100", strict(1, 1)]), False, "hint"
    ),
    "a rule by type of service": Row(
        ";".join([BY_H0, TABLE, "ip rule add tos 0x10 lookup 100", strict(1, 1)]), False, "hint"
    ),
    "no route, strict": Row(strict(1, 1), False, mended=False),
    "no route, loose": Row(strict(2, 2), False, mended=False),
    "no route, none": Row(strict(0, 0), True),
    "a blackhole, strict": Row("ip route add blackhole 203.0.113.9/32;" + strict(1, 1), False, mended=False),
    "a blackhole, loose": Row("ip route add blackhole 203.0.113.9/32;" + strict(2, 2), False, mended=False),
    "a link without an address, strict": Row(
        BY_H0 + "; ip addr flush dev h1;" + strict(1, 1), False, "strong", to="192.0.2.1", mended=False
    ),
    "a link without an address, loose": Row(
        BY_H0 + "; ip addr flush dev h1;" + strict(2, 2), False, to="192.0.2.1", mended=False
    ),
    "a link without an address that leads back": Row(
        "ip addr flush dev h1; ip route add 203.0.113.9/32 dev h1;" + strict(1, 1), True, to="192.0.2.1"
    ),
    "a source of the other link's subnet": Row(BY_H0 + ";" + strict(1, 1), False, "strong", source="192.0.2.77"),
    "a source of the link's subnet": Row(BY_H0 + ";" + strict(1, 1), True, source="198.51.100.77"),
}


@pytest.fixture
def host(netns):
    host, peer = netns(), netns()
    host.sh(HOST % {"peer": peer.name})
    peer.sh("ip link set p0 up; ip link set p1 up")
    host.until("ip link show h1 | grep -q LOWER_UP")
    host.peer = peer
    return host


def inject(host, source: str, to: str) -> None:
    """A UDP datagram comes in by h1, as the wire brings it."""
    payload = b"netmend"
    udp = struct.pack("!HHHH", FAR_PORT, PORT, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, *map(socket.inet_aton, (source, to)))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + head[12:]
    with host.peer.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("p1", 0))
        wire.send(LLADDR + bytes.fromhex("020000000001") + b"\x08\x00" + head + udp)


def arrives(host, row: Row, opened: socket.socket) -> bool:
    """Did the program get it? Else the kernel says that the filter dropped it."""
    counting = counters.Counting(host.name)
    inject(host, row.source, row.to)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            return opened.recv(64) == b"netmend"
        except BlockingIOError:
            if any(event.source.counter == COUNTER for event in counting.rise()):
                return False
            time.sleep(0.01)
    raise AssertionError("it neither arrived nor was it counted as dropped")


def listening(host, local: str = "0.0.0.0") -> socket.socket:
    with host.entered():
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.bind((local, PORT))
    return opened


def findings(host, row: Row) -> list:
    """What RC503 says when the kernel's log told of such a packet."""
    event = Event(
        error="EXDEV",
        source=EventSource("journal"),
        local_addr=row.to,
        remote_addr=row.source,
        interface="h1",
        last=time.time(),
    )
    with Kernel(host.name) as kernel:
        snapshot = dataclasses.replace(kernel.snapshot(), events=(event,))
        return list(SourceCheckDrops(Index(snapshot), kernel.lookup, intent.load({})).conclude())


@pytest.mark.parametrize("name", ROWS)
def test_what_is_told_is_what_happens(host, name: str) -> None:
    row = ROWS[name]
    host.sh(row.make)
    with listening(host) as opened:
        assert arrives(host, row, opened) is row.arrives
        found = findings(host, row)
        assert [finding.confidence for finding in found] == ([row.told] if row.told else [])
        if row.arrives:
            return
        host.sh("echo 2 > /proc/sys/net/ipv4/conf/h1/rp_filter")
        assert arrives(host, row, opened) is row.mended
        # A remedy is offered where it helps, and only there.
        assert all(bool(finding.remedy) is row.mended for finding in found)


def test_the_kernel_remembers_whom_it_let_in(host) -> None:
    """A connected socket keeps the way of its packets until the routes change: no filter is asked before that."""
    host.sh(BY_H0)
    row = ROWS["none"]
    with listening(host, row.to) as opened:
        opened.connect((FAR, FAR_PORT))
        for _each in range(2):
            assert arrives(host, row, opened)
        host.sh(strict(1, 1))
        assert arrives(host, row, opened)
        host.sh("ip route add 10.0.0.0/8 via 192.0.2.254")
        assert not arrives(host, row, opened)


def test_the_kernels_own_log_is_understood(host) -> None:
    """With log_martians it says which packet it dropped, and where that came in."""
    host.sh(BY_H0 + ";" + strict(1, 1) + "; echo 1 > h1/log_martians")
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    os.lseek(log, 0, os.SEEK_END)
    source = "203.0.113.%d" % (10 + os.getpid() % 200)
    deadline = time.monotonic() + 20
    event = None
    while event is None and time.monotonic() < deadline:
        inject(host, source, "198.51.100.1")
        time.sleep(0.1)
        with contextlib.suppress(BlockingIOError):
            while event is None or event.remote_addr != source:
                text = os.read(log, 8192).decode("utf-8", "replace").partition(";")[2].partition("\n")[0]
                event = recognise(Line(text)) or event
    os.close(log)
    assert event is not None, "the kernel logs nothing, or it says it otherwise"
    said = (event.error, event.local_addr, event.remote_addr, event.interface)
    assert said == ("EXDEV", "198.51.100.1", source, "h1"), event


def test_the_lookup_says_what_the_filter_does(host) -> None:
    """Of a packet that it drops, by an errno that is not that of a packet without a way."""
    host.sh(BY_H0 + ";" + strict(1, 1))
    with host.entered():
        h1 = socket.if_nametoindex("h1")
    with Kernel(host.name) as kernel:
        asked = Query(to="198.51.100.1", source=FAR, iif=h1)
        (answer,) = kernel.lookup([asked])
        assert answer.errno in ("EXDEV", "EINVAL")
        host.sh(strict(0, 0))
        (answer,) = kernel.lookup([asked])
        assert answer.errno is None and answer.route is not None and answer.route.type == "local"
