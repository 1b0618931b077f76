# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The oracle against real sends: the table of DESIGN section 2, row by row, and what else a lookup must know."""

from __future__ import annotations

import dataclasses
import errno
import os
import socket
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Query
from ansible_collections.netmend.reclaim.tests.integration.kernel.sending import connect, send

GONE = 4242
"""An ifindex that no link has."""

LINKS = """
for link in a c d; do ip link add v$link type veth peer name w$link; done
for link in va wa vc wc vd; do ip link set $link addrgenmode none; done
for link in va wa vc; do ip link set $link up; done
until ip link show va | grep -q 'state UP'; do sleep 0.02; done
"""
WORLD = {
    4: """
address add 192.0.2.1/24 brd + dev va
address add 198.51.100.1/24 dev vc
address add 10.9.9.9/24 dev vd
route add local 192.0.2.200 dev lo
route add unreachable 203.0.113.1
route add blackhole 203.0.113.2
route add prohibit 203.0.113.3
route add throw 203.0.113.4 table 100
rule add pref 100 to 203.0.113.4 lookup 100
rule add pref 101 to 203.0.114.1 unreachable
rule add pref 102 to 203.0.114.2 blackhole
rule add pref 103 to 203.0.114.3 prohibit
""",
    6: """
address add 2001:db8::1/64 dev va nodad
address add 2001:db8:1::1/64 dev vc nodad
address add fe80::a/64 dev va nodad
route add local 2001:db8:aa::1 dev lo
route add unreachable 2001:db8:113::1
route add blackhole 2001:db8:113::2
route add prohibit 2001:db8:113::3
route add throw 2001:db8:113::4 table 100
rule add pref 100 to 2001:db8:113::4 lookup 100
rule add pref 101 to 2001:db8:114::1 unreachable
rule add pref 102 to 2001:db8:114::2 blackhole
rule add pref 103 to 2001:db8:114::3 prohibit
""",
}
FULL = {4: 32, 6: 128}


@dataclasses.dataclass(frozen=True)
class Row:
    """One condition, for both families: what is asked, and what a send gets."""

    to: t.Tuple[str, str]
    errno: t.Tuple[t.Optional[str], t.Optional[str]]
    source: t.Tuple[t.Optional[str], t.Optional[str]] = (None, None)
    link: str | None = None


NEAR = ("192.0.2.2", "2001:db8::2")
FAR = ("8.8.8.8", "2001:4860::8888")
MINE = ("192.0.2.1", "2001:db8::1")
DEAD = ("192.0.2.77", "2001:db8::dead")
BEHIND_VC = ("198.51.100.7", "2001:db8:1::7")
UNREACH = "ENETUNREACH"

TABLE = {
    "source local, route": Row(NEAR, (None, None), MINE),
    "source not local, route": Row(NEAR, (UNREACH, "EINVAL"), DEAD),
    "source not local, route, interface": Row(NEAR, (UNREACH, "EINVAL"), DEAD, "va"),
    "source not local, no route": Row(FAR, (UNREACH, "EINVAL"), DEAD),
    "source not local, no route, interface": Row(FAR, (UNREACH, "EINVAL"), DEAD, "va"),
    "source on another link": Row(NEAR, (None, None), ("198.51.100.1", "2001:db8:1::1")),
    "source AnyIP": Row(NEAR, (None, "EINVAL"), ("192.0.2.200", "2001:db8:aa::1")),
    "source local, no route, interface": Row(FAR, (None, UNREACH), MINE, "va"),
    "no source, no route, interface": Row(FAR, (None, UNREACH), link="va"),
    "source local, no route": Row(FAR, (UNREACH, UNREACH), MINE),
    "no source, no route": Row(FAR, (UNREACH, UNREACH)),
    "interface down": Row(FAR, (UNREACH, UNREACH), link="vd"),
    "interface down, source": Row(NEAR, (UNREACH, None), MINE, "vd"),
    "carrier down": Row(BEHIND_VC, (None, None)),
    "carrier down, interface": Row(BEHIND_VC, (None, None), link="vc"),
    "interface gone": Row(NEAR, ("ENODEV", "ENODEV"), link="gone"),
    "interface gone, source local": Row(NEAR, ("ENODEV", "ENODEV"), MINE, "gone"),
    "interface gone, source not local": Row(NEAR, (UNREACH, "ENODEV"), DEAD, "gone"),
    "route unreachable": Row(("203.0.113.1", "2001:db8:113::1"), ("EHOSTUNREACH",) * 2),
    "route blackhole": Row(("203.0.113.2", "2001:db8:113::2"), ("EINVAL",) * 2),
    "route prohibit": Row(("203.0.113.3", "2001:db8:113::3"), ("EACCES",) * 2),
    "route throw": Row(("203.0.113.4", "2001:db8:113::4"), (UNREACH,) * 2),
    "route blackhole, interface": Row(("203.0.113.2", "2001:db8:113::2"), (None, UNREACH), link="va"),
    "rule unreachable": Row(("203.0.114.1", "2001:db8:114::1"), (UNREACH,) * 2),
    "rule blackhole": Row(("203.0.114.2", "2001:db8:114::2"), ("EINVAL",) * 2),
    "rule prohibit": Row(("203.0.114.3", "2001:db8:114::3"), ("EACCES",) * 2),
    "to itself": Row(MINE, (None, None), MINE),
    "to nowhere": Row(("0.0.0.0", "::"), (None, None)),
    # The link is named: which of several ff00::/8 comes first hangs on the order in which links came up.
    "multicast, no address on the link": Row(("239.1.1.1", "ff0e::1"), (None, "EADDRNOTAVAIL"), link="wa"),
    "multicast, interface": Row(("239.1.1.1", "ff0e::1"), (None, None), link="va"),
    "multicast source": Row(NEAR, ("EINVAL", "EINVAL"), ("239.1.1.1", "ff0e::1")),
    "loopback source": Row(NEAR, ("EINVAL", None), ("127.0.0.1", "::1")),
    "loopback source, interface": Row(NEAR, ("EINVAL", "EINVAL"), ("127.0.0.1", "::1"), "va"),
    "broadcast": Row(("192.0.2.255", "ff02::1"), ("EACCES", None), link="va"),
    "link-local": Row(("169.254.1.1", "fe80::1"), (None, None), link="va"),
}


