# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mends a send, what does not, and why, for each verdict. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Finding

MOST = 6


@dataclasses.dataclass(frozen=True)
class Mend:
    """One thing that mends it."""

    what: str
    command: str = ""
    """What a person would type; empty where there is no one command."""
    rule: str | None = None
    """The rule whose remedy it is: the remediate playbook can do it."""


@dataclasses.dataclass(frozen=True)
class Vain:
    """One thing that people try, and why it does not help."""

    what: str
    why: str


_ROUTE = "Adding a route"
_RESTART = "Restarting the program"
_VAIN: t.Mapping[str, t.Tuple[Vain, ...]] = {
    "source-gone": (
        Vain(_ROUTE, "the kernel refuses the source before it looks for a route"),
        Vain(
            "net.ipv4.ip_nonlocal_bind=1",
            "it lets a program bind to the address; a send from it is refused all the same",
        ),
        Vain(
            "Destroying the UDP socket (ss -K)", "the socket gets one error and goes on, for its healthy sessions too"
        ),
    ),
    "source-unusable": (Vain(_ROUTE, "the source is what the kernel refuses, not the way"),),
    "link-down": (
        Vain(_ROUTE, "no route through a link that is down, or gone, carries anything"),
        Vain(_RESTART, "the link stays as it is, unless the program is what brings it up"),
    ),
    "firewall": (
        Vain(_ROUTE, "the routes lead there already: the packet is dropped after they were asked"),
        Vain(_RESTART, "the rule drops the next packet as well"),
    ),
    "configuration": (
        Vain(_RESTART, "it is the host that is configured wrongly, for every program"),
        Vain("Adding a host route by hand", "it hides the wrong setting from one program, until the next boot"),
    ),
    "route-missing": (
        Vain(_RESTART, "no route leads there for any program, unless this one is who makes the route"),
        Vain("Changing the source address", "the kernel accepts it; it is the destination that no route covers"),
    ),
    "route-refuses": (
        Vain("Adding a less specific route", "the kernel takes the most specific one, which refuses"),
        Vain(_RESTART, "the route refuses every program, unless this one is who made it"),
    ),
    "rule-refuses": (Vain(_ROUTE, "the rule refuses before a table is looked at"),),
    "next-hop": (
        Vain("Adding another route through the same gateway", "it is the gateway that does not answer"),
        Vain(_RESTART, "the next hop does not answer for any program"),
    ),
    "path": (
        Vain(_ROUTE, "the packet leaves this host: what is wrong is beyond it, or on the way back"),
        Vain(_RESTART, "its packets fare the same"),
    ),
    "destination": (Vain(_ROUTE, "it is not a matter of routes"),),
    "name": (
        Vain(_ROUTE, "the DNS server was reached and has answered"),
        Vain(_RESTART, "every program is told the same, as long as no other server is asked"),
    ),
    "ok": (),
    "unexplained": (),
}
_WORDS: t.Mapping[str, str] = {
    "source-gone": "Whoever holds the session must let go of it: ask it to, or restart it. Or bring the address back, if "
    "it is still this host's.",
    "source-unusable": "Send from an address that is usable for it, or name the interface.",
    "link-down": "Bring the link up, or whatever it depends on.",
    "firewall": "Allow this flow, as narrowly as it is, in front of the rule that drops it.",
    "configuration": "Correct the prefix, gateway or resolver where it is configured.",
    "route-missing": "Bring back the route, or what makes it.",
    "route-refuses": "Remove the route that refuses, if nobody wants it any more.",
    "rule-refuses": "Remove the policy rule that refuses, if nobody wants it any more.",
    "next-hop": "Find out why the next hop does not answer: is it up, is it on this link, is its address right?",
    "path": "Look at the next hop and beyond: the probe and capture modules of this collection show how far packets come, and "
    "what comes back.",
    "destination": "Use a destination, or a socket option, that fits.",
    "name": "See whether the name is written as it stands in DNS, and whether the server that is asked should know it: a name "
    "of an internal zone is known to that zone's servers alone.",
    "unexplained": "Capture the send with strace and compare its source, interface and mark.",
    "ok": "",
}


def mends(verdict: str, findings: t.Sequence[Finding]) -> t.Tuple[Mend, ...]:
    """What mends it: the remedies and advice of the findings, and the general words."""
    found: t.Dict[str, Mend] = {}
    for finding in findings:
        for step in finding.remedy[:2]:
            found.setdefault(step.command, Mend(step.op, step.command, finding.rule))
        if not finding.remedy and finding.advice:
            found.setdefault(finding.advice, Mend(finding.advice, "", finding.rule))
    items = list(found.values())[:MOST]
    if not any(item.command for item in items) and _WORDS[verdict]:
        items.insert(0, Mend(_WORDS[verdict]))
    return tuple(items)


def vain(verdict: str) -> t.Tuple[Vain, ...]:
    """What does not help, and why."""
    return _VAIN[verdict]
