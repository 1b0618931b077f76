# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""rule: one policy rule of the running kernel, there or not."""

from __future__ import annotations

import dataclasses
import typing as t

from ..info.select import table_number
from ..kernel import encode, names
from ..kernel.picking import may_take
from ..model import Rule, Seen
from . import options, words
from .base import Change, Decision, Links, Params, ensure
from .refusals import refusal

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel

_PROTO = "static"
_MOST = 0xFFFFFFFF
_DOES = ("action", "table", "goto", "l3mdev", "suppress_prefixlen")
"""What a rule does with the packets that it selects."""
_SELECTS = ("src", "dst", "iif", "oif", "mark", "mask", "tos", "uid_range", "ip_proto", "sport", "dport", "invert")


def rule(params: Params, kernel: Kernel, check: bool) -> t.Dict[str, t.Any]:
    """What the module does."""
    return ensure(_Rule, params, kernel, check)


class _Rule:
    def __init__(self, params: Params, _links: Links, _kernel: Kernel) -> None:
        self.present = params["state"] == "present"
        family = options.family_of(params["family"])
        source = _prefix(params["from"], "from", family)
        destination = _prefix(params["to"], "to", family or _family_of(source))
        self.family = family or _family_of(source) or _family_of(destination) or 4
        self.said: t.Dict[str, t.Any] = {
            "priority": options.number(params["priority"], "priority", 0, _MOST),
            "src": source,
            "dst": destination,
            "iif": params["iif"],
            "oif": params["oif"],
            "mark": options.bits(params["mark"], "mark"),
            "mask": options.bits(params["mask"], "mask"),
            "tos": options.number(params["tos"], "tos", 0, 255),
            "uid_range": options.ends(params["uid_range"], "uid_range", 0, _MOST - 1),
            "ip_proto": options.word(names.IP_PROTOCOLS, params["ip_proto"], "ip_proto"),
            "sport": options.ends(params["sport"], "sport", 1, 65535),
            "dport": options.ends(params["dport"], "dport", 1, 65535),
            "invert": params["invert"],
            "table": table_number(params["table"]),
            "goto": options.number(params["goto"], "goto", 1, _MOST),
            "l3mdev": params["l3mdev"],
            "suppress_prefixlen": options.number(params["suppress_prefixlength"], "suppress_prefixlength", 0, 128),
            "proto": options.word(names.PROTOCOLS, params["proto"], "proto"),
            "action": params["action"] or self._action(params),
        }
        self.said = {name: value for name, value in self.said.items() if value is not None}
        self._check()
        self._all: t.List[Seen] = []
        """The rules of the family, in the kernel's order."""

    def _action(self, params: Params) -> str | None:
        if params["goto"] is not None:
            return "goto"
        return "lookup" if params["table"] is not None or params["l3mdev"] else None

    def _check(self) -> None:
        said, action = self.said, self.said.get("action")
        if "mask" in said and "mark" not in said:
            raise ValueError("mask: it is of no use without mark; set mark")
        if ("goto" in said) != (action == "goto"):
            raise ValueError("goto: the action goto and the priority to go to belong together; set both or none")
        if "table" in said and (action != "lookup" or said.get("l3mdev")):
            raise ValueError("table: only the action lookup without l3mdev has a table; leave it out")
        if not self.present:
            if not any(name in said for name in ("priority", *_SELECTS, *_DOES)):
                raise ValueError(
                    "state: absent without saying which rule would take them all; set priority, from, to, table or "
                    "whatever else tells the rule from the others"
                )
            return
        if action is None or (action == "lookup" and "table" not in said and not said.get("l3mdev")):
            raise ValueError("table: what the rule is to do is missing; set table, goto, l3mdev or another action")

    # Looking ---------------------------------------------------------------------------------------------------------

    def look(self, kernel: Kernel) -> t.List[Seen]:
        self._all = list(kernel.seen("rule", keep=lambda found: found.family == self.family))
        return [seen for seen in self._all if self._concerns(seen.object)]

    def _free(self) -> int:
        """The priority that the kernel would give: just before the second (fib_default_rule_pref)."""
        return max(self._all[1].object.priority - 1, 0) if len(self._all) > 1 else 0

    def _concerns(self, found: Rule) -> bool:
        """Does it select the same packets (present), or is it all that was said (absent)?"""
        if self.present:
            wish = self._wish(found.priority).object
            told = self.said.get("priority", found.priority)
            return told == found.priority and all(getattr(wish, name) == getattr(found, name) for name in _SELECTS)
        if found.proto == "kernel" and "priority" not in self.said:
            return False
        return all(value == getattr(found, name) for name, value in self.said.items())

    def line(self, seen: Seen) -> str:
        return " ".join(words.rule(seen.object))

    # Deciding --------------------------------------------------------------------------------------------------------

    def decide(self, found: t.Sequence[Seen]) -> Decision:
        if not self.present:
            return [self._removed(seen, found) for seen in found], []
        if any(self._fits(seen.object) for seen in found):
            return [], [self.line(seen) for seen in found]
        wish = self._wish(self.said.get("priority", self._free()))
        changes = [self._change("add", wish)]
        if "priority" in self.said:
            # Only then are those that are found in its place; they go when the new one is there.
            return changes + [self._removed(seen, found) for seen in found], [self.line(wish)]
        there = sorted([*found, wish], key=lambda seen: t.cast(int, seen.object.priority))
        return changes, [self.line(seen) for seen in there]

    def _removed(self, seen: Seen, found: t.Sequence[Seen]) -> Change:
        """Raises ValueError where the kernel would take another one, that stays, in its place."""
        change = self._change("del", seen)
        for other in self._all[: self._all.index(seen)]:
            if other not in found and may_take("rule", seen.raw, other.raw):
                raise ValueError(refusal(change.op, " ".join(change.words), "ENOTUNIQ: it takes %s" % self.line(other)))
        return change

    def _fits(self, found: Rule) -> bool:
        wish = self._wish(found.priority).object
        if self.said.get("proto", found.proto) != found.proto:
            return False
        return all(getattr(wish, name) == getattr(found, name) for name in _DOES)

    def _wish(self, priority: int) -> Seen:
        wish = Rule(family=self.family, priority=priority, proto=_PROTO)
        return encode.rule(dataclasses.replace(wish, **{**self.said, "priority": priority}))

    def _change(self, verb: str, seen: Seen) -> Change:
        return Change("rule." + verb, seen, ["-%d" % self.family, "rule", verb, *words.rule(seen.object)])


def _prefix(text: str | None, option: str, family: int | None) -> str | None:
    if text is None:
        return None
    found = options.prefix(text, option, family)
    if found.endswith("/0"):
        raise ValueError("%s: %s is any address; leave the option out" % (option, text))
    return found


def _family_of(prefix: str | None) -> int | None:
    return None if prefix is None else 6 if ":" in prefix else 4
