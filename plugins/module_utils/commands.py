# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands as a person would type them: shown beside every observation, never run by the collection."""

from __future__ import annotations

import shlex


def ip(netns: str | None, *words: object) -> str:
    """``ip`` with its arguments, in a namespace where one is given. Names from the host are quoted for the shell."""
    if netns is not None and netns.isdigit():  # ip -n wants a name
        return inside(netns, "ip", *words)
    return _join(["ip"] + ([] if netns is None else ["-n", netns]), words)


def inside(netns: str | None, *words: object) -> str:
    """Any other command, run inside the namespace where one is given."""
    if netns is not None and netns.isdigit():  # the id of a process that lives in it
        return _join(["nsenter", "-t", netns, "-n"], words)
    return _join([] if netns is None else ["ip", "netns", "exec", netns], words)


def _join(start: list[str], words: tuple[object, ...]) -> str:
    return shlex.join(start + [str(word) for word in words])
