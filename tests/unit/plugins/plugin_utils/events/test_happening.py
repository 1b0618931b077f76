# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an event looks like, and that nothing a host or a log writer chose does anything in it."""

from __future__ import annotations

import json

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.line import Line
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.recognise import recognise
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.watch import Gone
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Address, Hop, Link, Route, Rule
from ansible_collections.netmend.reclaim.plugins.plugin_utils.events import happening
from ansible_collections.netmend.reclaim.plugins.plugin_utils.events.happening import Fold, Happening

HOSTILE = "{{ lookup('pipe', 'id') }} {% raw %} {# x #} {{{{ \x1b[31m\u202e"


def fold(item: Happening, count: int = 1, first: float = 1.0) -> Fold:
    return Fold(item, count, first, first + 1)


def test_removals_name_what_is_gone() -> None:
    address = happening.of_gone(Gone("address", Address(4, 2, "192.0.2.7", 32), "eth0"))
    assert address.kind == "address-removed"
    assert dict(address.subject) == {"address": "192.0.2.7/32", "interface": "eth0"}
    down = happening.of_gone(Gone("link-up", Link(2, "eth0"), "eth0"))
    assert (down.kind, down.text) == ("link-down", "link eth0 was set down")
    rule = happening.of_gone(Gone("rule", Rule(4, 100, table=7, src="192.0.2.0/24", mark=16), None))
    assert dict(rule.subject)["rule"] == "100: from 192.0.2.0/24 lookup 7 fwmark 0x10"
    route = Route(family=4, dst="0.0.0.0/0", table=254, hops=(Hop(ifindex=2, gateway="192.0.2.1"),))
    assert happening.of_gone(Gone("default-route", route, "eth0")).text == (
        "route default via 192.0.2.1 dev eth0 of table 254 was removed"
    )


def test_an_event_is_named_after_the_most_telling_and_shows_the_others() -> None:
    folds = [fold(happening.missed("too much")), fold(happening.of_gone(Gone("link", Link(2, "tun0"), "tun0")), 3)]
    event = happening.document(folds, "web1", "blue")
    told = event["netmend"]
    assert event["meta"] == {"hosts": ["web1"]}
    assert (told["kind"], told["interface"], told["count"], told["total"]) == ("link-removed", "tun0", 3, 4)
    assert told["kinds"] == ["link-removed", "missed"]
    assert [other["kind"] for other in told["also"]] == ["missed"]
    assert json.loads(json.dumps(event)) == event


def test_an_event_stays_small() -> None:
    folds = [
        fold(happening.of_gone(Gone("link", Link(number, HOSTILE * 50), HOSTILE * 50)), first=number)
        for number in range(1000)
    ]
    event = happening.document(folds, "web1", None)
    assert len(json.dumps(event)) < 40000
    assert event["netmend"]["omitted"] == 1000 - 1 - happening.MOST_SHOWN


@pytest.mark.parametrize("text", [HOSTILE, "{" * 9 + "%", "{{" + HOSTILE])
def test_hostile_text_is_no_template_and_no_escape(text: str) -> None:
    link = happening.of_gone(Gone("link", Link(2, text), text))
    line = recognise(Line(text="prog[7]: dial udp 192.0.2.1:9: network is unreachable %s" % text))
    assert line is not None
    shown = json.dumps(
        happening.document([fold(link), fold(happening.of_event(line)), fold(happening.missed(text))], "web1", None),
        ensure_ascii=False,
    )
    for mark in ("{{", "{%", "{#"):
        inside = shown.replace('": {"', "").replace('{"', "")
        assert mark not in inside
    assert "\x1b" not in shown and "\u202e" not in shown
