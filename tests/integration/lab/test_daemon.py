# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does the lab's daemon behave as the real one did in the incident?"""

from __future__ import annotations

import json
import re
import subprocess
import time

import pytest
from doublezerod import WARN_EVERY
from hosts import ALLOCATED, HOSTS, PEERS
from lab_runs import host_named
from namespaces import enter, show
from place import Place

VPN = host_named("vpn1")
FIXED = host_named("vpn2")
STALE = {"interface: doublezero0, localIP: %s, peerIP: %s" % (ALLOCATED, peer) for peer in PEERS}
_UNREACHABLE = (
    r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d vpn1 doublezerod\[%d\]: "
    r'\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z","level":"WARN",'
    r'"msg":"liveness\.scheduler: error writing UDP packet",'
    r'"error":"write udp 0\.0\.0\.0:44880->(?P<peer>[\d.]+):44880: sendmsg: network is unreachable",'
    r'"peer":"interface: doublezero0, localIP: 209\.245\.225\.161, peerIP: (?P=peer)"\}'
)


def seconds(text: str) -> float:
    """Of the day, of an RFC 3339 time."""
    hours, minutes, rest = text[11:-1].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_the_log_has_the_lines_of_the_incident(lab: Place) -> None:
    pid = lab.program(VPN, "doublezerod").pid
    peers = set()
    for line in lab.log(VPN).read_text().splitlines():
        found = re.fullmatch(_UNREACHABLE % pid, line)
        if found:
            peers.add(found.group("peer"))
    assert peers == set(PEERS)


def test_while_there_was_no_link_the_error_was_another_one(lab: Place) -> None:
    assert lab.control(VPN).errors()[0]["error"] == "route ip+net: no such network interface"


def test_one_line_in_five_seconds_for_all_sessions_together(lab: Place) -> None:
    errors = lab.control(VPN).errors()
    times = [seconds(error["time"]) for error in errors]
    gaps = [(after - before) % 86400 for before, after in zip(times, times[1:])]
    assert {error["peer"] for error in errors} == STALE
    assert len(gaps) >= 2 and min(gaps) > WARN_EVERY - 0.1


def test_one_socket_sends_for_all_sessions(lab: Place) -> None:
    out = subprocess.run(
        [*enter(lab.netns("vpn1")), "ss", "-unapH"], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    assert len(out.splitlines()) == 1
    assert "0.0.0.0:44880" in out and '"doublezerod"' in out


def test_the_healthy_session_is_beside_the_stale_ones(lab: Place) -> None:
    assert ALLOCATED not in show(lab.netns("vpn1"), "address show")
    routes = lab.control(VPN).get("/routes")
    assert {(route["local_ip"], route["peer_ip"]) for route in routes} == {(VPN.address, peer) for peer in PEERS}
    assert {(route["liveness_state"], route["kernel_state"]) for route in routes} == {("up", "present")}
    for peer in PEERS:
        route = show(lab.netns("vpn1"), "route show %s" % peer)
        assert "via 169.254.11.0 dev doublezero0 proto bgp src %s" % VPN.address in route


def test_the_api_does_not_show_what_is_stale(lab: Place) -> None:
    control = lab.control(VPN)
    said = json.dumps([control.get("/status"), control.get("/v2/status"), control.get("/routes")])
    assert VPN.address in said
    assert ALLOCATED not in said


def test_the_status_has_the_fields_of_the_real_one(lab: Place) -> None:
    (status,) = lab.control(VPN).get("/status")
    assert set(status) == {
        "tunnel_name", "tunnel_src", "tunnel_dst", "doublezero_ip", "doublezero_status", "user_type",
    }  # fmt: skip
    assert (status["tunnel_name"], status["doublezero_ip"], status["user_type"]) == ("doublezero0", VPN.address, "IBRL")
    assert set(lab.control(VPN).get("/v2/status")) == {"reconciler_enabled", "client_ip", "network", "services"}


def test_the_repaired_daemon_has_nothing_to_complain_of(lab: Place) -> None:
    log = lab.log(FIXED).read_text()
    assert '"msg":"removed"' in log and '"user_type":"IBRL"' in log
    assert lab.control(FIXED).errors() == []
    assert lab.control(FIXED).all_up(PEERS)


def test_the_far_ends_see_their_sessions_to_the_old_address_go_down(lab: Place) -> None:
    for host in HOSTS:
        if host.vpn is not None and host.vpn.far:
            states = {route["peer_ip"]: route["liveness_state"] for route in lab.control(host).get("/routes")}
            assert (states[ALLOCATED], states[VPN.address]) == ("down", "up")


def test_the_liar_writes_in_the_name_of_a_daemon_that_is_well(lab: Place) -> None:
    host = host_named("vpn3")
    pid = lab.program(host, "doublezerod").pid
    lines = [line for line in lab.log(host).read_text().splitlines() if "sendmsg: network is unreachable" in line]
    assert len(lines) >= 5
    assert all("doublezerod[%d]: " % pid in line for line in lines)
    assert lab.control(host).all_up(PEERS)


def test_unknown_requests_are_refused(lab: Place) -> None:
    control = lab.control(FIXED)
    with pytest.raises(Exception, match="is not served here"):
        control.get("/nothing")
    with pytest.raises(Exception, match="is there already"):
        control.post("/provision", {"user_type": "IBRL"})
    assert control.all_up(PEERS)


def test_strace_shows_what_the_report_of_the_incident_showed(lab: Place) -> None:
    """sendmsg with the allocated address as the source fails with ENETUNREACH; that of the healthy session succeeds."""
    pid = lab.program(VPN, "doublezerod").pid
    argv = ["strace", "-e", "trace=sendmsg", "-e", "abbrev=none", "-p", str(pid)]
    tracer = subprocess.Popen([*enter(lab.netns("vpn1")), *argv], stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(6)  # the stale sessions send at least every 2.7 seconds
    finally:
        tracer.terminate()
        said = tracer.communicate(timeout=30)[1]
    pktinfo = (
        r"sendmsg\(\d+, \{.*sin_port=htons\(44880\), sin_addr=inet_addr\(\"(?P<peer>[\d.]+)\"\).*"
        r"cmsg_level=SOL_IP, cmsg_type=IP_PKTINFO, cmsg_data=\{ipi_ifindex=if_nametoindex\(\"doublezero0\"\), "
        r"ipi_spec_dst=inet_addr\(\"(?P<source>[\d.]+)\"\), .*= (?P<result>40|-1 ENETUNREACH)"
    )
    found = {(item["source"], item["peer"], item["result"]) for item in re.finditer(pktinfo, said)}
    stale = {(ALLOCATED, peer, "-1 ENETUNREACH") for peer in PEERS}
    healthy = {(VPN.address, peer, "40") for peer in PEERS}
    assert found == stale | healthy, said[-3000:]
