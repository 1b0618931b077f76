# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked for and cannot be is said in words, before anything is written."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from conftest import Stand

GOOD = {
    "reclaim_awx_image": "registry.example.org/netmend-reclaim:0.2.0",
    "reclaim_awx_scm_url": "https://git.example.org/ops/network.git",
    "reclaim_awx_inventory": "all of it",
}
RULE = "DTSTART:20260101T020000Z RRULE:FREQ=DAILY;INTERVAL=1"


def schedule(**fields: t.Any) -> dict[str, t.Any]:
    return {"reclaim_awx_schedules": [dict({"name": "daily"}, **fields)]}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"reclaim_awx_image": ""}, "Set reclaim_awx_image, the image of the execution environment"),
        ({"reclaim_awx_scm_url": ""}, "and reclaim_awx_scm_url, the git repository of the project"),
        ({"reclaim_awx_inventory": ""}, "either reclaim_awx_inventory, an inventory that is in AWX"),
        ({"reclaim_awx_inventory_path": "hosts"}, "or reclaim_awx_inventory_path, a file in the repository"),
        ({"reclaim_awx_prefix": " "}, 'expected a name, without blanks around it, not " "'),
        ({"reclaim_awx_playbooks": "/playbooks"}, "reclaim_awx_playbooks: expected a directory within the repository"),
        ({"reclaim_awx_playbooks": "a/tasks"}, 'not "a/tasks"'),
        ({"reclaim_awx_slices": 0}, "reclaim_awx_slices: expected 1 or more, not 0"),
        ({"reclaim_awx_mend_slices": 0}, "reclaim_awx_mend_slices: expected 1 or more, not 0"),
        ({"reclaim_awx_forks": -1}, "reclaim_awx_forks: expected 0 or more, not -1"),
        ({"reclaim_awx_approval_timeout": -1}, "reclaim_awx_approval_timeout: expected 0 or more, not -1"),
        ({"reclaim_awx_slices": "many"}, "argument 'reclaim_awx_slices' is of type"),
        ({"reclaim_awx_state": "gone"}, "value of reclaim_awx_state must be one of: present, absent, got: gone"),
        ({"reclaim_awx_fail_on": "bad"}, "value of reclaim_awx_fail_on must be one of"),
        ({"reclaim_awx_extra_vars": ["x"]}, "argument 'reclaim_awx_extra_vars' is of type"),
        (schedule(), "reclaim_awx_schedules: daily: expected an rrule that AWX takes"),
        (schedule(rrule="FREQ=DAILY"), 'RRULE:FREQ=DAILY;INTERVAL=1, not "FREQ=DAILY"'),
        (schedule(rrule=RULE.replace("Z", "")), "reclaim_awx_schedules: daily: expected an rrule"),
        (schedule(rrule=RULE.replace(";INTERVAL=1", "")), "reclaim_awx_schedules: daily: expected an rrule"),
        (schedule(rrule=RULE, until="x"), "reclaim_awx_schedules.until"),
        (
            {"reclaim_awx_schedules": [{"name": "a", "rrule": RULE}] * 2},
            "reclaim_awx_schedules: two have the same name",
        ),
    ],
)
def test_what_is_wrong_is_said(stand: Stand, wrong: t.Mapping[str, t.Any], words: str) -> None:
    run = stand.play(dict(GOOD, **wrong))
    assert run.code == 2 and words in run.words, run.output
    assert not run.written and not stand.awx.read


def test_without_the_collection_it_is_said_what_to_install(tmp_path: pathlib.Path) -> None:
    run = Stand(tmp_path, []).play(GOOD)
    assert run.code == 2 and "ansible-galaxy collection install awx.awx" in run.words, run.output
    assert "couldn't resolve module/action" not in run.words


def test_what_awx_lacks_is_said(stand: Stand) -> None:
    run = stand.play(GOOD)  # that inventory is in another organization, which AWX does not ask for
    assert run.code == 0, run.output
    run = stand.play(dict(GOOD, reclaim_awx_organization="Nobody"))
    assert run.code == 2 and "/api/v2/organizations/?name=Nobody returned 0 items, expected 1" in run.words, run.output
    run = stand.play(dict(GOOD, reclaim_awx_credentials=["no key"]))
    assert run.code == 2 and "/api/v2/credentials/?name=no+key returned 0 items, expected 1" in run.words, run.output
    run = stand.play(GOOD, token="another")
    assert run.code == 2 and "Invalid authentication credentials" in run.words, run.output
    run = stand.play(dict(GOOD, reclaim_awx_playbooks="reclaim"))
    assert run.code == 2 and "Playbook not found for project." in run.words, run.output
