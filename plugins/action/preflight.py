# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of the preflight: the plans of all hosts of a play, summed up before the first is applied."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.path import unfrackpath
from ansible_collections.netmend.reclaim.plugins.module_utils.plan import fleet
from ansible_collections.netmend.reclaim.plugins.module_utils.report import handing, plans
from ansible_collections.netmend.reclaim.plugins.module_utils.report.text import count, plain, short
from ansible_collections.netmend.reclaim.plugins.plugin_utils.console import say

_ROWS = 40
_HOST = 40
_STEPS = 20
_COMMAND = 300


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core is not typed
    """Reads the plans, says what they come to, and fails where that is out of proportion."""

    TRANSFERS_FILES = False
    BYPASS_HOST_LOOP = True
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: t.Optional[t.Dict[str, t.Any]] = None) -> t.Dict[str, t.Any]:
        result: t.Dict[str, t.Any] = super().run(tmp, task_vars)
        _spec, args = self.validate_argument_spec(
            {
                "plans": {"type": "str", "required": True},
                "max_removals": {"type": "int", "default": 200},
                "max_percent": {"type": "int", "default": 25},
                "enforce": {"type": "bool", "default": True},
                "hosts": {"type": "list", "elements": "str"},
                "handed": {"type": "bool", "default": False},
                "show": {"type": "bool", "default": False},
            }
        )
        task_vars = task_vars or {}
        hosts = task_vars["ansible_play_hosts_all"] if args["hosts"] is None else args["hosts"]
        # An empty path would be the current directory.
        directory = unfrackpath(args["plans"], follow=False) if args["plans"] else ""
        try:
            if args["handed"]:
                planned = handing.unpack(handing.PLANS, task_vars.get(handing.PLANS))
                plans.put(directory, hosts, planned)
                # Whatever becomes of them now, they are not to be applied by a later job.
                result["ansible_stats"] = {"data": {handing.PLANS: ""}, "per_host": False, "aggregate": False}
            found = plans.read(directory, hosts)
        except (plans.Unreadable, handing.HandingError) as error:
            return dict(result, failed=True, changed=False, msg=str(error))
        tallies = {host: fleet.tally(reviewed.plan) for host, reviewed in found.items()}
        objections = fleet.objections(tallies, len(hosts), args["max_removals"], args["max_percent"])
        say("", *_lines(tallies, len(hosts)), *("Out of proportion: %s." % text for text in objections))
        if args["show"]:
            say(*_shown(found))
        # In a job of AWX nobody gives the next command.
        if not args["enforce"] and "awx_job_id" not in task_vars:
            say(*_next(directory, tallies))
        outcome = {
            "changed": False,
            "plans": {host: reviewed.path for host, reviewed in found.items() if reviewed.plan.steps},
            "hosts": {host: dataclasses.asdict(item) for host, item in tallies.items()},
            "objections": objections,
        }
        if objections and args["enforce"]:
            outcome["failed"] = True
            outcome["msg"] = "Nothing is changed on any host: %s" % "; ".join(objections)
        return dict(result, **outcome)


def _lines(tallies: t.Mapping[str, fleet.Tally], hosts: int) -> t.List[str]:
    changing = {host: item for host, item in tallies.items() if item.steps}
    said = []
    for host in sorted(changing, key=lambda name: (-changing[name].removals, name))[:_ROWS]:
        item = changing[host]
        held = ", %s withheld" % count(item.withheld, "remedy", "remedies") if item.withheld else ""
        said.append("%s: %s, %s%s" % (short(host, _HOST), count(item.steps, "step"), _takes(item.removals), held))
    if len(changing) > _ROWS:
        said.append("… and %s" % count(len(changing) - _ROWS, "more host"))
    removals = sum(item.removals for item in changing.values())
    said.append("Plans for %d of %s; %s in all." % (len(changing), count(hosts, "host"), _takes(removals)))
    return said


def _shown(found: t.Mapping[str, plans.Reviewed]) -> t.List[str]:
    """What each host's plan does, as commands. What comes from a host is cleaned."""
    said = []
    changing = {host: reviewed.plan for host, reviewed in found.items() if reviewed.plan.steps}
    for host, plan in sorted(changing.items())[:_ROWS]:
        said += ["", short(host, _HOST) + ":"]
        for step in plan.steps[:_STEPS]:
            many = " (%s)" % count(step.count, "object") if step.count > 1 else ""
            said.append("  %s%s" % (plain(step.command, _COMMAND), many))
            said.append("      %s risk; %s" % (step.risk, plain(step.why, _COMMAND)))
        if len(plan.steps) > _STEPS:
            said.append("  … and %s" % count(len(plan.steps) - _STEPS, "more step"))
    if len(changing) > _ROWS:
        said += ["", "… and %s" % count(len(changing) - _ROWS, "more host")]
    return said


def _takes(removals: int) -> str:
    return "%s removed" % count(removals, "object") if removals else "nothing removed"


def _next(directory: str, tallies: t.Mapping[str, fleet.Tally]) -> t.List[str]:
    if not any(item.steps for item in tallies.values()):
        return []
    return [
        "Review the files in %s; delete those of hosts that are to be left alone." % directory,
        "Then the same command with: -e reclaim_mode=apply -e reclaim_plans=%s" % directory,
        "",
    ]
