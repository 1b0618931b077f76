# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``nft -j list ruleset`` in the normal form of the model (libnftables-json(5)). Pure.

The JSON is read tolerantly: an expression or statement that is not known here becomes a condition that is not understood,
and a rule of another shape is a rule of which nothing is known.
"""

from __future__ import annotations

import typing as t

from ...model import FirewallBranch, FirewallMatch, FirewallRule, FirewallSet
from . import nft_words, values

_META = {
    "oifname": "oifname", "oif": "oifname", "iifname": "iifname", "iif": "iifname", "mark": "mark", "skuid": "uid",
    "l4proto": "protocol", "nfproto": "family", "protocol": "family",
}  # fmt: skip
_TRANSPORT = {"tcp": 6, "udp": 17, "sctp": 132, "dccp": 33, "udplite": 136}
_TYPES = {
    "inet_proto": "protocol", "inet_service": "dport", "mark": "mark", "ifname": "oifname", "ipv4_addr": "daddr",
    "ipv6_addr": "daddr", "uid": "uid", "ct_state": "ct_state", "nf_proto": "family", "fib_addrtype": "daddr_type",
}  # fmt: skip
"""Types of a set's elements to a field that is spelled alike."""
_VERDICTS = frozenset(("accept", "drop", "return", "jump", "goto", "continue"))
_NEUTRAL = frozenset((
    "counter", "log", "comment", "last", "dup", "ct helper", "ct timeout", "ct expectation", "secmark", "flow", "map",
))  # fmt: skip
"""Statements that a packet passes unchanged and in any case."""
_NEUTRAL_TARGETS = frozenset(
    ("LOG", "NFLOG", "TRACE", "CONNMARK", "CLASSIFY", "CHECKSUM", "TEE", "TCPMSS", "AUDIT", "CONNSECMARK", "SECMARK")
)
_TERMINAL_TARGETS = {"REJECT": "reject", "NFQUEUE": "queue", "MASQUERADE": "accept", "SNAT": "accept"}

_Pair = t.Tuple[t.Tuple[str, ...], t.List[FirewallMatch]]
"""The fields of an expression, and the conditions that nft leaves out because they go without saying."""


def elements(data: t.Any) -> t.Dict[str, t.List[t.Mapping[str, t.Any]]]:
    """The objects of a listing by their kind."""
    found: t.Dict[str, t.List[t.Mapping[str, t.Any]]] = {}
    listed = data.get("nftables") if isinstance(data, dict) else None
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict):
            for kind, value in entry.items():
                if isinstance(value, dict):
                    found.setdefault(kind, []).append(value)
    return found


def rule(data: t.Mapping[str, t.Any], place: int, family: str) -> FirewallRule:
    """One rule. ``family`` is that of its table."""
    expressions = data.get("expr")
    expressions = expressions if isinstance(expressions, list) else [None]
    reader = _Reader(family)
    for expression in expressions:
        reader.statement(expression)
    counter = next((each["counter"] for each in expressions if _has(each, "counter")), None)
    counter = counter if isinstance(counter, dict) else {}
    comment = data.get("comment")
    return FirewallRule(
        number=place,
        text=nft_words.rule(expressions, comment),
        matches=tuple(reader.matches),
        verdict=reader.verdict,
        target=reader.target,
        key=reader.key,
        branches=reader.branches,
        changes=tuple(reader.changes),
        handle=handle(data),
        packets=values.number(counter.get("packets")),
        bytes=values.number(counter.get("bytes")),
        comment=nft_words.short(comment) if isinstance(comment, str) else None,
    )


def handle(data: t.Mapping[str, t.Any]) -> int | None:
    """What nft identifies a rule by."""
    return values.number(data.get("handle"))


