# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""reach_info: questions from options, the kernel's answers, and what explains them."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import socket
import typing as t

from ..index import Index, is_unspecified
from ..model import Answer, Query, Route, Unseen
from ..reach import Reach, explain
from ..reach.base import NO_SUCH_LINK, Case, ifindex
from .select import address

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel

QUESTION = ("to", "source", "interface", "protocol", "port", "mark", "uid")
_REFUSING = ("unreachable", "blackhole", "prohibit", "throw")
_NAMELESS = ("EHOSTUNREACH", "EINVAL", "EACCES", "ENETUNREACH")
"""Errnos that may come from a route which the kernel does not name."""
_DROPPED = "EPERM"
"""What a datagram gets that netfilter drops or rejects on its way out."""
_DOWN_LINKS = 16
"""Links without carrier whose routes are read. Each costs a walk through the table inside the kernel."""


def reach_info(params: t.Mapping[str, t.Any], kernel: Kernel) -> t.Dict[str, t.Any]:
    """What the module returns. Raises ValueError for options that make no sense."""
    flows = params.get("flows")
    if flows is None:
        asked = [question(params, "")]
    else:
        asked = [question(flow, "flows[%d]." % number) for number, flow in enumerate(flows)]
    unseen: t.List[Unseen] = []
    snapshot = kernel.snapshot()
    if params.get("firewall") is not False:
        from ..evidence import firewall  # late: it starts programs

        snapshot = dataclasses.replace(snapshot, firewall=firewall.read(kernel.netns, unseen))
    index = Index(snapshot)
    queries = [_query(item, index) for item in asked]
    answered = explained(kernel, index, queries, [item["interface"] for item in asked])
    told = [dict(item, **dataclasses.asdict(reach)) for item, reach in zip(asked, _let_out(index, queries, answered))]
    result: t.Dict[str, t.Any] = {"flows": told}
    if len(told) == 1:
        result.update(told[0])
    result["unseen"] = [dataclasses.asdict(item) for item in [*unseen, *kernel.unseen]]
    return result


def _let_out(
    index: Index, queries: t.Sequence[Query], answered: t.Sequence[t.Tuple[Answer, Reach]]
) -> t.Iterator[Reach]:
    """What becomes of each send after the firewall, where that was read: it is met once the way is known."""
    if index.snapshot.firewall is None:
        yield from (reach for _answer, reach in answered)
        return
    from ..reach.barrier import barrier, evaluator

    firewall = evaluator(index)
    for query, (answer, reach) in zip(queries, answered):
        stands = barrier(index, firewall, query, answer)
        if stands is None:
            yield reach
        elif stands.blocks:
            yield Reach(
                reachable=False,
                errno=_DROPPED,
                cause="firewall",
                explanation="The routes lead to %s, and the firewall takes it: %s (%s)."
                % (query.to, stands.words, _DROPPED),
                chain=(*reach.chain, stands.link),
            )
        else:
            yield dataclasses.replace(reach, chain=(*reach.chain, stands.link))


def explained(
    kernel: Kernel, index: Index, queries: t.Sequence[Query], interfaces: t.Sequence[t.Optional[str]] = ()
) -> t.List[t.Tuple[Answer, Reach]]:
    """The kernel's answer to each query, and what explains it. ``interfaces``: the names that were asked for."""
    answers = kernel.lookup(queries)
    covering = _covering(kernel, index, queries, answers)
    reaches = []
    for number, (query, answer) in enumerate(zip(queries, answers)):
        name = interfaces[number] if query.interface == NO_SUCH_LINK and interfaces else None
        reaches.append((answer, explain(index, query, answer, covering.get(query.to, ()), name)))
    return reaches


