# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``iptables-save -c`` in the normal form of the model (iptables-extensions(8)). Pure.

Both variants write the same words. An option that is not known here makes a condition that is not understood.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from ...model import FirewallMatch, FirewallRule
from ...text import clean
from . import values

PRIORITIES: t.Mapping[str, int] = {"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}
"""Of each table's chain OUTPUT (include/uapi/linux/netfilter_ipv4.h)."""
HOOKS: t.Mapping[str, str] = {
    "PREROUTING": "prerouting", "INPUT": "input", "FORWARD": "forward", "OUTPUT": "output",
    "POSTROUTING": "postrouting",
}  # fmt: skip
_TEXT = 400
_COUNTED = re.compile(r"\[(\d+):(\d+)\] ")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_VERDICTS = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "reject", "RETURN": "return", "NFQUEUE": "queue",
             "QUEUE": "queue", "SNAT": "accept", "MASQUERADE": "accept", "NETMAP": "accept"}  # fmt: skip
_NEUTRAL = frozenset((
    "LOG", "NFLOG", "ULOG", "TRACE", "CLASSIFY", "CHECKSUM", "TEE", "TCPMSS", "AUDIT", "CONNSECMARK", "SECMARK", "SET",
    "DSCP", "TOS", "TTL", "HL", "ECN", "IDLETIMER", "LED", "TCPOPTSTRIP",
))  # fmt: skip
_CHANGING: t.Mapping[str, t.Tuple[str, ...]] = {
    "MARK": ("mark",), "CONNMARK": ("mark",), "CT": ("ct_state",), "NOTRACK": ("ct_state",), "SNAT": ("saddr", "sport"),
    "MASQUERADE": ("saddr", "sport"), "NETMAP": ("saddr", "daddr"), "DNAT": ("daddr", "dport"),
    "REDIRECT": ("daddr", "dport"),
}  # fmt: skip
_FULL = (1 << 32) - 1


@dataclasses.dataclass
class SavedChain:
    """A chain as it was saved."""

    table: str
    name: str
    policy: str | None
    packets: int | None
    rules: t.List[str] = dataclasses.field(default_factory=list)
    """Lines, each from its counters on."""


def chains(text: str) -> t.Iterator[SavedChain]:
    """The chains of all tables, in the order of the text."""
    table, found = "", t.cast(t.Dict[str, SavedChain], {})
    for line in text.splitlines():
        if line.startswith("*"):
            table, found = line[1:].strip(), {}
        elif line.startswith(":"):
            words = line[1:].split()
            if len(words) >= 2:
                counted = _COUNTED.match(words[2] + " ") if len(words) > 2 else None
                policy = None if words[1] == "-" else words[1].lower()
                found[words[0]] = SavedChain(table, words[0], policy, int(counted.group(1)) if counted else None)
        elif line == "COMMIT":
            yield from found.values()
            found = {}
        elif line.startswith(("[", "-A ")):
            at = line.find("-A ")
            name = line[at + 3 :].split(" ", 1)[0] if at >= 0 else ""
            if name in found:
                found[name].rules.append(line)


def rule(line: str, place: int, handle: int | None = None) -> FirewallRule:
    """One saved line: ``[3:180] -A OUTPUT -p udp -m udp --dport 53 -j DROP``."""
    counted = _COUNTED.match(line)
    spec = line[counted.end() :] if counted else line
    reader = _Reader()
    reader.read(words_of(spec)[2:])
    return FirewallRule(
        number=place,
        text=clean(spec.split(" ", 2)[2] if spec.count(" ") > 1 else spec, _TEXT),
        matches=tuple(reader.matches),
        verdict=reader.verdict,
        target=reader.target,
        changes=tuple(reader.changes),
        handle=handle,
        packets=int(counted.group(1)) if counted else None,
        bytes=int(counted.group(2)) if counted else None,
        comment=None if reader.comment is None else clean(reader.comment, 128),
    )


