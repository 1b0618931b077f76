# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""link: one link of the running kernel: there or not, up or down, and what it is made of."""

from __future__ import annotations

import shlex
import typing as t

from ..kernel.links import KINDS, details_of, message
from ..model import Link, Seen
from . import options
from .base import Change, Decision, Links, Params, ensure

if t.TYPE_CHECKING:
    from ..kernel.port import Kernel

_VXLAN_PORT = 4789
"""RFC 7348; the kernel's own default is the one from before the RFC."""
_LIMITS = {"vlan": 4094, "vxlan": (1 << 24) - 1}
_SPELLED = {"port": "dstport", "underlay": "dev", "lladdr": "address", "kind": "type", "parent": "link"}
"""Options that ``ip`` has another word for."""
_SETTINGS = ("mtu", "lladdr", "master", "alias")
State = t.Dict[str, t.Any]
"""What the task speaks about, by option; links by their names; what is not set is None."""


def link(params: Params, kernel: Kernel, check: bool) -> t.Dict[str, t.Any]:
    """What the module does."""
    return ensure(_Link, params, kernel, check)


class _Link:
    def __init__(self, params: Params, links: Links, _kernel: Kernel) -> None:
        self.links = links
        self.name: str = _named(params["name"], "name")
        self.state: str = params["state"]
        self.kind: str | None = params["kind"]
        self.peer = None if params["peer"] is None else _named(params["peer"], "peer")
        self.wish: State = {}
        """In the order in which ``ip`` takes it."""
        if self.state == "absent":
            return
        known = KINDS[self.kind] if self.kind else None
        most = _LIMITS.get(self.kind or "", 0xFFFFFFFF)
        given: State = {
            "parent": params["parent"],
            "mtu": options.number(params["mtu"], "mtu", 1, 0x7FFFFFFF),
            "lladdr": options.hardware(params["lladdr"], "lladdr"),
            "master": params["master"],
            "kind": self.kind,
            "id": options.number(params["id"], "id", 1, most),
            "mode": params["mode"],
            "local": options.address(params["local"], "local"),
            "remote": options.address(params["remote"], "remote"),
            "ttl": options.number(params["ttl"], "ttl", 1, 255),
            "port": options.number(params["port"], "port", 1, 65535),
            "underlay": params["underlay"],
            "table": options.number(params["table"], "table", 1, 0xFFFFFFFF),
            "alias": params["alias"],
        }
        self.wish = {name: value for name, value in given.items() if value is not None}
        for name in ("parent", "master", "underlay"):
            if self.wish.get(name):
                links.index_of(self.wish[name], name)
        for name in set(self.wish) - {"kind", *_SETTINGS}:
            if known is None:
                raise ValueError("%s: it is only for links of a kind that has it; set kind" % name)
            if name not in known.fields and not (name == "parent" and known.has_parent):
                raise ValueError("%s: a link of the kind %s has none; leave it out" % (name, self.kind))
        if self.peer is not None and self.kind != "veth":
            raise ValueError("peer: only a link of the kind veth has one; leave it out")
        if len(given["alias"] or "") > 255:
            raise ValueError("alias: it has %d characters; expected at most 255" % len(given["alias"]))
        if self.state in ("up", "down"):
            self.wish["up"] = self.state == "up"

    def look(self, kernel: Kernel) -> t.List[Seen]:
        return list(kernel.seen("link", keep=lambda found: found.name == self.name))

    def line(self, seen: Seen) -> str:
        if self.state == "absent":
            return " ".join([self.name, *(["type", seen.object.kind] if seen.object.kind else [])])
        return self._line(self._now(seen))

    def _line(self, state: State) -> str:
        return shlex.join([self.name, *_words({name: value for name, value in state.items() if value or name == "up"})])

    def _now(self, seen: Seen) -> State:
        """What the link has of what the task speaks about."""
        found: Link = seen.object
        now: State = {**details_of(found.kind, seen.raw), "kind": found.kind, "up": found.up}
        now.update({name: getattr(found, name) for name in ("mtu", "lladdr", "alias")})
        now.update(parent=self._name(found.parent), master=self._name(found.master))
        if now.get("underlay") is not None:
            now["underlay"] = self._name(now["underlay"])
        return {name: now.get(name) for name in self.wish}

    def _name(self, ifindex: int | None) -> str | None:
        return None if ifindex is None else self.links.name_of(ifindex)

    # Deciding --------------------------------------------------------------------------------------------------------

    def decide(self, found: t.Sequence[Seen]) -> Decision:
        if self.state == "absent":
            return [Change("link.del", seen, ["link", "del", "dev", self.name]) for seen in found], []
        changes = self._altered(found[0]) if found else self._made()
        return changes, [self._line(self.wish)]

    def _made(self) -> t.List[Change]:
        if self.kind is None:
            raise ValueError("name: there is no link %r here; set kind to make it" % self.name)
        given = {**self.wish, "peer": self.peer}
        missing = [name for name in KINDS[self.kind].required if given.get(name) is None]
        if missing:
            raise ValueError(
                "kind: there is no link %r here, and to make a %s, %s must be set"
                % (self.name, self.kind, " and ".join(missing))
            )
        wish = dict(self.wish)
        if self.kind == "vxlan":
            wish.setdefault("port", _VXLAN_PORT)
        alias = wish.pop("alias", "")
        before = [*_words({"parent": wish["parent"]} if "parent" in wish else {}), "name", self.name]
        spelled = before + _words({name: value for name, value in wish.items() if name not in ("parent", "up")})
        spelled += ["peer", "name", self.peer] if self.peer is not None else []
        up = wish.get("up") or None
        made = message(self.name, peer=self.peer, parent=self._index(wish, "parent"), up=up, **self._sent(wish))
        changes = [Change("link.add", made, ["link", "add", *spelled], "add")]
        # The kernel overlooks the alias, and ip the state, when a link is made.
        if alias or up:
            later = {name: value for name, value in (("alias", alias), ("up", up)) if value}
            changes.append(self._set(message(self.name, alias=alias or None, up=up), later))
        return changes

    def _altered(self, seen: Seen) -> t.List[Change]:
        now = self._now(seen)
        other = {name: value for name, value in self.wish.items() if (value or None) != (now[name] or None)}
        if not other:
            return []
        if "kind" in other:
            raise ValueError(
                "kind: the link %s is there and is a %s, not a %s; remove it first (state=absent), or choose another name"
                % (self.name, now["kind"] or "physical link", self.kind)
            )
        fields = KINDS[self.kind].fields if self.kind else {}
        for name in other:
            if name == "parent" or (name in fields and not fields[name].alterable):
                raise ValueError(
                    "%s: the link %s has %s, not %s, which cannot be changed in place; remove it first (state=absent)"
                    % (name, self.name, now[name], other[name])
                )
        if set(other) == {"up"}:
            op = "link.up" if other["up"] else "link.down"
            return [Change(op, seen, ["link", "set", "dev", self.name, *_words(other)])]
        # vxlan takes no other setting beside its details.
        inside = {name: value for name, value in other.items() if name in fields}
        outside = {name: value for name, value in other.items() if name not in fields}
        changes = []
        if inside:
            inside = {"kind": self.kind, **inside}
            changes.append(self._set(message(self.name, kept=seen, **self._sent(inside)), inside))
        if outside:
            alias, up = outside.get("alias"), outside.get("up")
            changes.append(self._set(message(self.name, alias=alias, up=up, **self._sent(outside)), outside))
        return changes

    def _set(self, made: Seen, state: State) -> Change:
        return Change("link.set", made, ["link", "set", "dev", self.name, *_words(state)], "set")

    def _sent(self, state: State) -> State:
        """The arguments of ``message`` for it, but what is special when a link is made."""
        kind = state.get("kind")
        fields = KINDS[kind].fields if kind else {}
        details = {name: value for name, value in state.items() if name in fields}
        if "underlay" in details:
            details["underlay"] = self._index(details, "underlay")
        master = self._index(state, "master") if state.get("master") else 0 if "master" in state else None
        return {
            "kind": kind,
            "details": details,
            "mtu": state.get("mtu"),
            "lladdr": state.get("lladdr"),
            "master": master,
        }

    def _index(self, state: State, option: str) -> int | None:
        return self.links.index_of(state[option], option) if option in state else None


def _words(state: State) -> t.List[str]:
    words: t.List[str] = []
    for name, value in state.items():
        if name == "up":
            words.append("up" if value else "down")
        elif name == "master" and not value:
            words.append("nomaster")
        else:
            words += [_SPELLED.get(name, name), str(value)]
    return words


def _named(name: str, option: str) -> str:
    if not 0 < len(name.encode("utf-8", "surrogateescape")) < 16 or name in (".", ".."):
        raise ValueError("%s: %r is no name for a link; expected 1 to 15 bytes" % (option, name))
    if any(character in "/:" or character.isspace() for character in name):
        raise ValueError("%s: %r is no name for a link: it has a slash, a colon or a space" % (option, name))
    return name
