# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A keepalived that is killed. What was seen of Debian 12's keepalived 2.2:

* its virtual addresses bear no mark at all (no protocol, no label); its routes and rules are of proto keepalived (18);
* after kill -9 of its two processes all of it stays, and the other one takes the address over: both have it;
* one that starts removes what its configuration names, and adds it again when it becomes master.
"""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.tests.integration.daemons.host import said, told

VRRP = """
vrrp_instance V {
    state %s
    interface eth0
    virtual_router_id 51
    priority %d
    advert_int 1
    virtual_ipaddress {
        192.0.2.100/24
    }
    virtual_routes {
        10.77.0.0/24 via 192.0.2.2 dev eth0
        10.78.0.0/24 via 192.0.2.2 dev eth0 table 100
    }
    virtual_rules {
        from 192.0.2.100 table 100 preference 1000
    }
}
"""
HOLDS = "ip address show | grep -q 192.0.2.100/"


def start(host, state: str, priority: int, netns: str = "") -> None:
    path = "/etc/keepalived/%skeepalived.conf" % (netns and netns + "/")
    host.write(path, VRRP % (state, priority))
    inside = ["ip", "netns", "exec", netns] if netns else []
    run = "/run/keepalived" + netns
    words = ["--dont-fork", "--log-console", "--use-file", path]
    words += ["--pid", run + ".pid", "--vrrp_pid", run + "-vrrp.pid", "--checkers_pid", run + "-checkers.pid"]
    host.start("keepalived" + netns, *inside, "keepalived", *words)


@pytest.fixture
def pair(host):
    """The host has the address; "far" would take it over."""
    start(host, "MASTER", 150)
    host.until(HOLDS)
    start(host, "BACKUP", 100, "far")
    host.until("grep -q BACKUP /var/log/keepalivedfar")
    return host


def test_keepalived_2361_and_159_the_address_stays_when_it_is_killed(pair):
    assert said(pair.audit()) == []
    pair.kill("keepalived")
    pair.until("ip netns exec far " + HOLDS)

    dead = pair.audit()
    assert told(dead) == {
        ("RC203", "keepalived", False),
        ("RC305", "keepalived", False),
        ("RC405", "keepalived", False),
    }
    (address,) = (item for item in dead["findings"] if item["rule"] == "RC405")
    assert address["object"]["selector"]["address"] == "192.0.2.100/24" and address["severity"] == "high"
    assert any("keepalived.conf names it" in item["observed"] for item in address["evidence"])
    pair.mend(dead["plan"])
    assert pair.sh(HOLDS + " && echo yes || echo no") == "no\n"
    assert pair.sh("ip netns exec far " + HOLDS + " && echo yes") == "yes\n", "the one that lives has it still"
    assert said(pair.audit()) == []


def test_one_that_waits_is_alive_too(host):
    """The sibling: what a BACKUP does not hold is not looked for, and what it is to take over is not taken from it."""
    start(host, "MASTER", 150, "far")
    host.until("ip netns exec far " + HOLDS)
    start(host, "BACKUP", 100)
    host.until("grep -q BACKUP /var/log/keepalived")
    assert said(host.audit()) == []
    host.kill("keepalived", netns="far")
    host.until(HOLDS)
    assert said(host.audit()) == []
