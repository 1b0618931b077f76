# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The small tables and the routes of made-up worlds: what the port says is what ``ip -j -d`` says."""

from __future__ import annotations

import ipaddress
import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Hop, Link, Route, Rule

Json = t.Dict[str, t.Any]
Row = t.Dict[str, t.Any]

LINKS = """
ip link add va type veth peer name vb
ip link add far type veth peer name gone
ip link add br0 type bridge
ip link add vx0 type vxlan id 42 local 10.7.0.1 remote 10.7.0.2 dev va ttl 7 dstport 4789
ip link add vx1 type vxlan id 43 group 239.1.1.1 dev va dstport 4790
ip link add vx2 type vxlan id 44 local 2001:db8:7::1 remote 2001:db8:7::2 dstport 4791
ip link add vx3 type vxlan dstport 4792 external
ip link add mv0 link va type macvlan mode bridge
ip link add if0 type ifb
ip tuntap add tun7 mode tun
ip link set vb master br0 alias 'the one with the "alias"'
ip link set br0 mtu 1400
ip link set va up
ip link set vb up
ip link set br0 up
ip link set tun7 up
ip link set vx0 up
"""


def _link_rows(said: t.Sequence[Json]) -> t.Dict[str, Row]:
    """``ip -j -d link`` as the fields of Link that it tells."""
    index = {item["ifname"]: item["ifindex"] for item in said}
    rows = {}
    for item in said:
        info = item.get("linkinfo", {})
        data = info.get("info_data", {})
        kind = info.get("info_kind")
        remote = data.get("remote", data.get("remote6"))
        rows[item["ifname"]] = {
            "ifindex": item["ifindex"],
            "kind": kind,
            "up": "UP" in item["flags"],
            "carrier": "LOWER_UP" in item["flags"],
            "loopback": "LOOPBACK" in item["flags"],
            "operstate": item["operstate"],
            "mtu": item["mtu"],
            "lladdr": item.get("address"),
            "master": index.get(item.get("master")),
            "parent": item.get("link_index") or index.get(item.get("link")),
            "peer_netns": item.get("link_netnsid"),
            "alias": item.get("ifalias"),
            "local": data.get("local", data.get("local6")),
            "remote": remote,
            "underlay": index.get(data.get("link")),
            "ttl": data.get("ttl") or None if kind == "vxlan" else None,
        }
    return rows


def test_links_are_as_ip_shows_them(netns):
    ns, other = netns(), netns()
    ns.sh(LINKS)
    ns.sh("ip link set gone netns %s" % other.name)
    with Kernel(ns.name) as kernel:
        links = kernel.links()
        assert kernel.unsteady == []
    said = _link_rows(ns.json("link show"))
    assert len(said) == len(links) == 12
    for link in links:
        assert {name: getattr(link, name) for name in said[link.name]} == said[link.name]
    by_name = {link.name: link for link in links}
    assert by_name["lo"].loopback
    assert by_name["far"].peer_netns is not None
    assert by_name["vx0"].local == "10.7.0.1"
    assert by_name["vx0"].ttl == 7
    assert by_name["vx1"].remote is None  # a group is no far end
    assert not by_name["tun7"].carrier


def test_a_name_from_the_host_is_only_a_name(netns):
    ns = netns()
    name = "x$(a)'\"\\;\x1b[1"
    subprocess.run(["ip", "-n", ns.name, "link", "add", "name", name, "type", "ifb"], check=True)
    subprocess.run(["ip", "-n", ns.name, "link", "set", "lo", "alias", "\x1b[31m</script>\n& \u202e"], check=True)
    raw = b"b\xff\xfe"
    subprocess.run([b"ip", b"-n", ns.name.encode(), b"link", b"add", b"name", raw, b"type", b"ifb"], check=True)
    with Kernel(ns.name) as kernel:
        links = {link.name: link for link in kernel.links()}
    assert set(links) == {"lo", name, raw.decode("utf-8", "surrogateescape")}
    assert links["lo"].alias == "\x1b[31m</script>\n& \u202e"


