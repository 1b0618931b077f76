# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decoders of the small tables: on what a kernel sent (tests/fixtures/netlink/capture_route.py), on tunnels that
pyroute2 packed (the kernel at hand need not have them), and on what no kernel sends."""

from __future__ import annotations

import struct
import sys
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import netlink, tables
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Address, Link, Neighbour, NextHop, Rule
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.kernel.scripted import (
    Scripted,
    captured,
    done,
    message,
    refused,
)

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the captures are little-endian")

EAFNOSUPPORT, EOPNOTSUPP = 97, 95


def numbered(name: str, sequence: int) -> bytes:
    """A capture as the answer to the request with this number."""
    data = bytearray(captured(name))
    for offset, _end in netlink.walk(bytes(data)):
        struct.pack_into("=I", data, offset + 8, sequence)
    return bytes(data)


def test_links_of_a_capture():
    links = {link.name: link for link in tables.links(Scripted(captured("links")), [])}
    assert len(links) == 12
    assert links["lo"] == Link(
        ifindex=1, name="lo", up=True, carrier=True, operstate="UNKNOWN", loopback=True, mtu=65536,
        lladdr="00:00:00:00:00:00",
    )  # fmt: skip
    assert links["vb"].alias == 'the one with the "alias"'
    assert links["vb"].master == links["br0"].ifindex
    assert links["vb"].parent == links["va"].ifindex
    assert links["vb"].peer_netns is None
    assert links["far"].peer_netns == 0
    assert not links["far"].up
    assert links["br0"].kind == "bridge"
    assert links["tun7"].kind == "tun"
    assert (links["tun7"].up, links["tun7"].carrier, links["tun7"].lladdr) == (True, False, None)
    vxlan = links["vx0"]
    assert (vxlan.kind, vxlan.local, vxlan.remote, vxlan.ttl) == ("vxlan", "10.7.0.1", "10.7.0.2", 7)
    assert vxlan.underlay == links["va"].ifindex
    assert (links["vx1"].local, links["vx1"].remote, links["vx1"].ttl) == (None, None, None)
    assert (links["vx2"].local, links["vx2"].remote) == ("2001:db8:7::1", "2001:db8:7::2")


def test_addresses_of_a_capture():
    wire = Scripted(numbered("addresses4", 1), numbered("addresses6", 2))
    addresses = {address.address: address for address in tables.addresses(wire, [])}
    va = addresses["10.1.0.1"].ifindex
    assert addresses["10.1.0.1"] == Address(
        family=4,
        ifindex=va,
        address="10.1.0.1",
        prefixlen=24,
        flags=("permanent",),
        label="va:one",
        broadcast="10.1.0.255",
    )
    assert addresses["10.1.0.2"].flags == ("permanent", "secondary")
    assert (addresses["10.1.0.3"].peer, addresses["10.1.0.3"].prefixlen) == ("10.9.9.9", 32)
    assert addresses["10.2.0.1"].flags == ("noprefixroute",)
    assert addresses["10.2.0.1"].valid_lifetime == pytest.approx(4000, abs=5)
    assert addresses["10.2.0.1"].preferred_lifetime == pytest.approx(2000, abs=5)
    assert addresses["10.3.0.1"].scope == "host"
    assert (addresses["2001:db8:1::2"].peer, addresses["2001:db8:1::2"].prefixlen) == ("2001:db8:9::9", 128)
    assert set(addresses["2001:db8:2::1"].flags) >= {"deprecated", "nodad"}
    assert set(addresses["2001:db8:3::1"].flags) >= {"home", "mngtmpaddr", "noprefixroute", "permanent"}
    assert "tentative" in addresses["2001:db8:4::1"].flags
    assert addresses["::1"].proto == "kernel_lo"


def test_rules_of_a_capture():
    wire = Scripted(*[numbered("rules", 1), refused(EAFNOSUPPORT, 2), numbered("rules", 3), refused(EAFNOSUPPORT, 4)])
    rules = tables.rules(wire, [])
    by_priority = {rule.priority: rule for rule in rules}
    assert rules[0] == Rule(family=4, priority=0, table=255, proto="kernel")
    assert rules[-1] == Rule(family=4, priority=32767, table=253, proto="kernel")
    assert by_priority[100] == Rule(family=4, priority=100, table=100, src="10.0.0.0/8", dst="192.0.2.0/24")
    assert by_priority[101] == Rule(family=4, priority=101, table=1000, src="10.0.0.1/32", proto="bgp")
    assert by_priority[102] == Rule(family=4, priority=102, table=4000000000, src="10.0.0.0/8", invert=True)
    assert by_priority[103] == Rule(family=4, priority=103, table=101, mark=0x10, mask=0xFFFFFFFF)
    assert by_priority[104] == Rule(family=4, priority=104, table=101, mark=0x10, mask=0xFF)
    assert by_priority[105] == Rule(family=4, priority=105, table=101, mark=0, mask=0xFF)
    assert by_priority[106] == Rule(family=4, priority=106, table=102, iif="lo")
    assert by_priority[107] == Rule(family=4, priority=107, table=103, oif="nolink", detached=("oif",))
    assert by_priority[108].detached == ("iif",)
    assert by_priority[109] == Rule(family=4, priority=109, table=104, uid_range=(1000, 2000))
    assert by_priority[110] == Rule(
        family=4, priority=110, table=105, ip_proto="tcp", sport=(1000, 2000), dport=(443, 443)
    )
    assert by_priority[112].tos == 0x10
    assert by_priority[113].suppress_prefixlen == 0
    assert by_priority[114].suppress_ifgroup == 7
    assert [by_priority[number].action for number in (115, 116, 117)] == ["blackhole", "unreachable", "prohibit"]
    assert by_priority[115].table is None
    assert by_priority[118] == Rule(family=4, priority=118, action="goto", goto=20000, unresolved=True)
    assert by_priority[119].action == "nop"
    assert by_priority[120] == Rule(family=4, priority=120, table=None, l3mdev=True)
    assert by_priority[121].tunnel_id == 77


def test_next_hops_of_a_capture():
    nexthops = {nexthop.id: nexthop for nexthop in tables.nexthops(Scripted(captured("nexthops")), [])}
    va = nexthops[1].ifindex
    assert nexthops[1] == NextHop(id=1, family=4, ifindex=va, gateway="10.0.0.9", scope="link")
    assert nexthops[3] == NextHop(id=3, family=0, group=((1, 2), (2, 7)), proto="bgp")
    assert nexthops[4].blackhole
    assert nexthops[5].flags == ("onlink",)
    assert nexthops[6].gateway == "fe80::9"
    assert (nexthops[8].gateway, nexthops[8].family) == (None, 4)
    assert nexthops[21].family == 6


def test_a_weight_above_256_takes_two_bytes():
    """nexthop_grp.weight_high, Linux 6.12."""
    body = tables.NEXTHOP.pack(0, 0, 0, 0, 0) + netlink.pack_attribute(1, struct.pack("=I", 9))
    body += netlink.pack_attribute(2, struct.pack("=IBBH", 7, 0xE7, 0x03, 0))
    assert tables.decode_nexthop(body, 0, len(body)).group == ((7, 1000),)


def test_neighbours_of_a_capture():
    wire = Scripted(numbered("neighbours", 1), done(2))
    neighbours = {item.address: item for item in tables.neighbours(wire, [])}
    va = neighbours["10.0.0.2"].ifindex
    assert neighbours["10.0.0.2"] == Neighbour(
        family=4, ifindex=va, address="10.0.0.2", lladdr="02:00:00:00:00:02", state="PERMANENT"
    )
    assert neighbours["10.0.0.4"].proto == "bgp"
    assert neighbours["10.0.0.4"].state == "STALE"
    assert (neighbours["10.0.0.5"].state, neighbours["10.0.0.5"].lladdr) == ("FAILED", None)
    assert neighbours["10.0.0.6"].flags == ("extern_learn",)


def test_an_entry_that_came_twice_is_one():
    one = tables.NEIGHBOUR.pack(2, 7, 2, 0, 0) + netlink.pack_attribute(1, bytes((10, 0, 0, 1)))
    two = tables.NEIGHBOUR.pack(2, 7, 4, 0, 0) + netlink.pack_attribute(1, bytes((10, 0, 0, 1)))
    wire = Scripted(message(28, one) + message(28, two) + done(), done(2))
    assert [item.state for item in tables.neighbours(wire, [])] == ["STALE"]


@pytest.mark.parametrize("number", [EAFNOSUPPORT, EOPNOTSUPP])
def test_what_the_kernel_does_not_have_is_empty(number):
    assert tables.nexthops(Scripted(refused(number)), []) == ()
    assert tables.addresses(Scripted(numbered("addresses4", 1), refused(number, 2)), [])[0].family == 4


def test_a_kernel_without_ipv6_answers_with_ipv4():
    """rtnetlink hands a request of an unknown family to the handler of all families."""
    wire = Scripted(numbered("addresses4", 1), numbered("addresses4", 2))
    addresses = tables.addresses(wire, [])
    assert {address.family for address in addresses} == {4}
    assert len(addresses) == len(set(addresses))


V4, V6 = ("192.0.2.1", "198.51.100.1"), ("2001:db8::1", "2001:db8::2")
TUNNELS = [
    # kind, hardware type, pyroute2's prefix of its attributes, ends
    ("gre", 778, "IFLA_GRE", V4),
    ("gretap", 1, "IFLA_GRE", V4),
    ("ip6gre", 823, "IFLA_IP6GRE", V6),
    ("ipip", 768, "IFLA_IPIP", V4),
    ("sit", 776, "IFLA_SIT", V4),
    ("ip6tnl", 769, "IFLA_IP6TNL", V6),
    ("vti", 768, "IFLA_VTI", V4),
    ("vti6", 769, "IFLA_VTI", V6),
    ("geneve", 1, "IFLA_GENEVE", V4),
    ("vxlan", 1, "IFLA_VXLAN", V4),
]


def packed(hardware: int, kind: str, data: t.Sequence[t.Tuple[str, t.Any]], *more: t.Tuple[str, t.Any]) -> bytes:
    """A link message as pyroute2 packs it."""
    ifinfmsg = pytest.importorskip("pyroute2.netlink.rtnl.ifinfmsg").ifinfmsg
    link = ifinfmsg()
    link["index"], link["ifi_type"], link["flags"] = 7, hardware, 0x10043
    info = [("IFLA_INFO_KIND", kind)] + ([("IFLA_INFO_DATA", {"attrs": list(data)})] if data else [])
    link["attrs"] = [("IFLA_IFNAME", "tun0"), ("IFLA_LINKINFO", {"attrs": info}), *more]
    link.encode()
    return bytes(link.data)


@pytest.mark.parametrize(("kind", "hardware", "prefix", "ends"), TUNNELS, ids=[row[0] for row in TUNNELS])
def test_the_ends_of_tunnels(kind, hardware, prefix, ends):
    local, remote = ends
    names = {"IFLA_VXLAN_REMOTE": "IFLA_VXLAN_GROUP"}
    data = [(names.get(prefix + "_REMOTE", prefix + "_REMOTE"), remote)]
    has_link, has_ttl, has_local = kind != "geneve", not kind.startswith("vti"), kind != "geneve"
    if has_local:
        data.append((prefix + "_LOCAL", local))
    if has_ttl:
        data.append((prefix + "_TTL", 64))
    if has_link:
        data.append((prefix + "_LINK", 3))
    whole = packed(hardware, kind, data)
    link = tables.decode_link(whole, 16, len(whole))
    assert (link.name, link.ifindex, link.kind, link.up, link.carrier) == ("tun0", 7, kind, True, True)
    assert link.remote == remote
    assert link.local == (local if has_local else None)
    assert link.ttl == (64 if has_ttl else None)
    assert link.underlay == (3 if has_link else None)


@pytest.mark.parametrize("kind", ["erspan", "ip6erspan", "ip6gretap"])
def test_those_that_are_kept_like_gre(kind):
    size = 4 if kind == "erspan" else 16
    data = netlink.pack_attribute(6, bytes((7,)) * size) + netlink.pack_attribute(7, bytes((8,)) * size)
    info = netlink.pack_attribute(1, kind.encode() + b"\0") + netlink.pack_attribute(2, data)
    body = tables.IFINFO.pack(0, 1, 7, 0, 0) + netlink.pack_attribute(3, b"e0\0") + netlink.pack_attribute(18, info)
    link = tables.decode_link(body, 0, len(body))
    six = (":".join(["707"] * 8), ":".join(["808"] * 8))
    assert (link.local, link.remote) == (six if size == 16 else ("7.7.7.7", "8.8.8.8"))


def test_a_tunnel_from_anywhere_to_many_has_no_ends():
    data = [("IFLA_GRE_LOCAL", "0.0.0.0"), ("IFLA_GRE_REMOTE", "239.1.1.1"), ("IFLA_GRE_TTL", 0), ("IFLA_GRE_LINK", 0)]
    whole = packed(778, "gre", data)
    link = tables.decode_link(whole, 16, len(whole))
    assert (link.local, link.remote, link.ttl, link.underlay) == (None, None, None, None)


def test_the_hardware_address_of_a_tunnel_is_an_address():
    ours = netlink.pack_attribute(1, bytes((192, 0, 2, 1)))
    for hardware, shown in ((778, "192.0.2.1"), (1, "c0:00:02:01")):
        body = tables.IFINFO.pack(0, hardware, 7, 0, 0) + netlink.pack_attribute(3, b"x\0") + ours
        assert tables.decode_link(body, 0, len(body)).lladdr == shown


def test_vrf_wireguard_and_xfrm():
    whole = packed(1, "vrf", [("IFLA_VRF_TABLE", 1010)], ("IFLA_MASTER", 0))
    link = tables.decode_link(whole, 16, len(whole))
    assert (link.kind, link.vrf_table, link.master) == ("vrf", 1010, None)
    whole = packed(65534, "wireguard", [])
    link = tables.decode_link(whole, 16, len(whole))
    assert (link.kind, link.local, link.remote, link.vrf_table) == ("wireguard", None, None, None)
    whole = packed(65534, "xfrm", [("IFLA_XFRM_LINK", 4)])
    assert tables.decode_link(whole, 16, len(whole)).underlay == 4


DECODERS = {
    "links": tables.decode_link,
    "addresses4": tables.decode_address,
    "rules": tables.decode_rule,
    "nexthops": tables.decode_nexthop,
    "neighbours": tables.decode_neighbour,
}


@pytest.mark.parametrize("name", DECODERS)
def test_noise_is_malformed_or_decoded(name):
    hypothesis = pytest.importorskip("hypothesis")
    strategies = hypothesis.strategies
    decode = DECODERS[name]
    real = captured(name)
    spans = [span for span in netlink.walk(real) if struct.unpack_from("=H", real, span[0] + 4)[0] > 3]
    flips = strategies.lists(strategies.tuples(strategies.integers(0, 400), strategies.integers(0, 255)), max_size=6)

    @hypothesis.given(strategies.binary(max_size=300))
    def noise(data):
        _try(decode, data)

    @hypothesis.given(strategies.sampled_from(spans), flips, strategies.integers(0, 400))
    def a_real_message_with_wrong_bytes(span, changes, cut):
        data = bytearray(real[span[0] + 16 : span[1]])
        for at, value in changes:
            data[at % len(data)] = value
        _try(decode, bytes(data[: len(data) - cut % len(data)]))

    noise()
    a_real_message_with_wrong_bytes()


def _try(decode: t.Callable[[bytes, int, int], t.Any], data: bytes) -> None:
    try:
        decoded = decode(data, 0, len(data))
    except netlink.Malformed:
        return
    hash(decoded)
