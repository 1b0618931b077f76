# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes to the real kernel's tables: each op, done twice, done to what was changed, and where a delete would err."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
import sys

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import encode
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.outcome import Changed, Verified
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Rule, Seen

WORLD = """
ip link add v0 type veth peer name v0p
ip link set v0 addrgenmode none; ip link set v0p addrgenmode none
ip link set v0 up; ip link set v0p up
ip link add br0 type bridge
ip address add 10.0.0.1/24 dev v0
ip address add 10.0.0.2/24 brd 10.0.0.255 dev v0 label v0:two noprefixroute
ip address add 10.7.0.1 peer 10.7.0.2/32 dev v0 metric 55 valid_lft 3000 preferred_lft 2000
ip address add fd00::1/64 dev v0 nodad home mngtmpaddr
ip address add fd07::1 peer fd07::2/128 dev v0 nodad
ip nexthop add id 7 via 10.0.0.9 dev v0
ip nexthop add id 8 group 7
ip route add 10.1.0.0/16 via 10.0.0.9 table 100
ip route add 10.2.0.0/16 nhid 8 table 100
ip route add 10.3.0.0/16 nexthop via 10.0.0.8 nexthop via 10.0.0.9 weight 5
ip route add blackhole 10.4.0.0/16 metric 9
ip route add 10.5.0.0/16 via 10.0.0.9 mtu 1300 initcwnd 10 tos 0x10 src 10.0.0.2
ip -6 route add 2001:db8::/32 via fd00::9 src fd00::1
ip -6 route add 2001:db9::/32 nexthop via fd00::8 dev v0 nexthop via fd00::9 dev v0
ip -6 route add prohibit 2001:dba::/32
ip -6 route add 2001:dbb::/32 from fd00::/16 via fd00::9 dev v0
ip rule add pref 100 from 10.0.0.0/8 fwmark 0x10/0xf0 iif v0 lookup 70000 suppress_prefixlength 8
ip rule add pref 101 to 10.200.0.0/16 sport 5000 dport 9-60 ipproto udp uidrange 0-5 prohibit
ip rule add not pref 102 from 10.99.0.0/16 lookup 4444
ip -6 rule add pref 102 dsfield 0x10 goto 32766
ip neighbour add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent
ip neighbour add fd00::9 lladdr 02:00:00:00:00:09 dev v0 nud noarp router
"""


@pytest.fixture
def kernel(netns):
    ns = netns()
    ns.sh(WORLD)
    with Kernel(ns.name) as port:
        port.ns = ns  # type: ignore[attr-defined]
        yield port


def own(kernel: Kernel, kind: str) -> list[Seen]:
    """What the world added, and no other thing adds or takes away."""
    if kind == "route":
        return [seen for proto in ("boot",) for seen in kernel.seen_routes(proto=proto)]
    loopback = {link.object.ifindex for link in kernel.seen("link") if link.object.loopback}
    keep = {
        "rule": lambda rule: rule.proto != "kernel",
        "address": lambda address: address.ifindex not in loopback,
        "neighbour": lambda neighbour: neighbour.address in ("10.0.0.9", "fd00::9"),
        "nexthop": lambda nexthop: nexthop.group == (),
    }[kind]
    return list(kernel.seen(kind, keep))


@pytest.mark.parametrize("kind", ["route", "rule", "neighbour"])
def test_deleted_and_added_again_it_is_the_same_and_twice_does_nothing(kernel, kind):
    there = own(kernel, kind)
    assert there
    shown = kernel.ns.sh(
        "ip -d rule; ip -6 -d rule; ip -d route show table all; ip -6 -d route show table all; ip neighbour"
    )
    names = [seen.dsts or None for seen in there]
    for op, verified in (("del", False), ("add", True)):
        done = kernel.change("%s.%s" % (kind, op), there)
        assert [(one.done, one.already, one.failed) for one in done] == [(seen.count, (), ()) for seen in there]
        again = kernel.change("%s.%s" % (kind, op), there)
        assert [(one.done, len(one.already), one.failed) for one in again] == [(0, seen.count, ()) for seen in there]
        assert all(one.already == name for one, name in zip(again, names) if name)
        assert [bool(one.same) for one in kernel.verify(there)] == [verified] * len(there)
    now = kernel.ns.sh(
        "ip -d rule; ip -6 -d rule; ip -d route show table all; ip -6 -d route show table all; ip neighbour"
    )
    assert sorted(now.splitlines()) == sorted(shown.splitlines())


