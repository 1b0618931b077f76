# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The oracle: what the kernel would do with a packet (RTM_GETROUTE), for many packets over one socket.

A plain lookup takes the path that a send takes, so its errno is the send's. Where the two differ, the answer is
translated into what ``sendmsg`` on an ordinary UDP socket returns; the source of a query is then one that the send
names (IP_PKTINFO, IPV6_PKTINFO), and its interface likewise:

* IPv4, broadcast destination: EACCES, for want of SO_BROADCAST (net/ipv4/udp.c, udp_sendmsg);
* protocol tcp, broadcast or multicast destination: ENETUNREACH (tcp_v4_connect, tcp_v6_connect);
* IPv6, interface gone: ENODEV (net/ipv6/datagram.c, ip6_datagram_send_ctl); the lookup says ENETUNREACH;
* IPv6, source not on the host, still tentative, or link-local and not on the interface: EINVAL (the same); the lookup
  does not look at it. Unlike IPv4, the addresses count and not the local table; ``ip_nonlocal_bind`` permits all. A
  socket that was bound before the address went keeps sending;
* IPv6, no source: where no route is found, a send chooses a source and looks again, with it (net/ipv6/ip6_output.c,
  ip6_dst_lookup_tail). The kernel is asked for its choice by connecting a UDP socket, which sends nothing; where that
  goes through and a lookup with the choice does not, there is no errno and no route to show;
* IPv6, no source, and none to be chosen (all tentative, or none at all): EADDRNOTAVAIL (the same);
* IPv6, destination ``::``: is ``::1`` (udpv6_sendmsg); an IPv4-mapped destination is sent over IPv4.

What is known to differ and is not translated:

* an IPv6 socket bound to a device (SO_BINDTODEVICE) *and* a source uses only that device, a lookup may prefer another
  one; ``route`` then shows a hop on another link than asked for;
* an IPv6 send without a source whose source is chosen (above), where a rule selects by source port: the connecting
  socket has another port, because binding to one would be a change of the host; and where it is not udp, or where this
  user may not set a mark or uid, the errno is that of the lookup without a source.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import operator
import os
import socket
import struct
import typing as t

from ..model import Answer, Query, Route
from .namespace import entered
from .netlink import (
    HEADER_SIZE,
    NLMSG_ERROR,
    Malformed,
    Netlink,
    complaint_of,
    errno_name,
    error_of,
    pack_attribute,
)
from .routes import RTA_CACHEINFO, RTA_DST, RTA_IIF, RTA_OIF, RTA_SRC, RTM_GETROUTE, RTMSG, altered, decode_route
from .tables import AF_INET, AF_INET6, U32, address_text, addresses, links

_RTA_MARK, _RTA_UID, _RTA_IP_PROTO, _RTA_SPORT, _RTA_DPORT = 16, 25, 27, 28, 29
_LOOKUP_TABLE, _FIB_MATCH = 0x1000, 0x2000
_PORT = struct.Struct("!H")
_SO_BINDTOIFINDEX = 62
_DISCARD = 9
_TABLE_MAIN, _TABLE_LOCAL = 254, 255
_ANY6, _LOOPBACK6, _MAPPED = bytes(16), bytes(15) + b"\1", bytes(10) + b"\xff\xff"
_PROTOCOLS = {
    AF_INET: {"udp": 17, "tcp": 6, "icmp": 1},
    AF_INET6: {"udp": 17, "tcp": 6, "icmp": 58, "icmpv6": 58, "ipv6-icmp": 58},
}
"""What RTM_GETROUTE takes (rtm_getroute_parse_ip_proto)."""

# A reply is nlmsghdr, rtmsg, RTA_TABLE, RTA_DST, what it says, RTA_CACHEINFO (full of counters), RTA_PREF with IPv6.
_CACHEINFO_SIZE = 36
_CACHEINFO_HEAD = struct.pack("=HH", _CACHEINFO_SIZE, RTA_CACHEINFO)
_DST_AT = 36
_BEHIND_DST = {AF_INET: 44, AF_INET6: 56}
_CACHEINFO_AT = {AF_INET: -36, AF_INET6: -44}
_KEPT = 4096
"""Distinct replies that are kept decoded."""


