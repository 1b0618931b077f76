# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rehearsal on the real kernel: what a plan would lose is named, what it would not is not, and nothing is left."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.child import Failed, in_child
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Query, Seen
from ansible_collections.netmend.reclaim.plugins.module_utils.rehearsal import destinations
from ansible_collections.netmend.reclaim.plugins.module_utils.rehearsal.run import Rehearsal, rehearse

LINKS = (
    "for link in va vb vc vd; do"
    "  ip link add $link type veth peer name ${link}p; ip link set $link up addrgenmode none; ip link set ${link}p up;"
    "done; ip link set vcp down; ip link set vd down"
)
WORLD4 = """
address add 192.0.2.1/24 dev va
address add 192.0.2.5/32 dev va
address add 198.51.100.1/24 dev vb
address add 203.0.113.1/24 dev vc
route add default via 192.0.2.254
route add 10.1.0.0/16 via 198.51.100.254 metric 100
route add 10.1.0.0/16 via 192.0.2.254 metric 200
route add 10.2.0.0/16 nexthop via 192.0.2.253 dev va weight 2 nexthop via 198.51.100.253 dev vb
route add blackhole 10.3.0.0/16
route add 10.3.7.0/24 dev va
route add 10.6.0.0/16 via 192.0.2.254 table 100
rule add pref 100 to 10.6.0.0/16 lookup 100
rule add pref 101 fwmark 0x10 lookup 101
rule add pref 102 from 192.0.2.5 lookup 102
rule add pref 103 iif va prohibit
route add default via 198.51.100.254 table 101
route add 10.7.0.0/16 via 192.0.2.254 src 192.0.2.5 table 102
route add local 192.0.2.200 dev lo
route add 10.12.0.0/16 via 192.0.2.254 src 192.0.2.200
route add 10.8.0.0/16 via 172.16.0.1 dev vb onlink
route add 10.9.0.0/16 via 203.0.113.9
route append 10.11.0.0/16 via 192.0.2.11
route append 10.11.0.0/16 via 192.0.2.12
"""
NEXTHOPS = (
    "ip nexthop add id 7 via 192.0.2.9 dev va; ip nexthop add id 8 via 198.51.100.9 dev vb;"
    "ip nexthop add id 5 group 7/8; ip route add 10.4.0.0/16 nhid 7; ip route add 10.5.0.0/16 nhid 5"
)
WORLD6 = """
address add 2001:db8::1/64 dev va nodad
address add 2001:db8:1::1/64 dev vb nodad
address add fe80::a/64 dev va nodad
address add fe80::b/64 dev vb nodad
route add default via 2001:db8::fe
route add 2001:db8:9::/48 via fe80::1 dev vb
route add 2001:db8:7::/48 via 2001:db8:1::fe table 200
rule add pref 200 to 2001:db8:7::/48 lookup 200
rule add pref 201 from 2001:db8:1::1 prohibit
"""
FAR = (
    Query("8.8.8.8"),
    Query("8.8.8.8", source="192.0.2.1"),
    Query("8.8.8.8", source="192.0.2.200"),
    Query("8.8.8.8", source="192.0.2.77"),
    Query("8.8.8.8", mark=0x10),
    Query("192.0.2.9"),
    Query("10.1.0.1"),
    Query("10.2.0.1"),
    Query("10.3.0.1"),
    Query("10.3.7.1"),
    Query("10.4.0.1"),
    Query("10.5.0.1"),
    Query("10.6.0.1"),
    Query("10.7.0.1", source="192.0.2.5"),
    Query("10.8.0.1"),
    Query("10.9.0.1"),
    Query("10.11.0.1"),
    Query("10.12.0.1"),
    Query("127.0.0.1"),
    Query("192.0.2.1"),
    Query("192.0.2.255"),
    Query("2001:4860::8888"),
    Query("2001:4860::8888", source="2001:db8::1"),
    Query("2001:4860::8888", source="2001:db8:1::1"),
    Query("2001:db8:9::1"),
    Query("2001:db8:7::1"),
    Query("2001:db8::77"),
    Query("::1"),
)


