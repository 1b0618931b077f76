# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Witnesses of live processes in an audit: what a log and strace tell together, and what a log that lies cannot do."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import audit, request
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.owners import profile
from ansible_collections.netmend.reclaim.tests.integration.kernel.test_audit import AUDITED, audited, found
from ansible_collections.netmend.reclaim.tests.integration.kernel.test_plan import ANYTHING

PROFILE = yaml.safe_load(
    (pathlib.Path(profile.__file__).parent / "profiles" / "doublezerod.yml").read_text(encoding="utf-8")
)
GONE, PEERS = "198.51.100.1", ("192.0.2.9", "203.0.113.5")
DAEMON = """
import contextlib, ctypes, json, os, socket, struct, sys, time
name, source, link, peers, log = json.loads(sys.argv[1])
ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)
wild = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
wild.bind(("0.0.0.0", 44880))
print("ready", flush=True)
while True:
    info = struct.pack("@I4s4s", socket.if_nametoindex(link), socket.inet_aton(source), bytes(4))
    for peer in peers:
        try:
            wild.sendmsg([b"hello"], [(socket.IPPROTO_IP, 8, info)], 0, (peer, 44880))
        except OSError as exc:
            if log:
                now = time.time()
                message = {"time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + "Z", "level": "WARN",
                    "msg": "liveness.scheduler: error writing UDP packet",
                    "error": "write udp 0.0.0.0:44880->%s:44880: sendmsg: %s" % (peer, exc.strerror.lower()),
                    "peer": "interface: %s, localIP: %s, peerIP: %s" % (link, source, peer)}
                with open(log, "a") as stream:
                    stamp = time.strftime("%b %e %H:%M:%S", time.localtime(now))
                    stream.write("%s host %s[%d]: %s\\n" % (stamp, name, os.getpid(), json.dumps(message)))
    time.sleep(0.2)
"""


@pytest.fixture
def host(netns):
    """A host with a tunnel, a default route, and an address that a daemon will miss."""
    ns = netns()
    ns.sh(
        "ip link add doublezero0 type veth peer name far; ip link set doublezero0 up; ip link set far up; "
        "ip addr add 192.0.2.1/24 dev doublezero0; ip route add default via 192.0.2.254"
    )
    return ns


def start(ns, name: str, source: str, log: str | None = None, peers: t.Sequence[str] = PEERS) -> int:
    argv = ["nsenter", "--net=/run/netns/" + ns.name, sys.executable, "-c", DAEMON]
    argv.append(json.dumps([name, source, "doublezero0", list(peers), log]))
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    ns._children.append(child)  # ended with the namespace
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    return child.pid


def look(ns, **params: t.Any) -> dict[str, t.Any]:
    with Kernel(ns.name) as kernel:
        return audit(kernel, request({"owners": [PROFILE], **params}))


def test_log_and_strace_of_a_live_daemon_are_one_finding(host, tmp_path) -> None:
    """In two seconds neither could show by itself that it lasts: together they can."""
    log = tmp_path / "doublezerod.log"
    pid = start(host, "doublezerod", GONE, str(log))
    asked = {"logs": [str(log)], "strace": {"pid": pid, "seconds": 2}}
    result = look(host, **asked)
    (finding,) = found(result, "RC102")
    assert found(result, "RC105") == []
    assert finding["object"]["selector"] == {"owner": "doublezerod", "interface": "doublezero0", "local": GONE}
    assert finding["details"]["cause"] == "source-not-local"
    assert finding["details"]["peers"] == list(PEERS)
    assert finding["owner"]["process"]["pid"] == pid and finding["owner"]["alive"]
    assert "Adding a route will not help" in finding["advice"]
    assert [step["op"] for step in finding["remedy"]] == ["owner.restart"]
    sources = [item["source"] for item in finding["evidence"]]
    assert {source.partition(" ")[0] for source in sources} >= {"log", "strace", "kernel"}
    assert look(host, strace=asked["strace"])["summary"]["by_rule"].get("RC102") is None, "one witness, two seconds"
    host.sh("ip addr add %s/32 dev doublezero0" % GONE)
    assert found(look(host, **asked), "RC102") == [], "the address is back: the kernel does not confirm what was told"