def named_set(data: t.Mapping[str, t.Any]) -> FirewallSet:
    """A set, or a map to verdicts, by the type of its elements."""
    types = data.get("type")
    types = types if isinstance(types, list) else [types]
    fields = tuple(_TYPES.get(str(each), "") for each in types)
    verdicts = data.get("map") == "verdict"
    listed = data.get("elem")
    listed = listed if isinstance(listed, list) else []
    head = (str(data.get("family")), str(data.get("table")), str(data.get("name")))
    if not all(fields) or ("map" in data and not verdicts):
        return FirewallSet(*head, understood=False)
    if verdicts:
        branches = _branches(fields, listed)
        return FirewallSet(*head, branches=branches or (), understood=branches is not None)
    alternatives = [_alternative(fields, each) for each in listed]
    return FirewallSet(
        *head,
        elements=tuple(each for each in alternatives if each is not None),
        understood=None not in alternatives,
    )


def _has(expression: t.Any, kind: str) -> bool:
    return isinstance(expression, dict) and kind in expression


class _Reader:
    """The statements of one rule, one after the other."""

    def __init__(self, family: str) -> None:
        self._family = family
        self.matches: t.List[FirewallMatch] = []
        self.verdict: t.Optional[str] = None
        self.target: t.Optional[str] = None
        self.key: t.Optional[FirewallMatch] = None
        self.branches: t.Tuple[FirewallBranch, ...] = ()
        self.changes: t.List[t.Tuple[str, t.Any]] = []

    def statement(self, expression: t.Any) -> None:
        if not isinstance(expression, dict) or len(expression) != 1:
            return self._unknown(expression)
        ((kind, body),) = expression.items()
        if kind == "match" and isinstance(body, dict):
            self._match(body, expression)
        elif kind == "vmap" and isinstance(body, dict):
            self._vmap(body, expression)
        elif kind in _VERDICTS:
            self._verdict(kind, body)
        elif kind in ("reject", "queue"):
            self.verdict = kind
        elif kind == "mangle" and isinstance(body, dict):
            self._mangle(body)
        elif kind in ("dnat", "redirect"):
            self.changes += _destination(kind, body)
            self.verdict = "accept"
        elif kind in ("snat", "masquerade"):
            self.changes += [("saddr", None), ("sport", None)]
            self.verdict = "accept"
        elif kind == "notrack":
            self.changes.append(("ct_state", values.CT_STATES["untracked"]))
        elif kind == "xt" and isinstance(body, dict) and body.get("type") == "target":
            self._target(str(body.get("name")))
        elif kind == "set" and isinstance(body, dict) and not body.get("stmt"):
            pass  # adds what it saw to a set
        elif kind not in _NEUTRAL:
            self._unknown(expression)
        return None

    def _unknown(self, expression: t.Any) -> None:
        self.matches.append(FirewallMatch(nft_words.statement(expression)))

    def _verdict(self, kind: str, body: t.Any) -> None:
        if kind == "continue":
            return
        self.verdict = kind
        if kind in ("jump", "goto"):
            self.target = str(body.get("target")) if isinstance(body, dict) else None

    def _target(self, name: str) -> None:
        """A target of iptables, of which the JSON tells no more than the name."""
        if name in _NEUTRAL_TARGETS:
            return
        if name == "MARK":
            self.changes.append(("mark", None))
        elif name == "CT":
            self.changes.append(("ct_state", None))
        elif name in ("DNAT", "REDIRECT"):
            self.changes += [("daddr", None), ("dport", None)]
            self.verdict = "accept"
        else:
            self.verdict = _TERMINAL_TARGETS.get(name, "unknown")

    def _mangle(self, body: t.Mapping[str, t.Any]) -> None:
        key = body.get("key")
        if _has(key, "ct"):
            return
        pair = self._fields(key)
        for field in pair[0] if pair else ():
            value = body.get("value")
            self.changes.append((field, values.ONE[field](value) if isinstance(value, (int, str)) else None))

    def _match(self, body: t.Mapping[str, t.Any], expression: t.Any) -> None:
        text = nft_words.statement(expression)
        op, left, right = body.get("op"), body.get("left"), body.get("right")
        mask = None
        if isinstance(left, dict) and "&" in left:
            parts = left["&"]
            pair = self._fields(parts[0]) if isinstance(parts, list) and len(parts) == 2 else None
            mask = _bits(pair[0][0], parts[1]) if pair and len(pair[0]) == 1 else None
            pair = pair if mask is not None else None
        else:
            pair = self._fields(left)
        if pair is None:
            self.matches.append(FirewallMatch(text))
            return
        fields, implied = pair
        self.matches += implied
        found = _compared(fields, str(op), right, mask)
        self.matches.append(FirewallMatch(text, fields, **found) if found else FirewallMatch(text))

    def _vmap(self, body: t.Mapping[str, t.Any], expression: t.Any) -> None:
        pair, data = self._fields(body.get("key")), body.get("data")
        text = nft_words.statement(expression)
        self.verdict = "unknown"
        if pair is None:
            return
        fields, implied = pair
        if isinstance(data, str) and data.startswith("@"):
            self.key = FirewallMatch(text, fields, set=data[1:])
        elif isinstance(data, dict) and "set" in data:
            branches = _branches(fields, data["set"] if isinstance(data["set"], list) else [data["set"]])
            if branches is None:
                return
            self.key, self.branches = FirewallMatch(text, fields), branches
        else:
            return
        self.verdict = "map"
        self.matches += implied

    def _fields(self, expression: t.Any) -> _Pair | None:
        """What an expression reads, where that is known."""
        if not isinstance(expression, dict) or len(expression) != 1:
            return None
        ((kind, body),) = expression.items()
        if kind == "concat" and isinstance(body, list):
            pairs = [self._fields(each) for each in body]
            if any(pair is None for pair in pairs):
                return None
            known = [pair for pair in pairs if pair is not None]
            return tuple(f for pair in known for f in pair[0]), [m for pair in known for m in pair[1]]
        if not isinstance(body, dict):
            return None
        if kind == "meta":
            field = _META.get(str(body.get("key")))
        elif kind == "ct":
            field = "ct_state" if body.get("key") == "state" else None
        elif kind == "fib":
            field = _fib(body)
        elif kind == "payload":
            return self._payload(str(body.get("protocol")), str(body.get("field")))
        else:
            field = None
        return ((field,), []) if field else None

    def _payload(self, protocol: str, field: str) -> _Pair | None:
        if protocol in ("ip", "ip6"):
            known = {"saddr": "saddr", "daddr": "daddr", "protocol": "protocol", "nexthdr": "protocol"}.get(field)
            four = protocol == "ip"
            return ((known,), self._only("family", 4 if four else 6)) if known else None
        if protocol == "th":
            return ((field,), []) if field in ("sport", "dport") else None
        if protocol in _TRANSPORT:
            implied = self._only("protocol", _TRANSPORT[protocol])
            if field in ("sport", "dport"):
                return (field,), implied
            return (("tcp_flags",), implied) if (protocol, field) == ("tcp", "flags") else None
        if protocol in ("icmp", "icmpv6") and field == "type":
            return (protocol + "_type",), self._only("protocol", 1 if protocol == "icmp" else 58)
        return None

    def _only(self, field: str, value: int) -> t.List[FirewallMatch]:
        if field == "family" and self._family in ("ip", "ip6"):
            return []
        return [FirewallMatch("", (field,), (((value, value),),))]