def lookup(
    netlink: Netlink,
    queries: t.Iterable[Query],
    match: bool = True,
    nonlocal_bind: t.Callable[[], t.Collection[int]] = tuple,
) -> t.List[Answer]:
    """The kernel's answer to each query, in their order.

    ``match`` also asks which entry of which table matched: a second question for each query that has a route. Without
    it ``Answer.route`` is a template (its ``dst`` is None: it is the query's), shared by all answers that are the same.
    ``nonlocal_bind`` tells the families whose ip_nonlocal_bind is on. Raises ValueError for a query that is no
    question, naming what is wrong with it, and OSError where the kernel does not answer.
    """
    kinds = _Kinds(netlink, nonlocal_bind)
    questions = kinds.questions(queries)
    answers = [kind.refusal for kind, _to in questions]
    asked = [number for number, refusal in enumerate(answers) if refusal is None]
    replies = _answer(netlink, questions, asked, answers)
    if kinds.any_ipv6():
        again = [number for number in asked if _chooses_source(questions[number], answers[number])]
        for number, told in zip(again, kinds.chosen([questions[number] for number in again])):
            if isinstance(told, Answer):
                answers[number] = told
            else:
                questions[number] = told
        again = [number for number in again if questions[number][0].source]
        asked += again
        replies += _answer(netlink, questions, again, answers)
        for number in again:
            if _went_through(questions[number][0].query, answers[number]):
                answers[number] = Answer(None)
    done = t.cast(t.List[Answer], answers)
    if match:
        found = [number for number, reply in zip(asked, replies) if reply[4:6] != _ERROR]
        _match(netlink, questions, found, done)
    return done


def _answer(
    netlink: Netlink,
    questions: t.Sequence[_Question],
    numbers: t.Sequence[int],
    answers: t.List[t.Optional[Answer]],
) -> t.List[bytes]:
    """Ask these questions plainly and fill in their answers. Returns the replies."""
    asked = [questions[number] for number in numbers]
    replies = netlink.exchange([kind.plain + to for kind, to in asked])
    last = None
    for number, (kind, _to), reply in zip(numbers, asked, replies):
        if kind is not last:
            last, known, start, end = kind, kind.known, kind.behind_dst, kind.cacheinfo_at
        answers[number] = known.get(reply[:_DST_AT] + reply[start:end]) or kind.learn(reply)
    return replies


def _match(
    netlink: Netlink, questions: t.Sequence[_Question], numbers: t.Sequence[int], answers: t.List[Answer]
) -> None:
    """Ask which entry matched, and give each answer a route of its own."""
    known: t.Dict[bytes, Route] = {}
    asked = [questions[number] for number in numbers]
    for number, (kind, to), reply in zip(numbers, asked, netlink.exchange([kind.match + to for kind, to in asked])):
        matched = None
        if kind.checked(reply):
            matched = known.get(reply[HEADER_SIZE:])
            if matched is None:
                if len(known) >= _KEPT:
                    known.clear()
                matched = known[reply[HEADER_SIZE:]] = _matched(reply)
        answer = answers[number]
        route = answer.route and altered(answer.route, dst="%s/%d" % (address_text(to), 8 * len(to)))
        answers[number] = Answer(answer.errno, route, matched)


