# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-rulebook for real: an address goes under a live session, storms, and its own end."""

from __future__ import annotations

import pathlib
import signal
import struct
import subprocess
import time
import typing as t

import namespaces
import pytest
from following import ADDRESS, EVERY, Host, Rulebook, until

Start = t.Callable[..., Rulebook]
REMEDIES = ["rule.del", "route.del", "socket.destroy"]
ERROR = "dial udp 192.0.2.%d:9: connect: network is unreachable"


def quiet(rulebook: Rulebook) -> None:
    """Long enough for another event, if there is anything left to tell."""
    time.sleep(EVERY + 4)
    runs = rulebook.events
    until("all events were acted on", lambda: rulebook.runs >= runs)


def test_a_removed_address_is_planned_for_and_nothing_is_touched(host: Host, rulebook: Start) -> None:
    running = rulebook("remediate")
    running.begin(host)
    before = running.runs
    host.take()
    running.after_runs(before + 1)
    quiet(running)
    fleet = running.fleet()
    assert list(fleet["hosts"]) == [host.name]
    found = {finding["rule"] for finding in fleet["hosts"][host.name]["findings"]}
    assert {"RC101", "RC303"} <= found, running.output
    (plan,) = running.plans()
    assert "rule.del" in [step["op"] for step in plan["steps"]]
    assert host.has_rule()
    assert not list(host.where.glob("state/transactions/*"))


def test_a_removed_address_is_mended_where_that_is_allowed_and_it_ends_there(
    host: Host, rulebook: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    running = rulebook(
        "remediate", reclaim_event_mode="auto", reclaim_event_remedies=REMEDIES, reclaim_event_max_mends=1
    )
    running.begin(host)
    quiet(running)
    before = running.runs
    taken = host.take()
    until("the rule is gone", lambda: not host.has_rule())
    seconds = time.monotonic() - taken
    with capsys.disabled():
        print("\naddress removed to mended: %.1f s" % seconds)
    running.after_runs(before + 1)
    quiet(running)
    # The mend removed a rule: that is one more event, one more run, and nothing comes of it.
    quiet(running)
    assert running.runs - before == 2, running.output
    assert not running.fleet().get("mends")
    assert "RC303" not in {finding["rule"] for finding in running.fleet()["hosts"][host.name]["findings"]}
    assert running.output.count("confirmed (") == 1, running.output

    # The fault comes back within the hour, and no second mend is allowed.
    host.give()
    host.take()
    until("it is only planned", lambda: "no more than 1 are allowed" in " ".join(running.output.split()))
    quiet(running)
    assert host.has_rule()
    assert running.output.count("confirmed (") == 1


def test_a_storm_leads_to_one_run(host: Host, rulebook: Start, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    writer = subprocess.Popen(
        ["/lib/systemd/systemd-journal-remote", "--output=%s" % (folder / "system.journal"), "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    out = t.cast(t.IO[bytes], writer.stdin)
    try:
        write(out, "nothing")
        until("there is a journal", (folder / "system.journal").exists)
        every = 60
        running = rulebook("audit", journal=folder, reclaim_event_at_most_every=every, reclaim_event_settle=4)
        until("journalctl has the journal open", lambda: running.has_open(folder / "system.journal"))
        time.sleep(2)  # until it stands at its end
        rules = "".join("rule add pref %d lookup 7\n" % number for number in range(1000, 6000))
        namespaces.batch(host.name, rules)
        namespaces.batch(host.name, rules.replace("rule add", "rule delete"))
        for number in range(5000):
            write(out, ERROR % (number % 200))
        running.after_runs(1)
        time.sleep(8)
        assert (running.runs, running.events) == (1, 1), running.output
        assert "'total': 10000" in running.output, running.output
        kinds = running.output.partition("'kinds': [")[2].partition("]")[0]
        assert kinds == "'rule-removed', 'error'"
    finally:
        out.close()
        writer.kill()
        writer.wait(timeout=10)


def write(out: t.IO[bytes], message: str) -> None:
    """systemd.io: journal export format. journalctl follows what is of this boot."""
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_bytes().strip().replace(b"-", b"")
    moments = (time.time_ns() // 1000, time.monotonic_ns() // 1000)
    out.write(b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n" % moments)
    out.write(b"_BOOT_ID=%s\n_PID=7\nSYSLOG_IDENTIFIER=prog\n" % boot)
    text = message.encode()
    out.write(b"MESSAGE\n" + struct.pack("<Q", len(text)) + text + b"\n\n")
    out.flush()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_whatever_ends_it_leaves_no_process(
    host: Host, rulebook: Start, tmp_path: pathlib.Path, how: signal.Signals
) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    running = rulebook("audit", journal=folder)
    until("journalctl follows", lambda: any(line.startswith("/") and "--follow" in line for line in running.kin()))
    running.end(how)
    until("no process is left", lambda: not running.kin(), 20)
    assert ADDRESS in namespaces.show(host.name, "address")
