# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The story of one flow on one screen (see story/tell.py for what it is made of). Pure."""

from __future__ import annotations

import textwrap
import typing as t

from .text import count, plain, utc

_LABEL = 10
_COMMAND = 48
"""Columns that a command needs to stand beside what it shows; with fewer it stands below."""
_WITNESSES = 5
_OTHERS = 6
_UNSEEN = 4

Paint = t.Callable[[str, str], str]
"""Colours a text: ``good``, ``bad``, ``label``, ``command``."""


def no_paint(word: str, text: str) -> str:
    return text


def lines(host: str, story: t.Mapping[str, t.Any], width: int, paint: Paint = no_paint) -> t.List[str]:
    """The story, fitted to ``width`` columns."""
    page = _Page(max(width, 40), paint)
    good = story["verdict"] == "ok"
    page.put("FLOW", "%s: %s" % (plain(host, 64), _asked(story)))
    page.put("VERDICT", "%s: %s" % (story["verdict"], story["meaning"]), "good" if good else "bad")
    page.put("CAUSE", story["cause"])
    if story["explanation"] != story["cause"]:
        page.put("KERNEL", story["explanation"])
    if story["name"] is not None and story["name"]["fallback"] is not None:
        page.put("FALLBACK", story["name"]["fallback"])
    for item in story["chain"]:
        page.put(
            "CHAIN", "%s %s: %s" % ("✓" if item["ok"] else "✗", item["kind"], item["text"]), command=item["command"]
        )
    for item in story["witnesses"][:_WITNESSES]:
        page.put("WITNESSES", _witness(item), command=item["command"])
    page.more("WITNESSES", len(story["witnesses"]) - _WITNESSES, "more witness", "more witnesses")
    if not story["witnesses"]:
        page.put("WITNESSES", "No socket and no log that was read tells of such a send.")
    page.put("OWNER", _owner(story["owner"]))
    page.put("SINCE", _since(story))
    for item in story["mends"]:
        words = item["what"] if item["rule"] is None else "%s (%s)" % (item["what"], item["rule"])
        page.put("MENDS", words, command=item["command"])
    if not story["mends"]:
        page.put(
            "MENDS", "There is nothing to mend on this host." if good else "Nothing on this host is known to mend it."
        )
    for item in story["does_not"]:
        page.put("DOES NOT", "%s: %s." % (item["what"], item["why"]))
    for item in story["others"][:_OTHERS]:
        page.put("OTHERS", "%s: %s" % (_send(item), item["verdict"]))
    page.more("OTHERS", len(story["others"]) - _OTHERS, "more send")
    for item in story["findings"]:
        page.put("FINDINGS", "%s (%s): %s" % (item["rule"], item["severity"], item["cause"]))
    if story["findings_elsewhere"]:
        page.put(
            "FINDINGS", "%s, about something else: see the audit." % count(story["findings_elsewhere"], "more finding")
        )
    for item in story["unseen"][:_UNSEEN]:
        page.put("UNSEEN", "%s (%s)" % (item["what"], item["why"]))
    page.more("UNSEEN", len(story["unseen"]) - _UNSEEN, "more thing")
    return page.said


class _Page:
    def __init__(self, width: int, paint: Paint) -> None:
        self._width = width
        self._paint = paint
        self._last = ""
        self.said: t.List[str] = []

    def put(self, label: str, text: str, word: str = "", command: str = "") -> None:
        """One statement; the label stands where it changes. A command stands beside or below what it shows."""
        room = self._width - _LABEL
        shown = plain(text, 600)
        typed = "$ " + plain(command, 400) if command else ""
        beside = typed and len(shown) + 3 + len(typed) <= room
        rows = [shown + "   "] if beside else textwrap.wrap(shown, room, break_on_hyphens=False) or [""]
        for number, row in enumerate(rows):
            head = label if number == 0 and label != self._last else ""
            body = self._paint(word, row) if word else row
            tail = self._paint("command", typed) if beside else ""
            self.said.append(self._paint("label", head.ljust(_LABEL)) + body + tail)
        if typed and not beside:
            # A command is not broken: it is there to be copied.
            self.said.append(" " * _LABEL + self._paint("command", typed))
        self._last = label

    def more(self, label: str, number: int, one: str, many: str = "") -> None:
        if number > 0:
            self.put(label, "… and %s." % count(number, one, many))


def _asked(story: t.Mapping[str, t.Any]) -> str:
    """The send that the story is about, and the name that led to it."""
    name, send = story["name"], _send(story["flow"])
    if name is None:
        return send
    return "%s, %s" % (send, "asked for %s" % name["name"] if name["error"] else "which is %s" % name["name"])


def _send(flow: t.Mapping[str, t.Any]) -> str:
    """``udp from 192.0.2.1 on eth0 to 198.51.100.1 port 53, by named (named.service)``"""
    text = str(flow["protocol"])
    text += " from %s" % flow["source"] if flow["source"] else ""
    text += " on %s" % plain(flow["interface"], 32) if flow["interface"] else ""
    text += " to %s" % flow["to"]
    text += " port %d" % flow["port"] if flow["port"] else ""
    text += " mark 0x%x" % flow["mark"] if flow["mark"] else ""
    if flow["program"]:
        text += ", by %s" % plain(flow["program"], 64)
        text += " (%s)" % plain(flow["unit"], 64) if flow["unit"] else ""
    elif flow["unit"]:
        text += ", by %s" % plain(flow["unit"], 64)
    return text


def _witness(item: t.Mapping[str, t.Any]) -> str:
    text = "%s: %s" % (item["source"], plain(item["observed"], 240))
    if item["count"] > 1 and item["first"] is not None and item["last"] is not None:
        text += " [%d times from %s to %s]" % (item["count"], utc(item["first"]), utc(item["last"]))
    return text


def _owner(owner: t.Optional[t.Mapping[str, t.Any]]) -> str:
    if owner is None:
        return "Nobody is known to own it."
    state = {True: "alive", False: "dead", None: "not known whether alive"}[owner["alive"]]
    unit = ", unit %s" % owner["unit"] if owner["unit"] else ""
    return "%s, %s%s (%s)" % (owner["name"], state, unit, owner["known_by"])


def _since(story: t.Mapping[str, t.Any]) -> str:
    if story["since"] is None:
        return "Not known: the kernel keeps no time of it, and no witness told one."
    on = {True: "; it goes on", False: "; it has stopped", None: ""}[story["going_on"]]
    return "%s at the latest%s" % (utc(story["since"]), on)