class _Kind:
    """What queries have in common that differ in their destination only: encoded once, each distinct reply decoded once.

    Raises ValueError for what no query can have.
    """

    def __init__(self, netlink: Netlink, query: Query, family: int) -> None:
        self.query = query
        self.family = family
        self.source = _source(query, family)
        self.refusal: t.Optional[Answer] = None
        """The answer to a send that is refused before a route is looked for."""
        self.known: t.Dict[bytes, Answer] = {}
        self.behind_dst, self.cacheinfo_at = _BEHIND_DST[family], _CACHEINFO_AT[family]
        self._refusals: t.Dict[int, Answer] = {}
        told = _attributes(query, family, self.source)
        # IPv6 always says the table, and refuses to be asked for it.
        table = 0 if family == AF_INET6 else _LOOKUP_TABLE
        self.plain = self._prefix(netlink, told, table)
        self.match = self._prefix(netlink, told, table | _FIB_MATCH)

    def _prefix(self, netlink: Netlink, told: bytes, flags: int) -> bytes:
        """A request up to the destination, with which it ends."""
        size = 4 if self.family == AF_INET else 16
        source_length = 8 * len(self.source)
        body = RTMSG.pack(self.family, 8 * size, source_length, self.query.tos, 0, 0, 0, 0, flags) + told
        body += struct.pack("=HH", 4 + size, RTA_DST)
        return netlink.request(RTM_GETROUTE, 0, len(body) + size) + body

    def checked(self, reply: bytes) -> bool:
        """Is it a route? Raises ValueError where the kernel complains of the question itself."""
        if len(reply) < HEADER_SIZE + 4 or reply[8:12] not in (self.plain[8:12], self.match[8:12]):
            raise Malformed("%d bytes that are no reply to the question" % len(reply))
        if reply[4:6] != _ERROR:
            return True
        complaint = complaint_of(reply, 0)
        if complaint is not None:  # a send that would fail is not complained of: that tells one EINVAL from the other
            raise ValueError("the kernel refuses the question %s: %s" % (self.query, complaint))
        return False

    def learn(self, reply: bytes) -> Answer:
        """Decode a reply to the plain question that is not known yet."""
        if not self.checked(reply):
            number = error_of(reply, 0)
            return self._refusals.setdefault(number, Answer(errno_name(number)))
        route = decode_route(reply, HEADER_SIZE, len(reply))
        # The source of a reply is that of the question, echoed.
        route = altered(route, dst=None, src=None, expires=None)
        why = self._send_refuses(route)
        answer = Answer(None, route) if why is None else Answer(why)
        at = len(reply) + self.cacheinfo_at
        if reply[at : at + 4] == _CACHEINFO_HEAD:
            if len(self.known) >= _KEPT:
                self.known.clear()
            self.known[reply[:_DST_AT] + reply[self.behind_dst : at]] = answer
        return answer

    def _send_refuses(self, route: Route) -> str | None:
        """The errno that a send gets although there is a route."""
        if self.query.iif is not None:
            return None
        if self.query.protocol == "tcp" and route.type in ("broadcast", "multicast"):
            return "ENETUNREACH"
        if route.type == "broadcast":
            return "EACCES"
        if self.family == AF_INET6 and not self.source and route.prefsrc is None:
            return "EADDRNOTAVAIL"
        return None


_Question = t.Tuple[_Kind, bytes]
"""And the destination."""

_ERROR = struct.pack("=H", NLMSG_ERROR)
_inet_pton = socket.inet_pton
_shape = operator.attrgetter("source", "interface", "iif", "protocol", "sport", "port", "mark", "uid", "tos")


