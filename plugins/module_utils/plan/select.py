# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which objects a remedy's step is about: from its op and arguments to a test of decoded objects. Pure.

Exact or not at all: arguments that nobody here knows, or that leave open what is meant, raise ValueError.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ..index import Index
from ..model import Address, Flow, Hop, Link, Neighbour, NextHop, Route, Rule, Seen, Session, Step

Test = t.Callable[[t.Any], bool]
Args = t.Mapping[str, t.Any]
OnLink = t.Callable[[str], t.Optional[int]]
"""From a gateway to the ifindex of the link that it is directly reachable on."""
Identity = t.Callable[[Seen], t.Hashable]
_Known = t.Tuple[t.Mapping[str, bool], t.Callable[[Args, Index], t.Iterable[t.Hashable]]]

KERNEL_PROTOS = ("kernel", "redirect")
_ANY: t.Any = object()


@dataclasses.dataclass(frozen=True)
class Resolved:
    """The objects that one step of a remedy is about."""

    seens: t.Tuple[Seen, ...] = ()
    problem: str = ""
    """Why it cannot be told exactly what they are; empty where it can."""
    changed: int = 0
    """Further objects that looked otherwise, or were not there, at the first sighting."""

    @property
    def count(self) -> int:
        return sum(seen.count for seen in self.seens)


def is_wish(op: str) -> bool:
    """Does the op make an object that is not there?"""
    return op.endswith(".add")


def tells_routes(step: Step, index: Index) -> Test:
    """The test that the templates of the step's routes, and only they, pass. See :func:`destination`."""
    _check(step, _ROUTE_ARGS)
    args = step.args

    def test(route: Route) -> bool:
        return route.proto not in KERNEL_PROTOS and all(
            args.get(name, _ANY) in (_ANY, value) for name, value in _said_of(route, index).items()
        )

    return test


def destination(step: Step) -> str | None:
    """The destination of the one route that the step is about; None where it is about all that pass the test."""
    return t.cast("t.Optional[str]", step.args.get("dst"))


def _said_of(route: Route, index: Index) -> t.Dict[str, t.Any]:
    return {
        "family": route.family,
        "table": route.table,
        "type": route.type,
        "proto": route.proto,
        "metric": route.metric,
        "tos": route.tos,
        "source": route.prefsrc,
        "interfaces": [index.name_of(hop.ifindex) for hop in route.hops],
        "gateways": [hop.gateway for hop in route.hops],
    }


def keys(step: Step, index: Index) -> t.Iterable[t.Hashable]:
    """The keys (see :func:`key_of`) of the objects that the step is about; not of routes."""
    wanted, made = _KEYS.get(step.op, (None, None))
    if wanted is None or made is None:
        raise ValueError("nobody knows how to tell what a step %s is about" % step.op)
    _check(step, wanted)
    return made(step.args, index)


def key_of(item: t.Any) -> t.Hashable:
    """What tells an object from all others of its kind that a step could mean."""
    if isinstance(item, Rule):
        return dataclasses.replace(item, detached=(), unresolved=False)
    if isinstance(item, Flow):
        return dataclasses.replace(item, status=(), timeout=None, mark=0)
    if isinstance(item, Address):
        return item.ifindex, item.address, item.prefixlen, item.peer
    if isinstance(item, Neighbour):
        return item.ifindex, item.address, item.state
    if isinstance(item, Session):
        return item.protocol, item.family, item.local, item.inode
    return item.id if isinstance(item, NextHop) else item.name


def _check(step: Step, wanted: t.Mapping[str, bool]) -> None:
    unknown = sorted(set(step.args) - set(wanted))
    missing = sorted(name for name, needed in wanted.items() if needed and name not in step.args)
    if unknown:
        raise ValueError("the step %s says what nobody knows: %s" % (step.op, ", ".join(unknown)))
    if missing:
        raise ValueError("the step %s does not say its %s" % (step.op, ", ".join(missing)))


def _rule_keys(args: Args, index: Index) -> t.Iterable[t.Hashable]:
    fields: t.Dict[str, t.Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in args.items()
    }
    return [Rule(**fields)]


def _link_keys(args: Args, index: Index) -> t.Iterable[t.Hashable]:
    return [args["interface"]]


def _nexthop_keys(args: Args, index: Index) -> t.Iterable[t.Hashable]:
    return [args["id"]]


def _neighbour_keys(args: Args, index: Index) -> t.Iterable[t.Hashable]:
    return [(_link_named(index, args["interface"]).ifindex, args["address"], args["state"])]