def question(options: t.Mapping[str, t.Any], where: str) -> t.Dict[str, t.Any]:
    """One question as it was asked, in the kernel's spelling. ``where`` stands before the option's name in an error."""
    asked: t.Dict[str, t.Any] = {name: options.get(name) for name in QUESTION}
    to, _percent, zone = str(asked["to"] or "").partition("%")
    asked["to"] = _address(to, where + "to")
    if zone:
        if asked["interface"] not in (None, zone):
            raise ValueError("%sto: its zone %r and %sinterface %r differ" % (where, zone, where, asked["interface"]))
        asked["interface"] = zone
    if asked["source"] is not None:
        asked["source"] = _address(str(asked["source"]).partition("%")[0], where + "source")
        if (":" in asked["to"]) != (":" in asked["source"]):
            raise ValueError(
                "%sto %s and %ssource %s: one is IPv4 and the other IPv6" % (where, asked["to"], where, asked["source"])
            )
    asked["protocol"] = asked["protocol"] or "udp"
    _within(asked["port"], 1, 65535, where + "port")
    if asked["port"] is not None and asked["protocol"] == "icmp":
        raise ValueError("%sport: icmp has no ports" % where)
    asked["mark"] = _mark(asked["mark"], where + "mark")
    _within(asked["uid"], 0, (1 << 32) - 2, where + "uid")
    return asked


def _address(text: str, option: str) -> str:
    parsed = ipaddress.ip_address(address(text, option))
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        raise ValueError("%s: %s is an IPv4 address in IPv6 notation; write %s" % (option, text, parsed.ipv4_mapped))
    return str(parsed)


def _within(number: int | None, low: int, high: int, option: str) -> None:
    if number is not None and not low <= number <= high:
        raise ValueError("%s: %d is not a number from %d to %d" % (option, number, low, high))


def _mark(text: str | None, option: str) -> int:
    try:
        number = int(text or "0", 0)
    except ValueError:
        raise ValueError("%s: %r is not a number such as 16 or 0x10" % (option, text)) from None
    _within(number, 0, (1 << 32) - 1, option)
    return number


def _query(asked: t.Mapping[str, t.Any], index: Index) -> Query:
    source = asked["source"]
    return Query(
        to=asked["to"],
        source=None if source is None or is_unspecified(source) else source,
        interface=ifindex(index, asked["interface"]),
        protocol=asked["protocol"],
        port=asked["port"],
        mark=asked["mark"],
        uid=os.getuid() if asked["uid"] is None else asked["uid"],
    )


def _covering(
    kernel: Kernel, index: Index, queries: t.Sequence[Query], answers: t.Sequence[Answer]
) -> t.Dict[str, t.List[Route]]:
    """By destination: the routes that cover it and carry nothing there. Read only where an errno asks for them."""
    refused = [
        (query.to, answer.errno)
        for query, answer in zip(queries, answers)
        if answer.errno in _NAMELESS and Case(index, query, answer).source_state() is None
    ]
    found: t.Dict[str, t.List[Route]] = {}
    for family in (4, 6):
        destinations = sorted({to for to, _errno in refused if (6 if ":" in to else 4) == family})
        if not destinations:
            continue
        by_length: t.Dict[int, t.Dict[bytes, t.List[str]]] = {}
        for stream in _streams(kernel, index, family, {errno for _to, errno in refused}):
            for route in stream:
                if route.type in _REFUSING or (route.hops and all("dead" in hop.flags for hop in route.hops)):
                    head, _slash, length = (route.dst or "").partition("/")
                    bits = int(length)
                    if bits not in by_length:
                        by_length[bits] = _heads(destinations, bits)
                    for to in by_length[bits].get(_head(head, bits), ()):
                        found.setdefault(to, []).append(route)
    return found


def _heads(destinations: t.Sequence[str], bits: int) -> t.Dict[bytes, t.List[str]]:
    """The destinations by their first bits."""
    heads: t.Dict[bytes, t.List[str]] = {}
    for to in destinations:
        heads.setdefault(_head(to, bits), []).append(to)
    return heads


def _head(address_text: str, bits: int) -> bytes:
    """The first bits of an address; the others are 0."""
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address_text else socket.AF_INET, address_text)
    size = 8 * len(packed)
    return (int.from_bytes(packed, "big") >> (size - bits) << (size - bits)).to_bytes(len(packed), "big")


def _streams(
    kernel: Kernel, index: Index, family: int, errnos: t.Collection[t.Optional[str]]
) -> t.Iterator[t.Iterator[Route]]:
    """The routes among which those that refuse are found, filtered in the kernel as far as it can."""
    for kind in _REFUSING:
        yield kernel.routes(family=family, type=kind)
    if "ENETUNREACH" in errnos:
        for link in [link for link in index.links if link.up and not link.carrier][:_DOWN_LINKS]:
            yield kernel.routes(family=family, oif=link.ifindex)
