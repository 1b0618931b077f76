# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a send comes down to, what is said of each verdict, and which findings are about it."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Finding
from ansible_collections.netmend.reclaim.plugins.module_utils.reach import CAUSES, Reach
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS
from ansible_collections.netmend.reclaim.plugins.module_utils.story import verdict as verdicts
from ansible_collections.netmend.reclaim.plugins.module_utils.story.mends import mends, vain
from ansible_collections.netmend.reclaim.plugins.module_utils.story.relevant import relevant
from ansible_collections.netmend.reclaim.plugins.module_utils.story.verdict import VERDICTS, first_of, verdict, worst


def reach(cause):
    return Reach(cause == "ok", None if cause == "ok" else "ENETUNREACH", cause, "", ())


def finding(rule="RC101", kind="session", samples=(), details=None, **selector):
    return Finding(rule, "high", "proven", kind, selector, "It is so.", (), samples=samples, details=details or {})


@pytest.mark.parametrize("cause", sorted(CAUSES))
def test_each_cause_of_the_kernel_comes_down_to_something(cause) -> None:
    said = verdict(reach(cause), [])
    assert said in VERDICTS
    if said not in ("ok", "unexplained"):
        assert vain(said) and mends(said, [])[0].what


def test_the_order_of_badness_and_what_tells_know_all_verdicts() -> None:
    assert sorted(verdicts._BADNESS) == sorted(VERDICTS)
    assert set(verdicts._TELLING) <= set(VERDICTS)


@pytest.mark.parametrize(
    ("cause", "rules", "known", "said"),
    [
        ("ok", [], {}, "ok"),
        ("ok", [], {"dropped": True}, "firewall"),
        ("ok", ["RC501"], {}, "firewall"),
        ("ok", ["RC503"], {}, "path"),
        ("ok", ["RC504"], {}, "path"),
        ("ok", ["RC501", "RC504"], {}, "firewall"),
        ("ok", ["RC504"], {"dropped": True}, "firewall"),
        ("no-route", ["RC504"], {}, "route-missing"),
        ("neighbour-failed", ["RC504"], {}, "next-hop"),
        ("ok", ["RC407"], {}, "ok"),
        ("source-not-local", ["RC602"], {"dropped": True}, "source-gone"),
        ("no-route", [], {}, "route-missing"),
        ("no-route", ["RC209"], {}, "route-missing"),
        ("no-route", ["RC209", "RC602"], {}, "configuration"),
        ("no-route", ["RC602"], {"fell": True}, "link-down"),
        ("no-route", ["RC401"], {}, "link-down"),
        ("neighbour-failed", [], {}, "next-hop"),
        ("neighbour-failed", ["RC207"], {}, "configuration"),
        ("neighbour-failed", ["RC202"], {}, "next-hop"),
    ],
)
def test_what_it_comes_down_to(cause, rules, known, said) -> None:
    assert verdict(reach(cause), [finding(rule) for rule in rules], **known) == said


def test_a_resolver_that_is_wrong_is_a_matter_of_configuration() -> None:
    wrong = finding("RC602", "resolver", address="198.51.100.1")
    assert verdict(reach("ok"), [wrong]) == "configuration"
    assert relevant([wrong], ["198.51.100.1"], [], [], ("RC602",)) == [wrong]
    assert relevant([wrong], ["198.51.100.2"], [], [], ("RC602",)) == []


def test_a_path_that_is_narrow_and_says_so_stops_nothing() -> None:
    told = dataclasses.replace(finding("RC504", "path", to="198.51.100.1"), severity="low")
    assert verdict(reach("ok"), [told]) == "ok"
    assert relevant([told], ["198.51.100.1"], [], []) == [told]
    assert relevant([told], ["198.51.100.2"], ["eth0"], []) == []
    assert vain("path") and mends("path", [])[0].what


def test_a_path_is_about_its_destination_and_a_tunnel_about_all_that_goes_over_it() -> None:
    path = finding("RC504", "path", to="198.51.100.1", interface="eth0")
    tunnel = finding("RC504", "link", interface="tun7", remote="198.51.100.1", setting="mtu")
    assert relevant([path, tunnel], ["198.51.100.9"], ["eth0"], []) == []
    assert relevant([path, tunnel], ["198.51.100.9"], ["tun7"], []) == [tunnel]


def test_the_worst_send_is_told_and_the_first_of_its_like() -> None:
    assert worst(["ok", "route-missing", "source-gone", "source-gone"]) == 2
    assert worst(["ok"]) == 0


def test_the_finding_that_says_most_is_first() -> None:
    found = first_of("source-gone", [finding("RC405"), finding("RC301"), finding("RC102")])
    assert [item.rule for item in found] == ["RC102", "RC405"]


@pytest.mark.parametrize(
    ("item", "about"),
    [
        (finding(local="192.0.2.9"), True),
        (finding(samples=("192.0.2.9:5000 -> 198.51.100.1:53",)), True),
        (finding(samples=("[2001:db8::1]:5000 -> [2001:db8::2]:53",)), False),
        (finding("RC201", "route", prefix="198.51.100.0/24"), True),
        (finding("RC201", "route", prefix="10.0.0.0/8"), False),
        (finding("RC201", "route", samples=("0.0.0.0/0",)), False),
        (finding("RC401", "link", interface="eth0"), True),
        (finding("RC202", "route", interface="eth0"), False),
        (finding("RC202", "route", interface="eth0", family=6, gateway="198.51.100.1"), False),
        (finding(details={"peers": ["198.51.100.1"]}), True),
        (finding("RC602", "address", address="10.0.0.1/24"), False),
        (finding(owner="x", note="not an address"), False),
    ],
)
def test_which_findings_are_about_a_send(item, about) -> None:
    assert bool(relevant([item], ["198.51.100.1", "192.0.2.9"], ["eth0"], [])) is about


def test_a_default_route_is_about_a_send_that_has_none() -> None:
    missing = finding("RC209", "route", dst="0.0.0.0/0")
    assert relevant([missing], ["198.51.100.1"], [], []) == []
    assert relevant([missing], ["198.51.100.1"], [], [], routeless=True) == [missing]


def test_each_rule_that_tells_exists() -> None:
    assert {rule for rules in verdicts._TELLING.values() for rule in rules} <= set(CHECKS)


@pytest.mark.parametrize(
    ("addresses", "about"),
    [
        (["203.0.113.9", "198.51.100.1"], True),
        (["203.0.113.9", "192.0.2.1"], False),
        (["203.0.113.8", "198.51.100.1", "198.51.100.254"], False),
    ],
)
def test_a_finding_that_says_of_which_flows_it_is(addresses, about) -> None:
    """What comes in by eth1 for one flow is dropped: others over that link, or to that peer, are not concerned."""
    flows = {"flows": [["198.51.100.1", "203.0.113.9"]], "peers": ["203.0.113.9"], "local": "198.51.100.1"}
    item = finding("RC503", "link", ("198.51.100.1:7 -> 203.0.113.9:53",), flows, interface="eth1", check="rp_filter")
    assert bool(relevant([item], addresses, ["eth1"], [])) is about