@pytest.fixture
def world(netns):
    ns = netns()
    ns.sh(LINKS)
    ns.batch(WORLD4.strip() + "\n", "-4")
    ns.sh(NEXTHOPS)
    ns.batch(WORLD6.strip() + "\n", "-6")
    ns.until("ip link show va | grep -q LOWER_UP; ip -6 route | grep -q 2001:db8::/64")
    with ns.entered():
        ns.index = {name: number for number, name in socket.if_nameindex()}
    return ns


def seen(kernel: Kernel, kind: str, keep: t.Callable[[t.Any], bool]) -> Seen:
    (found,) = kernel.seen(kind, keep)
    return found


def route(kernel: Kernel, dst: str, **wanted: t.Any) -> Seen:
    (found,) = kernel.seen_routes(dsts=[dst], **wanted)
    return found


def routes(netns: str) -> str:
    shown = [["ip", "-n", netns, *words.split()] for words in ("-4 route show table all", "-6 route show table all")]
    return "".join(subprocess.run(argv, check=True, capture_output=True, text=True).stdout for argv in shown)


def lost(rehearsal: Rehearsal) -> dict[str, str]:
    assert rehearsal.done, rehearsal.why_not
    return {change.query.to: change.after for change in rehearsal.lost}


def test_the_stand_in_answers_as_the_host_does(world):
    before = routes(world.name)
    with Kernel(world.name) as kernel:
        queries = [
            *FAR,
            Query("8.8.8.8", source="8.8.4.4", iif=world.index["va"]),
            Query("10.1.0.1", interface=world.index["vb"]),
        ]
        rehearsal = rehearse(kernel, [], queries)
    assert rehearsal == Rehearsal(True, looked_up=len(queries))
    assert routes(world.name) == before


def test_a_route_that_carries_traffic_is_missed(world):
    with Kernel(world.name) as kernel:
        rehearsal = rehearse(kernel, [("route.del", route(kernel, "0.0.0.0/0", table=254))], FAR)
    assert rehearsal.not_rehearsed == ()
    assert {(change.query.source, change.after) for change in rehearsal.lost} == {
        (None, "ENETUNREACH"), ("192.0.2.1", "ENETUNREACH"), ("192.0.2.200", "ENETUNREACH")
    }  # fmt: skip
    assert {change.query.to for change in rehearsal.lost} == {"8.8.8.8"}
    assert "via 192.0.2.254 dev va" in rehearsal.lost[0].before


def test_a_route_with_another_behind_it_only_moves(world):
    with Kernel(world.name) as kernel:
        (best,) = (one for one in kernel.seen_routes(dsts=["10.1.0.0/16"]) if one.object.metric == 100)
        rehearsal = rehearse(kernel, [("route.del", best)], FAR)
    assert lost(rehearsal) == {}
    ((moved,),) = (rehearsal.moved,)
    assert moved.query == Query("10.1.0.1")
    assert "vb" in moved.before and "dev va" in moved.after


def test_the_second_of_two_routes_that_stand_in_one_place_takes_over(world):
    with Kernel(world.name) as kernel:
        first = next(one for one in kernel.seen_routes(dsts=["10.11.0.0/16"]))
        rehearsal = rehearse(kernel, [("route.del", first)], FAR)
    assert lost(rehearsal) == {}
    assert [(change.query.to, "192.0.2.12" in change.after) for change in rehearsal.moved] == [("10.11.0.1", True)]


