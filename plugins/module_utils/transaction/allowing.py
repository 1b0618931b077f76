# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps about the firewall: compared with the rules before they are done, found again to be taken back.

``firewall.allow`` adds one rule before what drops; ``firewall.revoke`` takes exactly that rule back.
"""

from __future__ import annotations

import typing as t

from ..evidence.firewall import allow, read
from ..evidence.firewall.run import Refused, output
from ..model import FirewallChain, FirewallRule

OPS = ("firewall.allow", "firewall.revoke")
SECONDS = 30.0
"""For the program of whoever is in charge."""


def skipped(netns: str | int | None, op: str, args: allow.Args) -> str | None:
    """Why the step is not done now; None where it is. Raises OSError where the rules cannot be read."""
    chain = _chain(netns, args)
    ours = _is_there(netns, args, chain)
    if op == "firewall.revoke":
        return None if ours else "the rule for %s is gone already" % allow.in_words(args)
    if ours:
        return "%s is allowed already" % allow.in_words(args)
    if chain is None or not _drops(chain, args):
        return "%s changed since the plan was made: what dropped it is not there any more" % _named(args)
    return None


def wrong(netns: str | int | None, op: str, args: allow.Args) -> str | None:
    """What is not as the step should have left it; None where all is well."""
    there = _is_there(netns, args, _chain(netns, args))
    return None if there is (op == "firewall.allow") else "the rule for %s is not as wanted" % allow.in_words(args)


def do(netns: str | int | None, op: str, args: allow.Args) -> str | None:
    """Do the step; what went wrong, in words. What is as wanted already stays so."""
    try:
        chain = _chain(netns, args)
        if _is_there(netns, args, chain) is (op == "firewall.allow"):
            return None
        if op == "firewall.allow":
            place = None if chain is None else _dropping(chain, args)
            if chain is None or not _drops(chain, args):
                return "%s changed: what dropped it is not there any more" % _named(args)
            argv = allow.insertion(args, place.number if place else 0, place.handle if place else None)
        else:
            ours = None if chain is None else _ours(chain, args)
            argv = allow.removal(args, None if ours is None else ours.handle)
        output(netns, argv, seconds=SECONDS)
    except (OSError, Refused) as exc:
        return str(exc)
    return None


def taken_back(args: allow.Args) -> allow.Args:
    """The arguments of the step that takes it back."""
    return args


def sides(command: str, args: allow.Args) -> t.Tuple[str, str]:
    """Before and after, for a diff."""
    return "", "run: %s\n" % command


def _chain(netns: str | int | None, args: allow.Args) -> FirewallChain | None:
    """The chain that drops, as it is now. Raises OSError where the firewall cannot be read."""
    unseen: t.List[t.Any] = []
    firewall = read(netns, unseen)
    if firewall is None:
        raise OSError("the firewall cannot be read: %s" % "; ".join(item.why for item in unseen))
    wanted = tuple(args[key] for key in ("backend", "family", "table", "chain"))
    for chain in firewall.chains:
        if (chain.backend, chain.family, chain.table, chain.name) == wanted:
            return chain
    return None


def _is_there(netns: str | int | None, args: allow.Args, chain: FirewallChain | None) -> bool:
    asked = allow.query(args)
    if asked is None:
        return chain is not None and _ours(chain, args) is not None
    try:
        output(netns, asked, seconds=SECONDS)
    except Refused:
        return False
    return True


def _ours(chain: FirewallChain, args: allow.Args) -> FirewallRule | None:
    return next((rule for rule in chain.rules if allow.is_ours(args, rule.text, rule.comment)), None)


def _drops(chain: FirewallChain, args: allow.Args) -> bool:
    if args["rule"] == allow.POLICY:
        return chain.policy == "drop"
    return _dropping(chain, args) is not None


def _dropping(chain: FirewallChain, args: allow.Args) -> FirewallRule | None:
    """The rule that drops, as it was seen."""
    return next((rule for rule in chain.rules if rule.text == args["rule"]), None)


def _named(args: allow.Args) -> str:
    return "chain %s of table %s %s" % (args["chain"], args["family"], args["table"])