ADDRESSES = """
ip link add va type veth peer name vb
ip link add vc type veth peer name vd
ip link set va up
ip link set vb up
ip link set vc up
ip addr add 10.1.0.1/24 brd + dev va label va:one
ip addr add 10.1.0.2/24 dev va
ip addr add 10.1.0.3 peer 10.9.9.9/32 dev va
ip addr add 10.2.0.1/16 dev va valid_lft 4000 preferred_lft 2000 noprefixroute
ip addr add 10.3.0.1/32 dev lo scope host
ip addr add 10.4.0.1/32 dev va proto 187 || true
ip addr add 2001:db8:1::1/64 dev va nodad
ip addr add 2001:db8:1::2/128 peer 2001:db8:9::9 dev va nodad
ip addr add 2001:db8:2::1/64 dev va valid_lft 4000 preferred_lft 0 nodad
ip addr add 2001:db8:3::1/64 dev va noprefixroute mngtmpaddr home nodad
ip addr add 2001:db8:4::1/64 dev vc
"""
FLAGS = (
    "secondary", "temporary", "nodad", "optimistic", "dadfailed", "home", "deprecated", "tentative", "mngtmpaddr",
    "noprefixroute", "autojoin", "stable-privacy",
)  # fmt: skip
FOREVER = 4294967295


def test_addresses_are_as_ip_shows_them(netns):
    ns = netns()
    ns.sh(ADDRESSES)
    for link in ("va", "vb"):  # the others have no carrier: theirs stay tentative
        ns.until("! ip addr show %s tentative | grep -q ." % link)
    with Kernel(ns.name) as kernel:
        addresses = kernel.addresses()
    said = {}
    for link in ns.json("addr show"):
        for item in link["addr_info"]:
            said[item["local"]] = (link["ifindex"], item)
    assert len(said) == len(addresses) > 12
    for address in addresses:
        ifindex, item = said[address.address]
        assert address.ifindex == ifindex
        assert {4: "inet", 6: "inet6"}[address.family] == item["family"]
        assert address.prefixlen == item["prefixlen"]
        assert address.peer == item.get("address")
        assert address.scope == item["scope"]
        assert address.label == item.get("label")
        assert [flag for flag in address.flags if flag != "permanent"] == sorted(f for f in FLAGS if item.get(f))
        assert ("permanent" in address.flags) == (not item.get("dynamic", False))
        for mine, theirs in (
            (address.valid_lifetime, item["valid_life_time"]),
            (address.preferred_lifetime, item["preferred_life_time"]),
        ):
            assert (FOREVER if mine is None else mine) == pytest.approx(theirs, abs=2)
    by_text = {address.address: address for address in addresses}
    assert by_text["10.1.0.3"].peer == "10.9.9.9"
    assert "tentative" in by_text["2001:db8:4::1"].flags
    assert by_text["2001:db8:2::1"].preferred_lifetime == 0
    assert by_text["127.0.0.1"].proto is None
    assert by_text["::1"].proto in (None, "kernel_lo")  # since Linux 5.18


RULES = (
    "from 10.0.0.0/8 to 192.0.2.0/24 table 100",
    "from 10.0.0.1 table 1000 proto 186",
    "not from 10.0.0.0/8 table 4000000000",
    "fwmark 0x10 table 101",
    "fwmark 0x10/0xff table 101",
    "fwmark 0x0/0xff table 101",
    "iif lo table 102",
    "oif nolink table 103",
    "iif nolink oif va table 103",
    "uidrange 1000-2000 table 104",
    "ipproto tcp sport 1000-2000 dport 443 table 105",
    "ipproto udp table 105",
    "tos 0x10 table 106",
    "table main suppress_prefixlength 0",
    "table main suppress_ifgroup 7",
    "blackhole",
    "unreachable to 192.0.2.1",
    "prohibit fwmark 7",
    "goto 20000",
    "nop from 10.0.0.9",
    "l3mdev",
    "tun_id 77 table 108",
)


