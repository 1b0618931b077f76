# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The incident's log, folded into claims."""

from __future__ import annotations

import json

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.line import Line, writer
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Process
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.profile import load
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.sessions import MAX_SESSIONS, Claims

# The line of the public incident, whole.
SEED = (
    'Nov 30 19:36:22 dfw-mn-bm1 doublezerod[1027617]: {"time":"2025-11-30T19:36:22.662807168Z","level":"WARN",'
    '"msg":"liveness.scheduler: error writing UDP packet","error":"write udp 0.0.0.0:44880->216.238.110.55:44880: '
    'sendmsg: network is unreachable","peer":"interface: doublezero0, localIP: 209.245.225.161, '
    'peerIP: 216.238.110.55"}'
)
AT = 1764531382.662807168
DAEMON = Process(1027617, "doublezerod", started=AT - 3600)
PROFILE = load(
    {
        "name": "doublezerod",
        "processes": ["doublezerod"],
        "restart": ["systemctl", "restart", "doublezerod.service"],
        "session_logs": [
            {
                "match": {"msg": "liveness.scheduler: error writing UDP packet"},
                "field": "peer",
                "pattern": "interface: (?P<interface>[^ ,]+), localIP: (?P<local>[^ ,]+), peerIP: (?P<peer>[^ ,]+)",
            }
        ],
    }
)


def told(*texts: str, running=((DAEMON, "doublezerod.service"),)):
    claims = Claims(PROFILE, running, "log x", "tail x")
    for text in texts:
        claims.take(Line(text=text, pid=writer(text)))
    return claims.sessions()


def test_the_incidents_line_names_its_session() -> None:
    (session,) = told(SEED)
    assert (session.interface, session.local, session.peer) == ("doublezero0", "209.245.225.161", "216.238.110.55")
    assert (session.error, session.errors, session.process) == ("ENETUNREACH", 1, DAEMON)
    assert session.first == session.last == pytest.approx(AT)
    assert session.unit == "doublezerod.service"
    assert session.restart == ("systemctl", "restart", "doublezerod.service")


def test_lines_of_one_session_fold_into_one_claim() -> None:
    (session,) = told(SEED, SEED.replace("19:36:22.6", "19:36:52.6"), SEED.replace("19:36:22.6", "19:35:52.6"))
    assert session.errors == 3
    assert session.last - session.first == pytest.approx(60)


def test_sessions_differ_by_peer() -> None:
    assert {item.peer for item in told(SEED, SEED.replace("216.238.110.55", "198.51.100.7"))} == {
        "216.238.110.55",
        "198.51.100.7",
    }


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(SEED.replace("[1027617]", "[1027618]"), id="of a process that does not run"),
        pytest.param(SEED.replace("2025-11-30", "2025-11-29"), id="older than the process: its pid was another's"),
        pytest.param(SEED.replace("sendmsg: network is unreachable", "message too long"), id="another error"),
        pytest.param(SEED.replace("error writing UDP packet", "wrote UDP packet"), id="another message"),
        pytest.param(SEED.replace("peerIP: 216.238.110.55", "peerIP: 999.1.1.1"), id="no address"),
        pytest.param(SEED[:-1], id="broken JSON"),
        pytest.param(SEED.replace('"time":"2025-11-30T19:36:22.662807168Z",', ""), id="no time"),
        pytest.param(SEED.replace('"time":"2025', '"time":"yesterday, 2025'), id="a time that is none"),
        pytest.param("liveness.scheduler: error writing UDP packet", id="bare words"),
        pytest.param("x[1027617]: " + "{" * 16000, id="nested to exhaustion"),
        pytest.param('x[1027617]: ["liveness.scheduler: error writing UDP packet", {}]', id="JSON of another shape"),
    ],
)
def test_what_is_no_witness(line: str) -> None:
    assert told(line) == []


def test_without_a_header_the_time_decides() -> None:
    bare = SEED[SEED.index("{") :]
    assert [item.process for item in told(bare)] == [DAEMON]
    assert told(bare.replace("2025-11-30", "2025-11-29")) == []
    moment = 0.3
    young = Process(DAEMON.pid, DAEMON.name, started=AT + moment)
    assert told(bare, running=((young, None),)) == [], "the process before it wrote that a moment earlier"
    assert told(SEED, running=((young, None),)), "its own pid is there; the header may count whole seconds"
    two = ((DAEMON, None), (Process(5, "doublezerod", started=1.0), None))
    assert told(bare, running=two) == [], "which of two processes wrote it is not known"


def test_a_hostile_log_cannot_fill_the_memory() -> None:
    lines = [SEED.replace("216.238.110.55", "10.0.%d.%d" % divmod(n, 256)) for n in range(MAX_SESSIONS + 500)]
    assert len(told(*lines)) == MAX_SESSIONS


def test_hostile_text_is_shown_as_text() -> None:
    line = SEED.replace("doublezero0", "dz\\u001b[31m\\u202e")
    assert json.loads(line[line.index("{") :])["peer"].startswith("interface: dz\x1b[31m")
    (session,) = told(line)
    assert "\x1b" not in session.interface and "\u202e" not in session.interface


def test_a_profile_says_what_is_wrong_with_it() -> None:
    log = {"match": {}, "field": "peer", "pattern": "(?P<local>x)"}
    with pytest.raises(ValueError, match="owner x: .*group named 'peer'"):
        load({"name": "x", "processes": ["x"], "session_logs": [log]})
    with pytest.raises(ValueError, match="owner x: .*not a regular expression"):
        load({"name": "x", "processes": ["x"], "session_logs": [dict(log, pattern="(")]})
    with pytest.raises(ValueError, match="owner x: process name 'sixteen-bytes-xx' is longer"):
        load({"name": "x", "processes": ["sixteen-bytes-xx"]})
