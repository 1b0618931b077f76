# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The VPN of the lab, and the incident: connect with an allocated address, disconnect, connect without it."""

from __future__ import annotations

import datetime
import sys

import namespaces
from control import Control
from hosts import GATEWAY, HOSTS
from making import start_app
from place import HERE, Place, say, until
from table import Host, Vpn

MAX_BACKOFF = 2.4
"""Seconds that the lab's daemons back off to; the real one's minute would make the incident take minutes to show. Half of
the five seconds between two lines of the log, so that the lines are of one session and then of another."""
ERRORS, STRETCH = 3, 11.0
"""How often, and over how many seconds, stale sessions must have been heard of: once at teardown is normal."""


def play(place: Place) -> None:
    hosts = [host for host in HOSTS if host.vpn is not None]
    for host in hosts:
        _start(place, host)
        _connect(place, host, allocated=True)
    for host in hosts:
        _await_sessions(place, host)
        _start_liar(place, host)
    again = [host for host in hosts if _vpn(host).reconnects]
    for host in again:
        place.control(host).post("/remove", {})
    for host in again:
        _await_errors(place, host, 1, 0.0, peers=0)
        _connect(place, host, allocated=False)
    for host in again:
        _await_sessions(place, host)
    for host in again:
        _await_errors(place, host, ERRORS, STRETCH, peers=len(_vpn(host).peers))


def restart(place: Place, host: Host) -> None:
    """Restart the host's daemon. It connects as it was connected last."""
    place.program(host, "doublezerod").stop()
    _start(place, host)
    _connect(place, host, allocated=not _vpn(host).reconnects)
    _await_sessions(place, host)


def _start(place: Place, host: Host) -> None:
    argv = [sys.executable, str(HERE / "doublezerod.py"), "--run", str(place.run(host)), "--hostname", host.name]
    argv += ["--client-ip", host.address, "--device", place.device, "--far", "dz-" + host.name]
    argv += ["--max-backoff", str(MAX_BACKOFF)] + (["--fixed"] if _vpn(host).fixed else [])
    program = place.program(host, "doublezerod")
    program.start(namespaces.enter(place.netns(host.name)) + argv, place.control(host).answers)


def _connect(place: Place, host: Host, allocated: bool) -> None:
    vpn = _vpn(host)
    body = {
        "user_type": "IBRLWithAllocatedIP" if allocated else "IBRL",
        "tunnel_src": host.address,
        "tunnel_dst": GATEWAY,
        "tunnel_net": "169.254.%d.0/31" % host.number,
        "doublezero_ip": vpn.allocated if allocated else host.address,
        "peers": vpn.peers,
    }
    place.control(host).post("/provision", body)


def _await_sessions(place: Place, host: Host) -> None:
    """A far end knows more peers than there are at any time."""
    control, vpn = place.control(host), _vpn(host)
    if not vpn.far:
        until("the sessions of %s are up" % host.name, lambda: control.all_up(vpn.peers))


def _await_errors(place: Place, host: Host, count: int, stretch: float, peers: int) -> None:
    """Until the log of an unrepaired daemon tells of so many failed writes, over so long, to so many peers."""
    control = place.control(host)
    if _vpn(host).fixed:
        return
    if stretch:
        say("waiting for the stale sessions of %s to be heard of" % host.name)
    what = "the log of %s tells of %d failed writes to %d peers" % (host.name, count, peers)
    until(what, lambda: _heard(control, count, stretch, peers))


def _heard(control: Control, count: int, stretch: float, peers: int) -> bool:
    errors = control.errors()
    named = {error["peer"] for error in errors if "network is unreachable" in error["error"]}
    times = [datetime.datetime.fromisoformat(error["time"][:19]) for error in errors]
    seconds = (times[-1] - times[0]).total_seconds() if times else 0.0
    return len(errors) >= count and seconds >= stretch and len(named) >= peers


def _start_liar(place: Place, host: Host) -> None:
    """Where the host has one."""
    vpn = _vpn(host)
    if vpn.lie is not None:
        words = ["lie", "--log", str(place.log(host)), "--process", str(place.program(host, "doublezerod").stat)]
        words += ["--hostname", host.name, "--local", vpn.allocated, "--peer", vpn.lie]
        start_app(place, host, "lab-liar", words)


def _vpn(host: Host) -> Vpn:
    assert host.vpn is not None
    return host.vpn
