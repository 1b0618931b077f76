# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How every resource module works: look, decide, change, look again.

A resource (``Resource``) is the options of one task, understood. It says which objects of the kernel it is about, and
what is to be done about what was found; the rest is here, the same for all kinds.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..commands import ip
from ..model import Seen
from ..text import clean
from .refusals import refusal
from .subnet import take

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel

Params = t.Mapping[str, t.Any]
_LINE = 2000
"""Characters of one object in a diff."""


@dataclasses.dataclass(frozen=True)
class Change:
    """One change, and the words of ``ip`` that make it."""

    op: str
    seen: Seen
    words: t.Sequence[str]
    how: str = ""
    """``replace``, ``append``... where the op alone does not say it: see :mod:`..kernel.put`."""
    instead: Seen | None = None
    """Of an address: what comes in its place among those of its subnet."""


Decision = t.Tuple[t.Sequence[Change], t.Sequence[str]]
"""What is to be changed, and what there will be then, as ``ip`` would show it."""


class Links:
    """The links of the host, by name and by ifindex."""

    def __init__(self, names: t.Mapping[int, str]) -> None:
        self._names = names
        self._indices = {name: ifindex for ifindex, name in names.items()}

    def index_of(self, name: str, option: str) -> int:
        """Raises ValueError that names the option."""
        if name not in self._indices:
            raise ValueError("%s: there is no link %r here (see 'ip link'); make it first" % (option, name))
        return self._indices[name]

    def name_of(self, ifindex: int) -> str:
        return self._names.get(ifindex, "if%d" % ifindex)


class Resource(t.Protocol):
    """The options of a task. Its maker raises ValueError for options that make no sense."""

    def look(self, kernel: Kernel) -> t.Sequence[Seen]:
        """What the kernel has of what the task is about."""

    def line(self, seen: Seen) -> str:
        """An object as ``ip`` would show it."""

    def decide(self, found: t.Sequence[Seen]) -> Decision:
        """Nothing is to be changed where all is as it should be."""


Make = t.Callable[[Params, Links, "Kernel"], Resource]


def ensure(make: Make, params: Params, kernel: Kernel, check: bool) -> t.Dict[str, t.Any]:
    """What a resource module does. Raises ValueError for what the options or the kernel refuse."""
    links = Links({link.ifindex: link.name for link in kernel.links()})
    resource = make(params, links, kernel)
    found = resource.look(kernel)
    changes, after = resource.decide(found)
    before = [resource.line(item) for item in found]
    if changes and not check:
        for change in changes:
            _carry_out(kernel, change)
        after = _looked_again(resource, kernel)
    return {
        "changed": bool(changes),
        "before": before,
        "after": list(after),
        "commands": [ip(params.get("netns"), *change.words) for change in changes],
        "diff": {"before": _lines(before), "after": _lines(after)},
    }


def _carry_out(kernel: Kernel, change: Change) -> None:
    if change.how:
        why = kernel.put(change.seen, change.how)
    elif change.op == "address.del":
        why = take(kernel, change.seen, change.instead)
    else:
        (outcome,) = kernel.change(change.op, [change.seen])
        why = outcome.failed[0][1] if outcome.failed else None
    if why is not None:
        raise ValueError(refusal(change.op, " ".join(change.words), why))


def _looked_again(resource: Resource, kernel: Kernel) -> t.Sequence[str]:
    found = resource.look(kernel)
    changes, after = resource.decide(found)
    if changes:
        raise ValueError(
            "the kernel took every change, but does not show them; something else on this host may undo them. "
            "There is: %s; still to do: %s"
            % (
                "; ".join(map(resource.line, found)) or "nothing",
                "; ".join(" ".join(change.words) for change in changes),
            )
        )
    return after


def _lines(lines: t.Sequence[str]) -> str:
    """For a terminal: names come from the host."""
    return "".join(clean(line, _LINE) + "\n" for line in lines)
