# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happened on a host, one value for each, whoever tells of it: of the kernel's removals and of errors in logs."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.watch import Gone
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Address, Event, Link, Route, Rule
from ansible_collections.netmend.reclaim.plugins.module_utils.text import clean

SCHEMA = 1
TEXT = 300
NAME = 100
MOST_SHOWN = 20
"""Others that an event shows beside the one that it is named after."""

STARTED, MISSED, ERROR = "started", "missed", "error"
KINDS = (
    "default-route-removed",
    "link-removed",
    "link-down",
    "address-removed",
    "rule-removed",
    ERROR,
    MISSED,
    STARTED,
)
"""The most telling first: an event is named after the first of its kinds."""
_KIND_OF = {
    "address": "address-removed",
    "link": "link-removed",
    "link-up": "link-down",
    "rule": "rule-removed",
    "default-route": "default-route-removed",
}
Value = t.Union[str, int, None]


@dataclasses.dataclass(frozen=True)
class Happening:
    """One thing that happened. Its texts are clean and bounded."""

    kind: str
    subject: t.Tuple[t.Tuple[str, Value], ...] = ()
    """What it happened to, by the names that the event has."""
    text: str = ""
    command: str = ""
    """What a person would type to see more."""

    @property
    def key(self) -> t.Tuple[str, t.Tuple[t.Tuple[str, Value], ...]]:
        return self.kind, self.subject

    def bare(self) -> Happening:
        """The same kind of nothing in particular: for those that are more than can be told apart."""
        return Happening(self.kind, (), "more than can be told apart: " + self.kind)


@dataclasses.dataclass(frozen=True)
class Fold:
    """Happenings that differ in nothing but their time."""

    happening: Happening
    """The last of them."""
    count: int
    first: float
    last: float
    """Unix time at which they were heard of."""


def of_gone(gone: Gone) -> Happening:
    """Of what the kernel says is gone."""
    item = gone.item
    kind = _KIND_OF[gone.kind]
    name = None if gone.interface is None else safe(gone.interface, NAME)
    where = "" if name is None else " of " + name
    if isinstance(item, Address):
        prefix = "%s/%d" % (item.address, item.prefixlen)
        return Happening(kind, (("address", prefix), ("interface", name)), "address %s%s was removed" % (prefix, where))
    if isinstance(item, Link):
        what = "was removed" if gone.kind == "link" else "was set down"
        return Happening(kind, (("interface", name),), "link %s %s" % (name, what))
    if isinstance(item, Rule):
        rule = _rule(item)
        return Happening(
            kind,
            (("family", item.family), ("priority", item.priority), ("rule", rule), ("table", item.table)),
            "rule %s was removed" % rule,
        )
    return _of_route(kind, item, name)


def _of_route(kind: str, route: Route, name: str | None) -> Happening:
    via = next((hop.gateway for hop in route.hops if hop.gateway), None)
    words = ["default"] + (["via", via] if via else []) + (["dev", name] if name else [])
    return Happening(
        kind,
        (("family", route.family), ("gateway", via), ("interface", name), ("table", route.table)),
        "route %s of table %d was removed" % (" ".join(words), route.table),
    )


def _rule(rule: Rule) -> str:
    words = ["%d:" % rule.priority, "from", rule.src or "all"]
    for word, value in (("to", rule.dst), ("iif", rule.iif), ("oif", rule.oif), ("lookup", rule.table)):
        if value is not None:
            words += [word, str(value)]
    if rule.mark is not None:
        words += ["fwmark", "0x%x" % rule.mark]
    if rule.table is None:
        words.append(rule.action)
    return safe(" ".join(words), NAME)


def of_event(event: Event) -> Happening:
    """Of an error that a log line tells of."""
    named: t.Dict[str, Value] = {
        "error": event.error,
        "program": event.program,
        "unit": event.unit,
        "local_addr": event.local_addr,
        "remote_addr": event.remote_addr,
        "interface": event.interface,
        "log": event.source.path,
    }
    return Happening(
        ERROR,
        tuple((name, safe(value, NAME) if isinstance(value, str) else value) for name, value in named.items()),
        safe(event.text, TEXT),
        safe(event.command, TEXT),
    )


def missed(why: str) -> Happening:
    """Something may have happened that nobody heard of: whoever acts on events must look by himself."""
    return Happening(MISSED, (), safe("something was missed: %s" % why, TEXT))


def document(folds: t.Sequence[Fold], host: str, netns: str | None) -> t.Dict[str, t.Any]:
    """The event of one time: it is named after the most telling of what happened and shows the others beside it."""
    ordered = sorted(folds, key=lambda fold: (KINDS.index(fold.happening.kind), -fold.count, fold.first))
    others = ordered[1 : 1 + MOST_SHOWN]
    return {
        "netmend": {
            "schema": SCHEMA,
            "host": host,
            "netns": netns,
            **_shown(ordered[0]),
            "kinds": sorted({fold.happening.kind for fold in ordered}, key=KINDS.index),
            "total": sum(fold.count for fold in ordered),
            "also": [_shown(fold) for fold in others],
            "omitted": len(ordered) - 1 - len(others),
        },
        # What ansible-rulebook limits its playbooks to.
        "meta": {"hosts": [host]},
    }


def _shown(fold: Fold) -> t.Dict[str, t.Any]:
    happening = fold.happening
    return {
        "kind": happening.kind,
        **dict(happening.subject),
        "text": happening.text,
        "command": happening.command or None,
        "count": fold.count,
        "first": round(fold.first, 3),
        "last": round(fold.last, 3),
    }


# ansible-rulebook hands its events to playbooks as extra variables, which Ansible takes for templates.
_TEMPLATE = re.compile(r"\{(?=[{%#])")


def safe(text: str, limit: int) -> str:
    """Clean, bounded, and no template of Jinja."""
    return clean(_TEMPLATE.sub("{ ", text[: 4 * limit]), limit)
