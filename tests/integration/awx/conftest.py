# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook netmend.reclaim.awx as a person runs it, with the real collection awx.awx, against server.py."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t
import zipfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(ROOT / "tests")]

import server  # noqa: E402
from environments import BUILD, locked  # noqa: E402

WHEEL = "ansible==12.3.0"
"""What carries awx.awx 24.6.1 on the package index. Nothing else of it is used."""
INSIDE = "ansible_collections/awx/awx/"
ORGANIZATION = "Net"


@pytest.fixture(scope="session")
def awx_awx() -> pathlib.Path:
    """A directory of collections with awx.awx alone, made on first use."""
    where = BUILD / "awx" / WHEEL.replace("==", "-")
    with locked(BUILD / "awx.lock"):
        if not (where / ".done").is_file():
            shutil.rmtree(where, ignore_errors=True)
            where.mkdir(parents=True)
            load = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*load, "--dest", str(where), WHEEL], check=True, timeout=600)
            (wheel,) = where.glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(where, [name for name in archive.namelist() if name.startswith(INSIDE)])
            wheel.unlink()
            (where / ".done").touch()
    return where


def playbooks_of(top: pathlib.Path) -> list[str]:
    """What AWX would take for playbooks in a checkout (awx/main/utils/ansible.py)."""
    told = re.compile(
        r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?include|(ansible\.builtin\.)?import_playbook):\s*?.*?$"
    )
    found = []
    for path in sorted((top / "playbooks").rglob("*.yml")):
        name = path.relative_to(top)
        if not {"roles", "tasks", "group_vars", "host_vars"} & set(name.parts[:-1]):
            if any(told.match(line) for line in path.read_text(encoding="utf-8").splitlines()):
                found.append(str(name))
    return found


@dataclasses.dataclass(frozen=True)
class Run:
    code: int
    output: str
    written: t.Sequence[server.Request]

    @property
    def words(self) -> str:
        return " ".join(self.output.split())


class Stand:
    """One AWX, and a directory that a person declares it from."""

    def __init__(self, where: pathlib.Path, collections: t.Sequence[pathlib.Path]) -> None:
        self.where = where
        home = where / "collections" / "ansible_collections" / "netmend"
        home.mkdir(parents=True)
        (home / "reclaim").symlink_to(ROOT)
        self._collections = os.pathsep.join(map(str, [where / "collections", *collections]))
        self.awx = server.Awx(playbooks_of(ROOT))
        self.awx.put("organizations", name="Default")
        organization = self.awx.put("organizations", name=ORGANIZATION)
        self.awx.put("credentials", name="fleet ssh key", organization=organization)
        self.awx.put("credentials", name="fleet vault", organization=organization, kind="vault")
        self.awx.put("inventories", name="all of it", organization=organization)

    def play(self, variables: t.Mapping[str, t.Any], *words: str, token: str = server.TOKEN) -> Run:
        before = len(self.awx.written)
        with server.serving(self.awx) as address:
            environment = dict(
                os.environ,
                ANSIBLE_COLLECTIONS_PATH=self._collections,
                ANSIBLE_HOME=str(self.where / "home"),
                ANSIBLE_LOCAL_TEMP=str(self.where / "tmp"),
                ANSIBLE_LOCALHOST_WARNING="0",
                ANSIBLE_INVENTORY_UNPARSED_WARNING="0",
                ANSIBLE_NOCOLOR="1",
                # awx.awx would read a file there.
                HOME=str(self.where),
                CONTROLLER_HOST=address,
                CONTROLLER_OAUTH_TOKEN=token,
                CONTROLLER_REQUEST_TIMEOUT="60",
            )
            for name in ("ANSIBLE_CONFIG", "ANSIBLE_FORCE_COLOR", "ANSIBLE_INVENTORY", "PYTHONPATH"):
                environment.pop(name, None)
            given = self.where / "awx.json"
            given.write_text(json.dumps(variables), encoding="ascii")
            argv = [os.path.join(os.path.dirname(sys.executable), "ansible-playbook"), "netmend.reclaim.awx"]
            done = subprocess.run(
                [*argv, "-e", "@%s" % given, *words], cwd=self.where, env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False,
            )  # fmt: skip
        return Run(done.returncode, done.stdout, self.awx.written[before:])


@pytest.fixture(scope="module")
def stand(awx_awx: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Stand:
    return Stand(tmp_path_factory.mktemp("awx"), [awx_awx])
