# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""route_info: routes that match, or what they have in common and how many there are."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import typing as t

from ..bounds import take
from ..model import NextHop, Route, RouteGroup, Rule
from .select import (
    FAMILIES,
    FAMILY_NAMES,
    Test,
    address,
    counted,
    prefix,
    prefix_test,
    table_name,
    table_number,
)

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel

SAMPLES = 5
Names = t.Callable[[t.Optional[int]], t.Optional[str]]
"""From an ifindex to the name of the link."""


class Filter:
    """The options of route_info. What the kernel can filter by is in ``kernel``, the rest is tested here."""

    def __init__(self, params: t.Mapping[str, t.Any], ifindex_of: t.Callable[[str], int]) -> None:
        """Raises ValueError that names the option."""
        family = FAMILIES.get(params.get("family") or "")
        self.dst: Test | None = None
        if params.get("dst"):
            wanted = prefix(params["dst"], "dst")
            if family not in (None, wanted.version):
                raise ValueError("dst: %s is not of family %s" % (wanted, params["family"]))
            family = wanted.version
            self.dst = prefix_test(wanted, params.get("match") or "exact")
        self.gateway = address(params["gateway"], "gateway") if params.get("gateway") else None
        self.source = prefix_test(prefix(params["source"], "source"), "within") if params.get("source") else None
        self.ifindex = ifindex_of(params["interface"]) if params.get("interface") else None
        self.kernel: t.Dict[str, t.Any] = {
            "family": family,
            "table": table_number(params.get("table")),
            "proto": params.get("proto"),
            "type": params.get("type"),
            "oif": self.ifindex,
        }

    def accepts(self, route: Route) -> bool:
        """Does a route pass? Of a template everything but the destination is tested."""
        if self.gateway is not None and all(hop.gateway != self.gateway for hop in route.hops):
            return False
        if self.source is not None and not any(self.source(text) for text in (route.prefsrc, route.src) if text):
            return False
        return self.dst is None or route.dst is None or self.dst(route.dst)


def route_info(params: t.Mapping[str, t.Any], kernel: Kernel) -> t.Dict[str, t.Any]:
    """What the module returns. Raises ValueError for options that make no sense."""
    links = {link.ifindex: link.name for link in kernel.links()}
    by_name = {name: ifindex for ifindex, name in links.items()}

    def ifindex_of(name: str) -> int:
        if name not in by_name:
            raise ValueError("interface: there is no link %r here (see 'ip link')" % name)
        return by_name[name]

    def name_of(ifindex: int | None) -> str | None:
        return None if ifindex is None else links.get(ifindex, "if%d" % ifindex)

    wanted = Filter(params, ifindex_of)
    gather, limit = params["gather"], params["limit"]
    result: t.Dict[str, t.Any] = {}
    if "routes" in gather:
        if params["summary"]:
            result.update(summarised(_groups(kernel, wanted), name_of, limit))
        else:
            result["routes"], result["total"] = _listed(kernel, wanted, limit, name_of)
            result["truncated"] = len(result["routes"]) < result["total"]
    family, table = wanted.kernel["family"], wanted.kernel["table"]
    if "rules" in gather:
        rules = [rule for rule in kernel.rules() if family in (None, rule.family) and table in (None, rule.table)]
        result["rules"], result["rules_total"] = take(rules, limit, shown_rule)
    if "nexthops" in gather:
        nexthops = [item for item in kernel.nexthops() if wanted.ifindex in (None, item.ifindex)]
        result["nexthops"], result["nexthops_total"] = take(nexthops, limit, lambda item: shown_nexthop(item, name_of))
    return result


def _listed(kernel: Kernel, wanted: Filter, limit: int, name_of: Names) -> t.Tuple[t.List[t.Dict[str, t.Any]], int]:
    """The first routes that match, and how many do."""
    matching = (route for route in kernel.routes(**wanted.kernel) if wanted.accepts(route))
    if wanted.dst is not None:
        return take(matching, limit, lambda route: shown(route, name_of))
    # Counting folded routes is several times faster than reading each, of which only the first are shown.
    total = sum(group.count for group in _groups(kernel, wanted))
    listed, _read = take(itertools.islice(matching, max(limit, 0)), limit, lambda route: shown(route, name_of))
    return listed, max(total, len(listed))


