# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""More than one at once: whoever comes second is told, and what is decided is decided once."""

from __future__ import annotations

import os

from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction import history, rollback
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.ending import transaction

TRIES = 15


def test_two_controllers_at_once(host):
    plan, before = host.stale(), host.state()
    runs = [
        host.start("reclaim", plan=plan, prefix=("env", "NETMEND_RECLAIM_CONTROLLER=%s@laptop" % name))
        for name in ("alice", "bob")
    ]
    results = [run.result() for run in runs]
    assert sorted(result["state"] for result in results) == ["armed", "refused"], results
    (armed,), (refused,) = ([one for one in results if one["state"] == state] for state in ("armed", "refused"))
    words = refused["msg"]
    winner = ("alice", "bob")[results.index(armed)]
    assert armed["transaction_id"] in words and "controller %s@laptop" % winner in words
    assert "root" in words and " since " in words and " until " in words and "Nothing was changed" in words
    assert len(host.place().ids()) == 1
    host.transaction("rolled_back")
    assert host.state() == before


def test_a_pending_one_is_in_the_way_of_check_mode_too(host):
    plan = host.stale()
    host.reclaim(plan)
    result = host.reclaim(plan, _ansible_check_mode=True)
    assert result["state"] == "refused" and host.newest() in result["msg"]


def test_confirmed_or_rolled_back_but_never_both(host):
    """Both at the same moment, many times: what the journal says in the end is what the host looks like."""
    plan, stale = host.stale(), host.state()
    outcomes = []
    for _try in range(TRIES):
        identifier = host.reclaim(plan)["transaction_id"]
        mended = host.state()
        gate = os.pipe()
        children = [in_child(gate, act, host, identifier) for act in (confirm, roll_back)]
        for end in gate:
            os.close(end)  # both start now
        for child in children:
            os.waitpid(child, 0)
        state = host.standing(identifier).state
        outcomes.append(state)
        assert host.state() == {"confirmed": mended, "rolled-back": stale}[state]
        if state == "confirmed":
            host.transaction("rolled_back", identifier)
            host.transaction("confirmed")
            assert host.state() == stale
    assert set(outcomes) <= {"confirmed", "rolled-back"}


def test_a_connection_is_not_confirmed_by_itself(host):
    prefix = ("env", "NETMEND_RECLAIM_TRANSPORT=ssh", "SSH_CONNECTION=203.0.113.9 50000 192.0.2.1 22")
    host.start("reclaim", plan=host.stale(), prefix=prefix).result()
    same = host.start("transaction", state="confirmed", transaction_id=None, prefix=prefix).result()
    assert same["failed"] and "the connection that the change was made over" in same["msg"]
    assert host.transaction("listed")["transactions"][0]["who"] == "root, who came in from 203.0.113.9"
    other = (*prefix[:-1], "SSH_CONNECTION=203.0.113.9 50001 192.0.2.1 22")
    fresh = host.start("transaction", state="confirmed", transaction_id=None, prefix=other).result()
    assert fresh["state"] == "confirmed", fresh


def test_newest_first_and_not_for_ever(host):
    plan = host.stale()
    host.reclaim(plan)
    host.transaction("rolled_back")
    place = host.place()
    first = place.ids()[0]
    for _number in range(105):
        place.new()
    host.reclaim(plan)
    ids = place.ids()
    assert len(ids) == 100 and first not in ids and ids == sorted(ids, reverse=True)
    assert host.transaction("listed")["pending"] == ids[0]


def in_child(gate, act, *arguments):
    """Do it in a child process as soon as the parent closes the pipe."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.close(gate[1])
        os.read(gate[0], 1)
        act(*arguments)
    finally:
        os._exit(0)


def confirm(host, identifier):
    params = {"state": "confirmed", "transaction_id": identifier, "health_checks": [], "state_dir": str(host.state_dir)}
    params.update(confirm_within=120, rehearse=False, protect=[], protect_way_in=True)
    with Kernel(host.name) as kernel:
        transaction(params, kernel, False)


def roll_back(host, identifier):
    with Kernel(host.name) as kernel:
        rollback.roll_back(history.Transaction(host.place(), identifier), kernel, "a test", "it races")