def _range(item: Json, name: str) -> t.Optional[t.Tuple[int, int]]:
    if name in item:
        return (int(item[name]), int(item[name]))
    return (int(item[name + "_start"]), int(item[name + "_end"])) if name + "_start" in item else None


TABLES = {"local": 255, "main": 254, "default": 253}
ANY = {4: "0.0.0.0/0", 6: "::/0"}


def _rule_row(family: int, item: Json) -> Row:
    """A line of ``ip -j -d rule``, as the fields of Rule."""
    full = 32 if family == 4 else 128
    fwmark = item.get("fwmark")
    row = {
        "family": family,
        "priority": item["priority"],
        "src": None if item["src"] == "all" else "%s/%d" % (item["src"], item.get("srclen", full)),
        "dst": None if item.get("dst", "all") == "all" else "%s/%d" % (item["dst"], item.get("dstlen", full)),
        "iif": item.get("iif"),
        "oif": item.get("oif"),
        "detached": tuple(name for name in ("iif", "oif") if name + "_detached" in item),
        "mark": None if fwmark is None else int(fwmark, 0),
        "mask": None if fwmark is None else int(item.get("fwmask", "0xffffffff"), 0),
        "tos": int(str(item.get("tos", 0)), 0),
        "uid_range": (item["uid_start"], item["uid_end"]) if "uid_start" in item else None,
        "ip_proto": item.get("ipproto"),
        "sport": _range(item, "sport"),
        "dport": _range(item, "dport"),
        "l3mdev": "l3mdev" in item,
        "invert": "not" in item,
        "suppress_prefixlen": item.get("suppress_prefixlen"),
        "tunnel_id": item.get("tun_id"),
        "proto": None if item["protocol"] == "unspec" else item["protocol"],
    }
    if "table" in item and not row["l3mdev"]:
        row["action"], row["table"] = "lookup", TABLES.get(item["table"]) or int(item["table"])
    if "goto" in item:
        row["action"], row["goto"] = "goto", item["goto"] if item["goto"] != "none" else None
        row["unresolved"] = "unresolved" in item
    if item.get("action") in ("blackhole", "unreachable", "prohibit", "nop"):
        row["action"] = item["action"]
    return row


@pytest.mark.parametrize("family", [4, 6])
def test_rules_are_as_ip_shows_them(netns, family):
    ns = netns()
    ns.sh("ip link add va type veth peer name vb")
    lines = []
    for number, rule in enumerate(RULES):
        if family == 6:
            for old, new in (("10.0.0.0/8", "fd00::/8"), ("192.0.2.0/24", "2001:db8::/32"), ("10.0.0.", "fd00::")):
                rule = rule.replace(old, new)
            rule = rule.replace("192.0.2.1", "2001:db8::1")
        lines.append("rule add pref %d %s\n" % (100 + number, rule))
    ns.batch("".join(lines), "-%d" % family)
    with Kernel(ns.name) as kernel:
        rules = [rule for rule in kernel.rules() if rule.family == family]
        assert kernel.unsteady == []
    said = [_rule_row(family, item) for item in ns.json("-%d rule show" % family)]
    assert len(said) == len(rules) == len(RULES) + (3 if family == 4 else 2)
    for rule, row in zip(rules, said):
        assert {name: getattr(rule, name) for name in row} == row
    assert rules == sorted(rules, key=lambda rule: rule.priority)
    by_priority: t.Dict[int, Rule] = {rule.priority: rule for rule in rules}
    first = {rule: 100 + number for number, rule in enumerate(RULES)}
    assert by_priority[first["oif nolink table 103"]].detached == ("oif",)
    assert by_priority[first["goto 20000"]].unresolved
    assert by_priority[first["fwmark 0x0/0xff table 101"]].mask == 0xFF
    assert by_priority[first["table main suppress_ifgroup 7"]].suppress_ifgroup == 7
    assert by_priority[first["l3mdev"]].table is None


