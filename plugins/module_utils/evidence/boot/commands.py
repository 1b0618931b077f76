# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``ip`` commands in scripts and in other configuration: those that add an address, a route, a policy rule or a link. Pure."""

from __future__ import annotations

import shlex
import typing as t

from . import words as spelled

_ADD = ("add", "replace", "append", "change")
_OBJECTS = {
    "address": ("address", "addr", "addres", "a"),
    "route": ("route", "ro", "r"),
    "rule": ("rule", "ru"),
    "link": ("link", "l"),
    "tunnel": ("tunnel", "tunl", "t"),
}
_TYPES = ("unreachable", "blackhole", "prohibit", "throw")
_MARKS = ";&|()"
_OPEN, _CLOSE = ("then", "do"), ("fi", "done")
_ENDS = (*_OPEN, "else", "{", "}")
_LENGTH = 4096

Said = t.Tuple[str, t.Dict[str, t.Any]]
"""Kind and selector."""


def commands(
    line: str, variables: t.Mapping[str, str] | None = None
) -> t.Iterator[t.Tuple[str, t.Dict[str, t.Any], bool]]:
    """What the ``ip`` commands of one shell line add, each with whether it is sure to be run: not so behind a test, or where
    another command fails. What a variable holds that is not given cannot be told: it is left out."""
    line = line[:_LENGTH]
    for name, value in (variables or {}).items():
        line = line.replace("${%s}" % name, value).replace("$" + name, value)
    if "ip" not in line:
        return
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=_MARKS)
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:  # an open quote
        return
    command: t.List[str] = []
    depth, sure = 0, True
    for word in [*words, ";"]:
        if word not in _ENDS and word.strip(_MARKS):
            command.append(word)
            continue
        said = command_of(command)
        if said is not None:
            yield (*said, sure and depth == 0)
        if command and command[0] in _CLOSE:
            depth = max(depth - 1, 0)
        if word in _OPEN:
            depth += 1
        # Behind an ip command that adds something, all is as at boot: it succeeds.
        sure = "|" not in word and ("&&" not in word or (sure and (said is not None or not command)))
        command = []


def command_of(words: t.Sequence[str]) -> Said | None:
    """What one command adds."""
    if len(words) < 4 or words[0].rpartition("/")[2] != "ip":
        return None
    rest, family = list(words[1:]), 0
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in ("-6", "-4"):
            family = int(option[1])
        elif option.startswith(("-n", "-b")):  # another namespace; a batch
            return None
    if len(rest) < 3 or rest[1] not in _ADD:
        return None
    kind = next((name for name, spellings in _OBJECTS.items() if rest[0] in spellings), None)
    if kind == "address":
        return address_of(rest[2:])
    if kind == "route":
        return route_of(rest[2:], family)
    if kind == "rule":
        return rule_of(rest[2:], family)
    return link_of(rest[2:]) if kind in ("link", "tunnel") else None


def pairs(words: t.Sequence[str]) -> t.Dict[str, str]:
    """Each word with the one that follows it, so that KEY VALUE is found wherever it stands; the first counts."""
    found: t.Dict[str, str] = {}
    for key, value in zip(words, words[1:]):
        found.setdefault(key, value)
    return found


def address_of(words: t.Sequence[str]) -> Said | None:
    """``192.0.2.1/24 dev eth0 ...``."""
    said = pairs(words)
    address = spelled.interface(said.get("local") or words[0])
    return None if address is None else ("address", {"address": address, "interface": said.get("dev")})


def route_of(words: t.Sequence[str], family: int = 0) -> Said | None:
    """``[TYPE] PREFIX via GATEWAY dev LINK table TABLE src ADDRESS metric NUMBER``."""
    words = list(words)
    said = pairs(words)
    kind = "unicast"
    if words and words[0] in (*_TYPES, "unicast", "local"):
        kind = words.pop(0)
    if words and words[0] == "to":
        words.pop(0)
    if not words:
        return None
    gateway = said.get("via")
    if gateway in ("inet", "inet6"):
        gateway = said.get(gateway)
    family = family or spelled.family_of(words[0] if words[0] != "default" else gateway)
    dst = spelled.prefix(words[0], family)
    table = said.get("table")
    if dst is None or (gateway is not None and spelled.plain(gateway) is None):
        return None
    if table is not None and spelled.table(table) is None:
        return None
    return "route", spelled.route(
        family=family,
        dst=dst,
        table=254 if table is None else spelled.table(table),
        gateway=spelled.plain(gateway),
        interface=said.get("dev"),
        source=spelled.plain(said.get("src")),
        type=kind,
        metric=spelled.number(said.get("metric")),
        onlink="onlink" in words,
    )


def rule_of(words: t.Sequence[str], family: int = 0) -> Said | None:
    """``from PREFIX to PREFIX iif LINK oif LINK fwmark MARK priority NUMBER table TABLE``."""
    said = pairs(words)
    if "not" in words:
        return None
    ends = {key: said.get(key) for key in ("from", "to")}
    family = family or max(spelled.family_of(text) for text in ends.values())
    prefixes = {key: None if text is None else spelled.prefix(text, family) for key, text in ends.items()}
    table = said.get("lookup") or said.get("table")
    action = next((word for word in words if word in _TYPES and word != "throw"), "lookup")
    mark = said.get("fwmark")
    priority = said.get("priority") or said.get("pref") or said.get("preference") or said.get("order")
    made = spelled.rule(
        family=family,
        priority=spelled.number(priority),
        iif=said.get("iif"),
        oif=said.get("oif"),
        mark=None if mark is None else spelled.number(mark.partition("/")[0], 0),
        table=spelled.table(table),
        action=action,
        **prefixes,
    )
    understood = (priority, "priority"), (mark, "mark"), (table, "table")
    if any(text is not None and made[key] is None for text, key in understood):
        return None
    if any(text is not None and prefixes[key] is None for key, text in ends.items()):
        return None
    return ("rule", made) if action != "lookup" or made["table"] is not None else None


def link_of(words: t.Sequence[str]) -> Said | None:
    """``[name] LINK type KIND local ADDRESS remote ADDRESS``; of ``ip tunnel`` ``mode KIND``."""
    said = pairs(words)
    name = said.get("name") or (said.get("dev") if words[0] in ("link", "dev") else words[0])
    kind = said.get("type") or said.get("mode")
    if name is None or kind is None or "$" in name:
        return None
    local, remote = spelled.plain(said.get("local")), spelled.plain(said.get("remote"))
    return "link", {"name": name, "link_kind": kind, "local": local, "remote": remote}
