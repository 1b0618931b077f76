# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a host looks like: no rule raises, none accuses the kernel's own objects, and order does not matter."""

from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.plugins.module_utils.audit import as_json
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.boot import words
from ansible_collections.netmend.reclaim.plugins.module_utils.identity import canonical, fingerprint
from ansible_collections.netmend.reclaim.plugins.module_utils.index import FALLBACK_LINKS, Index
from ansible_collections.netmend.reclaim.plugins.module_utils.intent import load
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    OPS,
    Address,
    Answer,
    BootObject,
    Hop,
    Link,
    Mark,
    Neighbour,
    NextHop,
    OwnerState,
    Process,
    Resolver,
    Route,
    RouteGroup,
    Rule,
    Session,
    Snapshot,
    Want,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.ops import REMOVALS
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.base import CONFIDENCES, SEVERITIES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# Few distinct values, so that the parts of a host meet.
ADDRESSES = {
    4: st.sampled_from(["192.0.2.1", "192.0.2.9", "192.0.2.254", "198.51.100.7", "9.9.9.9", "127.0.0.1", "239.1.1.1"]),
    6: st.sampled_from(["2001:db8::1", "2001:db8::9", "2001:db8:1::7", "2620:fe::9", "fe80::1", "ff02::5", "::1"]),
}
PREFIXES = {
    4: st.sampled_from(["0.0.0.0/0", "192.0.2.0/24", "192.0.2.9/32", "198.51.100.0/25", "10.0.0.0/8"]),
    6: st.sampled_from(["::/0", "2001:db8::/64", "2001:db8::9/128", "2001:db8:1::/48", "fe80::/64"]),
}
INDEXES = st.integers(1, 6)
NAMES = st.sampled_from(["eth0", "eth1", "gre0", "tunl0", "x y", "a\x1b[0m", "\udc80", "$(reboot)"])
TABLES = st.sampled_from([0, 100, 101, 253, 254, 255])
PROTOS = st.sampled_from(["kernel", "boot", "static", "ra", "bgp", "redirect", "77"])
FAMILIES = st.sampled_from([4, 6])
ERRNOS = st.sampled_from([None, "ENETUNREACH", "EHOSTUNREACH", "EACCES", "EINVAL", "ENODEV"])


def maybe(strategy):
    return st.none() | strategy


def flags(*names):
    return st.lists(st.sampled_from(names), max_size=2, unique=True).map(lambda found: tuple(sorted(found)))


@st.composite
def links(draw):
    return Link(
        ifindex=0,
        name="",
        kind=draw(maybe(st.sampled_from(["veth", "gre", "vlan", "bridge", "vrf", "tun", "dummy"]))),
        up=draw(st.booleans()),
        carrier=draw(st.booleans()),
        operstate=draw(st.sampled_from(["UNKNOWN", "UP", "DOWN", "LOWERLAYERDOWN"])),
        lladdr=draw(st.sampled_from([None, "02:00:00:00:00:01", "192.0.2.1"])),
        master=draw(maybe(INDEXES)),
        parent=draw(maybe(INDEXES)),
        peer_netns=draw(maybe(st.just(0))),
        vrf_table=draw(maybe(TABLES)),
        local=draw(maybe(ADDRESSES[4])),
        remote=draw(maybe(ADDRESSES[4])),
        underlay=draw(maybe(INDEXES)),
    )


@st.composite
def addresses(draw):
    family = draw(FAMILIES)
    return Address(
        family,
        draw(INDEXES),
        draw(ADDRESSES[family]),
        draw(st.sampled_from([0, 24, 25, 31, 32] if family == 4 else [0, 48, 64, 127, 128])),
        peer=draw(maybe(ADDRESSES[family])),
        flags=draw(flags("dadfailed", "tentative", "deprecated", "noprefixroute")),
    )


@st.composite
def hops(draw):
    return Hop(
        draw(maybe(INDEXES)),
        draw(maybe(ADDRESSES[draw(FAMILIES)])),
        flags=draw(flags("dead", "linkdown", "onlink")),
        encap=draw(st.sampled_from([None, "seg6local"])),
    )


