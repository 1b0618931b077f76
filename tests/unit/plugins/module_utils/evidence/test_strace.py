# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What strace printed for real (tests/fixtures/strace, recorded by record.py there), and what nobody should be able to make it print."""

from __future__ import annotations

import pathlib
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.folding import fold
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.line import Line
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.recognise import recognise
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.strace import parse

FIXTURES = pathlib.Path(__file__).resolve().parents[4] / "fixtures"
MiB = 1 << 20
REFUSED = "= -1 ENETUNREACH (Network is unreachable)"
TO = '{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.9")}'

GONE, GONE6, FAR, FAR6, HERE = "198.51.100.1", "2001:db8:1::1", "203.0.113.5", "2001:db8:ffff::5", "192.0.2.1"
SENT = [
    ("ENETUNREACH", GONE, 44880, FAR, 44880, "v0"),
    ("ENETUNREACH", "0.0.0.0", 44880, FAR, 44880, None),
    ("ENODEV", "0.0.0.0", 44880, FAR, 44880, None),
    ("EINVAL", None, 44881, "2001:db8::1", 44880, None),
    ("ENETUNREACH", GONE, 5000, HERE, 44880, None),
    ("ENETUNREACH", GONE6, 5000, FAR6, 44880, None),
    ("ENETUNREACH", GONE, 5001, HERE, 9, None),
    ("ENETUNREACH", GONE, 5000, HERE, 44880, None),
    ("ENETUNREACH", "0.0.0.0", 5002, FAR, 44880, None),
    ("ENETUNREACH", "::", 44881, FAR6, 44880, None),
    ("ENETUNREACH", GONE6, 5000, "fe80::1", 44880, None),
    ("ENETUNREACH", "::", 44881, FAR, 44880, None),
    ("ENETUNREACH", None, None, FAR, 44880, None),
    ("ENETUNREACH", None, None, FAR, 443, None),
    ("ENETUNREACH", None, None, FAR6, 443, None),
    ("EADDRNOTAVAIL", GONE, 5004, None, None, None),
    ("EADDRNOTAVAIL", GONE6, 5004, None, None, None),
    ("EACCES", "0.0.0.0", 44880, "203.0.113.65", 44880, None),
    ("EINVAL", "0.0.0.0", 44880, "203.0.113.129", 44880, None),
    ("EHOSTUNREACH", "0.0.0.0", 44880, "203.0.113.193", 44880, None),
    ("EPERM", "0.0.0.0", 44880, "192.0.2.66", 44880, None),
    *[("ENETUNREACH", GONE, 44880, FAR, 44880, "v0")] * 3,
    *[("EHOSTUNREACH", None, None, "192.0.2.99", 44880, None)] * 2,
]
"""What sends.py is refused: error, local address and port, remote address and port, interface. strace 6.1 shows no source of
an IPv6 packet, and numbers a link that is gone."""


def recorded(kind: str) -> list[str]:
    return (FIXTURES / "strace" / ("%s.txt" % kind)).read_text(encoding="utf-8").splitlines()


def flow(event, ports=True):
    local = event.local_port if ports else None
    return (event.error, event.local_addr, local, event.remote_addr, event.remote_port, event.interface)


@pytest.mark.parametrize("kind", ["attached", "yy-t-Y", "file"])
def test_every_refused_call_is_one_event_with_all_that_the_text_holds(kind) -> None:
    """Decorated by -yy, or with the earlier bind and connect in the same trace."""
    assert [flow(event) for event in parse(recorded(kind), kind)] == SENT


@pytest.mark.parametrize("kind", ["plain", "verbose", "y-r"])
def test_what_the_text_does_not_hold_is_not_guessed(kind) -> None:
    """Descriptors are numbers only: a bind that another socket made under the same number is no bind of this one."""
    known = {item[0::3] + item[4:] for item in SENT if item[3] != "192.0.2.99"}
    found = [event for event in parse(recorded(kind), kind) if event.remote_addr != "192.0.2.99"]
    (connected,) = [event for event in found if event.remote_addr is None and event.local_addr is None]
    assert connected.error == "ENETUNREACH", "a send on a connected socket"
    assert {flow(event)[0::3] + flow(event)[4:] for event in found if event is not connected} == known - {
        ("ENETUNREACH", HERE, 9, None)
    }
    assert all(event.local_port is None for event in found if event.error != "EADDRNOTAVAIL")
    assert {event.local_addr for event in found} == {GONE, GONE6, "0.0.0.0", None}


