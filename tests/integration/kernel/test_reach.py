# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""reach_info against real sends: the truth table of the kernel, row by row, for IPv4 and IPv6.

Where a lookup and a send differ (docs/kernel-truth.md), the test says so with the difference.
"""

from __future__ import annotations

import dataclasses
import errno
import shutil
import socket
import subprocess
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.info.reach import reach_info
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.tests.integration.kernel.sending import connect, send

WORLD = """
link add va type veth peer name vap
link add vc type veth peer name vcp
link add vd type veth peer name vdp
link add vm type ifb
link set va addrgenmode none
link set vap addrgenmode none
link set vc addrgenmode none
link set vd addrgenmode none
link set vm addrgenmode none
link set va up
link set vap up
link set vc up
link set vm up
"""
V4 = """
address add 192.0.2.1/24 brd + dev va
address add 198.51.100.1/24 dev vc
address add 10.9.9.9/24 dev vd
route add local 192.0.2.200 dev lo
route add 100.64.0.0/16 via 192.0.2.9
neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev va
route add unreachable 203.0.113.1
route add blackhole 203.0.113.2
route add prohibit 203.0.113.3
nexthop add id 4 blackhole
route add 203.0.116.0/24 nhid 4
route add throw 203.0.113.4 table 100
route add 203.0.113.0/24 dev va table 100
route add 203.0.115.0/24 dev va table 101
rule add pref 100 to 203.0.113.4 lookup 100
rule add pref 101 to 203.0.114.1 unreachable
rule add pref 102 to 203.0.114.2 blackhole
rule add pref 103 to 203.0.114.3 prohibit
rule add pref 104 fwmark 0x10/0xff lookup 101
rule add pref 105 uidrange 1000-1999 lookup 101
rule add pref 106 ipproto tcp dport 179 lookup 101
"""
V6 = """
address add 2001:db8::1/64 dev va nodad
address add 2001:db8:1::1/64 dev vc nodad
address add 2001:db8:9::9/64 dev vd nodad
address add 2001:db8:5::5/64 dev vc
address add fe80::a/64 dev va nodad
route add local 2001:db8:aa::1 dev lo
route add 2001:db8:64::/48 via 2001:db8::9
route add unreachable 2001:db8:113::1
route add blackhole 2001:db8:113::2
route add prohibit 2001:db8:113::3
nexthop add id 6 blackhole
route add 2001:db8:116::/64 nhid 6
route add throw 2001:db8:113::4 table 100
route add 2001:db8:113::/64 dev va table 100
route add 2001:db8:115::/64 dev va table 101
rule add pref 100 to 2001:db8:113::4 lookup 100
rule add pref 101 to 2001:db8:114::1 unreachable
rule add pref 102 to 2001:db8:114::2 blackhole
rule add pref 103 to 2001:db8:114::3 prohibit
rule add pref 104 fwmark 0x10/0xff lookup 101
rule add pref 105 uidrange 1000-1999 lookup 101
rule add pref 106 ipproto tcp dport 179 lookup 101
"""


@dataclasses.dataclass(frozen=True)
class Row:
    """One condition: the question, and what it comes to."""

    flow: t.Mapping[str, t.Any]
    errno: str | None
    cause: str


def row(errno: str | None, cause: str, to: str, **flow: t.Any) -> Row:
    return Row(dict(flow, to=to), errno, cause)


A4, DEAD4, FAR4, NEAR4 = "192.0.2.1", "192.0.2.77", "8.8.8.8", "192.0.2.2"
TABLE4 = {
    "on link": row(None, "ok", NEAR4),
    "source local": row(None, "ok", NEAR4, source=A4),
    "via a gateway": row(None, "ok", "100.64.1.1", source=A4),
    "source of another link, which is down": row(None, "ok", NEAR4, source="10.9.9.9"),
    "source AnyIP": row(None, "ok", NEAR4, source="192.0.2.200"),
    "source not local, route": row("ENETUNREACH", "source-not-local", NEAR4, source=DEAD4),
    "source not local, route, interface": row("ENETUNREACH", "source-not-local", NEAR4, source=DEAD4, interface="va"),
    "source not local, no route": row("ENETUNREACH", "source-not-local", FAR4, source=DEAD4),
    "source not local, no route, interface": row("ENETUNREACH", "source-not-local", FAR4, source=DEAD4, interface="va"),
    "source not local, link down": row("ENETUNREACH", "source-not-local", FAR4, source=DEAD4, interface="vd"),
    "source not local, device gone": row("ENETUNREACH", "source-not-local", FAR4, source=DEAD4, interface="gone0"),
    "source not local, route prohibit": row("ENETUNREACH", "source-not-local", "203.0.113.3", source=DEAD4),
    "source not local, rule prohibit": row("ENETUNREACH", "source-not-local", "203.0.114.3", source=DEAD4),
    "source loopback": row("EINVAL", "source-loopback", NEAR4, source="127.0.0.1"),
    "source multicast": row("EINVAL", "source-not-local", NEAR4, source="224.0.0.1"),
    "no route": row("ENETUNREACH", "no-route", FAR4),
    "no route, source": row("ENETUNREACH", "no-route", FAR4, source=A4),
    "no route, source and interface": row(None, "on-link-assumed", FAR4, source=A4, interface="va"),
    "no route, interface": row(None, "on-link-assumed", FAR4, interface="va"),
    "route on another interface": row(None, "link-no-carrier", NEAR4, interface="vc"),
    "link down": row("ENETUNREACH", "link-down", FAR4, interface="vd"),
    "link down, source": row("ENETUNREACH", "link-down", FAR4, source=A4, interface="vd"),
    "link without IPv4": row("ENETUNREACH", "link-no-ipv4", FAR4, interface="vm"),
    "no carrier": row(None, "link-no-carrier", "198.51.100.9"),
    "device gone": row("ENODEV", "device-gone", FAR4, interface="gone0"),
    "device gone, source": row("ENODEV", "device-gone", NEAR4, source=A4, interface="gone0"),
    "route unreachable": row("EHOSTUNREACH", "route-unreachable", "203.0.113.1"),
    "route blackhole": row("EINVAL", "route-blackhole", "203.0.113.2"),
    "route prohibit": row("EACCES", "route-prohibit", "203.0.113.3"),
    "route throw": row("ENETUNREACH", "route-throw", "203.0.113.4"),
    "route blackhole by object": row("EINVAL", "route-blackhole", "203.0.116.1"),
    "route blackhole by object, interface": row(None, "on-link-assumed", "203.0.116.1", interface="va"),
    "route unreachable, interface": row(None, "on-link-assumed", "203.0.113.1", interface="va"),
    "rule unreachable": row("ENETUNREACH", "rule-unreachable", "203.0.114.1"),
    "rule blackhole": row("EINVAL", "rule-blackhole", "203.0.114.2"),
    "rule prohibit": row("EACCES", "rule-prohibit", "203.0.114.3"),
    "rule prohibit, interface": row(None, "on-link-assumed", "203.0.114.3", interface="va"),
    "by mark": row(None, "ok", "203.0.115.1", mark="0x110"),
    "by another mark": row("ENETUNREACH", "no-route", "203.0.115.1", mark="0x11"),
    "by user": row(None, "ok", "203.0.115.1", uid=1500),
    "by another user": row("ENETUNREACH", "no-route", "203.0.115.1", uid=2000),
    "itself": row(None, "ok", A4),
    "loopback": row(None, "ok", "127.0.0.1"),
    "unspecified": row(None, "ok", "0.0.0.0"),
    "broadcast of a subnet": row("EACCES", "broadcast-not-allowed", "192.0.2.255"),
    "broadcast, interface": row("EACCES", "broadcast-not-allowed", "255.255.255.255", interface="va"),
    "broadcast, nothing given": row("ENETUNREACH", "no-route", "255.255.255.255"),
    "multicast": row("ENETUNREACH", "no-route", "239.1.1.1"),
    "multicast, source": row(None, "ok", "239.1.1.1", source=A4),
    "multicast, interface": row(None, "ok", "239.1.1.1", interface="va"),
}

A6, DEAD6, FAR6, NEAR6 = "2001:db8::1", "2001:db8::77", "2001:4860::8", "2001:db8::2"
TABLE6 = {
    "on link": row(None, "ok", NEAR6),
    "source local": row(None, "ok", NEAR6, source=A6),
    "via a gateway": row(None, "ok", "2001:db8:64::1", source=A6),
    "source of another link, which is down": row(None, "ok", NEAR6, source="2001:db8:9::9"),
    "source AnyIP": row("EINVAL", "source-not-local", NEAR6, source="2001:db8:aa::1"),
    "source tentative": row("EINVAL", "source-tentative", NEAR6, source="2001:db8:5::5"),
    "source link-local": row(None, "ok", NEAR6, source="fe80::a", interface="va"),
    "source link-local, no interface": row("EINVAL", "source-needs-interface", NEAR6, source="fe80::a"),
    "source link-local, another interface": row("EINVAL", "source-not-local", NEAR6, source="fe80::a", interface="vc"),
    "source loopback": row(None, "ok", NEAR6, source="::1"),
    "source loopback, interface": row("EINVAL", "source-loopback", NEAR6, source="::1", interface="va"),
    "source multicast": row("EINVAL", "source-not-local", NEAR6, source="ff0e::1"),
    "source not local, route": row("EINVAL", "source-not-local", NEAR6, source=DEAD6),
    "source not local, route, interface": row("EINVAL", "source-not-local", NEAR6, source=DEAD6, interface="va"),
    "source not local, no route": row("EINVAL", "source-not-local", FAR6, source=DEAD6),
    "source not local, no route, interface": row("EINVAL", "source-not-local", FAR6, source=DEAD6, interface="va"),
    "source not local, link down": row("EINVAL", "source-not-local", FAR6, source=DEAD6, interface="vd"),
    "source not local, device gone": row("ENODEV", "source-not-local", FAR6, source=DEAD6, interface="gone0"),
    "source not local, route prohibit": row("EINVAL", "source-not-local", "2001:db8:113::3", source=DEAD6),
    "source not local, rule prohibit": row("EINVAL", "source-not-local", "2001:db8:114::3", source=DEAD6),
    "no route": row("ENETUNREACH", "no-route", FAR6),
    "no route, source": row("ENETUNREACH", "no-route", FAR6, source=A6),
    "no route, source and interface": row("ENETUNREACH", "no-route", FAR6, source=A6, interface="va"),
    "no route, interface": row("ENETUNREACH", "no-route", FAR6, interface="va"),
    "route on another interface": row("ENETUNREACH", "no-route", NEAR6, interface="vc"),
    "route on another interface, source": row(None, "ok", NEAR6, source=A6, interface="vc"),
    "link down": row("ENETUNREACH", "link-down", FAR6, interface="vd"),
    "link down, source": row("ENETUNREACH", "link-down", FAR6, source=A6, interface="vd"),
    "no carrier": row(None, "link-no-carrier", "2001:db8:1::9"),
    "device gone": row("ENODEV", "device-gone", FAR6, interface="gone0"),
    "device gone, source": row("ENODEV", "device-gone", NEAR6, source=A6, interface="gone0"),
    "route unreachable": row("EHOSTUNREACH", "route-unreachable", "2001:db8:113::1"),
    "route blackhole": row("EINVAL", "route-blackhole", "2001:db8:113::2"),
    "route prohibit": row("EACCES", "route-prohibit", "2001:db8:113::3"),
    "route throw": row("ENETUNREACH", "route-throw", "2001:db8:113::4"),
    "route blackhole by object": row("EINVAL", "route-blackhole", "2001:db8:116::1"),
    "route blackhole by object, interface": row("EINVAL", "route-blackhole", "2001:db8:116::1", interface="va"),
    "route prohibit, interface": row("ENETUNREACH", "no-route", "2001:db8:113::3", interface="va"),
    "route prohibit, source and interface": row(
        "EACCES", "route-prohibit", "2001:db8:113::3", source=A6, interface="va"
    ),
    "rule unreachable": row("ENETUNREACH", "rule-unreachable", "2001:db8:114::1"),
    "rule blackhole": row("EINVAL", "rule-blackhole", "2001:db8:114::2"),
    "rule prohibit": row("EACCES", "rule-prohibit", "2001:db8:114::3"),
    "rule prohibit, interface": row("EACCES", "rule-prohibit", "2001:db8:114::3", interface="va"),
    "by mark": row(None, "ok", "2001:db8:115::1", mark="0x110"),
    "by another mark": row("ENETUNREACH", "no-route", "2001:db8:115::1", mark="0x11"),
    "by user": row(None, "ok", "2001:db8:115::1", uid=1500),
    "by another user": row("ENETUNREACH", "no-route", "2001:db8:115::1", uid=2000),
    "itself": row(None, "ok", A6),
    "loopback": row(None, "ok", "::1"),
    "unspecified": row(None, "ok", "::"),
    "unspecified, interface": row("ENETUNREACH", "no-route", "::", interface="va"),
    "multicast, interface": row(None, "ok", "ff0e::1", interface="va"),
    "multicast, interface down": row("ENETUNREACH", "link-down", "ff0e::1", interface="vd"),
}
TABLES = {4: TABLE4, 6: TABLE6}


@pytest.fixture
def world(netns):
    """A namespace in which every row of the table is true."""
    ns = netns()
    ns.batch(WORLD)
    ns.batch(V4)
    ns.batch(V6, "-6")
    ns.sh("ip link set vm mtu 60")
    return ns


def ask(ns, **params: t.Any) -> t.Dict[str, t.Any]:
    with Kernel(ns.name) as kernel:
        return reach_info(params, kernel)


def really_send(flow: t.Mapping[str, t.Any], **extra: t.Any) -> str | None:
    """Send what the flow says, from inside the namespace."""
    ifindex = None
    if flow.get("interface"):
        try:
            ifindex = socket.if_nametoindex(flow["interface"])
        except OSError:
            ifindex = 99999
    return send(
        flow["to"],
        flow.get("source"),
        ifindex,
        mark=int(flow.get("mark", "0"), 0),
        uid=flow.get("uid"),
        port=flow.get("port"),
        **extra,
    )


@pytest.mark.parametrize("family", [4, 6])
def test_every_row_is_what_a_send_gets(world, family: int) -> None:
    table = TABLES[family]
    with world.entered():
        sent = {name: really_send(item.flow) for name, item in table.items()}
    assert sent == {name: item.errno for name, item in table.items()}

    flows = ask(world, flows=[dict(item.flow) for item in table.values()])["flows"]
    said = {name: (told["errno"], told["cause"]) for name, told in zip(table, flows)}
    assert said == {name: (item.errno, item.cause) for name, item in table.items()}
    assert all(told["reachable"] is (told["errno"] is None) for told in flows)


@pytest.mark.parametrize("family", [4, 6])
def test_a_source_that_is_gone_is_never_called_a_missing_route(world, family: int) -> None:
    for item in TABLES[family].values():
        if item.cause != "source-not-local":
            continue
        told = ask(world, **item.flow)
        assert "adding a route will not help" in told["explanation"]
        assert item.flow["source"] in told["explanation"]
        assert [link["ok"] for link in told["chain"] if link["kind"] == "source"] == [False]
        # The kernel did not get to rules and routes, so none of them is blamed.
        assert not {"rule", "table", "route"} & {link["kind"] for link in told["chain"]}


@pytest.mark.parametrize("family", [4, 6])
def test_what_refuses_is_named(world, family: int) -> None:
    """Exactly one link of the chain is to blame, and its command shows it."""
    refusing = [name for name, item in TABLES[family].items() if item.cause[:5] in ("route", "rule-")]
    assert len(refusing) >= 8
    for name in refusing:
        item = TABLES[family][name]
        kind, _dash, blamed = item.cause.partition("-")
        culprits = [link for link in ask(world, **item.flow)["chain"] if not link["ok"]]
        if blamed == "throw":  # the table is to blame as well: it has nothing else
            assert culprits.pop(0)["kind"] == "table"
        (culprit,) = culprits
        assert culprit["kind"] == kind, name
        assert blamed in culprit["text"], name
        assert blamed in subprocess.check_output(culprit["command"], shell=True, text=True), name


def test_the_chain_goes_from_the_rule_to_the_source(world) -> None:
    told = ask(world, to="100.64.1.1", source=A4, port=53)
    assert [(link["kind"], link["ok"]) for link in told["chain"]] == [
        ("rule", True), ("table", True), ("route", True), ("nexthop", True), ("neighbour", True), ("link", True),
        ("source", True), ("firewall", True),
    ]  # fmt: skip
    texts = {link["kind"]: link["text"] for link in told["chain"]}
    assert "32766" in texts["rule"] and "main" in texts["table"] and "100.64.0.0/16" in texts["route"]
    assert "192.0.2.9" in texts["nexthop"] and "02:00:00:00:00:09" in texts["neighbour"]

    told = ask(world, to="203.0.115.1", mark="0x10")
    texts = {link["kind"]: link["text"] for link in told["chain"]}
    assert "104:" in texts["rule"] and "101" in texts["table"]


@pytest.mark.parametrize("family", [4, 6])
def test_every_command_of_a_chain_can_be_typed(world, family: int) -> None:
    commands = set()
    for told in ask(world, flows=[dict(item.flow) for item in TABLES[family].values()])["flows"]:
        assert told["chain"], told
        commands |= {link["command"] for link in told["chain"]}
    for command in commands:
        assert command.startswith(("ip -n %s " % world.name, "ip netns exec %s nft " % world.name))
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, check=False)
        # The kernel's refusal or a device that is gone is an answer; a usage error is not.
        known = ("RTNETLINK answers", "does not exist", "Cannot find device")
        assert done.returncode == 0 or any(words in done.stderr for words in known), (command, done.stderr)


def test_a_neighbour_that_failed(world) -> None:
    world.sh("ip neigh add 192.0.2.50 dev va nud failed")
    with world.entered():
        assert send("192.0.2.50") is None
    world.sh("ip neigh replace 192.0.2.50 dev va nud failed")
    told = ask(world, to="192.0.2.50")
    assert (told["reachable"], told["cause"]) == (True, "neighbour-failed")
    assert [link["kind"] for link in told["chain"] if not link["ok"]] == ["neighbour"]


def test_a_next_hop_that_is_out_of_use(world) -> None:
    world.sh("sysctl -qw net.ipv4.conf.vc.ignore_routes_with_linkdown=1")
    with world.entered():
        assert send("198.51.100.9") == "ENETUNREACH"
    told = ask(world, to="198.51.100.9")
    assert (told["errno"], told["cause"]) == ("ENETUNREACH", "nexthop-dead")


def test_ipv6_passes_over_a_gateway_that_failed(world) -> None:
    """For a less specific route, where there is one: here one that refuses. IPv4 does not."""
    world.batch(
        "route add prohibit 2001:db8:200::/40\nroute add 2001:db8:200::/48 via 2001:db8::50\n"
        "neigh add 2001:db8::50 dev va nud failed\nneigh add 2001:db8::9 dev va nud failed\n",
        "-6",
    )
    told = ask(world, to="2001:db8:200::1", source=A6)
    with world.entered():
        assert send("2001:db8:200::1", A6) == "EACCES"
    assert (told["errno"], told["cause"]) == ("EACCES", "route-prohibit")
    # Without a less specific route it is taken all the same.
    told = ask(world, to="2001:db8:64::1", source=A6)
    assert (told["errno"], told["cause"]) == (None, "neighbour-failed")


def test_no_address_to_send_from(netns) -> None:
    ns = netns()
    ns.batch("link add va type veth peer name vb\nlink set va addrgenmode none\nlink set va up\nlink set vb up\n")
    ns.sh("ip -6 route add 2001:db8::/64 dev va; ip -6 addr del ::1/128 dev lo")
    for to in ("2001:db8::5", "2001:db8:ffff::5"):  # the second has no route either
        with ns.entered():
            assert send(to) == "EADDRNOTAVAIL"
        told = ask(ns, to=to)
        assert (told["errno"], told["cause"]) == ("EADDRNOTAVAIL", "no-source-address")


@pytest.mark.parametrize(("to", "interface"), [("192.0.2.255", None), ("239.1.1.1", "va"), ("ff0e::1", "va")])
def test_tcp_goes_to_one_host_only(world, to: str, interface: str | None) -> None:
    with world.entered():
        assert connect(to, interface) == "ENETUNREACH"
    told = ask(world, to=to, interface=interface, protocol="tcp")
    assert (told["errno"], told["cause"]) == ("ENETUNREACH", "not-unicast")


@pytest.mark.parametrize(("family", "expected"), [(4, "ENETUNREACH"), (6, None)])
def test_nonlocal_bind_helps_ipv6_only(world, family: int, expected: str | None) -> None:
    world.sh("sysctl -qw net.ipv4.ip_nonlocal_bind=1 net.ipv6.ip_nonlocal_bind=1")
    to, dead = (NEAR4, DEAD4) if family == 4 else (NEAR6, DEAD6)
    with world.entered():
        assert send(to, dead) == expected
    told = ask(world, to=to, source=dead)
    assert (told["errno"], told["cause"]) == (expected, "ok" if expected is None else "source-not-local")


def test_a_name_from_the_host_stays_a_name(world) -> None:
    name = "a;$(id)'\x1b[1m"
    world.sh("ip link add \"$(printf 'a;$(id)\\047\\033[1m')\" type veth peer name hx")
    told = ask(world, to=FAR4, interface=name)
    assert told["cause"] == "link-down"
    assert "\x1b" not in told["explanation"] and "\\x1b" in told["explanation"]
    (link,) = [link for link in told["chain"] if link["kind"] == "link"]
    assert "\x1b" not in link["text"]
    assert name in world.sh(link["command"].replace("ip -n %s" % world.name, "ip", 1))


def test_the_firewall_is_asked_after_the_routes(world) -> None:
    """Differs: netfilter comes after the lookup. A drop in output gives EPERM; the rules tell that it would."""
    if shutil.which("nft") is None:
        pytest.skip("needs nft")
    assert ask(world, to=NEAR4)["chain"][-1] == {
        "kind": "firewall", "text": "the firewall lets it pass", "ok": True,
        "command": "ip netns exec %s nft list ruleset" % world.name,
    }  # fmt: skip
    world.sh(
        "nft 'add table inet t; add chain inet t o { type filter hook output priority 0; }; "
        "add rule inet t o udp dport 99 accept; add rule inet t o drop'"
    )
    with world.entered():
        assert send(NEAR4) == "EPERM"
        assert send(NEAR6) == "EPERM"
        assert send(NEAR4, port=99) is None
    for to in (NEAR4, NEAR6):
        told = ask(world, to=to, port=9)
        assert (told["reachable"], told["errno"], told["cause"]) == (False, "EPERM", "firewall")
        assert told["explanation"].startswith("The routes lead to %s, and the firewall takes it:" % to)
        assert (told["chain"][-1]["kind"], told["chain"][-1]["ok"]) == ("firewall", False)
        assert ask(world, to=to, port=99)["cause"] == "ok"
        alone = ask(world, to=to, port=9, firewall=False)
        assert (alone["errno"], alone["cause"]) == (None, "ok")
        assert all(link["kind"] != "firewall" for link in alone["chain"])
    # Without a port it is not known whether the first rule takes it: nothing is claimed.
    unsure = ask(world, to=NEAR4)
    assert (unsure["errno"], unsure["cause"]) == (None, "ok")
    assert "as far as the rules can be told" in unsure["chain"][-1]["text"]
    # What the routes refuse never gets to the firewall.
    assert ask(world, to=NEAR4, source=DEAD4)["cause"] == "source-not-local"


def test_one_firewall_for_many_questions(world) -> None:
    world.sh(
        "nft 'add table inet t; add chain inet t o { type filter hook output priority 0; }; "
        "add rule inet t o ip daddr %s drop'" % NEAR4
    )
    with Kernel(world.name) as kernel:
        told = reach_info(
            {"flows": [{"to": NEAR4}, {"to": NEAR6}, {"to": NEAR4, "protocol": "tcp", "port": 80}]}, kernel
        )
    assert [item["cause"] for item in told["flows"]] == ["firewall", "ok", "firewall"]
    assert told["unseen"] == []


def test_a_transparent_socket_may_send_from_anywhere(world) -> None:
    """Differs: IP_TRANSPARENT is the socket's own right, which a question does not have."""
    with world.entered():
        assert send(NEAR4, DEAD4, transparent=True) is None
    assert ask(world, to=NEAR4, source=DEAD4)["errno"] == "ENETUNREACH"


