# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Profiles that are whole, and what is said of those that are not."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Mark
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.fits import specific
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.profile import load

STATUS = {"kind": "link", "sockets": ["/run/x.sock"], "request": "/status", "selector": {"name": "{name}"}}
LINES = {
    "kind": "address",
    "files": ["/etc/x/*.conf"],
    "format": "text",
    "pattern": "^addr (?P<a>.*)$",
    "selector": {"address": "{a}"},
}
METRICS = {"listens": True, "request": "/metrics", "format": "metrics", "selector": {"local": "{local_ip}"}}


def loaded(**said):
    return load(dict({"name": "x", "processes": ["xd"]}, **said))


def test_marks_are_numbers_and_ranges() -> None:
    rule = {
        "kind": "rule",
        "priorities": ["5210-5270", 100],
        "tables": ["52"],
        "fwmarks": ["0xca6c"],
        "prefix": "10.0.0.0/8",
    }
    (mark,) = loaded(objects=[rule]).objects
    assert mark == Mark(
        "rule",
        priorities=((5210, 5270), (100, 100)),
        tables=((52, 52),),
        fwmarks=((51820, 51820),),
        prefix="10.0.0.0/8",
    )
    assert specific(mark)


def test_the_shapes_of_rules() -> None:
    shapes = [
        {"kind": "rule", "tables": ["51820-51839"], "unmarked": True, "suppresses": None, "before_own": False},
        {"kind": "rule", "suppresses": 0, "before_own": True, "proves": True},
        {"kind": "rule", "suppresses": 0},
        {"kind": "rule", "tables": ["51820"], "proves": False},
    ]
    assert loaded(objects=shapes).objects == (
        Mark("rule", tables=((51820, 51839),), unmarked=True),
        Mark("rule", suppresses=0, before_own=True),
        Mark("rule", suppresses=0),
        Mark("rule", tables=((51820, 51820),), proves=False),
    )
    assert [specific(mark) for mark in loaded(objects=shapes).objects] == [True, True, False, False]


def test_what_lives_in_its_links_needs_no_process() -> None:
    profile = loaded(processes=[], lives_in_links=True, objects=[{"kind": "link", "link_kind": "wireguard"}])
    assert (profile.processes, profile.lives_in_links, profile.outlives) == ((), True, False)


def test_what_is_not_said_has_its_default() -> None:
    profile = loaded()
    assert (profile.scope, profile.outlives, profile.objects, profile.wants) == ("namespace", False, (), ())
    assert loaded(wants=None, objects=None, scope=None, release=None) == profile, "an argument spec gives None"


def test_the_fields_of_an_answer() -> None:
    (ask,) = loaded(wants=[dict(STATUS, select="services.*", where={"name": "dz*"}, complete=True)]).wants
    assert (ask.fields, ask.select, ask.where, ask.complete) == ({"name"}, ("services", "*"), {"name": "dz*"}, True)
    (ask,) = loaded(wants=[dict(LINES, begin="{", end="}")]).wants
    assert ask.pattern is not None and ask.begin is not None and ask.end is not None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"processes": ["systemd-networkd"]}, "longer than 15 bytes"),
        ({"processes": []}, "whether it is alive"),
        ({"processes": "xd"}, "processes: expected a list"),
        ({"objects": [{"kind": "link"}]}, "every link would fit"),
        ({"objects": [{"kind": "link", "tables": ["1"]}]}, "a link has no tables; expected some of link_kind, name"),
        ({"objects": [{"kind": "route", "tables": ["main"]}]}, "'main' is neither a number nor a range"),
        ({"objects": [{"kind": "route", "tables": ["9-1"]}]}, "'9-1' is neither"),
        ({"objects": [{"kind": "rule", "fwmarks": ["0x100000000"]}]}, "neither a number"),
        ({"objects": [{"kind": "address", "prefix": "10.0.0.1/8"}]}, "objects.prefix: 10.0.0.1/8 has host bits set"),
        ({"objects": [{"kind": "link", "proves": False}]}, "every link would fit"),
        ({"objects": [{"kind": "route", "unmarked": True}]}, "a route has no unmarked; expected some of interface"),
        ({"objects": [{"kind": "rule", "suppresses": 129}]}, "objects.suppresses: 129 is not the length of a prefix"),
        ({"objects": [{"kind": "rule", "suppresses": -1}]}, "objects.suppresses: -1 is not the length of a prefix"),
        ({"lives_in_links": True}, "lives_in_links: objects has no link"),
        ({"lives_in_links": True, "outlives": True}, "outlives, lives_in_links: what lives in its links is gone with"),
        ({"units": ["frr"]}, "units: 'frr' is not the name of a unit, such as frr.service"),
        ({"units": ["a b.service"]}, "is not the name of a unit"),
        ({"paths": ["etc/x"]}, "paths: 'etc/x' is not an absolute path"),
        ({"release": ["x", "{nonsense}"]}, "release: {nonsense} is not known; expected {interface}"),
        ({"release": ["x", "{"]}, "expected a name in braces"),
        ({"wants": [dict(STATUS, command=["x"])]}, "exactly one of sockets, command and files"),
        ({"wants": [dict(STATUS, request="status")]}, "a path such as /status"),
        ({"wants": [dict(STATUS, request="/ HTTP/1.1\r\nX: y")]}, "a path such as /status"),
        ({"wants": [dict(LINES, request="/status")]}, "a path such as /status"),
        ({"wants": [dict(STATUS, selector={"dst": "{x}"})]}, "of a link, expected some of name"),
        ({"wants": [dict(STATUS, selector={})]}, "expected some of name"),
        ({"wants": [dict(STATUS, pattern="x")]}, "expected format: text"),
        ({"wants": [dict(LINES, select="x")]}, "expected format: json"),
        ({"wants": [dict(LINES, begin="x")]}, "both begin and end, or neither"),
        ({"wants": [dict(LINES, pattern="(")]}, "wants: pattern is not a regular expression"),
        ({"wants": [dict(LINES, pattern="x")]}, "must have a group named 'a'"),
        ({"wants": [dict(LINES, complete=True)]}, "only what the owner itself answers"),
        ({"wants": [dict(LINES, files=["x.conf"])]}, "not an absolute path"),
        ({"sessions": [dict(METRICS, sockets=["/run/x"])]}, "sessions: expected exactly one of sockets and listens"),
        ({"sessions": [dict(METRICS, listens=False)]}, "sessions: expected exactly one of sockets and listens"),
        ({"sessions": [dict(METRICS, request="")]}, "a path such as /status"),
        ({"sessions": [dict(METRICS, selector={"name": "x"})]}, "of a session, expected some of interface"),
        ({"sessions": [dict(METRICS, selector={"local": "{"})]}, "expected a name in braces"),
        ({"session_logs": [{"match": {}, "field": "x", "pattern": "("}]}, "session_logs.pattern is not a regular"),
        ({"session_logs": [{"match": {}, "field": "x", "pattern": "x"}]}, "a group named 'peer'"),
    ],
)
def test_what_is_wrong_is_named(said, words: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the words are compared
        loaded(**said)
    assert str(caught.value).startswith("owner x: ")
    assert words in str(caught.value)