def test_strace_alone_shows_what_lasts(host) -> None:
    """A program that nobody knows: who, from where, to where, and why the kernel refuses it."""
    pid = start(host, "anything", GONE)
    result = look(host, strace={"pid": pid, "seconds": 12}, counters={"seconds": 12})
    by_cause = {finding["details"]["cause"]: finding for finding in found(result, "RC105")}
    assert set(by_cause) == {"source-not-local", "counter-rising"}
    finding = by_cause["source-not-local"]
    assert finding["object"]["selector"]["program"] == "anything"
    assert finding["object"]["selector"]["local"] == GONE
    assert (sorted(finding["samples"]), finding["remedy"]) == (sorted(PEERS), [])
    assert finding["details"]["errors"] > 20
    assert by_cause["counter-rising"]["object"]["selector"] == {"counter": "Ip OutNoRoutes"}
    assert by_cause["counter-rising"]["confidence"] == "proven"


def test_what_lives_elsewhere_is_not_told_here(host, netns, tmp_path) -> None:
    log = tmp_path / "anything.log"
    pid = start(host, "anything", GONE, str(log))
    other = netns()
    result = look(other, logs=[str(log)], strace={"pid": pid, "seconds": 300}, counters={"seconds": 1})
    assert result["findings"] == []
    why = "it lives in another network namespace than the audited one"
    assert {"what": "sends of process %d" % pid, "why": why} in result["unseen"]


def lies(pid: int, healthy: t.Sequence[str]) -> t.Iterator[str]:
    """Lines that claim errors for what is healthy: of the owner itself, and in the words of other programs."""
    stamp = subprocess.run(["date", "+%b %e %H:%M:%S"], capture_output=True, text=True, check=True).stdout.strip()
    told = subprocess.run(
        ["date", "-u", "+%Y-%m-%dT%H:%M:%S"], capture_output=True, text=True, check=True
    ).stdout.strip()
    for number in range(100_000):
        peer = "192.0.2.%d" % (2 + number % 200) if number % 3 else "203.0.%d.%d" % (number >> 8 & 255, number & 255)
        local = healthy[number % len(healthy)]
        error = "write udp %s:%d->%s:44880: sendmsg: network is unreachable" % (local, 1024 + number % 60000, peer)
        message = {
            "time": told + ".%06dZ" % number,
            "level": "WARN",
            "msg": "liveness.scheduler: error writing UDP packet",
            "error": error,
            "peer": "interface: doublezero0, localIP: %s, peerIP: %s" % (local, peer),
        }
        if number % 2:
            yield "%s host doublezerod[%d]: %s" % (stamp, pid, json.dumps(message))
        else:
            yield "%s host liar%d[%d]: %s" % (stamp, number % 700, number % 30000 + 1, error)


def test_a_log_that_lies_changes_nothing(host, tmp_path) -> None:
    """100,000 lines about addresses that are there; the same plan as without them, and hardly more memory."""
    host.sh(
        """
        ip link add s0 type veth peer name s1; ip link set s0 up; ip link set s1 up; ip addr add 198.18.1.1/24 dev s0
        ip addr add 192.0.2.2/32 dev s0; ip rule add pref 300 to 198.18.0.0/24 lookup 777
        ip route add 198.18.0.0/25 via 198.18.1.2 src 192.0.2.2 table 777
        ip route add 198.18.0.128/25 via 192.0.2.254 src 192.0.2.2 table 778
        ip addr del 192.0.2.2/32 dev s0
        ip addr add 192.0.2.77/32 dev far; ip route add local 192.0.2.78 dev lo
        """
    )
    pid = start(host, "doublezerod", "192.0.2.1", peers=["192.0.2.9"])
    log = tmp_path / "liar.log"
    log.write_text("\n".join(lies(pid, ["192.0.2.1", "192.0.2.77", "192.0.2.78"])) + "\n", encoding="utf-8")
    asked = {"owners": [PROFILE], "plan": True, "confirm_after": 1, **ANYTHING}
    quiet = audited(AUDITED, host.name, json.dumps(asked))
    told = audited(AUDITED, host.name, json.dumps(dict(asked, logs=[str(log)])))

    def seen(answer: dict[str, t.Any]) -> list[tuple[str, str]]:
        return [(finding["rule"], finding["fingerprint"]) for finding in answer["result"]["findings"]]

    assert seen(told) == seen(quiet)
    assert [rule for rule, _print in seen(told)].count("RC201") == 2, "there is something to plan"
    assert told["result"]["plan"]["steps"] == quiet["result"]["plan"]["steps"] != []
    assert told["result"]["plan"]["withheld"] == quiet["result"]["plan"]["withheld"] != [], "the daemon's own route"
    assert told["peak_kib"] - quiet["peak_kib"] < 64 << 10
