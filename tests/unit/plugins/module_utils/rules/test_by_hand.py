# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the worlds cannot make on every kernel: GRE, VRF, dummy, VLAN, raw sockets, crowds. Snapshots made by hand."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import as_json
from ansible_collections.netmend.reclaim.plugins.module_utils.index import FALLBACK_LINKS, Index
from ansible_collections.netmend.reclaim.plugins.module_utils.intent import load
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Address,
    Answer,
    Event,
    EventSource,
    Firewall,
    FirewallChain,
    FirewallMatch,
    FirewallRule,
    Hop,
    Link,
    Neighbour,
    NextHop,
    Process,
    Resolver,
    Route,
    RouteGroup,
    Rule,
    Session,
    Snapshot,
    SourceCheck,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.tally import Tally

LO = Link(1, "lo", loopback=True, up=True, carrier=True)
ETH0 = Link(2, "eth0", up=True, carrier=True, operstate="UP", lladdr="02:00:00:00:00:02")
ETH1 = Link(3, "eth1", up=True, carrier=True, operstate="UP", lladdr="02:00:00:00:00:03")
GRE = Link(7, "doublezero0", "gre", up=True, carrier=True, local="192.0.2.1", remote="203.0.113.9", lladdr="192.0.2.1")
VRF = Link(8, "blue", "vrf", up=True, carrier=True, operstate="UP", vrf_table=10, lladdr="02:00:00:00:00:08")
HELD = Address(4, 2, "192.0.2.1", 24)
REFUSED = Answer("ENETUNREACH")


def refuse(queries):
    return [REFUSED for _query in queries]


def reach(queries):
    """Every destination is directly on the link that was asked for, or on eth0."""
    return [_direct(query) for query in queries]


def _direct(query):
    route = Route(6 if ":" in query.to else 4, query.to, hops=(Hop(query.interface or 2),))
    return Answer(None, route, route)


def run(rule, *, groups=(), sessions=(), ask=reach, intent=None, holders=lambda inodes: {}, **tables):
    snapshot = Snapshot(**dict({"links": (LO, ETH0, ETH1), "addresses": (HELD,)}, **tables))
    check = CHECKS[rule](Index(snapshot), ask, load(intent or {}), holders)
    for group in groups:
        check.routes(group)
    for session in sessions:
        check.session(session)
    return list(check.conclude())


def group(*hops, count=1, samples=("198.51.100.0/24",), before=None, **fields):
    template = Route(**dict({"family": 4, "dst": None, "hops": hops, "proto": "static"}, **fields))
    return RouteGroup(template, count, samples, before)


def socket(local="192.0.2.9", remote="198.51.100.1", **fields):
    values = {"family": 4, "protocol": "udp", "local": local, "local_port": 5000, "remote": remote, "inode": 77}
    return Session(**dict(values, remote_port=53 if remote else 0, state="ESTAB" if remote else "UNCONN", **fields))


# Tunnels -------------------------------------------------------------------------------------------------------------


def test_a_gre_tunnel_with_operstate_unknown_is_healthy() -> None:
    tables = {"links": (LO, ETH0, GRE), "addresses": (HELD, Address(4, 7, "169.254.0.1", 31))}
    over = [group(Hop(7, "169.254.0.0"), proto="bgp", count=1000)]
    for rule in ("RC202", "RC401", "RC402", "RC403", "RC407"):
        assert run(rule, groups=over, **tables) == [], rule


def test_a_gre_tunnel_whose_underlay_address_left() -> None:
    (found,) = run("RC403", links=(LO, ETH0, GRE), addresses=(), ask=refuse)
    assert found.selector == {"interface": "doublezero0", "local": "192.0.2.1", "remote": "203.0.113.9"}
    assert found.details["cause"] == "source-not-local"
    assert any(item.command == "ip route get 203.0.113.9 from 192.0.2.1" for item in found.evidence)


def test_a_gre_tunnel_takes_any_gateway() -> None:
    """A tunnel has no neighbours: a gateway off its subnet is as good as any."""
    off = [group(Hop(7, "10.9.9.9"))]
    for rule in ("RC202", "RC407"):
        assert run(rule, groups=off, ask=refuse, links=(LO, ETH0, GRE)) == []