def _fib(body: t.Mapping[str, t.Any]) -> str | None:
    flags = body.get("flags")
    flags = flags if isinstance(flags, list) else [flags]
    if body.get("result") != "type" or flags not in (["daddr"], ["saddr"]):
        return None
    return str(flags[0]) + "_type"


def _bits(field: str, value: t.Any) -> int | None:
    """A mask: a number, names of bits, or both joined."""
    if _has(value, "|"):
        value = value["|"]
    parts = [values.ONE[field](each) if isinstance(each, (int, str)) else None for each in _as_list(value)]
    if field not in ("mark", "tcp_flags", "ct_state") or any(not isinstance(part, int) for part in parts):
        return None
    mask = 0
    for part in parts:
        mask |= t.cast(int, part)
    return mask


def _as_list(value: t.Any) -> t.List[t.Any]:
    return value if isinstance(value, list) else [value]


def _compared(fields: t.Tuple[str, ...], op: str, right: t.Any, mask: int | None) -> t.Dict[str, t.Any] | None:
    """The rest of a match by its operator; None where that is not known."""
    if isinstance(right, str) and right.startswith("@") and mask is None and op in ("==", "!=", "in"):
        return {"set": right[1:], "negated": op == "!="}
    first = fields[0]
    if (
        op in ("<", ">", "<=", ">=")
        and len(fields) == 1
        and mask is None
        and first in ("dport", "sport", "mark", "uid")
    ):
        bound = values.ONE[first](right)
        if bound is None:
            return None
        top = (1 << 32) - 1
        span = {"<": (0, bound - 1), "<=": (0, bound), ">": (bound + 1, top), ">=": (bound, top)}[op]
        return {"values": ((span,),)}
    if first == "tcp_flags":  # bits, not a value
        bits = _bits(first, right)
        if bits is None:
            return None
        if mask is not None and op in ("==", "!="):
            return {"mask": mask, "values": (((bits, bits),),), "negated": op == "!="}
        return {"mask": bits, "values": (((0, 0),),), "negated": True} if op == "in" and mask is None else None
    if first == "ct_state" and mask is not None:
        return None
    if op not in ("==", "!=", "in"):
        return None
    listed = right["set"] if _has(right, "set") else right if isinstance(right, list) else [right]
    alternatives = [_alternative(fields, each) for each in _as_list(listed)]
    if any(each is None for each in alternatives):
        return None
    return {"values": tuple(alternatives), "mask": mask, "negated": op == "!="}


