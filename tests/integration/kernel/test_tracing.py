# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""strace on a live process: what it tells, and that the process goes on, whoever dies."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import tracing

GONE, PEERS = "198.51.100.1", ["203.0.113.5", "203.0.113.6"]
SENDER = """
import contextlib, ctypes, os, socket, struct, sys, threading, time
ctypes.CDLL(None).prctl(15, b"liveness", 0, 0, 0)
pause = float(sys.argv[1])
wild = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
wild.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
wild.bind(("0.0.0.0", 44880))
info = struct.pack("@I4s4s", socket.if_nametoindex("v0"), socket.inet_aton(%r), bytes(4))
def send(to):
    while True:
        with contextlib.suppress(OSError):
            wild.sendmsg([b"secret"], [(socket.IPPROTO_IP, 8, info)], 0, (to, 44880))
        time.sleep(pause)
for to in %r:
    threading.Thread(target=send, args=(to,), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
""" % (GONE, PEERS)


def status(pid: int, field: str) -> str:
    text = pathlib.Path("/proc/%d/status" % pid).read_text(encoding="utf-8")
    return text.partition(field + ":")[2].split()[0]


def wait_for(what, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def threads(pid: int) -> list[int]:
    return [int(name) for name in os.listdir("/proc/%d/task" % pid)]


def is_free(pid: int) -> bool:
    """Is no thread of it traced or stopped?"""
    return all(status(thread, "TracerPid") == "0" and status(thread, "State") not in "Tt" for thread in threads(pid))


def is_traced(pid: int) -> bool:
    return all(status(thread, "TracerPid") != "0" for thread in threads(pid))


def sends(ns) -> int:
    text = ns.sh("cat /proc/net/snmp")
    return int([line for line in text.splitlines() if line.startswith("Ip:")][1].split()[12])


@pytest.fixture
def live(netns):
    """A process in a namespace that sends from an address that is gone: its pid, and the namespace."""
    ns = netns()
    ns.sh("ip link add v0 type veth peer name v1; ip link set v0 up; ip addr add 192.0.2.1/24 dev v0")

    def start(pause: float = 0.05):
        argv = ["nsenter", "--net=/run/netns/" + ns.name, sys.executable, "-c", SENDER, str(pause)]
        child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(child)
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        return child.pid, ns

    started: list[subprocess.Popen[str]] = []
    yield start
    for child in started:
        child.kill()
        child.wait(timeout=20)


def test_a_live_process_as_seen_from_another_namespace(live) -> None:
    pid, _ns = live()
    unseen: list = []
    events = list(tracing.trace(pid, 2.0, unseen))
    assert unseen == []
    assert {(e.pid, e.program, e.error, e.local_addr, e.local_port, e.remote_port, e.interface) for e in events} == {
        (pid, "liveness", "ENETUNREACH", GONE, 44880, 44880, "v0")
    }, "strace asks the process's own namespace for names and ports"
    assert {event.remote_addr for event in events} == set(PEERS)
    assert all(event.source.kind == "strace" and "secret" not in event.text for event in events)
    times = [event.last or 0.0 for event in events]
    assert abs(times[-1] - time.time()) < 10 and times[-1] > times[0]
    assert events[0].command.startswith("timeout 2 strace -f -yy -ttt -s 0 ") and events[0].command.endswith(
        "-p %d" % pid
    )
    assert is_free(pid)


def test_it_goes_on_after_a_trace_that_is_not_read_to_its_end(live) -> None:
    pid, ns = live()
    events = tracing.trace(pid, 60.0, [])
    next(events)
    assert is_traced(pid)
    events.close()
    assert is_free(pid)
    before = sends(ns)
    wait_for(lambda: sends(ns) > before)


def test_a_busy_process_is_let_go_at_the_bound(live) -> None:
    pid, _ns = live(0.0)
    unseen: list = []
    assert list(tracing.trace(pid, 60.0, unseen, most_bytes=100_000))
    assert [item.why for item in unseen] == ["only the first part of what strace printed was read: it sends too much"]
    assert is_free(pid)


TRACER = """
import sys
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import tracing
for event in tracing.trace(int(sys.argv[1]), 120.0, []):
    print(event.error, flush=True)
"""


@pytest.mark.parametrize("quiet", [False, True])
def test_who_traces_is_killed(live, quiet) -> None:
    """A process that sends nothing would never let strace notice that nobody reads any more."""
    pid, _ns = live(3600.0 if quiet else 0.05)
    tracer = subprocess.Popen([sys.executable, "-c", TRACER, str(pid)], stdout=subprocess.PIPE)
    try:
        wait_for(lambda: is_traced(pid))
    finally:
        tracer.kill()
        tracer.communicate(timeout=20)
    wait_for(lambda: is_free(pid))


def test_strace_itself_is_killed(live) -> None:
    pid, ns = live()
    unseen: list = []
    events = tracing.trace(pid, 60.0, unseen)
    next(events)
    os.kill(int(status(pid, "TracerPid")), signal.SIGKILL)
    list(events)
    assert is_free(pid)
    before = sends(ns)
    wait_for(lambda: sends(ns) > before)


def test_a_stopped_process_stays_stopped(live) -> None:
    pid, _ns = live()
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: status(pid, "State") == "T")
    assert list(tracing.trace(pid, 1.0, [])) == []
    assert status(pid, "State") == "T" and status(pid, "TracerPid") == "0"