def test_addresses_come_back_with_all_that_they_are(kernel):
    there = own(kernel, "address")
    assert len(there) == 5
    shown = kernel.ns.sh("ip -o -d address show dev v0 | sed 's/_lft [0-9]*sec/_lft/g'")
    kernel.change("address.del", there)
    assert own(kernel, "address") == []
    assert [one.failed for one in kernel.change("address.add", there)] == [()] * 5
    now = kernel.ns.sh("ip -o -d address show dev v0 | sed 's/_lft [0-9]*sec/_lft/g'")
    assert sorted(now.splitlines()) == sorted(shown.splitlines())
    assert all(one.same for one in kernel.verify(there))
    assert [one.already for one in kernel.change("address.add", there)] == [
        ("%s/%d" % (seen.object.address, seen.object.prefixlen),) for seen in there
    ]


def test_next_hops_and_their_groups(kernel):
    single, group = sorted(kernel.seen("nexthop"), key=lambda seen: seen.object.id)
    assert kernel.change("nexthop.del", [group, single]) == [Changed(1), Changed(1)]
    assert kernel.change("nexthop.add", [single, group]) == [Changed(1), Changed(1)]
    assert kernel.change("nexthop.add", [single]) == [Changed(already=("nexthop 7",))]
    assert all(one.same for one in kernel.verify([single, group]))


def test_links_up_down_and_gone(kernel):
    links = {seen.object.name: seen for seen in kernel.seen("link")}
    assert kernel.change("link.up", [links["br0"], links["v0"]]) == [Changed(1), Changed(already=("v0",))]
    assert "UP" in kernel.ns.json("link show br0")[0]["flags"]
    assert kernel.change("link.down", [links["br0"]]) == [Changed(1)]
    assert kernel.change("link.down", [links["br0"]]) == [Changed(already=("br0",))]
    assert kernel.change("link.del", [links["br0"]]) == [Changed(1)]
    assert kernel.change("link.del", [links["br0"]]) == [Changed(already=("br0",))]
    (changed,) = kernel.change("link.up", [links["br0"]])
    assert changed.failed[0][1].startswith("ENODEV")


def test_a_link_that_was_made_anew_is_another_one(kernel):
    (before,) = kernel.seen("link", lambda link: link.name == "br0")
    kernel.ns.sh("ip link del br0; ip link add br0 type bridge")
    (changed,) = kernel.change("link.del", [before])
    assert changed.failed == (("br0", "ESTALE: it was changed since it was seen"),)
    assert kernel.ns.json("link show br0")


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("address", "ip address change 10.0.0.1/24 dev v0 valid_lft 500 preferred_lft 400"),
        ("route", "ip route change 10.1.0.0/16 via 10.0.0.7 table 100"),
        ("nexthop", "ip nexthop replace id 7 via 10.0.0.7 dev v0"),
        ("neighbour", "ip neighbour change 10.0.0.9 lladdr 02:00:00:00:00:77 dev v0"),
        ("rule", "ip rule del pref 101; ip rule add pref 101 to 10.200.0.0/16 sport 5000 dport 9-60 ipproto udp "
                 "uidrange 0-5 unreachable"),
    ],
)  # fmt: skip
def test_what_was_changed_since_is_left_alone(kernel, kind, change):
    there = own(kernel, kind)
    kernel.ns.sh(change)
    (at,) = [place for place, one in enumerate(kernel.verify(there)) if one.same is None]
    assert kernel.verify(there)[at].differs and not kernel.verify(there)[at].gone
    now = kernel.verify(own(kernel, kind))
    (changed,) = kernel.change("%s.del" % kind, [there[at]])
    assert (changed.done, changed.already) == (0, ())
    assert [words for _what, words in changed.failed] == ["ESTALE: it was changed since it was seen"]
    assert kernel.verify(own(kernel, kind)) == now


