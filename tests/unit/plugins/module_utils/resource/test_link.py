# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links of kinds that the kernel at hand need not have: what is made, what is compared, what is altered."""

from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import links, netlink, tables
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Seen
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.link import link
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.resource.shelf import Shelf, told
from hypothesis import given
from hypothesis import strategies as st

MODULES = pathlib.Path(__file__).parents[5] / "plugins" / "modules"
ADDRESS4 = st.ip_addresses(v=4).map(lambda address: tables.address_text(address.packed)).filter("0.0.0.0".__ne__)
ADDRESS = ADDRESS4 | st.ip_addresses(v=6).map(lambda address: tables.address_text(address.packed)).filter("::".__ne__)
KEY = netlink.pack_attribute(4, b"\0\0\0\7")
"""IFLA_GRE_IKEY: what the model does not know."""


def number(most):
    return st.integers(min_value=1, max_value=most)


VALUES = {"=B": number(255), "=H": number(4094), "!H": number(65535), "=I": number(2**31 - 1)}
VALUES["mode"] = st.sampled_from(sorted(links.MACVLAN_MODES))


@st.composite
def described(draw):
    kind = draw(st.sampled_from(sorted(links.KINDS)))
    details = {}
    for name, field in links.KINDS[kind].fields.items():
        value = (ADDRESS if field.number6 else ADDRESS4) if field.shape == "address" else VALUES[field.shape]
        if draw(st.booleans()):
            details[name] = draw(value)
    return kind, details


@given(described())
def test_what_a_link_is_made_of_reads_back(made):
    kind, details = made
    seen = links.message("new0", kind=kind, details=details, up=True, mtu=1400, master=3, alias="x", parent=2)
    found = seen.object
    assert (found.name, found.kind, found.up, found.mtu, found.master, found.alias) == (
        "new0",
        kind,
        True,
        1400,
        3,
        "x",
    )
    assert found.parent == 2
    expected = {name: details.get(name) for name in links.KINDS[kind].fields}
    assert links.details_of(kind, seen.raw) == expected
    for name in ("local", "underlay", "ttl"):
        if name in expected and kind != "macvlan":
            assert getattr(found, name) == expected[name]


def gre(**details):
    """A GRE tunnel with a key."""
    raw = links.message("tun0", kind="gre", details={"local": "192.0.2.1", "remote": "198.51.100.7", **details}).raw
    info = netlink.attributes(raw, tables.IFINFO.size, len(raw))[tables.IFLA_LINKINFO]
    data = netlink.attributes(info, 0, len(info))[tables.IFLA_INFO_DATA] + KEY
    body = netlink.pack_attribute(tables.IFLA_INFO_KIND, b"gre\0") + netlink.pack_attribute(tables.IFLA_INFO_DATA, data)
    raw = tables.IFINFO.pack(0, 778, 3, 0, 0) + netlink.pack_attribute(tables.IFLA_IFNAME, b"tun0\0")
    raw += netlink.pack_attribute(tables.IFLA_LINKINFO, body)
    return Seen("link", tables.decode_link(raw, 0, len(raw)), raw)


def test_the_module_offers_the_kinds_that_can_be_made():
    options = yaml.safe_load((MODULES / "link.py").read_text().split('"""')[1])["options"]
    assert options["kind"]["choices"] == sorted(links.KINDS)
    assert options["mode"]["choices"] == list(links.MACVLAN_MODES)
    assert set(options) >= {name for kind in links.KINDS.values() for name in (*kind.fields, *kind.required)}


OPTIONS = {"name": "tun0", "kind": "gre", "local": "192.0.2.1", "remote": "198.51.100.7"}


def test_a_tunnel_that_is_as_it_should_be_is_left_alone():
    assert not link(told(**OPTIONS), Shelf(gre(ttl=64)), True)["changed"]


def test_a_tunnel_whose_end_moved_is_altered_and_keeps_its_key():
    result = link(told(**{**OPTIONS, "local": "192.0.2.2", "ttl": 64}), Shelf(gre()), True)
    assert result["commands"] == ["ip link set dev tun0 type gre local 192.0.2.2 ttl 64"]
    assert result["diff"] == {
        "before": "tun0 type gre local 192.0.2.1 remote 198.51.100.7\n",
        "after": "tun0 type gre local 192.0.2.2 remote 198.51.100.7 ttl 64\n",
    }
    altered = links.message("tun0", kind="gre", details={"local": "192.0.2.2"}, kept=gre())
    assert links.details_of("gre", altered.raw) == {
        "local": "192.0.2.2",
        "remote": "198.51.100.7",
        "ttl": None,
        "underlay": None,
    }
    assert KEY in altered.raw


@pytest.mark.parametrize(
    ("options", "commands"),
    [
        ({"kind": "dummy", "state": "up"}, ["ip link add name new0 type dummy", "ip link set dev new0 up"]),
        ({"kind": "vlan", "parent": "va", "id": 42, "mtu": 1400}, ["ip link add link va name new0 mtu 1400 type vlan id 42"]),
        ({"kind": "vrf", "table": 9}, ["ip link add name new0 type vrf table 9"]),
        (
            {"kind": "ipip", "remote": "198.51.100.7", "underlay": "va", "alias": "to the lab"},
            [
                "ip link add name new0 type ipip remote 198.51.100.7 dev va",
                "ip link set dev new0 alias 'to the lab'",
            ],
        ),
        ({"kind": "veth", "peer": "new1"}, ["ip link add name new0 type veth peer name new1"]),
        ({"kind": "sit", "local": "192.0.2.1", "master": ""}, ["ip link add name new0 nomaster type sit local 192.0.2.1"]),
    ],
)  # fmt: skip
def test_commands_that_make_a_link(options, commands):
    result = link(told(name="new0", **options), Shelf(), True)
    assert result["changed"] and result["before"] == []
    assert result["commands"] == commands