def words_of(spec: str) -> t.List[str]:
    """The words of a saved rule; iptables quotes with double quotes and backslashes within them."""
    if '"' not in spec:
        return spec.split()
    return [plain or re.sub(r"\\(.)", r"\1", quoted) for quoted, plain in _WORD.findall(spec)]


class _Reader:
    """The options of one rule."""

    def __init__(self) -> None:
        self.matches: t.List[FirewallMatch] = []
        self.verdict: t.Optional[str] = None
        self.target: t.Optional[str] = None
        self.changes: t.List[t.Tuple[str, t.Any]] = []
        self.comment: t.Optional[str] = None
        self._module = ""

    def read(self, words: t.List[str]) -> None:
        place, negated = 0, False
        while place < len(words):
            word = words[place]
            place += 1
            if word == "!":
                negated = True
                continue
            end = place
            while end < len(words) and words[end] != "!" and not (words[end].startswith("-") and len(words[end]) > 1):
                end += 1
            arguments = words[place:end]
            place = end
            if word in ("-j", "--jump", "-g", "--goto"):
                self._jump(word, arguments[0] if arguments else "", words[place:])
                return  # all that follows is the target's
            self._option(word, arguments, negated)
            negated = False

    def _option(self, word: str, arguments: t.List[str], negated: bool) -> None:
        if word == "-m":
            self._module = arguments[0] if arguments else ""
            return
        if word == "--comment":
            self.comment = " ".join(arguments)
            return
        self.matches += _condition(word, tuple(arguments), negated, self._module)

    def _jump(self, word: str, name: str, options: t.List[str]) -> None:
        if word in ("-g", "--goto"):
            self.verdict, self.target = "goto", name
            return
        self.changes += _changes(name, options)
        if name in _VERDICTS:
            self.verdict = _VERDICTS[name]
        elif name in ("DNAT", "REDIRECT"):
            self.verdict = "accept"
        elif name not in _NEUTRAL and name not in _CHANGING:
            # A chain of the same table, or a target that is not known: only who knows the chains can tell.
            self.verdict, self.target = "jump", name


@functools.lru_cache(maxsize=4096)
def _condition(word: str, arguments: t.Tuple[str, ...], negated: bool, module: str) -> t.Tuple[FirewallMatch, ...]:
    """What one option asks. Thousands of rules ask the same."""
    text = " ".join((*(("!",) if negated else ()), word, *arguments))
    parse = _OPTIONS.get(word)
    if word == "--mark" and module != "mark":  # connmark spells its own alike
        parse = None
    found = parse(list(arguments)) if parse is not None else None
    if found is None:
        return (FirewallMatch(text),)
    return tuple(dataclasses.replace(each, text=text, negated=each.negated != negated) for each in found)


def _changes(name: str, options: t.List[str]) -> t.List[t.Tuple[str, t.Any]]:
    if name in ("CT", "NOTRACK"):
        untracked = name == "NOTRACK" or "--notrack" in options
        return [("ct_state", values.CT_STATES["untracked"])] if untracked else []
    if name == "CONNMARK" and "--restore-mark" not in options:
        return []
    if name == "MARK" and len(options) == 2 and options[0] == "--set-xmark":
        value, _slash, mask = options[1].partition("/")
        if values.number(mask or "0xffffffff") == _FULL:
            return [("mark", values.number(value))]
    if name in ("DNAT", "REDIRECT"):
        return _destination(options)
    return [(field, None) for field in _CHANGING.get(name, ())]


def _destination(options: t.List[str]) -> t.List[t.Tuple[str, t.Any]]:
    to = options[options.index("--to-destination") + 1] if "--to-destination" in options[:-1] else ""
    host, _colon, port = to.partition(":") if to.count(":") == 1 else (to, "", "")
    where = values.address(host)
    return [("daddr", where)] + ([("dport", values.number(port))] if port or where is None else [])


# Conditions -----------------------------------------------------------------------------------------------------------

_Found = t.Optional[t.List[FirewallMatch]]


def _match(field: str, spans: t.Sequence[t.Optional[values.Span]], **more: t.Any) -> _Found:
    if not spans or any(span is None or None in span for span in spans):
        return None
    return [FirewallMatch("", (field,), tuple((span,) for span in spans), **more)]