def test_time_is_known_with_ttt_only() -> None:
    for kind in ("plain", "file", "yy-t-Y", "y-r"):
        assert {(event.first, event.last) for event in parse(recorded(kind), kind)} == {(None, None)}
    for kind in ("attached", "verbose"):
        times = [event.last or 0.0 for event in parse(recorded(kind), kind)]
        assert times == sorted(times) and times[0] > 1.7e9
        assert 2 < times[-1] - times[0] < 5, "the hanging connections are told when they end"


def test_threads_are_the_process_where_it_is_known() -> None:
    for kind in ("attached", "plain", "yy-t-Y", "verbose", "y-r"):
        (pid,) = {int(line.split()[2]) for line in recorded(kind)[1:2]}
        assert {event.pid for event in parse(recorded(kind), kind)} == {pid}
    started = {event.pid for event in parse(recorded("file"), "file")}
    assert len(started) == 3, "strace started the program: nothing tells threads from processes"
    assert {event.pid for event in parse(recorded("file"), "file", pid=77)} == {77}


def test_what_is_sent_is_not_shown() -> None:
    for kind in ("plain", "verbose", "file"):
        for event in parse(recorded(kind), kind):
            assert "netmend" not in event.text and "in_addr=" not in event.text.replace("sin_addr=", "")
            assert (
                not event.remote_addr or event.remote_addr in event.text.replace("::ffff:", "") or "NULL" in event.text
            )
    (first, *_rest) = parse(recorded("plain"), "/var/tmp/trace of x")
    assert first.command == "sed --quiet 3p '/var/tmp/trace of x'"
    assert (first.source.kind, first.source.path, first.source.line) == ("strace", "/var/tmp/trace of x", 3)


def test_the_incident() -> None:
    """The trace and the journal of the report agree. Not all of the trace is quoted: see the README beside it."""
    lines = (FIXTURES / "incident" / "strace.txt").read_text(encoding="utf-8").splitlines()
    other, seen = parse(lines, "strace.txt")
    assert (other.remote_addr, other.pid) == ("185.189.45.80", 1027617)
    told = recognise(Line((FIXTURES / "incident" / "journal.log").read_text(encoding="utf-8")))
    assert told is not None
    for field in ("error", "pid", "local_addr", "remote_addr", "remote_port", "interface"):
        assert getattr(seen, field) is not None, field
        assert getattr(seen, field) == getattr(told, field), field
    for field in ("pid", "local_addr", "remote_port", "interface"):
        assert getattr(other, field) == getattr(told, field), "what is quoted bears it out too"
    assert seen.local_port is None, "this trace does not hold it"
    folded = fold([other, seen, told], 0.0)
    assert len(folded) == 3, "each witness speaks for itself"


