# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""firewall.allow, from the finding to the undo: the flow passes, and the rules come back to the byte."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import audit_info
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.tests.fixtures import world as fixtures

from . import plans

FLOW = "ip neigh replace 192.0.2.254 lladdr 02:00:00:00:00:01 dev up0"
CASES = {
    "nft, in a chain that is jumped to": (
        'nft \'table inet g { chain c { ip ttl != 0 counter; udp dport 53 counter drop comment "no DNS"; };'
        "chain o { type filter hook output priority 0; oifname lo accept; jump c; }; }'",
        ("nft", "c"),
    ),
    "nft, the policy": (
        "nft 'table ip g { chain o { type filter hook output priority 0; policy drop; oifname lo accept; }; }'",
        ("nft", "o"),
    ),
    "iptables in nftables": (
        "iptables-nft -N c; iptables-nft -A OUTPUT -j c; iptables-nft -A c -d 10.0.0.0/8 -j DROP;"
        'iptables-nft -A c -p udp -m comment --comment "no \\"DNS\\"" -j REJECT',
        ("iptables", "c"),
    ),
    "the policy of iptables in nftables": ("iptables-nft -P OUTPUT DROP", ("iptables", "OUTPUT")),
    "legacy iptables": (
        "iptables-legacy -A OUTPUT -p tcp -j ACCEPT; iptables-legacy -A OUTPUT -p udp --dport 53 -j DROP",
        ("iptables", "OUTPUT"),
    ),
    "the policy of legacy iptables": ("iptables-legacy -P OUTPUT DROP", ("iptables", "OUTPUT")),
}


@pytest.fixture
def blocked(host):
    """A host with a session that its firewall drops, and the plan that lets it through."""
    holders = []

    def block(make: str, **more: t.Any) -> dict:
        host.ns.sh(FLOW)
        host.ns.sh(make)
        if not holders:
            socket = {"protocol": "udp", "bind": ["192.0.2.1", 5000], "connect": ["203.0.113.9", 53]}
            holders.append(fixtures.hold(host.name, [socket]))
        return planned(host, **more)

    yield block
    for holder in holders:
        holder.kill()
        holder.wait(timeout=10)


def planned(host, **more: t.Any) -> dict:
    asked = {"rules": {"include": ["RC501"]}, "plan": True, "remedies": ["firewall.allow"], "confirm_after": 0}
    with Kernel(host.name) as kernel:
        result = audit_info({**asked, **more}, kernel)
    return result["plan"]


def rules(host) -> str:
    """All of them as their programs show them, without what is counted."""
    return host.ns.sh(
        "nft -s list ruleset; iptables-nft-save | sed '/^#/d; s/ \\[.*//'; iptables-legacy-save | sed '/^#/d; s/ \\[.*//'"
    )


def passes(host, port: int = 53) -> bool:
    said = host.ns.sh(
        "python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
        's.bind(("192.0.2.1", 0)); s.sendto(b"x", ("203.0.113.9", %d))\' 2>&1 || true' % port
    )
    assert said == "" or "PermissionError" in said, said
    return said == ""


@pytest.mark.parametrize("case", CASES)
def test_planned_applied_and_undone(host, blocked, case: str) -> None:
    make, (manager, chain) = CASES[case]
    plan = blocked(make)
    (step,) = plan["steps"]
    assert (step["op"], step["inverse"], step["risk"]) == ("firewall.allow", "firewall.revoke", "high")
    assert (step["args"]["manager"], step["args"]["chain"]) == (manager, chain)
    before = rules(host)
    assert not passes(host)
    told = host.reclaim(plan, _ansible_check_mode=True)
    assert (told["state"], rules(host)) == ("planned", before), told
    done = host.reclaim(plan, rehearse=True)
    assert done["state"] == "armed", done
    assert any("the firewall is not rehearsed" in words for words in done["rehearsal"]["not_rehearsed"])
    assert passes(host)
    host.transaction("confirmed")
    assert planned(host)["steps"] == [], "a second run has nothing to do"
    assert "allowed already" in host.reclaim(plan)["steps"][0]["words"]
    undone = host.transaction("rolled-back", done["transaction_id"])
    assert undone["state"] == "armed", undone
    host.transaction("confirmed")
    assert rules(host) == before and not passes(host)


