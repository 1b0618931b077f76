# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause, sentence and chain for one answer of the kernel after another."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Address,
    Answer,
    Hop,
    Link,
    Neighbour,
    Query,
    Route,
    Rule,
    Snapshot,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.reach import CAUSES, Reach, explain

ETHERNET = "02:00:00:00:00:01"
LINKS = (
    Link(1, "lo", loopback=True, up=True, carrier=True),
    Link(2, "eth0", up=True, carrier=True, lladdr=ETHERNET),
    Link(3, "eth1", up=False, lladdr=ETHERNET),
    Link(4, "eth2", up=True, carrier=False, lladdr=ETHERNET),
    Link(5, "gre1", kind="gre", up=True, carrier=True, lladdr="192.0.2.1"),
)
DEFAULT_RULES = tuple(
    Rule(family, priority, table=table)
    for family in (4, 6)
    for priority, table in ((0, 255), (32766, 254), (32767, 253))
)
SNAPSHOT = Snapshot(
    links=LINKS,
    addresses=(
        Address(4, 2, "192.0.2.1", 24),
        Address(6, 2, "2001:db8::1", 64),
        Address(6, 2, "2001:db8::7", 64, flags=("dadfailed", "tentative")),
        Address(6, 2, "2001:db8::8", 64, flags=("optimistic", "tentative")),
        Address(6, 2, "fe80::1", 64),
    ),
    rules=DEFAULT_RULES,
    neighbours=(Neighbour(4, 2, "192.0.2.9", state="FAILED"), Neighbour(4, 2, "192.0.2.8", ETHERNET, "REACHABLE")),
    local=("192.0.2.1/32", "198.51.100.0/24"),
)
MATCH = Route(4, "203.0.113.0/24", hops=(Hop(2, "192.0.2.8"),), proto="bgp")


def told(query: Query, answer: Answer, covering: t.Sequence[Route] = (), **changed: t.Any) -> Reach:
    reach = explain(Index(dataclasses.replace(SNAPSHOT, **changed)), query, answer, covering)
    assert reach.cause in CAUSES
    assert reach.reachable is (reach.errno is None)
    assert reach.chain or reach.cause == "refused"
    return reach


def sent(hop: Hop, match: Route | None = None, **route: t.Any) -> Answer:
    return Answer(None, Route(4, "203.0.113.5/32", hops=(hop,), **route), match)


def kinds(reach: Reach) -> t.Dict[str, bool]:
    return {link.kind: link.ok for link in reach.chain}


def test_a_flow_that_gets_out_shows_the_whole_chain() -> None:
    query = Query("203.0.113.5", source="192.0.2.1")
    reach = told(query, sent(Hop(2, "192.0.2.8"), MATCH))
    assert reach.cause == "ok"
    assert list(kinds(reach)) == ["rule", "table", "route", "nexthop", "neighbour", "link", "source"]
    assert all(link.ok for link in reach.chain)
    assert [link.command for link in reach.chain] == [
        "ip -4 rule show",
        "ip -4 route show table main match 203.0.113.5",
        "ip -4 route get 203.0.113.5 from 192.0.2.1",
        "ip -4 route get 203.0.113.5 from 192.0.2.1",
        "ip -4 neigh show to 192.0.2.8 dev eth0",
        "ip -d link show dev eth0",
        "ip -4 route show table local type local match 192.0.2.1",
    ]


def test_the_question_is_spelled_out_with_all_that_was_asked() -> None:
    query = Query("203.0.113.5", "192.0.2.1", 2, protocol="udp", sport=7, port=53, mark=0x10, uid=5, tos=0x10)
    (route,) = [link for link in told(query, sent(Hop(2), MATCH), netns="vpn 1").chain if link.kind == "route"]
    assert route.command == (
        "ip -n 'vpn 1' -4 route get 203.0.113.5 from 192.0.2.1 oif eth0 mark 0x10 uid 5 tos 0x10 ipproto udp sport 7 dport 53"
    )


@pytest.mark.parametrize(
    ("hop", "cause", "broken"),
    [
        (Hop(4), "link-no-carrier", "link"),
        (Hop(3), "link-down", "link"),
        (Hop(2, "192.0.2.9"), "neighbour-failed", "neighbour"),
    ],
)
def test_a_send_that_succeeds_and_goes_nowhere(hop: Hop, cause: str, broken: str) -> None:
    reach = told(Query("203.0.113.5"), sent(hop, dataclasses.replace(MATCH, hops=(hop,))))
    assert (reach.cause, reach.errno) == (cause, None)
    assert reach.explanation.startswith("The send succeeds, but ")
    assert [kind for kind, ok in kinds(reach).items() if not ok] == [broken]


def test_a_tunnel_has_no_neighbours() -> None:
    assert "neighbour" not in kinds(
        told(Query("203.0.113.5"), sent(Hop(5), dataclasses.replace(MATCH, hops=(Hop(5),))))
    )


