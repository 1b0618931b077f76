# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.info.select import (
    address,
    counted,
    mark_number,
    prefix,
    prefix_test,
    table_number,
)


@pytest.mark.parametrize(
    ("text", "number"), [("main", 254), ("local", 255), ("default", 253), ("100", 100), ("0x10", 16), (None, None)]
)
def test_tables(text, number):
    assert table_number(text) == number


@pytest.mark.parametrize("text", ["", "-1", "0", "vpn", "4294967296"])
def test_what_is_no_table_is_named(text):
    with pytest.raises(ValueError, match="table: '%s'" % text):
        table_number(text)


def test_marks():
    assert [mark_number(text) for text in ("16", "0x10", "0", None)] == [16, 16, 0, None]
    with pytest.raises(ValueError, match="mark: 'blue'"):
        mark_number("blue")


@pytest.mark.parametrize(("check", "text"), [(prefix, "default"), (prefix, "192.0.2.0/33"), (address, "192.0.2.0/24")])
def test_what_is_no_address_is_named_with_its_option(check, text):
    with pytest.raises(ValueError, match="^gateway: "):
        check(text, "gateway")


@pytest.mark.parametrize(
    ("wanted", "match", "yes", "no"),
    [
        ("192.0.2.0/24", "exact", ["192.0.2.0/24"], ["192.0.2.0/25", "192.0.0.0/16", "192.0.2.0"]),
        ("192.0.2.7", "exact", ["192.0.2.7/32", "192.0.2.7"], ["192.0.2.0/24"]),
        ("0.0.0.0/0", "exact", ["0.0.0.0/0"], ["::/0", "10.0.0.0/8"]),
        (
            "192.0.2.0/24",
            "within",
            ["192.0.2.0/24", "192.0.2.128/25", "192.0.2.255", "192.0.2.7/32"],
            ["192.0.3.0/24", "192.0.0.0/16", "0.0.0.0/0", "::/0", "2001:db8::1"],
        ),
        (
            "192.0.2.7",
            "covering",
            ["192.0.2.7/32", "192.0.2.0/24", "0.0.0.0/0"],
            ["192.0.2.8/32", "192.0.3.0/24", "::/0"],
        ),
        ("2001:db8::/32", "within", ["2001:db8::/32", "2001:db8:1::/48", "2001:db8::1"], ["2001:db9::/48", "::/0"]),
        ("fe80::1", "within", ["fe80::1%eth0", "fe80::1"], ["fe80::2%eth0", "10.0.0.1"]),
        ("2001:db8::1", "covering", ["::/0", "2001:db8::/64"], ["0.0.0.0/0", "2001:db8:1::/64"]),
    ],
)
def test_prefixes(wanted, match, yes, no):
    test = prefix_test(prefix(wanted, "dst"), match)
    assert [text for text in yes if not test(text)] == []
    assert [text for text in no if test(text)] == []


def test_prefixes_agree_with_the_standard_library():
    pytest.importorskip("hypothesis")
    from hypothesis import given, settings
    from hypothesis import strategies as st

    networks = st.one_of(
        st.tuples(st.just(4), st.integers(0, 7), st.integers(24, 32)),
        st.tuples(st.just(6), st.integers(0, 7), st.integers(120, 128)),
    ).map(
        lambda item: ipaddress.ip_network(
            ("192.0.2.%d/%d" if item[0] == 4 else "2001:db8::%x/%d") % (item[1] * 32, item[2]), strict=False
        )
    )

    @settings(max_examples=300, deadline=None)
    @given(networks, networks)
    def agrees(one, other):
        same = one.version == other.version
        assert prefix_test(one, "within")(str(other)) == (same and other.subnet_of(one))
        assert prefix_test(one, "covering")(str(other)) == (same and other.supernet_of(one))
        assert prefix_test(one, "exact")(str(other)) == (one == other)

    agrees()


def test_the_many_rare_values_are_counted_together():
    counter = {"n%d" % number: 1 for number in range(100)}
    counter["often"] = 7
    result = counted(counter, most=10)
    assert result["often"] == 7
    assert len(result) == 11
    assert result["(others)"] == 91
