# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where systemd runs, the dead-man is a timer of its: tried in a container that systemd is the first process of."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time
import uuid

import pytest
import yaml
from ansible_collections.netmend.reclaim.tests.integration.transaction import plans

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
import environments  # noqa: E402
import roots  # noqa: E402

pytestmark = pytest.mark.xdist_group("systemd")  # one container is enough
NEEDED = ("podman", "runc", "mmdebstrap")
PACKAGES = ("python3", "iproute2", "systemd", "systemd-sysv", "dbus")
SECONDS = 300
SOON = 15
STATE = "/var/lib/netmend-reclaim"
COLLECTION = "/collections/ansible_collections/netmend/reclaim"
DRIVER = COLLECTION + "/tests/integration/transaction/driver.py"
CONFIGURATION = """
[containers]
default_ulimits = ["nofile=%d:%d", "nproc=32768:32768"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
"""


class Container:
    """``podman`` with a store of its own under build/, so that the image is made once."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._name = "nms-" + uuid.uuid4().hex[:10]
        # A short path, for it holds sockets, and the same in each run: the store is bound to it.
        self._run = "/run/netmend-tests-" + hashlib.sha256(bytes(ROOT)).hexdigest()[:8]
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self._configuration = directory / "containers.conf"
        self._configuration.write_text(CONFIGURATION % (files, files))
        self._image = self._made()

    def _podman(self, *words: str, check: bool = True, **options) -> subprocess.CompletedProcess[str]:
        store = environments.BUILD / "systemd" / "store"
        done = subprocess.run(
            ["podman", "--root", str(store), "--runroot", self._run, "--storage-driver", "vfs", *words],
            env=dict(os.environ, CONTAINERS_CONF=str(self._configuration)),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            **options,
        )
        if check and done.returncode:
            raise AssertionError("podman %s: %d\n%s%s" % (words, done.returncode, done.stdout, done.stderr))
        return done

    def _made(self) -> str:
        """The image, made where there is none yet."""
        try:
            tar = roots.archive(PACKAGES)
        except roots.NoRoot as exc:
            pytest.skip("the image cannot be made: %s" % exc)
        image = "localhost/netmend-systemd:" + tar.stem
        with environments.locked(environments.BUILD / "systemd" / "lock"):
            if self._podman("image", "exists", image, check=False).returncode:
                self._podman("import", str(tar), image)
        return image

    def start(self) -> None:
        import pyroute2

        self._podman(
            "run",
            "--detach",
            "--name=" + self._name,
            "--privileged",
            "--network=none",
            "--systemd=always",
            "--volume=%s:%s:ro" % (ROOT, COLLECTION),
            "--volume=%s:/packages/pyroute2:ro" % pathlib.Path(pyroute2.__file__).parent,
            "--env=PYTHONPATH=/collections:/packages",
            self._image,
            "/sbin/init",
        )
        until(lambda: self.sh("systemctl is-system-running", check=False).strip() in ("running", "degraded"))
        self.sh(plans.STALE)
        until(lambda: "inet6" not in self.sh("ip -6 address show tentative"))

    def remove(self) -> None:
        self._podman("rm", "--force", "--time=0", self._name, check=False)

    def sh(self, command: str, check: bool = True) -> str:
        return self._podman("exec", self._name, "sh", "-ec", command, check=check).stdout

    def call(self, function: str, faults: dict | None = None, prefix: str = "", check: bool = True, **params) -> dict:
        command = "%s python3 %s %s '%s'" % (prefix, DRIVER, function, json.dumps(faults or {}))
        arguments = json.dumps({"state_dir": STATE, **params})
        done = self._podman("exec", "-i", self._name, "sh", "-c", command, input=arguments, check=check)
        return json.loads(done.stdout) if done.stdout else {}

    def state(self) -> str:
        commands = ("link show", "address show", "rule show", "-6 rule show", "route show table all")
        return self.sh(";".join("ip -d " + command for command in (*commands, "-6 route show table all")))

    def listed(self) -> dict:
        return self.call("transaction", state="listed", transaction_id=None)["transactions"][0]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip("needs root and %s" % ", ".join(missing or NEEDED))
    made = Container(tmp_path_factory.mktemp("systemd"))
    try:
        made.start()
        yield made
    finally:
        made.remove()


def timers(container) -> str:
    return container.sh("systemctl list-units --all --plain --no-legend 'netmend-reclaim-*'")


def test_a_timer_that_is_gone_when_all_is_confirmed(running):
    before = running.state()
    result = running.call("reclaim", plan=running.call("stale"), confirm_within=SOON)
    assert result["state"] == "armed" and result["dead_man"] == {"how": "systemd", "why": ""}, result
    identifier = result["transaction_id"]
    assert "netmend-reclaim-%s.timer" % identifier in timers(running)
    confirmed = running.call("transaction", state="confirmed", transaction_id=None)
    assert confirmed["state"] == "confirmed", confirmed
    assert timers(running) == ""
    assert running.sh("ls " + STATE + "/" + identifier).split() == ["journal", "work.lock"]
    mended = running.state()
    assert mended != before
    undone = running.call("transaction", state="rolled_back", transaction_id=identifier, confirm_within=SOON)
    assert undone["state"] == "armed", undone
    assert running.state() == before
    until(lambda: running.listed()["state"] == "rolled-back")  # the undo was not confirmed
    assert running.state() == mended
    assert timers(running) == ""
    # as found, for the next test
    running.call("transaction", state="rolled_back", transaction_id=identifier)
    running.call("transaction", state="confirmed", transaction_id=None)
    assert running.state() == before


def test_all_of_the_session_is_killed_in_the_midst(running):
    """A service stands in for the session: when it is killed, systemd kills all that ever was in its cgroup."""
    before = running.state()
    plan = running.call("stale")
    running.sh("mkdir -p /tmp/run")
    running.sh(
        "cat >/tmp/run/arguments <<'END'\n%s\nEND"
        % json.dumps({"plan": plan, "state_dir": STATE, "confirm_within": SOON})
    )
    running.sh(
        "systemd-run --unit=session --property=KillMode=control-group --setenv=PYTHONPATH=/collections:/packages "
        'sh -c \'sleep 1000 & python3 %s reclaim "{\\"hold_at\\": 3}" </tmp/run/arguments; sleep 1000\'' % DRIVER
    )
    until(
        lambda: (
            " T"
            in running.sh("ps -eo pid,stat,args 2>/dev/null || grep -H State /proc/[0-9]*/status", check=False).replace(
                "\t", " "
            )
        )
    )
    assert running.state() != before
    running.sh(
        "systemctl kill --signal=KILL session.service; systemctl stop session.service; systemctl reset-failed",
        check=False,
    )
    assert running.listed()["state"] == "applying"
    until(lambda: running.listed()["state"] == "rolled-back")
    assert running.listed()["not_restored"] == [] and "not confirmed in time" in running.listed()["why"]
    assert running.state() == before
    assert timers(running) == ""


def test_a_timer_that_somebody_stopped_is_a_left_over(running):
    before = running.state()
    plan = running.call("stale")
    running.call("reclaim", plan=plan, faults={"die_before": 3}, check=False)
    running.sh("systemctl stop 'netmend-reclaim-*.timer'")
    result = running.call("reclaim", plan=plan)
    assert result["state"] == "armed" and "rolled back, because neither" in result["settled"][0]["words"], result
    running.call("transaction", state="rolled_back", transaction_id=None)
    assert running.state() == before


UNIT = """[Service]
ExecStart=/usr/local/bin/nmt-owner infinity
[Install]
WantedBy=multi-user.target
"""
ONCE = """[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
"""


def owner(container, **said) -> dict:
    result = container.call("owners", owners=[dict({"name": "mine", "processes": ["nmt-owner"]}, **said)])
    assert result["unseen"] == [], result
    return result["owners"][0]


def test_the_unit_of_an_owner(running):
    units = {"units": ["nmt-owner.service", "nmt-other.service"]}
    assert owner(running, **units)["present"] is False
    running.sh("cat >/etc/systemd/system/nmt-owner.service <<'END'\n%s\nEND" % UNIT)
    running.sh(
        "cp /bin/sleep /usr/local/bin/nmt-owner; systemctl daemon-reload; systemctl enable --now nmt-owner.service"
    )
    until(lambda: owner(running, **units)["process"] is not None)
    alive = owner(running, **units)
    assert (alive["alive"], alive["unit"], alive["enabled"]) == (True, "nmt-owner.service", True)
    assert alive["restart"] == ["systemctl", "restart", "nmt-owner.service"]
    running.sh("systemctl disable nmt-owner.service; systemctl kill --signal=KILL nmt-owner.service")
    until(lambda: running.sh("systemctl is-failed nmt-owner.service", check=False).strip() == "failed")
    dead = owner(running, **units)
    assert (dead["alive"], dead["present"], dead["enabled"]) == (False, True, False)
    assert dead["known_by"] == "no process nmt-owner runs here; nmt-owner.service is failed"
    wrong = owner(running, processes=["nmt-misnamed"], units=["systemd-journald.service"])
    assert wrong["alive"] is None, "the unit runs, though under another name"


def test_an_owner_that_is_only_a_unit(running):
    said = {"processes": [], "outlives": True, "units": ["nmt-once@*.service"], "programs": ["/bin/true"]}
    running.sh("cat >/etc/systemd/system/nmt-once@.service <<'END'\n%s\nEND" % ONCE)
    running.sh("systemctl daemon-reload; systemctl start nmt-once@wg0.service")
    alive = owner(running, **said)
    assert (alive["alive"], alive["known_by"], alive["enabled"]) == (True, "nmt-once@wg0.service is active", None)
    running.sh("systemctl start nmt-once@wg1.service")
    assert owner(running, **said)["unit"] is None, "which of the two is not known"
    gone = owner(
        running,
        processes=[],
        lives_in_links=True,
        objects=[{"kind": "link", "name": "nmt-none"}],
        units=said["units"],
        programs=said["programs"],
    )
    assert gone["alive"] is False, "that its units are active says that they brought its links up, once"
    assert gone["known_by"] == "nmt-once@wg0.service is active; none of its links is here"
    running.sh("systemctl stop 'nmt-once@*.service'")
    assert owner(running, **said)["alive"] is None


def test_what_networkd_says_that_it_wants(running):
    """The shipped profile, and the real systemd-networkd."""
    profile = yaml.safe_load((ROOT / "plugins/module_utils/owners/profiles/systemd-networkd.yml").read_text())
    running.sh("ip link add nmt0 type veth peer name nmt1; ip link set nmt1 up")
    network = "[Match]\nName=nmt0\n[Network]\nAddress=192.0.2.10/24\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
    network += "[Route]\nDestination=198.51.100.0/24\nGateway=192.0.2.1\nTable=77\n"
    network += "[RoutingPolicyRule]\nFrom=192.0.2.0/24\nPriority=777\nTable=77\n"
    running.sh("mkdir -p /run/systemd/network; cat >/run/systemd/network/nmt0.network <<'END'\n%s\nEND" % network)
    running.sh("mount -o remount,ro /sys")  # what tells networkd that there is no udev to wait for
    running.sh("systemctl start systemd-networkd")
    try:
        until(lambda: "proto static" in running.sh("ip route show table 77", check=False))
        running.sh("ip route add 203.0.113.0/24 via 192.0.2.1 proto static")
        until(lambda: "[203,0,113,0]" in running.sh("networkctl --json=short status"))
        result = running.call("owners", owners=[profile])
    finally:
        running.sh(
            "systemctl stop systemd-networkd systemd-networkd.socket; ip link del nmt0; ip rule del pref 777; mount -o remount,rw /sys",
            check=False,
        )
    (state,) = result["owners"]
    assert result["unseen"] == [] and state["alive"] is True
    wants = [(want["kind"], want["selector"]) for want in state["wants"] if want["source"].startswith("networkctl")]
    assert ("address", {"address": "192.0.2.10/24"}) in wants
    assert ("route", {"dst": "198.51.100.0/24", "table": 77}) in wants
    assert ("rule", {"priority": 777, "table": 77}) in wants
    assert not [selector for _kind, selector in wants if "203.0.113" in str(selector)], "somebody else put it there"


def until(true) -> None:
    give_up = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.2)
