# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few packets to one end: does anything answer, and if not, who says why?"""

from __future__ import annotations

import typing as t

from .options import Question
from .sending import Outcome, Packet, exchange

_BEST = ("answered", "closed", "told", "silent", "refused")


def echo(asked: Question) -> t.List[Outcome]:
    """Send them one after the other, without waiting for the answers between."""
    packet = Packet(asked, asked.method, asked.ttl, asked.size)
    return exchange([packet] * asked.count, asked.timeout)


def best(outcomes: t.Sequence[Outcome]) -> Outcome:
    """The one that says most: a single answer shows that there is a way there and back."""
    return min(outcomes, key=lambda each: _BEST.index(each.outcome))


def words(asked: Question, outcomes: t.Sequence[Outcome]) -> str:
    """One sentence about all of them."""
    found = best(outcomes)
    where = asked.to if asked.method == "icmp" else "%s port %d" % (asked.to, asked.port or 0)
    if found.outcome == "answered":
        number = sum(each.outcome == "answered" for each in outcomes)
        return "%s answered %d of %d." % (where, number, len(outcomes))
    if found.outcome == "closed":
        return "%s is reached, and refuses the connection: nobody listens there, or a firewall resets it." % where
    if found.outcome == "silent":
        return "%s did not answer within %g s: %s." % (where, asked.timeout, _SILENCE[asked.method])
    return because(found)


_SILENCE: t.Mapping[str, str] = {
    "icmp": "it is not there, does not answer echo requests, or what is between drops them or the answers",
    "udp": "which says little, for a program need not answer; no error came back either",
    "tcp": "it is not there, or what is between drops the packets or the answers",
}


_ERRNOS: t.Mapping[str, str] = {
    "EACCES": "a route or rule prohibits it, or it is the address of a whole subnet",
    "EADDRNOTAVAIL": "the source is not an address of this host",
    "EHOSTUNREACH": "a route of type unreachable, or the next hop does not answer",
    "EINVAL": "a blackhole route or rule, or a source that cannot be used for it",
    "EMSGSIZE": "it is larger than what this host's own link or route takes",
    "ENETDOWN": "the link is down",
    "ENETUNREACH": "no route leads there, or the link is down",
    "ENODEV": "there is no such link",
    "EPERM": "this host's own firewall drops it",
}
"""What the kernel means by it, of a send. ``reach_info`` tells which of several it is."""


def because(found: Outcome) -> str:
    """One sentence about a packet that was refused, or of which an error came back."""
    cause = found.cause
    if not found.sent:
        words = _ERRNOS.get(found.errno or "") if cause is None or cause.name == "refused" else cause.words
        return "This host does not send it: %s%s." % (found.errno, " (%s)" % words if words else "")
    if cause is None:
        return "It was sent, and the kernel told %s." % found.errno
    if cause.by is None:
        return "It was sent, and %s." % cause.words
    if not is_own(found):
        return "%s tells: %s." % (cause.by, cause.words)
    if cause.name == "host-unreachable":
        return (
            "This host itself tells: %s. The next hop does not answer (the destination, where it is on the link)."
            % cause.words
        )
    return (
        "This host itself tells: %s. That is its own firewall's word, unless the destination is this host."
        % cause.words
    )


def is_own(found: Outcome) -> bool:
    """Did this host itself make the ICMP error? It does where the next hop does not answer."""
    return found.cause is not None and found.cause.by is not None and found.cause.by == found.source
