# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible and the collection as the role installs them, other versions of them, and others in their place."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from ansible_collections.netmend.reclaim.tests.integration.schedule import conftest
from ansible_collections.netmend.reclaim.tests.integration.schedule.conftest import COLLECTIONS, NAME, Schedule, unlike

BEFORE, AFTER = "2.18.19", "2.19.14"
PYTHON = "3.11"
ARCHIVE = "/shared/reclaim.tar.gz"


@pytest.fixture(scope="module")
def installing(machine, tmp_path_factory):
    """With what pip and ansible-galaxy install: the machine has no network."""
    wheels = machine.shared / "wheels"
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--only-binary=:all:",
        "--python-version",
        PYTHON,
        "-d",
        wheels,
    ]
    for version in (BEFORE, AFTER):
        subprocess.run([*command, "ansible-core==" + version, "pyroute2==0.9.7"], check=True, timeout=conftest.SECONDS)
    tree = conftest.environments.copy_tree(tmp_path_factory.mktemp("tree") / "reclaim")
    build(machine, tree)
    (machine.shared / "self.ini").write_text(
        "self ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n"
    )
    made = Schedule(
        machine,
        reclaim_schedule_ansible=None,
        reclaim_schedule_collections_path=None,
        reclaim_schedule_collection=ARCHIVE,
        reclaim_schedule_inventory="/shared/self.ini",
        reclaim_schedule_pip_arguments=["--no-index", "--find-links", "/shared/wheels"],
        reclaim_schedule_pip_packages=["ansible-core==" + BEFORE, "pyroute2==0.9.7"],
    )
    made.tree = tree
    made.converge(state="absent")
    made.before = machine.traces()
    return made


def build(machine, tree, version: str = "") -> None:
    if version:
        galaxy = tree / "galaxy.yml"
        galaxy.write_text(re.sub(r"(?m)^version: .*$", "version: " + version, galaxy.read_text()))
    made = tree.parent / ("made" + version)
    galaxy = [conftest.environments.VENV_BIN / "ansible-galaxy", "collection", "build", "--output-path", made, tree]
    subprocess.run(
        galaxy,
        check=True,
        env=dict(os.environ, HOME=str(tree.parent)),
        timeout=conftest.SECONDS,
        stdout=subprocess.DEVNULL,
    )
    (archive,) = made.glob("*.tar.gz")
    archive.replace(machine.shared / "reclaim.tar.gz")


def versions(machine) -> list[str]:
    """Of each Ansible and each collection that is there."""
    installed = machine.sh("cat /opt/%s/collections-*/ansible_collections/netmend/reclaim/MANIFEST.json" % NAME)
    core = machine.sh(
        "for each in /opt/%s/venv-*/bin/ansible; do LC_ALL=C.UTF-8 HOME=/root $each --version | head -1; done" % NAME
    )
    return re.findall(r"core ([0-9.]+)", core) + re.findall(r'^  "version": "([^"]+)"', installed, re.M)


def test_an_environment_of_its_own(installing):
    machine = installing.machine
    assert installing.converge() > 0
    assert installing.converge() == 0
    (core, first) = versions(machine)
    assert core == BEFORE
    assert installing.run() == "success 0", installing.journal()
    assert installing.fleet()["hosts"]["self"]["status"] == "audited", installing.fleet()

    build(machine, installing.tree, "99.0.0")
    assert installing.converge(reclaim_schedule_pip_packages=["ansible-core==" + AFTER, "pyroute2==0.9.7"]) > 0
    assert versions(machine) == [AFTER, "99.0.0"] and first != "99.0.0", "and none of the former"
    assert installing.run() == "success 0", installing.journal()


def test_others_in_their_place(installing):
    machine = installing.machine
    machine.sh("useradd --system auditor")
    changes = {
        "reclaim_schedule_ansible": machine.ansible,
        "reclaim_schedule_collections_path": COLLECTIONS,
        "reclaim_schedule_collection": None,
        "reclaim_schedule_user": "auditor",
    }
    assert installing.converge(**changes) > 0
    assert machine.sh("ls /opt/%s" % NAME).split() == ["hook.py", "nothing.yml", "run"]
    assert machine.sh("getent passwd %s || true" % NAME) == "", "the one that the role made"
    last = installing.latest()
    assert installing.run() == "success 0", installing.journal()
    assert installing.latest() != last and len(installing.reports()) >= 3, "it goes on with the same reports"
    installing.converge(state="absent")
    assert machine.sh("getent passwd auditor") != "", "one that it did not make"
    machine.sh("userdel auditor")
    assert unlike(installing.before, machine.traces()) == {}
