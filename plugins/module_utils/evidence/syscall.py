# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One system call as strace prints it: which one, on what socket, from where, to where, and how it ended.

What a program sends stands in the line too, as a string. So all strings are taken out first, and looked at only where an
address or a name must stand: nothing that is sent can pass for an argument. For the same reason what is shown of a call
has no payload.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t

from .ends import INTERFACE, End, endpoint, is_wildcard, port_number

SENDING = ("sendmsg", "sendto", "sendmmsg", "connect", "bind", "send", "write", "writev")
"""``send`` is a call of its own on some machines; ``write`` sends where a socket is connected."""
OTHERS = ("socket", "close")
"""They end what was known of a descriptor."""

_NAME = re.compile(r"(?P<name>%s)\(" % "|".join(SENDING + OTHERS), re.ASCII)
_DESCRIPTOR = re.compile(r"(?P<fd>\d{1,10})(?:<(?P<decoration>(?:->|[^<>]){0,300})>)?", re.ASCII)
# strerror(3) speaks the language of whoever ran strace.
_RESULT = re.compile(
    r"\)\s{1,64}= (?:-1 (?P<error>E[A-Z0-9]{1,20}) \([^()]{0,120}\)|(?P<value>\d{1,19})(?:<[^\n]{0,300}>)?)"
    r"(?: \((?:INJECTED|DELAYED)[^()]{0,32}\))?(?: <\d{1,9}\.\d{1,9}>)?\s*\Z",
    re.ASCII,
)
_RESULT_LENGTH = 512
# A string, or what stands outside of strings; a string that was cut ends with the line.
_PARTS = re.compile(r'"(?P<string>(?:[^"\\]|\\(?:.|\Z))*)(?:"|\Z)|(?:[^"\\]|\\(?:.|\Z))+', re.DOTALL)
_SOCKADDR = r"\{sa_family=(?P<family>AF_\w{1,16})(?P<rest>[^{}]{0,400})"
_MSG_NAME = re.compile(r"msg_name(?:\(\d{1,10}\))?=" + _SOCKADDR, re.ASCII)
_ARGUMENT = re.compile(_SOCKADDR, re.ASCII)
_PORT = re.compile(r"sin6?_port=htons\((\d{1,5})\)", re.ASCII)
_ADDRESS = re.compile(r'inet_addr\("(\d+)"\)|inet_pton\(AF_INET6, "(\d+)", &sin6_addr\)', re.ASCII)
_SCOPE = re.compile(r'(?:sin6_scope_id|sll_ifindex)=if_nametoindex\("(\d+)"\)', re.ASCII)
# struct in_pktinfo (ip(7)) and in6_pktinfo (ipv6(7)).
_SOURCE = re.compile(r'ipi_spec_dst=inet_addr\("(\d+)"\)|inet_pton\(AF_INET6, "(\d+)", &ipi6_addr\)', re.ASCII)
_LINK = re.compile(r'ipi6?_ifindex=if_nametoindex\("(\d+)"\)', re.ASCII)
# strace up to 6.1 at least names IPV6_PKTINFO by its number and does not show what is in it.
_UNSHOWN = re.compile(r"cmsg_level=SOL_IPV6, cmsg_type=(?:0x32|IPV6_PKTINFO)\b", re.ASCII)
_DECORATION = re.compile(r"(?P<protocol>[A-Za-z0-9-]{2,16}):\[(?P<ends>[^\n]*)\]\Z", re.ASCII)
_INET = re.compile(r"(?:TCP|UDP|UDPLITE|UDP-Lite|RAW|PING|SCTP|DCCP|MPTCP)(?:v6)?\Z", re.ASCII)
_FAMILIES = {"AF_INET": "inet", "AF_INET6": "inet", "AF_PACKET": "packet"}
_SHOWN_STRINGS = re.compile(r"(?:inet_addr\(|AF_INET6, |if_nametoindex\(|sun_path=)\Z", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Call:
    """A call that has ended. What its text does not hold is None."""

    name: str
    fd: int | None
    error: str | None
    """errno name; None where it succeeded."""
    value: int | None
    """What it returned where it succeeded."""
    address: End = End()
    """Of the sockaddr: where to; with bind, where from."""
    source: End = End()
    """Of IP_PKTINFO or IPV6_PKTINFO; a wildcard is kept as printed."""
    hidden_source: bool = False
    """It has an IPV6_PKTINFO that strace did not show."""
    bound: End = End()
    """Both ends of the socket, as -yy shows them."""
    connected: End = End()
    inode: str | None = None
    """The socket's own number, which -y shows, and -yy while it has no ends."""
    family: str | None = None
    """``inet``, ``packet`` or ``other``; None where the text does not tell."""
    text: str = ""
    """The call without what was sent, up to how it ended."""
    result: str = ""


def begins(text: str, position: int = 0) -> str | None:
    """The name of the call that begins there, where it is one that matters."""
    found = _NAME.match(text, position)
    return found.group("name") if found else None


def read(head: str, tail: str) -> Call | None:
    """A call from the beginning of its text and its end (of a long line the middle may be missing); None for none."""
    named = _NAME.match(head)
    ended = _RESULT.search(tail[-_RESULT_LENGTH:])
    if not named or not ended:
        return None
    name = named.group("name")
    skeleton, strings, text = _apart(head)
    result = ended.group().rstrip()
    if text.endswith(result):
        text = text[: -len(result)]
    descriptor = _DESCRIPTOR.match(skeleton, len(name) + 1)
    family, bound, connected, inode = _decorated(descriptor.group("decoration") if descriptor else None)
    call = Call(
        name=name,
        fd=int(descriptor.group("fd")) if descriptor else None,
        error=ended.group("error"),
        value=None if ended.group("value") is None else int(ended.group("value")),
        bound=bound,
        connected=connected,
        inode=inode,
        family=family,
        text=text,
        result=result,
    )
    return _with_arguments(call, skeleton, strings)


def _apart(text: str) -> t.Tuple[str, t.List[str], str]:
    """The text with numbers in the place of strings, the strings, and the text without those that are sent."""
    bare: t.List[str] = []
    shown: t.List[str] = []
    strings: t.List[str] = []
    for part in _PARTS.finditer(text):
        string = part.group("string")
        if string is None:
            bare.append(part.group())
            shown.append(part.group())
            continue
        known = bool(bare) and _SHOWN_STRINGS.search(bare[-1], max(len(bare[-1]) - 32, 0))
        bare.append('"%d"' % len(strings))
        shown.append(part.group() if known else '"..."')
        strings.append(string)
    return "".join(bare), strings, "".join(shown).replace('"..."...', '"..."')


def _with_arguments(call: Call, skeleton: str, strings: t.Sequence[str]) -> Call:
    if call.name in ("sendmsg", "sendmmsg"):
        # What failed is the first message: the others were not tried.
        second = skeleton.find("msg_hdr=", skeleton.find("msg_hdr=") + 1) if call.name == "sendmmsg" else -1
        message = skeleton[: second if second > 0 else None]
        given = _MSG_NAME.search(message)
        source, hidden = _pktinfo(message, strings)
    else:
        # The last one: strace decodes what is sent over netlink, and that may have addresses too.
        given = next(iter(collections.deque(_ARGUMENT.finditer(skeleton), maxlen=1)), None)
        source, hidden = End(), False
    if given is None:
        return dataclasses.replace(call, source=source, hidden_source=hidden)
    return dataclasses.replace(
        call,
        address=_sockaddr(given.group("rest"), strings),
        source=source,
        hidden_source=hidden,
        family=call.family or _FAMILIES.get(given.group("family"), "other"),
    )


def _sockaddr(text: str, strings: t.Sequence[str]) -> End:
    address, port = _ADDRESS.search(text), _PORT.search(text)
    return End(
        endpoint(_string(address, strings)).address,
        port_number(port.group(1)) if port else None,
        _interface(_SCOPE.search(text), strings),
    )


def _pktinfo(text: str, strings: t.Sequence[str]) -> t.Tuple[End, bool]:
    found = _SOURCE.search(text)
    hidden = found is None and _UNSHOWN.search(text) is not None
    return End(endpoint(_string(found, strings)).address, None, _interface(_LINK.search(text), strings)), hidden


def _decorated(text: str | None) -> t.Tuple[t.Optional[str], End, End, t.Optional[str]]:
    """What -y or -yy shows of a descriptor: the family, the ends and the number of a socket."""
    found = _DECORATION.match(text or "")
    if not found:
        return None if text is None else "other", End(), End(), None  # a path is no socket's
    protocol, ends = found.group("protocol"), found.group("ends")
    inode = ends if ends.isdigit() else None
    if not _INET.match(protocol):
        known = None if protocol == "socket" else "packet" if protocol.startswith("PACKET") else "other"
        return known, End(), End(), inode
    if inode is not None:
        return "inet", End(), End(), inode
    local, _arrow, remote = ends.partition("->")
    return "inet", endpoint(local), endpoint(remote), None


def _string(found: t.Optional[t.Match[str]], strings: t.Sequence[str]) -> str:
    number = next((text for text in found.groups() if text is not None), None) if found else None
    return strings[int(number)] if number is not None and int(number) < len(strings) else ""


def _interface(found: t.Optional[t.Match[str]], strings: t.Sequence[str]) -> str | None:
    name = _string(found, strings)
    return name if re.fullmatch(INTERFACE, name) else None


def sent_from(call: Call, before: End) -> End:
    """The local end of a call. ``before``: what earlier calls told of its socket.

    What the packet itself names counts before what the socket is bound to; a wildcard is kept where nothing better is
    told.
    """
    if call.name == "bind":
        return call.address
    told = [end for end in (call.source, call.bound, before) if end.address is not None]
    best = next((end for end in told if not is_wildcard(end.address)), told[0] if told else End())
    port = next((end.port for end in (call.bound, before) if end.port is not None), None)
    return End(None if call.hidden_source else best.address, port, call.source.interface or best.interface)
