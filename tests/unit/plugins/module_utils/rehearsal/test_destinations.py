# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Query, Rule, Session, WayIn
from ansible_collections.netmend.reclaim.plugins.module_utils.rehearsal.destinations import (
    of_selector,
    of_session,
    of_way_in,
)

SESSION = Session(4, "udp", "192.0.2.1", 4500, "198.51.100.7", 53, ifindex=3, mark=16, uid=1000)


@pytest.mark.parametrize(
    ("selector", "queries"),
    [
        ({"address": "198.51.100.7"}, [Query("198.51.100.7")]),
        ({"prefix": "198.51.100.0/24", "interface": "eth0"}, [Query("198.51.100.1")]),
        ({"prefix": "2001:db8::/64"}, [Query("2001:db8::1")]),
        ({"prefix": "2001:db8::/127"}, [Query("2001:db8::")]),
        ({"prefix": "0.0.0.0/0"}, []),
        ({"priority": 100, "mark": 16, "owner": "frr", "table": None}, []),
    ],
)
def test_a_selector_names_addresses(selector, queries):
    assert list(of_selector(selector)) == queries


def test_the_way_in_is_asked_from_this_end():
    way = WayIn(peer="203.0.113.9", local="192.0.2.1", local_port=22, peer_port=50000, known_by="test")
    assert of_way_in(way) == Query("203.0.113.9", source="192.0.2.1")


def test_a_session_asks_what_its_next_send_asks():
    assert of_session(SESSION, []) == Query("198.51.100.7", source="192.0.2.1", interface=3, mark=16)


def test_ports_and_users_are_asked_where_rules_select_by_them():
    by_port = of_session(SESSION, [Rule(4, 1, dport=(53, 53))])
    assert (by_port.protocol, by_port.sport, by_port.port, by_port.uid) == ("udp", 4500, 53, None)
    assert of_session(SESSION, [Rule(4, 1, uid_range=(0, 5))]).uid == 1000