class _Kinds:
    """Sorts queries by what they have in common, and knows what the kernel thinks of the source of an IPv6 send."""

    def __init__(self, netlink: Netlink, nonlocal_bind: t.Callable[[], t.Collection[int]]) -> None:
        self._netlink = netlink
        self._nonlocal_bind = nonlocal_bind
        self._kinds: t.Dict[t.Any, _Kind] = {}

    def questions(self, queries: t.Iterable[Query]) -> t.List[_Question]:
        questions: t.List[_Question] = []
        for shape, group in itertools.groupby(queries, _shape):
            run = list(group)
            try:
                packed = [_inet_pton(AF_INET, query.to) for query in run]
            except (OSError, ValueError):  # one of them is not IPv4
                for query in run:
                    family, to = _destination(query)
                    questions.append((self._kind(shape, query, family), to))
            else:
                kind = self._kind(shape, run[0], AF_INET)
                questions += [(kind, to) for to in packed]
        return questions

    def any_ipv6(self) -> bool:
        return any(kind.family == AF_INET6 for kind in self._kinds.values())

    def _kind(self, shape: t.Any, query: Query, family: int) -> _Kind:
        kind = self._kinds.get((shape, family))
        if kind is None:
            kind = self._kinds[shape, family] = _Kind(self._netlink, query, family)
            kind.refusal = self._refusal(kind)
        return kind

    def _refusal(self, kind: _Kind) -> Answer | None:
        query = kind.query
        if kind.family != AF_INET6 or query.iif is not None:
            return None
        if query.interface is not None and query.interface not in self._links:
            return Answer("ENODEV")
        if kind.source and not self._may_send_from(kind.source, query.interface):
            return Answer("EINVAL")
        return None

    def _may_send_from(self, source: bytes, interface: int | None) -> bool:
        link_local = source[0] == 0xFE and source[1] & 0xC0 == 0x80
        if link_local and interface is None:
            return False
        if 6 in self._permitted:
            return True
        held = self._held.get(address_text(source), ())
        if not held:
            return self._is_anycast(source)
        return interface is None or interface in held or not (link_local or source == _LOOPBACK6)

    def _is_anycast(self, source: bytes) -> bool:
        kind = _Kind(self._netlink, Query(to=address_text(source)), AF_INET6)
        (reply,) = self._netlink.exchange([kind.match + source])
        return kind.checked(reply) and _matched(reply).type == "anycast"

    @functools.cached_property
    def _links(self) -> t.FrozenSet[int]:
        return frozenset(link.ifindex for link in links(self._netlink, []))

    @functools.cached_property
    def _permitted(self) -> t.Collection[int]:
        return self._nonlocal_bind()

    @functools.cached_property
    def _held(self) -> t.Mapping[str, t.Set[int]]:
        """The IPv6 addresses that may be sent from, and on which links they are."""
        held: t.Dict[str, t.Set[int]] = {}
        for address in addresses(self._netlink, []):
            if address.family == 6 and ("tentative" not in address.flags or "optimistic" in address.flags):
                held.setdefault(address.address, set()).add(address.ifindex)
        return held

    def chosen(self, questions: t.Sequence[_Question]) -> t.List[t.Union[_Question, Answer]]:
        """The same questions with the source that the kernel chooses; the answer where it refuses that one too.

        A question is left as it is where this user may not ask.
        """
        try:
            with entered(self._netlink.netns):
                sources = [_chosen_source(kind.query, to) for kind, to in questions]
        except PermissionError:
            return list(questions)
        told: t.List[t.Union[_Question, Answer]] = []
        for (kind, to), source in zip(questions, sources):
            if isinstance(source, int):
                told.append(Answer(errno_name(source)))
            elif source is None:
                told.append((kind, to))
            else:
                query = dataclasses.replace(kind.query, source=source)
                told.append((self._kind(_shape(query), query, AF_INET6), to))
        return told


def _chooses_source(question: _Question, answer: Answer | None) -> bool:
    kind = question[0]
    return (
        kind.family == AF_INET6
        and not kind.source
        and kind.query.iif is None
        and answer is not None
        and answer.errno is not None
    )


def _went_through(query: Query, answer: Answer | None) -> bool:
    """Is this a refusal, although the kernel has just connected a socket that asks the same?

    Its second look insists on the interface (RT6_LOOKUP_F_IFACE), a lookup with a source takes it as a wish and may
    meet a route that refuses.
    """
    return answer is not None and answer.errno is not None and query.protocol in (None, "udp") and not query.sport


