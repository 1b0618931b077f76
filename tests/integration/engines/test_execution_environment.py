# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-builder takes the definition, and what it makes of it has the collection and all that it needs."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest
import yaml
from environments import copy_tree

WANTED = {"python": ["pyroute2>=0.7.2"], "system": ["openssh-clients [platform:rpm]", "openssh-client [platform:dpkg]", "util-linux"]}  # fmt: skip


@pytest.fixture(scope="module")
def run(engines: pathlib.Path, tmp_path_factory: pytest.TempPathFactory):
    tree = copy_tree(tmp_path_factory.mktemp("checkout") / "tree")

    def run(*words: str, cwd: str = ".") -> str:
        environment = dict(os.environ, PATH=os.pathsep.join([str(engines), os.environ["PATH"]]), ANSIBLE_NOCOLOR="1")
        for name in ("ANSIBLE_CONFIG", "ANSIBLE_COLLECTIONS_PATH", "PYTHONPATH"):
            environment.pop(name, None)
        environment["ANSIBLE_HOME"] = str(tree.parent / "home")
        done = subprocess.run(
            words, cwd=tree / cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("ansible-galaxy", "collection", "build", "--output-path", "build")
    run("ansible-builder", "create", "--output-filename", "Containerfile")
    # The step of the Containerfile that installs the collection, from the directory that it is run in.
    run("ansible-galaxy", "collection", "install", "-r", "requirements.yml", "-p", "../installed", cwd="context/_build")
    return run


def test_the_context_holds_the_collection_that_the_definition_names(run) -> None:
    assert "netmend.reclaim" in run("ansible-galaxy", "collection", "list", "-p", "context/installed")


def test_the_context_installs_what_the_definition_names(run) -> None:
    text = run("cat", "context/Containerfile")
    lines = text.splitlines()
    galaxy = lines[lines.index("FROM base AS galaxy") :]
    assert "COPY _build /build" in galaxy and "WORKDIR /build" in galaxy
    assert any("ansible-galaxy collection install" in line and "-r requirements.yml" in line for line in galaxy)
    assert 'ARG EE_BASE_IMAGE="fedora:42"' in lines
    assert 'ARG ANSIBLE_INSTALL_REFS="ansible-core==2.21.5 ansible-runner==2.4.3"' in lines
    assert any("introspect.py introspect" in line and "--write-bindep" in line for line in lines)


def test_what_the_installed_collection_needs_is_found(run) -> None:
    found = yaml.safe_load(run("ansible-builder", "introspect", "context/installed"))
    assert {
        kind: [line.partition("  # from collection netmend.reclaim")[0] for line in lines]
        for kind, lines in found.items()
    } == WANTED