def test_a_broadcast_socket_may_broadcast(world) -> None:
    """Differs: the lookup says nothing of SO_BROADCAST; the answer here is that of a socket without it."""
    with world.entered():
        assert send("192.0.2.255", broadcast=True) is None
    assert ask(world, to="192.0.2.255")["cause"] == "broadcast-not-allowed"


def test_ipv6_takes_the_interface_as_a_wish_unless_the_socket_is_bound_to_it(world) -> None:
    """Differs: with a source, IPV6_PKTINFO's interface is a wish, SO_BINDTODEVICE a must. The answer is for the first."""
    with world.entered():
        vc = socket.if_nametoindex("vc")
        assert send(NEAR6, A6, vc) is None
        assert send(NEAR6, A6, device="vc") == "ENETUNREACH"
    told = ask(world, to=NEAR6, source=A6, interface="vc")
    assert told["errno"] is None
    assert "not on vc" in told["explanation"]


def test_a_fresh_bind_and_a_bound_socket_whose_address_left(world) -> None:
    """Differs: bind() refuses with EADDRNOTAVAIL; IPv4 then refuses each send, IPv6 keeps sending."""
    with world.entered():
        for family, to, source, left, later in (
            (socket.AF_INET, NEAR4, "192.0.2.3", "192.0.2.3/24", "ENETUNREACH"),
            (socket.AF_INET6, NEAR6, "2001:db8::3", "2001:db8::3/64", None),
        ):
            world.sh("ip addr add %s dev va %s" % (left, "nodad" if family == socket.AF_INET6 else ""))
            with socket.socket(family, socket.SOCK_DGRAM) as bound, socket.socket(family, socket.SOCK_DGRAM) as fresh:
                bound.bind((source, 0))
                bound.sendto(b"x", (to, 9))
                world.sh("ip addr del %s dev va" % left)
                assert (bound.getsockname()[0], _errno_of(bound.sendto, b"x", (to, 9))) == (source, later)
                assert _errno_of(fresh.bind, (source, 0)) == "EADDRNOTAVAIL"
            assert ask(world, to=to, source=source)["cause"] == "source-not-local"


def _errno_of(call: t.Callable[..., t.Any], *arguments: t.Any) -> str | None:
    try:
        call(*arguments)
    except OSError as exc:
        return errno.errorcode[exc.errno or 0]
    return None
