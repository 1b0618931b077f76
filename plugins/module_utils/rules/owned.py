# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules share that ask whose an object is: the owner of a finding, how it is known, and who is to mend it."""

from __future__ import annotations

import dataclasses
import shlex
import typing as t

from ..model import Address, Evidence, Link, Owner, OwnerState, Route, Rule, Step, Want
from ..owners import remedies
from ..owners.whose import is_left, whose
from ..text import clean
from .common import HostCheck, shown

Item = t.Union[Link, Address, Route, Rule]

_KNOWN_BY = 300
"""Characters that are shown of how it is known whether an owner is alive."""


def owner_of(state: OwnerState | None) -> Owner | None:
    """As a finding tells it."""
    if state is None:
        return None
    return Owner(state.name, state.alive, clean(state.known_by, _KNOWN_BY), state.unit, state.process)


def of_whom(state: OwnerState, them: str = "it") -> str:
    """``of frr, which does not run any more``."""
    said = "which runs and does not want %s" % them if state.alive else "which does not run any more"
    return "of %s, %s" % (shown(state.name), said)


def cause_of(state: OwnerState) -> str:
    return "owner-does-not-want" if state.alive else "owner-gone"


def lived_on(links: t.Iterable[Link], left: t.Container[int], held: t.Iterable[int] = ()) -> t.Set[int]:
    """Of the links that are left over, those that somebody else lives on: what is on them is not left over either.

    A program holds a tun device with a carrier open; the other end of a veth in another namespace belongs to that, which
    lives. A bridge has a port, a link another one on top of it, that is not left over or is lived on. ``held``: what is
    known to be in use besides.
    """
    links = tuple(links)
    used = {link.ifindex for link in links if link.ifindex in left and _other_end_lives(link)} | set(held)
    while True:
        above = (link for link in links if link.ifindex not in left or link.ifindex in used)
        more = {number for link in above for number in _below(link) if number in left}
        if more <= used:
            return used
        used |= more


def _other_end_lives(link: Link) -> bool:
    return (link.kind == "tun" and link.carrier) or (link.kind == "veth" and link.peer_netns is not None)


def _below(link: Link) -> t.Set[int]:
    """What a link is in or stands on. The parent of a veth is its peer."""
    parent = None if link.kind == "veth" or link.peer_netns is not None else link.parent
    return {number for number in (link.master, link.underlay, parent) if number is not None}


@dataclasses.dataclass(frozen=True)
class Settled:
    """Who is to mend what a rule found, and how."""

    state: OwnerState | None
    keeps: bool
    """Does an owner that is alive keep the objects, or one of which it is not known whether it lives?"""
    remedy: t.Tuple[Step, ...]
    advice: str
    evidence: t.Tuple[Evidence, ...] = ()

    @property
    def owner(self) -> Owner | None:
        return owner_of(self.state)

    @property
    def kept_alive(self) -> bool:
        """Are they kept by an owner that is alive?"""
        return self.keeps and self.state is not None and self.state.alive is True


class OwnedCheck(HostCheck):
    """A check that tells whose an object is."""

    def left(self, item: Item) -> OwnerState | None:
        """The owner that left it over; None where there is any reason to keep it."""
        return is_left(self.index, item)

    def lived_on(self) -> t.Set[int]:
        """The links of dead owners that somebody else lives on."""
        if not self.index.owners:
            return set()
        return lived_on(self.index.links, {link.ifindex for link in self.index.links if self.left(link) is not None})

    def among(self, items: t.Iterable[Item]) -> OwnerState | None:
        """The owner that most probably made one of these: one that lives before one of which that is not known, before a
        dead one."""
        found = (whose(self.index, item) for item in items) if self.index.owners else ()
        states = [state for state in found if state is not None]
        return min(states, key=lambda state: (state.alive is not True, state.alive is False, state.name), default=None)

    def settled(
        self,
        kind: str,
        items: t.Sequence[Item],
        removal: t.Iterable[Step],
        advice: str,
        restarts: bool = False,
        **placeholders: object,
    ) -> Settled:
        """Owners first, for objects of which something else than their owner tells that they are stale.

        What is not of an owner, or of a dead one, is removed as the rule says. What an owner that lives keeps is its
        own to mend: it is restarted where that mends it (``restarts``), and nothing is taken from it.
        """
        state = self.among(items)
        if state is None:
            return Settled(None, False, tuple(removal), advice)
        name = shown(state.name)
        left = all(each is not None and each.name == state.name for each in map(self.left, items))
        evidence = tuple(self.witness(state, kind)) if left else (self.known(state),)
        if state.alive is None:
            said = "It may be of %s, and whether that is alive is not known: nothing is taken from it." % name
            return Settled(state, True, (), "%s %s" % (said, advice), evidence)
        if state.alive and not left:
            said = (
                "%s is alive, and this is its own, as far as that can be told: it would put back what is taken away."
                % name
            )
            remedy = remedies.steps(dataclasses.replace(state, release=()), ()) if restarts else ()
            return Settled(state, True, remedy, " ".join(filter(None, (said, state.advice))), evidence)
        if not left:  # of a dead owner by its shape only: what the rule found is reason enough
            return Settled(state, False, tuple(removal), advice, evidence)
        return Settled(
            state, False, self.mend(state, removal, **placeholders), self.said_of(state, "what it left"), evidence
        )

    def witness(self, state: OwnerState, kind: str) -> t.Iterator[Evidence]:
        """Of what an owner left over: how it is known whether that lives and, of one that does, that it does not want it."""
        known = self.known(state)
        yield known
        if state.lives_in_links and state.alive is False:
            yield self.saw("no link of %s is here" % shown(state.name), "-br", "link", "show")
        if state.alive and state.wants is not None:
            wants = [want for want in state.wants if want.kind == kind] or list(state.wants)
            source = wants[0].source if wants else "what it was asked"
            command = wants[0].command if wants else known.command
            yield Evidence("owner", "%s does not name it" % clean(source, _KNOWN_BY), command)

    def known(self, state: OwnerState) -> Evidence:
        """How it is known whether an owner lives."""
        status = (
            ["systemctl", "status", "--no-pager", state.unit] if state.unit else ["ps", "-e", "-o", "pid,unit,comm"]
        )
        return Evidence("owner", "%s: %s" % (shown(state.name), clean(state.known_by, _KNOWN_BY)), shlex.join(status))

    def claim(self, want: Want) -> Evidence:
        """That an owner that is dead named an object as its own when it ran."""
        return Evidence("owner", "%s names it" % clean(want.source or "its configuration", _KNOWN_BY), want.command)

    def mend(self, state: OwnerState, removal: t.Iterable[Step], **placeholders: object) -> t.Tuple[Step, ...]:
        """Owners first: the step that an owner takes, where there is one; else those that remove its object."""
        return remedies.steps(state, tuple(removal), **placeholders)

    def said_of(self, state: OwnerState, what: str) -> str:
        """What mends it and what does not, as far as that is the owner's."""
        name = shown(state.name)
        if state.alive:
            said = "%s is alive: it is the one to let go of %s, and would put back what is taken from it." % (
                name,
                what,
            )
        elif state.enabled:
            said = "%s is started at boot, and would take over %s when it starts: start it, or disable it first." % (
                name,
                what,
            )
        else:
            said = "If %s is to run on this host, start it and let it clean up after itself; if not, remove %s." % (
                name,
                what,
            )
        return " ".join(filter(None, (said, state.advice)))
