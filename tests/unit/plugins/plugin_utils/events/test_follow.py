# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole of the source on asyncio, with a program in journalctl's place that dies when a test wants it to."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.plugin_utils.events import follow, journal
from ansible_collections.netmend.reclaim.plugins.plugin_utils.events.happening import Happening
from ansible_collections.netmend.reclaim.plugins.plugin_utils.events.options import Options

SECONDS = 30


def entry(number: int, **fields: str) -> str:
    told = {
        "MESSAGE": "dial udp 192.0.2.%d:9: connect: network is unreachable" % number,
        "__REALTIME_TIMESTAMP": "1700000000000000",
        "__CURSOR": "s=%d" % number,
        "_PID": "7",
        "SYSLOG_IDENTIFIER": "prog",
    }
    return json.dumps(dict(told, **fields))


class Journalctl:
    """Writes one file for each life: what it was asked, and what it then says."""

    def __init__(self, where: pathlib.Path) -> None:
        self.where = where
        program = where / "journalctl"
        program.write_text(
            "#!/bin/sh\ncd '%s'\nn=0\nwhile [ -e asked.$n ]; do n=$((n+1)); done\n"
            'echo "$*" >asked.$n\necho $$ >pid\n[ -e says.$n ] || exit 3\ncat says.$n\n'
            "[ -e dies.$n ] || exec sleep 60\n" % where
        )
        program.chmod(0o755)

    def says(self, life: int, *lines: str, dies: bool = False) -> None:
        (self.where / ("says.%d" % life)).write_text("".join(line + "\n" for line in lines))
        if dies:
            (self.where / ("dies.%d" % life)).touch()

    def asked(self, life: int) -> str:
        return (self.where / ("asked.%d" % life)).read_text()

    def alive(self) -> bool:
        try:
            os.kill(int((self.where / "pid").read_text()), 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture
def journalctl(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Journalctl:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return Journalctl(tmp_path)


async def heard(told: t.List[Happening], enough: t.Callable[[], bool]) -> None:
    """Follow until what was told is enough."""
    task = asyncio.ensure_future(journal.follow((), told.append, first_pause=0.01))
    try:
        for _time in range(SECONDS * 100):
            if enough() or task.done():
                break
            await asyncio.sleep(0.01)
    finally:
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_the_journal_goes_on_after_the_last_entry_when_journalctl_dies(journalctl: Journalctl) -> None:
    journalctl.says(0, entry(1), entry(2), dies=True)
    journalctl.says(1, entry(3))
    told: t.List[Happening] = []
    asyncio.run(heard(told, lambda: len(told) >= 3))
    assert [dict(item.subject)["remote_addr"] for item in told] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert "--lines=0" in journalctl.asked(0) and "--follow" in journalctl.asked(0)
    assert "--no-tail --after-cursor=s=2" in journalctl.asked(1)
    assert not journalctl.alive()


def test_what_ansible_writes_of_errors_is_not_followed(journalctl: Journalctl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "own_unit", lambda: "eda.service")
    journalctl.says(
        0,
        entry(1, SYSLOG_IDENTIFIER="ansible-netmend.reclaim.reclaim"),
        entry(2, _SYSTEMD_UNIT="eda.service"),
        entry(3),
    )
    told: t.List[Happening] = []
    asyncio.run(heard(told, lambda: bool(told)))
    assert [dict(item.subject)["remote_addr"] for item in told] == ["192.0.2.3"]


def test_a_journalctl_that_cannot_run_is_given_up(journalctl: Journalctl) -> None:
    with pytest.raises(journal.NoJournal, match="ended %d times in a row" % journal.TRIES):
        asyncio.run(asyncio.wait_for(journal.follow((), [].append, first_pause=0.001), SECONDS))


def test_there_is_no_journalctl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(journal.NoJournal, match="set journal to false"):
        asyncio.run(journal.follow((), [].append))


def test_a_full_queue_holds_nothing_up_and_loses_nothing(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "log"
    log.touch()
    options = Options("web1", kernel=False, journal=False, logs=(str(log),), settle=0.1, at_most_every=0.2)
    lines = 3000

    async def run() -> t.List[t.Any]:
        queue: asyncio.Queue[t.Any] = asyncio.Queue(1)
        task = asyncio.ensure_future(follow.follow(queue, options))
        events = []
        try:
            while not queue.full():  # the first one: the following begins
                await asyncio.sleep(0.01)
            with log.open("a") as stream:
                for number in range(lines):
                    stream.write(json.loads(entry(number % 200))["MESSAGE"] + "\n")
            await asyncio.sleep(1.0)  # nobody takes anything
            while sum(event["netmend"]["total"] for event in events) < lines + 1:
                events.append(await asyncio.wait_for(queue.get(), SECONDS))
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return events

    events = asyncio.run(run())
    assert events[0]["netmend"]["kind"] == "started"
    assert sum(event["netmend"]["total"] for event in events) == lines + 1
    assert len(events) <= 4


def test_what_cannot_be_followed_ends_the_source(journalctl: Journalctl, tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="no network namespace"):
        asyncio.run(follow.follow(asyncio.Queue(), Options("web1", netns="netmend-not-there", journal=True)))


def test_a_cancelled_source_leaves_no_process(journalctl: Journalctl) -> None:
    journalctl.says(0)

    async def run() -> None:
        queue: asyncio.Queue[t.Any] = asyncio.Queue()
        task = asyncio.ensure_future(follow.follow(queue, Options("web1", kernel=False)))
        for _time in range(SECONDS * 100):
            if (journalctl.where / "pid").exists():
                break
            await asyncio.sleep(0.01)
        assert journalctl.alive()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert not journalctl.alive()
