# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files below a root: links are followed there, and what is odd is told, not raised."""

from __future__ import annotations

import os

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.tree import LARGEST, Tree


@pytest.fixture
def root(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "real").write_text("inside\n")
    return tmp_path


@pytest.mark.parametrize("target", ["/run/real", "../run/real", "../../../../run/real", "/etc/../run/./real"])
def test_symbolic_links_stay_below_the_root(root, target) -> None:
    (root / "etc" / "link").symlink_to(target)
    (root / "again").symlink_to("/etc/link")
    unseen = []
    tree = Tree(str(root), unseen)
    assert tree.text("/etc/link") == tree.text("/again") == "inside\n"
    assert tree.real("/again") == str(root / "run" / "real")
    assert unseen == []


def test_what_is_not_there_is_nothing(root) -> None:
    (root / "dangling").symlink_to("/etc/passwd")
    unseen = []
    tree = Tree(str(root), unseen)
    assert tree.text("/dangling") is None and tree.text("/etc/none") is None and tree.text("/run/real/x") is None
    assert tree.names("/none") == [] and tree.stat("/none") is None
    assert unseen == []


def test_what_cannot_be_read_is_told_once(root) -> None:
    (root / "loop").symlink_to("loop")
    (root / "large").write_bytes(b"x" * (LARGEST + 1))
    os.mkfifo(root / "fifo")
    (root / "bytes").write_bytes(b"a\xff\n")
    unseen = []
    tree = Tree(str(root), unseen, "boot configuration")
    for _twice in range(2):
        assert [tree.text("/" + name) for name in ("loop", "large", "fifo", "etc")] == [None] * 4
    assert tree.text("/bytes") == "a\ufffd\n"
    assert [item.what for item in unseen] == [
        "boot configuration /loop",
        "boot configuration /large",
        "boot configuration /etc",
    ]
