# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects in the words of ``ip``: what ``ip`` would show, and what it would take to make the same. Pure."""

from __future__ import annotations

import typing as t

from ..info.select import table_name
from ..kernel.encode import as_kernel
from ..model import TABLE_MAIN, Address, Hop, Neighbour, Route, Rule

Names = t.Callable[[int], str]
"""From an ifindex to the name of the link."""
Words = t.List[str]


def route(item: Route, dst: str, name_of: Names) -> Words:
    words = [] if item.type == "unicast" else [item.type]
    words += ["default" if dst in ("0.0.0.0/0", "::/0") else dst]
    words += _said("from", item.src) + _said("tos", "0x%02x" % item.tos if item.tos else None)
    words += _said("nhid", item.nhid)
    if len(item.hops) == 1:
        words += _hop(item.family, item.hops[0], name_of)
    words += _said("table", _table(item.table) if item.table != TABLE_MAIN else None)
    words += _said("proto", item.proto if item.proto != "boot" else None)
    if item.scope != "global" or item.scope != as_kernel(item).scope:
        words += ["scope", item.scope]
    words += _said("src", item.prefsrc)
    words += _said("metric", item.metric if item.metric or item.family == 6 else None)
    words += _said("mtu", item.mtu)
    words += _said("pref", item.pref if item.pref != "medium" else None)
    if len(item.hops) > 1:
        for hop in item.hops:
            words += ["nexthop", *_hop(item.family, hop, name_of), "weight", str(hop.weight)]
    return words


def _hop(family: int, hop: Hop, name_of: Names) -> Words:
    words: Words = []
    if hop.gateway is not None:
        other = family == 4 and ":" in hop.gateway
        words += ["via", *(["inet6"] if other else []), hop.gateway]
    words += _said("dev", None if hop.ifindex is None else name_of(hop.ifindex))
    return words + (["onlink"] if "onlink" in hop.flags else [])


def rule(item: Rule) -> Words:
    words = ["pref", str(item.priority)] + (["not"] if item.invert else [])
    words += ["from", item.src or "all"] + _said("to", item.dst)
    words += _said("tos", "0x%02x" % item.tos if item.tos else None)
    if item.mark is not None:
        whole = item.mask in (None, 0xFFFFFFFF)
        words += ["fwmark", "0x%x" % item.mark if whole else "0x%x/0x%x" % (item.mark, item.mask or 0)]
    words += _said("iif", item.iif) + _said("oif", item.oif)
    words += _said("uidrange", _range(item.uid_range, always=True)) + _said("ipproto", item.ip_proto)
    words += _said("sport", _range(item.sport)) + _said("dport", _range(item.dport))
    words += _said("tun_id", item.tunnel_id)
    if item.action == "goto":
        words += ["goto", str(item.goto)]
    elif item.l3mdev:
        words += ["l3mdev"]
    elif item.action == "lookup":
        words += ["lookup", _table(item.table or 0)]
    else:
        words += [item.action]
    words += _said("suppress_prefixlength", item.suppress_prefixlen) + _said("suppress_ifgroup", item.suppress_ifgroup)
    return words + _said("protocol", item.proto)


def address(item: Address, name_of: Names) -> Words:
    own = "%s/%d" % (item.address, item.prefixlen)
    words = [own] if item.peer is None else [item.address, "peer", "%s/%d" % (item.peer, item.prefixlen)]
    words += _said("brd", item.broadcast) + ["scope", item.scope, "dev", name_of(item.ifindex)]
    words += _said("label", item.label)
    words += _said("valid_lft", item.valid_lifetime) + _said("preferred_lft", item.preferred_lifetime)
    words += [flag for flag in item.flags if flag in ("home", "mngtmpaddr", "nodad", "noprefixroute", "autojoin")]
    return words + _said("proto", item.proto)


def neighbour(item: Neighbour, name_of: Names) -> Words:
    if "proxy" in item.flags:
        return ["proxy", item.address, "dev", name_of(item.ifindex)]
    words = [item.address, "dev", name_of(item.ifindex)] + _said("lladdr", item.lladdr)
    words += ["nud", item.state.lower()]
    words += [flag for flag in item.flags if flag in ("router", "extern_learn", "managed", "use")]
    return words + _said("protocol", item.proto)


def _table(number: int) -> str:
    return table_name(number) or str(number)


def _range(ends: t.Tuple[int, int] | None, always: bool = False) -> str | None:
    if ends is None:
        return None
    return "%d-%d" % ends if always or ends[0] != ends[1] else str(ends[0])


def _said(word: str, value: object) -> Words:
    return [] if value is None else [word, str(value)]
