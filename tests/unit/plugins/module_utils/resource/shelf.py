# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a resource module is told and what it finds: options as a module gets them, and a kernel that only shows."""

from __future__ import annotations

import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.model import Link, Seen

DEFAULTS = {"state": "present", "nodad": False, "proxy": False, "nud": "permanent", "netns": None}


class Params(t.Dict[str, t.Any]):
    """Options that were not given are None."""

    def __missing__(self, name: str) -> None:
        return None


class Shelf:
    """Stands where the kernel port would: shows links and other objects, and takes no change."""

    def __init__(self, *found: Seen) -> None:
        self._found = found

    def links(self) -> t.Tuple[Link, ...]:
        return (Link(1, "lo", loopback=True), Link(2, "va"), Link(3, "tun0", kind="gre"))

    def seen(self, kind: str, keep: t.Callable[[t.Any], bool]) -> t.Iterator[Seen]:
        return (seen for seen in self._found if seen.kind == kind and keep(seen.object))

    def seen_routes(self, keep: t.Callable[[t.Any], bool], **_wanted: t.Any) -> t.List[Seen]:
        return [seen for seen in self._found if seen.kind == "route" and keep(seen.object)]


def told(**options: t.Any) -> Params:
    return Params({**DEFAULTS, **options})
