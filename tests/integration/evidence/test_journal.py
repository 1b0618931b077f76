# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real journal, read by the real journalctl: in a mount namespace of its own, where it is the host's."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import time

import pytest
import yaml
from ansible_collections.netmend.reclaim.plugins.module_utils.owners import profile

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
# What owners' journals and logs say, and how often each was opened.
SESSIONS = """
import json, sys
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Process
from ansible_collections.netmend.reclaim.plugins.module_utils.owners import profile, witness

profiles, running, logs = json.loads(sys.argv[1])
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" and args[0] in logs else None)
unseen = []
told = witness.owner_sessions(
    [profile.load(each) for each in profiles],
    lambda names: [(Process(pid, name, started=1.0), unit) for name, pid, unit in running if name in names],
    logs, (), unseen,
)
print(json.dumps([
    sorted([each.owner, each.process.pid, each.source, each.errors] for each in told),
    opened,
    [[item.what, item.why] for item in unseen],
]))
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
        self.path = os.environ["PATH"]

    def add(self, ago: int, message: bytes, **fields: str) -> None:
        moment = (self.now - ago) * 1000000
        values = {"MESSAGE": message, **{name: value.encode() for name, value in fields.items()}}
        self.export += b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n" % (moment, moment - 10**15)
        self.export += b"_BOOT_ID=0123456789abcdef0123456789abcdef\n"
        for name, value in values.items():  # systemd.io: journal export format
            self.export += name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
        self.export += b"\n"

    def wrap(self, script: str) -> None:
        """Put a shell script in journalctl's place; ``"$real"`` is what it stands before."""
        folder = self.directory / "bin"
        folder.mkdir()
        wrapper = folder / "journalctl"
        wrapper.write_text("#!/bin/sh\nreal=%s\n%s" % (shutil.which("journalctl"), script))
        wrapper.chmod(0o755)
        self.path = "%s:%s" % (folder, os.environ["PATH"])

    def read(self, minutes=15, units=(), cursor=None, entries=None):
        return self.ask(READ, [minutes, list(units), cursor, entries])

    def ask(self, script: str, asked: object):
        made, place = self.directory / "made.journal", self.directory / "place.sh"
        (self.directory / "export").write_bytes(self.export)
        made.unlink(missing_ok=True)
        subprocess.run([REMOTE, "-o", made, self.directory / "export"], check=True, capture_output=True)
        place.write_text(PLACE)
        argv = ["unshare", "-m", "--propagation", "private", "sh", place, made]
        done = subprocess.run(
            [*argv, sys.executable, "-c", script, json.dumps(asked)],
            stdout=subprocess.PIPE,
            check=True,
            timeout=60,
            env=dict(os.environ, PATH=self.path),
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


REFUSES = """
for word; do
    case $word in
    --grep=*)
        echo "$complaint" >&2
        exit 1
        ;;
    esac
done
exec "$real" "$@"
"""


@pytest.mark.parametrize(
    "complaint",
    [
        pytest.param("journalctl: unrecognized option '--grep'", id="before systemd 237"),
        pytest.param("Compiled without pattern matching support", id="built without PCRE"),
    ],
)
def test_where_journalctl_cannot_look_for_words_all_entries_are_read(journal, complaint: str) -> None:
    for ago in (60, 55):
        daemon(journal, ago)
    journal.add(50, b"all is well", _PID="1", _COMM="x", _SYSTEMD_UNIT="x.service")
    with_words = journal.read()
    journal.wrap('complaint="%s"%s' % (complaint, REFUSES))
    without = journal.read()
    (event,), unseen = without
    assert (event["count"], unseen) == (2, [])
    cursors = [each[0][0]["source"].pop("cursor") for each in (with_words, without)]
    assert all(cursors), "the journal is made anew for each, and has a new name in them"
    assert with_words == without

    # what is not needed counts as well, and the latest are kept
    (latest,), (why,) = journal.read(entries=2)
    assert (latest["count"], latest["last"]) == (1, journal.now - 55)
    assert why == "only 2 entries of the window were read, there may be more"

    # with a cursor too, and what came before the window stays out of it
    daemon(journal, 5000, "3")
    daemon(journal, 10, "3")
    (later,), unseen = journal.read(cursor=cursors[1])
    assert (later["pid"], later["count"], unseen) == (3, 1, [])
    assert journal.read(cursor="nonsense")[0] == []


def test_each_owners_journal_and_each_log_is_read_once(journal, tmp_path) -> None:
    for ago in (60, 55):
        daemon(journal, ago)
    log, missing = tmp_path / "all.log", tmp_path / "missing.log"
    stamped = SEED.replace("2025-11-30T19:36:22", time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(journal.now - 30)))
    log.write_text("Nov 30 19:36:22 host doublezerod[1027617]: %s\n" % stamped)
    shipped = pathlib.Path(profile.__file__).parent / "profiles" / "doublezerod.yml"
    same = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    profiles = [same, dict(same, name="another"), dict(same, name="absent", processes=["absent"])]
    running = [["doublezerod", 1027617, "doublezerod.service"]]
    journal.wrap('echo "$*" >>%s\nexec "$real" "$@"\n' % (tmp_path / "calls"))
    told, opened, unseen = journal.ask(SESSIONS, [profiles, running, [str(log), str(missing)]])
    assert told == [
        [owner, 1027617, source, errors]
        for owner in ("another", "doublezerod")
        for source, errors in (("journal of doublezerod.service", 2), ("log %s" % log, 1))
    ]
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert call.startswith("--unit=doublezerod.service ")
    assert opened == [str(log), str(missing)]
    assert unseen == [["log %s" % missing, "No such file or directory"]]
