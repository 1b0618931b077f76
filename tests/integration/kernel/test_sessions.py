# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sockets of a zoo: what the port says is what ss says."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import runpy
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import sessions
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.diag_filter import Filter
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Session, Unseen

ZOO = pathlib.Path(__file__).resolve().parent / "socket_zoo.py"
SETUP = runpy.run_path(str(ZOO))["SETUP"]


@pytest.fixture
def zoo(netns):
    namespace = netns()
    namespace.sh(SETUP)
    child = namespace.start([sys.executable, str(ZOO)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == "ready\n"
    return namespace


Row = t.Tuple[t.Any, ...]


def _end(text: str) -> tuple[str | None, int, str | None]:
    """Address, port and interface of ss's ``[::1]%lo:53``, ``10.0.0.1%lo:53``, ``*:53``."""
    host, _colon, port = text.rpartition(":")
    host, _percent, device = host.partition("%")
    host = host.strip("[]")
    if host == "*":
        host = "::"
    host = host[len("::ffff:") :] if re.match(r"::ffff:\d+\.", host) else host
    return host, 0 if port == "*" else int(port), device or None


def by_ss(namespace) -> set[Row]:
    rows = set()
    for line in namespace.sh("ss -H -O -n -t -u -a -p -e --inet-sockopt").splitlines():
        words = line.split()
        local, port, device = _end(words[4])
        remote, remote_port, _device = _end(words[5])
        rest = " ".join(words[6:])
        inode = re.search(r"\bino:(\d+)", rest)
        mark = re.search(r"\bfwmark:0x([0-9a-f]+)", rest)
        uid = re.search(r"\buid:(\d+)", rest)
        pid = re.search(r"\bpid=(\d+)", rest)
        options = re.search(r"inet-sockopt: \((.*?)\)", rest)
        options = options.group(1).split() if options else []
        rows.add(
            (
                words[0],
                words[1],
                local,
                port,
                None if not remote_port else remote,
                remote_port,
                device,
                int(mark.group(1), 16) if mark else 0,
                int(uid.group(1)) if uid else 0,
                int(inode.group(1)) if inode else 0,
                "freebind" in options,
                "transparent" in options,
                int(pid.group(1)) if pid else None,
            )
        )
    return rows


def by_us(namespace, **options: t.Any) -> list[Session]:
    return list(sessions.stream(namespace.name, **options))


def as_rows(namespace, found: t.Iterable[Session]) -> set[Row]:
    names = {link["ifindex"]: link["ifname"] for link in namespace.json("link show")}
    return {
        (
            s.protocol,
            s.state,
            s.local,
            s.local_port,
            s.remote,
            s.remote_port,
            names[s.ifindex] if s.ifindex else None,
            s.mark,
            s.uid,
            s.inode,
            s.freebind,
            s.transparent,
            s.processes[0].pid if s.processes else None,
        )
        for s in found
    }


def test_each_socket_is_what_ss_shows(zoo) -> None:
    found = by_us(zoo, protocols=("tcp", "udp"), processes=True)
    rows = as_rows(zoo, found)
    assert rows == by_ss(zoo)
    assert len(found) == len(rows) == 28
    assert {s.state for s in found if s.protocol == "tcp"} == {
        "ESTAB", "LISTEN", "SYN-SENT", "TIME-WAIT", "CLOSE-WAIT", "FIN-WAIT-2"
    }  # fmt: skip


def test_mapped_sockets_are_ipv4(zoo) -> None:
    four = by_us(zoo, families=(4,))
    six = by_us(zoo, families=(6,))
    assert {s.local_port for s in four} >= {1008, 1015, 1107}
    assert {s.local_port for s in six} == {1007, 1009, 1010, 1011, 1012, 1013, 1014, 1107, 1109}
    assert all(":" not in s.local for s in four)
    assert all(":" in s.local for s in six)
    assert sorted(map(repr, four + six)) == sorted(map(repr, by_us(zoo)))


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(),
        Filter(states=("LISTEN",)),
        Filter(states=("ESTAB", "TIME-WAIT")),
        Filter(local_port=1101),
        Filter(remote_port=1101),
        Filter(local_port=0),
        Filter(local_port=65535),
        Filter(local="10.44.0.1"),
        Filter(local="10.44.0.0/30", remote="10.44.0.2"),
        Filter(remote="10.44.0.1/32", remote_port=1107),
        Filter(local="2001:db8:44::1"),
        Filter(local="2001:db8:44::/64", remote="2001:db8:44::2", local_port=1011, remote_port=2011),
        Filter(local="203.0.113.0/24", states=("UNCONN",)),
        Filter(remote="203.0.113.77"),
        Filter(local="0.0.0.0/0"),
        Filter(local="::/0"),
        Filter(local="::/128"),
        Filter(local="fe80::/10"),
        Filter(local="192.0.2.1"),
    ],
    ids=lambda wanted: ",".join("%s=%s" % (k, v) for k, v in vars(wanted).items() if v is not None) or "all",
)
def test_the_kernel_filters_as_python_would(zoo, wanted: Filter) -> None:
    import ipaddress

    def within(address: str | None, prefix: str | None) -> bool:
        if prefix is None:
            return True
        network = ipaddress.ip_network(prefix)
        unspecified = "0.0.0.0" if network.version == 4 else "::"
        parsed = ipaddress.ip_address(unspecified if address is None else address)
        return parsed.version == network.version and parsed in network

    expected = [
        s
        for s in by_us(zoo, protocols=("tcp", "udp"))
        if (wanted.states is None or s.state in wanted.states)
        and wanted.local_port in (None, s.local_port)
        and wanted.remote_port in (None, s.remote_port)
        and within(s.local, wanted.local)
        and within(s.remote, wanted.remote)
    ]
    found = by_us(zoo, protocols=("tcp", "udp"), wanted=wanted)
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    if wanted in (Filter(local_port=0), Filter(local_port=65535), Filter(local="192.0.2.1")):
        assert found == []
    else:
        assert found


