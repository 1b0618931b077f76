# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.rehearsal.cover import covering


def test_every_prefix_that_an_address_is_in():
    assert covering(["192.0.2.7"]) == {
        str(ipaddress.ip_network("192.0.2.7/%d" % length, strict=False)) for length in range(33)
    }


def test_prefixes_of_ipv6_are_spelled_as_the_kernel_spells_them():
    prefixes = covering(["2001:db8::1"])
    assert len(prefixes) == 129
    assert {"::/0", "2000::/3", "2001:db8::/32", "2001:db8::/127", "2001:db8::1/128"} <= prefixes


def test_addresses_share_what_is_wide():
    assert covering(["10.0.0.1", "10.0.0.2"]) == covering(["10.0.0.1"]) | covering(["10.0.0.2"])


def test_an_ipv4_mapped_address_is_looked_up_as_ipv4():
    assert covering(["::ffff:192.0.2.7"]) == covering(["192.0.2.7"])


def test_nothing_concerns_no_address():
    assert covering([]) == frozenset()


@pytest.mark.parametrize("wrong", ["", "10.0.0.0/8", "fe80::1%eth0", "\0", "host"])
def test_what_is_no_address_is_named(wrong):
    with pytest.raises(ValueError, match="is not an IPv4 or IPv6 address"):
        covering([wrong])
