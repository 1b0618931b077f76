# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an owner says of its own sessions: metrics read, and folded into claims."""

from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.plugins.module_utils.model import Process, Want
from ansible_collections.netmend.reclaim.plugins.module_utils.owners import answers
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.held import MAX_SESSIONS, fold
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.metrics import samples
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.profile import load
from hypothesis import given
from hypothesis import strategies as st

TEXT = """# HELP doublezero_liveness_sessions Current number of sessions by FSM state
# TYPE doublezero_liveness_sessions gauge
doublezero_liveness_sessions{iface="doublezero0",local_ip="192.0.2.1",state="up"} 2
doublezero_liveness_sessions{iface="doublezero0",local_ip="198.51.100.9",state="down"} 2
doublezero_liveness_sessions{iface="doublezero0",local_ip="198.51.100.9",state="up"} 0
doublezero_liveness_sessions_map_size 4
doublezero_liveness_write_socket_errors_total{iface="doublezero0",local_ip="198.51.100.9"} 1.2e+03
go_info{version="a\\"b\\\\c\\nd, }e"} 1 1700000000000
"""


def asked(metric: str, selector: dict[str, str], **where: str):
    said = {"listens": True, "request": "/metrics", "format": "metrics", "selector": selector}
    data = {"name": "x", "processes": ["x"], "sessions": [dict(said, where=dict(where, **{"@name": metric}))]}
    return load(data)


PROFILE = asked("doublezero_liveness_sessions", {"interface": "{iface}", "local": "{local_ip}"}, **{"@value": "[1-9]*"})
PROCESS = Process(7, "x")


def session(*key: str | None, errors: int | None = None) -> Want:
    said = {name: value for name, value in zip(("interface", "local", "peer"), key) if value is not None}
    return Want("session", said if errors is None else dict(said, errors=errors), "metrics", "curl")


def test_samples() -> None:
    found = list(samples(TEXT))
    assert [item["@name"] for item in found].count("doublezero_liveness_sessions") == 3
    assert found[0] == {
        "@name": "doublezero_liveness_sessions",
        "@value": "2",
        "iface": "doublezero0",
        "local_ip": "192.0.2.1",
        "state": "up",
    }
    assert found[3] == {"@name": "doublezero_liveness_sessions_map_size", "@value": "4"}
    assert found[-1]["version"] == 'a"b\\c\nd, }e' and found[-1]["@value"] == "1"


@pytest.mark.parametrize(
    "line", ["", "x", "x{", 'x{a="1"', 'x{a="1"}', "x{a=1} 2", 'x{a="1" b="2"} 3', "{} 1", "x" * 5000 + " 1"]
)
def test_what_is_no_sample(line: str) -> None:
    assert list(samples(line)) == []


@pytest.mark.parametrize("line", ["x{} 1", "x{ } 1", 'x{a="1",} 1', 'x{ a = "1" , } 1'])
def test_odd_samples(line: str) -> None:
    (found,) = samples(line)
    assert (found["@name"], found["@value"]) == ("x", "1")


@given(st.text(alphabet='x{}=",\\ a1\n', max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    for found in samples(text):
        assert found["@value"]


def test_the_sessions_that_there_are() -> None:
    (ask,) = PROFILE.sessions
    wants = answers.read(ask, TEXT, "metrics", "curl").wants
    assert [dict(want.selector) for want in wants] == [
        {"interface": "doublezero0", "local": "192.0.2.1"},
        {"interface": "doublezero0", "local": "198.51.100.9"},
    ]
    (errors,) = asked(
        "doublezero_liveness_write_socket_errors_total",
        {"interface": "{iface}", "local": "{local_ip}", "errors": "{@value}"},
    ).sessions
    (want,) = answers.read(errors, TEXT, "metrics", "curl").wants
    assert want.selector == {"interface": "doublezero0", "local": "198.51.100.9", "errors": 1200}


def test_errors_join_the_sessions_that_are_held() -> None:
    told = fold(
        PROFILE,
        PROCESS,
        "x.service",
        [
            session("dz0", "192.0.2.1"),
            session("dz0", "192.0.2.1", errors=5),
            session("dz0", "192.0.2.7", errors=9),
        ],
    )
    assert [(item.local, item.peer, item.errors, item.held, item.unit) for item in told] == [
        ("192.0.2.1", None, 5, True, "x.service")
    ], "errors of a session that is not there any more are history"
    assert (told[0].source, told[0].command, told[0].sample) == (
        "metrics",
        "curl",
        "it holds a session on dz0 from 192.0.2.1",
    )
    assert (told[0].first, told[0].last, told[0].error) == (None, None, None)


def test_what_is_told_with_its_peers_is_not_told_twice() -> None:
    told = fold(
        PROFILE,
        PROCESS,
        None,
        [
            session("dz0", "192.0.2.1"),
            session("dz0", "192.0.2.1", "198.51.100.1"),
            session("dz0", "192.0.2.1", "198.51.100.2"),
            session("dz0", "192.0.2.1", errors=5),
        ],
    )
    assert [(item.peer, item.errors) for item in told] == [("198.51.100.1", 5), ("198.51.100.2", 5)]


def test_one_process_cannot_fill_the_memory() -> None:
    many = [session("dz0", "10.%d.%d.1" % divmod(number, 256)) for number in range(MAX_SESSIONS + 10)]
    assert len(fold(PROFILE, PROCESS, None, many)) == MAX_SESSIONS