def test_raw_sockets_are_shown_or_unseen(netns) -> None:
    """The kernel may lack raw_diag. Then its raw sockets are not known to be none."""
    namespace = netns()
    child = namespace.start(
        [
            sys.executable,
            "-c",
            "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 89); s.bind(('127.0.0.1', 0));"
            "print('ready', flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout.readline() == "ready\n"
    unseen: list[Unseen] = []
    found = by_us(namespace, protocols=("raw",), unseen=unseen)
    if unseen:
        assert found == []
        assert unseen == [Unseen("raw sockets", "the kernel has no module raw_diag")]
    else:
        assert [(s.protocol, s.local, s.local_port, s.remote) for s in found] == [("raw", "127.0.0.1", 89, None)]


def test_the_stream_is_lazy_and_can_be_left(zoo) -> None:
    before = len(os.listdir("/proc/self/fd"))
    stream = sessions.stream(zoo.name)
    assert next(stream).protocol == "tcp"
    assert len(os.listdir("/proc/self/fd")) == before + 1
    stream.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_namespace_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="nmt-absent"):
        list(sessions.stream("nmt-absent"))


def test_sockets_that_come_and_go_while_the_table_is_read(netns) -> None:
    """Those that stay are all seen, whatever happens beside them."""
    namespace = netns()
    child = namespace.start(
        [
            sys.executable,
            "-c",
            "import socket, sys, threading\n"
            "kept = []\n"
            "for port in range(3000):\n"
            "    kept.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)); kept[-1].bind(('127.0.0.1', 20000 + port))\n"
            "def churn():\n"
            "    while True:\n"
            "        for port in range(200):\n"
            "            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.2', 20000 + port)); s.close()\n"
            "threading.Thread(target=churn, daemon=True).start()\n"
            "print('ready', flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout.readline() == "ready\n"
    for _again in range(5):
        unseen: list[Unseen] = []
        found = by_us(namespace, protocols=("udp",), unseen=unseen)
        stayed = [s.local_port for s in found if s.local == "127.0.0.1"]
        assert sorted(set(stayed)) == list(range(20000, 23000))
        assert unseen == []


UNIFIED = next(
    (
        line.split()[4]
        for line in open("/proc/self/mountinfo", encoding="utf-8")  # noqa: SIM115
        if " - cgroup2 " in line
    ),
    None,
)
SOCKET_IN_CGROUP = """
import socket, sys
with open(sys.argv[1] + "/cgroup.procs", "w") as stream:
    stream.write("0")
held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
held.bind(("127.0.0.1", 5000))
print("ready", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def cgroup(path: pathlib.Path) -> t.Iterator[str]:
    made = [parent for parent in [path, *path.parents] if not parent.exists()]
    path.mkdir(parents=True)
    try:
        yield str(path)
    finally:
        for parent in made:
            parent.rmdir()


@pytest.mark.skipif(UNIFIED is None or not os.access(UNIFIED, os.W_OK), reason="there is no cgroup2 to write to")
@pytest.mark.parametrize(
    ("below", "unit"),
    [
        ("nmt-test.slice/nmt-test.service", "nmt-test.service"),
        ("nmt-test.slice/nmt-test.service/inner", "nmt-test.service"),
        ("nmt-test.slice/user@77.service/app.slice/x.service", "user@77.service/x.service"),
        ("nmt-test/none", None),
    ],
)
def test_the_unit_of_a_socket(netns, below: str, unit: str | None) -> None:
    namespace = netns()
    with cgroup(pathlib.Path(UNIFIED or "/", below)) as place:
        # nsenter, not "ip netns exec", which mounts a /sys of its own
        child = subprocess.Popen(
            ["nsenter", "--net=/run/netns/%s" % namespace.name, sys.executable, "-c", SOCKET_IN_CGROUP, place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            (found,) = by_us(namespace, protocols=("udp",))
            (joined,) = by_us(namespace, protocols=("udp",), processes=True)
            assert found.cgroup == os.stat(place).st_ino
        finally:
            child.communicate(timeout=20)
    assert found.unit == unit
    assert joined.unit == unit
    assert dataclasses.replace(joined, processes=()) == found