@pytest.mark.parametrize("name", sorted(FALLBACK_LINKS))
def test_the_kernels_fallback_devices_are_never_a_finding(name) -> None:
    for link in (
        Link(9, name, "gre", local="10.0.0.1", remote="10.0.0.2"),
        Link(9, name, "gre", up=True, operstate="DOWN", local="10.0.0.1", remote="10.0.0.2"),
    ):
        tables = {"links": (LO, link), "addresses": (Address(4, 9, "10.9.9.1", 24),)}
        tables["rules"] = (Rule(4, 100, table=100, iif=name),)
        over = [group(Hop(9))]
        for rule in ("RC401", "RC402", "RC403"):
            assert run(rule, groups=over, ask=refuse, **tables) == [], rule


# VRF, dummy, VLAN ----------------------------------------------------------------------------------------------------


def test_the_table_of_a_vrf_is_reached_and_is_not_empty() -> None:
    rules = (Rule(4, 1000, l3mdev=True, proto="kernel"), Rule(4, 32766, table=254, proto="kernel"))
    tables = {"links": (LO, ETH0, VRF), "rules": rules}
    assert run("RC204", groups=[group(Hop(2), table=10, count=50)], **tables) == []
    assert run("RC301", links=tables["links"], rules=(*rules, Rule(4, 900, table=10))) == []
    (found,) = run("RC204", groups=[group(Hop(2), table=11, count=50)], **tables)
    assert found.selector == {"family": 4, "table": 11}


def test_the_same_subnet_in_two_vrfs_is_no_clash() -> None:
    red = dataclasses.replace(VRF, ifindex=9, name="red", vrf_table=11)
    links = (LO, dataclasses.replace(ETH0, master=8), dataclasses.replace(ETH1, master=9), VRF, red)
    addresses = (HELD, Address(4, 3, "192.0.2.2", 24))
    assert run("RC406", links=links, addresses=addresses) == []
    links = (LO, dataclasses.replace(ETH0, master=8), dataclasses.replace(ETH1, master=8), VRF, red)
    (found,) = run("RC406", links=links, addresses=addresses, ask=lambda asked: [_direct(asked[0]) for _query in asked])
    assert found.selector["interfaces"] == ["eth0", "eth1"]


def test_a_vlan_that_went_down_with_its_parent() -> None:
    links = (LO, dataclasses.replace(ETH0, up=False), Link(5, "eth0.7", "vlan", parent=2))
    found = run("RC401", links=links, addresses=(Address(4, 5, "192.0.2.1", 24),))
    assert [(each.selector["interface"], each.severity) for each in found] == [("eth0", "high"), ("eth0.7", "low")]


def test_a_dummy_that_is_down_with_an_address_has_nothing_to_lose() -> None:
    links = (LO, Link(5, "kube-ipvs0", "dummy"))
    assert run("RC401", links=links, addresses=(Address(4, 5, "10.96.0.1", 32),)) == []


# Sockets -------------------------------------------------------------------------------------------------------------


def test_a_raw_socket_that_is_bound_to_an_address_that_left() -> None:
    holders = {77: (Process(1, "systemd"), Process(400, "ospfd"))}
    raw = socket(remote=None, protocol="raw", unit="frr.service")
    (found,) = run("RC101", sessions=[raw], ask=refuse, holders=lambda inodes: holders)
    assert found.severity == "medium" and found.selector["process"] == "ospfd"
    assert found.owner is not None and found.owner.process == Process(400, "ospfd")
    assert [(step.op, step.command) for step in found.remedy] == [("owner.restart", "systemctl restart frr.service")]


@pytest.mark.parametrize("state", ["TIME-WAIT", "FIN-WAIT-2", "LAST-ACK", "CLOSING"])
def test_sockets_that_close_by_themselves(state) -> None:
    closing = dataclasses.replace(socket(protocol="tcp"), state=state)
    for rule in ("RC101", "RC103", "RC104"):
        assert run(rule, sessions=[closing, dataclasses.replace(closing, inode=0)], ask=refuse) == []


