# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.plugin_utils.events import options


def test_what_is_not_said_has_a_default() -> None:
    loaded = options.load({"eda_feedback_queue": object(), "netns": "", "units": [], "host": "web1"})
    assert loaded == options.Options("web1")


def test_what_a_rulebook_makes_of_templates_is_taken() -> None:
    loaded = options.load({"host": "web1", "netns": 4711, "logs": ["/a", "/a"], "settle": 1})
    assert (loaded.netns, loaded.logs, loaded.settle) == ("4711", ("/a",), 1.0)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"setle": 3}, "no option setle"),
        ({"settle": "3"}, "settle: seconds from 0.1"),
        ({"settle": True}, "settle: seconds"),
        ({"settle": float("nan")}, "settle: seconds"),
        ({"at_most_every": 0}, "at_most_every: seconds from 1"),
        ({"kernel": "no"}, "kernel: true or false"),
        ({"units": "ssh.service"}, "units: a list"),
        ({"units": ["--file=/etc/shadow"]}, "no name of a systemd unit"),
        ({"logs": ["messages"]}, "must be absolute"),
        ({"logs": ["/x"] * 65}, "a list of at most 64"),
        ({"netns": "../blue"}, "neither the name of a network namespace"),
        ({"host": "a\nb"}, "host: a text"),
        ({"kernel": False, "journal": False}, "nothing is followed"),
    ],
)
def test_what_is_wrong_is_said(args: t.Dict[str, t.Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        options.load(args)
