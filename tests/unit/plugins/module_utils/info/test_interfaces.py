# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.info.interfaces import interface_info
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Address, Link, Neighbour

LINKS = (
    Link(1, "lo", up=True, carrier=True, loopback=True),
    Link(2, "eth0", up=True, carrier=True, operstate="UP"),
    Link(3, "eth1", up=True, carrier=False, operstate="DOWN"),
    Link(4, "tun1", kind="gre", up=True, carrier=True, local="192.0.2.10", remote="198.51.100.1", underlay=2, ttl=64),
    Link(5, "gre0", kind="gre"),
    Link(6, "veth0", kind="veth", up=True, carrier=True, parent=3, peer_netns=1, master=9),
)
ADDRESSES = (
    Address(4, 1, "127.0.0.1", 8, scope="host"),
    Address(4, 2, "192.0.2.10", 24, flags=("permanent",)),
    Address(6, 2, "2001:db8::10", 64),
)
DEFAULTS = {"neighbours": False, "summary": False, "limit": 100}


class Port:
    def links(self):
        return LINKS

    def addresses(self):
        return ADDRESSES

    def neighbours(self):
        return tuple(Neighbour(4, 2, "192.0.2.%d" % number, state="STALE") for number in range(150))


def names(**options):
    return [link["name"] for link in interface_info(dict(DEFAULTS, **options), Port())["interfaces"]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["lo", "eth0", "eth1", "tun1", "gre0", "veth0"]),
        ({"name": ["eth*", "lo"]}, ["lo", "eth0", "eth1"]),
        ({"kind": ["gre"]}, ["tun1", "gre0"]),
        ({"kind": ["physical"]}, ["lo", "eth0", "eth1"]),
        ({"state": ["down", "no-carrier"]}, ["eth1", "gre0"]),
        ({"address": "192.0.2.10"}, ["eth0"]),
        ({"address": "2001:db8::/32"}, ["eth0"]),
        ({"address": "2001:db8::/32", "name": ["lo"]}, []),
    ],
)
def test_filters(options, expected):
    assert names(**options) == expected


def test_a_tunnel_shows_its_ends_and_that_its_state_is_healthy():
    (shape,) = interface_info(dict(DEFAULTS, name=["tun1"]), Port())["interfaces"]
    assert shape["tunnel"] == {"local": "192.0.2.10", "remote": "198.51.100.1", "underlay": "eth0", "ttl": 64}
    assert (shape["state"], shape["operstate"]) == ("up", "UNKNOWN")


def test_the_other_end_in_another_namespace_is_not_taken_for_a_link_of_this_one():
    (shape,) = interface_info(dict(DEFAULTS, name=["veth0"]), Port())["interfaces"]
    assert (shape["parent"], shape["peer_netns"], shape["master"]) == (None, 1, "if9")


def test_addresses_of_one_family():
    (shape,) = interface_info(dict(DEFAULTS, name=["eth0"], family="ipv6"), Port())["interfaces"]
    assert [item["address"] for item in shape["addresses"]] == ["2001:db8::10"]


def test_neighbours_on_request_and_bounded():
    (shape,) = interface_info(dict(DEFAULTS, name=["eth0"], neighbours=True), Port())["interfaces"]
    assert (len(shape["neighbours"]), shape["neighbours_total"]) == (100, 150)
    assert shape["neighbours_counts"] == {"STALE": 150}
    assert "neighbours" not in interface_info(DEFAULTS, Port())["interfaces"][0]


def test_counts_and_limit():
    result = interface_info(dict(DEFAULTS, limit=2), Port())
    assert (len(result["interfaces"]), result["total"], result["truncated"]) == (2, 6, True)
    assert result["counts"] == {
        "state": {"up": 4, "no-carrier": 1, "down": 1},
        "kind": {"physical": 3, "gre": 2, "veth": 1},
        "addresses": {"ipv4": 2, "ipv6": 1},
    }
    summary = interface_info(dict(DEFAULTS, summary=True), Port())
    assert summary == {"counts": result["counts"], "total": 6}
