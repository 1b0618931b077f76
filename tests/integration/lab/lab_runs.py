# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the lab and audits of it as a person does."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import subprocess
import sys
import typing as t
import uuid

import pytest
from hosts import HOSTS
from place import Place
from table import Host

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "tests" / "lab"


def script(action: str, place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    """lab.py"""
    argv = [
        sys.executable,
        str(SCRIPTS / "lab.py"),
        action,
        *words,
        "--prefix",
        place.prefix,
        "--dir",
        str(place.where),
    ]
    return subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)


def new_place(parent: pathlib.Path) -> Place:
    return Place("nml%s-" % uuid.uuid4().hex[:6], parent / "lab")


@contextlib.contextmanager
def standing(parent: pathlib.Path) -> t.Iterator[Place]:
    """A lab of one's own, for as long as it is needed."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces are made as root")
    place = new_place(parent)
    try:
        done = script("up", place)
        assert done.returncode == 0, done.stdout + done.stderr
        yield place
    finally:
        script("down", place)


def host_named(name: str) -> Host:
    return next(host for host in HOSTS if host.name == name)


def brief(findings: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    return "\n".join("%s %s %s" % (each["rule"], each["object"], each["cause"]) for each in findings)


@dataclasses.dataclass
class Audited:
    """What ``ansible-playbook netmend.reclaim.audit``, or another of its playbooks, left behind."""

    code: int
    output: str
    reports: pathlib.Path

    @functools.cached_property
    def fleet(self) -> t.Any:
        return json.loads((self.reports / "latest" / "fleet.json").read_text(encoding="utf-8"))

    def host(self, name: str) -> t.Any:
        host = self.fleet["hosts"][name]
        assert host["status"] == "audited", host
        return host

    def findings(self, name: str, rule: str | None = None) -> list[dict[str, t.Any]]:
        return [each for each in self.host(name)["findings"] if rule in (None, each["rule"])]


class Auditor:
    """Audits the lab with the collection of this checkout."""

    def __init__(self, place: Place, where: pathlib.Path) -> None:
        self._place = place
        self._where = where
        home = where / "collections" / "ansible_collections" / "netmend"
        home.mkdir(parents=True)
        (home / "reclaim").symlink_to(ROOT)

    def audit(self, *words: str) -> Audited:
        return self.play("audit", *words)

    def play(self, playbook: str, *words: str) -> Audited:
        reports = self._where / ("reports-%s" % uuid.uuid4().hex[:6])
        done = self._run(
            "ansible-playbook", "netmend.reclaim." + playbook, "-e", "reclaim_report_dir=%s" % reports, *words
        )
        return Audited(done.returncode, done.stdout, reports)

    def module(self, host: str, name: str, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """What a module returns on one host."""
        done = self._run("ansible", host, "--one-line", "-m", name, "-a", json.dumps(arguments))
        assert done.returncode == 0 and " => " in done.stdout, done.stdout
        return dict(json.loads(done.stdout.partition(" => ")[2]))

    def plans(self, pattern: str = "lab") -> dict[str, dict[str, t.Any]]:
        """What audit_info plans for each of these hosts, with what the inventory says of them."""
        arguments: dict[str, t.Any] = {"plan": True, "confirm_after": 1}
        for name, default in (("intent", "{}"), ("logs", "[]"), ("owners", "[]")):
            arguments[name] = "{{ reclaim_%s | default(%s) }}" % (name, default)
        done = self._run(
            "ansible", pattern, "--one-line", "-m", "netmend.reclaim.audit_info", "-a", json.dumps(arguments)
        )
        assert done.returncode == 0, done.stdout
        lines = [line.split(" => ", 1) for line in done.stdout.splitlines() if " | SUCCESS => " in line]
        return {head.split(" | ")[0]: json.loads(rest)["plan"] for head, rest in lines}

    def _run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [os.path.join(os.path.dirname(sys.executable), program), *words]
        argv += ["-i", str(self._place.inventory), "--forks", "4"]
        environment = dict(
            os.environ,
            ANSIBLE_COLLECTIONS_PATH=str(self._where / "collections"),
            ANSIBLE_HOME=str(self._where / "home"),
            ANSIBLE_LOCAL_TEMP=str(self._where / "tmp"),
            ANSIBLE_LOCALHOST_WARNING="0",
            ANSIBLE_NOCOLOR="1",
        )
        for name in ("ANSIBLE_CONFIG", "ANSIBLE_FORCE_COLOR", "ANSIBLE_INVENTORY", "PYTHONPATH"):
            environment.pop(name, None)
        return subprocess.run(
            argv, cwd=self._where, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
        )  # fmt: skip