NEXTHOPS = """
ip nexthop add id 1 via 10.0.0.9 dev va
ip nexthop add id 2 via 10.0.0.8 dev va
ip nexthop add id 3 group 1,2/2,7 proto 186
ip nexthop add id 4 blackhole
ip nexthop add id 5 dev va onlink via 192.0.2.99
ip nexthop add id 6 via fe80::9 dev va
ip nexthop add id 21 via 2001:db8::9 dev va
ip nexthop add id 22 via 2001:db8::8 dev va
ip nexthop add id 23 group 21,5/22
ip -6 nexthop add id 24 blackhole
ip -4 nexthop add id 8 dev ve
"""
ADDRESSES4 = "address add 10.0.0.1/24 dev va\naddress add 10.0.1.1/24 dev vc\naddress add 10.0.2.1/24 dev ve\n"
ADDRESSES6 = "address add 2001:db8::1/64 dev va nodad\naddress add 2001:db8:1::1/64 dev vc nodad\n"
WORLD4 = """
route add default via 10.0.0.9
route add default via 10.0.0.8 metric 100 proto dhcp src 10.0.0.1
route add 192.0.2.0/24 via 10.0.0.9 proto bgp mtu 1300 advmss 1200
route add 192.0.3.0/24 via 172.16.0.1 dev va onlink table 1000 proto 77
route add 192.0.4.0/24 nexthop via 10.0.0.9 weight 3 nexthop via 10.0.1.9 weight 1 nexthop dev vc
route add 192.0.5.0/24 via inet6 fe80::9 dev va
route add 192.0.6.0/24 dev va scope link tos 0x10
route add 192.0.7.0/24 nhid 1
route add 192.0.8.0/24 nhid 3 proto ospf
route add 192.0.9.0/24 nhid 4
route add 192.0.10.0/24 nhid 6 metric 3
route add 192.0.11.0/24 dev vc
route add 192.0.12.0/24 dev ve
route add blackhole 203.0.113.1
route add unreachable 203.0.113.2 metric 7
route add prohibit 203.0.113.3 table 100
route add throw 203.0.113.4 table 100
route add local 203.0.113.5 dev lo
route add 192.0.2.0/24 via 10.0.0.8 metric 5
route add 192.0.2.0/24 via 10.0.0.7 metric 9 table 1000
route add 239.0.0.0/8 dev va
route add broadcast 10.0.0.77 dev va table 200
"""
WORLD6 = """
route add default via 2001:db8::9
route add default via 2001:db8::8 metric 2000 proto ra expires 600 pref high
route add 2001:db8:100::/48 via 2001:db8::9 proto bgp mtu 1300
route add 2001:db8:101::/48 via fe80::9 dev va onlink table 1000 proto 77 pref low
route add 2001:db8:102::/48 nexthop via 2001:db8::9 dev va weight 3 nexthop via 2001:db8:1::9 dev vc
route add 2001:db8:103::/48 nhid 21
route add 2001:db8:104::/48 nhid 23 proto ospf
route add 2001:db8:105::/48 nhid 24
route add 2001:db8:106::/48 dev va src 2001:db8::1
route add 2001:db8:107::/48 dev vc
route add 2001:db8:108::/48 via 2001:db8::9 expires 500
route add blackhole 2001:db8:113::1
route add unreachable 2001:db8:113::2 metric 7
route add prohibit 2001:db8:113::3 table 100
route add throw 2001:db8:113::4 table 100
route add local 2001:db8:113::5 dev lo
route add anycast 2001:db8:113::6 dev va
route add multicast ff0e::1 dev va table 200
"""
LINK_WORDS = {"dead", "pervasive", "onlink", "offload", "linkdown", "unresolved", "trap"}


