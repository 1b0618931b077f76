# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values in configuration files, spelled as the kernel prints them. Pure; None is what is not understood."""

from __future__ import annotations

import ipaddress
import typing as t

_TABLES = {"default": 253, "main": 254, "local": 255}
ANY = {4: "0.0.0.0/0", 6: "::/0"}


def plain(text: str | None) -> str | None:
    """An address without a prefix length."""
    try:
        return str(ipaddress.ip_address((text or "").partition("%")[0]))
    except ValueError:
        return None


def interface(text: str | None, netmask: str | None = None) -> str | None:
    """An address with its prefix length; ``netmask`` is that, or a mask of IPv4, where it stands apart."""
    try:
        whole = "%s/%s" % (text, netmask) if netmask and "/" not in (text or "") else text or ""
        return str(ipaddress.ip_interface(whole))
    except ValueError:
        return None


def prefix(text: str | None, family: int = 4) -> str | None:
    """A prefix of that family; ``default`` and ``all`` are its widest one."""
    if text in ("default", "all", "any"):
        return ANY[family]
    try:
        network = ipaddress.ip_network(text or "", strict=False)
    except ValueError:
        return None
    return str(network) if network.version == family else None


def family_of(text: str | None) -> int:
    return 6 if ":" in (text or "") else 4


def number(text: str | None, base: int = 10) -> int | None:
    """At most 32 bits."""
    try:
        value = int(text or "", base) if len(text or "") < 16 else -1
    except ValueError:
        return None
    return value if 0 <= value < 1 << 32 else None


def table(text: str | None) -> int | None:
    """The number of a table; None also for a name that only the host knows."""
    return _TABLES[text] if text in _TABLES else number(text)


def route(**said: t.Any) -> t.Dict[str, t.Any]:
    """A route's selector with all its keys."""
    made: t.Dict[str, t.Any] = {
        "family": 4, "dst": None, "table": 254, "gateway": None, "interface": None, "source": None, "type": "unicast",
        "metric": None, "onlink": False,
    }  # fmt: skip
    return dict(made, **said)


def rule(**said: t.Any) -> t.Dict[str, t.Any]:
    """A policy rule's selector with all its keys. A prefix that selects all is None, as the kernel has it."""
    made: t.Dict[str, t.Any] = {
        "family": 4, "priority": None, "from": None, "to": None, "iif": None, "oif": None, "mark": None, "table": None,
        "action": "lookup",
    }  # fmt: skip
    made.update(said)
    for key in ("from", "to"):
        if made[key] in ANY.values():
            made[key] = None
    return made