def _alternative(fields: t.Sequence[str], value: t.Any) -> t.Any:
    """One element of a set, or one value: a span for each field. None where it is not understood."""
    if _has(value, "elem") and isinstance(value["elem"], dict):
        value = value["elem"].get("val")
    parts = value["concat"] if _has(value, "concat") else [value]
    if not isinstance(parts, list) or len(parts) != len(fields):
        return None
    spans = tuple(_span(field, part) for field, part in zip(fields, parts))
    return None if None in spans else spans


def _span(field: str, value: t.Any) -> values.Span | None:
    if _has(value, "prefix") and isinstance(value["prefix"], dict):
        return values.prefix(value["prefix"].get("addr"), value["prefix"].get("len"))
    parse = values.ONE[field]
    if _has(value, "range") and isinstance(value["range"], list) and len(value["range"]) == 2:
        low, high = (parse(each) for each in value["range"])
    elif isinstance(value, (str, int)):
        low = high = parse(value)
    else:
        return None
    return None if low is None or high is None else (low, high)


def _branches(fields: t.Sequence[str], listed: t.Sequence[t.Any]) -> t.Tuple[FirewallBranch, ...] | None:
    """The entries of a verdict map; None where one is not understood."""
    found = []
    for entry in listed:
        if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[1], dict) or len(entry[1]) != 1:
            return None
        value = _alternative(fields, entry[0])
        ((verdict, body),) = entry[1].items()
        if value is None or verdict not in _VERDICTS:
            return None
        target = body.get("target") if isinstance(body, dict) else None
        found.append(FirewallBranch(value, verdict, None if target is None else str(target)))
    return tuple(found)


def _destination(kind: str, body: t.Any) -> t.List[t.Tuple[str, t.Any]]:
    """What dnat makes of a packet's destination."""
    body = body if isinstance(body, dict) else {}
    port = body.get("port")
    new_port = [("dport", port if isinstance(port, int) else None)] if port is not None else []
    where = values.address(body.get("addr")) if kind == "dnat" else None
    if kind == "dnat" and "addr" not in body:
        return new_port
    return [("daddr", where), *new_port]
