# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the firewall of a namespace: nftables, and iptables in both its variants, each table once.

Only what a sent packet can reach is read into the model: a host of Kubernetes has thousands of rules elsewhere.
"""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t

from ...kernel.namespace import entered
from ...model import Firewall, FirewallChain, FirewallRule, FirewallSet, Unseen
from . import iptables, managers, nft
from .run import Refused, TooLarge, output, program

HOOKS = ("output", "postrouting")
_LEGACY = (("ip", "iptables-legacy", "/proc/thread-self/net/ip_tables_names"),
           ("ip6", "ip6tables-legacy", "/proc/thread-self/net/ip6_tables_names"))  # fmt: skip
_NFT_SAVE = (("ip", "iptables-nft"), ("ip6", "ip6tables-nft"))
TRACE_PREFIX = "netmend_reclaim_trace_"
"""Tables of our own, for as long as a trace lasts: no part of anybody's firewall."""
_WHAT = "the firewall"

_Key = t.Tuple[str, str, str, str]
_Maker = t.Callable[[], t.Tuple[FirewallRule, ...]]


class _Draft:
    """A chain whose rules are read only where a sent packet reaches it."""

    def __init__(self, chain: FirewallChain, count: int, make: _Maker) -> None:
        self.chain = chain
        self.count = count
        self.make = make


class _Found:
    def __init__(self) -> None:
        self.drafts: t.List[_Draft] = []
        self.sets: t.Dict[t.Tuple[str, str, str], t.Callable[[], FirewallSet]] = {}
        self.tables: t.List[t.Tuple[str, str, str]] = []
        self.whole = True


def read(netns: str | int | None, unseen: t.List[Unseen]) -> Firewall | None:
    """The firewall of a namespace; None where nothing of it could be read. What could not be is added to ``unseen``."""
    found = _Found()
    asked = [_read_nft(netns, found, unseen), _read_legacy(netns, found, unseen)]
    if not any(asked):
        return None
    return _assembled(found, netns)


# nftables -------------------------------------------------------------------------------------------------------------


def _read_nft(netns: str | int | None, found: _Found, unseen: t.List[Unseen]) -> bool:
    if program("nft") is None:
        return _read_nft_of_iptables(netns, found, unseen)
    try:
        listed = _ruleset(netns, unseen, found)
    except (Refused, ValueError) as exc:
        unseen.append(Unseen(_WHAT, "nftables: %s" % exc))
        found.whole = False
        return False
    kinds = nft.elements(listed)
    saved = _saved_tables(netns, kinds)
    by_chain: t.Dict[t.Tuple[str, str, str], t.List[t.Mapping[str, t.Any]]] = {}
    for rule in kinds.get("rule", ()):
        by_chain.setdefault(_place(rule, "chain"), []).append(rule)
    dormant = set()
    for table in kinds.get("table", ()):
        family, name = str(table.get("family")), str(table.get("name"))
        if name.startswith(TRACE_PREFIX):
            dormant.add((family, name))
            continue
        if _is_dormant(netns, table):
            dormant.add((family, name))
        backend = _NFT_NAMES[family] if (family, name) in saved else "nft"
        found.tables.append((family, name, backend))
    for chain in kinds.get("chain", ()):
        place = _place(chain, "name")
        if place[:2] in dormant:  # its chains are not hooked in
            continue
        rules = by_chain.get(place, [])
        own = saved.get(place[:2])
        lines = own.get(place[2]) if own is not None else None
        found.drafts.append(_nft_chain(chain, rules, lines, own is not None))
    for kind in ("set", "map"):
        for data in kinds.get(kind, ()):
            found.sets[_place(data, "name")] = lambda data=data: nft.named_set(data)  # type: ignore[misc]
    return True


_NFT_NAMES = dict(_NFT_SAVE)


def _place(data: t.Mapping[str, t.Any], name: str) -> t.Tuple[str, str, str]:
    return str(data.get("family")), str(data.get("table")), str(data.get(name))