def test_what_is_allowed_is_narrow(host, blocked) -> None:
    plan = blocked("iptables-nft -P OUTPUT DROP")
    host.reclaim(plan)
    assert passes(host) and not passes(host, 54)


def test_rolled_back_before_it_is_confirmed(host, blocked) -> None:
    plan = blocked(CASES["iptables in nftables"][0])
    before = rules(host)
    done = host.reclaim(plan)
    assert rules(host) != before
    assert host.transaction("rolled-back", done["transaction_id"])["state"] == "rolled-back"
    assert rules(host) == before


def test_the_dead_man_takes_it_back(host, blocked) -> None:
    plan = blocked(CASES["nft, in a chain that is jumped to"][0])
    before = rules(host)
    done = host.reclaim(plan, confirm_within=5)
    host.await_state(done["transaction_id"], "rolled-back")
    assert rules(host) == before


def test_an_undo_is_undone(host, blocked) -> None:
    plan = blocked(CASES["legacy iptables"][0])
    first = host.reclaim(plan)
    host.transaction("confirmed")
    allowed = rules(host)
    undo = host.transaction("rolled-back", first["transaction_id"])
    host.transaction("confirmed")
    assert not passes(host)
    host.transaction("rolled-back", undo["transaction_id"])
    host.transaction("confirmed")
    assert passes(host) and rules(host) == allowed


@pytest.mark.parametrize(
    "change",
    [
        "nft flush chain inet g c",
        "nft delete table inet g",
        "nft -a list chain inet g c | sed -n 's/.*no DNS.*handle //p' | xargs nft replace rule inet g c handle XX drop",
    ],
)
def test_what_changed_since_is_left_alone(host, blocked, change: str) -> None:
    plan = blocked(CASES["nft, in a chain that is jumped to"][0])
    host.ns.sh(change.replace("xargs nft", "xargs -I XX nft") if "XX" in change else change)
    before = rules(host)
    result = host.reclaim(plan)
    assert result["state"] == "nothing-to-do" and "changed since the plan was made" in result["steps"][0]["words"]
    assert rules(host) == before


def test_a_rule_that_moved_is_found_again(host, blocked) -> None:
    plan = blocked(CASES["legacy iptables"][0])
    host.ns.sh("iptables-legacy -I OUTPUT -p udp --dport 99 -j ACCEPT")
    before = rules(host)
    done = host.reclaim(plan)
    assert done["state"] == "armed" and passes(host)
    host.transaction("rolled-back", done["transaction_id"])
    assert rules(host) == before


def test_by_default_nobody_is_let_through(host, blocked) -> None:
    blocked("iptables-nft -P OUTPUT DROP")
    plan = planned(host, remedies=None)
    assert plan["steps"] == [] and plan["withheld"][0]["reason"] == "not-allowed"


def test_a_plan_that_says_something_else_is_refused(host, blocked) -> None:
    plan = blocked("iptables-nft -P OUTPUT DROP")
    for key, value in (
        ("chain", "OUTPUT; reboot"),
        ("table", "-F"),
        ("to", "203.0.113.9 drop"),
        ("backend", "sh"),
        ("port", 0),
        ("argv", ["reboot"]),
    ):
        steps = [dict(plan["steps"][0], args=dict(plan["steps"][0]["args"], **{key: value}))]
        before = rules(host)
        result = host.reclaim(plans.changed(plan, steps=steps))
        assert result["state"] == "refused" and "args" in result["msg"], (key, result)
        assert rules(host) == before