def _hop_row(item: Json, index: t.Mapping[str, int], flags: t.Iterable[str]) -> Hop:
    return Hop(
        ifindex=index[item["dev"]] if "dev" in item else None,
        gateway=item.get("gateway") or item.get("via", {}).get("host"),
        weight=item.get("weight", 1),
        flags=tuple(sorted(set(flags) & LINK_WORDS)),
        encap=item.get("encap"),
    )


def _route_row(family: int, item: Json, index: t.Mapping[str, int]) -> Row:
    """A line of ``ip -j -d route show table all``, as the fields of Route."""
    full = 32 if family == 4 else 128
    dst = ANY[family] if item["dst"] == "default" else item["dst"]
    if "nexthops" in item:
        hops = tuple(_hop_row(hop, index, hop["flags"]) for hop in item["nexthops"])
    elif "dev" in item or "gateway" in item or "via" in item:
        hops = (_hop_row(item, index, item["flags"]),)
    else:
        hops = ()
    table = item.get("table", "main")
    return {
        "family": family,
        "dst": dst if "/" in dst else "%s/%d" % (dst, full),
        "table": TABLES.get(table) or int(table),
        "type": item["type"],
        "proto": item["protocol"],
        "scope": item["scope"],
        "metric": item.get("metric", 0),
        "tos": int(str(item.get("tos", 0)), 0),
        "prefsrc": item.get("prefsrc"),
        "hops": hops,
        "nhid": item.get("nhid"),
        "flags": tuple(sorted(flag for flag in item["flags"] if flag not in LINK_WORDS or not hops)),
        "pref": item.get("pref"),
    }


def _build(ns: t.Any) -> t.Dict[str, int]:
    ns.sh(
        """
        for link in a c e; do ip link add v$link type veth peer name w$link; done
        for link in va wa vc wc ve we; do ip link set $link addrgenmode none; ip link set $link up; done
        """
    )
    ns.batch(ADDRESSES4, "-4")
    ns.batch(ADDRESSES6, "-6")
    ns.sh(NEXTHOPS)
    ns.batch(WORLD4.strip() + "\n", "-4")
    ns.batch(WORLD6.strip() + "\n", "-6")
    ns.sh("ip link set wc down")
    return {item["ifname"]: item["ifindex"] for item in ns.json("link show")}


@pytest.mark.parametrize("family", [4, 6])
def test_routes_are_as_ip_shows_them(netns, family):
    ns = netns()
    index = _build(ns)
    with Kernel(ns.name) as kernel:
        routes = list(kernel.routes(family=family))
        assert kernel.unsteady == []
    items = ns.json("-%d route show table all" % family)
    said = [_route_row(family, item, index) for item in items]
    assert len(said) == len(routes) > 25
    for route, row, item in zip(routes, said, items):
        assert {name: getattr(route, name) for name in row} == row
        assert (route.expires or 0) == pytest.approx(item.get("expires", 0), abs=2)
    assert {route.type for route in routes} >= {"unicast", "blackhole", "unreachable", "prohibit", "throw", "local"}
    assert any("linkdown" in hop.flags for route in routes for hop in route.hops)
    assert any(len(route.hops) == 3 - (family == 6) for route in routes)
    assert any(route.nhid for route in routes)
    assert any(route.expires for route in routes) == (family == 6)


def _folded(routes: t.Iterable[Route]) -> t.Dict[t.Any, int]:
    counts: t.Dict[t.Any, int] = {}
    for route in routes:
        key = tuple(value for name, value in sorted(vars(route).items()) if name not in ("dst", "expires"))
        counts[key] = counts.get(key, 0) + 1
    return counts


