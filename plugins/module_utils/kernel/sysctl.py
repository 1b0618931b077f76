# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Switches of a network namespace under /proc/sys/net (Documentation/networking/ip-sysctl.rst).

What is there belongs to the namespace of the thread that opens it. A family that is not there is not switched on.
"""

from __future__ import annotations

import os
import typing as t

from ..model import Unseen
from .namespace import entered
from .processes import note

_ROOT = "/proc/sys/net"
_TRACKING = "/proc/thread-self/net/stat/nf_conntrack"
_FAMILIES = ((4, "ipv4"), (6, "ipv6"))


def nonlocal_bind(netns: str | int | None, unseen: t.List[Unseen] | None = None) -> t.Tuple[int, ...]:
    """The families whose ip_nonlocal_bind is on. Raises ValueError and PermissionError as ``entered`` does."""
    with entered(netns):
        _tell_absent(unseen)
        return tuple(family for family, name in _FAMILIES if _is_on("%s/%s/ip_nonlocal_bind" % (_ROOT, name)))


def forwarding(netns: str | int | None, unseen: t.List[Unseen] | None = None) -> t.Tuple[int, ...]:
    """The families that are forwarded on some link. Raises ValueError and PermissionError as ``entered`` does."""
    with entered(netns):
        _tell_absent(unseen)
        return tuple(family for family, name in _FAMILIES if _forwards("%s/%s/conf" % (_ROOT, name)))


def tracks(netns: str | int | None) -> bool:
    """May there be connection tracking entries? Raises ValueError and PermissionError as ``entered`` does.

    To ask the kernel for them loads its modules, so it is not asked where there is nothing. An older kernel does not show
    the count in a namespace that belongs to a user namespace: what tells then is whether it has statistics.
    """
    with entered(netns):
        try:
            with open("%s/netfilter/nf_conntrack_count" % _ROOT, "rb") as stream:
                return stream.read(16).strip() != b"0"
        except OSError:
            return not os.path.isdir("%s/ipv4" % _ROOT) or os.path.exists(_TRACKING)


def _forwards(conf: str) -> bool:
    if _is_on("%s/all/forwarding" % conf):
        return True
    try:
        links = os.listdir(conf)
    except OSError:
        return False
    # "default" is what links to come start with
    return any(_is_on("%s/%s/forwarding" % (conf, link)) for link in links if link not in ("all", "default"))


def _is_on(path: str) -> bool:
    try:
        with open(path, "rb") as stream:
            return stream.read(16).strip() not in (b"", b"0")
    except OSError:  # no such family, or the link went away
        return False


def _tell_absent(unseen: t.List[Unseen] | None) -> None:
    if unseen is not None and not os.path.isdir("%s/ipv4" % _ROOT):
        note(unseen, "forwarding and ip_nonlocal_bind", "%s is not there: /proc is mounted without it" % _ROOT)
