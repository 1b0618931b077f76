# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine whose first process is systemd, with Ansible and sshd, and without a network."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
import environments  # noqa: E402
import roots  # noqa: E402

NEEDED = ("podman", "runc", "mmdebstrap")
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "python3", "python3-venv", "git", "gnupg", "openssh-server"),
    *("iproute2", "nftables", "conntrack"),
)
SECONDS = 300
COLLECTIONS = "/collections"
NAME = "reclaim-audit"
CONFIGURATION = """
[containers]
default_ulimits = ["nofile=%d:%d", "nproc=32768:32768"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
"""


class Machine:
    """``podman`` with a store of its own under build/, so that the image is made once."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._name = "nmq-" + uuid.uuid4().hex[:10]
        # A short path, for it holds sockets, and the same in each run: the store is bound to it.
        self._run = "/run/netmend-tests-" + hashlib.sha256(bytes(ROOT)).hexdigest()[:8]
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self._configuration = directory / "containers.conf"
        self._configuration.write_text(CONFIGURATION % (files, files))
        self.shared = directory / "shared"
        self.shared.mkdir()
        self._image = self._made()
        self.ansible = str(pathlib.Path(sys.executable).parent)

    def podman(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        store = environments.BUILD / "systemd" / "store"
        done = subprocess.run(
            ["podman", "--root", str(store), "--runroot", self._run, "--storage-driver", "vfs", *words],
            env=dict(os.environ, CONTAINERS_CONF=str(self._configuration)),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError("podman %s: %d\n%s%s" % (words, done.returncode, done.stdout, done.stderr))
        return done

    def _made(self) -> str:
        try:
            tar = roots.archive(PACKAGES)
        except roots.NoRoot as exc:
            pytest.skip("the image cannot be made: %s" % exc)
        image = "localhost/netmend-schedule:" + tar.stem
        with environments.locked(environments.BUILD / "systemd" / "lock"):
            if self.podman("image", "exists", image, check=False).returncode:
                self.podman("import", str(tar), image)
        return image

    def start(self) -> None:
        # Ansible as it is here, at the same place: the suite's own is too old.
        python = pathlib.Path(sys.base_prefix)
        mounts = {str(python): str(python), sys.prefix: sys.prefix}
        mounts[str(ROOT)] = COLLECTIONS + "/ansible_collections/netmend/reclaim"
        self.podman(
            "run",
            "--detach",
            "--name=" + self._name,
            "--privileged",
            "--network=none",
            "--systemd=always",
            *("--volume=%s:%s:ro" % pair for pair in mounts.items()),
            "--volume=%s:/shared" % self.shared,
            self._image,
            "/sbin/init",
        )
        self.is_up()
        # Debian's own timers write files in the middle of a test.
        self.sh(
            "systemctl disable --now apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer"
        )
        # What lies on the way to the interpreter is root's alone here: users of the machine may pass.
        for parent in (*python.parents, *pathlib.Path(sys.prefix).parents):
            if str(parent) != "/":
                self.sh("chmod o+x '%s'" % parent)

    def is_up(self) -> None:
        until(lambda: self.sh("systemctl is-system-running", check=False).strip() in ("running", "degraded"))

    def restart(self) -> None:
        self.podman("restart", "--time=20", self._name)
        self.is_up()

    def remove(self) -> None:
        self.podman("rm", "--force", "--time=0", self._name, check=False)

    def sh(self, command: str, check: bool = True) -> str:
        return self.podman("exec", self._name, "sh", "-ec", command, check=check).stdout

    def play(self, name: str, *arguments: str, check: bool = True) -> str:
        """ansible-playbook on the machine, for the machine; the playbook is ``shared/NAME``."""
        words = ["podman-play", *arguments]
        command = (
            "cd /shared; env LC_ALL=C.UTF-8 ANSIBLE_HOME=/shared/home ANSIBLE_NOCOLOR=1 ANSIBLE_COLLECTIONS_PATH=%s "
            % COLLECTIONS
        )
        command += "ANSIBLE_LOCALHOST_WARNING=0 ANSIBLE_PIPELINING=1 ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3 "
        command += "%s/ansible-playbook -i localhost, -c local '%s'" % (self.ansible, name)
        done = self.podman("exec", self._name, "sh", "-ec", 'shift 0; %s "$@"' % command, *words, check=False)
        if check and done.returncode:
            raise AssertionError(done.stdout + done.stderr)
        return done.stdout + done.stderr

    def traces(self) -> dict[str, list[str]]:
        """All that could be left on it: files with their owners, what those in /etc hold, users, units, processes."""
        # A host that is audited keeps an empty directory of Ansible's below /home; /srv is the tests' own.
        mounted = [COLLECTIONS, "/shared", sys.base_prefix, sys.prefix, "/home", "/srv"]
        # Of these, what has the schedule's name: everybody writes there.
        shared = ["/run", "/tmp", "/var/tmp", "/var/log", "/root"]
        pruned = " -o ".join("-path '%s'" % path for path in ["/proc", "/sys", "/dev", *shared, *mounted])
        asked = {
            "files": "find / \\( %s \\) -prune -o -printf '%%p %%y %%m %%U %%G %%l\\n' | sort" % pruned,
            # Not the copies that the user's tools keep of how these files were.
            "configuration": "find /etc -type f ! -name '*-' -exec sha256sum {} + | sort -k 2",
            "elsewhere": "find %s -name '*%s*' | sort" % (" ".join(shared), NAME),
            "users": "cat /etc/passwd /etc/group /etc/shadow /etc/gshadow",
            "units": "systemctl list-units --all --plain --no-legend --type=service,timer | awk '{print $1, $3, $4}'",
            "unit files": "systemctl list-unit-files --no-legend | awk '{print $1, $2}'",
            "timers": "systemctl list-timers --all --no-legend | awk '{print $(NF-1)}' | sort",
            "failed": "systemctl list-units --failed --plain --no-legend",
            "processes": "grep -ls '%s' /proc/[0-9]*/cgroup || true" % NAME,
        }
        seen = {what: self.sh(command).splitlines() for what, command in asked.items()}
        assert len(seen["files"]) > 1000 and all(seen[what] for what in ("configuration", "users", "units", "timers"))
        return seen


@pytest.fixture(scope="session")
def machine(tmp_path_factory):
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip("needs root and %s" % ", ".join(missing or NEEDED))
    if pathlib.Path(sys.prefix).is_relative_to("/tmp"):
        pytest.skip(
            "the service has a /tmp of its own, and this checkout's Ansible is below the machine's: move the checkout"
        )
    made = Machine(tmp_path_factory.mktemp("schedule"))
    try:
        made.start()
        yield made
    finally:
        made.remove()


def unlike(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    """What traces tell that one of both has and the other has not."""
    both = {what: set(before[what]) ^ set(after[what]) for what in before}
    return {what: sorted(lines) for what, lines in both.items() if lines}


def until(true) -> None:
    give_up = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.2)


class Schedule:
    """The role on the machine, and what becomes of it. Settings stay until they are set again; None takes one away."""

    def __init__(self, machine: Machine, **settings) -> None:
        self.machine = machine
        self.settings = {
            "reclaim_schedule_ansible": machine.ansible,
            "reclaim_schedule_collections_path": COLLECTIONS,
            "reclaim_schedule_calendar": "*-01-01",
            "reclaim_schedule_spread": 0,
            **settings,
        }

    def converge(self, *arguments: str, state: str = "present", **settings) -> int:
        """How much was changed."""
        self.settings.update(settings)
        given = {name: value for name, value in self.settings.items() if value is not None}
        play = [{"hosts": "localhost", "gather_facts": False, "roles": ["netmend.reclaim.schedule"]}]
        (self.machine.shared / "play.yml").write_text(json.dumps(play))
        (self.machine.shared / "set.json").write_text(json.dumps({"reclaim_schedule_state": state, **given}))
        output = self.machine.play("play.yml", "-e", "@set.json", *arguments)
        return int(re.search(r"changed=(\d+)", output).group(1))

    def run(self) -> str:
        """One audit, as the timer starts it: what systemd says of it once the hook has ended too."""
        self.machine.sh("systemctl start %s.service" % NAME, check=False)
        return self.ended()

    def ended(self) -> str:
        until(lambda: self.shown("ActiveState") in ("inactive", "failed"))
        return "%s %s" % (self.shown("Result"), self.shown("ExecMainStatus"))

    def shown(self, name: str) -> str:
        return self.machine.sh("systemctl show --property=%s --value %s.service" % (name, NAME)).strip()

    def journal(self) -> str:
        return self.machine.sh("journalctl --no-pager --output=cat -u %s.service" % NAME)

    def reports(self) -> list[str]:
        return self.machine.sh("ls /var/lib/%s/reports 2>/dev/null | grep ^2 || true" % NAME).split()

    def latest(self) -> str:
        return self.machine.sh("readlink /var/lib/%s/reports/latest || true" % NAME).strip()

    def fleet(self) -> dict:
        return json.loads(self.machine.sh("cat /var/lib/%s/reports/latest/fleet.json" % NAME))

    @contextlib.contextmanager
    def locked(self):
        """Somebody else audits: a run that was started by hand, and goes on as long as it wants."""
        lock = "/var/lib/%s/lock" % NAME
        self.machine.sh("systemd-run --quiet --unit=by-hand --collect flock %s sleep infinity" % lock)
        until(lambda: self.machine.sh("flock --nonblock %s true || echo held" % lock))
        yield
        self.machine.sh("systemctl stop by-hand.service")
