# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.info.sessions import session_info
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Link, Process, Session

DEFAULTS = {"processes": False, "summary": False, "limit": 100}
SSHD = Process(700, "sshd", 1700000000.0)
SESSIONS = (
    Session(4, "tcp", "0.0.0.0", 22, state="LISTEN", unit="ssh.service", processes=(SSHD,)),
    Session(4, "tcp", "192.0.2.10", 22, "198.51.100.7", 51514, unit="ssh.service", processes=(SSHD,)),
    Session(6, "tcp", "::ffff:192.0.2.10", 40000, "::ffff:203.0.113.9", 443, processes=(Process(9, "curl\x1b[2J"),)),
    Session(4, "udp", "0.0.0.0", 44880, state="UNCONN", mark=16),
    Session(6, "udp", "fe80::1", 546, state="UNCONN", ifindex=2),
    Session(4, "udp", "192.0.2.99", 5000, state="UNCONN", ifindex=77, uid=1000),
)


class Port:
    def __init__(self, sessions=SESSIONS):
        self.sessions_of, self.asked = sessions, None

    def links(self):
        return (Link(1, "lo"), Link(2, "eth0"))

    def sessions(self, protocols, families, processes):
        self.asked = (protocols, families, processes)
        return (item for item in self.sessions_of if item.protocol in protocols and item.family in families)


def ports(**options):
    return [item["local_port"] for item in session_info(dict(DEFAULTS, **options), Port())["sessions"]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [22, 22, 40000, 44880, 546, 5000]),
        ({"protocol": ["udp"]}, [44880, 546, 5000]),
        ({"family": "ipv6"}, [40000, 546]),
        ({"state": ["listen"]}, [22]),
        ({"state": ["ESTAB", "LISTEN"], "protocol": ["tcp"]}, [22, 22, 40000]),
        ({"local": "192.0.2.10"}, [22, 40000]),
        ({"local": "192.0.2.0/24"}, [22, 40000, 5000]),
        ({"local": "0.0.0.0"}, [22, 44880]),
        ({"local": "fe80::/10"}, [546]),
        ({"remote": "203.0.113.9"}, [40000]),
        ({"remote": "0.0.0.0/0"}, [22, 40000]),
        ({"port": 443}, [40000]),
        ({"port": 22}, [22, 22]),
        ({"local_port": 443}, []),
        ({"remote_port": 443}, [40000]),
        ({"process": "sshd"}, [22, 22]),
        ({"process": "700"}, [22, 22]),
        ({"process": "70"}, []),
        ({"unit": "ssh"}, [22, 22]),
        ({"unit": "ssh.service"}, [22, 22]),
        ({"interface": "eth0"}, [546]),
        ({"mark": "0x10"}, [44880]),
    ],
)
def test_filters(options, expected):
    assert ports(**options) == expected


def test_processes_are_only_read_where_they_are_asked_for():
    port = Port()
    assert "processes" not in session_info(DEFAULTS, port)["sessions"][0]
    assert port.asked == (("tcp", "udp", "raw"), (4, 6), False)
    result = session_info(dict(DEFAULTS, process="sshd"), port)
    assert port.asked[2] is True
    assert result["sessions"][0]["processes"] == [{"pid": 700, "name": "sshd", "started": 1700000000.0}]


def test_a_hostile_command_name_is_shown_escaped():
    (shape,) = session_info(dict(DEFAULTS, remote_port=443, processes=True), Port())["sessions"]
    assert shape["processes"][0]["name"] == "curl\\x1b[2J"


def test_a_link_that_is_gone_is_shown_as_the_kernel_shows_it():
    (shape,) = session_info(dict(DEFAULTS, local="192.0.2.99"), Port())["sessions"]
    assert (shape["interface"], shape["remote"], shape["remote_port"]) == ("if77", None, None)


def test_a_summary_does_not_make_a_group_of_each_connection():
    clients = tuple(
        Session(4, "tcp", "192.0.2.10", 443, "198.51.100.%d" % (number % 250), 40000 + number, unit="web.service")
        for number in range(5000)
    )
    own = tuple(Session(4, "tcp", "192.0.2.10", 50000 + number, "203.0.113.9", 179) for number in range(3))
    result = session_info(dict(DEFAULTS, summary=True), Port(clients + own + SESSIONS[:1]))
    assert [(group["service_port"], group["count"]) for group in result["groups"]] == [(443, 5000), (179, 3), (22, 1)]
    assert result["groups"][0]["samples"][0] == "192.0.2.10:443 > 198.51.100.0:40000"
    assert len(result["groups"][0]["samples"]) == 5
    assert result["groups"][2]["samples"] == ["0.0.0.0:22 > *"]
    assert (result["total"], result["truncated"]) == (5004, False)
    assert result["counts"]["unit"] == {"web.service": 5000, "(none)": 3, "ssh.service": 1}


def test_the_limit_bounds_groups_and_sessions():
    limited = session_info(dict(DEFAULTS, limit=2), Port())
    assert (len(limited["sessions"]), limited["total"], limited["truncated"]) == (2, 6, True)
    groups = session_info(dict(DEFAULTS, limit=2, summary=True), Port())
    assert (len(groups["groups"]), groups["groups_total"], groups["truncated"]) == (2, 6, True)


def test_an_interface_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="interface: there is no link 'eth7'"):
        session_info(dict(DEFAULTS, interface="eth7"), Port())