@pytest.mark.parametrize(
    ("unit", "ops"),
    [
        ("sshd.service", ["owner.restart"]),
        ("session-3.scope", ["socket.destroy"]),
        ("user@1000.service", ["socket.destroy"]),
        ("user@1000.service/evil.service", ["socket.destroy"]),
        (None, ["socket.destroy"]),
    ],
)
def test_what_mends_a_tcp_connection(unit, ops) -> None:
    (found,) = run("RC101", sessions=[socket(protocol="tcp", unit=unit)], ask=refuse)
    assert [step.op for step in found.remedy] == ops


def test_a_udp_socket_is_never_destroyed() -> None:
    (found,) = run("RC101", sessions=[socket()], ask=refuse)
    assert found.remedy == () and "does not end it" in found.advice


def test_the_address_came_back_while_the_sockets_were_read() -> None:
    assert run("RC101", sessions=[socket()], ask=reach) == []


def test_sockets_of_two_programs_are_two_findings() -> None:
    sessions = [dataclasses.replace(socket(), inode=inode) for inode in (71, 72, 73)]
    holders = {71: (Process(10, "ntpd"),), 72: (Process(11, "named"),), 73: (Process(12, "named"),)}
    found = run("RC101", sessions=sessions, ask=refuse, holders=lambda inodes: holders)
    assert sorted((each.selector["process"], each.count) for each in found) == [("named", 2), ("ntpd", 1)]


def test_a_users_systemd_and_the_hosts_are_told_together_where_nothing_else_tells_them_apart() -> None:
    sessions = [dataclasses.replace(socket(), inode=inode) for inode in (71, 72)]
    holders = {71: (Process(1, "systemd"),), 72: (Process(900, "systemd"),)}
    (found,) = run("RC101", sessions=sessions, ask=refuse, holders=lambda inodes: holders)
    assert found.selector["process"] == "systemd" and found.count == 2


def test_a_mark_that_could_not_be_seen_makes_it_a_hint() -> None:
    def ask(queries):
        return [_direct(query) if query.mark == 16 else REFUSED for query in queries]

    rules = (Rule(4, 100, mark=16, table=100), Rule(4, 32766, table=254))
    (found,) = run("RC103", sessions=[socket("192.0.2.1")], ask=ask, rules=rules)
    assert (found.severity, found.confidence) == ("low", "hint") and "0x10" in found.cause
    (found,) = run("RC103", sessions=[socket("192.0.2.1")], ask=refuse, rules=rules)
    assert (found.severity, found.confidence) == ("high", "proven")


def test_ports_and_users_are_asked_about_where_rules_look_at_them() -> None:
    asked = []

    def ask(queries):
        asked.extend(queries)
        return reach(queries)

    session = socket("192.0.2.1", uid=1000)
    assert run("RC103", sessions=[session], ask=ask) == []
    rules = (Rule(4, 100, dport=(53, 53), uid_range=(1000, 1999), table=100),)
    assert run("RC103", sessions=[session], ask=ask, rules=rules) == []
    assert [(query.protocol, query.sport, query.port, query.uid) for query in asked] == [
        (None, None, None, None),
        ("udp", 5000, 53, 1000),
    ]


def test_hostile_names_are_cleaned_in_sentences_and_quoted_in_commands() -> None:
    evil = Link(5, "a;rm -rf", up=False)
    (found,) = run("RC401", links=(LO, evil), addresses=(Address(4, 5, "192.0.2.5", 24),))
    assert found.remedy[0].command == "ip link set dev 'a;rm -rf' up"
    holders = {77: (Process(9, "x\x1b[31m\n"),)}
    (found,) = run("RC101", sessions=[socket()], ask=refuse, holders=lambda inodes: holders)
    assert "\x1b" not in found.cause and "\n" not in found.cause and "x\\x1b[31m\\n" in found.cause


# Crowds --------------------------------------------------------------------------------------------------------------


