# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which managers of network configuration take effect at the next boot: by their units, as the files say."""

from __future__ import annotations

import re
import typing as t

from ..tree import Tree

UNITS: t.Mapping[str, str] = {
    "systemd-networkd": "systemd-networkd.service",
    "NetworkManager": "NetworkManager.service",
    "ifupdown": "networking.service",
    "ifcfg": "network.service",
}
_SERVICES: t.Mapping[str, str] = {"ifupdown": "networking", "NetworkManager": "network-?manager", "ifcfg": "network"}
"""Their names for System V's init and for OpenRC."""
_PLACES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/run/systemd/generator.late",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_RUNLEVELS = ("/etc/rcS.d", "/etc/rc2.d", "/etc/rc3.d", "/etc/runlevels/boot", "/etc/runlevels/default")


def enabled(tree: Tree, manager: str) -> bool | None:
    """Is it started at boot? None where nothing here says how services are started."""
    unit = UNITS[manager]
    for place in _PLACES[:2]:
        if _is_masked(tree, "%s/%s" % (place, unit)):
            return False
    known = False
    for place in _PLACES:
        for name in tree.names(place):
            if name.endswith((".wants", ".requires")):
                known = True
                if unit in tree.names("%s/%s" % (place, name)):
                    return True
    service = re.compile(r"(S\d\d)?%s\Z" % _SERVICES.get(manager, re.escape(manager)), re.IGNORECASE)
    for place in _RUNLEVELS:
        found = tree.names(place)
        known = known or bool(found)
        if any(service.match(name) for name in found):
            return True
    return False if known else None


def _is_masked(tree: Tree, path: str) -> bool:
    return tree.target(path) == "/dev/null"
