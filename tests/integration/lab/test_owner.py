# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the daemon of the incident says of itself, heard through its shipped profile: both generations of it, alive and dead."""

from __future__ import annotations

import os
import pathlib
import re
import sys
import time
import typing as t
import uuid

import namespaces
import pytest
import yaml
from ansible_collections.netmend.reclaim.plugins.module_utils import witnesses
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import Request, audit
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Address, OwnerState, Snapshot, Unseen
from ansible_collections.netmend.reclaim.plugins.module_utils.owners import profile as profiles
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.profile import Profile
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.states import states
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.whose import is_left, wanted_by, whose
from control import Control
from programs import Program

LAB = pathlib.Path(__file__).resolve().parents[2] / "lab"
SHIPPED = pathlib.Path(profiles.__file__).parent / "profiles" / "doublezerod.yml"
CLIENT, ALLOCATED, PEERS = "203.0.113.7", "198.51.100.77", ["192.0.2.201", "192.0.2.202"]


class Host:
    """A host with a doublezerod, in a namespace of its own, and a device for the far end of its tunnel in another."""

    def __init__(self, run: pathlib.Path) -> None:
        self.run = run
        self.name, self.device = ("nmo-%s" % uuid.uuid4().hex[:10] for _end in range(2))
        self.control = Control(run)
        self.daemon = Program(run, "doublezerod")

    def __enter__(self) -> Host:
        for name in (self.name, self.device):
            namespaces.make(name)
        namespaces.batch(self.name, "link add eth0 type veth peer name up0 netns %s" % self.device)
        namespaces.batch(self.name, "link set eth0 up\naddress add %s/24 dev eth0" % CLIENT)
        return self

    def __exit__(self, *exc: object) -> None:
        if self.daemon.stat.exists():
            self.daemon.stop()
        for name in (self.name, self.device):
            namespaces.delete(name)

    def start(self, *options: str) -> None:
        argv = [sys.executable, str(LAB / "doublezerod.py"), "--run", str(self.run), "--hostname", "h"]
        argv += ["--client-ip", CLIENT, "--device", self.device, "--far", "dz-h", "--max-backoff", "0.6", *options]
        self.daemon.start(namespaces.enter(self.name) + argv, self.control.answers)

    def connect(self, allocated: bool) -> None:
        body = {"user_type": "IBRLWithAllocatedIP" if allocated else "IBRL", "tunnel_src": CLIENT}
        body.update(tunnel_dst="203.0.113.254", tunnel_net="169.254.9.0/31")
        self.control.post("/provision", dict(body, doublezero_ip=ALLOCATED if allocated else CLIENT, peers=PEERS))

    def incident(self) -> None:
        """Connect with an allocated address, disconnect, connect without it."""
        self.connect(allocated=True)
        self.control.post("/remove", {})
        self.connect(allocated=False)

    @property
    def profile(self) -> Profile:
        """The shipped one, with the places of this host."""
        text = SHIPPED.read_text(encoding="utf-8").replace("/var/run/doublezerod/", "/run/doublezerod/")
        text = re.sub(r"/(run|var/lib)/doublezerod\b", str(self.run), text)
        return profiles.load(yaml.safe_load(text))

    def state(self, unseen: list[Unseen] | None = None) -> OwnerState:
        with Kernel(self.name) as kernel:
            (state,) = states([self.profile], kernel, [] if unseen is None else unseen)
        return state

    def seen(self) -> Index:
        with Kernel(self.name) as kernel:
            heard = witnesses.hear(Request(profiles=(self.profile,)), kernel, [])
            snapshot = kernel.snapshot()
        return Index(Snapshot(**dict(vars(snapshot), **heard)))


@pytest.fixture
def host(tmp_path: pathlib.Path) -> t.Iterator[Host]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces are made as root")
    with Host(tmp_path) as made:
        yield made


@pytest.mark.parametrize("generation", ["old", "new"])
def test_what_it_wants(host: Host, generation: str) -> None:
    host.start("--generation", generation)
    idle = host.state()
    assert (idle.alive, idle.wants, idle.complete) == (True, (), ("address", "link"))
    host.connect(allocated=True)
    state = host.state()
    assert [(want.kind, dict(want.selector)) for want in state.wants or () if "/status" in want.source] == [
        ("link", {"name": "doublezero0"}),
        ("address", {"address": ALLOCATED, "interface": "doublezero0"}),
        ("address", {"prefix": "169.254.0.0/16", "interface": "doublezero0"}),
    ]
    want = (state.wants or ())[0]
    assert want.source == "%s/doublezerod.sock GET /status" % host.run
    assert want.command == "curl --silent --unix-socket %s/doublezerod.sock http://localhost/status" % host.run


