# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible-playbook as a person does, with the collection of this checkout."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE))

from readers import axe, multitool, promtool  # noqa: E402

__all__ = ["axe", "multitool", "promtool"]
"""Fixtures of another file, which tests find here."""

GONE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}


@dataclasses.dataclass(frozen=True)
class Run:
    code: int
    output: str
    reports: pathlib.Path

    @property
    def fleet(self) -> t.Any:
        return json.loads((self.reports / "latest" / "fleet.json").read_text(encoding="utf-8"))

    def names(self) -> t.List[str]:
        return sorted(item.name for item in self.reports.iterdir() if item.name not in ("latest", "baselines"))


class Stand:
    """A directory that a person stands in, with an inventory."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.reports = path / "reports"
        self.collections = path / "collections"
        home = self.collections / "ansible_collections" / "netmend"
        home.mkdir(parents=True)
        (home / "reclaim").symlink_to(ROOT)

    def inventory(self, hosts: t.Mapping[str, t.Mapping[str, t.Any]]) -> str:
        """A dynamic inventory, in which a host's name may be anything."""
        answer = self.path / "answer.json"
        answer.write_text(json.dumps({"all": {"hosts": list(hosts)}, "_meta": {"hostvars": hosts}}), encoding="ascii")
        script = self.path / "inventory.sh"
        script.write_text("#!/bin/sh\nexec cat '%s'\n" % answer, encoding="ascii")
        script.chmod(0o755)
        return str(script)

    def play(self, *arguments: str, **environment: str) -> Run:
        variables = dict(
            os.environ,
            ANSIBLE_COLLECTIONS_PATH=str(self.collections),
            ANSIBLE_HOME=str(self.path / "home"),
            ANSIBLE_LOCAL_TEMP=str(self.path / "tmp"),
            ANSIBLE_NOCOLOR="1",
            ANSIBLE_LOCALHOST_WARNING="0",
            ANSIBLE_INVENTORY_UNPARSED_WARNING="0",
            COLUMNS="100",
        )
        for name in ("ANSIBLE_CONFIG", "ANSIBLE_FORCE_COLOR", "ANSIBLE_INVENTORY", "PYTHONPATH"):
            variables.pop(name, None)
        variables.update(environment)
        program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
        done = subprocess.run(
            [program, *arguments], cwd=self.path, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="backslashreplace", timeout=300, check=False,
        )  # fmt: skip
        return Run(done.returncode, done.stdout, self.reports)


@pytest.fixture
def stand(tmp_path: pathlib.Path) -> Stand:
    return Stand(tmp_path)


@pytest.fixture
def feed(stand: Stand) -> t.Callable[..., Run]:
    """Runs the report with results that a stand-in for audit_info sends back."""

    def run(results: t.Mapping[str, t.Any], *arguments: str, **environment: str) -> Run:
        hosts: t.Dict[str, t.Any] = {}
        for number, (name, result) in enumerate(results.items()):
            path = stand.path / ("%d.json" % number)
            path.write_text(json.dumps(result), encoding="ascii")
            hosts[name] = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
            if result is None:
                hosts[name]["leaves"] = True
            elif result.get("unreachable"):
                hosts[name].update(GONE)
            hosts[name]["sample"] = str(path)
        return stand.play(
            "-i",
            stand.inventory(hosts),
            str(HERE / "feed.yml"),
            *arguments,
            ANSIBLE_LIBRARY=str(HERE / "library"),
            **environment,
        )

    return run
