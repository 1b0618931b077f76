# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module probe: sends what was asked, and says what came of it."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..commands import inside
from ..kernel.namespace import entered
from . import echo, path_mtu, tracing
from .causes import Cause
from .options import HEADERS, USUAL, Question, question
from .sending import INTERVAL, Outcome

SHOWN = 200
"""Packets that are told one by one."""


def probe(params: t.Mapping[str, t.Any], check: bool = False) -> t.Dict[str, t.Any]:
    """What the module returns. With ``check`` nothing is sent, and it says what would be. Raises ValueError for options that
    make no sense, for what this user may not do, and where there is no such namespace."""
    asked = question(params)
    netns = params.get("netns")
    result: t.Dict[str, t.Any] = {
        "question": dataclasses.asdict(asked),
        "would_send": plan(asked),
        "command": command(asked, netns),
        "hops": [],
        "path_mtu": None,
    }
    if check:
        with entered(netns):  # is it there, and may it be entered?
            return dict(result, verdict="not-sent", words="Nothing was sent, for this is check mode.", **_summary([]))
    with entered(netns):
        return dict(result, **_PROBES[asked.method](asked))


def _echo(asked: Question) -> t.Dict[str, t.Any]:
    found = echo.echo(asked)
    best = echo.best(found)
    return dict(verdict=best.outcome, words=echo.words(asked, found), **_summary(found, best.cause))


def _traceroute(asked: Question) -> t.Dict[str, t.Any]:
    found = tracing.traceroute(asked)
    hops = [dataclasses.asdict(hop) for hop in found.hops]
    cause = found.hops[-1].cause if found.hops else None
    return dict(verdict=found.verdict, words=found.words, hops=hops, **_summary(found.outcomes, cause))


def _path_mtu(asked: Question) -> t.Dict[str, t.Any]:
    found = path_mtu.path_mtu(asked)
    names = ("passed", "lost", "link_mtu", "believed", "told", "told_by")
    told = {name: getattr(found, name) for name in names}
    return dict(verdict=found.verdict, words=found.words, path_mtu=told, **_summary(found.outcomes, found.cause))


_PROBES: t.Mapping[str, t.Callable[[Question], t.Dict[str, t.Any]]] = {
    "icmp": _echo,
    "udp": _echo,
    "tcp": _echo,
    "traceroute": _traceroute,
    "path_mtu": _path_mtu,
}


def _summary(outcomes: t.Sequence[Outcome], cause: Cause | None = None) -> t.Dict[str, t.Any]:
    """What all methods tell."""
    errors = [each.errno for each in outcomes if not each.sent]
    return {
        "sent": any(each.sent for each in outcomes),
        "errno": errors[0] if errors and len(errors) == len(outcomes) else None,
        "source": next((each.source for each in outcomes if each.source is not None), None),
        "cause": None if cause is None else dataclasses.asdict(cause),
        "counts": dict(collections.Counter(each.outcome for each in outcomes)),
        "packets": [dataclasses.asdict(each) for each in outcomes[:SHOWN]],
    }


# In words ---------------------------------------------------------------------------------------------------------------


def plan(asked: Question) -> t.Dict[str, t.Any]:
    """The bounds of what is sent: how many packets at most, for how long at most, and both in words."""
    most, seconds = _bounds(asked)
    size = asked.size or HEADERS[asked.family] + USUAL
    kind = {
        "icmp": "ICMP echo requests of %d bytes to %s" % (size, asked.to),
        "udp": "UDP datagrams of %d bytes to %s port %d" % (size, asked.to, asked.port or 0),
        "tcp": "TCP connections to %s port %d, closed as soon as they are open," % (asked.to, asked.port or 0),
        "traceroute": "%s to %s, with 1 to %d hops,"
        % ("UDP datagrams to port %d" % asked.port if asked.port else "ICMP echo requests", asked.to, asked.max_hops),
        "path_mtu": "ICMP echo requests to %s, of %d bytes up to what was asked or the link takes,"
        % (asked.to, HEADERS[asked.family] + USUAL),
    }[asked.method]
    words = "up to %d %s within %d s, at most %d in a second" % (most, kind, seconds + 1, 1 / INTERVAL)
    return {"packets": most, "seconds": round(seconds, 1), "words": words}


def _bounds(asked: Question) -> t.Tuple[int, float]:
    if asked.method == "traceroute":
        most = asked.max_hops * asked.count
        batches = -(-asked.max_hops // tracing.TOGETHER)
        return most, most * INTERVAL + batches * asked.timeout
    if asked.method == "path_mtu":
        # The small one, sizes that are told, those between, and both ends once more
        ones = (2 + path_mtu.TELLINGS + 1) * asked.count + 1
        most = ones + path_mtu.ROUNDS * path_mtu.TOGETHER
        seconds = ones * asked.timeout + path_mtu.ROUNDS * (asked.timeout + path_mtu.TOGETHER * INTERVAL)
        return most, min(
            seconds, path_mtu.SECONDS + 5 * asked.timeout
        )  # what has begun by then, and both ends once more
    return asked.count, asked.count * INTERVAL + asked.timeout


def command(asked: Question, netns: str | None = None) -> str:
    """What a person would type to do the like."""
    words: t.List[object]
    if asked.method == "traceroute":
        words = ["traceroute", "-n", "-%d" % asked.family, "-m", asked.max_hops, "-q", asked.count]
        words += ["-U", "-p", asked.port] if asked.port is not None else ["-I"]
        words += ["-s", asked.source] if asked.source else []
        words += ["-i", asked.interface] if asked.interface else []
        words += ["--fwmark=%d" % asked.mark] if asked.mark else []
        return inside(netns, *words, asked.to)
    if asked.method in ("tcp", "udp"):
        words = ["nc", "-n", "-v", "-z", "-w", max(1, round(asked.timeout))] + (["-u"] if asked.method == "udp" else [])
        words += ["-s", asked.source] if asked.source else []
        return inside(netns, *words, asked.to, asked.port)
    return inside(netns, *ping(asked, asked.size, asked.method == "path_mtu"))


def ping(asked: Question, size: int | None, whole: bool) -> t.List[object]:
    """The words of an echo request of that size."""
    words: t.List[object] = ["ping", "-n", "-c", asked.count]
    words += ["-M", "do"] if whole else []
    words += ["-s", size - HEADERS[asked.family]] if size is not None else []
    words += ["-t", asked.ttl] if asked.ttl is not None else []
    words += ["-I", asked.interface or asked.source] if asked.interface or asked.source else []
    words += ["-m", asked.mark] if asked.mark else []
    return [*words, asked.to]
