# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource modules against the real kernel: each case is predicted, done, done again, undone, and done by ``ip``."""

from __future__ import annotations

import re
import subprocess
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.outcome import Changed
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.address import address
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.link import link
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.neighbour import neighbour
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.route import route
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.rule import rule
from hypothesis import given, settings
from hypothesis import strategies as st

MODULES = {"route": route, "rule": rule, "address": address, "link": link, "neighbour": neighbour}
DEFAULTS = {"state": "present", "nodad": False, "proxy": False, "nud": "permanent"}
WORLD = """
sysctl -qw net.ipv6.conf.default.addr_gen_mode=1 net.ipv6.conf.default.accept_dad=0
ip link add va address 02:00:00:00:00:01 type veth peer name vb address 02:00:00:00:00:02
ip link add vc address 02:00:00:00:00:03 type veth peer name vd address 02:00:00:00:00:04
ip link add br0 address 02:00:00:00:00:05 type bridge
ip link set va up
ip link set vb up
ip link set vc up
ip link set vd up
ip link set br0 up
ip address add 10.0.0.1/24 dev va
ip address add 10.0.1.1/24 dev vc
ip address add 2001:db8::1/64 dev va nodad
ip address add 2001:db8:1::1/64 dev vc nodad
ip nexthop add id 7 via 10.0.0.7 dev va
ip nexthop add id 8 via 2001:db8::8 dev va
"""
SHOW = (
    "ip -o -d link; ip -o -d address; ip -4 -d route show table all; ip -6 -d route show table all; ip -4 -d rule;"
    " ip -6 -d rule; ip -d neigh show nud permanent; ip -d neigh show nud noarp; ip -d neigh show proxy"
)
OF_ITS_OWN_TIME = (
    r"link/ether \S+|gso_max.*|valid_lft \w+ preferred_lft \w+|NO-CARRIER,|,LOWER_UP|,M-DOWN|state \w+|linkdown "
    r"|(?<= bridge)(_slave)? .*(?=addrgenmode|numtxqueues)|^(ff02|224).*\n"
)
"""What follows by itself, or is made up by the kernel."""


class Params(t.Dict[str, t.Any]):
    """Options as a module gets them: those that were not given are None."""

    def __missing__(self, name: str) -> None:
        return None


def run(ns, module, check=False, **options):
    if "nexthops" in options:
        options["nexthops"] = [Params({"weight": 1, **hop}) for hop in options["nexthops"]]
    with Kernel(ns.name) as kernel:
        return MODULES[module](Params({**DEFAULTS, **options, "netns": ns.name}), kernel, check)


def made(netns, before=""):
    ns = netns()
    ns.sh(WORLD)
    # The kernel makes the local routes of IPv6 addresses in the background.
    for own in ("2001:db8::1", "2001:db8:1::1"):
        ns.until('ip -6 route show table local | grep -q "^local %s "' % own)
    ns.until("! ip -6 address show tentative | grep -q inet6")
    ns.sh(before or "true")
    return ns


def shown(ns):
    """All that ``ip`` shows, but for what follows in its own time, which also decides over the order of IPv6 routes."""
    return sorted(re.sub(OF_ITS_OWN_TIME, "", ns.sh(SHOW), flags=re.MULTILINE).splitlines())


def by_hand(ns, other, commands):
    for command in commands:
        subprocess.run(command.replace(ns.name, other.name), shell=True, check=True)


ROUTE4 = {"dst": "192.0.2.0/24", "gateway": "10.0.0.9"}
ROUTE6 = {"dst": "2001:db8:9::/48", "gateway": "2001:db8::9"}
HAS_ROUTE4 = "ip route add 192.0.2.0/24 via 10.0.0.8 proto bgp src 10.0.0.1"
HAS_ROUTE6 = "ip -6 route add 2001:db8:9::/48 via 2001:db8::8"
VXLAN = {"name": "vx0", "kind": "vxlan", "id": 42, "local": "10.0.0.1", "remote": "10.0.0.2", "underlay": "va"}
HAS_VXLAN = "ip link add vx0 type vxlan id 42 local 10.0.0.1 remote 10.0.0.2 dev va dstport 4789"

