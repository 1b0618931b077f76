# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection tracking: what the port says is what conntrack(8) says."""

from __future__ import annotations

import pathlib
import re
import runpy
import shutil
import subprocess
import sys

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import conntrack
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Flow, Unseen
from ansible_collections.netmend.reclaim.tests.integration.kernel.test_processes import as_nobody

HERE = pathlib.Path(__file__).resolve().parent
ZOO = runpy.run_path(str(HERE / "conntrack_zoo.py"))
SOCKETS = runpy.run_path(str(HERE / "socket_zoo.py"))
needs_tools = pytest.mark.skipif(
    not (shutil.which("nft") and shutil.which("conntrack")), reason="there is no nft or no conntrack"
)


def by_conntrack(namespace) -> set[tuple]:
    rows = set()
    for family in ("ipv4", "ipv6"):
        for line in namespace.sh("conntrack -L -o extended -f %s 2>/dev/null" % family).splitlines():
            words = line.split()
            pairs = re.findall(r"\b(src|dst|sport|dport|mark|zone)=(\S+)", line)
            ends = [value for name, value in pairs if name in ("src", "dst")]
            ports = [int(value) for name, value in pairs if name in ("sport", "dport")] or [None] * 4
            other = dict(pairs)
            rows.add(
                (
                    6 if family == "ipv6" else 4,
                    words[3],  # the number: conntrack calls what it does not know "unknown"
                    (ends[0], ports[0], ends[1], ports[1]),
                    (ends[2], ports[2], ends[3], ports[3]),
                    "[UNREPLIED]" not in line,
                    "[ASSURED]" in line,
                    int(other.get("mark", 0)),
                    int(other.get("zone", 0)),
                )
            )
    return rows


def by_us(namespace) -> set[tuple]:
    unseen: list[Unseen] = []
    numbers = {word: str(number) for number, word in conntrack._PROTOCOLS.items()}
    rows = {
        (
            flow.family,
            numbers.get(flow.protocol, flow.protocol),
            (flow.src, flow.sport, flow.dst, flow.dport),
            (flow.reply_src, flow.reply_sport, flow.reply_dst, flow.reply_dport),
            "seen-reply" in flow.status,
            "assured" in flow.status,
            flow.mark,
            flow.zone,
        )
        for flow in conntrack.stream(namespace.name, unseen)
    }
    assert unseen == []
    return rows


@needs_tools
def test_each_flow_is_what_conntrack_shows(netns) -> None:
    namespace = netns()
    namespace.sh(SOCKETS["SETUP"])
    subprocess.run(["ip", "netns", "exec", namespace.name, "nft", "-f", "-"], input=ZOO["SETUP"], text=True, check=True)
    subprocess.run(["ip", "netns", "exec", namespace.name, sys.executable, "-c", ZOO["FLOWS"]], check=True)
    found = by_us(namespace)
    assert found == by_conntrack(namespace)
    assert len(found) == 9


@needs_tools
def test_many_flows_come_each_once(netns) -> None:
    namespace = netns()
    subprocess.run(
        ["ip", "netns", "exec", namespace.name, "nft", "-f", "-"],
        input="table inet track {\n chain out { type filter hook output priority 0; ct state new accept; }\n}\n",
        text=True,
        check=True,
    )
    flows = (
        "import socket\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "for port in range(1, 5001): s.sendto(b'x', ('127.0.0.1', port))\n"
    )
    subprocess.run(["ip", "netns", "exec", namespace.name, sys.executable, "-c", flows], check=True)
    ports = [flow.dport for flow in conntrack.stream(namespace.name, []) if flow.protocol == "udp"]
    assert sorted(ports) == list(range(1, 5001))


def test_none_where_nothing_is_tracked(netns) -> None:
    unseen: list[Unseen] = []
    assert list(conntrack.stream(netns().name, unseen)) == []
    assert unseen == [], "nobody is asked where nothing is counted"


@needs_tools
def test_who_may_not_see_them_is_told_that_they_are_there(netns) -> None:
    def read() -> tuple[list[Flow], list[Unseen]]:
        unseen: list[Unseen] = []
        return list(conntrack.stream(None, unseen)), unseen

    namespace = netns()
    with namespace.entered():
        assert as_nobody(read) == ([], [])
    namespace.sh("conntrack -I -p udp -s 192.0.2.9 -d 192.0.2.1 --sport 1 --dport 2 -t 60")
    with namespace.entered():
        assert as_nobody(read) == (
            [],
            [Unseen("conntrack entries", "the kernel shows them with CAP_NET_ADMIN only")],
        )
        assert len(read()[0]) == 1