@pytest.fixture(scope="module")
def world(module_netns):
    namespace = module_netns()
    namespace.sh(LINKS)
    for family, lines in WORLD.items():
        namespace.batch(lines.strip() + "\n", "-%d" % family)
    with namespace.entered():
        namespace.index = {name: number for number, name in socket.if_nameindex()}
    namespace.index["gone"] = GONE
    return namespace


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("name", TABLE)
def test_the_errno_is_what_a_send_gets(world, name, family):
    row, which = TABLE[name], (4, 6).index(family)
    to, source, expected = row.to[which], row.source[which], row.errno[which]
    interface = None if row.link is None else world.index[row.link]
    with world.entered():
        sent = send(to, source, interface)
        bound = send(to, source, device=row.link) if row.link not in (None, "gone") and source is None else sent
    with Kernel(world.name) as kernel:
        query = Query(to=to, source=source, interface=interface)
        (answer,) = kernel.lookup([query])
        (fast,) = kernel.lookup([query], match=False)
    assert sent == expected
    assert bound == sent
    assert answer.errno == sent
    assert fast.errno == sent
    assert (answer.route is None) == (sent is not None)
    if answer.route is not None and to not in ("0.0.0.0", "::"):
        assert answer.route.dst == "%s/%d" % (to, FULL[family])
        assert fast.route == dataclasses.replace(answer.route, dst=None)


@pytest.mark.parametrize("nonlocal_bind", [0, 1])
@pytest.mark.parametrize("family", [4, 6])
def test_ip_nonlocal_bind_helps_ipv6_only(netns, family, nonlocal_bind):
    ns = netns()
    ns.sh(LINKS)
    ns.batch(WORLD[family].strip() + "\n", "-%d" % family)
    ns.sh("sysctl -qw net.ipv%d.ip_nonlocal_bind=%d" % (family, nonlocal_bind))
    which = (4, 6).index(family)
    with ns.entered():
        sent = send(NEAR[which], DEAD[which])
    with Kernel(ns.name) as kernel:
        (answer,) = kernel.lookup([Query(to=NEAR[which], source=DEAD[which])])
    assert answer.errno == sent == {4: "ENETUNREACH", 6: None if nonlocal_bind else "EINVAL"}[family]


def test_what_a_lookup_cannot_know(world):
    """Rows of the table in which a socket's own state decides; the oracle answers for an ordinary socket."""
    with world.entered():
        assert send("192.0.2.2", DEAD[0], transparent=True) is None
        assert send("192.0.2.255", broadcast=True) is None
        for address in DEAD:
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as opened:
                with pytest.raises(OSError, match=os.strerror(errno.EADDRNOTAVAIL)):
                    opened.bind((address, 0))
    with Kernel(world.name) as kernel:
        answers = kernel.lookup([Query(to="192.0.2.2", source=DEAD[0]), Query(to="192.0.2.255")])
    assert [answer.errno for answer in answers] == ["ENETUNREACH", "EACCES"]
    assert answers[1].match is not None
    assert answers[1].match.type == "broadcast"