def test_groups_are_the_routes_folded(netns):
    ns = netns()
    _build(ns)
    ns.batch("".join("route add 172.20.%d.0/24 via 10.0.0.9 proto bgp metric 7\n" % number for number in range(250)))
    with Kernel(ns.name) as kernel:
        groups = list(kernel.route_groups(samples=3))
        routes = list(kernel.routes())
    counts: t.Dict[t.Any, int] = {}
    for group in groups:
        assert group.template.dst is None
        assert 1 <= len(group.samples) <= min(3, group.count)
        key = tuple(value for name, value in sorted(vars(group.template).items()) if name not in ("dst", "expires"))
        counts[key] = counts.get(key, 0) + group.count
    assert counts == _folded(routes)
    (many,) = [group for group in groups if group.count == 250]
    assert many.samples == ("172.20.0.0/24", "172.20.1.0/24", "172.20.2.0/24")
    beaten = {sample: group for group in groups if group.beaten_by for sample in group.samples}
    assert set(beaten) == {"192.0.2.0/24", "0.0.0.0/0", "::/0"}
    assert beaten["192.0.2.0/24"].template.metric == 5
    assert beaten["192.0.2.0/24"].beaten_by.metric == 0
    assert beaten["192.0.2.0/24"].beaten_by.proto == "bgp"
    assert beaten["::/0"].beaten_by.metric == 1024


@pytest.mark.parametrize(
    "wanted",
    [
        {"table": 100},
        {"table": 1000},
        {"table": 255, "type": "local"},
        {"proto": "bgp"},
        {"proto": "77", "family": 4},
        {"type": "blackhole"},
        {"type": "unicast", "family": 4},
        {"oif": "va"},
        {"oif": "va", "proto": "bgp", "table": 254},
        {"family": 6, "table": 254},
        {"table": 31337},
        {"table": 31337, "family": 4},
        {"oif": 99999},
    ],
    ids=str,
)
def test_the_kernel_filters(netns, wanted):
    ns = netns()
    index = _build(ns)
    if wanted.get("oif") == "va":
        wanted = dict(wanted, oif=index["va"])
    with Kernel(ns.name) as kernel:
        everything = list(kernel.routes())
        routes = list(kernel.routes(**wanted))
        grouped = sum(group.count for group in kernel.route_groups(**wanted))

    def fits(route: Route) -> bool:
        oif = wanted.get("oif")
        return all(getattr(route, name) == value for name, value in wanted.items() if name != "oif") and (
            oif is None or any(hop.ifindex == oif for hop in route.hops)
        )

    assert routes == [route for route in everything if fits(route)]
    assert grouped == len(routes)
    assert bool(routes) == (wanted.get("table") != 31337 and wanted.get("oif") != 99999)


def test_next_hops_are_as_ip_shows_them(netns):
    ns = netns()
    index = _build(ns)
    with Kernel(ns.name) as kernel:
        nexthops = kernel.nexthops()
    said = ns.json("nexthop show")
    assert len(said) == len(nexthops) > 8
    for nexthop, item in zip(nexthops, said):
        assert nexthop.id == item["id"]
        assert nexthop.ifindex == index.get(item.get("dev"))
        assert nexthop.gateway == (item.get("gateway") or item.get("via", {}).get("host"))
        assert nexthop.blackhole == ("blackhole" in item)
        assert nexthop.group == tuple((part["id"], part.get("weight", 1)) for part in item.get("group", ()))
        assert nexthop.scope == item["scope"]
        assert nexthop.flags == tuple(sorted(item["flags"]))
        assert nexthop.proto == (item.get("protocol") if item.get("protocol") != "unspec" else None)
    by_id = {nexthop.id: nexthop for nexthop in nexthops}
    assert by_id[3].group == ((1, 2), (2, 7))
    assert by_id[6].family == 6


