# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that is a network namespace, the session of a program on it, and a real ansible-rulebook that follows it."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import typing as t
import uuid

import namespaces
import yaml
from environments import environment, interpreters

ROOT = pathlib.Path(__file__).resolve().parents[3]
PACKAGES = ("ansible-rulebook==1.3.2", "ansible-core==2.21.5", "pyroute2==0.9.7")
ADDRESS = "192.0.2.77"
EVERY = 8
_SECONDS = 120
# A journal that the test writes is where journalctl looks for the host's.
_WITH_JOURNAL = """
set -e
mkdir -p /run/log && mount -t tmpfs none /run/log && mkdir -p "/run/log/journal/$(cat /etc/machine-id)"
mount --bind "$1" "/run/log/journal/$(cat /etc/machine-id)"
shift
exec "$@"
"""


class Host:
    """A namespace with an address that a policy rule, a route and a live connection are from, and a place for files."""

    def __init__(self, where: pathlib.Path) -> None:
        self.where = where
        self.name = "nme-%s" % uuid.uuid4().hex[:8]
        self.far = self.name + "f"
        self._children: list[subprocess.Popen[t.Any]] = []

    def make(self) -> None:
        for name in (self.name, self.far):
            namespaces.make(name)
        namespaces.batch(
            self.name,
            """
            link add eth0 type veth peer name eth0 netns %s
            link set eth0 up
            address add 192.0.2.10/24 dev eth0
            route add default via 192.0.2.1 dev eth0
            """
            % self.far,
        )
        namespaces.batch(self.far, "link set eth0 up\naddress add 192.0.2.1/24 dev eth0")
        self.give()
        self._start(self.far, "far", "listen --bind 192.0.2.1:7000")
        self._start(self.name, "session", "dial --bind %s:9000 --to 192.0.2.1:7000" % ADDRESS)

    def give(self) -> None:
        """The address, and the rule that is for it."""
        namespaces.batch(
            self.name,
            """
            address add %s/32 dev eth0
            route replace default via 192.0.2.1 dev eth0 table 77
            rule add pref 770 from %s lookup 77
            """
            % (ADDRESS, ADDRESS),
        )

    def take(self) -> float:
        """The address alone; when that was."""
        namespaces.batch(self.name, "address delete %s/32 dev eth0" % ADDRESS)
        return time.monotonic()

    def has_rule(self) -> bool:
        return "from %s lookup 77" % ADDRESS in namespaces.show(self.name, "rule")

    def _start(self, netns: str, name: str, words: str) -> None:
        out = self.where / (name + ".out")
        argv = namespaces.enter(netns) + [sys.executable, str(ROOT / "tests/lab/app.py"), name, *words.split()]
        with out.open("w") as stream:
            self._children.append(subprocess.Popen(argv, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL))
        until("%s is ready" % name, lambda: "ready" in out.read_text())

    def remove(self) -> None:
        for child in self._children:
            child.kill()
            child.wait(timeout=10)
        for name in (self.name, self.far):
            namespaces.delete(name)


