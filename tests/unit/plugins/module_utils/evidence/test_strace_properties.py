# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What strace prints, in all its combinations; and what is no trace at all."""

from __future__ import annotations

import ipaddress
import pathlib

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.errors import REFUSED, UNREACHABLE
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.strace import TEXT, parse

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

FIXTURES = pathlib.Path(__file__).resolve().parents[4] / "fixtures"
RECORDED = [
    line
    for path in sorted((FIXTURES / "strace").glob("*.txt"))
    for line in path.read_text(encoding="utf-8").splitlines()
]
ERRORS = UNREACHABLE + REFUSED
PORTS = st.integers(0, 65535)
V4 = st.ip_addresses(v=4).map(str)
# One that stands for an IPv4 address is told as that address.
V6 = st.ip_addresses(v=6).filter(lambda address: not ipaddress.IPv6Address(address).ipv4_mapped).map(str)
STAMPS = st.sampled_from(["", "12:34:56 ", "12:34:56.789012 ", "     0.000012 ", "1764531382.662807 "])
SPENT = st.sampled_from(["", " <0.000012>"])


def escaped(data: bytes) -> str:
    """Bytes as strace prints them: quotes, backslashes and what is not printable are escaped (strace(1), ``-x``)."""
    return "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else "\\%03o" % b for b in data)


SENT = st.binary(max_size=60).map(escaped) | st.sampled_from(
    [
        '\\"}, msg_name={sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr(\\"192.0.2.66\\")}) = -1 EPERM (x)',
        ") = 0",
        " <unfinished ...>",
        "<... sendto resumed>",
        "strace -p 1",
        "x strace -p 1",
    ]
)


@st.composite
def calls(draw):
    """A call that failed, without what stands before it, and what it tells."""
    six, error = draw(st.booleans()), draw(st.sampled_from(ERRORS))
    to, source = draw(V6 if six else V4), draw(V6 if six else V4)
    port, own = draw(PORTS), draw(PORTS)
    if six:
        sockaddr = (
            '{sa_family=AF_INET6, sin6_port=htons(%d), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "%s", &sin6_addr), '
            "sin6_scope_id=0}" % (port, to)
        )
        decoration, length = "<UDPv6:[[%s]:%d]>" % (source, own), 28
    else:
        sockaddr = '{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("%s")}' % (port, to)
        decoration, length = "<UDP:[%s:%d]>" % (source, own), 16
    shown = draw(st.booleans())
    told = (error, source if shown else None, own if shown else None, to, port)
    name, descriptor, body = draw(st.sampled_from(["sendto", "sendmsg", "connect"])), "3", draw(SENT)
    descriptor += decoration if shown else ""
    if name == "sendto":
        arguments = '%s, "%s", 9, 0, %s, %d' % (descriptor, body, sockaddr, length)
    elif name == "connect":
        arguments = "%s, %s, %d" % (descriptor, sockaddr, length)
    else:
        arguments = (
            '%s, {msg_name=%s, msg_namelen=%d, msg_iov=[{iov_base="%s", iov_len=9}], msg_iovlen=1, msg_controllen=0, '
            "msg_flags=0}, 0" % (descriptor, sockaddr, length, body)
        )
    return name, arguments, ") = -1 %s (some words)%s" % (error, draw(SPENT)), told


def told_by(event):
    return (event.error, event.local_addr, event.local_port, event.remote_addr, event.remote_port)


@hypothesis.given(calls(), STAMPS, st.sampled_from(["", "[pid %d] ", "%d "]), st.integers(1, 4194304))
def test_a_call_tells_what_it_holds_whatever_is_sent(call, stamp, prefix, thread) -> None:
    name, arguments, end, told = call
    before = (prefix % thread if prefix else "") + stamp
    (event,) = parse([before + name + "(" + arguments + end])
    assert told_by(event) == told
    assert event.pid == (thread if prefix else None)
    assert (event.first, event.last) == ((1764531382.662807,) * 2 if "." in stamp and len(stamp) > 17 else (None, None))


@hypothesis.given(st.lists(calls(), min_size=1, max_size=6), st.randoms())
def test_interrupted_calls_of_many_threads_tell_the_same(several, chance) -> None:
    """Each thread begins one call; they end in any order."""
    begun = [
        "[pid %5d] %s(%s <unfinished ...>" % (number, name, arguments)
        for number, (name, arguments, _e, _t) in enumerate(several, 1)
    ]
    ended = [
        "[pid %5d] <... %s resumed>%s" % (number, name, end) for number, (name, _a, end, _t) in enumerate(several, 1)
    ]
    chance.shuffle(ended)
    events = list(parse(begun + ended))
    assert {event.pid: told_by(event) for event in events} == {
        number: told for number, (_n, _a, _e, told) in enumerate(several, 1)
    }
    assert len(events) == len(several)


def holds(event) -> None:
    """What is true of each event, whatever it was read from."""
    assert event.error in ERRORS
    assert len(event.text) <= TEXT and event.text.isprintable()
    for address in (event.local_addr, event.remote_addr):
        assert address is None or str(ipaddress.ip_address(address)) == address
    for port in (event.local_port, event.remote_port):
        assert port is None or 0 <= port <= 65535


@hypothesis.given(st.lists(st.text(max_size=200), max_size=20))
def test_any_text_is_survived(lines) -> None:
    for event in parse(lines):
        holds(event)


@hypothesis.given(
    st.lists(
        st.tuples(st.sampled_from(RECORDED), st.integers(0, 600), st.integers(0, 600), st.sampled_from(RECORDED)),
        max_size=12,
    )
)
def test_traces_that_were_cut_and_mixed_are_survived(pieces) -> None:
    """The beginning of one recorded line with the end of another, in any order."""
    for event in parse(one[:start] + other[end:] for one, start, end, other in pieces):
        holds(event)


@pytest.mark.parametrize(
    "line",
    [
        '[pid 7] read(0, "sudo strace -p 1", 99) = 16',
        '7 12:34:56 write(1, "$ strace -p 1", 13) = 13',
        '[pid     7] <... read resumed>"x strace -p 1", 99) = 13',
        "[pid 7] fchdir(3</tmp/x strace -p 1>) = 0",
        "[pid 7<x strace -p 1>] getpid() = 7",
    ],
)
def test_nothing_that_passes_through_a_call_tells_whose_it_is(line) -> None:
    """Only a command line does, which stands for itself."""
    call = '[pid 7] sendto(3, "", 0, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.9")}, 16)'
    (event,) = parse([line, call + " = -1 ENETUNREACH (Network is unreachable)"])
    assert event.pid == 7
