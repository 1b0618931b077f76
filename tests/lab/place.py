# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where one lab is: the names of its namespaces, its files, its programs."""

from __future__ import annotations

import pathlib
import time
import typing as t

from control import Control
from hosts import HOSTS
from namespaces import Failed
from programs import Program
from table import Host

HERE = pathlib.Path(__file__).resolve().parent
WAIT_SECONDS = 120.0


class Place:
    """One lab, by the prefix of its namespaces and its directory."""

    def __init__(self, prefix: str, where: pathlib.Path) -> None:
        self.prefix = prefix
        self.where = where.resolve()
        self.inventory = self.where / "inventory.yml"
        self.record = self.where / "lab.json"
        self.hosts = self.where / "hosts"

    def netns(self, name: str) -> str:
        return self.prefix + name

    @property
    def core(self) -> str:
        """The namespace that is the network: a bridge, and the gateway of all."""
        return self.netns("core")

    @property
    def device(self) -> str:
        """The namespace that is the VPN provider's device."""
        return self.netns("device")

    @property
    def names(self) -> list[str]:
        return [self.core, self.device] + [self.netns(host.name) for host in HOSTS]

    def run(self, host: Host) -> pathlib.Path:
        """The directory of what runs on a host."""
        return self.hosts / host.name

    def log(self, host: Host) -> pathlib.Path:
        """Of the host's doublezerod."""
        return self.run(host) / "doublezerod.log"

    def control(self, host: Host) -> Control:
        return Control(self.run(host))

    def program(self, host: Host, name: str) -> Program:
        return Program(self.run(host), name)

    def programs(self) -> list[Program]:
        """All that were ever started here."""
        return [Program(path.parent, path.stem) for path in sorted(self.hosts.glob("*/*.stat"))]


def until(what: str, true: t.Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Wait for something. Raises Failed, which says for what, where it does not come."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise Failed("waited %d seconds for this, in vain: %s" % (seconds, what))
        time.sleep(0.1)


def say(text: str) -> None:
    print("lab: " + text, flush=True)
