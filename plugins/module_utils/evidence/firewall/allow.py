# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The narrowest rule that lets one flow through, by whoever is in charge of the firewall: what is run for it, and what
takes it back. Pure.

What a step says (``args``) holds no command: its argument vectors are made here, from checked values.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t

from ...commands import inside
from ...model import FirewallChain, Step
from .flow import Packet, Place

POLICY = "policy drop"
"""What stands for a rule where the chain's policy drops."""
MANAGERS = ("nft", "iptables", "ufw", "firewalld", "firewalld-direct")
BACKENDS = ("nft", "iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy")
PROTOCOLS = ("udp", "tcp", "icmp")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,127}\Z")
"""Names of tables and chains that are safe in every program's own language."""
_PREFIX = "netmend.reclaim:"
_DIRECT = "-999"
"""Priority among firewalld's direct rules: before what others put there."""
_POLICY_CHAIN = re.compile(r"filter_OUT_(?:policy_)?([A-Za-z0-9_.-]+?)(?:_(?:pre|log|deny|allow|post))?\Z")
_USER_CHAINS = ("ufw-user-output", "ufw6-user-output", "OUTPUT")

Args = t.Mapping[str, t.Any]


def step(netns: str | None, place: Place, flow: Packet) -> Step | None:
    """The step that lets a flow past a place; None where no rule could be written for it."""
    args = args_of(place, flow)
    if args is None:
        return None
    number = 1 if place.rule is None else place.rule.number
    handle = None if place.rule is None else place.rule.handle
    return Step("firewall.allow", args, inside(netns, *insertion(args, number, handle)))


def args_of(place: Place, flow: Packet) -> t.Dict[str, t.Any] | None:
    """What the step says: what drops, as it was seen, and what is to pass."""
    chain = place.chain
    manager = manager_of(chain)
    if manager is None or flow.protocol not in PROTOCOLS or (flow.port is None and flow.protocol != "icmp"):
        return None
    if manager == "ufw" and flow.protocol == "icmp":  # for which it has no words
        return None
    if "%" in flow.to or not all(NAME.match(name) for name in (chain.table, chain.name)):
        return None
    return {
        "manager": manager,
        "backend": chain.backend,
        "family": chain.family,
        "table": chain.table,
        "chain": chain.name,
        "rule": POLICY if place.rule is None else place.rule.text,
        "protocol": flow.protocol,
        "source": flow.source,
        "to": flow.to,
        "port": None if flow.protocol == "icmp" else flow.port,
    }


def manager_of(chain: FirewallChain) -> str | None:
    """Who is asked to let something past a chain; None where nobody could."""
    if chain.manager == "ufw":
        return "ufw" if chain.name in _USER_CHAINS else None
    if chain.manager == "firewalld" and chain.backend == "nft":
        return "firewalld" if _POLICY_CHAIN.match(chain.name) else None
    if chain.manager == "firewalld":
        return "firewalld-direct"
    return "nft" if chain.backend == "nft" else "iptables"


def token(args: Args) -> str:
    """The comment that our rule bears, and that tells it from all others."""
    said = json.dumps(dict(args), sort_keys=True).encode()
    return _PREFIX + hashlib.sha256(said).hexdigest()[:12]


def insertion(args: Args, number: int, handle: int | None) -> t.List[str]:
    """The argument vector that adds the rule. ``number`` and ``handle`` are those of what drops, as it stands now."""
    return _BY[args["manager"]][0](args, number, handle)


def removal(args: Args, handle: int | None) -> t.List[str]:
    """The argument vector that takes the rule back. ``handle`` is the rule's own."""
    return _BY[args["manager"]][1](args, 0, handle)


def query(args: Args) -> t.List[str] | None:
    """The argument vector that tells by its status whether the rule is there; None where the rules themselves tell."""
    if args["manager"] == "firewalld":
        return _firewalld(args, "query")
    return _direct(args, "--query-rule") if args["manager"] == "firewalld-direct" else None


def is_ours(args: Args, text: str, comment: str | None) -> bool:
    """Is a rule of the chain the one that the step adds?"""
    if args["manager"] == "ufw":  # which keeps comments to itself
        return text == " ".join([*_iptables_words(args, prefixes=True), "-j", "ACCEPT"])
    return comment == token(args)


# nft and iptables -----------------------------------------------------------------------------------------------------


def _nft_add(args: Args, number: int, handle: int | None) -> t.List[str]:
    place = [args["family"], args["table"], args["chain"]]
    start = (
        ["nft", "add", "rule", *place] if handle is None else ["nft", "insert", "rule", *place, "handle", str(handle)]
    )
    return [*start, *_nft_words(args), "accept", "comment", '"%s"' % token(args)]


