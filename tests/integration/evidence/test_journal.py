# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real journal, read by the real journalctl: in a mount namespace of its own, where it is the host's."""

from __future__ import annotations

import json
import pathlib
import struct
import subprocess
import sys
import time

import pytest

REMOTE = "/lib/systemd/systemd-journal-remote"
SEED = (
    (pathlib.Path(__file__).parents[2] / "fixtures/incident/journal.log").read_text().rstrip("\n").partition("]: ")[2]
)

# Puts a journal where journalctl looks for it, and says what the evidence makes of it.
READ = """
import dataclasses, json, sys, time
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import journal
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.events import from_journal
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.folding import fold

minutes, units, cursor, entries = json.loads(sys.argv[1])
journal._ENTRIES = entries or journal._ENTRIES
unseen = []
events = fold(from_journal(minutes, units, unseen, cursor), time.time())
print(json.dumps([[dataclasses.asdict(event) for event in events], [item.why for item in unseen]]))
"""
PLACE = """
set -e
mount -t tmpfs none /run
mkdir -p /run/log/journal/$(cat /etc/machine-id)
cp "$1" /run/log/journal/$(cat /etc/machine-id)/system.journal
shift
exec "$@"
"""


class Journal:
    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.now = int(time.time())
        self.export = b""

    def add(self, ago: int, message: bytes, **fields: str) -> None:
        moment = (self.now - ago) * 1000000
        values = {"MESSAGE": message, **{name: value.encode() for name, value in fields.items()}}
        self.export += b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n" % (moment, moment - 10**15)
        self.export += b"_BOOT_ID=0123456789abcdef0123456789abcdef\n"
        for name, value in values.items():  # systemd.io: journal export format
            self.export += name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
        self.export += b"\n"

    def read(self, minutes=15, units=(), cursor=None, entries=None):
        made, place = self.directory / "made.journal", self.directory / "place.sh"
        (self.directory / "export").write_bytes(self.export)
        made.unlink(missing_ok=True)
        subprocess.run([REMOTE, "-o", made, self.directory / "export"], check=True, capture_output=True)
        place.write_text(PLACE)
        asked = json.dumps([minutes, list(units), cursor, entries])
        done = subprocess.run(
            ["unshare", "-m", "--propagation", "private", "sh", place, made, sys.executable, "-c", READ, asked],
            stdout=subprocess.PIPE,
            check=True,
            timeout=60,
        )
        return json.loads(done.stdout)


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path)


def daemon(journal: Journal, ago: int, pid: str = "1027617") -> None:
    journal.add(ago, SEED.encode(), _PID=pid, _COMM="doublezerod", _SYSTEMD_UNIT="doublezerod.service")


def test_the_incident_by_its_fields(journal) -> None:
    for ago in (5000, 60, 55, 50):
        daemon(journal, ago)
    journal.add(40, b"all is well", _PID="1", _COMM="x", _SYSTEMD_UNIT="x.service")
    (event,), unseen = journal.read()
    assert unseen == []
    source = event.pop("source")
    text, command = event.pop("text"), event.pop("command")
    assert event == {
        "error": "ENETUNREACH",
        "program": "doublezerod",
        "unit": "doublezerod.service",
        "pid": 1027617,
        "local_addr": "209.245.225.161",
        "local_port": 44880,
        "remote_addr": "216.238.110.55",
        "remote_port": 44880,
        "interface": "doublezero0",
        "first": journal.now - 60,
        "last": journal.now - 50,
        "count": 3,
        "rate": 0.3,
        "going_on": True,
    }
    assert text == SEED
    assert (source["kind"], source["unit"], source["path"], source["line"]) == (
        "journal",
        "doublezerod.service",
        None,
        None,
    )
    assert command == "journalctl --unit=doublezerod.service --since=@%d --until=@%d" % (
        journal.now - 50,
        journal.now - 49,
    )
    # the cursor is where it goes on, and the window holds with it too
    daemon(journal, 10, "3")
    (later,), _unseen = journal.read(cursor=source["cursor"])
    assert (later["pid"], later["count"]) == (3, 1)


def test_only_the_units_that_were_asked_for(journal) -> None:
    daemon(journal, 60)
    journal.add(
        50,
        b"sendto: Network is unreachable",
        _PID="7",
        _COMM="python3",
        SYSLOG_IDENTIFIER="probe",
        _SYSTEMD_UNIT="p.service",
    )
    events, _unseen = journal.read(units=["p.service"])
    assert [(event["program"], event["unit"], event["pid"]) for event in events] == [("probe", "p.service", 7)]
    assert len(journal.read(units=["p.service", "doublezerod.service"])[0]) == 2


def test_what_is_no_text_and_what_is_long(journal) -> None:
    journal.add(50, b"sendto: Network is unreachable \xff\x1b[31m\n", _PID="7", _COMM="\x1b]0;evil\x07")
    journal.add(40, b"x" * 100000 + b" sendto: Network is unreachable")
    (event,), unseen = journal.read()
    assert event["text"].startswith("sendto: Network is unreachable ")
    assert event["text"].isprintable()
    assert event["program"].isprintable()
    assert unseen == []


def test_more_than_is_read_is_told(journal) -> None:
    for ago in range(30, 0, -1):
        daemon(journal, ago)
    (event,), unseen = journal.read(entries=10)
    assert (event["count"], event["last"]) == (10, journal.now - 1)
    assert unseen == ["only 10 entries of the window were read, there may be more"]


def test_a_cursor_that_is_none_is_told(journal) -> None:
    daemon(journal, 10)
    events, (why,) = journal.read(cursor="nonsense")
    assert events == []
    assert "failed" in why