@pytest.mark.parametrize(
    ("lines", "pid"),
    [
        (["$ sudo strace -f -p 7"], 7),
        (["root@host:~# strace -fp7 -e trace=network"], 7),
        (["strace --attach=7 -f"], 7),
        (["/usr/bin/strace -p 7 -p 9"], 12),
        (["strace: Process 7 attached with 5 threads"], 7),
        (
            [
                "strace: Process 7 attached",
                "strace: Process 12 attached",
                "[pid 12] sendto(3, 0, 0, 0, %s, 16) %s" % (TO, REFUSED),
            ],
            12,
        ),
        (["[pid 7] close(3) = 0", "strace: Process 12 attached"], 12),
        (["mystrace -p 7", "notstrace: strace -x"], 12),
        ([], 12),
    ],
)
def test_whose_a_thread_is(lines, pid) -> None:
    *_others, event = parse([*lines, '[pid   12] sendto(3, "", 0, 0, %s, 16) %s' % (TO, REFUSED)])
    assert event.pid == pid


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # strace before 4.11: lengths in brackets, the control message without a name; inet_pton before the flow label
        (
            'sendmsg(3, {msg_name(16)={sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.9")}, msg_iov(1)=[{"x", 1}], '
            'msg_controllen=32, {cmsg_len=28, cmsg_level=SOL_IP, cmsg_type=IP_PKTINFO, {ipi_ifindex=if_nametoindex("lo"), '
            'ipi_spec_dst=inet_addr("192.0.2.8"), ipi_addr=inet_addr("0.0.0.0")}}, msg_flags=0}, 0) = -1 ENETUNREACH (Network is unreachable)',
            ("ENETUNREACH", "192.0.2.8", None, "192.0.2.9", 53, "lo"),
        ),
        (
            'connect(3, {sa_family=AF_INET6, sin6_port=htons(53), inet_pton(AF_INET6, "fe80::9", &sin6_addr), sin6_flowinfo=0, '
            'sin6_scope_id=if_nametoindex("eth0")}, 28) = -1 ENETUNREACH (Network is unreachable)',
            ("ENETUNREACH", None, None, "fe80::9", 53, "eth0"),
        ),
        # An IPv6 source, as it is where strace shows it
        (
            'sendmsg(3<UDPv6:[[::]:500]>, {msg_name={sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), '
            'inet_pton(AF_INET6, "2001:db8::9", &sin6_addr), sin6_scope_id=0}, msg_control=[{cmsg_len=36, cmsg_level=SOL_IPV6, '
            'cmsg_type=IPV6_PKTINFO, cmsg_data={inet_pton(AF_INET6, "2001:db8::8", &ipi6_addr), '
            'ipi6_ifindex=if_nametoindex("eth0")}}], msg_flags=0}, 0) = -1 EINVAL (Invalid argument)',
            ("EINVAL", "2001:db8::8", 500, "2001:db8::9", 53, "eth0"),
        ),
        ("sendto(3, \"\", 0, 0, %s, 16) = -1 ENETUNREACH (Das Netzwerk ist nicht erreichbar) <0.000010>" % TO,
         ("ENETUNREACH", None, None, "192.0.2.9", 53, None)),
        ("1700000000 sendto(3, \"\", 0, 0, %s, 16) %s" % (TO, REFUSED), ("ENETUNREACH", None, None, "192.0.2.9", 53, None)),
        ("12:34:56.789012 (+     0.000012) sendto(3, \"\", 0, 0, %s, 16) %s (INJECTED)" % (TO, REFUSED),
         ("ENETUNREACH", None, None, "192.0.2.9", 53, None)),
        ("write(3<TCP:[192.0.2.1:40000->192.0.2.9:179]>, \"x\", 1) = -1 EHOSTUNREACH (No route to host)",
         ("EHOSTUNREACH", "192.0.2.1", 40000, "192.0.2.9", 179, None)),
        ("sendto(3, \"\", 0, 0, {sa_family=AF_PACKET, sll_protocol=htons(ETH_P_IP), sll_ifindex=if_nametoindex(\"eth0\"), "
         "sll_hatype=ARPHRD_NETROM, sll_pkttype=PACKET_HOST, sll_halen=6, sll_addr=[0, 0, 0, 0, 0, 0]}, 20) "
         "= -1 ENETDOWN (Network is down)", ("ENETDOWN", None, None, None, None, "eth0")),
    ],
)  # fmt: skip
def test_other_spellings(line, expected) -> None:
    (event,) = parse([line])
    assert flow(event) == expected


@pytest.mark.parametrize(
    "line",
    [
        "sendto(3, \"\", 0, 0, %s, 16) = 0" % TO,
        "sendto(3, \"\", 0, 0, %s, 16) = ?" % TO,
        "sendto(3, \"\", 0, 0, %s, 16 <unfinished ...>" % TO,
        "sendto(3, \"\", 0, 0, %s, 16) = -1 ECONNREFUSED (Connection refused)" % TO,
        "connect(3, %s, 16) = -1 EINPROGRESS (Operation now in progress)" % TO,
        "bind(3, %s, 16) = -1 EACCES (Permission denied)" % TO,
        "bind(3, %s, 16) = -1 EINVAL (Invalid argument)" % TO,
        "write(3, \"x\", 1) = -1 EINVAL (Invalid argument)",
        "write(3</dev/null>, \"x\", 1) = -1 ENODEV (No such device)",
        "sendto(3, \"x\", 1, 0, NULL, 0) = -1 EPERM (Operation not permitted)",
        "sendmsg(3, {msg_name={sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, msg_namelen=12, msg_iov=[{iov_base=[{nlmsg_len=52, "
        "nlmsg_type=RTM_NEWROUTE}, {rtm_family=AF_INET}], iov_len=52}]}, 0) = -1 ENETUNREACH (Network is unreachable)",
        "sendto(3<NETLINK:[ROUTE:7]>, [{nlmsg_len=20}, %s], 20, 0, NULL, 0) = -1 ENODEV (No such device)" % TO,
        "connect(3, {sa_family=AF_UNIX, sun_path=\"/run/%s\"}, 110) = -1 EACCES (Permission denied)" % TO.replace('"', '\\"'),
        "connect(3, {sa_family=AF_UNSPEC, sa_data=\"\"}, 16) = -1 EINVAL (Invalid argument)",
        "<... sendto resumed>) " + REFUSED,
        "[pid 7] <... sendto resumed>) " + REFUSED,
        "recvfrom(3, \"x\", 1, 0, %s, [16]) %s" % (TO, REFUSED),
        "openat(AT_FDCWD, \"sendto(3, 0)\", O_RDONLY) " + REFUSED,
        "The call sendto(2) may fail with ENETUNREACH (Network is unreachable)",
        "", "strace: Process 7 attached", "+++ exited with 0 +++", "\x00\udcff",
    ],
)  # fmt: skip
def test_what_is_no_event(line) -> None:
    assert list(parse([line])) == []


