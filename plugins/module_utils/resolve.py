# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the steps of remedies to the objects that they are about, exactly as the kernel has them now."""

from __future__ import annotations

import typing as t

from .identity import fingerprint
from .index import Index
from .kernel import encode
from .kernel.port import Kernel
from .model import Finding, Query, Route, Rule, Seen, Step
from .plan.make import Place
from .plan.ops import WITHOUT_OBJECT, kind_of
from .plan.select import Resolved, destination, is_wish, key_of, keys, tells_routes, wish

_Routes = t.List[t.Tuple[Place, t.Callable[[Route], bool], t.Optional[str]]]


def resolve(kernel: Kernel, index: Index, findings: t.Iterable[Finding]) -> t.Dict[Place, Resolved]:
    """The objects of each step that is about objects. Each table is read once, whatever the number of steps."""
    found: t.Dict[Place, Resolved] = {}
    routes: _Routes = []
    small: t.Dict[str, t.Dict[t.Hashable, t.List[Place]]] = {}
    for finding in findings:
        mark = fingerprint(finding)
        for number, step in enumerate(finding.remedy):
            place = (mark, number)
            kind = kind_of(step.op)
            if kind is None or step.op in WITHOUT_OBJECT:
                continue
            try:
                if is_wish(step.op):
                    found[place] = Resolved((_wished(kernel, index, step),))
                elif kind == "route":
                    routes.append((place, tells_routes(step, index), destination(step)))
                else:
                    for key in keys(step, index):
                        small.setdefault(kind, {}).setdefault(key, []).append(place)
            except ValueError as exc:
                found[place] = Resolved(problem="%s." % exc)
    seens: t.Dict[Place, t.List[Seen]] = {}
    for kind, wanted in small.items():
        for seen in _read(kernel, kind, wanted):
            for place in wanted.get(key_of(seen.object), ()):
                seens.setdefault(place, []).append(seen)
    for place, seen in _routes(kernel, index, routes):
        seens.setdefault(place, []).append(seen)
    found.update((place, Resolved(tuple(items))) for place, items in seens.items())
    return found


def _read(kernel: Kernel, kind: str, wanted: t.Container[t.Hashable]) -> t.Iterable[Seen]:
    def keep(item: t.Any) -> bool:
        return key_of(item) in wanted

    if kind == "session":
        return kernel.seen_sessions(keep)
    return kernel.seen_flows(keep) if kind == "flow" else kernel.seen(kind, keep)


def _routes(kernel: Kernel, index: Index, wanted: _Routes) -> t.Iterator[t.Tuple[Place, Seen]]:
    if not wanted:
        return

    def keep(template: Route) -> bool:
        return any(test(template) for _place, test, _dst in wanted)

    only = [dst for _place, _test, dst in wanted if dst is not None]
    for seen in kernel.seen_routes(keep=keep, dsts=only if len(only) == len(wanted) else None):
        template = index.with_hops(seen.object)
        for place, test, dst in wanted:
            if not test(template):
                continue
            if dst is None:
                yield place, seen
            elif dst in seen.dsts:
                yield place, Seen(seen.kind, seen.object, seen.raw, (dst,))


def _wished(kernel: Kernel, index: Index, step: Step) -> Seen:
    def on_link(gateway: str) -> int | None:
        (answer,) = kernel.lookup([Query(to=gateway)])
        hops = answer.match.hops if answer.errno is None and answer.match is not None else ()
        return next((hop.ifindex for hop in hops if hop.gateway is None), None)

    wanted = wish(step, index, on_link)
    if isinstance(wanted, Route):
        return encode.route(encode.as_kernel(wanted), step.args["dst"])
    if isinstance(wanted, Rule):
        return encode.rule(wanted)
    return encode.address(wanted)
