# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole audit where it is hard: a large host, no privileges, a hidden /proc, tables that move, hostile names."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

HERE = pathlib.Path(__file__).resolve().parent
AUDITED = [sys.executable, str(HERE / "audited.py")]
HOLDER = """
import ctypes, json, resource, socket, sys
name, local, connected, count, kind = json.loads(sys.argv[1])
ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
held = []
for number in range(count):
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.bind((local, 20000 + number))
    if connected:
        opened.connect_ex((connected, 9))
    held.append(opened)
print("open", flush=True)
sys.stdin.read()
"""


def audited(argv: t.Sequence[str], *rest: str) -> dict[str, t.Any]:
    done = subprocess.run([*argv, *rest], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def audit(ns, **params: t.Any) -> dict[str, t.Any]:
    return audited(AUDITED, ns.name, json.dumps(params))["result"]


def hold(
    ns, name: str, local: str, connected: str | None = None, count: int = 1, protocol: str = "udp"
) -> subprocess.Popen:
    argv = [sys.executable, "-c", HOLDER, json.dumps([name, local, connected, count, protocol])]
    holder = ns.start(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == "open\n"
    return holder


def found(result: dict[str, t.Any], rule: str) -> list[dict[str, t.Any]]:
    return [finding for finding in result["findings"] if finding["rule"] == rule]


def inside(ns) -> list[str]:
    return ["nsenter", "--net=/run/netns/" + ns.name, *AUDITED]


def leave_a_stale_socket(ns, name: str = "gone") -> None:
    ns.sh("ip addr add 198.51.100.1/32 dev v0")
    hold(ns, name, "198.51.100.1", "192.0.2.1")
    ns.sh("ip addr del 198.51.100.1/32 dev v0")


@pytest.fixture
def host(netns):
    ns = netns()
    ns.sh(
        "ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; ip addr add 192.0.2.1/24 dev v0"
    )
    return ns


def test_a_large_host_costs_no_more_memory_than_an_empty_one(netns, host) -> None:
    """100,000 routes of several kinds, most of them findings, and 10,000 sockets, a third of them findings."""
    empty = audited(AUDITED, netns().name, "{}")
    host.sh("ip addr add 192.0.2.77/32 dev v0; ip addr add 198.51.100.1/32 dev v0")
    lines = []
    for number in range(100_000):
        prefix = "32.%d.%d.%d/32" % (number >> 16, number >> 8 & 255, number & 255)
        gateway = "192.0.2.%d" % (2 + number % 60)
        kinds = (
            "%s via %s table 100" % (prefix, gateway),
            "%s via %s src 192.0.2.77 table 101" % (prefix, gateway),
            "blackhole %s table 102 metric %d" % (prefix, number),
            "%s via %s" % (prefix, gateway),
        )
        lines.append("route add " + kinds[number % len(kinds)])
    host.batch("\n".join(lines) + "\n")
    hold(host, "gone", "198.51.100.1", "192.0.2.1", 3_000)
    hold(host, "there", "192.0.2.1", "192.0.2.1", 7_000)
    host.sh("ip addr del 192.0.2.77/32 dev v0; ip addr del 198.51.100.1/32 dev v0")
    large = audited(AUDITED, host.name, "{}")
    result = large["result"]
    assert result["snapshot"]["counts"]["routes"] >= 100_000
    assert result["snapshot"]["counts"]["sessions"] >= 10_000
    assert [finding["count"] for finding in found(result, "RC101")] == [3_000]
    assert [finding["count"] for finding in found(result, "RC201")] == [25_000]
    assert {finding["object"]["selector"]["table"] for finding in found(result, "RC204")} == {100, 101, 102}
    assert sum(finding["count"] for finding in found(result, "RC204")) == 75_000
    assert len(json.dumps(result)) < 1 << 20
    assert large["peak_kib"] - empty["peak_kib"] < 64 << 10


def test_without_root_it_says_what_it_could_not_see(host) -> None:
    leave_a_stale_socket(host)
    result = audited(inside(host), "-", "{}", "nobody")["result"]
    (finding,) = found(result, "RC101")
    assert finding["owner"] is None or finding["owner"]["process"] is None
    assert any("process" in item["what"] for item in result["unseen"]), result["unseen"]
    assert found(audit(host), "RC101")[0]["owner"]["process"]["name"] == "gone"


def test_proc_is_hidden(host) -> None:
    leave_a_stale_socket(host)
    private = ["unshare", "--mount", "--propagation=private"]
    result = audited([*private, *inside(host)], "-", "{}", "nobody", "hidepid")["result"]
    assert len(found(result, "RC101")) == 1
    assert any("process" in item["what"] for item in result["unseen"]), result["unseen"]


def test_tables_that_move_while_they_are_read(host) -> None:
    """Nothing fails, what stays put is found, and what comes and goes is not believed to be there."""
    host.batch("".join("route add 32.0.%d.%d/32 dev v0 table 100\n" % divmod(n, 256) for n in range(20_000)))
    churn = """
for round in $(seq 200); do
  ip route add blackhole 203.0.113.0/24 table 100; ip rule add pref 500 lookup 9; ip addr add 192.0.2.9/32 dev v1
  ip route del blackhole 203.0.113.0/24 table 100; ip rule del pref 500; ip addr del 192.0.2.9/32 dev v1
done"""
    churner = host.start(["sh", "-c", churn])
    for _round in range(3):
        result = audit(host)
        assert 20_000 <= sum(f["count"] for f in found(result, "RC204")) <= 20_001
        assert set(result["unsteady"]) <= {"routes", "rules", "addresses", "links"}
    churner.kill()


@pytest.mark.parametrize("name", ["a$(reboot)", "<b>&'\"", "-rf;x", "\u202etxt.exe"])
def test_hostile_interface_names(netns, name) -> None:
    ns = netns()
    subprocess.run(["ip", "-n", ns.name, "link", "add", "name", name, "type", "veth", "peer", "name", "p"], check=True)
    ns.sh("ip link set p up")
    subprocess.run(["ip", "-n", ns.name, "addr", "add", "192.0.2.1/24", "dev", name], check=True)
    (finding,) = found(audit(ns), "RC401")
    assert finding["object"]["selector"]["interface"] == name
    for command in [item["command"] for item in finding["evidence"]] + [step["command"] for step in finding["remedy"]]:
        if name in command:
            assert "'" in command, command
    for item in finding["evidence"]:  # the commands that are shown do what they say, and nothing else
        done = subprocess.run(["sh", "-c", item["command"]], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (item["command"], done.stderr)


def test_hostile_process_names(host) -> None:
    leave_a_stale_socket(host, "\x1b[31m\n<b>x")
    (finding,) = found(audit(host), "RC101")
    text = json.dumps(finding, ensure_ascii=False)
    assert "\x1b" not in text and "\n" not in finding["cause"]
    assert "<b>x" in finding["owner"]["process"]["name"]


def test_an_audit_changes_nothing(host) -> None:
    host.sh("ip route add blackhole 203.0.113.0/24 table 100; ip rule add pref 500 lookup 9")
    # IPv6 addresses settle by themselves: that is not the audit's doing.
    host.until("! ip -6 addr show tentative | grep -q .")
    before = host.sh("ip -d addr; ip -d rule; ip -6 rule; ip route show table all; ip -6 route show table all")
    audit(host)
    assert host.sh("ip -d addr; ip -d rule; ip -6 rule; ip route show table all; ip -6 route show table all") == before


@pytest.mark.skipif(os.geteuid() != 0, reason="reads the host's own tables as root sees them")
def test_this_very_host() -> None:
    result = audited(AUDITED, "-", "{}")["result"]
    assert result["snapshot"]["counts"]["links"] >= 1
    assert result["summary"]["total"] == len(result["findings"])