def _address_keys(args: Args, index: Index) -> t.Iterable[t.Hashable]:
    address, slash, length = args["address"].partition("/")
    if not slash:
        raise ValueError("the address %s has no prefix length" % address)
    return [(_link_named(index, args["interface"]).ifindex, address, int(length), args.get("peer"))]


def _flow_keys(args: Args, index: Index) -> t.Iterable[t.Hashable]:
    return [Flow(**args)]


def _session_keys(args: Args, index: Index) -> t.Iterable[t.Hashable]:
    return [(args["protocol"], args["family"], args["local"], inode) for inode in args["inodes"]]


_ROUTE_ARGS = {
    **dict.fromkeys(("type", "proto", "metric", "tos", "source", "interfaces", "gateways", "dst"), False),
    **dict.fromkeys(("family", "table"), True),
}
_RULE_ARGS = {field.name: field.name in ("family", "priority") for field in dataclasses.fields(Rule)}
_FLOW_ARGS = {
    field.name: field.name not in ("zone",)
    for field in dataclasses.fields(Flow)
    if field.name not in ("status", "timeout", "mark")
}
_LINK: _Known = ({"interface": True}, _link_keys)
_KEYS: t.Mapping[str, _Known] = {
    "rule.del": (_RULE_ARGS, _rule_keys),
    "nexthop.del": ({"id": True}, _nexthop_keys),
    "neighbour.del": (dict.fromkeys(("interface", "address", "state"), True), _neighbour_keys),
    "address.del": ({"address": True, "interface": True, "peer": False}, _address_keys),
    "flow.del": (_FLOW_ARGS, _flow_keys),
    "link.up": _LINK,
    "link.down": _LINK,
    "link.del": _LINK,
    "socket.destroy": (dict.fromkeys(("protocol", "family", "local", "inodes"), True), _session_keys),
}
"""For each op: which arguments there are and whether they are needed, and the keys that they make."""


# What is to be added --------------------------------------------------------------------------------------------------


def wish(step: Step, index: Index, on_link: OnLink) -> t.Union[Address, Route, Rule]:
    """The object that a step adds; of a route its template."""
    if step.op == "address.add":
        return _wished_address(step.args, index)
    if step.op == "route.add":
        return _wished_route(step.args, index, on_link)
    if step.op == "rule.add":
        return _wished_rule(step.args)
    raise ValueError("nobody knows what a step %s adds" % step.op)


def _wished_address(args: Args, index: Index) -> Address:
    link = _link_named(index, args["interface"])
    wanted = ipaddress.ip_interface(args["address"])
    label = link.name if wanted.version == 4 else None
    scope = "host" if wanted.is_loopback else "link" if wanted.is_link_local else "global"
    return Address(wanted.version, link.ifindex, str(wanted.ip), wanted.network.prefixlen, scope=scope, label=label)


def _wished_route(args: Args, index: Index, on_link: OnLink) -> Route:
    gateway = args.get("gateway")
    if args.get("interface"):
        ifindex: t.Optional[int] = _link_named(index, args["interface"]).ifindex
    elif gateway:
        ifindex = on_link(gateway)
    else:
        raise ValueError("the route has neither a gateway nor an interface")
    if ifindex is None:
        raise ValueError("the gateway %s is directly on no link: say which interface the route takes" % gateway)
    return Route(args["family"], None, args["table"], prefsrc=args.get("source"), hops=(Hop(ifindex, gateway),))


def _wished_rule(args: Args) -> Rule:
    if args.get("priority") is None:
        raise ValueError("the declared rule has no priority, so where it would stand is not known")
    fields: t.Dict[str, t.Any] = {{"from": "src", "to": "dst"}.get(name, name): value for name, value in args.items()}
    return Rule(**fields)


def _link_named(index: Index, name: str) -> Link:
    link = index.link_named(name)
    if link is None:
        raise ValueError("the link %s does not exist" % name)
    return link


# Two sightings --------------------------------------------------------------------------------------------------------


def confirmed(first: Resolved, second: Resolved, identity: Identity) -> Resolved:
    """What was there, and the same, at both sightings."""
    before: t.Dict[t.Hashable, t.Set[str]] = {}
    for seen in first.seens:
        before.setdefault(identity(seen), set()).update(seen.dsts)
    kept, changed = [], 0
    for seen in second.seens:
        known = before.get(identity(seen))
        dsts = tuple(dst for dst in seen.dsts if known is not None and dst in known)
        if known is None or (seen.dsts and not dsts):
            changed += seen.count
            continue
        changed += len(seen.dsts) - len(dsts)
        kept.append(dataclasses.replace(seen, dsts=dsts))
    return Resolved(tuple(kept), second.problem or first.problem, changed)