@st.composite
def routes(draw, family, dst=None):
    return Route(
        family,
        dst,
        draw(TABLES),
        draw(st.sampled_from(["unicast", "local", "blackhole", "throw", "multicast"])),
        draw(PROTOS),
        metric=draw(st.sampled_from([0, 10, 1024])),
        prefsrc=draw(maybe(ADDRESSES[family])),
        hops=tuple(draw(st.lists(hops(), max_size=2))),
        nhid=draw(maybe(st.integers(1, 4))),
    )


@st.composite
def groups(draw):
    family = draw(FAMILIES)
    samples = tuple(draw(st.lists(PREFIXES[family], min_size=1, max_size=3, unique=True)))
    count = len(samples) + draw(st.sampled_from([0, 100000]))
    return RouteGroup(draw(routes(family)), count, samples, draw(maybe(routes(family))))


@st.composite
def rules(draw):
    family = draw(FAMILIES)
    action = draw(st.sampled_from(["lookup", "lookup", "goto", "nop", "prohibit"]))
    l3mdev = action == "lookup" and draw(st.booleans())
    iif, oif = draw(maybe(NAMES)), draw(maybe(NAMES))
    sides = [side for side, name in (("iif", iif), ("oif", oif)) if name is not None]
    return Rule(
        family,
        draw(st.integers(0, 4)),
        action,
        draw(TABLES) if action == "lookup" and not l3mdev else None,
        src=draw(maybe(PREFIXES[family])),
        dst=draw(maybe(PREFIXES[family])),
        iif=iif,
        oif=oif,
        detached=tuple(sides) if draw(st.booleans()) else (),
        mark=draw(st.sampled_from([None, 0, 7])),
        mask=draw(st.sampled_from([None, 0xFF])),
        uid_range=draw(st.sampled_from([None, (0, 99)])),
        dport=draw(st.sampled_from([None, (53, 53)])),
        goto=3 if action == "goto" else None,
        l3mdev=l3mdev,
        invert=draw(st.booleans()),
        suppress_prefixlen=draw(st.sampled_from([None, 0])),
        proto=draw(maybe(PROTOS)),
    )


@st.composite
def sessions(draw):
    family = draw(FAMILIES)
    unspecified = "0.0.0.0" if family == 4 else "::"
    remote = draw(maybe(ADDRESSES[family]))
    return Session(
        family,
        draw(st.sampled_from(["tcp", "udp", "raw"])),
        draw(ADDRESSES[family] | st.just(unspecified)),
        draw(st.integers(0, 65535)),
        remote,
        53 if remote else 0,
        draw(st.sampled_from(["ESTAB", "SYN-SENT", "TIME-WAIT"] if remote else ["LISTEN", "UNCONN"])),
        ifindex=draw(maybe(INDEXES)),
        mark=draw(st.sampled_from([0, 7])),
        inode=draw(st.integers(0, 5)),
        unit=draw(st.sampled_from([None, "a.service", "user@1.service/b.service"])),
        transparent=draw(st.booleans()),
        freebind=draw(st.booleans()),
    )


MARKS = st.sampled_from(
    [
        Mark("route", proto="bgp"),
        Mark("route", tables=((100, 101),)),
        Mark("route", interface="eth*", proto="static"),
        Mark("route", prefix="192.0.2.0/24"),
        Mark("rule", priorities=((1, 2),)),
        Mark("rule", fwmarks=((7, 7),)),
        Mark("link", name="eth*"),
        Mark("link", link_kind="dummy"),
        Mark("address", interface="eth*"),
        Mark("address", prefix="192.0.2.0/24"),
    ]
)
WANTS = st.sampled_from(
    [
        Want("route", {"dst": "192.0.2.0/24"}),
        Want("route", {"table": 100}),
        Want("address", {"address": "192.0.2.9"}),
        Want("link", {"name": "eth0"}),
        Want("rule", {"priority": 1}),
    ]
)


@st.composite
def owners(draw):
    return OwnerState(
        draw(st.sampled_from(["frr", "tailscale", "a\x1b[0m"])),
        draw(st.sampled_from([True, False, False, None])),
        "it\nis",
        draw(st.booleans()),
        draw(st.sampled_from([None, "a.service"])),
        draw(maybe(st.booleans())),
        marks=tuple(draw(st.lists(MARKS, max_size=3))),
        wants=draw(maybe(st.lists(WANTS, max_size=2).map(tuple))),
        complete=draw(st.sampled_from([(), ("route", "rule", "link", "address")])),
        restart=draw(st.sampled_from([(), ("systemctl", "restart", "a.service")])),
        release=draw(st.sampled_from([(), ("a", "--drop={interface}")])),
    )


