# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bounds of a capture."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.filter import Filter
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.request import (
    LONGEST,
    MOST_BYTES,
    MOST_PACKETS,
    Request,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.model import WayIn


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "a capture is not begun without bounds: beside seconds, say packets (at most 1000000) or bytes"),
        ({"seconds": 0, "packets": 1}, "seconds: 0 is no number from 1 to 3600"),
        ({"seconds": LONGEST + 1, "packets": 1}, "seconds: 3601"),
        ({"packets": 0}, "packets: 0 is no number from 1 to 1000000"),
        ({"packets": MOST_PACKETS + 1}, "packets: 1000001"),
        ({"bytes": 4095}, "bytes: 4095 is no number from 4096 to 67108864"),
        ({"bytes": MOST_BYTES + 1}, "bytes: 67108865"),
        ({"packets": 1, "snaplen": 63}, "snaplen: 63 is no number from 64 to 262144"),
        ({"packets": 1, "filter": {"port": ["x"]}}, "filter.port: 'x'"),
        ({"packets": 1, "exclude": {"port": ["x"]}}, "exclude.port: 'x'"),
    ],
)
def test_what_is_refused(params, words):
    with pytest.raises(ValueError, match=r"^[a-z]") as refused:
        Request({"seconds": 5, **params}, ())
    assert words in str(refused.value)


def test_a_bound_that_is_not_given_is_the_largest():
    request = Request({"seconds": 5, "packets": 7}, ())
    assert request.bounds == {"seconds": 5, "packets": 7, "bytes": MOST_BYTES, "snaplen": 128}
    assert Request({"seconds": 5, "bytes": 5000}, ()).bounds["packets"] == MOST_PACKETS
    assert request.filter == Filter()


def test_the_own_connections_are_left_out_unless_asked_for():
    ways = [WayIn("fe80::9%eth0", "fe80::1%eth0", 22, 50000, "a"), WayIn("198.51.100.9", "192.0.2.1", 22, 50001, "b")]
    params = {"seconds": 5, "packets": 7, "exclude": {"protocol": "arp"}}
    assert Request(params, ways * 2).expression == (
        "not (arp) and not (ip6 and tcp and host fe80::9 and port 50000) "
        "and not (ip and tcp and host 198.51.100.9 and port 50001)"
    )
    assert Request(dict(params, own_connection=True), ways).expression == "not (arp)"


def test_an_exclude_that_says_nothing_leaves_nothing_out():
    assert Request({"seconds": 5, "packets": 7, "exclude": {"port": None}}, ()).expression == ""