@pytest.mark.parametrize(
    ("op", "kind", "keep", "expected"),
    [
        ("rule.del", "rule", lambda rule: rule.family == 4 and rule.priority == 0, ()),
        ("rule.del", "rule", lambda rule: rule.family == 6 and rule.priority == 200, ()),
        ("rule.del", "rule", lambda rule: rule.family == 4 and rule.priority == 101, ()),
        ("nexthop.del", "nexthop", lambda hop: hop.id == 7, ("10.4.0.1",)),
        ("address.del", "address", lambda address: address.address == "192.0.2.5", ("10.7.0.1",)),
        ("link.down", "link", lambda link: link.name == "va", ("192.0.2.9", "2001:4860::8888")),
        ("link.down", "link", lambda link: link.name == "vb", ("10.8.0.1",)),
        ("link.up", "link", lambda link: link.name == "vd", ()),
        ("link.del", "link", lambda link: link.name == "vap", ("192.0.2.9", "8.8.8.8")),
    ],
)
def test_what_other_steps_lose(world, op, kind, keep, expected):
    """Held against the kernel itself: the same step is then taken on the host, and the same questions are asked."""
    with Kernel(world.name) as kernel:
        step = (op, seen(kernel, kind, keep))
        rehearsal = rehearse(kernel, [step], FAR)
        assert rehearsal.not_rehearsed == ()
        before = [answer.errno for answer in kernel.lookup(FAR)]
        assert [one.done for one in kernel.change(op, [step[1]])] == [1]
        after = [answer.errno for answer in kernel.lookup(FAR)]
    really = [query for query, one, other in zip(FAR, before, after) if one is None and other is not None]
    assert [change.query for change in rehearsal.lost] == really
    assert set(expected) <= {change.query.to for change in rehearsal.lost + rehearsal.moved}


def test_a_plan_that_harms_nobody_passes(world):
    world.sh("ip route add 10.50.0.0/16 via 192.0.2.254 src 192.0.2.5 table 150; ip rule add pref 150 lookup 151")
    world.sh("ip addr add 192.0.2.66/32 dev va; ip route add 10.51.0.0/16 via 192.0.2.254 src 192.0.2.66 table 102")
    world.sh("ip addr del 192.0.2.66/32 dev va")
    with Kernel(world.name) as kernel:
        steps = [
            ("rule.del", seen(kernel, "rule", lambda rule: rule.priority == 150)),
            ("route.del", route(kernel, "10.50.0.0/16")),
            ("route.del", route(kernel, "10.51.0.0/16")),
            ("owner.restart", None),
        ]
        rehearsal = rehearse(kernel, steps, [*FAR, Query("10.51.0.1", source="192.0.2.5")])
    assert [change.query.to for change in rehearsal.moved + rehearsal.lost] == ["10.51.0.1"]
    assert rehearsal.not_rehearsed == ("owner.restart: a lookup does not depend on it",)


def test_what_is_added_helps_before_what_is_removed_is_missed(world):
    with Kernel(world.name) as kernel:
        other = route(kernel, "0.0.0.0/0", table=101)
        from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import encode

        added = encode.route(other.object.__class__(**dict(vars(other.object), table=254, metric=50)), "0.0.0.0/0")
        steps = [("route.add", added), ("route.del", route(kernel, "0.0.0.0/0", table=254))]
        rehearsal = rehearse(kernel, steps, FAR)
    assert lost(rehearsal) == {}
    assert {change.query.to for change in rehearsal.moved} == {"8.8.8.8"}
    assert all("198.51.100.254" in change.after for change in rehearsal.moved)


def test_only_routes_that_matter_are_rebuilt(netns):
    ns = netns()
    ns.sh(
        "ip link add va type veth peer name vap; ip link set va up; ip link set vap up; ip addr add 192.0.2.1/24 dev va"
    )
    lines = ["route add 20.%d.%d.0/24 via 192.0.2.254 proto bgp" % (n >> 8, n & 255) for n in range(50000)]
    lines += [
        "route add 30.%d.%d.0/24 via 192.0.2.254 proto static table 300" % (n >> 8, n & 255) for n in range(50000)
    ]
    ns.batch("\n".join(lines) + "\nrule add pref 300 lookup 300\n")
    queries = [Query("20.1.2.3"), Query("30.1.2.3", source="192.0.2.1"), Query("192.0.2.9")]
    with Kernel(ns.name) as kernel:
        (bgp,) = kernel.seen_routes(proto="bgp")
        assert bgp.count == 50000
        rehearsal = rehearse(kernel, [("route.del", bgp)], queries)
        (kept,) = kernel.seen_routes(proto="bgp")
    assert rehearsal.looked_up == 3
    assert rehearsal.not_rehearsed == ()
    assert lost(rehearsal) == {"20.1.2.3": "ENETUNREACH"}
    assert kept.count == 50000


