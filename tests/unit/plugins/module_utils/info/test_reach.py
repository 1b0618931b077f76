# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions from options."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.info.reach import question
from ansible_collections.netmend.reclaim.plugins.module_utils.reach import CAUSES
from ansible_collections.netmend.reclaim.plugins.modules import reach_info


def test_a_question_in_the_kernels_spelling() -> None:
    asked = question({"to": "2001:DB8:0::1", "source": "2001:db8::0:2", "mark": "0x10", "uid": 5, "port": 53}, "")
    assert asked == {
        "to": "2001:db8::1", "source": "2001:db8::2", "interface": None, "protocol": "udp", "port": 53, "mark": 16, "uid": 5,
    }  # fmt: skip


def test_the_zone_is_the_interface() -> None:
    assert question({"to": "fe80::1%eth0"}, "")["interface"] == "eth0"
    assert question({"to": "fe80::1%eth0", "interface": "eth0"}, "")["to"] == "fe80::1"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"to": "example.org"}, "flows[0].to: 'example.org'"),
        ({"to": ""}, "flows[0].to: ''"),
        ({"to": "192.0.2.0/24"}, "flows[0].to: '192.0.2.0/24'"),
        ({"to": "::ffff:192.0.2.1"}, "write 192.0.2.1"),
        ({"to": "192.0.2.1", "source": "eth0"}, "flows[0].source: 'eth0'"),
        ({"to": "192.0.2.1", "source": "2001:db8::1"}, "one is IPv4 and the other IPv6"),
        ({"to": "192.0.2.1", "port": 0}, "flows[0].port: 0 is not a number from 1 to 65535"),
        ({"to": "192.0.2.1", "port": 65536}, "flows[0].port"),
        ({"to": "192.0.2.1", "port": 1, "protocol": "icmp"}, "icmp has no ports"),
        ({"to": "192.0.2.1", "mark": "red"}, "flows[0].mark: 'red' is not a number such as 16 or 0x10"),
        ({"to": "192.0.2.1", "mark": "-1"}, "flows[0].mark"),
        ({"to": "192.0.2.1", "mark": "0x100000000"}, "flows[0].mark"),
        ({"to": "192.0.2.1", "uid": -1}, "flows[0].uid"),
        ({"to": "fe80::1%eth0", "interface": "eth1"}, "its zone 'eth0'"),
    ],
)
def test_what_makes_no_sense_is_named(options: t.Dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        question(options, "flows[0].")


def test_the_module_documents_every_cause() -> None:
    told = reach_info.RETURN.split("\ncause:")[1].split("\nexplanation:")[0]
    assert set(re.findall(r"V\(([a-z0-9-]+)\)", told)) == set(CAUSES)


def test_the_module_is_thin() -> None:
    source = pathlib.Path(reach_info.__file__).read_text(encoding="utf-8")
    code = source.split('"""')[-1]
    assert len([line for line in code.splitlines() if line.strip()]) <= 40