@pytest.mark.parametrize("generation", ["old", "new"])
def test_what_it_holds_and_does_not_want(host: Host, generation: str) -> None:
    host.start("--generation", generation)
    host.connect(allocated=False)
    namespaces.batch(host.name, "address add %s/32 dev doublezero0" % ALLOCATED)
    index = host.seen()
    link = index.link_named("doublezero0")
    assert link is not None and wanted_by(index, link) is not None and is_left(index, link) is None
    inside, old = index.addresses_on(link.ifindex)
    assert (inside.address, old.address) == ("169.254.9.1", ALLOCATED)
    assert wanted_by(index, inside) is not None and is_left(index, inside) is None
    left = is_left(index, old)
    assert left is not None and left.alive is True and wanted_by(index, old) is None


@pytest.mark.parametrize("generation", ["old", "new"])
def test_what_it_leaves_when_it_is_killed(host: Host, generation: str) -> None:
    host.start("--generation", generation)
    host.connect(allocated=True)
    os.kill(host.daemon.pid, 9)
    while host.daemon.alive():
        time.sleep(0.02)
    index = host.seen()
    (state,) = index.owners
    assert (state.alive, state.present) == (False, True), "its state file tells that it was here"
    link = index.link_named("doublezero0")
    assert link is not None
    for item in (link, *index.addresses_on(link.ifindex)):
        assert is_left(index, item) == whose(index, item) == state
    if generation == "old":  # its state file has what it had provisioned
        assert [dict(want.selector) for want in state.wants or ()] == [
            {"address": ALLOCATED, "interface": "doublezero0"}
        ]
    assert is_left(index, Address(4, 99, CLIENT, 24)) is None


@pytest.mark.parametrize("metrics", [(), ("--peer-metrics",)], ids=["together", "by peer"])
def test_the_incident_by_its_metrics_alone(host: Host, metrics: tuple[str, ...]) -> None:
    host.start("--metrics", "127.0.0.1", *metrics)
    host.incident()
    (host.run / "doublezerod.log").unlink()  # nobody else tells of it
    end = time.monotonic() + 20
    while True:
        with Kernel(host.name) as kernel:
            result = audit(kernel, Request(include=("RC102",), profiles=(host.profile,)))
        if result["findings"] or time.monotonic() > end:
            break
        time.sleep(0.2)
    (found,) = result["findings"]
    assert found["object"]["selector"] == {"owner": "doublezerod", "interface": "doublezero0", "local": ALLOCATED}
    assert (found["confidence"], found["details"]["errno"]) == ("proven", "ENETUNREACH")
    assert found["samples"] == (PEERS if metrics else [])
    assert found["details"]["errors"] >= 3
    said = found["evidence"][0]
    assert re.fullmatch(r"metrics of doublezerod on 127\.0\.0\.1:\d+ GET /metrics", said["source"])
    assert said["command"].startswith("ip netns exec %s curl --silent http://127.0.0.1:" % host.name)
    assert not [item for item in result["unseen"] if "doublezerod" in item["what"]]


def test_the_repaired_one_holds_nothing_that_fails(host: Host) -> None:
    host.start("--fixed", "--metrics", "127.0.0.1", "--peer-metrics")
    host.incident()
    index = host.seen()
    held = {(session.local, session.peer) for session in index.snapshot.owner_sessions if session.held}
    assert held >= {(CLIENT, peer) for peer in PEERS} and ALLOCATED not in {local for local, _peer in held}


def test_a_socket_that_another_process_opened_is_not_believed(host: Host, tmp_path: pathlib.Path) -> None:
    host.start()
    with Host(tmp_path / "other") as other:
        other.run.mkdir()
        other.start()
        (host.run / "doublezerod.sock").unlink()
        (host.run / "doublezerod.sock").symlink_to(other.run / "doublezerod.sock")
        unseen: list[Unseen] = []
        state = host.state(unseen)
        assert (state.alive, state.wants, state.complete) == (True, None, ())
        assert any("is not the owner's own: the process %d opened it" % other.daemon.pid in item.why for item in unseen)