NEIGHBOURS = """
ip link add va type veth peer name vb
ip link set va addrgenmode none
ip link set va up
ip link set vb up
ip addr add 10.0.0.1/24 dev va
ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev va nud permanent
ip neigh add 10.0.0.3 lladdr 02:00:00:00:00:03 dev va nud reachable
ip neigh add 10.0.0.4 lladdr 02:00:00:00:00:04 dev va nud stale proto 186
ip neigh add 10.0.0.5 dev va nud failed
ip neigh add 10.0.0.6 lladdr 02:00:00:00:00:06 dev va nud noarp extern_learn
ip neigh add 2001:db8::2 lladdr 02:00:00:00:00:02 dev va nud permanent router
ip neigh add proxy 10.0.0.77 dev va
"""


def test_neighbours_are_as_ip_shows_them(netns):
    ns = netns()
    ns.sh(NEIGHBOURS)
    with Kernel(ns.name) as kernel:
        neighbours = kernel.neighbours()
        index = {link.ifindex: link.name for link in kernel.links()}
    said = {item["dst"]: item for item in ns.json("neigh show nud all") if item["dev"] == "va"}
    mine = {neighbour.address: neighbour for neighbour in neighbours if index[neighbour.ifindex] == "va"}
    assert set(mine) == set(said) >= {"10.0.0.%d" % last for last in range(2, 7)} | {"2001:db8::2"}
    for address, neighbour in mine.items():
        item = said[address]
        assert [neighbour.state] == item["state"]
        assert neighbour.lladdr == item.get("lladdr")
        assert neighbour.family == ipaddress.ip_address(address).version
        assert ("router" in neighbour.flags) == ("router" in item)
        assert neighbour.proto == item.get("protocol")
    assert mine["10.0.0.6"].flags == ("extern_learn",)


def test_a_snapshot_holds_it_all(netns):
    ns = netns()
    _build(ns)
    ns.sh("sysctl -qw net.ipv6.ip_nonlocal_bind=1 net.ipv4.conf.va.forwarding=1")
    with Kernel(ns.name) as kernel:
        snapshot = kernel.snapshot()
        assert snapshot.links == kernel.links()
        assert snapshot.addresses == kernel.addresses()
        assert snapshot.rules == kernel.rules()
        assert snapshot.nexthops == kernel.nexthops()
    assert snapshot.netns == ns.name
    assert set(snapshot.local) >= {"10.0.0.1/32", "127.0.0.0/8", "203.0.113.5/32", "2001:db8::1/128"}
    assert "203.0.113.1/32" not in snapshot.local
    assert snapshot.nonlocal_bind == (6,)
    assert snapshot.forwarding == (4,)
    assert snapshot.unsteady == ()


def test_the_namespace_of_a_process_is_its_own(netns):
    ns = netns()
    ns.sh("ip link add marker type ifb")
    child = ns.start(["sh", "-c", "echo inside; exec sleep 60"], stdout=subprocess.PIPE)
    assert child.stdout.readline() == "inside\n"
    with Kernel(child.pid) as kernel:
        assert "marker" in {link.name for link in kernel.links()}
    with Kernel() as kernel:
        assert "marker" not in {link.name for link in kernel.links()}


@pytest.mark.parametrize("netns_name", ["no-such-namespace", "../../etc/passwd", "", 4194305])
def test_no_such_namespace(netns_name):
    with pytest.raises(ValueError, match="namespace"):
        Kernel(netns_name).links()


def test_a_kernel_may_be_closed_and_used_again(netns):
    ns = netns()
    kernel = Kernel(ns.name)
    before: t.Tuple[Link, ...] = kernel.links()
    kernel.close()
    assert kernel.links() == before
    kernel.close()


def test_a_name_that_is_left_over_is_no_namespace(netns):
    ns = netns()
    left_over = ns.name + "-left"
    path = pathlib.Path("/run/netns") / left_over
    path.touch()
    try:
        with pytest.raises(ValueError, match="is an ordinary file"):
            Kernel(left_over).links()
    finally:
        path.unlink()