def test_of_many_routes_those_that_are_gone_or_differ_are_named(kernel):
    kernel.ns.batch("".join("route add 10.50.%d.0/24 via 10.0.0.9\n" % number for number in range(6)))
    (many,) = kernel.seen_routes(
        table=254, keep=lambda route: route.metric == 0, dsts=["10.50.%d.0/24" % n for n in range(6)]
    )
    assert many.count == 6
    kernel.ns.sh("ip route del 10.50.1.0/24; ip route change 10.50.2.0/24 via 10.0.0.7")
    (verified,) = kernel.verify([many])
    assert verified.gone == ("10.50.1.0/24",)
    assert verified.differs == ("10.50.2.0/24",)
    assert verified.same.dsts == tuple("10.50.%d.0/24" % number for number in (0, 3, 4, 5))
    (changed,) = kernel.change("route.del", [many])
    assert changed.done == 4
    assert changed.already == ("10.50.1.0/24",)
    assert changed.failed == (("10.50.2.0/24", "ESTALE: it was changed since it was seen"),)


# Where a delete would take another object ----------------------------------------------------------------------------


def test_the_wide_rule_never_takes_the_narrow_one_before_it(kernel):
    narrow, wide = encode.rule(Rule(4, 500, table=100, src="10.0.0.0/8")), encode.rule(Rule(4, 500, table=100))
    assert kernel.change("rule.add", [narrow]) == [Changed(1)]
    # 'ip rule add' is refused here: the kernel holds the wide one for the narrow one.
    assert "File exists" in kernel.ns.sh("ip rule add pref 500 table 100 2>&1 || true")
    assert kernel.change("rule.add", [wide]) == [Changed(1)]
    (changed,) = kernel.change("rule.del", [wide])
    assert changed.failed == (
        ("rule 500 lookup 100", "ENOTUNIQ: the kernel would take another rule that stands before it"),
    )
    assert all(one.same for one in kernel.verify([narrow, wide]))
    assert kernel.change("rule.del", [wide, narrow]) == [Changed(1), Changed(1)]  # the narrow one goes first
    assert kernel.verify([narrow]) == [Verified(None, ("rule 500 from 10.0.0.0/8 lookup 100",))]


def test_the_kernel_does_take_the_narrow_rule(kernel):
    """The trap itself: were it gone, the refusal above could go too."""
    kernel.change("rule.add", [encode.rule(Rule(4, 500, table=100, src="10.0.0.0/8"))])
    kernel.change("rule.add", [encode.rule(Rule(4, 500, table=100))])
    assert kernel.put(encode.rule(Rule(4, 500, table=100)), "del") is None
    assert [seen.object.src for seen in kernel.seen("rule", lambda rule: rule.priority == 500)] == [None]


def test_a_route_never_takes_one_with_a_source_before_it(kernel):
    kernel.ns.sh("ip route append 10.60.0.0/16 via 10.0.0.9 src 10.0.0.2; ip route append 10.60.0.0/16 via 10.0.0.9")
    first, second = kernel.seen_routes(dsts=["10.60.0.0/16"])
    assert (first.object.prefsrc, second.object.prefsrc) == ("10.0.0.2", None)
    (changed,) = kernel.change("route.del", [second])
    assert [words.partition(":")[0] for _what, words in changed.failed] == ["ENOTUNIQ"]
    assert kernel.change("route.del", [second, first]) == [Changed(1), Changed(1)]
    assert kernel.seen_routes(dsts=["10.60.0.0/16"]) == []


# Many -----------------------------------------------------------------------------------------------------------------


