# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that make no sense: each is named, with what was expected and what to do."""

from __future__ import annotations

import re

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.resource import options
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.address import address
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.link import link
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.neighbour import neighbour
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.route import route
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.rule import rule
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.resource.shelf import Params, Shelf, told

WRONG = [
    (route, {"dst": "default", "gateway": "192.0.2.1"}, "dst: 'default' is of either family; set family"),
    (route, {"dst": "10.0.0.1/8", "gateway": "192.0.2.1"}, "did you mean 10.0.0.0/8?"),
    (route, {"dst": "10.0.0.0/33"}, "dst: '10.0.0.0/33' does not appear to be"),
    (route, {"dst": "10.0.0.0/8", "family": "ipv6", "gateway": "192.0.2.1"}, "dst: 10.0.0.0/8 is not of family IPv6"),
    (route, {"dst": "10.0.0.0/8"}, "where 10.0.0.0/8 is to go is missing; set gateway, interface, nexthops"),
    (route, {"dst": "10.0.0.0/8", "type": "blackhole", "interface": "va"}, "type: a blackhole route has no gateway"),
    (route, {"dst": "10.0.0.0/8", "type": "local"}, "type: a local route needs the interface"),
    (route, {"dst": "10.0.0.0/8", "type": "lost"}, "type: 'lost' is neither a number"),
    (route, {"dst": "10.0.0.0/8", "interface": "nowhere"}, "interface: there is no link 'nowhere' here"),
    (route, {"dst": "10.0.0.0/8", "gateway": "192.0.2.0/24"}, "gateway: '192.0.2.0/24' does not appear"),
    (route, {"dst": "2001:db8::/32", "gateway": "192.0.2.1"}, "gateway: 192.0.2.1 is not of family IPv6"),
    (route, {"dst": "2001:db8::/32", "gateway": "fe80::1"}, "gateway: fe80::1 is link-local; set the interface"),
    (route, {"dst": "10.0.0.0/8", "gateway": "192.0.2.1", "onlink": True}, "onlink: the interface"),
    (route, {"dst": "10.0.0.0/8", "nexthops": []}, "nexthops: the list is empty"),
    (route, {"dst": "10.0.0.0/8", "nexthops": [Params(weight=1)]}, "nexthops: gateway and interface are both missing"),
    (route, {"dst": "10.0.0.0/8", "nexthops": [Params(interface="va", weight=999)]}, "nexthops: weight: 999 is no"),
    (route, {"dst": "10.0.0.0/8", "interface": "va", "source": "2001:db8::1"}, "source: 2001:db8::1 is not of family"),
    (route, {"dst": "10.0.0.0/8", "interface": "va", "metric": -1}, "metric: -1 is no number from 0 to 4294967295"),
    (route, {"dst": "10.0.0.0/8", "interface": "va", "tos": 256}, "tos: 256 is no number from 0 to 255"),
    (route, {"dst": "2001:db8::/32", "interface": "va", "tos": 16}, "tos: IPv6 routes have none"),
    (route, {"dst": "2001:db8::/32", "interface": "va", "scope": "link"}, "scope: IPv6 routes have none"),
    (route, {"dst": "10.0.0.0/8", "interface": "va", "mtu": 0}, "mtu: 0 is no number"),
    (route, {"dst": "10.0.0.0/8", "interface": "va", "nexthop_id": 0}, "nexthop_id: 0 is no number"),
    (route, {"dst": "10.0.0.0/8", "interface": "va", "proto": "me"}, "proto: 'me' is neither a number"),
    (route, {"dst": "10.0.0.0/8", "interface": "va", "scope": "far"}, "scope: 'far' is neither a number"),
    (route, {"dst": "10.0.0.0/8", "interface": "va", "table": "vpn"}, "table: 'vpn' is neither main"),
    (rule, {"from": "10.0.0.0/8"}, "table: what the rule is to do is missing"),
    (rule, {"from": "10.0.0.0/8", "action": "lookup"}, "table: what the rule is to do is missing"),
    (rule, {"from": "0.0.0.0/0", "table": "9"}, "from: 0.0.0.0/0 is any address; leave the option out"),
    (rule, {"from": "10.0.0.0/8", "to": "2001:db8::/32", "table": "9"}, "to: 2001:db8::/32 is not of family IPv4"),
    (rule, {"mask": "0xff", "table": "9"}, "mask: it is of no use without mark"),
    (rule, {"mark": "blue", "table": "9"}, "mark: 'blue' is no number"),
    (rule, {"dport": "0", "table": "9"}, "dport: '0' is no number or range from 1 to 65535"),
    (rule, {"uid_range": "9-5", "table": "9"}, "uid_range: '9-5' is no number or range"),
    (rule, {"ip_proto": "carrier-pigeon", "table": "9"}, "ip_proto: 'carrier-pigeon' is neither a number"),
    (rule, {"action": "goto"}, "goto: the action goto and the priority to go to belong together"),
    (rule, {"action": "blackhole", "table": "9"}, "table: only the action lookup"),
    (rule, {"state": "absent"}, "state: absent without saying which rule would take them all"),
    (address, {"address": "somewhere", "interface": "va"}, "address: 'somewhere' does not appear to be"),
    (address, {"address": "192.0.2.1/24", "interface": "nowhere"}, "interface: there is no link 'nowhere'"),
    (address, {"address": "192.0.2.1", "peer": "2001:db8::1", "interface": "va"}, "peer: 2001:db8::1 is not of family"),
    (
        address,
        {"address": "192.0.2.1/24", "peer": "192.0.2.2/31", "interface": "va"},
        "peer: its prefix length is that",
    ),
    (address, {"address": "2001:db8::1/64", "label": "va:1", "interface": "va"}, "label: IPv6 addresses have none"),
    (address, {"address": "2001:db8::1/64", "scope": "link", "interface": "va"}, "scope: IPv6 addresses have none"),
    (address, {"address": "192.0.2.1/24", "broadcast": "::1", "interface": "va"}, "broadcast: ::1 is not of family"),
    (address, {"address": "192.0.2.1/24", "nodad": True, "interface": "va"}, "nodad: only IPv6 addresses"),
    (
        address,
        {"address": "192.0.2.1/24", "label": "x" * 16, "interface": "va"},
        "label: 'xxxxxxxxxxxxxxxx' is too long",
    ),
    (
        address,
        {"address": "192.0.2.1", "valid_lifetime": "soon", "interface": "va"},
        "valid_lifetime: 'soon' is neither",
    ),
    (
        address,
        {"address": "192.0.2.1", "valid_lifetime": "60", "preferred_lifetime": "61", "interface": "va"},
        "preferred_lifetime: it is longer than valid_lifetime; expected at most 60",
    ),
    (link, {"name": "x" * 16}, "name: 'xxxxxxxxxxxxxxxx' is no name for a link; expected 1 to 15 bytes"),
    (link, {"name": "a/b"}, "name: 'a/b' is no name for a link: it has a slash"),
    (link, {"name": "new0"}, "name: there is no link 'new0' here; set kind to make it"),
    (
        link,
        {"name": "new0", "kind": "vlan", "id": 7},
        "there is no link 'new0' here, and to make a vlan, parent must be",
    ),
    (link, {"name": "new0", "kind": "veth"}, "to make a veth, peer must be set"),
    (link, {"name": "new0", "remote": "192.0.2.1"}, "remote: it is only for links of a kind that has it; set kind"),
    (link, {"name": "new0", "kind": "bridge", "id": 7}, "id: a link of the kind bridge has none; leave it out"),
    (link, {"name": "new0", "kind": "bridge", "peer": "new1"}, "peer: only a link of the kind veth has one"),
    (link, {"name": "new0", "kind": "vlan", "parent": "va", "id": 4095}, "id: 4095 is no number from 1 to 4094"),
    (link, {"name": "new0", "kind": "vlan", "parent": "nowhere", "id": 7}, "parent: there is no link 'nowhere'"),
    (link, {"name": "new0", "kind": "gre", "ttl": 256}, "ttl: 256 is no number from 1 to 255"),
    (link, {"name": "va", "lladdr": "02:00:zz"}, "lladdr: '02:00:zz' is no hardware address such as"),
    (link, {"name": "va", "alias": "x" * 256}, "alias: it has 256 characters; expected at most 255"),
    (neighbour, {"address": "192.0.2.1", "interface": "va"}, "lladdr: the hardware address of 192.0.2.1 is missing"),
    (
        neighbour,
        {"address": "192.0.2.1", "interface": "va", "proxy": True, "lladdr": "02:00"},
        "proxy: an address that",
    ),
]


@pytest.mark.parametrize(("module", "options", "words"), WRONG)
def test_what_makes_no_sense_is_named(module, options, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        module(told(**options), Shelf(), True)


def test_addresses_are_spelled_as_the_kernel_does():
    assert options.prefix("::ffff:0:0/96", "dst", None) == "::ffff:0.0.0.0/96"
    assert options.address("::FFFF:c000:201", "gateway") == "::ffff:192.0.2.1"
    assert options.interface_address("2001:DB8::0:1/64", "address") == (6, "2001:db8::1", 64)
