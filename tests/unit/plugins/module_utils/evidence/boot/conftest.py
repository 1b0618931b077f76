# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trees of configuration files, made from text, and what is read of them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.boot import read
from ansible_collections.netmend.reclaim.plugins.module_utils.model import BootObject, Link, Unseen

LINKS = (
    Link(1, "lo", loopback=True, up=True, carrier=True, lladdr="00:00:00:00:00:00"),
    Link(2, "eth0", up=True, carrier=True, lladdr="02:00:00:00:00:02"),
    Link(3, "eth1", up=True, carrier=True, lladdr="02:00:00:00:00:03"),
)
ENABLED = "etc/systemd/system/multi-user.target.wants/"


class Read:
    """What was read of a tree."""

    def __init__(self, objects: t.Sequence[BootObject], unseen: t.Sequence[Unseen]) -> None:
        self.objects = objects
        self.unseen = unseen

    def of(self, kind: str) -> t.List[t.Dict[str, t.Any]]:
        """Selectors without what they do not say."""
        return [
            {key: value for key, value in item.selector.items() if value not in (None, False)}
            for item in self.objects
            if item.kind == kind
        ]

    def where(self, kind: str) -> t.List[t.Tuple[str, t.Optional[int], bool]]:
        return [(item.path, item.line, item.certain) for item in self.objects if item.kind == kind]


@pytest.fixture
def boot(tmp_path):
    """``boot({path: text}, links, alive)``: a text of None is a link to /dev/null."""

    def read_tree(files, links=LINKS, alive=None) -> Read:
        for path, text in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                file.symlink_to("/dev/null")
            else:
                file.write_text(text)
        unseen: t.List[Unseen] = []
        return Read(read(links, alive or {}, unseen, str(tmp_path)), unseen)

    return read_tree