@pytest.mark.parametrize(("family", "refused"), [(4, True), (6, False)])
def test_a_socket_that_was_bound_before_its_address_left(netns, family, refused):
    """IPv4 refuses it, IPv6 keeps sending: where the oracle says EINVAL it speaks of IPV6_PKTINFO."""
    ns = netns()
    ns.sh(LINKS)
    ns.batch(WORLD[family].strip() + "\n", "-%d" % family)
    which = (4, 6).index(family)
    address = ("192.0.2.44/24", "2001:db8::44/64 nodad")[which]
    ns.sh("ip addr add %s dev va" % address)
    with ns.entered(), socket.socket((socket.AF_INET, socket.AF_INET6)[which], socket.SOCK_DGRAM) as opened:
        opened.bind((address.partition("/")[0], 0))
        assert opened.sendto(b"x", (NEAR[which], 9)) == 1
        ns.sh("ip addr del %s dev va" % address.partition(" ")[0])
        if refused:
            with pytest.raises(OSError, match=os.strerror(errno.ENETUNREACH)):
                opened.sendto(b"x", (NEAR[which], 9))
        else:
            assert opened.sendto(b"x", (NEAR[which], 9)) == 1


def test_the_match_names_entry_and_table(world):
    with Kernel(world.name) as kernel:
        near, anyip, assumed, itself, far = kernel.lookup(
            [
                Query(to="192.0.2.2"),
                Query(to="192.0.2.200"),
                Query(to="8.8.8.8", interface=world.index["va"]),
                Query(to="2001:db8::1"),
                Query(to="2001:4860::8888"),
            ]
        )
    assert near.match is not None
    assert (near.match.dst, near.match.table, near.match.proto) == ("192.0.2.0/24", 254, "kernel")
    assert near.route is not None
    assert near.route.prefsrc == "192.0.2.1"
    assert anyip.match is not None
    assert (anyip.match.type, anyip.match.dst) == ("local", "192.0.2.200/32")
    assert assumed.errno is None
    assert assumed.match is None
    assert itself.match is not None
    assert itself.match.table == 255
    assert far.match is None


def test_the_local_table_is_named_without_any_policy_rule(netns):
    ns = netns()
    with Kernel(ns.name) as kernel:
        (answer,) = kernel.lookup([Query(to="127.0.0.1")])
    assert answer.match is not None
    assert answer.match.table == 255


@pytest.mark.parametrize("family", [4, 6])
def test_rules_are_asked_with_all_that_selects(netns, family):
    ns = netns()
    ns.sh(LINKS)
    ns.batch(WORLD[family].strip() + "\n", "-%d" % family)
    which = (4, 6).index(family)
    to, base = FAR[which], ("10.0.0.0", "fd00::")[which]
    rules = {
        "fwmark 0x10/0xff": {"mark": 0x10},
        "uidrange 1000-1000": {"uid": 1000},
        "ipproto tcp": {"protocol": "tcp"},
        "ipproto udp dport 53": {"port": 53},
        "tos 0x10": {"tos": 0x10},
        "sport 99": {"sport": 99},
        "from %s" % MINE[which]: {"source": MINE[which]},
    }
    with Kernel(ns.name) as kernel:
        for number, (rule, chosen) in enumerate(rules.items()):
            ns.sh("ip -%d rule add pref 200 %s lookup 200" % (family, rule))
            ns.sh("ip -%d route add default dev va table 200" % family)
            with_it, without = kernel.lookup([Query(to=to, **chosen), Query(to=to, uid=0)])
            assert with_it.errno is None, rule
            assert with_it.match is not None
            assert with_it.match.table == 200, rule
            # IPv6 chooses a source and looks again: rules by source then hold for those that name none
            assert without.errno == (None if family == 6 and rule.startswith("from") else "ENETUNREACH"), rule
            ns.sh("ip -%d rule del pref 200; ip -%d route flush table 200" % (family, family))
            assert number < len(rules), base