def _is_dormant(netns: str | int | None, table: t.Mapping[str, t.Any]) -> bool:
    """Are a table's chains not hooked in? nft 1.0.6 writes any text where the flags should be: then it is asked again."""
    flags = table.get("flags", [])
    flags = flags if isinstance(flags, list) else [flags]
    if set(flags) <= {"dormant", "owner", "persist"}:
        return "dormant" in flags
    argv = ["nft", "-t", "list", "table", str(table.get("family")), str(table.get("name"))]
    try:
        lines = output(netns, argv).decode("utf-8", "replace").split("\n", 3)
    except Refused:
        return True  # what is not known to be at work is not blamed
    return any("dormant" in line for line in lines[1:3] if line.strip().startswith("flags "))


def _ruleset(netns: str | int | None, unseen: t.List[Unseen], found: _Found) -> t.Any:
    """The whole of it; without what is in its sets where that is too much."""
    try:
        return json.loads(output(netns, ["nft", "-j", "list", "ruleset"]))
    except TooLarge as exc:
        unseen.append(Unseen("the sets of the firewall", str(exc)))
        listed = json.loads(output(netns, ["nft", "-t", "-j", "list", "ruleset"]))
        for kind in ("set", "map"):
            for data in nft.elements(listed).get(kind, ()):
                t.cast(t.Dict[str, t.Any], data)["type"] = None  # its elements are not shown: not an empty set
        return listed


def _saved_tables(
    netns: str | int | None, kinds: t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]]
) -> t.Dict[t.Tuple[str, str], t.Dict[str, iptables.SavedChain]]:
    """The tables that iptables keeps in nftables, as it shows them: nft shows its matches only in part."""
    theirs = {
        (str(chain.get("family")), str(chain.get("table")))
        for chain in kinds.get("chain", ())
        if chain.get("table") in iptables.PRIORITIES and chain.get("name") in iptables.HOOKS and chain.get("hook")
    }
    saved: t.Dict[t.Tuple[str, str], t.Dict[str, iptables.SavedChain]] = {}
    for family, name in _NFT_SAVE:
        if any(each[0] == family for each in theirs):
            try:
                text = output(netns, [_save_program(name), "-c"]).decode("utf-8", "replace")
            except Refused:
                continue  # what nft shows of it has to do
            for chain in iptables.chains(text):
                if (family, chain.table) in theirs:
                    saved.setdefault((family, chain.table), {})[chain.name] = chain
    return saved


def _save_program(name: str) -> str:
    """``iptables-nft`` to ``iptables-nft-save``."""
    return name + "-save"


def _nft_chain(
    data: t.Mapping[str, t.Any],
    rules: t.Sequence[t.Mapping[str, t.Any]],
    saved: iptables.SavedChain | None,
    is_iptables: bool,
) -> _Draft:
    family, table, name = _place(data, "name")
    hook, priority = data.get("hook"), data.get("prio")
    chain = FirewallChain(
        family=family,
        table=table,
        name=name,
        backend=_NFT_NAMES[family] if is_iptables else "nft",
        type=str(data["type"]) if "type" in data else None,
        hook=None if hook is None else str(hook),
        priority=priority if isinstance(priority, int) else None,
        policy=str(data["policy"]) if "policy" in data else None,
        packets=saved.packets if saved is not None and hook else None,
    )

    def make() -> t.Tuple[FirewallRule, ...]:
        if saved is None or len(saved.rules) != len(rules):
            return tuple(nft.rule(rule, number, family) for number, rule in enumerate(rules, 1))
        pairs = enumerate(zip(saved.rules, rules), 1)
        return tuple(iptables.rule(line, number, nft.handle(rule)) for number, (line, rule) in pairs)

    return _Draft(chain, len(rules), make)


def _read_nft_of_iptables(netns: str | int | None, found: _Found, unseen: t.List[Unseen]) -> bool:
    """Without nft, what iptables keeps in nftables is all that can be seen of it."""
    done = False
    for family, name in _NFT_SAVE:
        if program(_save_program(name)) is not None:
            done = _read_saved(netns, family, name, found, unseen) or done
    if os.path.isdir("/sys/module/nf_tables"):
        unseen.append(Unseen(_WHAT, "there is no nft on this host, and its kernel has nftables"))
        found.whole = False
    return done


# iptables -------------------------------------------------------------------------------------------------------------


