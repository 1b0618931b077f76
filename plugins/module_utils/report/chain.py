# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way that a finding's packets take, link by link, as far as the finding itself tells it. Pure.

Nothing is made up: what a finding does not name is no link of its chain, and only what its cause says is marked as broken.
"""

from __future__ import annotations

import typing as t

from .text import short

_LENGTH = 38
"""Characters of a link that are drawn."""
_BROKEN = {
    "source": (
        "source-not-local", "source-loopback", "source-needs-interface", "source-tentative", "no-source-address",
    ),
    "rule": ("rule-blackhole", "rule-prohibit", "rule-unreachable", "rule-missing"),
    "table": ("table-empty", "table-unreferenced"),
    "route": (
        "no-route", "route-missing", "route-blackhole", "route-prohibit", "route-throw", "route-unreachable",
        "broadcast-not-allowed", "not-unicast",
    ),
    "next hop": ("nexthop-dead", "neighbour-failed", "gateway-off-subnet"),
    "link": ("device-gone", "link-gone", "link-down", "link-no-carrier"),
    "firewall": ("firewall-drop", "firewall-reject"),
    "path": ("black-hole", "unreachable-beyond"),
}  # fmt: skip
"""Each kind of link to the causes that mean that it is the one that is broken."""
_WORDS = {
    "rule": "policy routing refuses it",
    "table": "it does not lead there",
    "route": "none that can be used",
    "next hop": "it does not answer",
    "path": "it ends on the way",
}
"""What stands for a broken link that the finding has no name for."""


class Link(t.NamedTuple):
    """One of them."""

    kind: str
    text: str
    broken: bool


def chain(finding: t.Mapping[str, t.Any]) -> t.List[Link]:
    """From the sender to the destination; empty where the finding tells of no flow, or not what is broken in it."""
    told = {**finding["object"]["selector"], **finding["details"]}
    flow, place = _mapping(told.get("flow")), _mapping(told.get("place"))
    where = next((kind for kind, causes in _BROKEN.items() if told.get("cause") in causes), None)
    peers = told.get("peers") if isinstance(told.get("peers"), list) else []
    to = [item for item in (peers or [told.get("to"), flow.get("to")]) if _said(item)]
    if where is None or not to:
        return []
    owner = _mapping(finding["owner"])
    known = {
        "sender": told.get("program") or owner.get("name"),
        "source": told.get("local") or told.get("source") or flow.get("source"),
        "rule": None,
        "table": None if place else told.get("table"),
        "route": None,
        "next hop": told.get("gateway"),
        "link": told.get("interface") or flow.get("oif"),
        "firewall": " ".join(str(place[key]) for key in ("table", "chain", "rule") if _said(place.get(key))),
        "path": told.get("told_by"),
        "destination": "%s and %d more" % (to[0], len(to) - 1) if len(to) > 1 else to[0],
    }
    return [
        Link(kind, short(known[kind] if _said(known[kind]) else _WORDS.get(kind, "not known"), _LENGTH), kind == where)
        for kind in known
        if _said(known[kind]) or kind == where
    ]


def words(links: t.Sequence[Link]) -> str:
    """The same as a sentence, for who does not see it."""
    return ", then ".join("%s %s%s" % (link.kind, link.text, " (broken here)" if link.broken else "") for link in links)


def _mapping(value: t.Any) -> t.Mapping[str, t.Any]:
    return value if isinstance(value, dict) else {}


def _said(value: t.Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool) and value != ""