def test_ipv6_without_a_source_looks_twice(netns):
    """No route is found, a source is chosen, and a rule for that source finds one: a send succeeds, and so we say."""
    ns = netns()
    ns.sh(LINKS)
    ns.batch(
        "address add 2001:db8::1/64 dev va nodad\n"
        "route add default via 2001:db8::9 table 200\n"
        "route add prohibit 2001:4860:2::/48 table 200\n"
        "rule add pref 200 from 2001:db8::1 lookup 200\n",
        "-6",
    )
    queries = [Query(to="2001:4860::1"), Query(to="2001:4860:2::1"), Query(to="2001:4860::1", mark=5)]
    with ns.entered():
        sent = [send(query.to, mark=query.mark) for query in queries]
    with Kernel(ns.name) as kernel:
        answers = kernel.lookup(queries)
    assert [answer.errno for answer in answers] == sent == [None, "EACCES", None]
    assert answers[0].match is not None
    assert answers[0].match.table == 200


def test_ipv6_without_any_address(netns):
    ns = netns()
    ns.sh(LINKS)
    ns.sh("ip -6 addr flush dev lo; ip -6 route add 2001:db8::/64 dev va")
    with ns.entered():
        sent = send("2001:db8::2")
    with Kernel(ns.name) as kernel:
        (answer,) = kernel.lookup([Query(to="2001:db8::2")])
    assert answer.errno == sent == "EADDRNOTAVAIL"


def test_ipv6_tentative_link_local_and_anycast_sources(netns):
    ns = netns()
    ns.sh(LINKS)
    ns.sh("sysctl -qw net.ipv6.conf.all.forwarding=1")
    ns.batch(
        "address add fe80::a/64 dev va nodad\n"
        "address add 2001:db8::1/64 dev va nodad\n"
        "address add 2001:db8:5::5/64 dev vc\n",  # no carrier: stays tentative
        "-6",
    )
    ns.until("ip -6 route show table local | grep -q ^anycast.2001:db8::")
    with ns.entered():
        va, vc = socket.if_nametoindex("va"), socket.if_nametoindex("vc")
    queries = [
        Query(to="2001:db8::2", source="2001:db8:5::5"),
        Query(to="2001:db8::2", source="fe80::a"),
        Query(to="2001:db8::2", source="fe80::a", interface=va),
        Query(to="fe80::2", source="fe80::a", interface=vc),
        Query(to="2001:db8::2", source="2001:db8::"),  # subnet-router anycast
        Query(to="fe80::2"),
    ]
    with ns.entered():
        sent = [send(query.to, query.source, query.interface) for query in queries]
    with Kernel(ns.name) as kernel:
        assert [answer.errno for answer in kernel.lookup(queries)] == sent
    assert sent[:5] == ["EINVAL", "EINVAL", None, "EINVAL", None]


def test_tcp_begins_no_connection_to_many(world):
    queries = [
        Query(to=to, protocol="tcp", interface=world.index["va"]) for to in ("192.0.2.255", "239.1.1.1", "ff0e::1")
    ]
    with world.entered():
        begun = [connect(query.to, device="va") for query in queries]
    with Kernel(world.name) as kernel:
        assert [answer.errno for answer in kernel.lookup(queries)] == begun == ["ENETUNREACH"] * 3


def test_forwarding_is_asked_with_iif(netns):
    ns = netns()
    ns.sh(LINKS)
    ns.batch(WORLD[4].strip() + "\n", "-4")
    ns.sh("sysctl -qw net.ipv4.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.va.rp_filter=0")
    with ns.entered():
        va = socket.if_nametoindex("va")
    with Kernel(ns.name) as kernel:
        through, martian = kernel.lookup(
            [
                Query(to="198.51.100.7", source="192.0.2.2", iif=va),
                Query(to="198.51.100.7", source="127.0.0.1", iif=va),
            ]
        )
    assert through.errno is None
    assert through.match is not None
    assert through.match.dst == "198.51.100.0/24"
    assert martian.errno == "EINVAL"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (Query(to="not an address"), "'not an address'"),
        (Query(to="10.0.0.0/8"), "10.0.0.0/8"),
        (Query(to="fe80::1%va"), "fe80::1%va"),
        (Query(to=""), "destination"),
        (Query(to="\0"), "destination"),
        (Query(to="10.0.0.1", source="nonsense"), "source 'nonsense'"),
        (Query(to="10.0.0.1", source="::1"), "two families"),
        (Query(to="10.0.0.1", protocol="sctp"), "sctp"),
        (Query(to="10.0.0.1", port=70000), "port 70000"),
        (Query(to="10.0.0.1", mark=-1), "mark -1"),
        (Query(to="10.0.0.1", mark=1 << 32), "mark"),
        (Query(to="10.0.0.1", tos=256), "tos 256"),
        (Query(to="10.0.0.1", interface=-1), "interface -1"),
    ],
)
def test_what_is_no_question_is_said_so(world, query, message):
    with Kernel(world.name) as kernel:
        with pytest.raises(ValueError, match=message):
            kernel.lookup([Query(to="192.0.2.2"), query])
        assert kernel.lookup([Query(to="192.0.2.2")])[0].errno is None


