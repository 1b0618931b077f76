# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine whose first process is systemd, with Ansible and sshd, and without a network."""

from __future__ import annotations

import hashlib
import os
import pathlib
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
PACKAGES = ("python3", "python3-venv", "iproute2", "systemd", "systemd-sysv", "dbus", "git", "openssh-server")
SECONDS = 300
COLLECTIONS = "/collections"
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
        until(lambda: self.sh("systemctl is-system-running", check=False).strip() in ("running", "degraded"))
        # What lies on the way to the interpreter is root's alone here: users of the machine may pass.
        for parent in (*python.parents, *pathlib.Path(sys.prefix).parents):
            if str(parent) != "/":
                self.sh("chmod o+x '%s'" % parent)

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
        command += "ANSIBLE_LOCALHOST_WARNING=0 %s/ansible-playbook -i localhost, -c local '%s'" % (self.ansible, name)
        done = self.podman("exec", self._name, "sh", "-ec", 'shift 0; %s "$@"' % command, *words, check=False)
        if check and done.returncode:
            raise AssertionError(done.stdout + done.stderr)
        return done.stdout + done.stderr

    def files(self) -> list[str]:
        """All that is in its file system, but what systemd and a journal write on their own."""
        mounted = [COLLECTIONS, "/shared", sys.base_prefix, sys.prefix]
        not_its = ["/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/var/log", "/root/.ansible", *mounted]
        pruned = " -o ".join("-path '%s'" % path for path in not_its)
        return self.sh("find / \\( %s \\) -prune -o -print | sort" % pruned).splitlines()


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip("needs root and %s" % ", ".join(missing or NEEDED))
    made = Machine(tmp_path_factory.mktemp("schedule"))
    try:
        made.start()
        yield made
    finally:
        made.remove()


def until(true) -> None:
    give_up = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.2)
