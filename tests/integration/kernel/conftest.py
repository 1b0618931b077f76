# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network namespaces for tests against the real kernel: each test makes its own, all are removed whatever happens."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import uuid

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.namespace import entered
from ansible_collections.netmend.reclaim.tests.fixtures import examples

examples.settle()


class Namespace:
    """A network namespace with its loopback up."""

    def __init__(self) -> None:
        self.name = "nmt-%s" % uuid.uuid4().hex[:10]
        self._children: list[subprocess.Popen[str]] = []
        subprocess.run(["ip", "netns", "add", self.name], check=True, capture_output=True)
        self.sh("ip link set lo up")

    def sh(self, command: str, check: bool = True) -> str:
        """Run a shell command inside; its output. A failure shows what it said."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.name, "sh", "-ec", command],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError("%s: exit %d\n%s%s" % (command, done.returncode, done.stdout, done.stderr))
        return done.stdout

    def until(self, command: str) -> None:
        """Run a shell command until it succeeds: the kernel finishes IPv6 addresses in its own time."""
        self.sh("timeout 20 sh -c 'until %s; do sleep 0.05; done'" % command)

    def batch(self, lines: str, family: str = "-4") -> None:
        """Feed lines to ``ip -batch``."""
        done = subprocess.run(
            ["ip", "-n", self.name, family, "-batch", "-"],
            input=lines,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError("ip -batch: exit %d\n%s" % (done.returncode, done.stderr[:2000]))

    def json(self, words: str) -> list[dict]:
        """What ``ip -j -d WORDS`` says inside; entries that ``ip`` leaves empty are left out."""
        done = subprocess.run(
            ["ip", "-n", self.name, "-j", "-d", *words.split()],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return [item for item in json.loads(done.stdout or "[]") if item]

    def start(self, argv: list[str], **options: object) -> subprocess.Popen[str]:
        """Start a program inside; it is ended with the test."""
        child = subprocess.Popen(["ip", "netns", "exec", self.name, *argv], text=True, **options)  # type: ignore[call-overload]
        self._children.append(child)
        return child

    def entered(self) -> contextlib.AbstractContextManager[None]:
        """This thread is inside for as long as the block lasts."""
        return entered(self.name)

    def remove(self) -> None:
        for child in self._children:
            child.kill()
            child.wait(timeout=10)
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)


def _namespaces():
    if os.geteuid() != 0:
        pytest.skip("making network namespaces needs root")
    made = []

    def make() -> Namespace:
        made.append(Namespace())
        return made[-1]

    try:
        yield make
    finally:
        for namespace in made:
            namespace.remove()


@pytest.fixture
def netns():
    """``ns = netns()`` makes a namespace: ns.name, ns.sh("ip ..."), ns.batch(...), ns.json(...), ns.entered()."""
    yield from _namespaces()


@pytest.fixture(scope="module")
def module_netns():
    """The same for all tests of a module: for worlds that no test changes."""
    yield from _namespaces()


@pytest.fixture
def resolv_conf(host):
    """Write the own resolv.conf (ip-netns(8)) of the namespace that the test calls ``host``."""
    directory = pathlib.Path("/etc/netns") / host.name
    made = not directory.parent.exists()
    directory.mkdir(parents=True)
    file = directory / "resolv.conf"
    yield file.write_text
    file.unlink(missing_ok=True)
    directory.rmdir()
    if made:
        directory.parent.rmdir()
