# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How large a packet comes through whole, and what becomes of larger ones: a router tells, or they vanish (a black hole).

Echo requests of different sizes are sent, never fragmented (RFC 1191, RFC 8201, RFC 8899). All sizes are of the whole IP
packet. The answer is as large as the request: what holds up one holds up the other, so the way back is tried as well.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .causes import Cause
from .echo import because
from .options import HEADERS, LARGEST, USUAL, Question
from .sending import Outcome, Packet, believed_mtu, exchange

VERDICTS = ("whole", "told", "black-hole", "unreached", "refused", "unclear")
TOGETHER = 8
"""Sizes that are tried at a time."""
ROUNDS = 8
TELLINGS = 8
"""Routers on one way that each tell of a smaller MTU."""
SECONDS = 120.0
"""For all of it: then what is known is told."""
LEAST = 68
"""What every link takes (RFC 791); a smaller MTU is no answer."""


@dataclasses.dataclass(frozen=True)
class PathMtu:
    """What was found."""

    verdict: str
    """``whole``: all up to what the link takes, or was asked for, comes through; ``told``: a router says which size passes,
    and it does; ``black-hole``: small ones come through, large ones vanish; ``unreached``: nothing comes through;
    ``refused``: the kernel sends nothing; ``unclear``: it was not the same twice, or took too long."""
    words: str
    passed: t.Optional[int] = None
    """The largest that came through."""
    lost: t.Optional[int] = None
    """The smallest that was sent and did not."""
    link_mtu: t.Optional[int] = None
    """What this host's link takes."""
    believed: t.Optional[int] = None
    """What the kernel took for the path MTU before: that of the route or the link, or what it was told earlier."""
    told: t.Optional[int] = None
    """The smallest MTU that was told."""
    told_by: t.Optional[str] = None
    cause: t.Optional[Cause] = None
    """Why nothing comes through, where somebody told."""
    outcomes: t.Tuple[Outcome, ...] = ()


def path_mtu(asked: Question, seconds: float = SECONDS) -> PathMtu:
    """Search it, within ``seconds`` and a second or two. Raises sockets.NotAllowed."""
    return _Search(asked, seconds).run()


