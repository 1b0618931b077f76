# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller as a host of its own inventory, over the local connection."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

SHIM = "#!/bin/sh\necho 'no such version' >&2\nexit 127\n"


@pytest.mark.parametrize("choice", ["auto", "auto_silent"])
def test_it_runs_on_the_python_of_ansible_where_the_one_on_path_is_a_broken_shim(
    tmp_path: pathlib.Path, choice: str
) -> None:
    run = adhoc(tmp_path, choice)
    assert run.returncode == 0, run.stdout + run.stderr
    assert json.loads(run.stdout[run.stdout.index("{") :])["cause"] == "ok"


def test_a_python_that_the_user_names_is_used(tmp_path: pathlib.Path) -> None:
    run = adhoc(tmp_path, str(tmp_path / "bin" / "python3"))
    assert run.returncode != 0
    assert "no such version" in run.stdout


def adhoc(directory: pathlib.Path, interpreter: str) -> subprocess.CompletedProcess[str]:
    shims = directory / "bin"
    shims.mkdir()
    for version in ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3"):
        shim = shims / ("python" + version)
        shim.write_text(SHIM)
        shim.chmod(0o755)
    settings = directory / "ansible.cfg"
    settings.touch()
    env = dict(
        os.environ,
        PATH=os.pathsep.join([str(shims), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]),
        HOME=str(directory),
        ANSIBLE_CONFIG=str(settings),
        ANSIBLE_PYTHON_INTERPRETER=interpreter,
    )
    words = ["-i", "localhost,", "-c", "local", "localhost", "-m", "netmend.reclaim.reach_info", "-a", "to=127.0.0.1"]
    return subprocess.run(
        [sys.executable, "-m", "ansible", "adhoc", *words], env=env, capture_output=True, text=True, check=False
    )