def test_on_link_is_assumed_only_with_an_interface_and_without_a_match() -> None:
    query = Query("203.0.113.5", interface=2)
    assert told(query, sent(Hop(2))).cause == "on-link-assumed"
    assert told(query, sent(Hop(2), MATCH)).cause == "ok"
    six = Answer(None, Route(6, "2001:db8::2/128", hops=(Hop(2),)))
    assert told(Query("2001:db8::2", interface=2), six).cause == "ok"


@pytest.mark.parametrize("interface", [None, 2, 3, 99])
@pytest.mark.parametrize("errno", ["ENETUNREACH", "EINVAL", "EACCES"])
def test_the_source_comes_before_everything_else(interface: int | None, errno: str) -> None:
    """Whatever rules, routes and links say: a source that is not local is told as just that."""
    covering = [Route(4, "203.0.113.0/24", type="prohibit"), Route(4, "203.0.113.0/24", type="throw")]
    rules = (Rule(4, 1, "unreachable"), *DEFAULT_RULES)
    reach = told(Query("203.0.113.5", "192.0.2.77", interface), Answer(errno), covering, rules=rules)
    assert (reach.cause, reach.errno) == ("source-not-local", errno)
    assert "adding a route will not help" in reach.explanation
    assert {"rule", "table", "route"}.isdisjoint(kinds(reach))
    assert kinds(reach)["source"] is False


@pytest.mark.parametrize(
    ("source", "interface", "cause"),
    [
        ("192.0.2.1", None, "no-route"),
        ("198.51.100.7", None, "no-route"),  # AnyIP
        ("0.0.0.0", None, "no-route"),
        ("192.0.2.2", None, "source-not-local"),
        ("2001:db8::1", None, "no-route"),
        ("2001:db8::2", None, "source-not-local"),
        ("2001:db8::7", None, "source-tentative"),
        ("2001:db8::8", None, "no-route"),  # optimistic
        ("fe80::1", 2, "no-route"),
        ("fe80::1", 4, "source-not-local"),
        ("fe80::1", None, "source-needs-interface"),
    ],
)
def test_what_is_local(source: str, interface: int | None, cause: str) -> None:
    to = "2001:db8:5::5" if ":" in source else "203.0.113.5"
    errno = "EINVAL" if cause != "no-route" and ":" in source else "ENETUNREACH"
    assert told(Query(to, source, interface), Answer(errno)).cause == cause


def test_ipv6_refuses_a_source_with_einval_and_takes_anycast_addresses() -> None:
    assert told(Query("2001:db8:5::5", "2001:db8::"), Answer("ENETUNREACH")).cause == "no-route"


def test_ipv6_does_not_take_a_local_route_for_an_address_and_nonlocal_bind_is_its_only() -> None:
    query, answer = Query("2001:db8:5::5", "2001:db8:aa::1"), Answer("EINVAL")
    assert told(query, answer, local=("2001:db8:aa::1/128",)).cause == "source-not-local"
    assert told(query, answer, nonlocal_bind=(6,)).cause == "route-blackhole"
    assert (
        told(Query("203.0.113.5", "192.0.2.77"), Answer("ENETUNREACH"), nonlocal_bind=(4,)).cause == "source-not-local"
    )


def test_the_device() -> None:
    assert told(Query("203.0.113.5", interface=99), Answer("ENODEV")).cause == "device-gone"
    named = explain(Index(SNAPSHOT), Query("203.0.113.5", interface=99), Answer("ENODEV"), interface="tun;0")
    assert "tun;0 does not exist" in named.explanation
    assert named.chain[0].command == "ip -d link show dev 'tun;0'"
    assert told(Query("203.0.113.5", interface=3), Answer("ENETUNREACH")).cause == "link-down"
    assert told(Query("203.0.113.5", interface=2), Answer("ENETUNREACH")).cause == "link-no-ipv4"
    assert told(Query("2001:db8:5::5", interface=2), Answer("ENETUNREACH")).cause == "no-route"


@pytest.mark.parametrize(
    ("kind", "errno"), [("unreachable", "EHOSTUNREACH"), ("blackhole", "EINVAL"), ("prohibit", "EACCES")]
)
def test_a_route_that_refuses(kind: str, errno: str) -> None:
    covering = [Route(4, "203.0.113.0/24", type=kind), Route(4, "203.0.0.0/16", type="throw")]
    reach = told(Query("203.0.113.5"), Answer(errno), covering)
    assert reach.cause == "route-" + kind
    assert "203.0.113.0/24" in reach.explanation and "main" in reach.explanation
    assert kinds(reach)["route"] is False
    # Without the covering routes the errno alone still says what kind it was.
    assert told(Query("203.0.113.5"), Answer(errno)).cause == "route-" + kind


@pytest.mark.parametrize(
    ("action", "errno"), [("unreachable", "ENETUNREACH"), ("blackhole", "EINVAL"), ("prohibit", "EACCES")]
)
def test_a_rule_that_refuses(action: str, errno: str) -> None:
    rule = Rule(4, 100, action, dst="203.0.113.0/24")
    reach = told(Query("203.0.113.5"), Answer(errno), rules=(rule, *DEFAULT_RULES))
    assert reach.cause == "rule-" + action
    assert '"100: from all to 203.0.113.0/24 %s"' % action in reach.explanation
    assert kinds(reach) == {"rule": False}
    # The same errno from a route that stands before the rule is the route's.
    covering = [Route(4, "203.0.113.5/32", table=255, type=action)]
    if action != "unreachable":
        rules = (*DEFAULT_RULES[:1], rule)
        assert told(Query("203.0.113.5"), Answer(errno), covering, rules=rules).cause == "route-" + action


