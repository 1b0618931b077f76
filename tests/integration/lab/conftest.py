# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One lab for all tests here, with a prefix and a directory of its own, and what an audit of it found."""

from __future__ import annotations

import pathlib
import sys
import typing as t

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "lab")]

from lab_runs import Audited, Auditor, standing  # noqa: E402
from place import Place  # noqa: E402


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Place]:
    with standing(tmp_path_factory.mktemp("lab")) as place:
        yield place


@pytest.fixture(scope="session")
def auditor(lab: Place, tmp_path_factory: pytest.TempPathFactory) -> Auditor:
    return Auditor(lab, tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="session")
def audited(auditor: Auditor) -> Audited:
    """One audit of the whole lab as it was made."""
    result = auditor.audit()
    assert result.code == 0, result.output
    return result