def test_a_complaint_is_told_from_a_blackhole(world):
    """Both are EINVAL; the kernel complains of a malformed request in words (extended ack)."""
    from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import lookup

    with Kernel(world.name) as kernel:
        assert kernel.lookup([Query(to="203.0.113.2")])[0].errno == "EINVAL"
        kind = lookup._Kind(kernel._route, Query(to="192.0.2.2"), socket.AF_INET)
        scope = bytearray(kind.plain)
        scope[16 + 6] = 253  # rtm_scope must be 0 in a request
        (reply,) = kernel._route.exchange([bytes(scope) + socket.inet_aton("192.0.2.2")])
        with pytest.raises(ValueError, match="kernel refuses the question"):
            kind.checked(reply)


@pytest.mark.parametrize("mapped", ["::ffff:192.0.2.2", "::ffff:8.8.8.8"])
def test_an_ipv4_mapped_destination_goes_over_ipv4(world, mapped):
    with world.entered():
        sent = send(mapped)
    with Kernel(world.name) as kernel:
        (answer,) = kernel.lookup([Query(to=mapped)])
    assert answer.errno == sent


def test_many_at_once_keep_their_order(world):
    queries = []
    for number in range(1000):
        queries.append(Query(to="192.0.2.%d" % (number % 250 + 1), mark=number % 3))
        queries.append(Query(to="2001:db8::%x" % (number + 1)))
        queries.append(Query(to="8.8.%d.8" % (number % 256)))
    with Kernel(world.name) as kernel:
        answers = kernel.lookup(queries)
        fast = kernel.lookup(iter(queries), match=False)
    for query, answer, quick in zip(queries, answers, fast):
        assert answer.errno == quick.errno == ("ENETUNREACH" if query.to.startswith("8.") else None)
        if answer.route is not None:
            assert answer.route.dst == "%s/%d" % (query.to, 128 if ":" in query.to else 32)
    assert len(answers) == len(fast) == 3000
    assert Kernel(world.name).lookup([]) == []


def test_replies_that_overrun_the_socket_are_asked_for_again(netns):
    """A reply that names very many hops is large: with all of them on the way the socket overflows."""
    ns = netns()
    ns.sh(LINKS)
    ns.sh("ip addr add 10.0.0.1/16 dev va")
    hops = " ".join("nexthop via 10.0.%d.%d dev va" % (number // 200 + 1, number % 200 + 1) for number in range(200))
    ns.sh("ip route add 192.0.2.0/24 %s" % hops)
    with Kernel(ns.name) as kernel:
        before = kernel._route._socket
        before.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        answers = kernel.lookup([Query(to="192.0.2.%d" % number) for number in range(1, 101)])
        assert kernel._route._socket is not before  # it did overrun, or this test shows nothing
    assert [answer.errno for answer in answers] == [None] * 100
    assert all(answer.match is not None and len(answer.match.hops) == 200 for answer in answers)


def test_it_needs_no_root(world):
    """A user without any capability asks in the namespace that it is in."""
    program = (
        "import sys, os; sys.path[:0] = os.environ['NETMEND_PATH'].split(os.pathsep)\n"
        "import pyroute2  # while the interpreter's own files can be read\n"
        "from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel\n"
        "from ansible_collections.netmend.reclaim.plugins.module_utils.model import Query\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "kernel = Kernel()\n"
        "queries = [Query(to='192.0.2.2', mark=7), Query(to='192.0.2.2', source='192.0.2.77'), Query(to='2001:db8::2'),\n"
        "           Query(to='2001:4860::1', mark=1)]\n"
        "print([answer.errno for answer in kernel.lookup(queries)])\n"
        "snapshot = kernel.snapshot()\n"
        "print(len(snapshot.links), len(snapshot.rules), len(list(kernel.routes(table=254))) > 0)\n"
    )
    environment = dict(os.environ, NETMEND_PATH=os.pathsep.join(path for path in sys.path if path))
    done = subprocess.run(
        ["ip", "netns", "exec", world.name, sys.executable, "-c", program],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout == "[None, 'ENETUNREACH', None, 'ENETUNREACH']\n7 13 True\n"