def _groups(kernel: Kernel, wanted: Filter) -> t.Iterator[RouteGroup]:
    if wanted.dst is None:
        for group in kernel.route_groups(samples=SAMPLES, **wanted.kernel):
            if wanted.accepts(group.template):
                yield group
        return
    for route in kernel.routes(**wanted.kernel):
        if wanted.accepts(route):
            yield RouteGroup(dataclasses.replace(route, dst=None, expires=None), 1, (t.cast(str, route.dst),))


def summarised(groups: t.Iterable[RouteGroup], name_of: Names, limit: int) -> t.Dict[str, t.Any]:
    """Counts by table, protocol and type, and the largest groups with samples."""
    counts: t.Dict[Route, int] = collections.Counter()
    samples: t.Dict[Route, t.List[str]] = {}
    for group in groups:
        counts[group.template] += group.count
        known = samples.setdefault(group.template, [])
        known.extend(group.samples[: SAMPLES - len(known)])
    by: t.Dict[str, t.Dict[t.Any, int]] = {
        name: collections.Counter() for name in ("family", "table", "proto", "type", "interface")
    }
    for template, count in counts.items():
        by["family"][FAMILY_NAMES[template.family]] += count
        by["table"][table_name(template.table) or template.table] += count
        by["proto"][template.proto] += count
        by["type"][template.type] += count
        for name in sorted({name_of(hop.ifindex) or "(none)" for hop in template.hops}) or ["(none)"]:
            by["interface"][name] += count
    ranked = sorted(counts.items(), key=lambda item: (-item[1], samples[item[0]]))
    listed, groups_total = take(ranked, limit, lambda item: _group(item[0], item[1], samples[item[0]], name_of))
    return {
        "groups": listed,
        "groups_total": groups_total,
        "truncated": len(listed) < groups_total,
        "total": sum(counts.values()),
        "counts": {name: counted(counter) for name, counter in by.items()},
    }


def _group(template: Route, count: int, samples: t.List[str], name_of: Names) -> t.Dict[str, t.Any]:
    shape = shown(template, name_of)
    del shape["dst"], shape["expires"]
    shape.update(count=count, samples=samples)
    return shape


def shown(route: Route, name_of: Names) -> t.Dict[str, t.Any]:
    """A route as the result shows it."""
    hops = [
        {
            "interface": name_of(hop.ifindex),
            "gateway": hop.gateway,
            "weight": hop.weight,
            "flags": list(hop.flags),
            "encap": hop.encap,
        }
        for hop in route.hops
    ]
    first = hops[0] if hops else {}
    return {
        "family": FAMILY_NAMES[route.family],
        "dst": route.dst,
        "table": route.table,
        "table_name": table_name(route.table),
        "type": route.type,
        "proto": route.proto,
        "scope": route.scope,
        "metric": route.metric,
        "tos": route.tos,
        "src": route.src,
        "prefsrc": route.prefsrc,
        "gateway": first.get("gateway"),
        "interface": first.get("interface"),
        "hops": hops,
        "nhid": route.nhid,
        "flags": list(route.flags),
        "pref": route.pref,
        "expires": route.expires,
    }


def shown_rule(rule: Rule) -> t.Dict[str, t.Any]:
    """A policy rule as the result shows it: what it does not select by is left out."""
    shape = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(rule).items()
        if value is not None and value is not False and value != ()
    }
    if not rule.tos:
        del shape["tos"]
    shape["family"] = FAMILY_NAMES[rule.family]
    if rule.table is not None:
        shape["table_name"] = table_name(rule.table)
    return shape


def shown_nexthop(nexthop: NextHop, name_of: Names) -> t.Dict[str, t.Any]:
    """A next-hop object as the result shows it."""
    return {
        "id": nexthop.id,
        "family": FAMILY_NAMES.get(nexthop.family),
        "interface": name_of(nexthop.ifindex),
        "gateway": nexthop.gateway,
        "blackhole": nexthop.blackhole,
        "fdb": nexthop.fdb,
        "group": [{"id": member, "weight": weight} for member, weight in nexthop.group],
        "scope": nexthop.scope,
        "proto": nexthop.proto,
        "flags": list(nexthop.flags),
    }