def test_a_route_whose_source_left_is_rebuilt(world):
    world.sh("ip addr add 192.0.2.66/32 dev va; ip route add 10.60.0.0/16 via 192.0.2.254 src 192.0.2.66 table 102")
    world.sh("ip rule add pref 160 to 10.60.0.0/16 lookup 102; ip addr del 192.0.2.66/32 dev va")
    queries = [Query("10.60.0.1"), Query("10.60.0.1", source="192.0.2.66")]
    with Kernel(world.name) as kernel:
        stale = route(kernel, "10.60.0.0/16")
        assert stale.object.prefsrc == "192.0.2.66"
        rehearsal = rehearse(kernel, [("route.del", stale)], queries)
    assert rehearsal.not_rehearsed == ()
    assert [change.query for change in rehearsal.moved] == [queries[0]]


def test_a_gateway_that_fell_off_its_subnet_is_rebuilt(world):
    world.sh("ip addr add 172.20.1.2/16 dev vb; ip route add 10.61.0.0/16 via 172.20.200.1 dev vb")
    world.sh("ip addr add 172.20.1.2/24 dev vb; ip addr del 172.20.1.2/16 dev vb")
    with Kernel(world.name) as kernel:
        rehearsal = rehearse(kernel, [], [Query("10.61.0.1")])
    assert rehearsal == Rehearsal(True, looked_up=1)


def test_a_link_that_is_gone_is_none_of_the_stand_ins(world):
    queries = [Query("8.8.8.8", interface=number) for number in range(3, 40) if number not in world.index.values()]
    assert queries
    with Kernel(world.name) as kernel:
        assert rehearse(kernel, [], queries) == Rehearsal(True, looked_up=len(queries))


def test_what_a_step_does_not_find_is_told(world):
    with Kernel(world.name) as kernel:
        gone = route(kernel, "10.1.0.0/16", oif=world.index["vb"])
        world.sh("ip route del 10.1.0.0/16 metric 100")
        rehearsal = rehearse(kernel, [("route.del", gone)], FAR)
    assert rehearsal.not_rehearsed == ("route.del: 10.1.0.0/16 is not as on the host",)


def test_what_the_stand_in_answers_otherwise_is_told(world):
    """Labels of addresses (ip-addrlabel(8)) are not rebuilt, and decide here on the source that is chosen."""
    world.sh("ip -6 addr add 2001:db8:0:0:5::1/64 dev va nodad; ip addrlabel add prefix 2001:4860::/32 label 50")
    world.sh("ip addrlabel add prefix 2001:db8::1/128 label 50")  # else the newest is taken
    other, far = Query("8.8.8.8"), Query("2001:4860::8888")
    with Kernel(world.name) as kernel:
        rehearsal = rehearse(kernel, [("route.del", route(kernel, "::/0"))], [other, far])
    assert rehearsal.done
    assert rehearsal.looked_up == 1
    (told,) = rehearsal.not_rehearsed
    assert told.startswith("2001:4860::8888: via 2001:db8::fe dev va src 2001:db8::1, ")
    assert "on its stand-in" in told
    assert rehearsal.lost == ()  # nothing is said about it


