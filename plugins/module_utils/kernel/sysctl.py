# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Switches of a network namespace under /proc/sys/net (Documentation/networking/ip-sysctl.rst).

What is there belongs to the namespace of the thread that opens it. A family that is not there is not switched on.
"""

from __future__ import annotations

import os
import typing as t

from .. import switches
from ..model import SourceCheck, Unseen
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


def source_checks(netns: str | int | None, unseen: t.List[Unseen] | None = None) -> t.Tuple[SourceCheck, ...]:
    """rp_filter of ``all``, ``default`` and each link (IPv4). Raises ValueError and PermissionError as ``entered`` does."""
    conf = "%s/ipv4/conf" % _ROOT
    with entered(netns):
        try:
            names = sorted(os.listdir(conf))
        except OSError as exc:
            if unseen is not None:
                note(unseen, "rp_filter", "%s: %s" % (conf, exc.strerror))
            return ()
        own = {name: _number("%s/%s/rp_filter" % (conf, name)) for name in names}
        marked = {name: _is_on("%s/%s/src_valid_mark" % (conf, name)) for name in names}
    everywhere = own.get("all") or 0
    return tuple(
        SourceCheck(name, value, max(value, everywhere), marked[name] or marked.get("all", False))
        for name, value in own.items()
        if value is not None
    )


def read(netns: str | int | None, name: str) -> str | None:
    """A switch of the closed list; None where it is not there, as when its link is gone.

    Raises OSError, ValueError for a name that is not in the list, and what ``entered`` raises.
    """
    path = _path(name)
    with entered(netns):
        try:
            with open(path, "rb") as stream:
                return stream.read(16).strip().decode("ascii", "replace")
        except FileNotFoundError:
            return None


def write(netns: str | int | None, name: str, value: str) -> None:
    """Set a switch of the closed list. Raises as ``read`` does, and ValueError for a value that it cannot have."""
    path = _path(name)
    if value not in switches.VALUES[path.rpartition("/")[2]]:
        raise ValueError("%s cannot be %r" % (name, value))
    with entered(netns):
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)  # never makes what is not there
        try:
            os.write(descriptor, value.encode("ascii"))
        finally:
            os.close(descriptor)


def _path(name: str) -> str:
    known = switches.parts(name)
    if known is None:
        raise ValueError("%r is no switch that a step may set; expected one like net.ipv4.conf.eth0.rp_filter" % name)
    return "%s/ipv4/conf/%s/%s" % (_ROOT, *known)


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


def _number(path: str) -> int | None:
    try:
        with open(path, "rb") as stream:
            return int(stream.read(16))
    except (OSError, ValueError):  # the link went away
        return None


def _tell_absent(unseen: t.List[Unseen] | None) -> None:
    if unseen is not None and not os.path.isdir("%s/ipv4" % _ROOT):
        note(unseen, "forwarding and ip_nonlocal_bind", "%s is not there: /proc is mounted without it" % _ROOT)