def _chosen_source(query: Query, to: bytes) -> str | int | None:
    """The source that a send would choose, or the errno that it gets; None where that cannot be asked for."""
    with contextlib.ExitStack() as stack:
        try:
            probe = stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
            if query.interface is not None:
                probe.setsockopt(socket.SOL_SOCKET, _SO_BINDTOIFINDEX, query.interface)
            if query.mark:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, query.mark)
            if query.uid is not None and query.uid != os.geteuid():
                os.fchown(probe.fileno(), query.uid, -1)
            if query.tos:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, query.tos)
        except OSError:
            return None
        try:
            # connect() of a UDP socket looks the route up as a send does, and sends nothing.
            probe.connect((address_text(to), query.port or _DISCARD, 0, query.interface or 0))
        except OSError as exc:
            # A link-local destination: connect() wants its interface, a send does not.
            link_local = to[:1] in (b"\xfe", b"\xff") and to[1] & 0x0F != 0x0E
            # A rule may select by protocol: what UDP is refused with says nothing of another one.
            if query.protocol not in (None, "udp") or (link_local and query.interface is None):
                return None
            return exc.errno
        return str(probe.getsockname()[0]).partition("%")[0]


def _matched(reply: bytes) -> Route:
    route = decode_route(reply, HEADER_SIZE, len(reply))
    if route.family == 4 and route.table == _TABLE_MAIN and route.proto == "kernel" and route.type != "unicast":
        # Until the first policy rule is made, IPv4 keeps its tables local and main as one and calls it main.
        return altered(route, table=_TABLE_LOCAL)
    return route


# Queries as bytes ----------------------------------------------------------------------------------------------------


def _destination(query: Query) -> t.Tuple[int, bytes]:
    family, to = _address(query.to, "the destination")
    if to == _ANY6 and query.iif is None:
        to = _LOOPBACK6
    return family, to


def _source(query: Query, family: int) -> bytes:
    """Empty where it has none."""
    if query.source is None:
        return b""
    source_family, source = _address(query.source, "the source")
    if not any(source):
        return b""
    if source_family != family:
        raise ValueError("the source %s and the destination %s are of two families" % (query.source, query.to))
    return source


def _address(text: str, what: str) -> t.Tuple[int, bytes]:
    family = AF_INET6 if ":" in text else AF_INET
    try:
        packed = socket.inet_pton(family, text)
    except (OSError, ValueError) as exc:  # ValueError: a NUL in it
        raise ValueError("%s %r is not an IPv4 or IPv6 address" % (what, text)) from exc
    if packed.startswith(_MAPPED):
        return AF_INET, packed[len(_MAPPED) :]
    return family, packed


def _attributes(query: Query, family: int, source: bytes) -> bytes:
    told = pack_attribute(RTA_SRC, source) if source else b""
    for kind, layout, value, what in (
        (RTA_OIF, U32, query.interface, "interface"),
        (RTA_IIF, U32, query.iif, "iif"),
        (_RTA_MARK, U32, query.mark or None, "mark"),
        (_RTA_UID, U32, query.uid, "uid"),
        (_RTA_SPORT, _PORT, query.sport, "sport"),
        (_RTA_DPORT, _PORT, query.port, "port"),
    ):
        if value is not None:
            try:
                told += pack_attribute(kind, layout.pack(value))
            except struct.error as exc:
                raise ValueError("%s %r of the query to %s is out of range" % (what, value, query.to)) from exc
    if not 0 <= query.tos < 256:
        raise ValueError("tos %r of the query to %s is not a number from 0 to 255" % (query.tos, query.to))
    # Where nothing is said, IPv4 takes udp and IPv6 none: the question is what a UDP send gets.
    protocol = _PROTOCOLS[family].get(query.protocol or "udp")
    if protocol is None:
        known = ", ".join(_PROTOCOLS[family])
        raise ValueError("protocol %r of the query to %s is not one of %s" % (query.protocol, query.to, known))
    return told + pack_attribute(_RTA_IP_PROTO, bytes((protocol,)))