def test_it_needs_root_and_says_so(world):
    program = (
        "import sys, os, json; sys.path[:0] = os.environ['NETMEND_PATH'].split(os.pathsep)\n"
        "import dataclasses, encodings.ascii, pyroute2  # while the interpreter's own files can be read\n"
        "from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel\n"
        "from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import seen, change, normal\n"
        "from ansible_collections.netmend.reclaim.plugins.module_utils.model import Query\n"
        "from ansible_collections.netmend.reclaim.plugins.module_utils.rehearsal.run import rehearse\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "print(json.dumps(dataclasses.asdict(rehearse(Kernel(), [], [Query(to='192.0.2.2')]))))\n"
    )
    environment = dict(os.environ, NETMEND_PATH=os.pathsep.join(path for path in sys.path if path))
    done = subprocess.run(
        ["ip", "netns", "exec", world.name, sys.executable, "-c", program],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["done"] is False
    assert told["why_not"] == "no network namespace can be made here: Operation not permitted"


def test_live_destinations_are_those_of_the_sockets_and_what_leads_to_them(world):
    with world.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as marked, socket.socket() as listening:
        marked.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0x10)
        marked.bind(("192.0.2.1", 0))
        marked.connect(("10.6.0.9", 53))
        listening.bind(("192.0.2.1", 0))
        listening.listen()
        with Kernel(world.name) as kernel:
            found = destinations.live(kernel, [Query("10.9.0.9")])
            none = destinations.live(kernel, [Query("10.9.0.9")], limit=0)
    live = Query("10.6.0.9", source="192.0.2.1", mark=0x10)
    assert found[0] == Query("10.9.0.9")
    assert live in found and live not in none
    assert not [query for query in found if query.to in ("0.0.0.0", "192.0.2.1")]
    assert {query.to for query in found} >= {"192.0.2.254", "203.0.113.9"}  # the gateways of both


def test_ports_and_users_are_asked_only_where_a_rule_selects_by_them(world):
    with world.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("10.6.0.9", 53))
        port = one.getsockname()[1]
        with Kernel(world.name) as kernel:
            plain = destinations.live(kernel, [])
            world.sh(
                "ip rule add pref 170 ipproto udp dport 53 lookup 100; ip rule add pref 171 uidrange 5-9 lookup 100"
            )
            by_port = destinations.live(kernel, [])
    assert Query("10.6.0.9", source="192.0.2.1") in plain
    exact = Query("10.6.0.9", source="192.0.2.1", protocol="udp", sport=port, port=53, uid=os.getuid())
    assert exact in by_port and exact not in plain


class TestChild:
    def test_it_brings_back_what_was_done(self):
        assert in_child(lambda: {"pid": os.getppid()}, 20) == {"pid": os.getpid()}

    def test_what_it_raises_is_told(self):
        def act():
            raise OSError("in words")

        with pytest.raises(Failed, match="in words"):
            in_child(act, 20)

    def test_one_that_dies_is_told(self):
        with pytest.raises(Failed, match="without a word"):
            in_child(lambda: os._exit(3), 20)

    def test_one_that_hangs_is_ended(self, tmp_path):
        def act():
            (tmp_path / "pid").write_text(str(os.getpid()))
            while True:
                os.sched_yield()

        with pytest.raises(Failed, match="within 1 seconds"):
            in_child(act, 1)
        assert not os.path.exists("/proc/%s" % (tmp_path / "pid").read_text())

    def test_it_dies_with_its_parent(self, tmp_path):
        """A kill -9 of the module leaves no namespace behind."""
        program = (
            "import sys, os, signal; sys.path[:0] = os.environ['NETMEND_PATH'].split(os.pathsep)\n"
            "from ansible_collections.netmend.reclaim.plugins.module_utils.child import in_child\n"
            "parent = os.getpid()\n"
            "def act():\n"
            "    print(os.getpid(), flush=True)\n"
            "    os.kill(parent, signal.SIGKILL)\n"
            "    while True: os.sched_yield()\n"
            "in_child(act, 60)\n"
        )
        environment = dict(os.environ, NETMEND_PATH=os.pathsep.join(path for path in sys.path if path))
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == -9  # and it came to an end: nobody holds its output any more
        assert done.stdout.strip().isdigit()
