# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engines in an environment of their own, and the lab whose hosts they audit."""

from __future__ import annotations

import pathlib
import sys
import typing as t

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(ROOT / "tests"), str(ROOT / "tests" / "lab"), str(HERE.parent / "lab")]

from environments import environment  # noqa: E402
from lab_runs import Auditor, standing  # noqa: E402
from place import Place  # noqa: E402


@pytest.fixture(scope="session")
def engines() -> pathlib.Path:
    """The directory with ansible-runner and ansible-builder."""
    lines = (ROOT / "requirements" / "engines.txt").read_text(encoding="utf-8").splitlines()
    return environment("engines", pathlib.Path(sys.executable), [line for line in lines if not line.startswith("#")])


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Place]:
    with standing(tmp_path_factory.mktemp("lab")) as place:
        yield place


@pytest.fixture(scope="session")
def auditor(lab: Place, tmp_path_factory: pytest.TempPathFactory) -> Auditor:
    return Auditor(lab, tmp_path_factory.mktemp("audit"))
