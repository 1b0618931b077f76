# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages made from the model: what is written reads back as the same, and what cannot be written is refused."""

from __future__ import annotations

import dataclasses
import ipaddress

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import encode, names, routes, tables
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Address,
    Hop,
    Neighbour,
    NextHop,
    Route,
    Rule,
)
from hypothesis import given
from hypothesis import strategies as st

NUMBER = st.integers(min_value=1, max_value=2**32 - 1)
PORT = st.integers(min_value=1, max_value=2**16 - 1)
NAME = st.from_regex(r"[a-z0-9@._-]{1,15}", fullmatch=True)
ADDRESS_STATES = ("secondary", "optimistic", "dadfailed", "deprecated", "tentative", "permanent")
ONLINK = st.sampled_from([(), ("onlink",)])
MAC = st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":"))


def maybe(strategy):
    return st.none() | strategy


def words(known, *without):
    return st.sampled_from([word for word in known.values() if word not in without])


def flags(known, *without):
    return st.sets(words(known, *without)).map(lambda found: tuple(sorted(found)))


def ordered(strategy):
    return st.tuples(strategy, strategy).map(lambda pair: (min(pair), max(pair)))


def addresses(family):
    return st.ip_addresses(v=family).map(lambda address: _text(family, address.packed))


def _text(family, packed):
    return tables.address_text(packed)


@st.composite
def prefixes(draw, family):
    length = draw(st.integers(min_value=1, max_value=32 if family == 4 else 128))
    network = ipaddress.ip_network((draw(st.ip_addresses(v=family)), length), strict=False)
    return "%s/%d" % (_text(family, network.network_address.packed), length)


@st.composite
def hops(draw, family, several):
    return Hop(
        ifindex=draw(st.integers(min_value=1, max_value=2**31 - 1)),
        gateway=draw(maybe(addresses(family) | (addresses(6) if family == 4 else st.nothing()))),
        weight=draw(st.integers(min_value=1, max_value=256)) if several else 1,
        flags=draw(ONLINK),
    )


@st.composite
def wished_routes(draw):
    family = draw(st.sampled_from([4, 6]))
    several = draw(st.booleans())
    return Route(
        family=family,
        dst=None,
        table=draw(NUMBER),
        type=draw(words(names.ROUTE_TYPES)),
        proto=draw(words(names.PROTOCOLS)),
        scope=draw(words(names.SCOPES)),
        metric=draw(NUMBER | st.just(0)),
        tos=draw(st.integers(min_value=0, max_value=255)),
        src=draw(maybe(prefixes(6))) if family == 6 else None,
        prefsrc=draw(maybe(addresses(family))),
        hops=tuple(draw(st.lists(hops(family, True), min_size=2, max_size=4)))
        if several
        else tuple(draw(st.lists(hops(family, False), max_size=1))),
        pref=draw(maybe(words(names.PREFERENCES))) if family == 6 else None,
        mtu=draw(maybe(NUMBER)),
    )


@given(wished_routes(), st.data())
def test_a_route_reads_back_as_it_was_written(wish, data):
    dst = data.draw(prefixes(wish.family))
    seen = encode.route(wish, dst)
    assert seen.object == wish
    assert (seen.kind, seen.dsts, seen.count) == ("route", (dst,), 1)
    assert seen.object == dataclasses.replace(routes.decode_route(seen.raw, 0, len(seen.raw)), dst=None)


@st.composite
def wished_rules(draw):
    family = draw(st.sampled_from([4, 6]))
    action = draw(words(names.RULE_ACTIONS))
    mask = draw(maybe(NUMBER))
    l3mdev = draw(st.booleans())
    return Rule(
        family=family,
        priority=draw(NUMBER | st.just(0)),
        action=action,
        table=draw(NUMBER) if action == "lookup" and not l3mdev else None,
        src=draw(maybe(prefixes(family))),
        dst=draw(maybe(prefixes(family))),
        iif=draw(maybe(NAME)),
        oif=draw(maybe(NAME)),
        mark=None if mask is None else draw(NUMBER | st.just(0)),
        mask=mask,
        tos=draw(st.integers(min_value=0, max_value=255)),
        uid_range=draw(maybe(ordered(NUMBER))),
        ip_proto=draw(maybe(words(names.IP_PROTOCOLS))),
        sport=draw(maybe(ordered(PORT))),
        dport=draw(maybe(ordered(PORT))),
        goto=draw(maybe(NUMBER)),
        l3mdev=l3mdev,
        invert=draw(st.booleans()),
        suppress_prefixlen=draw(maybe(st.integers(min_value=0, max_value=128))),
        suppress_ifgroup=draw(maybe(st.integers(min_value=0, max_value=2**31 - 1))),
        tunnel_id=draw(maybe(st.integers(min_value=1, max_value=2**64 - 1))),
        proto=draw(maybe(words(names.PROTOCOLS, "unspec"))),
    )


@given(wished_rules())
def test_a_rule_reads_back_as_it_was_written(wish):
    seen = encode.rule(wish)
    assert (seen.kind, seen.object) == ("rule", wish)