def _nft_del(args: Args, number: int, handle: int | None) -> t.List[str]:
    return ["nft", "delete", "rule", args["family"], args["table"], args["chain"], "handle", str(handle)]


def _nft_words(args: Args) -> t.List[str]:
    six = ":" in args["to"]
    ip = "ip6" if six else "ip"
    words = [ip, "saddr", args["source"]] if args["source"] else []
    words += [ip, "daddr", args["to"]]
    if args["protocol"] == "icmp":
        return [*words, "icmpv6" if six else "icmp", "type", "echo-request"]
    return [*words, args["protocol"], "dport", str(args["port"])]


def _iptables_add(args: Args, number: int, handle: int | None) -> t.List[str]:
    place = ["-A", args["chain"]] if args["rule"] == POLICY else ["-I", args["chain"], str(number)]
    return [args["backend"], "-w", "-t", args["table"], *place, *_commented(args)]


def _iptables_del(args: Args, number: int, handle: int | None) -> t.List[str]:
    return [args["backend"], "-w", "-t", args["table"], "-D", args["chain"], *_commented(args)]


def _commented(args: Args) -> t.List[str]:
    return [*_iptables_words(args), "-m", "comment", "--comment", token(args), "-j", "ACCEPT"]


def _iptables_words(args: Args, prefixes: bool = False) -> t.List[str]:
    """``prefixes``: as iptables-save spells it."""
    six = ":" in args["to"]
    length = ("/128" if six else "/32") if prefixes else ""
    words = ["-s", args["source"] + length] if args["source"] else []
    words += ["-d", args["to"] + length]
    if args["protocol"] == "icmp":
        return words + (
            ["-p", "ipv6-icmp", "-m", "icmp6", "--icmpv6-type", "128"]
            if six
            else ["-p", "icmp", "-m", "icmp", "--icmp-type", "8"]
        )
    return [*words, "-p", args["protocol"], "-m", args["protocol"], "--dport", str(args["port"])]


# ufw and firewalld ----------------------------------------------------------------------------------------------------


def _ufw_add(args: Args, number: int, handle: int | None) -> t.List[str]:
    return ["ufw", "prepend", "allow", *_ufw_words(args), "comment", token(args)]


def _ufw_del(args: Args, number: int, handle: int | None) -> t.List[str]:
    return ["ufw", "delete", "allow", *_ufw_words(args)]


def _ufw_words(args: Args) -> t.List[str]:
    source = args["source"] or "any"
    return ["out", "proto", args["protocol"], "from", source, "to", args["to"], "port", str(args["port"])]


def _firewalld_add(args: Args, number: int, handle: int | None) -> t.List[str]:
    return _firewalld(args, "add")


def _firewalld_del(args: Args, number: int, handle: int | None) -> t.List[str]:
    return _firewalld(args, "remove")


def _firewalld(args: Args, verb: str) -> t.List[str]:
    """A rich rule of the policy that drops, before its other rules; until the next reload, as all that a step does."""
    found = _POLICY_CHAIN.match(args["chain"])
    policy = found.group(1) if found else ""
    words = ['rule priority="-1" family="%s"' % ("ipv6" if ":" in args["to"] else "ipv4")]
    words += ['source address="%s"' % args["source"]] if args["source"] else []
    words += ['destination address="%s"' % args["to"]]
    if args["protocol"] == "icmp":
        words += ['icmp-type name="echo-request"']
    else:
        words += ['port port="%d" protocol="%s"' % (args["port"], args["protocol"])]
    return ["firewall-cmd", "--policy=" + policy, "--%s-rich-rule=%s accept" % (verb, " ".join(words))]


def _direct_add(args: Args, number: int, handle: int | None) -> t.List[str]:
    return _direct(args, "--add-rule")


def _direct_del(args: Args, number: int, handle: int | None) -> t.List[str]:
    return _direct(args, "--remove-rule")


def _direct(args: Args, verb: str) -> t.List[str]:
    family = "ipv6" if ":" in args["to"] else "ipv4"
    return ["firewall-cmd", "--direct", verb, family, args["table"], "OUTPUT", _DIRECT, *_commented(args)]


_Make = t.Callable[[Args, int, t.Optional[int]], t.List[str]]
_BY: t.Mapping[str, t.Tuple[_Make, _Make]] = {
    "nft": (_nft_add, _nft_del),
    "iptables": (_iptables_add, _iptables_del),
    "ufw": (_ufw_add, _ufw_del),
    "firewalld": (_firewalld_add, _firewalld_del),
    "firewalld-direct": (_direct_add, _direct_del),
}


def in_words(args: Args) -> str:
    """What is to pass, for a message."""
    port = "" if args["port"] is None else " port %d" % args["port"]
    source = " from %s" % args["source"] if args["source"] else ""
    return "%s%s to %s%s" % (args["protocol"], source, args["to"], port)