class _Search:
    def __init__(self, asked: Question, seconds: float) -> None:
        self._asked = asked
        self._end = time.monotonic() + seconds
        self._outcomes: t.List[Outcome] = []
        self._small = HEADERS[asked.family] + USUAL
        self._passed: t.Optional[int] = None
        self._lost: t.Optional[int] = None
        self._told: t.Optional[int] = None
        self._told_by: t.Optional[str] = None
        self._link: t.Optional[int] = None
        self._believed = believed_mtu(asked)

    def run(self) -> PathMtu:
        first = self._one(min(self._small, self._asked.size or self._small))
        if first.outcome == "refused":
            return self._found("refused", because(first), first.cause)
        if first.outcome != "answered":
            return self._found("unreached", _unreached(self._asked, first), first.cause)
        top = self._top()
        last = self._down_from(top)
        if last is None:
            return self._all_told(top)
        if last.outcome == "refused":
            return self._found(
                "refused", "Small packets come through. Of %d bytes: %s" % (last.size or 0, because(last))
            )
        self._narrow()
        return self._judge()

    # Sizes ---------------------------------------------------------------------------------------------------------

    def _top(self) -> int:
        """The largest that makes sense: what was asked for, as far as the link takes it. Larger ones never leave this host:
        the kernel says which size would."""
        wanted = self._asked.size or LARGEST
        found = self._send([wanted])[0]
        if found.outcome == "refused" and found.cause is not None and found.cause.mtu is not None:
            self._link = found.cause.mtu
        return max(self._small, min(wanted, self._link or wanted))

    def _down_from(self, size: int) -> Outcome | None:
        """Try a size, and each smaller one that a router tells; None where one of them came through, else the last."""
        for _telling in range(TELLINGS):
            found = self._one(size)
            if found.outcome == "answered":
                return None
            told = self._heed(found)
            if told is None or not self._small <= told < size or self._is_over():
                return found
            size = told
        return found

    def _heed(self, found: Outcome) -> int | None:
        """Keep what a router told of the size that passes."""
        cause = found.cause
        if cause is None or cause.name != "too-big":
            return None
        if self._told_by is None or (cause.mtu or 0) < (self._told or LARGEST + 1):
            self._told, self._told_by = cause.mtu if (cause.mtu or 0) >= LEAST else None, cause.by
        return cause.mtu

    def _narrow(self) -> None:
        """Find the sizes next to each other of which one comes through and the other does not."""
        for _round in range(ROUNDS):
            low, high = self._passed or 0, self._lost or LARGEST
            if high - low <= 1 or self._is_over():
                return
            step = max(1, (high - low) // (TOGETHER + 1))
            for found in self._send(list(range(low + step, high, step))[:TOGETHER]):
                self._heed(found)
            if (self._passed or 0) >= (self._lost or LARGEST):
                self._lost = min([size for size in self._sizes("lost") if size > (self._passed or 0)], default=None)

    def _judge(self) -> PathMtu:
        """Are they lost for their size, and not by chance? The smallest of them once more, and then one that passed."""
        if self._passed is None or self._lost is None:
            return self._found("unclear", _UNSTEADY)
        complete = self._lost - self._passed <= 1
        again = self._one(self._lost)
        if again.outcome == "answered" or self._one(self._passed).outcome != "answered":
            return self._found("unclear", _UNSTEADY)
        bound = "%d bytes" % self._passed if complete else "at least %d bytes" % self._passed
        if again.cause is not None and again.cause.name != "too-big":
            return self._found(
                "black-hole",
                "Packets of up to %s come through. Larger ones do not: %s" % (bound, because(again)),
                again.cause,
            )
        if again.cause is not None and self._told is None:
            return self._found(
                "told", "Packets of up to %s come through; %s tells that larger ones are too big, and not what passes."
                % (bound, self._told_by)
            )  # fmt: skip
        said = "and nobody tells" if self._told_by is None else "although %s told that %s would pass" % (
            self._told_by, "smaller ones" if self._told is None else "%d" % self._told
        )  # fmt: skip
        return self._found("black-hole", "Packets of up to %s come through, larger ones vanish, %s." % (bound, said))

    def _all_told(self, top: int) -> PathMtu:
        passed = self._passed or 0
        if self._told_by is not None:
            return self._found(
                "told",
                "%s tells that packets of more than %d bytes are too big; those of %d come through."
                % (self._told_by, self._told or passed, passed),
            )
        if self._asked.size is not None and self._asked.size > top:
            words = "This host's own link takes packets of at most %d bytes; all up to that come through." % top
        else:
            words = "Packets of up to %d bytes come through." % passed
        if self._believed is not None and self._believed < passed:
            words += (
                " The kernel itself takes %d for the path, from its route or from what it was told earlier."
                % self._believed
            )
        return self._found("whole", words)

    # Packets -------------------------------------------------------------------------------------------------------

    def _one(self, size: int) -> Outcome:
        """A few tries, for one may be lost by chance."""
        for _try in range(self._asked.count):
            found = self._send([size])[0]
            if found.outcome != "silent" or self._is_over():
                break
        return found

    def _is_over(self) -> bool:
        return time.monotonic() > self._end

    def _send(self, sizes: t.Sequence[int]) -> t.List[Outcome]:
        asked = self._asked
        found = exchange([Packet(asked, "icmp", asked.ttl, size, whole=True) for size in sizes], asked.timeout)
        self._outcomes += found
        self._passed = max(self._sizes("passed"), default=None)
        self._lost = min([size for size in self._sizes("lost") if size > (self._passed or 0)], default=None)
        return found

    def _sizes(self, which: str) -> t.List[int]:
        """Those that came through, or were sent and did not."""
        return [
            each.size
            for each in self._outcomes
            if each.size is not None and each.sent and (each.outcome == "answered") is (which == "passed")
        ]

    def _found(self, verdict: str, words: str, cause: Cause | None = None) -> PathMtu:
        return PathMtu(
            verdict, words, self._passed, self._lost, self._link, self._believed, self._told, self._told_by, cause,
            tuple(self._outcomes),
        )  # fmt: skip


_UNSTEADY = (
    "Some packets come through and some do not, whatever their size: packets are lost on the way, or the way changes."
)


def _unreached(asked: Question, first: Outcome) -> str:
    if first.outcome == "told":
        return because(first)
    return (
        "%s does not answer echo requests, also small ones: whether large packets vanish cannot be told from here. Traceroute "
        "to it, or connect with method tcp." % asked.to
    )
