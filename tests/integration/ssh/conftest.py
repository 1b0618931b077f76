# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A managed host with a real SSH server: two namespaces with a cable between them, the controller in one, sshd in the
other. The host is reached through its default route, so that there are routes and addresses to lose."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
import uuid

import pytest

ADDRESS = "192.0.2.2"
"""The host's."""
CONTROLLER = "198.51.100.1"
"""Behind the host's gateway."""
_SECONDS = 60

_CONTROLLER_SIDE = """
link set lo up
address add 192.0.2.1/24 dev cable noprefixroute
link set cable up
address add 198.51.100.1/32 dev lo
route add 192.0.2.0/24 dev cable src 198.51.100.1
"""
_HOST_SIDE = """
link set lo up
link set cable address 02:00:00:00:02:02
address add 192.0.2.2/24 dev cable
link set cable up
route add default via 192.0.2.1 dev cable
"""


class Host:
    """The managed host, and the controller that reaches it."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        tag = uuid.uuid4().hex[:8]
        self.netns, self.controller = "nmh-" + tag, "nmc-" + tag
        self.state = directory / "state"
        self.home = directory / "home"
        self._sshd: subprocess.Popen[bytes] | None = None
        self._inventory = directory / "inventory.json"
        self._results = directory / "results"
        self._control = tempfile.mkdtemp(prefix="nm")  # short: a socket's path has 107 characters at most
        for path in (self.state, self.home):
            path.mkdir(mode=0o700)

    def make(self) -> None:
        for name in (self.netns, self.controller):
            _run("ip", "netns", "add", name)
        _run(
            "ip", "-n", self.controller, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", self.netns
        )  # fmt: skip
        _run("ip", "-n", self.controller, "-batch", "-", stdin=_CONTROLLER_SIDE)
        _run("ip", "-n", self.netns, "-batch", "-", stdin=_HOST_SIDE)
        self._start_sshd()
        self._write_inventory()

    def remove(self) -> None:
        if self._sshd is not None:
            for pid in self.processes("sshd"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._sshd.wait(timeout=_SECONDS)
        shutil.rmtree(self._control, ignore_errors=True)
        for name in (self.netns, self.controller):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)

    def _start_sshd(self) -> None:
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        for name in ("host", "user"):
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.directory / name))
        (self.directory / "authorized").write_text((self.directory / "user.pub").read_text())
        configuration = self.directory / "sshd_config"
        configuration.write_text(
            "HostKey %(dir)s/host\nAuthorizedKeysFile %(dir)s/authorized\nPidFile none\nUsePAM no\nStrictModes no\n"
            "PermitRootLogin yes\nPasswordAuthentication no\nListenAddress 0.0.0.0\nUseDNS no\nSubsystem sftp internal-sftp\n"
            % {"dir": self.directory}
        )
        # A mount namespace of its own, so that a small disk can be put under the state directory.
        self._sshd = subprocess.Popen(
            ["nsenter", "--net=/run/netns/" + self.netns, "unshare", "--mount", "/usr/sbin/sshd", "-D", "-e"]
            + ["-f", str(configuration)],
            stdin=subprocess.DEVNULL,
            stderr=open(self.directory / "sshd.log", "wb"),
        )
        self.wait(lambda: ":22 " in self.sh("ss -Htln"), "sshd listens")

    def _write_inventory(self) -> None:
        common = (
            "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=3 -o ServerAliveInterval=2"
        )
        variables = {
            "ansible_connection": "ssh",
            "ansible_host": ADDRESS,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.directory / "user"),
            "ansible_ssh_common_args": common + " -o ServerAliveCountMax=2",
            "ansible_python_interpreter": sys.executable,
            "ansible_remote_tmp": str(self.directory / "remote"),
        }
        self._inventory.write_text(json.dumps({"all": {"hosts": {"host": variables}}}))

    def mount_small_disk(self, size: str) -> pathlib.Path:
        """A disk of this size in the host's own mount namespace; its mount point."""
        where = self.directory / "small"
        where.mkdir()
        assert self._sshd is not None
        _run(
            "nsenter", "--mount=/proc/%d/ns/mnt" % self._sshd.pid,
            "mount", "-t", "tmpfs", "-o", "mode=700,size=" + size, "tmpfs", str(where),
        )  # fmt: skip
        return where

    def sh(self, command: str) -> str:
        """A shell command inside the host's network, not over SSH."""
        return _run("nsenter", "--net=/run/netns/" + self.netns, "sh", "-ec", command)

    def pull(self) -> None:
        """Pull the cable out, at the controller."""
        _run("ip", "-n", self.controller, "link", "set", "cable", "down")

    def plug(self) -> None:
        _run("ip", "-n", self.controller, "link", "set", "cable", "up")
        _run("ip", "-n", self.controller, "route", "replace", "192.0.2.0/24", "dev", "cable", "src", CONTROLLER)

    def world(self) -> str:
        """All that is configured, in ip's own words; not what the other end of the cable does."""
        listings = ("-4 -o address", "-4 rule", "-4 route show table all", "-br link show up | cut -d' ' -f1")
        return self.sh("; ".join("ip " + listing for listing in listings))

    def processes(self, name: str) -> list[int]:
        """The processes of a name in the host's network."""
        found = []
        ours = os.stat("/run/netns/" + self.netns).st_ino
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if entry.isdigit() and os.stat("/proc/%s/ns/net" % entry).st_ino == ours:
                    with open("/proc/%s/comm" % entry, encoding="ascii") as comm:
                        if comm.read().strip() == name:
                            found.append(int(entry))
        return found

    def start(self, module: str, arguments: t.Mapping[str, t.Any], *options: str) -> subprocess.Popen[str]:
        """An ad-hoc run of a module over SSH, from the controller."""
        argv = ["nsenter", "--net=/run/netns/" + self.controller, sys.executable, "-m", "ansible", "adhoc"]
        argv += ["-i", str(self._inventory), "host", "-m", module]
        argv += (["-a", json.dumps(arguments)] if arguments else []) + list(options)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(self.directory / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": collections(),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": self._control,
            "ANSIBLE_CALLBACK_PLUGINS": str(pathlib.Path(__file__).parent.parent / "bring" / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "results",
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
            "RESULTS": str(self._results),
        }
        self._results.write_text("")
        return subprocess.Popen(
            argv,
            env=environment,
            cwd=str(self.directory),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, module: str, arguments: t.Mapping[str, t.Any], *options: str) -> dict[str, t.Any]:
        """The same, to its end; the host's result, with ``status`` ok, failed or unreachable."""
        return self.answer(self.start(module, arguments, *options))

    def answer(self, run: subprocess.Popen[str]) -> dict[str, t.Any]:
        """The result of a run that was started, when it has ended."""
        try:
            output, _errors = run.communicate(timeout=5 * _SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            raise
        lines = self._results.read_text().splitlines()
        assert len(lines) == 1, output
        _host, status, result = json.loads(lines[0])
        return dict(result, status=status)

    def wait(self, until: t.Callable[[], bool], what: str, seconds: float = _SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, "%s: not within %d s" % (what, seconds)
            time.sleep(0.1)


def collections() -> str:
    for path in sys.path:
        if os.path.isdir(os.path.join(path, "ansible_collections", "netmend", "reclaim", "plugins")):
            return path
    raise AssertionError("the collection is not on sys.path")


def _run(*argv: str, stdin: str = "") -> str:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert done.returncode == 0, "%s: exit %d\n%s" % (" ".join(argv), done.returncode, done.stderr)
    return done.stdout


@pytest.fixture
def host(tmp_path: pathlib.Path) -> t.Iterator[Host]:
    if os.geteuid() != 0:
        pytest.skip("making network namespaces needs root")
    if shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin") is None:
        pytest.skip("there is no sshd")
    made = Host(tmp_path)
    (tmp_path / "ansible.cfg").touch()
    try:
        made.make()
        yield made
    finally:
        made.remove()
