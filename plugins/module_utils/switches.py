# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The switches of a link that a step may set (``sysctl.set``): a closed list, with how they are spelled. Pure.

A name is spelled as sysctl(8) does: a dot in the name of a link is a slash there (``net.ipv4.conf.eth0/100.rp_filter`` is
of the link eth0.100). No link has a slash in its name, so each spelling means one switch, and each switch has one.

Only IPv4's rp_filter is in the list. IPv6 has no such filter, and a change of most other switches takes addresses or
routes with it (forwarding, disable_ipv6), which setting them back does not bring back.
"""

from __future__ import annotations

import re
import typing as t

VALUES: t.Mapping[str, t.Tuple[str, ...]] = {"rp_filter": ("0", "1", "2")}
"""What each of them may be."""
WANTED: t.Mapping[str, t.Tuple[str, ...]] = {"rp_filter": ("2",)}
"""What a plan may set it to: a filter is loosened, never turned off, and never made stricter."""

_NAME = re.compile(r"net\.ipv4\.conf\.([!-~]{1,15})\.(%s)\Z" % "|".join(VALUES), re.ASCII)
_NO_LINKS = ("", ".", "..", "all", "default")
"""What is no link's own: the kernel names no link so, or gives it no switches."""


def spelled(link: str, setting: str) -> str | None:
    """The name of a link's switch; None where the link's name cannot be spelled."""
    name = "net.ipv4.conf.%s.%s" % (link.replace(".", "/"), setting)
    return name if "/" not in link and parts(name) == (link, setting) else None


def parts(name: str) -> t.Tuple[str, str] | None:
    """The link and the setting that a name stands for; None for what is no name of a switch in the list."""
    found = _NAME.match(name)
    if found is None or "." in found.group(1):
        return None
    link = found.group(1).replace("/", ".")
    return None if link in _NO_LINKS or ":" in link else (link, found.group(2))
