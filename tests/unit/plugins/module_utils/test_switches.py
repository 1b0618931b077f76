# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.plugins.module_utils.switches import VALUES, WANTED, parts, spelled
from hypothesis import given
from hypothesis import strategies as st

LINKS = ["eth0", "eth0.100", "a", "br-lan", "fifteen-letters", "wg@x", ".hidden", "a..b", "10", "rp_filter"]


@pytest.mark.parametrize("link", LINKS)
def test_each_switch_has_one_name(link: str) -> None:
    name = spelled(link, "rp_filter")
    assert name is not None and parts(name) == (link, "rp_filter")
    assert "." not in name[len("net.ipv4.conf.") : -len(".rp_filter")]


@pytest.mark.parametrize(
    "link", ["", ".", "..", "all", "default", "a/b", "a b", "a:b", "sixteen-letters.", "\xfc", "a\n"]
)
def test_what_is_no_link_has_no_name(link: str) -> None:
    assert spelled(link, "rp_filter") is None


@pytest.mark.parametrize(
    "name",
    [
        "net.ipv4.conf.eth0.forwarding",
        "net.ipv6.conf.eth0.rp_filter",
        "net.ipv4.conf.eth0.100.rp_filter",
        "net.ipv4.conf.//.rp_filter",
        "net.ipv4.conf./.rp_filter",
        "net.ipv4.conf..rp_filter",
        "net.ipv4.conf.all.rp_filter",
        "net.ipv4.conf.eth0.rp_filter\n",
        "net/ipv4/conf/eth0/rp_filter",
        "kernel.core_pattern",
    ],
)
def test_other_names_stand_for_nothing(name: str) -> None:
    assert parts(name) is None


@given(st.text(max_size=17))
def test_no_name_leads_out_of_the_directory(text: str) -> None:
    for name in (text, "net.ipv4.conf.%s.rp_filter" % text):
        known = parts(name)
        assert known is None or (spelled(*known) == name and "/" not in known[0] and known[0] not in (".", ".."))


def test_what_is_wanted_is_among_what_may_be() -> None:
    assert all(set(WANTED[setting]) <= set(values) for setting, values in VALUES.items())
