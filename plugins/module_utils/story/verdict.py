# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it comes down to: one word of a closed list, from the kernel's answer and the findings around it. Pure."""

from __future__ import annotations

import typing as t

from ..model import Finding
from ..reach import Reach
from .relevant import CONFIGURATION

VERDICTS: t.Mapping[str, str] = {
    "ok": "Nothing on this host is known to stop it.",
    "source-gone": "It is sent from an address that is not this host's any more.",
    "source-unusable": "It is sent from an address that cannot be used for it.",
    "link-down": "The link is down, has no carrier, or is gone.",
    "firewall": "This host's own firewall drops it.",
    "configuration": "The host's configuration is wrong: its prefix, its gateway or its resolver.",
    "route-missing": "No route leads there.",
    "route-refuses": "A route is there to refuse it.",
    "rule-refuses": "A policy rule is there to refuse it.",
    "next-hop": "The next hop is out of use, or does not answer.",
    "path": "It leaves the host; the path beyond, or the way back, is what fails.",
    "destination": "That destination cannot be sent to like this.",
    "name": "The name stands for no address, say those who are asked.",
    "unexplained": "The kernel refuses it, and nothing that was read explains why.",
}
"""The closed list of verdicts, and what each says."""

_BY_CAUSE = {
    "ok": "ok",
    "on-link-assumed": "ok",
    "source-not-local": "source-gone",
    "source-tentative": "source-unusable",
    "source-needs-interface": "source-unusable",
    "source-loopback": "source-unusable",
    "no-source-address": "source-unusable",
    "device-gone": "link-down",
    "link-down": "link-down",
    "link-no-carrier": "link-down",
    "link-no-ipv4": "link-down",
    "nexthop-dead": "next-hop",
    "neighbour-failed": "next-hop",
    "no-route": "route-missing",
    "route-throw": "route-missing",
    "route-unreachable": "route-refuses",
    "route-blackhole": "route-refuses",
    "route-prohibit": "route-refuses",
    "rule-unreachable": "rule-refuses",
    "rule-blackhole": "rule-refuses",
    "rule-prohibit": "rule-refuses",
    "broadcast-not-allowed": "destination",
    "not-unicast": "destination",
    "firewall": "firewall",
    "refused": "unexplained",
}
_FIREWALL = ("RC501",)
_PATH = ("RC503", "RC504")
_HARMLESS = ("low", "info")
"""Severities of what is told of a path that works all the same."""
_LINKS = ("RC401", "RC402")
_DECLARED = ("RC207", "RC209")
_TELLING: t.Mapping[str, t.Tuple[str, ...]] = {
    "source-gone": ("RC102", "RC101", "RC105", "RC103", "RC405", "RC201"),
    "source-unusable": ("RC409", "RC101", "RC103", "RC105"),
    "link-down": ("RC401", "RC402", "RC404", "RC104", "RC403", "RC202", "RC103", "RC105"),
    "firewall": ("RC501", "RC502", "RC105"),
    "configuration": ("RC602", "RC407", "RC601", "RC209", "RC207"),
    "route-missing": ("RC207", "RC209", "RC204", "RC304", "RC301", "RC203", "RC103", "RC105"),
    "route-refuses": ("RC206", "RC203", "RC103", "RC105"),
    "rule-refuses": ("RC206", "RC303", "RC302", "RC103", "RC105"),
    "next-hop": ("RC202", "RC408", "RC407", "RC203", "RC103", "RC105"),
    "path": _PATH,
}
"""The rules whose findings say most about a verdict, the best first."""
_BADNESS = (
    "source-gone", "firewall", "link-down", "configuration", "source-unusable", "rule-refuses", "route-refuses",
    "route-missing", "next-hop", "unexplained", "path", "destination", "name", "ok",
)  # fmt: skip
"""Of several sends, the one with the first of these is told first."""


def verdict(reach: Reach, findings: t.Sequence[Finding], dropped: bool = False, fell: bool = False) -> str:
    """A key of VERDICTS for one send. ``findings`` are those that have to do with it; ``dropped``: the firewall is known
    to drop it; ``fell``: a link went down and took its routes along."""
    said = _BY_CAUSE[reach.cause]
    rules = {finding.rule for finding in findings}
    if said == "route-missing" and (fell or rules & set(_LINKS)):
        return "link-down"
    if said in ("route-missing", "next-hop"):
        # A gateway that fell out of its subnet takes its route along: the prefix is what is wrong. One that does not answer
        # is the wrong one where another route is declared.
        wrong = CONFIGURATION if said == "route-missing" else (*CONFIGURATION, *_DECLARED)
        return "configuration" if rules & set(wrong) else said
    if said != "ok":
        return said
    if dropped or rules & set(_FIREWALL):
        return "firewall"
    if any(finding.kind == "resolver" for finding in findings):
        return "configuration"  # it is asked for names, and should not be, or does not answer
    if any(finding.rule in _PATH and finding.severity not in _HARMLESS for finding in findings):
        return "path"
    return said


def unanswered(said: str, answers: bool) -> str:
    """The verdict where a name does not resolve. ``said``: that of the flow to the DNS server; ``answers``: it knows."""
    if answers:
        return said if said == "configuration" else "name"
    return "configuration" if said == "ok" else said


def first_of(said: str, findings: t.Sequence[Finding]) -> t.List[Finding]:
    """The findings that tell of this verdict, the best first."""
    order = _TELLING.get(said, ())
    return sorted((item for item in findings if item.rule in order), key=lambda item: order.index(item.rule))


def worst(verdicts: t.Sequence[str]) -> int:
    """Which of several sends is to be told: the number of the worst one, the first of its like."""
    return min(range(len(verdicts)), key=lambda number: _BADNESS.index(verdicts[number]))