def test_a_process_that_ends_meanwhile(live) -> None:
    pid, _ns = live()
    events = tracing.trace(pid, 60.0, unseen := [])
    next(events)
    os.kill(pid, signal.SIGKILL)
    list(events)
    assert unseen == []


def test_what_cannot_be_traced_is_unseen(live, monkeypatch) -> None:
    pid, _ns = live()
    unseen: list = []

    def why(pid: int) -> str:
        unseen.clear()
        assert list(tracing.trace(pid, 1.0, unseen)) == []
        (item,) = unseen
        assert item.what == "sends of process %d" % pid
        return item.why

    ended = subprocess.Popen(["true"])
    ended.wait()
    assert why(ended.pid) == "there is no such process, or /proc does not show it to this user"
    assert why(os.getpid()) == "it is this very process"
    other = subprocess.Popen(["strace", "-p", str(pid), "-o", "/dev/null", "-f"], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: is_traced(pid))
        assert why(pid) == "it is traced already, by strace (pid %d)" % other.pid
    finally:
        other.terminate()
        other.wait(timeout=20)
    nobody = [sys.executable, "-c", NOBODY, str(pid)]
    assert "Operation not permitted" in subprocess.run(nobody, capture_output=True, text=True, check=True).stdout
    monkeypatch.setenv("PATH", "/nowhere")
    assert why(pid) == "there is no strace on this host"


NOBODY = """
import os, sys
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import tracing
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
unseen = []
assert list(tracing.trace(int(sys.argv[1]), 1.0, unseen)) == []
print(*[item.why for item in unseen])
"""
UNIFIED = next(
    (
        line.split()[4]
        for line in open("/proc/self/mountinfo", encoding="utf-8")  # noqa: SIM115
        if " - cgroup2 " in line
    ),
    None,
)


@pytest.mark.skipif(UNIFIED is None or not os.access(UNIFIED, os.W_OK), reason="there is no cgroup2 to write to")
def test_all_processes_of_a_unit(live) -> None:
    place = pathlib.Path(UNIFIED or "/", "nmt-traced.service")
    place.mkdir()
    moved: list[int] = []
    try:
        for _each in range(2):
            pid, _ns = live()
            (place / "cgroup.procs").write_text(str(pid))
            moved.append(pid)
        assert tracing.processes_of("nmt-traced.service") == sorted(moved)
        unseen: list = []
        events = list(tracing.trace_unit("nmt-traced.service", 2.0, unseen))
        assert unseen == []
        assert {(event.pid, event.unit, event.source.unit) for event in events} == {
            (pid, "nmt-traced.service", "nmt-traced.service") for pid in moved
        }
        assert all(is_free(pid) for pid in moved)
    finally:
        for pid in moved:
            (place.parent / "cgroup.procs").write_text(str(pid))
        place.rmdir()
    assert list(tracing.trace_unit("nmt-traced.service", 1.0, unseen := [])) == []
    assert [item.why for item in unseen] == ["no process runs in it; see 'systemctl status nmt-traced.service'"]