CASES: t.Dict[str, t.Tuple[str, str, t.Dict[str, t.Any]]] = {
    # name: kind, what was there before, options
    "route": ("route", "", ROUTE4),
    "route-6": ("route", "", ROUTE6),
    "route-default": ("route", "", {"dst": "default", "family": "ipv4", "gateway": "10.0.0.9"}),
    "route-default-6": ("route", "", {"dst": "default", "family": "ipv6", "gateway": "2001:db8::9"}),
    "route-all": (
        "route",
        "",
        dict(
            ROUTE4, interface="va", source="10.0.0.1", table="1000", metric=5, tos=16, mtu=1400, proto="bgp", scope="site"
        ),
    ),
    "route-all-6": (
        "route",
        "",
        dict(ROUTE6, interface="va", source="2001:db8::1", table="1000", metric=5, mtu=1400, proto="186"),
    ),
    "route-on-link": ("route", "", {"dst": "192.0.2.0/24", "interface": "va"}),
    "route-on-link-6": ("route", "", {"dst": "2001:db8:9::/48", "interface": "va"}),
    "route-onlink": ("route", "", {"dst": "192.0.2.0/24", "gateway": "203.0.113.1", "interface": "va", "onlink": True}),
    "route-other-family": ("route", "", {"dst": "192.0.2.0/24", "gateway": "2001:db8::9"}),
    "route-host": ("route", "", {"dst": "192.0.2.7", "gateway": "10.0.0.9"}),
    "route-blackhole": ("route", "", {"dst": "192.0.2.0/24", "type": "blackhole"}),
    "route-unreachable-6": ("route", "", {"dst": "2001:db8:9::/48", "type": "unreachable", "metric": 7}),
    "route-throw": ("route", "", {"dst": "192.0.2.0/24", "type": "throw", "table": "100"}),
    "route-local": ("route", "", {"dst": "192.0.2.0/24", "type": "local", "interface": "lo"}),
    "route-local-6": ("route", "", {"dst": "2001:db8:9::/48", "type": "local", "interface": "lo"}),
    "route-nexthops": (
        "route",
        "",
        {"dst": "192.0.2.0/24", "nexthops": [{"gateway": "10.0.0.9", "weight": 3}, {"gateway": "10.0.1.9", "weight": 1}]},
    ),
    "route-nexthops-6": (
        "route",
        "",
        {
            "dst": "2001:db8:9::/48",
            "nexthops": [{"gateway": "2001:db8::9", "weight": 3}, {"gateway": "2001:db8:1::9", "interface": "vc"}],
        },
    ),
    "route-nexthop-id": ("route", "", {"dst": "192.0.2.0/24", "nexthop_id": 7}),
    "route-nexthop-id-6": ("route", "", {"dst": "2001:db8:9::/48", "nexthop_id": 8}),
    "route-replaced": ("route", HAS_ROUTE4, ROUTE4),
    "route-replaced-6": ("route", HAS_ROUTE6, ROUTE6),
    "route-other-source": ("route", HAS_ROUTE4.replace(" src 10.0.0.1", ""), dict(ROUTE4, source="10.0.0.1")),
    "route-other-type": ("route", HAS_ROUTE4, {"dst": "192.0.2.0/24", "type": "prohibit"}),
    "route-other-type-6": ("route", HAS_ROUTE6, {"dst": "2001:db8:9::/48", "type": "prohibit"}),
    "route-onto-nexthop": ("route", HAS_ROUTE4, {"dst": "192.0.2.0/24", "nexthop_id": 7}),
    "route-beside": ("route", HAS_ROUTE4 + " metric 9", ROUTE4),
    "route-shadowed": ("route", HAS_ROUTE4 + "; ip route append 192.0.2.0/24 via 10.0.0.9 proto static", ROUTE4),
    "route-on-other-link": (
        "route",
        "ip -6 route add 2001:db8:9::/48 dev va",
        {"dst": "2001:db8:9::/48", "interface": "vc"},
    ),
    "rule": ("rule", "", {"from": "10.0.0.0/8", "table": "100", "priority": 50}),
    "rule-6": ("rule", "", {"from": "2001:db8::/32", "table": "100", "priority": 50}),
    "rule-no-priority": ("rule", "", {"from": "10.0.0.1", "table": "100"}),
    "rule-no-priority-after": ("rule", "ip rule add pref 9 to 10.9.0.0/16 lookup 9", {"mark": "0x10", "table": "100"}),
    "rule-all": (
        "rule",
        "",
        {
            "priority": 60, "from": "10.0.0.0/8", "to": "192.0.2.0/24", "iif": "lo", "oif": "nolink", "mark": "0x10",
            "mask": "0xff", "tos": 16, "uid_range": "5-7", "ip_proto": "tcp", "sport": "1000-2000", "dport": "443",
            "invert": True, "table": "4000000000", "suppress_prefixlength": 8, "proto": "bgp",
        },
    ),
    "rule-mark-zero": ("rule", "", {"priority": 61, "mark": "0", "mask": "0xff", "table": "main"}),
    "rule-blackhole": ("rule", "", {"priority": 62, "action": "blackhole", "to": "192.0.2.0/24"}),
    "rule-goto": ("rule", "", {"priority": 63, "goto": 32766, "family": "ipv6"}),
    "rule-nop": ("rule", "", {"priority": 64, "action": "nop", "from": "10.0.0.9"}),
    "rule-zero": ("rule", "", {"priority": 0, "action": "nop", "from": "10.0.0.9"}),
    "rule-replaced": (
        "rule",
        "ip rule add pref 50 from 10.0.0.0/8 lookup 101",
        {"from": "10.0.0.0/8", "table": "100", "priority": 50},
    ),
    "rule-beside": (
        "rule",
        "ip rule add pref 50 from 10.0.0.0/8 to 10.1.0.0/16 lookup 101",
        {"from": "10.0.0.0/8", "table": "101", "priority": 50},
    ),
    "address": ("address", "", {"address": "192.0.2.1/24", "interface": "va"}),
    "address-6": ("address", "", {"address": "2001:db8:7::1/64", "interface": "va", "nodad": True}),
    "address-host": ("address", "", {"address": "192.0.2.1", "interface": "lo"}),
    "address-all": (
        "address",
        "",
        {
            "address": "192.0.2.1/24", "interface": "va", "broadcast": "+", "label": "va:vip", "scope": "site",
            "noprefixroute": True,
        },
    ),
    "address-peer": ("address", "", {"address": "169.254.0.1", "peer": "169.254.0.0/31", "interface": "va"}),
    "address-peer-6": (
        "address",
        "",
        {"address": "2001:db8:7::1", "peer": "2001:db8:8::1/64", "interface": "va", "nodad": True},
    ),
    "address-loopback": ("address", "", {"address": "127.0.0.9/8", "interface": "lo"}),
    "address-relabelled": (
        "address",
        "ip address add 192.0.2.1/24 dev va; ip address add 192.0.2.2/24 dev va; "
        "ip route add 198.51.100.0/24 via 192.0.2.9 src 192.0.2.1",
        {"address": "192.0.2.1/24", "interface": "va", "label": "va:one"},
    ),
    "address-other-length-6": (
        "address",
        "ip address add 2001:db8:7::1/128 dev va nodad",
        {"address": "2001:db8:7::1/64", "interface": "va"},
    ),
    "address-prefix-route-6": (
        "address",
        "ip address add 2001:db8:7::1/64 dev va nodad",
        {"address": "2001:db8:7::1/64", "interface": "va", "noprefixroute": True},
    ),
    "neighbour": ("neighbour", "", {"address": "10.0.0.5", "interface": "va", "lladdr": "02-00-00-00-00-AA"}),
    "neighbour-6": (
        "neighbour",
        "",
        {"address": "2001:db8::5", "interface": "va", "lladdr": "02:00:00:00:00:aa", "router": True, "proto": "zebra"},
    ),
    "neighbour-noarp": (
        "neighbour",
        "",
        {"address": "10.0.0.5", "interface": "va", "lladdr": "02:00:00:00:00:aa", "nud": "noarp"},
    ),
    "neighbour-replaced": (
        "neighbour",
        "ip neigh add 10.0.0.5 lladdr 02:00:00:00:00:bb dev va nud permanent",
        {"address": "10.0.0.5", "interface": "va", "lladdr": "02:00:00:00:00:aa"},
    ),
    "neighbour-learned": (
        "neighbour",
        "ip neigh add 10.0.0.5 lladdr 02:00:00:00:00:bb dev va nud stale",
        {"address": "10.0.0.5", "interface": "va", "lladdr": "02:00:00:00:00:aa"},
    ),
    "neighbour-proxy": ("neighbour", "", {"address": "10.0.0.77", "interface": "va", "proxy": True}),
    "neighbour-proxy-6": ("neighbour", "", {"address": "2001:db8::77", "interface": "va", "proxy": True}),
    "link-bridge": ("link", "", {"name": "br1", "kind": "bridge", "state": "up", "mtu": 1400, "alias": "the $(other) one"}),
    "link-veth": ("link", "", {"name": "ve0", "kind": "veth", "peer": "ve1", "master": "br0"}),
    "link-macvlan": (
        "link",
        "",
        {"name": "mv0", "kind": "macvlan", "parent": "va", "mode": "bridge", "lladdr": "02:00:00:00:00:99"},
    ),
    "link-vxlan": ("link", "", dict(VXLAN, port=4790, ttl=7, state="up")),
    "link-vxlan-6": (
        "link",
        "",
        {"name": "vx0", "kind": "vxlan", "id": 42, "local": "2001:db8::1", "remote": "2001:db8::2", "state": "down"},
    ),
    "link-moved": ("link", HAS_VXLAN, dict(VXLAN, local="10.0.1.1", remote="10.0.1.2", mtu=1400)),
    "link-mode": (
        "link",
        "ip link add mv0 link va type macvlan mode vepa",
        {"name": "mv0", "kind": "macvlan", "parent": "va", "mode": "private"},
    ),
    "link-settings": ("link", "", {"name": "vd", "mtu": 1300, "alias": "far", "master": "br0"}),
    "link-released": ("link", "ip link set vd master br0 alias far", {"name": "vd", "master": "", "alias": ""}),
    "link-down": ("link", "", {"name": "vc", "state": "down"}),
    "link-up": ("link", "ip link set vc down", {"name": "vc", "state": "up"}),
    "link-down-renamed-hardware": ("link", "", {"name": "vd", "state": "down", "mtu": 1200}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_predicted_done_and_done_again(netns, case):
    kind, before, options = CASES[case]
    ns = made(netns, before)
    start = shown(ns)
    predicted = run(ns, kind, check=True, **options)
    assert predicted["changed"]
    assert shown(ns) == start
    done = run(ns, kind, **options)
    assert done == predicted
    end = shown(ns)
    assert end != start
    again = run(ns, kind, **options)
    assert not again["changed"]
    assert again["before"] == again["after"] == done["after"]
    assert again["commands"] == []
    assert not run(ns, kind, check=True, **options)["changed"]
    assert shown(ns) == end


@pytest.mark.parametrize("case", [case for case in CASES if case != "address-relabelled"])  # that puts others back
def test_the_commands_do_the_same(netns, case):
    kind, before, options = CASES[case]
    ns, other = made(netns, before), made(netns, before)
    by_hand(ns, other, run(ns, kind, **options)["commands"])
    assert shown(other) == shown(ns)


UNDONE = [
    name
    for name, (_kind, before, options) in CASES.items()
    if not before and options.get("state", "present") == "present" and name != "link-settings"
]


@pytest.mark.parametrize("case", UNDONE)
def test_what_was_made_is_removed_by_the_same_words(netns, case):
    kind, _before, options = CASES[case]
    ns, other = made(netns), made(netns)
    start = shown(ns)
    run(ns, kind, **options)
    run(other, kind, **options)
    there = shown(ns)
    absent = dict(options, state="absent")
    predicted = run(ns, kind, check=True, **absent)
    assert shown(ns) == there
    done = run(ns, kind, **absent)
    assert done == predicted
    assert done["changed"] and done["before"] and done["after"] == []
    assert shown(ns) == start
    again = run(ns, kind, **absent)
    assert not again["changed"]
    assert (again["before"], again["after"], again["commands"]) == ([], [], [])
    by_hand(ns, other, done["commands"])
    assert shown(other) == start


# What the cases above do not show ------------------------------------------------------------------------------------


def test_an_address_that_goes_leaves_the_others_of_its_subnet_and_their_routes(netns):
    ns = made(netns)
    for number in (1, 2, 3):
        ns.sh("ip address add 192.0.2.%d/24 dev vd" % number)
    ns.sh("ip route add 198.51.100.0/24 via 192.0.2.9")
    ns.sh("ip route add 198.51.101.0/24 via 192.0.2.9 src 192.0.2.2")
    ns.sh("ip route add 198.51.102.0/24 via 192.0.2.9 src 192.0.2.1")
    done = run(ns, "address", address="192.0.2.1", state="absent")
    assert done["before"] == ["192.0.2.1/24 scope global dev vd label vd"]
    assert [item["local"] for item in ns.json("address show vd")[0]["addr_info"] if item["family"] == "inet"] == [
        "192.0.2.2",
        "192.0.2.3",
    ]
    assert {item["dst"] for item in ns.json("route show dev vd")} == {
        "192.0.2.0/24",
        "198.51.100.0/24",
        "198.51.101.0/24",
    }


def test_an_address_that_is_made_anew_keeps_its_place_and_its_routes(netns):
    ns = made(netns)
    ns.sh("ip address add 192.0.2.1/24 dev vd; ip address add 192.0.2.2/24 dev vd")
    ns.sh("ip route add 198.51.100.0/24 via 192.0.2.9 src 192.0.2.1")
    routes = ns.sh("ip route show dev vd")
    run(ns, "address", address="192.0.2.1/24", interface="vd", label="vd:vip")
    found = [(item["local"], item["label"]) for item in ns.json("-4 address show vd")[0]["addr_info"]]
    assert found == [("192.0.2.1", "vd:vip"), ("192.0.2.2", "vd")]
    assert ns.sh("ip route show dev vd") == routes


def test_an_address_is_marked_with_its_origin(netns):
    ns = made(netns)
    options = {"address": "192.0.2.1/24", "interface": "va", "proto": "186"}
    predicted = run(ns, "address", check=True, **options)
    assert run(ns, "address", **options) == predicted
    assert predicted["after"] == ["192.0.2.1/24 scope global dev va label va proto 186"]
    changed = run(ns, "address", **{**options, "proto": "187"})
    assert [command.split()[5] for command in changed["commands"]] == ["replace"]
    assert not run(ns, "address", **{**options, "proto": "187"})["changed"]


@pytest.mark.parametrize("text", ["192.0.2.1/24", "2001:db8:7::1/64"])
def test_a_lifetime_runs_and_is_renewed_by_half(netns, text):
    ns = made(netns)
    options = {"address": text, "interface": "va", "valid_lifetime": "4000", "preferred_lifetime": "2000"}
    predicted = run(ns, "address", check=True, **options)
    assert run(ns, "address", **options)["changed"]
    assert "valid_lft 4000 preferred_lft 2000" in predicted["after"][0]
    assert not run(ns, "address", **options)["changed"]
    assert not run(ns, "address", **{**options, "valid_lifetime": "7000", "preferred_lifetime": "3900"})["changed"]
    assert run(ns, "address", **{**options, "valid_lifetime": "9000"})["changed"]
    assert run(ns, "address", **{**options, "valid_lifetime": "500", "preferred_lifetime": "0"})["changed"]
    done = run(ns, "address", **{**options, "valid_lifetime": "forever", "preferred_lifetime": "forever"})
    assert done["changed"] and "lft" not in done["after"][0]
    assert "valid_lft forever preferred_lft forever" in ns.sh("ip address show to %s" % text.partition("/")[0])


def test_absent_takes_what_matches_and_nothing_else(netns):
    ns = made(netns)
    for words in ("via 10.0.0.9 metric 1", "via 10.0.0.9 metric 2", "via 10.0.0.8 metric 3", "via 10.0.0.9 table 9"):
        ns.sh("ip route add 192.0.2.0/24 %s" % words)
    ns.sh("ip route add 192.0.2.0/25 via 10.0.0.9; ip route add 192.0.2.0/24 nexthop via 10.0.0.9 nexthop via 10.0.1.9")
    done = run(ns, "route", dst="192.0.2.0/24", gateway="10.0.0.9", state="absent")
    assert [line.split()[-1] for line in done["before"]] == ["1", "2"]
    left = ns.sh("ip -4 route show table all")
    assert "metric 1" not in left and "metric 2" not in left
    for words in ("metric 3", "table 9", "192.0.2.0/25", "nexthop via 10.0.0.9"):
        assert words in left


def test_the_kernels_own_rules_need_to_be_meant(netns):
    ns = made(netns)
    before = ns.sh("ip rule")
    assert not run(ns, "rule", table="main", state="absent")["changed"]
    assert ns.sh("ip rule") == before
    assert run(ns, "rule", priority=32767, state="absent")["changed"]
    assert ns.sh("ip rule") == before.replace("32767:\tfrom all lookup default\n", "")


REFUSED: t.Dict[str, t.Tuple[str, t.Dict[str, t.Any], str]] = {
    "route-unreachable": ("route", {"dst": "192.0.2.0/24", "gateway": "203.0.113.1"}, "ENETUNREACH.*set onlink"),
    "route-unreachable-there": (
        "route",
        {"dst": "192.0.2.0/24", "gateway": "203.0.113.1", "interface": "va"},
        "route add 192.0.2.0/24 via 203.0.113.1 dev va.*ENETUNREACH.*set onlink",
    ),
    "route-unreachable-6": ("route", {"dst": "2001:db8:9::/48", "gateway": "2001:dead::1"}, "EHOSTUNREACH.*onlink"),
    "route-own-gateway": ("route", {"dst": "192.0.2.0/24", "gateway": "10.0.0.1"}, "EINVAL.*a gateway must not"),
    "route-source": ("route", dict(ROUTE4, source="203.0.113.1"), "EINVAL.*source must be an address of this host"),
    "route-no-nexthop": ("route", {"dst": "192.0.2.0/24", "nexthop_id": 99}, "EINVAL.*nexthop_id must exist"),
    "route-link-down": ("route", {"dst": "192.0.2.0/24", "interface": "ve9"}, "ENETDOWN.*bring it up first"),
    "link-kind": ("link", {"name": "nope0", "kind": "vrf", "table": 9}, "EOPNOTSUPP.*load its module"),
    "link-same": ("link", dict(VXLAN, name="vx9"), "EEXIST.*with the same parameters"),
    "link-master-of-itself": ("link", {"name": "br0", "master": "br0"}, "ELOOP.*its own master"),
    "link-mtu": ("link", {"name": "va", "mtu": 10}, "EINVAL"),
    "address-no-ipv6": ("address", {"address": "2001:db8:7::1/64", "interface": "vd"}, "EACCES.*IPv6 is disabled"),
    "neighbour-length": (
        "neighbour",
        {"address": "10.0.0.5", "interface": "va", "lladdr": "02:00:00:00"},
        "EINVAL.*as long as the interface's own",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_says_what_and_why_and_what_to_do(netns, case):
    kind, options, words = REFUSED[case]
    ns = made(
        netns, HAS_VXLAN + "; ip link add ve9 type veth peer name ve8; sysctl -qw net.ipv6.conf.vd.disable_ipv6=1"
    )
    if case == "link-kind" and "vrf" not in ns.sh("ip link add t type vrf table 7 2>&1 || echo no vrf"):
        pytest.skip("this kernel has VRFs")
    before = shown(ns)
    with pytest.raises(ValueError, match=words):
        run(ns, kind, **options)
    assert shown(ns) == before


def test_a_link_is_never_remade_silently(netns):
    ns = made(netns, HAS_VXLAN)
    for other, words in (
        ({"id": 43}, "id: the link vx0 has 42, not 43, which cannot be changed in place"),
        ({"port": 4790}, "port: the link vx0 has 4789, not 4790"),
        ({"underlay": "vc"}, "underlay: the link vx0 has va, not vc"),
        ({"kind": "bridge", "id": None, "local": None, "remote": None, "underlay": None}, "is a vxlan, not a bridge"),
    ):
        with pytest.raises(ValueError, match=words):
            run(ns, "link", check=True, **{**VXLAN, **other})


def test_whoever_undoes_it_at_once_is_told_of(netns, monkeypatch):
    ns = made(netns)
    monkeypatch.setattr(Kernel, "change", lambda _kernel, _op, seens: [Changed(1) for _seen in seens])
    with pytest.raises(
        ValueError, match="does not show them.*There is: nothing; still to do: -4 route add 192.0.2.0/24"
    ):
        run(ns, "route", **ROUTE4)


# Whatever is asked for, upon whatever the tasks before left there ------------------------------------------------------


def maybe(*values):
    return st.sampled_from((None, *values))


@st.composite
def route_options(draw):
    family = draw(st.sampled_from([4, 6]))
    net, own = ("10.0.0.%d", "10.0.0.1") if family == 4 else ("2001:db8::%d", "2001:db8::1")
    options = {
        "dst": draw(st.sampled_from(["192.0.2.0/24", "0.0.0.0/0"] if family == 4 else ["2001:db8:9::/48", "::/0"])),
        "table": draw(maybe("100")),
        "metric": draw(maybe(0, 5)),
        "tos": draw(maybe(16)) if family == 4 else None,
        "state": draw(st.sampled_from(["present", "present", "absent"])),
        "proto": draw(maybe("static", "bgp")),
    }
    shape = draw(st.sampled_from(["gateway", "gateway", "on-link", "several", "refused", "nexthop", "nothing"]))
    if shape == "gateway":
        options.update(gateway=net % draw(st.integers(7, 9)), interface=draw(maybe("va")), source=draw(maybe(own)))
        options["mtu"] = draw(maybe(1400))
    elif shape == "on-link":
        options.update(interface=draw(st.sampled_from(["va", "vc"])))
    elif shape == "several":
        weights = st.lists(st.integers(1, 3), min_size=2, max_size=3)
        options["nexthops"] = [{"gateway": net % (7 + at), "weight": w} for at, w in enumerate(draw(weights))]
    elif shape == "refused":
        options["type"] = draw(st.sampled_from(["blackhole", "unreachable", "prohibit", "throw"]))
    elif shape == "nexthop":
        options["nexthop_id"] = 7 if family == 4 else 8
    return {name: value for name, value in options.items() if value is not None}


@st.composite
def rule_options(draw):
    options = {
        "family": draw(st.sampled_from(["ipv4", "ipv6"])),
        "priority": draw(maybe(50, 51)),
        "mark": draw(maybe("0x10")),
        "iif": draw(maybe("lo", "va")),
        "ip_proto": draw(maybe("tcp")),
        "dport": draw(maybe("443", "1000-2000")),
        "invert": draw(maybe(True, False)),
        "table": draw(maybe("100", "101")),
        "suppress_prefixlength": draw(maybe(0)),
        "state": draw(st.sampled_from(["present", "present", "absent"])),
    }
    return {name: value for name, value in options.items() if value is not None}


@pytest.mark.parametrize(("module", "task"), [("route", route_options()), ("rule", rule_options())])
def test_whatever_is_asked_for_is_predicted_exactly(netns, module, task):
    changed = []

    @settings(max_examples=40, deadline=None, database=None)
    @given(st.lists(task, min_size=3, max_size=10))
    def play(tasks):
        ns = made(netns)
        for options in tasks:
            try:
                predicted = run(ns, module, check=True, **options)
            except ValueError:
                continue  # makes no sense, leads nowhere, or cannot be told from another
            done = run(ns, module, **options)
            assert done == predicted
            changed.append(done["changed"])
            again = run(ns, module, **options)
            assert not again["changed"]
            assert again["after"] == done["after"]

    play()
    assert changed.count(True) > 40