@st.composite
def wished_addresses(draw):
    family = draw(st.sampled_from([4, 6]))
    address = draw(addresses(family))
    lifetime = maybe(st.integers(min_value=0, max_value=2**32 - 2))
    return Address(
        family=family,
        ifindex=draw(st.integers(min_value=1, max_value=2**31 - 1)),
        address=address,
        prefixlen=draw(st.integers(min_value=0, max_value=32 if family == 4 else 128)),
        peer=draw(maybe(addresses(family).filter(lambda other: other != address))),
        scope=draw(words(names.SCOPES)),
        flags=draw(flags(names.ADDRESS_FLAGS, *ADDRESS_STATES)),
        proto=draw(maybe(words(names.ADDRESS_PROTOCOLS))),
        label=draw(maybe(NAME)) if family == 4 else None,
        broadcast=draw(maybe(addresses(4))) if family == 4 else None,
        valid_lifetime=draw(lifetime),
        preferred_lifetime=draw(lifetime),
    )


@given(wished_addresses())
def test_an_address_reads_back_as_it_was_written(wish):
    seen = encode.address(wish)
    assert (seen.kind, seen.object) == ("address", wish)


@st.composite
def wished_nexthops(draw):
    family = draw(st.sampled_from([4, 6]))
    member = st.tuples(NUMBER, st.integers(min_value=1, max_value=2**16))
    return NextHop(
        id=draw(NUMBER),
        family=family,
        ifindex=draw(maybe(st.integers(min_value=1, max_value=2**31 - 1))),
        gateway=draw(maybe(addresses(family))),
        blackhole=draw(st.booleans()),
        fdb=draw(st.booleans()),
        group=tuple(draw(st.lists(member, max_size=4))),
        proto=draw(maybe(words(names.PROTOCOLS, "unspec"))),
        flags=draw(ONLINK),
    )


@given(wished_nexthops())
def test_a_nexthop_reads_back_as_it_was_written(wish):
    seen = encode.nexthop(wish)
    assert (seen.kind, seen.object) == ("nexthop", wish)


@st.composite
def wished_neighbours(draw):
    family = draw(st.sampled_from([4, 6]))
    return Neighbour(
        family=family,
        ifindex=draw(st.integers(min_value=1, max_value=2**31 - 1)),
        address=draw(addresses(family)),
        lladdr=draw(maybe(MAC)),
        state=draw(st.sampled_from(["STALE", "FAILED", "NOARP", "PERMANENT"])),
        flags=draw(flags(names.NEIGHBOUR_FLAGS, "offload")),
        proto=draw(maybe(words(names.PROTOCOLS, "unspec"))),
    )


@given(wished_neighbours())
def test_a_neighbour_reads_back_as_it_was_written(wish):
    seen = encode.neighbour(wish)
    assert (seen.kind, seen.object) == ("neighbour", wish)


def test_where_the_model_has_two_spellings_the_normal_one_is_seen():
    assert encode.route(Route(4, None, nhid=7, hops=(Hop(3, "192.0.2.1"),)), "10.0.0.0/8").object.hops == ()
    assert encode.neighbour(Neighbour(4, 3, "192.0.2.1", state="REACHABLE")).object.state == "STALE"
    assert encode.rule(Rule(4, 7, table=9, mark=5)).object.mask == 0xFFFFFFFF
    assert encode.rule(Rule(4, 7, table=9, src="0.0.0.0/0")).object.src is None


@pytest.mark.parametrize(
    ("wish", "scope"),
    [
        (Route(4, None, hops=(Hop(3),)), "link"),
        (Route(4, None, hops=(Hop(3, "192.0.2.1"),)), "global"),
        (Route(4, None, hops=(Hop(3), Hop(4))), "global"),
        (Route(4, None, nhid=7), "global"),
        (Route(4, None, type="blackhole"), "global"),
        (Route(4, None, type="local", hops=(Hop(1),)), "host"),
        (Route(4, None, type="broadcast", hops=(Hop(3),)), "link"),
        (Route(6, None, hops=(Hop(3),)), "global"),
    ],
)
def test_the_scope_is_the_one_that_ip_would_choose(wish, scope):
    assert encode.as_kernel(wish).scope == scope


def test_a_scope_that_was_said_is_kept():
    assert encode.as_kernel(Route(4, None, hops=(Hop(3),)), "host").scope == "host"


def test_ipv6_has_a_metric_a_preference_and_hangs_refusals_on_the_loopback():
    shown = encode.as_kernel(Route(6, None, type="unreachable"))
    assert (shown.metric, shown.pref, shown.hops) == (1024, "medium", (Hop(1),))
    assert encode.as_kernel(Route(6, None, nhid=3, metric=5)).metric == 5


@pytest.mark.parametrize(
    ("made", "words_of"),
    [
        (lambda: encode.route(Route(6, None, hops=(Hop(3, "192.0.2.1"),)), "::/0"), "IPv4 gateway 192.0.2.1"),
        (lambda: encode.route(Route(4, None, hops=(Hop(3, encap="mpls"),)), "10.0.0.0/8"), "encapsulation mpls"),
        (lambda: encode.route(Route(4, None, hops=(Hop(3, weight=257), Hop(3))), "10.0.0.0/8"), "weight 257"),
        (lambda: encode.route(Route(4, None), "2001:db8::/32"), "dst 2001:db8::/32 is not of family 4"),
        (lambda: encode.route(Route(4, None, proto="nobody"), "10.0.0.0/8"), "proto 'nobody'"),
        (lambda: encode.rule(Rule(4, 7, src="2001:db8::/32")), "from 2001:db8::/32 is not of family 4"),
        (lambda: encode.rule(Rule(4, 7, action="sleep")), "action 'sleep'"),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(made, words_of):
    with pytest.raises(ValueError, match=words_of):
        made()
