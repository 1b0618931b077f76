# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts for tests of what happens between a controller and a managed host: namespaces that have nothing but a loopback,
reached through the collection's netns connection, with the Python and the pyroute2 that the test wants."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
import environments  # noqa: E402


class Result:
    """What one ad-hoc run said."""

    def __init__(self, output: str, lines: list[str], executions: int) -> None:
        self.output = output
        self.executions = executions
        """How often the host's Python was started."""
        results = [json.loads(line) for line in lines]
        self.answers = [(name, answer) for name, _status, answer in results]
        """Of all tasks, in their order; below, the last of each host."""
        self.hosts = {name: answer for name, _status, answer in results}
        self.status = {name: status for name, status, _answer in results}

    def only(self) -> dict:
        assert len(self.hosts) == 1, self.output
        return next(iter(self.hosts.values()))


class Lab:
    """One namespace; hosts are made of it by giving it an interpreter."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.netns = "nmb-%s" % uuid.uuid4().hex[:10]
        self.others: list[str] = []
        self.home = directory / "home"
        self.home.mkdir(mode=0o700)
        self.cache = self.home / ".ansible" / "tmp" / "netmend.reclaim"
        self.configuration = directory / "ansible.cfg"
        self.configuration.touch()
        self.count = directory / "executions"
        self.count.touch()
        self.count.chmod(0o666)
        subprocess.run(["ip", "netns", "add", self.netns], check=True, capture_output=True)
        subprocess.run(["ip", "-n", self.netns, "link", "set", "lo", "up"], check=True, capture_output=True)

    def remove(self) -> None:
        for name in (self.netns, *self.others):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)

    def python(self, interpreter: str | pathlib.Path) -> pathlib.Path:
        """A Python that notes each start of it."""
        wrapper = self.directory / ("python-%s" % uuid.uuid4().hex[:6])
        wrapper.write_text('#!/bin/sh\necho x >>%s\nexec %s "$@"\n' % (self.count, interpreter))
        wrapper.chmod(0o755)
        return wrapper

    def run(
        self,
        module: str,
        arguments: dict | None = None,
        python: pathlib.Path | None = None,
        hosts: int = 1,
        options: tuple[str, ...] = (),
        controller: tuple[str | pathlib.Path, ...] = (sys.executable,),
        pipelining: bool = False,
        environment: dict | None = None,
        prefix: tuple[str, ...] = (),
        **variables: object,
    ) -> Result:
        """Run a module ad hoc, in as many hosts at once as asked for."""
        given = {"ansible_connection": "netmend.reclaim.netns", "ansible_host": self.netns, **variables}
        if python is not None:
            given["ansible_python_interpreter"] = str(python)
        inventory = self.directory / "inventory.json"
        names = {"h%d" % number: None for number in range(hosts)}
        inventory.write_text(json.dumps({"all": {"hosts": names, "vars": given}}))
        words = ["all", "-m", module, *(["-a", json.dumps(arguments)] if arguments else [])]
        command = [*prefix, *map(str, controller), "-m", "ansible", "adhoc", *words]
        given = ["-i", str(inventory), "-f", str(hosts), *options]
        return self._ansible([*command, *given], dict(environment or {}, ANSIBLE_PIPELINING=str(pipelining)))

    def play(
        self,
        playbook: str | pathlib.Path,
        hosts: dict[str, dict],
        *options: str,
        forks: int = 1,
        **environment: str,
    ) -> Result:
        """Run a playbook on these hosts, each a name with its variables."""
        inventory = self.directory / "inventory.json"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
        command = [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), "-f", str(forks)]
        return self._ansible([*command, str(playbook), *options], environment)

    def apart(self, number: int, python: pathlib.Path) -> dict:
        """The variables of a host that shares nothing with the others but the machine."""
        name = "%s-%d" % (self.netns, number)
        if name not in self.others:
            self.others.append(name)
            subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
            subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True, capture_output=True)
        return {
            "ansible_connection": "netmend.reclaim.netns",
            "ansible_host": name,
            "ansible_python_interpreter": str(python),
            "ansible_remote_tmp": str(self.directory / name / "tmp"),
        }

    def _ansible(self, command: list[str], environment: dict[str, str]) -> Result:
        before = self.count.stat().st_size
        results = self.directory / "results"
        results.write_text("")
        done = subprocess.run(
            command,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "LANG": "C.UTF-8",
                "ANSIBLE_CONFIG": str(self.configuration),
                "ANSIBLE_COLLECTIONS_PATH": collections(),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_CALLBACK_PLUGINS": str(pathlib.Path(__file__).parent / "callbacks"),
                "ANSIBLE_CALLBACKS_ENABLED": "results",
                "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
                "RESULTS": str(results),
                **environment,
            },
            cwd=str(self.directory),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        lines = results.read_text().splitlines()
        return Result(done.stdout + done.stderr, lines, (self.count.stat().st_size - before) // 2)

    def entry(self) -> pathlib.Path:
        """The one copy of pyroute2 on the host."""
        (entry,) = self.cache.iterdir()
        return entry


def collections() -> str:
    for path in sys.path:
        if os.path.isdir(os.path.join(path, "ansible_collections", "netmend", "reclaim", "plugins")):
            return path
    raise AssertionError("the collection is not on sys.path")


@pytest.fixture
def lab(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("making network namespaces needs root")
    pytest.importorskip("ansible")
    pytest.importorskip("pyroute2")
    made = Lab(tmp_path)
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture
def open_directory():
    """A directory that every user can reach, unlike those of pytest."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="nmb-", dir="/var/tmp"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory):
    """``bare_python("3.9")`` is an interpreter of that version with nothing but the standard library."""

    def make(version: str) -> pathlib.Path:
        found = environments.interpreters().get(version)
        if found is None:
            pytest.skip("there is no Python %s on this machine" % version)
        directory = tmp_path_factory.mktemp("bare")
        subprocess.run([str(found), "-m", "venv", "--without-pip", str(directory)], check=True, capture_output=True)
        return directory / "bin" / "python"

    return make


@pytest.fixture(scope="session")
def old_pyroute2_python():
    """An interpreter with pyroute2 0.5.14, which Debian 11 ships."""
    # Its ancient setup does not build on Python 3.12 and later.
    for version in ("3.9", "3.10", "3.11"):
        found = environments.interpreters().get(version)
        if found:
            try:
                return environments.environment("pyroute2-0.5.14", found, ["pyroute2==0.5.14"]) / "python"
            except (OSError, subprocess.CalledProcessError) as exc:
                pytest.skip("pyroute2 0.5.14 cannot be installed (make setup; a package index): %s" % exc)
    pytest.skip("there is no Python 3.9, 3.10 or 3.11 on this machine")


@pytest.fixture
def controller_without_pyroute2(tmp_path):
    """The command of a controller that has all that this one has, but no pyroute2."""
    import ansible

    packages = tmp_path / "packages"
    packages.mkdir()
    for item in pathlib.Path(ansible.__file__).parent.parent.iterdir():
        if not item.name.startswith("pyroute2"):
            (packages / item.name).symlink_to(item)
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "c")], check=True, capture_output=True
    )
    return ("env", "PYTHONPATH=%s" % packages, tmp_path / "c" / "bin" / "python")