RESOLVERS = st.builds(
    Resolver,
    st.sampled_from(["192.0.2.1", "9.9.9.9", "127.0.0.53", "fe80::1", "2620:fe::9"]),
    interface=st.sampled_from([None, None, "eth0", "gone\n", "2"]),
    path=st.sampled_from(["/etc/resolv.conf", "a\x1b"]),
    stub=st.booleans(),
    behind=st.sampled_from([None, None, "127.0.0.53"]),
    answered=st.sampled_from([None, True, False]),
)


@st.composite
def booted(draw):
    family = draw(FAMILIES)
    selectors = {
        "link": {"name": draw(NAMES), "local": draw(maybe(ADDRESSES[family]))},
        "address": {"address": draw(ADDRESSES[family]) + "/31", "interface": draw(maybe(NAMES))},
        "route": words.route(
            family=family,
            dst=draw(PREFIXES[family]),
            table=draw(maybe(TABLES)),
            gateway=draw(maybe(ADDRESSES[draw(FAMILIES)])),
            interface=draw(maybe(NAMES)),
            source=draw(maybe(ADDRESSES[family])),
        ),
        "rule": words.rule(family=family, priority=draw(maybe(st.integers(0, 4))), table=draw(maybe(TABLES))),
        "resolver": {"address": draw(ADDRESSES[family]), "interface": draw(maybe(NAMES))},
    }
    kind = draw(st.sampled_from(sorted(selectors)))
    manager = draw(st.sampled_from(["systemd-networkd", "NetworkManager", "ifupdown", "script"]))
    path = draw(st.sampled_from(["/etc/network/interfaces", "/etc/a\x1b\n"]))
    flags_ = {name: draw(st.booleans()) for name in ("made", "dynamic", "certain")}
    return BootObject(kind, selectors[kind], manager, path, draw(st.integers(1, 99)), **flags_)


@st.composite
def hosts(draw):
    several = st.lists(links(), max_size=6)
    names = draw(st.lists(NAMES, min_size=6, max_size=6, unique=True))
    made = [
        Link(**dict(vars(link), ifindex=number, name=name, loopback=number == 1))
        for number, (link, name) in enumerate(zip(draw(several), ["lo", *names]), 1)
    ]
    nexthops = [
        NextHop(number, 4, draw(maybe(INDEXES)), fdb=draw(st.booleans()), group=draw(st.sampled_from([(), ((1, 1),)])),
                proto=draw(maybe(PROTOS)))
        for number in range(1, draw(st.integers(1, 4)))
    ]  # fmt: skip
    neighbours = [
        Neighbour(family, draw(INDEXES), draw(ADDRESSES[family]), state=state, flags=draw(flags("proxy", "router")))
        for family, state in draw(
            st.lists(st.tuples(FAMILIES, st.sampled_from(["PERMANENT", "FAILED", "STALE"])), max_size=4)
        )
    ]
    return Snapshot(
        links=tuple(made),
        addresses=tuple(
            draw(st.lists(addresses(), max_size=5, unique_by=lambda item: (item.ifindex, item.address, item.prefixlen)))
        ),
        rules=tuple(draw(st.lists(rules(), max_size=5))),
        nexthops=tuple(nexthops),
        neighbours=tuple(neighbours),
        local=tuple(
            draw(st.lists(st.sampled_from(["192.0.2.9/32", "198.51.100.0/24", "2001:db8:1::/48"]), max_size=2))
        ),
        owners=tuple(draw(st.lists(owners(), max_size=3, unique_by=lambda item: item.name))),
        resolvers=draw(
            maybe(st.lists(RESOLVERS, max_size=4, unique_by=lambda item: (item.address, item.interface)).map(tuple))
        ),
        boot=draw(maybe(st.lists(booted(), max_size=5).map(tuple))),
        nonlocal_bind=draw(st.sampled_from([(), (4,), (4, 6)])),
        forwarding=draw(st.sampled_from([(), (4,), (4, 6)])),
    )