def _one(field: str) -> t.Callable[[t.List[str]], _Found]:
    """An option with one value."""

    def parse(arguments: t.List[str]) -> _Found:
        value = values.ONE[field](arguments[0]) if len(arguments) == 1 else None
        return _match(field, [(value, value)])

    return parse


def _prefix(field: str) -> t.Callable[[t.List[str]], _Found]:
    def parse(arguments: t.List[str]) -> _Found:
        host, slash, length = arguments[0].partition("/") if len(arguments) == 1 else ("", "", "")
        bits = values.number(length) if slash else 128 if ":" in host else 32
        return _match(field, [values.prefix(host, bits)])

    return parse


def _range(field: str, separator: str = "-") -> t.Callable[[t.List[str]], _Found]:
    """One value or a range; several after commas."""
    return lambda arguments: _match(field, _spans(field, arguments, separator)) if len(arguments) == 1 else None


def _spans(field: str, arguments: t.List[str], separator: str) -> t.List[t.Optional[values.Span]]:
    found: t.List[t.Optional[values.Span]] = []
    for part in arguments[0].split(","):
        low, given, high = part.partition(separator)
        found.append((values.ONE[field](low), values.ONE[field](high if given else low)))
    return found


def _masked(arguments: t.List[str]) -> _Found:
    value, slash, mask = arguments[0].partition("/") if len(arguments) == 1 else ("", "", "")
    number = values.number(value)
    return _match("mark", [(number, number)], mask=values.number(mask) if slash else None)


def _interface(field: str) -> t.Callable[[t.List[str]], _Found]:
    def parse(arguments: t.List[str]) -> _Found:
        if len(arguments) != 1:
            return None
        name = arguments[0]
        name = name[:-1] + "*" if name.endswith("+") else name
        return _match(field, [(name, name)])

    return parse


def _states(arguments: t.List[str]) -> _Found:
    if len(arguments) != 1:
        return None
    numbers = [values.CT_STATES.get(each.lower()) for each in arguments[0].split(",")]
    return _match("ct_state", [(number, number) for number in numbers])


def _tcp_flags(arguments: t.List[str]) -> _Found:
    if len(arguments) != 2:
        return None
    sums = []
    for part in arguments:
        bits = [values.TCP_FLAGS.get(each.lower()) for each in part.split(",")]
        if None in bits:
            return None
        total = 0
        for bit in bits:
            total |= bit or 0
        sums.append(total)
    return _match("tcp_flags", [(sums[1], sums[1])], mask=sums[0])


def _syn(arguments: t.List[str]) -> _Found:
    return _tcp_flags(["FIN,SYN,RST,ACK", "SYN"]) if not arguments else None


def _icmp(field: str) -> t.Callable[[t.List[str]], _Found]:
    """A type without a code."""

    def parse(arguments: t.List[str]) -> _Found:
        value = values.ONE[field](arguments[0]) if len(arguments) == 1 else None
        return _match(field, [(value, value)]) if value != 255 else None  # 255: any, as long as it is no fragment

    return parse


_OPTIONS: t.Mapping[str, t.Callable[[t.List[str]], _Found]] = {
    "-p": _one("protocol"),
    "-s": _prefix("saddr"),
    "-d": _prefix("daddr"),
    "-o": _interface("oifname"),
    "-i": _interface("iifname"),
    "--sport": _range("sport", ":"),
    "--dport": _range("dport", ":"),
    "--sports": _range("sport", ":"),
    "--dports": _range("dport", ":"),
    "--src-range": _range("saddr"),
    "--dst-range": _range("daddr"),
    "--mark": _masked,
    "--uid-owner": _range("uid"),
    "--ctstate": _states,
    "--state": _states,
    "--tcp-flags": _tcp_flags,
    "--syn": _syn,
    "--icmp-type": _icmp("icmp_type"),
    "--icmpv6-type": _icmp("icmpv6_type"),
    "--dst-type": _range("daddr_type"),
    "--src-type": _range("saddr_type"),
}
