# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds of all playbooks of the collection."""

from __future__ import annotations

import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))


@pytest.mark.parametrize("path", PLAYBOOKS, ids=[path.stem for path in PLAYBOOKS])
def test_no_play_gathers_facts_whatever_ansible_is_told_to_do(path):
    yaml = pytest.importorskip("yaml")
    plays = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert plays
    for play in plays:
        if "hosts" in play:
            assert play["gather_facts"] is False, play["name"]


def test_no_role_asks_for_facts():
    tasks = list((ROOT / "roles").glob("*/tasks/**/*.yml"))
    assert tasks
    for path in tasks:
        text = path.read_text(encoding="utf-8")
        assert "ansible_facts" not in text and "ansible.builtin.setup" not in text, path
