# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resolvers and what is declared, in namespaces: one query to each, and one of the seeds' causes made for real."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.asking_names import asked
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.resolvers import resolvers
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Resolver
from ansible_collections.netmend.reclaim.tests.integration.kernel.test_audit import audit

SERVER = """
import socket, sys
opened = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
opened.bind((sys.argv[1], int(sys.argv[2])))
print("open", flush=True)
while True:
    query, peer = opened.recvfrom(512)
    # Stray answers first: only the response to the very query counts.
    opened.sendto(b"short", peer)
    opened.sendto(bytes([query[0] ^ 1]) + query[1:2] + bytes([0x80 | query[2]]) + query[3:], peer)
    if sys.argv[3] == "answer":
        opened.sendto(query[:2] + bytes([0x80 | query[2], 5]) + query[4:], peer)
"""


def serve(ns, address: str, port: int = 53, how: str = "answer") -> None:
    server = ns.start([sys.executable, "-c", SERVER, address, str(port), how], stdout=subprocess.PIPE)
    assert server.stdout.readline() == "open\n"


@pytest.fixture
def host(netns):
    ns, peer = netns(), netns()
    ns.sh("ip link add va type veth peer name vb netns %s" % peer.name)
    ns.sh("ip link set va up; ip addr add 192.0.2.1/24 dev va; ip addr add 2001:db8::1/64 dev va nodad")
    peer.sh("ip link set vb up; ip addr add 192.0.2.53/24 dev vb; ip addr add 192.0.2.54/24 dev vb")
    peer.sh("ip addr add 2001:db8::53/64 dev vb nodad; ip route add default via 192.0.2.1")
    ns.peer = peer
    return ns


def test_one_query_tells_who_answers(host) -> None:
    serve(host.peer, "192.0.2.53")
    serve(host.peer, "2001:db8::53", 5353)
    serve(host.peer, "192.0.2.54", how="silent")
    servers = [
        Resolver("192.0.2.53"),
        Resolver("2001:db8::53", "va", 5353),
        Resolver("192.0.2.54"),
        Resolver("192.0.2.53", port=54),
        Resolver("198.51.100.53"),
        Resolver("192.0.2.53", "gone"),
    ]
    outcomes = [(item.answered, item.refusal) for item in asked(servers, host.name)]
    assert outcomes[:3] == [(True, None), (True, None), (False, None)]
    assert outcomes[3:5] == [(False, "ECONNREFUSED"), (False, "ENETUNREACH")]
    assert outcomes[5][0] is False


def rules(result) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in result["findings"]:
        found.setdefault(finding["rule"], set()).add(finding["details"]["cause"])
    return found


def test_healthy_as_declared(host, resolv_conf) -> None:
    resolv_conf("nameserver 192.0.2.53\n")
    serve(host.peer, "192.0.2.53")
    host.sh("ip route add default via 192.0.2.53")
    intent = {
        "addresses": [{"address": "192.0.2.1/24", "interface": "va"}],
        "routes": [{"dst": "default", "gateway": "192.0.2.53"}],
        "resolvers": ["192.0.2.53"],
    }
    result = audit(host, intent=intent, resolver_query=True, firewall=False)
    assert not set(rules(result)) & {"RC207", "RC209", "RC407", "RC601", "RC602"}


def test_wrong_prefix_gateway_and_dns_are_told_apart(host, resolv_conf) -> None:
    """The fifth of the seeds' causes: each part of a wrong configuration by the rule whose it is."""
    intent = {
        "addresses": [{"address": "192.0.2.1/24", "interface": "va"}],
        "routes": [{"dst": "default", "gateway": "192.0.2.53"}],
        "resolvers": ["192.0.2.53"],
    }
    resolv_conf("nameserver 198.51.100.53\n")
    # The prefix is too long now, so the gateway of a route that was made before is off the subnet.
    host.sh("ip addr add 203.0.113.1/24 dev va; ip route add default via 192.0.2.254")
    host.sh("ip addr del 192.0.2.1/24 dev va; ip addr add 192.0.2.1/28 dev va")
    found = rules(audit(host, intent=intent, firewall=False))
    assert found["RC602"] == {"address-differs", "resolver-missing", "resolver-undeclared"}
    assert found["RC209"] == {"route-differs"}
    assert found["RC407"] == {"gateway-off-subnet"}
    # No default route: the DNS server of the other network cannot be asked.
    host.sh("ip route del default")
    found = rules(audit(host, intent=intent, firewall=False))
    assert found["RC601"] == {"no-route"} and found["RC209"] == {"route-missing"}


def test_the_namespaces_own_file_is_found_from_inside_too(host, resolv_conf) -> None:
    with host.entered():
        before = resolvers(None, [])
    assert before is None  # the host's own file is not written for it
    resolv_conf("nameserver 192.0.2.53\n")
    with host.entered():
        (inside,) = resolvers(None, [])
    assert (inside,) == resolvers(host.name, [])
    assert inside.address == "192.0.2.53"
    holder = host.start(["sh", "-c", "echo open; cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == "open\n"
    (by_pid,) = resolvers(holder.pid, [])
    assert by_pid.address == "192.0.2.53"


def test_a_process_with_a_file_of_its_own(netns) -> None:
    """A container: its mounts are its own, and its namespace has no name."""
    ns = netns()
    script = "mount -t tmpfs none /mnt; echo nameserver 192.0.2.53 >/mnt/x; mount --bind /mnt/x /etc/resolv.conf; echo open; cat"
    for own, expected in ((script, ["192.0.2.53"]), ("echo open; cat", None)):
        argv = ["unshare", "--net", "--mount", "sh", "-ec", own]
        holder = ns.start(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert holder.stdout.readline() == "open\n"
        found = resolvers(holder.pid, [])
        assert (found and [item.address for item in found]) == expected