INTENTS = st.sampled_from(
    [
        {},
        {
            "addresses": [{"address": "192.0.2.9/24", "interface": "eth0"}, {"address": "2001:db8::9"}],
            "routes": [
                {"dst": "default", "gateway": "192.0.2.254"},
                {"dst": "2001:db8:1::/48", "table": 100, "interface": "x y", "source": "2001:db8::1"},
                {"dst": "198.51.100.0/25", "table": 100},
            ],
            "rules": [{"priority": 1, "from": "192.0.2.9", "table": 100}, {"family": "ipv6", "mark": 7, "table": 101}],
            "links": [{"name": "eth0"}, {"name": "gone0"}],
            "resolvers": ["9.9.9.9", "192.0.2.53"],
        },
    ]
)


@st.composite
def oracles(draw):
    """A kernel of any opinion, which it does not change: the same question gets the same answer."""
    table = draw(
        st.lists(st.tuples(ERRNOS, routes(4, "192.0.2.0/24"), maybe(routes(4, "0.0.0.0/0"))), min_size=1, max_size=5)
    )

    def ask(queries):
        found = []
        for query in queries:
            errno, route, match = table[sum(repr(query).encode()) % len(table)]
            found.append(Answer(errno) if errno else Answer(None, route, match))
        return found

    return ask


def holders(inodes):
    return {inode: (Process(inode, "p%d\n" % (inode % 2)),) for inode in inodes if inode % 3}


def examined(snapshot, groups, sessions, ask, intent):
    found = []
    for number in sorted(CHECKS):
        check = CHECKS[number](Index(snapshot), ask, load(intent), holders)
        for group in groups:
            check.routes(group)
        for session in sessions:
            check.session(session)
        found.extend(check.conclude())
    return found


@given(
    hosts(), st.lists(groups(), max_size=8), st.lists(sessions(), max_size=6), oracles(), INTENTS, st.randoms()
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_host(snapshot, groups, sessions, ask, intent, dice) -> None:
    findings = examined(snapshot, groups, sessions, ask, intent)
    for finding in findings:
        assert finding.severity in SEVERITIES and finding.confidence in CONFIDENCES
        assert {step.op for step in finding.remedy} <= set(OPS) & set(CHECKS[finding.rule].description.remedies)
        assert finding.evidence and finding.cause.isprintable()
        canonical(as_json(finding))
        if finding.owner is not None and finding.owner.alive:
            assert not {step.op for step in finding.remedy} & set(REMOVALS) - {"socket.destroy"}
        if finding.kind == "link" and finding.details["cause"] != "device-gone":
            assert finding.selector["interface"] not in FALLBACK_LINKS | {"lo"}
        if finding.kind == "rule" and finding.rule not in ("RC304", "RC603"):  # what is missing, what is to come
            assert any(item.proto != "kernel" and item.family == finding.selector["family"] for item in snapshot.rules)
        if finding.kind in ("route", "nexthop"):
            assert finding.selector.get("proto") != "kernel"
    prints = [fingerprint(finding) for finding in findings]
    assert len(set(prints)) == len(prints)
    dice.shuffle(groups)
    dice.shuffle(sessions)
    again = examined(snapshot, groups, sessions, ask, intent)
    assert sorted(fingerprint(finding) for finding in again) == sorted(prints)


@given(hosts(), st.lists(groups(), max_size=6), oracles())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_host_with_nothing_but_the_kernels_own_objects_is_clean(snapshot, groups, ask) -> None:
    """Routes and rules that the kernel made, links that it made: nothing to tell."""
    kernel = Snapshot(
        links=tuple(
            Link(**dict(vars(link), name=name, loopback=name == "lo"))
            for link, name in zip(snapshot.links, ["lo", *sorted(FALLBACK_LINKS)])
        ),
        rules=tuple(Rule(**dict(vars(rule), proto="kernel")) for rule in snapshot.rules),
    )
    made = [
        RouteGroup(Route(**dict(vars(group.template), proto="kernel")), group.count, group.samples, group.beaten_by)
        for group in groups
    ]
    assert examined(kernel, made, [], ask, {}) == []
