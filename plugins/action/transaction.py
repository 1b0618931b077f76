# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of reclaim and transaction: what a module has applied is confirmed over a connection that was made after
it, or left to the dead-man on the host.
"""

from __future__ import annotations

import getpass
import platform
import time
import typing as t

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.connection import ConnectionBase
from ansible_collections.netmend.reclaim.plugins.action.port import ActionModule as PortAction
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.variables import (
    CONTROLLER_VARIABLE,
    TRANSPORT_VARIABLE,
)

MODULE = "netmend.reclaim.transaction"
_PAUSE = 1.0
_GRACE = 60.0
"""Seconds behind the deadline in which the host must be back and tell how it went."""
_OWN = "-o ControlMaster=no -o ControlPath=none"
"""Makes ssh open a connection of its own for each command."""
_KEPT = ("health_checks", "netns", "state_dir")
_ENDS = ("confirmed", "rolled-back", "ended")

Result = t.Dict[str, t.Any]


class ActionModule(PortAction):
    """Runs the module, and confirms what it began."""

    def run(self, tmp: str | None = None, task_vars: t.Dict[str, t.Any] | None = None) -> Result:
        self._environment[CONTROLLER_VARIABLE] = "%s@%s" % (_user(), platform.node())
        self._environment[TRANSPORT_VARIABLE] = str(self._connection.transport)
        return super().run(tmp, task_vars)

    def run_module(self, task_vars: t.Dict[str, t.Any], **module: t.Any) -> Result:
        result = super().run_module(task_vars, **module)
        if result.get("state") != "armed" or result.get("failed") or self._task.check_mode:
            return result
        return self._confirm(result, task_vars)

    def _confirm(self, armed: Result, task_vars: t.Dict[str, t.Any]) -> Result:
        """What became of the transaction that the module has applied."""
        arguments = {name: self._task.args[name] for name in _KEPT if name in self._task.args}
        arguments.update(transaction_id=armed["transaction_id"], state="confirmed")
        deadline = time.monotonic() + armed["deadline"]["seconds_left"]
        why = "no time was left"
        tries = 0
        while time.monotonic() < deadline:
            tries += 1
            told, why = self._ask(arguments, task_vars)
            if told is not None and told.get("state") in _ENDS:
                return _merged(armed, told, tries)
            time.sleep(_PAUSE)
        return self._report(armed, dict(arguments, state="listed"), deadline + _GRACE, why, tries, task_vars)

    def _report(
        self,
        armed: Result,
        arguments: Result,
        give_up: float,
        why: str,
        tries: int,
        task_vars: t.Dict[str, t.Any],
    ) -> Result:
        """Its time is up: the dead-man has the word. Look what it has done."""
        arguments.pop("transaction_id")
        while time.monotonic() < give_up:
            told, trouble = self._ask(arguments, task_vars)
            for one in (told or {}).get("transactions", []):
                if one["transaction_id"] == armed["transaction_id"] and one["state"] in _ENDS:
                    words = "%s: it could not be confirmed in time: %s" % (one["state"], why)
                    return _merged(armed, dict(one, failed=one["state"] != "confirmed", msg=words), tries)
            why = why or trouble
            time.sleep(_PAUSE)
        raise AnsibleConnectionFailure(
            "transaction %s could not be confirmed: %s. The dead-man on the host was to take it back at %s; the host does "
            "not tell whether it did" % (armed["transaction_id"], why, armed["deadline"]["at"])
        )

    def _ask(self, arguments: Result, task_vars: t.Dict[str, t.Any]) -> t.Tuple[t.Optional[Result], str]:
        """Run the module transaction over a fresh connection: its result, or why there is none."""
        try:
            self._reconnect()
            told = super().run_module(task_vars, module_name=MODULE, module_args=arguments)
        except AnsibleError as exc:  # whatever it is, the dead-man does not wait for it
            return None, str(exc)
        return told, str(told.get("msg", ""))

    def _reconnect(self) -> None:
        """Drop the connection, and any that it could be multiplexed over."""
        connection = self._connection
        if connection.transport == "ssh":
            given = connection.get_option("ssh_extra_args") or ""
            if _OWN not in given:
                connection.set_option("ssh_extra_args", ("%s %s" % (given, _OWN)).strip())
        if type(connection).reset is not ConnectionBase.reset:  # that one only says that it can do nothing
            connection.reset()
        else:
            connection.close()


def _merged(armed: Result, told: Result, tries: int) -> Result:
    """The result of the module, with how it ended."""
    merged = dict(armed, state=told["state"], deadline=None, confirmed_over=tries)
    merged["not_restored"] = armed["not_restored"] + list(told.get("not_restored", []))
    if told["state"] != "confirmed":
        merged.update(failed=True, changed=bool(told.get("not_restored")))
        merged["msg"] = told.get("msg") or "%s: %s" % (told["state"], told.get("why", ""))
    return merged


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