def _read_legacy(netns: str | int | None, found: _Found, unseen: t.List[Unseen]) -> bool:
    done = False
    for family, name, path in _LEGACY:
        try:
            with entered(netns), open(path, encoding="ascii") as stream:
                there = stream.read(4096).split()
        except FileNotFoundError:
            done = True  # the kernel has no such tables
            continue
        except (OSError, ValueError) as exc:
            unseen.append(Unseen(_WHAT, "%s: %s" % (name, exc)))
            found.whole = False
            continue
        done = True
        if there and not _read_saved(netns, family, name, found, unseen):
            found.whole = False
    return done


def _read_saved(netns: str | int | None, family: str, name: str, found: _Found, unseen: t.List[Unseen]) -> bool:
    """What one variant of iptables shows of one family."""
    saving = _save_program(name)
    if program(saving) is None and name.endswith("-legacy"):  # before there were two of them
        saving = name.replace("-legacy", "") + "-save"
    try:
        text = output(netns, [saving, "-c"]).decode("utf-8", "replace")
    except Refused as exc:
        unseen.append(Unseen(_WHAT, "%s: %s" % (name, exc)))
        return False
    for saved in iptables.chains(text):
        if (family, saved.table, name) not in found.tables:
            found.tables.append((family, saved.table, name))
        found.drafts.append(_saved_chain(saved, family, name))
    return True


def _saved_chain(saved: iptables.SavedChain, family: str, backend: str) -> _Draft:
    hook = iptables.HOOKS.get(saved.name)
    priority = iptables.PRIORITIES.get(saved.table)
    if hook == "postrouting" and saved.table == "nat":
        priority = 100
    chain = FirewallChain(
        family=family,
        table=saved.table,
        name=saved.name,
        backend=backend,
        type=None
        if hook is None
        else "nat"
        if saved.table == "nat"
        else "route"
        if saved.table == "mangle"
        else "filter",
        hook=hook,
        priority=priority if hook else None,
        policy=saved.policy,
        packets=saved.packets if hook else None,
    )
    return _Draft(chain, len(saved.rules), lambda: tuple(iptables.rule(r, n) for n, r in enumerate(saved.rules, 1)))


# Together -------------------------------------------------------------------------------------------------------------


def _assembled(found: _Found, netns: str | int | None) -> Firewall:
    """What is reached from the hooks, with the sets that are looked into."""
    drafts = {_key(draft.chain): draft for draft in found.drafts}
    waiting = [draft for draft in found.drafts if draft.chain.hook in HOOKS]
    chains: t.Dict[_Key, FirewallChain] = {}
    sets: t.Dict[t.Tuple[str, str, str], FirewallSet] = {}
    while waiting:
        draft = waiting.pop(0)
        head, key = draft.chain, _key(draft.chain)
        if key in chains:
            continue
        rules = []
        for rule in draft.make():
            if rule.verdict == "jump" and _beside(key, rule.target) not in drafts:
                rule = dataclasses.replace(rule, verdict="unknown")
            rules.append(rule)
            targets = [rule.target, *(branch.target for branch in rule.branches)]
            for name in {match.set for match in (*rule.matches, rule.key) if match is not None and match.set}:
                place = head.family, head.table, name
                if place in found.sets:
                    if place not in sets:
                        sets[place] = found.sets[place]()
                    targets += [branch.target for branch in sets[place].branches]
            waiting += [drafts[place] for place in (_beside(key, name) for name in targets) if place in drafts]
        chains[key] = dataclasses.replace(head, rules=tuple(rules), manager=managers.of(head))
    return Firewall(
        chains=tuple(chains.values()),
        sets=tuple(sets.values()),
        tables=tuple(found.tables),
        managers=managers.at_work(draft.chain for draft in found.drafts),
        rules=sum(draft.count for draft in found.drafts),
        whole=found.whole,
    )


def _key(chain: FirewallChain) -> _Key:
    """Both variants of iptables may have a table of the same name."""
    return chain.backend, chain.family, chain.table, chain.name


def _beside(key: _Key, name: str | None) -> _Key:
    """Another chain of the same table."""
    return key[0], key[1], key[2], name or ""