def test_a_hundred_thousand_routes_are_one_finding() -> None:
    dead = [group(Hop(2, "192.0.2.254"), count=50000, samples=("10.0.0.0/24",)) for _piece in range(2)]
    links = (LO, dataclasses.replace(ETH0, carrier=False, operstate="DOWN"))
    (found,) = run("RC202", groups=dead, links=links)
    assert found.count == 100000


def test_too_many_distinct_sources_end_in_one_finding_for_the_rest() -> None:
    sessions = [
        dataclasses.replace(socket("10.%d.%d.9" % divmod(number, 250)), inode=number + 1) for number in range(3000)
    ]
    found = run("RC101", sessions=sessions, ask=refuse)
    assert len(found) <= 201
    (rest,) = [each for each in found if each.selector == {"others": True}]
    assert sum(each.count for each in found) == 3000 and rest.confidence == "hint"


def test_questions_have_a_budget() -> None:
    asked = []

    def ask(queries):
        asked.extend(queries)
        return [REFUSED for _query in queries]

    neighbours = tuple(Neighbour(4, 2, "10.%d.%d.9" % divmod(number, 250), state="PERMANENT") for number in range(9000))
    (found,) = run("RC408", neighbours=neighbours, ask=ask)
    assert len(asked) == len(set(asked)) <= 4096 and found.count == len(asked)
    assert len(found.samples) <= 20 and len(as_json(found)["remedy"]) == 20
    assert len(found.remedy) == found.count == 20 + as_json(found)["remedy_omitted"]


def test_a_tally_keeps_little_and_counts_all() -> None:
    tally: Tally[int, int] = Tally(groups=3, kept=2)
    for number in range(100):
        tally.add(number % 10, number)
    assert [(key, each.count, each.items) for key, each in tally] == [
        (0, 10, [0, 10]),
        (1, 10, [1, 11]),
        (2, 10, [2, 12]),
    ]
    assert (tally.others.count, len(tally.others.items)) == (70, 2)


# Next hops -----------------------------------------------------------------------------------------------------------


def test_a_seg6local_route_may_reach_any_table() -> None:
    lonely = group(Hop(2), table=100)
    (found,) = run("RC204", groups=[lonely])
    assert found.confidence == "strong"
    (found,) = run("RC204", groups=[lonely, group(Hop(2, encap="seg6local"), family=6)])
    assert found.confidence == "hint"


def test_nexthops_of_the_kernel_and_of_bridges_are_left_alone() -> None:
    nexthops = (
        NextHop(1, 4, fdb=True),
        NextHop(2, 4, ifindex=2, proto="kernel"),
        NextHop(3, 4, ifindex=2, proto="zebra"),
    )
    (found,) = run("RC208", nexthops=nexthops)
    assert found.selector == {"proto": "zebra", "interface": "eth0"} and found.samples == ("id 3",)


# Resolvers -----------------------------------------------------------------------------------------------------------

STUB = Resolver("127.0.0.53", path="/etc/resolv.conf", line=1, stub=True)


def translating(**match):
    """A firewall with one rule in a chain that translates what the host sends."""
    one = FirewallRule(1, "dnat", (FirewallMatch("dport", **match),), "unknown")
    return Firewall((FirewallChain("ip", "nat", "OUTPUT", "nft", type="nat", hook="output", rules=(one,)),))


@pytest.mark.parametrize(
    ("match", "causes"),
    [
        ({"fields": ("dport",), "values": (((53, 53),),)}, []),
        ({"fields": ("daddr", "dport"), "values": (((0, 9), (1, 65535)),)}, []),
        ({"fields": ("dport",), "set": "names"}, []),
        ({"fields": ("dport",), "values": (((80, 80),),)}, ["nobody-listens"]),
        ({"fields": ("dport",), "values": (((53, 53),),), "negated": True}, ["nobody-listens"]),
        ({"fields": ("oifname",), "values": ((("lo", "lo"),),)}, ["nobody-listens"]),
    ],
)
def test_a_stub_that_the_firewall_may_redirect(match, causes) -> None:
    found = run("RC601", resolvers=(STUB,), firewall=translating(**match))
    assert [finding.details["cause"] for finding in found] == causes


