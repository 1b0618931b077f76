# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""interface_info: links with their addresses, tunnel ends and state."""

from __future__ import annotations

import collections
import fnmatch
import typing as t

from ..bounds import take
from ..index import FALLBACK_LINKS
from ..model import Address, Link, Neighbour
from .select import FAMILIES, FAMILY_NAMES, counted, prefix, prefix_test

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel

NEIGHBOURS_PER_LINK = 100
ADDRESSES_PER_LINK = 100

_T = t.TypeVar("_T", Address, Neighbour)


def interface_info(params: t.Mapping[str, t.Any], kernel: Kernel) -> t.Dict[str, t.Any]:
    """What the module returns. Raises ValueError for options that make no sense."""
    family = FAMILIES.get(params.get("family") or "")
    links = kernel.links()
    addresses = _by_link(kernel.addresses(), family)
    neighbours = _by_link(kernel.neighbours(), family) if params["neighbours"] else None
    names = {link.ifindex: link.name for link in links}
    matching = [link for link in links if accepts(link, addresses.get(link.ifindex, ()), params)]
    result: t.Dict[str, t.Any] = {"counts": counts(matching, addresses)}
    if not params["summary"]:

        def shape(link: Link) -> t.Dict[str, t.Any]:
            beside = None if neighbours is None else neighbours.get(link.ifindex, ())
            return shown(link, names, addresses.get(link.ifindex, ()), beside)

        result["interfaces"], total = take(matching, params["limit"], shape)
        result["truncated"] = len(result["interfaces"]) < total
    result["total"] = len(matching)
    return result


def _by_link(items: t.Iterable[_T], family: int | None) -> t.Dict[int, t.List[_T]]:
    grouped: t.Dict[int, t.List[_T]] = {}
    for item in items:
        if family in (None, item.family):
            grouped.setdefault(item.ifindex, []).append(item)
    return grouped


def accepts(link: Link, addresses: t.Sequence[Address], params: t.Mapping[str, t.Any]) -> bool:
    """Does a link pass the options? Raises ValueError for an ``address`` that is none."""
    names = params.get("name")
    if names and not any(fnmatch.fnmatchcase(link.name, pattern) for pattern in names):
        return False
    if params.get("kind") and (link.kind or "physical") not in params["kind"]:
        return False
    if params.get("state") and state_of(link) not in params["state"]:
        return False
    if params.get("address"):
        test = prefix_test(prefix(params["address"], "address"), "within")
        return any(test(address.address) for address in addresses)
    return True


def state_of(link: Link) -> str:
    """``down``: by the administrator; ``no-carrier``: up, but nothing at the other end; ``up``: packets can leave.

    Only IFF_UP and the carrier count: the operational state of tunnels is UNKNOWN for as long as they live.
    """
    if not link.up:
        return "down"
    return "up" if link.carrier else "no-carrier"


def counts(links: t.Sequence[Link], addresses: t.Mapping[int, t.Sequence[Address]]) -> t.Dict[str, t.Any]:
    """How many links of each kind and state, and how many addresses they hold."""
    return {
        "state": counted(collections.Counter(state_of(link) for link in links)),
        "kind": counted(collections.Counter(link.kind or "physical" for link in links)),
        "addresses": counted(
            collections.Counter(FAMILY_NAMES[item.family] for link in links for item in addresses.get(link.ifindex, ()))
        ),
    }


def shown(
    link: Link,
    names: t.Mapping[int, str],
    addresses: t.Sequence[Address],
    neighbours: t.Sequence[Neighbour] | None,
) -> t.Dict[str, t.Any]:
    """A link as the result shows it. Neighbours are left out where they were not asked for."""

    def name_of(ifindex: int | None) -> str | None:
        return None if ifindex is None else names.get(ifindex, "if%d" % ifindex)

    shape: t.Dict[str, t.Any] = {
        "name": link.name,
        "ifindex": link.ifindex,
        "kind": link.kind or "physical",
        "state": state_of(link),
        "up": link.up,
        "carrier": link.carrier,
        "operstate": link.operstate,
        "loopback": link.loopback,
        "kernel_fallback": link.name in FALLBACK_LINKS,
        "mtu": link.mtu,
        "lladdr": link.lladdr,
        "alias": link.alias,
        "master": name_of(link.master),
        # The ifindex of a parent in another namespace means nothing here.
        "parent": name_of(link.parent) if link.peer_netns is None else None,
        "peer_netns": link.peer_netns,
        "vrf_table": link.vrf_table,
        "tunnel": None,
        "addresses": [_address(item) for item in addresses[:ADDRESSES_PER_LINK]],
        "addresses_total": len(addresses),
    }
    if link.local or link.remote or link.underlay is not None or link.ttl is not None:
        shape["tunnel"] = {
            "local": link.local,
            "remote": link.remote,
            "underlay": name_of(link.underlay),
            "ttl": link.ttl,
        }
    if neighbours is not None:
        shape["neighbours"] = [_neighbour(item) for item in neighbours[:NEIGHBOURS_PER_LINK]]
        shape["neighbours_total"] = len(neighbours)
        shape["neighbours_counts"] = counted(collections.Counter(item.state for item in neighbours))
    return shape


def _address(item: Address) -> t.Dict[str, t.Any]:
    return {
        "family": FAMILY_NAMES[item.family],
        "address": item.address,
        "prefixlen": item.prefixlen,
        "peer": item.peer,
        "scope": item.scope,
        "flags": list(item.flags),
        "proto": item.proto,
        "label": item.label,
        "valid_lifetime": item.valid_lifetime,
        "preferred_lifetime": item.preferred_lifetime,
    }


def _neighbour(item: Neighbour) -> t.Dict[str, t.Any]:
    return {
        "family": FAMILY_NAMES[item.family],
        "address": item.address,
        "lladdr": item.lladdr,
        "state": item.state,
        "flags": list(item.flags),
        "proto": item.proto,
    }