def test_what_is_sent_passes_for_nothing() -> None:
    """strace escapes what a program sends; nothing in it is an argument or a result."""
    forged = '}, msg_name={sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr("192.0.2.66")}) = -1 EPERM (x)'
    escaped = forged.replace('"', '\\"')
    (event,) = parse(['sendto(3, "%s", 99, 0, %s, 16) %s' % (escaped, TO, REFUSED)])
    assert flow(event) == ("ENETUNREACH", None, None, "192.0.2.9", 53, None)
    (event,) = parse(['sendmsg(3, {msg_name=NULL, msg_iov=[{iov_base="%s", iov_len=9}]}, 0) %s' % (escaped, REFUSED)])
    assert flow(event) == ("ENETUNREACH", None, None, None, None, None)
    name = '3</tmp/\\"%s>' % escaped
    assert list(parse(['sendto(%s, "", 0, 0, NULL, 0) %s' % (name, REFUSED)])) == []


def test_calls_that_are_interrupted_by_strace_itself() -> None:
    start = "[pid 7] connect(3, %s, 16" % TO
    (event,) = parse(
        [start + "strace: Process 9 attached", " <unfinished ...>", "[pid 7] <... connect resumed>) " + REFUSED]
    )
    assert (event.pid, event.remote_addr) == (7, "192.0.2.9")
    (event,) = parse([start + "strace: Process 9 attached", ") " + REFUSED])
    assert event.remote_addr == "192.0.2.9"


def test_unfinished_calls_and_sockets_are_kept_in_bounds() -> None:
    def hostile():
        for number in range(5000):
            yield '[pid %d] sendto(%d, "%s", 0, 0, %s, 16 <unfinished ...>' % (number, number, "x" * 9000, TO)
            yield "socket(AF_INET, SOCK_DGRAM, 0) = %d" % number
            yield "bind(%d, %s, 16) = 0" % (number, TO)

    import tracemalloc

    tracemalloc.start()
    try:
        assert list(parse(hostile())) == []
        assert tracemalloc.get_traced_memory()[1] < 16 * MiB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "line",
    [
        "sendto(3, " + '"\\"' * (MiB // 3) + ") " + REFUSED,
        'sendto(3, "' + "\\" * MiB + ") " + REFUSED,
        "sendto(3<" + "->" * (MiB // 2) + ") " + REFUSED,
        "sendto(3, " + "{sa_family=AF_INET, " * (MiB // 20) + ") " + REFUSED,
        "sendmsg(3, " + "msg_name={sa_family=AF_INET, " * (MiB // 30) + ") " + REFUSED,
        "sendmmsg(3, " + "msg_hdr={" * (MiB // 9) + ") " + REFUSED,
        'sendto(3, sin_addr=inet_addr("1")' * (MiB // 33) + ") " + REFUSED,
        " " * MiB, "[pid " + " " * MiB, "9" * MiB, ")" * MiB + " = -1 E", "strace -p 1" * (MiB // 12),
        "strace: Process 1 attached" * (MiB // 30), "sendto(3, " + " <unfinished ...>" * (MiB // 16),
    ],
)  # fmt: skip
def test_a_hostile_line_costs_little(line) -> None:
    """Its length is what it costs at most: a line of 1 MiB, ten times, in no more than what a slow machine needs."""
    started = time.process_time()
    list(parse([line] * 10))
    assert time.process_time() - started < 5


def test_a_long_line_still_tells_how_it_ended() -> None:
    """The middle of a call with many messages is cut out; the first message, and the end, are what counts."""
    message = (
        '{msg_hdr={msg_name=%s, msg_namelen=16, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, msg_flags=0}}' % TO
    )
    (event,) = parse(["sendmmsg(3, [%s], 1024, 0) %s" % (", ".join([message] * 1024), REFUSED)])
    assert flow(event) == ("ENETUNREACH", None, None, "192.0.2.9", 53, None)