def test_thousands_of_routes_go_and_come_in_one_change(kernel):
    dsts = tuple("32.%d.%d.0/24" % (number >> 8, number & 255) for number in range(5000))
    (like,) = kernel.seen_routes(dsts=["10.1.0.0/16"])
    many = dataclasses.replace(like, dsts=dsts)
    assert kernel.change("route.add", [many]) == [Changed(5000)]
    (now,) = kernel.seen_routes(table=100, keep=lambda route: route.nhid is None)
    assert set(now.dsts) == {*dsts, "10.1.0.0/16"}
    assert kernel.change("route.del", [many]) == [Changed(5000)]
    assert kernel.change("route.del", [many]) == [Changed(already=dsts)]


@pytest.mark.parametrize("op", ["route.add", "route.del"])
def test_acknowledgements_that_overrun_the_socket_cost_nothing(kernel, op):
    dsts = tuple("32.0.%d.0/24" % number for number in range(200))
    (like,) = kernel.seen_routes(dsts=["10.1.0.0/16"])
    many = dataclasses.replace(like, dsts=dsts)
    if op == "route.del":
        kernel.change("route.add", [many])
    wire = kernel._route
    wire.refresh()
    wire._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    small = wire._socket
    assert kernel.change(op, [many]) == [Changed(200)]
    assert wire._socket is not small  # it did overrun
    assert (kernel.verify([many])[0].same is not None) is (op == "route.add")


def test_what_the_kernel_refuses_is_told_in_its_words(kernel):
    (like,) = kernel.seen_routes(dsts=["10.1.0.0/16"])
    raw = like.raw.replace(socket.inet_aton("10.0.0.9"), socket.inet_aton("99.0.0.9"))
    (changed,) = kernel.change("route.add", [Seen("route", kernel.decode("route", raw), raw, ("10.99.0.0/16",))])
    assert changed.failed == (("10.99.0.0/16", "ENETUNREACH: Nexthop has invalid gateway"),)


# Flows and connections -------------------------------------------------------------------------------------------------

TALK = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 5000))
near = [socket.create_connection(("127.0.0.1", 5000)) for _number in range(2)]
far = [listener.accept()[0] for _number in range(2)]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect(("127.0.0.1", 9))
udp.send(b"x")
print("ready", flush=True)
sys.stdin.readline()
near[0].settimeout(10)
try:
    print(near[0].recv(1), flush=True)
except OSError as exc:
    print(exc.errno, flush=True)
near[1].send(b"y")
print(far[1].recv(1), flush=True)
sys.stdin.readline()
"""


def test_one_connection_ends_and_its_neighbour_lives(kernel):
    child = kernel.ns.start([sys.executable, "-c", TALK], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == "ready\n"
    connections = list(kernel.seen_sessions())
    assert len(connections) == 4 and all(seen.object.state == "ESTAB" for seen in connections)
    first = min((seen for seen in connections if seen.object.remote_port == 5000), key=lambda seen: seen.object.inode)
    assert kernel.change("socket.destroy", [first]) == [Changed(1)]
    (changed,) = kernel.change("socket.destroy", [first])
    assert (changed.done, changed.failed, len(changed.already)) == (0, (), 1)
    assert kernel.verify([first])[0].gone
    child.stdin.write("\n")
    child.stdin.flush()
    assert child.stdout.readline() == "103\n"  # ECONNABORTED
    assert child.stdout.readline() == "b'y'\n"


def test_flows_go_by_their_exact_tuple_and_not_when_they_are_others(kernel):
    kernel.ns.sh("nft add table t; nft add chain t c '{ type filter hook output priority 0; }'")
    kernel.ns.sh("nft add rule t c ct state new accept")
    child = kernel.ns.start([sys.executable, "-c", TALK], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == "ready\n"
    flows = list(kernel.seen_flows())
    (udp,) = [seen for seen in flows if seen.object.protocol == "udp"]
    assert all(one.same for one in kernel.verify(flows))
    assert kernel.change("flow.del", [udp]) == [Changed(1)]
    assert kernel.verify([udp])[0].gone
    (changed,) = kernel.change("flow.del", [udp])
    assert (changed.done, changed.failed, len(changed.already)) == (0, (), 1)
    left = [seen for seen in flows if seen is not udp]
    assert all(one.same for one in kernel.verify(left))