def test_routes_that_cannot_have_decided_are_not_blamed() -> None:
    to = "2001:db8:5::5"
    elsewhere = Route(6, "2001:db8:5::/48", type="prohibit", src="2001:db8:77::/48")
    assert kinds(told(Query(to, "2001:db8::1"), Answer("EACCES"), [elsewhere])) == {"route": False, "source": True}
    assert "table" in kinds(
        told(Query(to, "2001:db8::1"), Answer("EACCES"), [dataclasses.replace(elsewhere, src=None)])
    )
    dead = Route(6, "2001:db8:5::/48", hops=(Hop(4, flags=("dead",)),))
    assert told(Query(to, interface=2), Answer("ENETUNREACH"), [dead]).cause == "no-route"
    assert told(Query(to, interface=4), Answer("ENETUNREACH"), [dead]).cause == "nexthop-dead"
    blackhole = Route(6, "2001:db8:5::/48", type="blackhole", nhid=6, hops=(Hop(1),))
    assert "table" in kinds(told(Query(to, interface=2), Answer("EINVAL"), [blackhole]))


def test_the_longest_covering_route_counts_and_then_the_best_metric() -> None:
    covering = [Route(4, "0.0.0.0/0", type="blackhole", metric=20), Route(4, "0.0.0.0/0", type="prohibit", metric=10)]
    assert "prohibit default" in told(Query("203.0.113.5"), Answer("EACCES"), covering).explanation

    covering = [Route(4, "0.0.0.0/0", type="prohibit"), Route(4, "203.0.113.5/32", type="throw")]
    assert told(Query("203.0.113.5"), Answer("ENETUNREACH"), covering).cause == "route-throw"


def test_a_dead_next_hop_and_no_route() -> None:
    dead = Route(4, "203.0.113.0/24", hops=(Hop(4, "198.51.100.9", flags=("dead", "linkdown")),))
    reach = told(Query("203.0.113.5"), Answer("ENETUNREACH"), [dead])
    assert reach.cause == "nexthop-dead"
    assert kinds(reach)["nexthop"] is False
    reach = told(Query("203.0.113.5"), Answer("ENETUNREACH"))
    assert reach.cause == "no-route"
    assert kinds(reach) == {"rule": False, "table": False}


@pytest.mark.parametrize(
    ("to", "protocol", "errno", "match", "cause"),
    [
        ("192.0.2.255", "udp", "EACCES", "broadcast", "broadcast-not-allowed"),
        ("255.255.255.255", "udp", "EACCES", None, "broadcast-not-allowed"),
        ("192.0.2.255", "tcp", "ENETUNREACH", "broadcast", "not-unicast"),
        ("239.1.1.1", "tcp", "ENETUNREACH", None, "not-unicast"),
        ("239.1.1.1", "udp", "ENETUNREACH", None, "no-route"),
        ("203.0.113.5", "udp", "EACCES", None, "route-prohibit"),
        ("203.0.113.5", "tcp", "ENETUNREACH", None, "no-route"),
        ("2001:db8:5::5", "udp", "EADDRNOTAVAIL", None, "no-source-address"),
    ],
)
def test_what_a_send_meets_after_the_lookup(to: str, protocol: str, errno: str, match: str | None, cause: str) -> None:
    found = dataclasses.replace(MATCH, dst="%s/32" % to, type=match, table=255) if match else None
    reach = told(Query(to, protocol=protocol), Answer(errno, None, found))
    assert (reach.cause, reach.errno) == (cause, errno)
    assert ("rule" in kinds(reach)) is (found is not None or cause == "no-route")


def test_other_errnos() -> None:
    assert told(Query("203.0.113.5", "127.0.0.1"), Answer("EINVAL"), local=("127.0.0.0/8",)).cause == "source-loopback"
    assert told(Query("203.0.113.5"), Answer("ENOMEM")).cause == "refused"


def test_an_ipv6_match_that_is_not_what_the_packet_takes_is_not_believed() -> None:
    match = Route(6, "2001:db8:5::/48", hops=(Hop(4),), table=100)
    answer = Answer(None, Route(6, "2001:db8:5::5/128", hops=(Hop(2),)), match)
    assert "2001:db8:5::/48" not in " ".join(link.text for link in told(Query("2001:db8:5::5"), answer).chain)


def test_names_are_quoted_in_commands_and_escaped_in_sentences() -> None:
    name = "$(id)\x1b[1m"
    reach = told(Query("203.0.113.5", interface=9), Answer("ENETUNREACH"), links=(Link(9, name),))
    assert "\x1b" not in reach.explanation
    assert reach.chain[-1].command == "ip -d link show dev '%s'" % name
