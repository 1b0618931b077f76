# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which object the kernel would take: what a delete does not name is a wildcard, and the first that fits goes.

Deleting a rule, the kernel passes over what the request leaves out or has as zero (source, mark, table...): a wide rule
may take a narrow one of the same priority with it that stands earlier. Routes likewise: no metric, no preferred source,
no gateway, no metrics fit any; IPv6 compares neither type nor preferred source nor metrics. ``may_take`` says where that
could happen. It is wider than the kernel: where it is wrong, a change is refused, not done to the wrong object.
"""

from __future__ import annotations

import functools
import typing as t

from . import routes, tables
from .netlink import attributes
from .tables import AF_INET6

_COMPARED_RULE = (
    tables.FRA_IIFNAME, tables.FRA_OIFNAME, tables.FRA_FWMARK, tables.FRA_FWMASK, tables.FRA_TABLE, tables.FRA_DST,
    tables.FRA_SRC, tables.FRA_IP_PROTO, tables.FRA_SPORT_RANGE, tables.FRA_DPORT_RANGE, tables.FRA_UID_RANGE,
)  # fmt: skip
_RT_SCOPE_NOWHERE = 255


@functools.lru_cache(maxsize=4096)
def may_take(kind: str, raw: bytes, other: bytes) -> bool:
    """May a delete of the first remove the second, where that stands before it?"""
    if kind == "rule":
        return _rule(raw, other)
    return _route(raw, other)


def _rule(raw: bytes, other: bytes) -> bool:
    size = tables.RULE.size
    one, two = tables.RULE.unpack_from(raw), tables.RULE.unpack_from(other)
    # Family, destination and source length, TOS; then the action.
    if one[0] != two[0] or any(one[at] not in (0, two[at]) for at in (1, 2, 3, 7)):
        return False
    mine, theirs = attributes(raw, size, len(raw)), attributes(other, size, len(other))
    if mine[tables.FRA_PRIORITY] != theirs[tables.FRA_PRIORITY]:
        return False
    return all(not mine.get(kind, b"").strip(b"\0") or mine[kind] == theirs.get(kind) for kind in _COMPARED_RULE)


def _route(raw: bytes, other: bytes) -> bool:
    size = routes.RTMSG.size
    family, _dst, source, tos, _table, proto, scope, kind, _flags = routes.RTMSG.unpack_from(raw)
    two = routes.RTMSG.unpack_from(other)
    mine, theirs = attributes(raw, size, len(raw)), attributes(other, size, len(other))
    if source != two[2] or tos != two[3] or mine.get(routes.RTA_SRC) != theirs.get(routes.RTA_SRC):
        return False
    if proto not in (0, two[5]) or not _fits(routes.RTA_PRIORITY, mine, theirs):
        return False
    if family != AF_INET6:
        if scope not in (_RT_SCOPE_NOWHERE, two[6]) or kind not in (0, two[7]):
            return False
        if not all(_fits(number, mine, theirs) for number in (routes.RTA_PREFSRC, routes.RTA_METRICS)):
            return False
    if routes.RTA_NH_ID in mine:
        return mine[routes.RTA_NH_ID] == theirs.get(routes.RTA_NH_ID)
    mine_hops = routes.decode_hops(mine, 0)
    their_hops = routes.decode_hops(theirs, 0)
    return all(
        any(hop.ifindex in (None, at.ifindex) and hop.gateway in (None, at.gateway) for at in their_hops)
        for hop in mine_hops
    )


def _fits(kind: int, mine: t.Mapping[int, bytes], theirs: t.Mapping[int, bytes]) -> bool:
    return not mine.get(kind, b"").strip(b"\0") or mine[kind] == theirs.get(kind)