class Rulebook:
    """One running ansible-rulebook. All that it starts is known by a word in its environment."""

    def __init__(self, host: Host, name: str, journal: pathlib.Path | None = None, **variables: t.Any) -> None:
        self.where = host.where / ("rulebook-%s" % uuid.uuid4().hex[:6])
        self.where.mkdir()
        self.reports = self.where / "reports"
        self._out = self.where / "out"
        self._token = uuid.uuid4().hex
        about = {
            "ansible_connection": "netmend.reclaim.netns",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "reclaim_confirm_after": 1,
            "reclaim_state_dir": str(host.where / "state"),
        }
        inventory = self.where / "hosts.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": {host.name: about, "another": about}}}))
        settings = self.where / "vars.yml"
        settings.write_text(
            yaml.safe_dump(
                {
                    "reclaim_event_host": host.name,
                    "reclaim_event_netns": host.name,
                    "reclaim_event_journal": journal is not None,
                    "reclaim_event_settle": 1,
                    "reclaim_event_at_most_every": EVERY,
                    "reclaim_event_at_start": False,
                    "reclaim_event_report_dir": str(self.reports),
                    **variables,
                }
            )
        )
        programs = environment("rulebook", interpreters("3.12")[_newest()], PACKAGES)
        collections = self.where / "collections" / "ansible_collections" / "netmend"
        collections.mkdir(parents=True)
        (collections / "reclaim").symlink_to(ROOT)
        argv = [str(programs / "ansible-rulebook"), "--rulebook", "netmend.reclaim." + name, "--print-events", "-v"]
        argv += ["--inventory", str(inventory), "--vars", str(settings)]
        if journal is not None:
            shell = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _WITH_JOURNAL, "sh"]
            argv = [*shell, str(journal), *argv]
        env = dict(
            os.environ,
            PATH=os.pathsep.join([str(programs), os.environ["PATH"]]),
            JAVA_HOME=str(pathlib.Path(t.cast(str, shutil.which("java"))).resolve().parents[1]),
            ANSIBLE_COLLECTIONS_PATH=str(self.where / "collections"),
            ANSIBLE_HOME=str(self.where / "home"),
            ANSIBLE_NOCOLOR="1",
            NETMEND_TEST=self._token,
        )
        for unwanted in ("ANSIBLE_CONFIG", "ANSIBLE_FORCE_COLOR", "ANSIBLE_INVENTORY", "PYTHONPATH"):
            env.pop(unwanted, None)
        with self._out.open("w") as stream:
            self.process = subprocess.Popen(
                argv, cwd=self.where, env=env, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )

    @property
    def output(self) -> str:
        return self._out.read_text(errors="replace")

    def begin(self, host: Host) -> None:
        """Until it follows: something harmless goes again and again, until there is a run for it, and that ended."""
        until("the following begins", lambda: self._nudged(host))
        self.after_runs(1)

    def _nudged(self, host: Host) -> bool:
        namespaces.batch(host.name, "address add 198.51.100.1/32 dev lo\naddress delete 198.51.100.1/32 dev lo")
        assert self.process.poll() is None, self.output
        return self.output.count("[received event]") > 0

    @property
    def runs(self) -> int:
        """Playbook runs that ended."""
        return self.output.count("PLAY RECAP")

    @property
    def events(self) -> int:
        return self.output.count("[received event]")

    def after_runs(self, number: int) -> None:
        try:
            until("%d runs ended" % number, lambda: self.runs >= number or self.process.poll() is not None)
        except AssertionError as exc:
            raise AssertionError("%s\n%s" % (exc, self.output)) from exc
        assert self.process.poll() is None, self.output

    def fleet(self) -> t.Any:
        return json.loads((self.reports / "latest" / "fleet.json").read_text())

    def plans(self) -> list[t.Any]:
        return [json.loads(path.read_text()) for path in (self.reports / "latest" / "plans").glob("*.json")]

    def kin(self) -> list[str]:
        """The command lines of all processes that it started, its own among them."""
        found = [_read(path / "cmdline").replace(b"\0", b" ").decode() for path in self._processes()]
        return [line for line in found if line]

    def has_open(self, file: pathlib.Path) -> bool:
        """Has one of them this file open?"""
        wanted = file.stat().st_ino
        return any(_inode(opened) == wanted for path in self._processes() for opened in (path / "fd").glob("*"))

    def _processes(self) -> list[pathlib.Path]:
        token = self._token.encode()
        return [path for path in pathlib.Path("/proc").glob("[0-9]*") if token in _read(path / "environ")]

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(30)


def until(what: str, true: t.Callable[[], bool], seconds: float = _SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain: %s" % what
        time.sleep(0.1)


def _read(path: pathlib.Path) -> bytes:
    """Nothing, where the process is gone."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _inode(path: pathlib.Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _newest() -> str:
    return next(iter(interpreters("3.12")))
