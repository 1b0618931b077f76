# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report.chain import chain, words
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

PEERS = {"peers": ["216.238.110.55"]}


def links(**details):
    return [(link.kind, link.text, link.broken) for link in chain(samples.finding(details=details))]


@pytest.mark.parametrize(
    ("cause", "kind", "text"),
    [
        ("source-not-local", "source", "209.245.225.161"),
        ("device-gone", "link", "doublezero0"),
        ("no-route", "route", "none that can be used"),
        ("neighbour-failed", "next hop", "it does not answer"),
    ],
)
def test_the_link_that_the_cause_names_is_the_only_broken_one(cause, kind, text):
    found = links(cause=cause, **PEERS)
    assert [link for link in found if link[2]] == [(kind, text, True)]
    assert found[0][0] == "sender"
    assert found[-1] == ("destination", "216.238.110.55", False)


def test_a_firewall_is_named_by_its_place():
    found = links(
        cause="firewall-drop",
        flow={"to": "192.0.2.9", "oif": "eth0"},
        place={"table": "inet filter", "chain": "output", "rule": "drop"},
    )
    assert ("firewall", "inet filter output drop", True) in found
    assert found[-1] == ("destination", "192.0.2.9", False)


@pytest.mark.parametrize(
    "details",
    [
        {},
        PEERS,
        {"cause": "source-not-local"},
        {"cause": "others", **PEERS},
        {"cause": ["device-gone"], **PEERS},
        {"cause": "device-gone", "peers": [{}, None, ""], "flow": "text", "place": 3},
    ],
)
def test_what_tells_of_no_flow_or_of_no_fault_in_it_has_no_chain(details):
    assert links(**details) == []


def test_the_words_say_what_the_drawing_shows():
    finding = samples.finding(details={"cause": "source-not-local", "peers": ["192.0.2.1", "192.0.2.2"]})
    assert words(chain(finding)) == (
        "sender doublezerod, then source 209.245.225.161 (broken here), then link doublezero0, then destination 192.0.2.1 "
        "and 1 more"
    )
