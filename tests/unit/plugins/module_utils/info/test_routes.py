# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.info.routes import (
    Filter,
    route_info,
    shown_rule,
    summarised,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Hop, Link, NextHop, Route, RouteGroup, Rule

DEFAULTS = {"gather": ["routes"], "summary": False, "limit": 100, "match": "exact"}
VIA = Route(4, "198.51.100.0/24", proto="bgp", prefsrc="192.0.2.10", hops=(Hop(2, "192.0.2.1"),))
SPREAD = Route(4, "203.0.113.0/24", hops=(Hop(2, "192.0.2.1"), Hop(3, "192.0.2.2", weight=2)))
HOLE = Route(6, "2001:db8::/32", type="blackhole", src="2001:db8:1::/48")


class Port:
    """The two large reads of the kernel port over a list of routes; the kernel's own filters are noted, not applied."""

    def __init__(self, routes, rules=(), nexthops=()):
        self._routes, self._rules, self._nexthops = routes, rules, nexthops
        self.asked = []

    def links(self):
        return (Link(2, "eth0"), Link(3, "eth1"))

    def rules(self):
        return self._rules

    def nexthops(self):
        return self._nexthops

    def routes(self, **wanted):
        self.asked.append(wanted)
        return iter(self._routes)

    def route_groups(self, samples, **wanted):
        self.asked.append(wanted)
        return (RouteGroup(dataclasses.replace(route, dst=None), 1, (route.dst,)) for route in self._routes)


def ifindex_of(name):
    return {"eth0": 2}[name]


@pytest.mark.parametrize(
    ("options", "accepted"),
    [
        ({}, [VIA, SPREAD, HOLE]),
        ({"gateway": "192.0.2.1"}, [VIA, SPREAD]),
        ({"gateway": "192.0.2.2"}, [SPREAD]),
        ({"source": "192.0.2.10"}, [VIA]),
        ({"source": "192.0.2.0/24"}, [VIA]),
        ({"source": "2001:db8:1::/48"}, [HOLE]),
        ({"dst": "203.0.113.0/24"}, [SPREAD]),
        ({"dst": "198.51.100.7", "match": "covering"}, [VIA]),
        ({"dst": "198.51.100.0/22", "match": "within"}, [VIA]),
        ({"dst": "198.51.100.7"}, []),
    ],
)
def test_what_a_filter_accepts(options, accepted):
    wanted = Filter(dict(DEFAULTS, **options), ifindex_of)
    assert [route for route in (VIA, SPREAD, HOLE) if wanted.accepts(route)] == accepted


def test_the_kernel_filters_what_it_can():
    options = {"family": "ipv6", "table": "local", "proto": "bgp", "type": "local", "interface": "eth0"}
    wanted = Filter(dict(DEFAULTS, **options), ifindex_of)
    assert wanted.kernel == {"family": 6, "table": 255, "proto": "bgp", "type": "local", "oif": 2}


def test_a_destination_says_the_family():
    assert Filter(dict(DEFAULTS, dst="::/0"), ifindex_of).kernel["family"] == 6
    with pytest.raises(ValueError, match="dst: ::/0 is not of family ipv4"):
        Filter(dict(DEFAULTS, dst="::/0", family="ipv4"), ifindex_of)


def test_routes_beyond_the_limit_are_counted():
    routes = [Route(4, "10.0.%d.0/24" % number, hops=(Hop(9),)) for number in range(50)]
    result = route_info(dict(DEFAULTS, limit=2), Port(routes))
    assert (len(result["routes"]), result["total"], result["truncated"]) == (2, 50, True)
    assert result["routes"][0]["interface"] == "if9"
    assert "rules" not in result


def test_a_route_shows_its_hops_by_name():
    (shape,) = route_info(DEFAULTS, Port([SPREAD]))["routes"]
    assert (shape["interface"], shape["gateway"], shape["table_name"]) == ("eth0", "192.0.2.1", "main")
    assert [(hop["interface"], hop["weight"]) for hop in shape["hops"]] == [("eth0", 1), ("eth1", 2)]


def test_an_interface_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="interface: there is no link 'eth7'"):
        route_info(dict(DEFAULTS, interface="eth7"), Port([]))


def test_a_summary_adds_the_groups_of_a_stream_up():
    template = Route(4, None, proto="bgp", table=100, hops=(Hop(2, "192.0.2.1"),))
    other = Route(4, None, type="blackhole")
    groups = [
        RouteGroup(template, 600, ("10.0.0.0/24", "10.0.1.0/24")),
        RouteGroup(other, 1, ("192.0.2.128/25",)),
        RouteGroup(template, 400, tuple("10.1.%d.0/24" % number for number in range(9))),
    ]
    result = summarised(groups, {2: "eth0"}.get, limit=1)
    assert (result["total"], result["groups_total"], result["truncated"]) == (1001, 2, True)
    (group,) = result["groups"]
    assert (group["count"], group["interface"], len(group["samples"])) == (1000, "eth0", 5)
    assert "dst" not in group
    assert result["counts"]["table"] == {"100": 1000, "main": 1}
    assert result["counts"]["type"] == {"unicast": 1000, "blackhole": 1}
    assert result["counts"]["interface"] == {"eth0": 1000, "(none)": 1}


def test_a_summary_of_destinations_reads_each_route():
    port = Port([VIA, Route(4, "198.51.101.0/24", proto="bgp", prefsrc="192.0.2.10", hops=VIA.hops), SPREAD])
    result = route_info(dict(DEFAULTS, summary=True, dst="198.51.100.0/22", match="within"), port)
    (group,) = result["groups"]
    assert (group["count"], group["samples"]) == (2, ["198.51.100.0/24", "198.51.101.0/24"])


def test_rules_and_next_hops_on_request():
    rules = (
        Rule(4, 0, table=255, proto="kernel"),
        Rule(4, 100, table=100, src="192.0.2.10/32", detached=("iif",), iif="gone0"),
        Rule(6, 32766, table=254),
    )
    nexthops = (NextHop(7, 4, 2, "192.0.2.1", group=((1, 2),)),)
    port = Port([], rules, nexthops)
    result = route_info(dict(DEFAULTS, gather=["rules", "nexthops"], family="ipv4"), port)
    assert port.asked == []
    assert [rule["priority"] for rule in result["rules"]] == [0, 100]
    assert result["nexthops"][0]["group"] == [{"id": 1, "weight": 2}]
    only = route_info(dict(DEFAULTS, gather=["rules"], table="100"), port)
    assert [rule["src"] for rule in only["rules"]] == ["192.0.2.10/32"]


def test_a_rule_shows_only_what_it_selects_by():
    assert shown_rule(Rule(4, 32766, table=254, proto="kernel")) == {
        "family": "ipv4",
        "priority": 32766,
        "action": "lookup",
        "table": 254,
        "table_name": "main",
        "proto": "kernel",
    }
    assert shown_rule(Rule(4, 5, table=9, invert=True, uid_range=(0, 99), suppress_prefixlen=0, mark=0)) == {
        "family": "ipv4",
        "priority": 5,
        "action": "lookup",
        "table": 9,
        "table_name": None,
        "invert": True,
        "uid_range": [0, 99],
        "suppress_prefixlen": 0,
        "mark": 0,
    }