def test_a_load_balancers_address_on_a_dummy_link() -> None:
    ipvs = Link(9, "kube-ipvs0", "dummy")
    names = Resolver("10.96.0.10", path="/etc/resolv.conf", line=1)
    held = Address(4, 9, "10.96.0.10", 32)
    assert run("RC601", resolvers=(names,), links=(LO, ETH0, ipvs), addresses=(HELD, held)) == []
    held = Address(4, 2, "10.96.0.10", 32)
    (finding,) = run("RC601", resolvers=(names,), links=(LO, ETH0, ipvs), addresses=(HELD, held))
    assert finding.details["cause"] == "nobody-listens"


def test_a_stub_of_the_host_named_in_another_namespace() -> None:
    (finding,) = run("RC601", resolvers=(STUB,), netns="blue")
    assert "/etc/netns/blue/resolv.conf" in finding.advice
    assert finding.evidence[-1].command == "ip netns exec blue ss -uln sport = :53"


# Source checks -------------------------------------------------------------------------------------------------------

ON_ETH1 = Address(4, 3, "198.51.100.1", 24)
STRICT = (SourceCheck("all", 0, 0), SourceCheck("eth0", 0, 0), SourceCheck("eth1", 1, 1))
RISING = Event("EXDEV", EventSource("counter", path="/proc/net/netstat", counter="TcpExt IPReversePathFilter"), count=3)


def strictly(queries):
    """What comes in by eth1 is refused; what is sent leaves by the link that was asked for, or by eth0."""
    return [Answer("EXDEV") if query.iif == 3 else _direct(query) for query in queries]


def dropped(*sessions, ask=strictly, **tables):
    tables = dict({"addresses": (HELD, ON_ETH1), "rp_filter": STRICT}, **tables)
    return run("RC503", sessions=sessions, ask=ask, **tables)


def bound(**fields):
    return dataclasses.replace(socket("198.51.100.1", "203.0.113.9", ifindex=3), **fields)


def test_a_raw_socket_is_not_answered_either() -> None:
    (finding,) = dropped(bound(protocol="raw", local_port=1, remote_port=0))
    assert (finding.confidence, finding.selector["interface"]) == ("strong", "eth1")


def test_an_established_connection_counts_while_the_kernel_counts() -> None:
    session = bound(protocol="tcp", state="ESTAB")
    assert dropped(session) == []
    (finding,) = dropped(session, events=(RISING,))
    assert finding.confidence == "strong" and any("counter" in item.source for item in finding.evidence)


@pytest.mark.parametrize(
    "links",
    [
        (LO, ETH0, dataclasses.replace(ETH1, master=8), VRF),
        (LO, ETH0, dataclasses.replace(ETH1, kind="xfrm")),
        (LO, ETH0, dataclasses.replace(ETH1, up=False)),
        (LO, ETH0, dataclasses.replace(ETH1, loopback=True)),
    ],
)
def test_links_that_are_looked_up_otherwise_are_left_out(links) -> None:
    assert dropped(bound(), links=links) == []


def test_what_the_kernel_was_not_asked_or_takes_is_no_finding() -> None:
    assert dropped(bound(), rp_filter=()) == []
    assert dropped(bound(), ask=reach) == []
    # Refused, but not for the way back, which is not known then.
    assert (
        dropped(
            bound(), ask=lambda queries: [Answer("EINVAL") if q.iif or not q.interface else _direct(q) for q in queries]
        )
        == []
    )


def test_many_flows_of_one_link_are_one_finding() -> None:
    (finding,) = dropped(*[bound(remote="203.0.113.%d" % (number % 250), remote_port=number) for number in range(9000)])
    assert finding.count == 9000 and len(finding.samples) == 20 and len(finding.remedy) == 1


def test_a_name_that_sysctl_cannot_spell_has_no_remedy() -> None:
    link = dataclasses.replace(ETH1, name="\udcff")
    (finding,) = dropped(bound(), links=(LO, ETH0, link), rp_filter=(*STRICT[:2], SourceCheck("\udcff", 1, 1)))
    assert finding.remedy == () and "set the link's rp_filter to 2" in finding.advice
