# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Slices of the lab, each through a stream, end in the report that one run gives; none is lost without a word."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from hosts import HOSTS
from lab_runs import ROOT, Audited, Auditor
from place import Place
from streaming import Streamed

SLICES = 4
NAMES = sorted(host.name for host in HOSTS)


@pytest.fixture(scope="module")
def streamed(
    lab: Place, engines: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> t.Callable[[str], Streamed]:
    collections = tmp_path_factory.mktemp("collections")
    (collections / "ansible_collections" / "netmend").mkdir(parents=True)
    (collections / "ansible_collections" / "netmend" / "reclaim").symlink_to(ROOT)

    def make(name: str) -> Streamed:
        return Streamed(tmp_path_factory.mktemp(name), engines, lab.inventory, str(collections))

    return make


@pytest.fixture(scope="module")
def slices(streamed: t.Callable[[str], Streamed]) -> list[pathlib.Path]:
    """The reports of all slices as they came back."""
    reports = []
    for number in range(1, SLICES + 1):
        one = streamed("slice%d" % number)
        code, output = one.run(reclaim_hosts="lab", reclaim_slice="%d/%d" % (number, SLICES))
        assert code == 0, output
        fleet = json.loads((one.reports / "latest" / "fleet.json").read_text(encoding="utf-8"))
        assert sorted(fleet["hosts"]) == NAMES[number - 1 :: SLICES]
        reports.append(one.reports)
    return reports


def merge(auditor: Auditor, reports: t.Iterable[pathlib.Path]) -> Audited:
    given = {"reclaim_hosts": "lab", "reclaim_slices": [str(path) for path in reports]}
    return auditor.play("merge", "-e", json.dumps(given))


TIMES = {"generated", "since", "started", "seconds", "first_seen", "last_seen"}


def comparable(value: t.Any) -> t.Any:
    """Without times."""
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items() if key not in TIMES}
    return [comparable(item) for item in value] if isinstance(value, list) else value


def settled(fleet: t.Any) -> t.Any:
    """Without what a live lab changes from one look to the next: neighbours that are learned, lines that are logged."""
    fleet = comparable(fleet)
    for host in fleet["hosts"].values():
        host.pop("snapshot")
        for finding in host["findings"]:
            for name in ("evidence", "details"):
                finding.pop(name)
    return fleet


def test_four_slices_and_one_run_give_the_same_report(auditor: Auditor, slices: list[pathlib.Path]) -> None:
    whole = auditor.audit("-e", "reclaim_hosts=lab")
    assert whole.code == 0, whole.output
    merged = merge(auditor, slices)
    assert merged.code == 0, merged.output
    assert list(merged.fleet["hosts"]) == NAMES
    assert merged.fleet["summary"]["total"] > 20
    assert settled(merged.fleet) == settled(whole.fleet)


def test_a_slice_without_hosts_does_not_fail_and_changes_nothing(
    auditor: Auditor, slices: list[pathlib.Path], streamed: t.Callable[[str], Streamed]
) -> None:
    empty = streamed("empty")
    code, output = empty.run(reclaim_hosts="lab", reclaim_slice="99/99")
    assert code == 0, output
    assert "no hosts matched" in output
    merged = merge(auditor, [*slices, empty.reports])
    assert merged.code == 0, merged.output
    assert "holds no report: its slice had no host, or did not end" in " ".join(merged.output.split())
    assert comparable(merged.fleet) == comparable(merge(auditor, slices).fleet)


def test_the_hosts_of_a_slice_that_was_killed_are_told_as_missing(
    auditor: Auditor, slices: list[pathlib.Path], streamed: t.Callable[[str], Streamed]
) -> None:
    killed = streamed("killed")
    # The exit status of "process" is 0 for a stream that was cut off: it proves nothing.
    # A host is being audited for as long as the counters are watched.
    killed.run(killed.audits, reclaim_hosts="lab", reclaim_slice="2/%d" % SLICES, reclaim_counters={"seconds": 15})
    assert not killed.reports.exists()
    merged = merge(auditor, [slices[0], killed.reports, *slices[2:]])
    assert merged.code == 0, merged.output
    lost = NAMES[1::SLICES]
    assert {name: host["status"] for name, host in merged.fleet["hosts"].items()} == {
        name: "failed" if name in lost else "audited" for name in NAMES
    }
    assert "in no report: %s" % ", ".join(lost) in " ".join(merged.output.split())


def test_what_is_damaged_fails_the_merge_when_the_others_are_merged(
    auditor: Auditor, slices: list[pathlib.Path], tmp_path: pathlib.Path
) -> None:
    damaged = tmp_path / "fleet.json"
    whole = (slices[1] / "latest" / "fleet.json").read_text(encoding="utf-8")
    damaged.write_text(whole[: len(whole) // 2], encoding="utf-8")
    merged = merge(auditor, [slices[0], damaged, *slices[2:]])
    assert merged.code == 2
    assert "%s is no report of this collection" % damaged in " ".join(merged.output.split())
    assert (
        sorted(name for name, host in merged.fleet["hosts"].items() if host["status"] == "failed") == NAMES[1::SLICES]
    )


@pytest.mark.parametrize("text", ["0/4", "5/4", "x"])
def test_a_slice_that_is_none_is_refused(auditor: Auditor, text: str) -> None:
    run = auditor.play("audit", "-e", "reclaim_slice=%s" % text)
    assert run.code != 0
    assert "reclaim_slice: expected NUMBER/OF, 2/4 for the second of four, not %s" % text in " ".join(
        run.output.split()
    )


def test_nothing_to_merge_is_refused(auditor: Auditor) -> None:
    run = auditor.play("merge")
    assert run.code != 0 and "Say which reports are merged" in " ".join(run.output.split())
