# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Will an object be back after the next boot? Lines of the configuration held against selectors and steps."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.boot import words
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.model import BootObject, Finding, Snapshot, Step
from ansible_collections.netmend.reclaim.plugins.module_utils.persistence import advised, will_return

FILE = "/etc/network/interfaces"


def line(kind, number, selector, certain=True, made=False):
    return BootObject(kind, selector, "ifupdown", FILE, number, certain=certain, made=made)


ROUTE = words.route(dst="198.51.100.0/24", table=100, gateway="192.0.2.254", interface="eth0", source="192.0.2.9")
BOOT = (
    line("address", 1, {"address": "192.0.2.9/24", "interface": "eth0"}),
    line("link", 2, {"name": "gre1"}, made=True),
    line("link", 3, {"name": "eth0"}),
    line("route", 4, ROUTE),
    line("rule", 5, words.rule(priority=1000, **{"from": "192.0.2.9/32", "table": 100})),
    line("rule", 6, words.rule(iif="eth0", table=101)),
    line("route", 7, words.route(dst="0.0.0.0/0", gateway="192.0.2.1", interface="eth0")),
    line("address", 8, {"address": "192.0.2.9/25", "interface": "eth0"}, certain=False),
)
INDEX = Index(Snapshot(boot=BOOT))
RULE = {"family": 4, "priority": 1000, "table": 100, "src": "192.0.2.9/32"}


@pytest.mark.parametrize(
    ("kind", "said", "found"),
    [
        ("address", {"address": "192.0.2.9/24", "interface": "eth0"}, 1),
        ("address", {"address": "192.0.2.9"}, 1),
        ("address", {"address": "192.0.2.9/24", "interface": "eth1"}, None),
        ("address", {"address": "192.0.2.8/24"}, None),
        ("address", {}, None),
        ("link", {"interface": "gre1"}, 2),
        ("link", {"interface": "eth0"}, None),  # it is brought up, not made
        ("route", {"family": 4, "dst": "198.51.100.0/24", "table": 100, "type": "unicast", "proto": "static"}, 4),
        ("route", {"family": 4, "dst": "198.51.100.0/24", "table": 254}, None),
        ("route", {"family": 4, "dst": "198.51.100.0/24", "table": 100, "type": "blackhole"}, None),
        ("route", {"family": 4, "dst": "198.51.100.0/24", "table": 100, "gateway": "192.0.2.253"}, None),
        ("route", {"family": 4, "dst": "198.51.100.0/24", "table": 100, "interface": "eth1"}, None),
        ("route", {"family": 4, "table": 100, "source": "192.0.2.9"}, 4),
        ("route", {"family": 4, "table": 100, "source": "192.0.2.8"}, None),
        ("route", {"family": 4, "table": 100}, 4),
        ("route", {"family": 4, "table": 254}, None),  # all of main: that says nothing of this line
        ("route", {"family": 4, "table": 254, "gateways": ["192.0.2.1"], "interfaces": ["eth0"]}, 7),
        ("route", {"family": 4, "table": 254, "gateways": ["192.0.2.2"]}, None),
        ("rule", RULE, 5),
        ("rule", dict(RULE, priority=1001), None),
        ("rule", dict(RULE, table=101), None),
        ("rule", dict(RULE, dst="10.0.0.0/8"), None),
        ("rule", {"family": 4, "priority": 32765, "table": 101, "iif": "eth0"}, 6),
    ],
)
def test_what_makes_it_again(kind, said, found) -> None:
    item = will_return(INDEX, kind, said)
    assert (item and item.line) == found


def finding(*steps):
    return Finding("RC201", "high", "proven", "route", {}, "It is stale.", (), steps, "Take it away.")


def test_a_remedy_that_would_not_last_says_so() -> None:
    keep = Step("rule.add", {"family": 4, "priority": 1000, "table": 100, "from": "192.0.2.9/32"}, "")
    gone = Step("route.del", {"family": 4, "table": 100, "source": "192.0.2.9"}, "")
    other = Step("route.del", {"family": 4, "table": 102, "source": "192.0.2.9"}, "")
    told = advised(INDEX, [finding(keep), finding(other), finding(other, gone), finding()])
    assert [item.advice for item in told] == [
        "Take it away.",
        "Take it away.",
        "Take it away. After the next boot it is back: %s line 4 (ifupdown) makes it. Take it out there as well."
        % FILE,
        "Take it away.",
    ]
    assert advised(Index(Snapshot()), [finding(gone)])[0].advice == "Take it away."


def test_what_is_not_certain_may_be_back() -> None:
    netplan = BootObject(
        "link",
        {"name": "gre1"},
        "systemd-networkd",
        "/run/systemd/network/10-netplan-gre1.netdev",
        2,
        made=True,
        certain=False,
    )
    (told,) = advised(Index(Snapshot(boot=(netplan,))), [finding(Step("link.del", {"interface": "gre1"}, ""))])
    assert (
        "it may be back: /run/systemd/network/10-netplan-gre1.netdev line 2 (which netplan writes) makes it."
        in told.advice
    )
