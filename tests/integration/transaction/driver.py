# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run what a module of transactions runs, or ask after owners, with arguments from the standard input; its result goes to the standard output.

``driver.py reclaim '{"die_before": 3}'``: the process ends itself with SIGKILL when it is about to make its third change
in the kernel. ``fail_at``: that change is refused. ``undone_at``: its owner puts back what was removed. ``hold_at``: the
process stops there (SIGSTOP). ``fill_at``: the disk under the journal is full from then on. ``die_setting``: it ends itself
``before`` or ``after`` it sets a switch.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import sys

from ansible_collections.netmend.reclaim.plugins.module_utils.audit import audit_info
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import sysctl
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.outcome import Changed
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.profile import load
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.states import states
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.ending import transaction
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.reclaim import reclaim
from ansible_collections.netmend.reclaim.tests.integration.transaction import plans


def owners(params, kernel):
    """What is known of the owners with these profiles."""
    unseen = []
    known = states([load(profile) for profile in params["owners"]], kernel, unseen)
    return {
        "owners": [dataclasses.asdict(state) for state in known],
        "unseen": [dataclasses.asdict(item) for item in unseen],
    }


FUNCTIONS = {
    "reclaim": reclaim,
    "transaction": transaction,
    "audit_info": lambda params, kernel, _check: audit_info(params, kernel),
    "stale": lambda _params, kernel, _check: plans.stale(kernel),
    "owners": lambda params, kernel, _check: owners(params, kernel),
}
DEFAULTS = {
    "health_checks": [],
    "rehearse": False,
    "protect": [],
    "protect_way_in": True,
    "confirm_within": 120,
    "netns": None,
    "_ansible_check_mode": False,
}
CHECK = dict.fromkeys(("reach", "source", "tcp", "port", "http", "command"), None)
CHECK.update(status=200, timeout=5)


class Faulty(Kernel):
    """The kernel, and what happens to the process that speaks with it."""

    def __init__(self, netns, faults, state_dir) -> None:
        super().__init__(netns)
        self._faults = faults
        self._state_dir = state_dir
        self._changes = 0

    def change(self, op, seens):
        self._changes += 1
        if self._changes == self._faults.get("die_before"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self._changes == self._faults.get("hold_at"):
            os.kill(os.getpid(), signal.SIGSTOP)
        if self._changes == self._faults.get("fail_at"):
            return [Changed(0, (), (("what it is about", "EPERM"),))]
        if self._changes == self._faults.get("fill_at"):
            self._fill()
        changed = super().change(op, seens)
        if self._changes == self._faults.get("undone_at"):
            super().change(op.replace(".del", ".add"), seens)
        return changed

    def _fill(self) -> None:
        with open(os.path.join(self._state_dir, "filler"), "wb", buffering=0) as stream:
            with contextlib.suppress(OSError):
                while stream.write(bytes(4096)):
                    pass


def _dying(write, when):
    """What sets a switch, and ends the process."""

    def dying(*args):
        if when == "after":
            write(*args)
        os.kill(os.getpid(), signal.SIGKILL)

    return dying


def main() -> None:
    params = {**DEFAULTS, **json.load(sys.stdin)}
    params["health_checks"] = [{**CHECK, **check} for check in params["health_checks"]]
    faults = json.loads(sys.argv[2])
    if "die_setting" in faults:
        sysctl.write = _dying(sysctl.write, faults["die_setting"])
    try:
        with Faulty(params["netns"], faults, params["state_dir"]) as kernel:
            result = FUNCTIONS[sys.argv[1]](params, kernel, params.pop("_ansible_check_mode"))
    except (ValueError, OSError) as exc:  # as the module does
        result = {"failed": True, "msg": str(exc)}
    json.dump(result, sys.stdout)


main()
